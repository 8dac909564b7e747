import type { SequenceRule } from '../../../src-shared/protocol/management.ts'
import { useI18n } from '../../i18n/i18n.tsx'

/** A rule in words: "prefix DAR, starts at 10,000, never starts again". */
export function useRuleWords(): (rule: SequenceRule) => string {
  const { t, format } = useI18n()
  const list = new Intl.ListFormat(format.localeTag, { type: 'unit', style: 'short' })
  return ({ prefix, start, padding, format: pattern, reset }) => {
    const words: string[] = []
    if (pattern) words.push(t('sequences.rule.format', { format: pattern }))
    if (prefix) words.push(t('sequences.rule.prefix', { prefix }))
    if (padding && !pattern) words.push(t('sequences.rule.padding', { count: padding }))
    if (start !== undefined) words.push(t('sequences.rule.plain', { start }))
    words.push(t(`sequences.reset.${reset ?? 'never'}`))
    return list.format(words)
  }
}
