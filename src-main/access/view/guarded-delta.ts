import type { JsonObject } from '../../../src-shared/json.ts'
import type { ModuleStore } from '../../store/api.ts'
import { recordKey } from '../../store/schema/record-key.ts'
import type { Delta, DeltaRequest, StoredEvent } from '../../store/types.ts'
import { type RecordViews, seesAll } from './record-view.ts'

/** Events looked through for what a record was at the reader's cursor. */
const MAX_LOOKED_BACK = 5_000
const PAGE = 1_000

/**
 * What changed, as the caller may see it. A record that the caller saw at its cursor and does not see now is deleted for
 * it; one that it never saw is not named at all. Where the log does not tell which of the two it is, a full sync is asked
 * for rather than a guess.
 */
export function guardedDelta(module: ModuleStore, views: RecordViews, request: DeltaRequest): Delta {
  const { rights } = views
  const names = request.tables?.map((name) => module.resolveTable(name).name) ?? [...module.definition.tables.keys()]
  const tables = names.filter((name) => rights.of(name).words.read !== undefined)
  const delta = module.delta({ ...request, tables })
  if (delta.requiresFullSync || !request.cursor) return delta
  const from = request.cursor.seq
  const filtered = Object.keys(delta.tables).filter((name) => !seesAll(rights.of(name)))
  if (filtered.length === 0) return delta
  const gone = new Map<string, Set<string>>()
  for (const name of filtered) gone.set(name, filterTable(module, views, name, delta))
  const unknown = [...gone].filter(([, keys]) => keys.size > 0)
  if (unknown.length === 0) return delta
  const before = seenBefore(module, views, from, delta.seq, new Map(unknown))
  if (!before)
    return { ...delta, requiresFullSync: true, reason: 'rules', hasMore: false, seq: delta.version, tables: {} }
  for (const [name, keys] of before) {
    const change = delta.tables[name] ?? { recordTexts: [], deleted: [], inserted: 0, updated: 0 }
    change.deleted.push(...keys)
    if (change.deleted.length > 0 || change.recordTexts.length > 0) delta.tables[name] = change
  }
  return delta
}

/** Leaves in the delta what may be seen; returns the keys of the rest. */
function filterTable(module: ModuleStore, views: RecordViews, name: string, delta: Delta): Set<string> {
  const change = delta.tables[name]!
  const table = module.definition.tables.get(name)!
  const recordTexts: string[] = []
  // Where every record is seen, every deletion is.
  const seesRecords = views.rights.of(name).rows.read.length === 0
  const rest = new Set<string>(seesRecords ? [] : change.deleted)
  for (const text of change.recordTexts) {
    const seen = views.textOf(name, text)
    if (seen !== undefined) recordTexts.push(seen)
    else rest.add(recordKey(table, JSON.parse(text) as JsonObject) ?? '')
  }
  const inserted = Math.min(change.inserted, recordTexts.length)
  const deleted = seesRecords ? change.deleted : []
  delta.tables[name] = { recordTexts, deleted, inserted, updated: recordTexts.length - inserted }
  if (recordTexts.length === 0 && deleted.length === 0) delete delta.tables[name]
  return rest
}

type Keys = Map<string, Set<string>>

/** Of these records, those that the caller saw at `from`; undefined when the log does not say. */
function seenBefore(module: ModuleStore, views: RecordViews, from: number, to: number, wanted: Keys): Keys | undefined {
  const seen: Keys = new Map()
  // The first event after the cursor tells whether the record existed; the last one before it, what it was.
  const met = new Set<string>()
  for (let after = from; after < to && wanted.size > 0; ) {
    const events = module.readEvents(after, Math.min(PAGE, to - after))
    if (events.length === 0) break
    for (const event of events) {
      const name = `${event.table}\n${event.key}`
      if (event.isCreated && !met.has(name)) take(wanted, event)
      met.add(name)
    }
    after = events.at(-1)!.seq
  }
  for (let upTo = from; wanted.size > 0 && upTo > 0 && from - upTo < MAX_LOOKED_BACK; upTo -= PAGE) {
    const after = Math.max(0, upTo - PAGE)
    const events = module.readEvents(after, upTo - after).filter(({ seq }) => seq <= upTo)
    for (const event of events.reverse()) {
      if (event.table === null || event.recordText === null || !take(wanted, event)) continue
      if (event.isDeleted || views.textOf(event.table, event.recordText) === undefined) continue
      const keys = seen.get(event.table) ?? new Set()
      seen.set(event.table, keys.add(event.key!))
    }
  }
  return wanted.size === 0 ? seen : undefined
}

/** True when the record of the event was wanted; it is not any more. */
function take(wanted: Keys, { table, key }: StoredEvent): boolean {
  const keys = table === null ? undefined : wanted.get(table)
  if (!keys?.delete(key ?? '')) return false
  if (keys.size === 0) wanted.delete(table!)
  return true
}
