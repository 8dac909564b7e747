import type { LiveRequest } from '../../../src-shared/protocol/management.ts'
import { matchesSearch } from '../../i18n/text-input.ts'

export const OUTCOMES = ['all', 'allowed', 'denied'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** Whether a request has the text in any of what is shown of it, and the outcome that is looked for. */
export function matchesRequest(request: LiveRequest, text: string, outcome: Outcome): boolean {
  const { what, table, rule, code, actor, address, isAllowed } = request
  if (outcome !== 'all' && isAllowed !== (outcome === 'allowed')) return false
  return matchesSearch(text, what, table ?? '', rule ?? '', code ?? '', actor?.name ?? '', address)
}
