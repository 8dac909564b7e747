import type { SequenceRule } from '../../../src-shared/protocol/management.ts'
import { parseWholeNumber } from '../../i18n/text-input.ts'

/** A rule while it is typed: everything is text. */
export interface RuleDraft {
  prefix: string
  delimiter: string
  suffix: string
  padding: string
  start: string
  format: string
  reset: NonNullable<SequenceRule['reset']>
}

/** What the server writes between prefix and number when the rule does not say. */
const DEFAULT_DELIMITER = '-'

export function toDraft(rule: SequenceRule): RuleDraft {
  return {
    prefix: rule.prefix ?? '',
    delimiter: rule.delimiter ?? DEFAULT_DELIMITER,
    suffix: rule.suffix ?? '',
    padding: rule.padding === undefined ? '' : String(rule.padding),
    start: rule.start === undefined ? '' : String(rule.start),
    format: rule.format ?? '',
    reset: rule.reset ?? 'never',
  }
}

export type RuleResult = { rule: SequenceRule; wrong: null } | { rule: null; wrong: 'padding' | 'start' }

/** The draft as a rule; what the form does not show (chain, counterField, padChar) stays as it was. */
export function toRule(draft: RuleDraft, before: SequenceRule): RuleResult {
  const padding = draft.padding.trim() === '' ? undefined : parseWholeNumber(draft.padding)
  const start = draft.start.trim() === '' ? undefined : parseWholeNumber(draft.start)
  if (draft.padding.trim() !== '' && (padding === undefined || padding > 20)) return { rule: null, wrong: 'padding' }
  if (draft.start.trim() !== '' && start === undefined) return { rule: null, wrong: 'start' }
  const { padChar, counterField, chain } = before
  const rule: SequenceRule = {
    ...(draft.prefix !== '' && { prefix: draft.prefix }),
    ...((draft.delimiter !== DEFAULT_DELIMITER || before.delimiter !== undefined) && { delimiter: draft.delimiter }),
    ...(draft.suffix !== '' && { suffix: draft.suffix }),
    ...(padding !== undefined && { padding }),
    ...(start !== undefined && { start }),
    ...(draft.format !== '' && { format: draft.format }),
    ...((draft.reset !== 'never' || before.reset !== undefined) && { reset: draft.reset }),
    ...(padChar !== undefined && { padChar }),
    ...(counterField !== undefined && { counterField }),
    ...(chain !== undefined && { chain }),
  }
  return { rule, wrong: null }
}
