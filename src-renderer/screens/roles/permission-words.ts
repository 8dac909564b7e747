import { useI18n } from '../../i18n/i18n.tsx'
import { useTables } from '../../state/queries.ts'

const VERBS = ['read', 'write', 'insert', 'update', 'delete', 'manage'] as const
export type Verb = (typeof VERBS)[number]

/** `update:order_line` -> update, order_line; `*` and anything else that is no such word: undefined. */
export function parsePermission(word: string): { verb: Verb; what: string } | undefined {
  const [first = '', what] = word.split(':')
  const verb = VERBS.find((entry) => entry === first)
  return verb && what !== undefined && what !== '' ? { verb, what } : undefined
}

/** "changes orders" for `write:orders`. */
export function usePermissionWords(): (word: string) => string {
  const { t, find, labelOf } = useI18n()
  const { data: tables = [] } = useTables()
  return (word) => {
    if (word === '*') return t('permission.everything')
    const parsed = parsePermission(word)
    if (!parsed) return word
    const { verb, what } = parsed
    if (verb === 'manage') return t('permission.manage', { what: find(`area.${what}`) ?? what })
    const table = tables.find(({ name }) => name === what)
    const named = find(`permission.tables.${what === '*' ? 'all' : what}`) ?? (table ? labelOf(table) : what)
    return t(`permission.${verb}`, { what: named })
  }
}
