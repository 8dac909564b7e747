import { groupHas } from '../../../src-shared/table-groups.ts'

export type WriteAction = 'insert' | 'update' | 'delete'

/** The module of the apps has a table of this very name, which is then meant alone, whatever group is called so. */
const TABLE_NOT_GROUP = 'reservations'

/**
 * Whether permission words allow a write of a table. The server decides; this only keeps an app from offering what it
 * would refuse.
 *
 * @param resolve - Canonical name of a table that the word calls by an alias.
 */
export function mayWrite(
  words: readonly string[],
  action: WriteAction,
  table: string,
  resolve: (name: string) => string = (name) => name,
): boolean {
  return words.some((word) => {
    if (word === '*') return true
    const [verb, name = ''] = word.split(':')
    if (verb !== action && verb !== 'write') return false
    if (name === '*' || name === table) return true
    const isInGroup = name === TABLE_NOT_GROUP ? undefined : groupHas(name, table)
    return isInGroup ?? resolve(name) === table
  })
}
