import type { JsonValue } from '../../src-shared/json.ts'
import { isSameJson } from '../lib/json-copy.ts'

/** `last` when both say the same, so that who compares by identity sees no change. */
export function keepSame<T>(last: T | undefined, next: T): T {
  return last !== undefined && isSameJson(last as JsonValue, next as JsonValue) ? last : next
}

/**
 * The same for a list: records that say the same as before stay the objects that they were, and the list stays too when
 * all of them do. Costs a look at each record, and a comparison of those that are other objects.
 */
export function keepSameList<T extends object>(last: readonly T[] | undefined, next: readonly T[]): readonly T[] {
  if (last === undefined) return next
  const shortest = Math.min(last.length, next.length)
  let start = 0
  while (start < shortest && last[start] === next[start]) start++
  if (start === last.length && start === next.length) return last
  let tail = 0
  while (tail < shortest - start && last.at(-1 - tail) === next.at(-1 - tail)) tail++

  const known = new Map(last.slice(start, last.length - tail).map((record) => [idOf(record), record]))
  const middle = next.slice(start, next.length - tail).map((record) => keepSame(known.get(idOf(record)), record))
  const list = [...next.slice(0, start), ...middle, ...next.slice(next.length - tail)]
  const isSame = list.length === last.length && list.every((record, index) => record === last[index])
  return isSame ? last : list
}

/** Records without an id are told apart by nothing; they are simply taken as new. */
function idOf(record: object): unknown {
  return 'id' in record ? record.id : record
}
