import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { ModuleStore } from '../../store/api.ts'
import { findPrevious } from '../../store/events/previous-record.ts'
import type { StoredEvent } from '../../store/types.ts'
import { withoutProof } from './guarded-writes.ts'
import { type RecordViews, seesAll } from './record-view.ts'

/** What listeners with the same rights see of the events of a module. */
export class EventView {
  readonly #views: RecordViews

  constructor(views: RecordViews) {
    this.#views = views
  }

  /**
   * The event as it may be seen; undefined when it may not. A record that leaves the caller's view is deleted for it:
   * told only while it is certain that the caller saw the record before, which running writes know.
   */
  of(event: StoredEvent): StoredEvent | undefined {
    const { table, recordText } = event
    if (table === null) return { ...withoutProof(event), meta: this.#moduleMeta(event.meta) }
    const rights = this.#views.rights.of(table)
    if (rights?.words.read === undefined || recordText === null) return undefined
    const seen = this.#views.textOf(table, recordText)
    if (seen !== undefined) return { ...event, recordText: seen, hash: '' }
    const previousText = findPrevious(event)
    if (previousText === undefined || this.#views.textOf(table, previousText) === undefined) return undefined
    return {
      ...withoutProof(event),
      action: 'module:delete',
      recordText: null,
      isDeleted: true,
      isCreated: false,
      meta: withoutClientWords(event.meta),
    }
  }

  /** Counts by table, for the tables whose records may be seen. */
  #moduleMeta(meta: JsonObject): JsonObject {
    const { tables, restored, ...rest } = meta
    const isSeen = (entry: JsonValue): boolean => {
      const name = typeof entry === 'string' ? entry : ((entry as JsonObject)?.table ?? (entry as JsonObject)?.name)
      return typeof name === 'string' && this.#seesTable(name)
    }
    const pick = (value: JsonValue | undefined): JsonValue | undefined => {
      if (Array.isArray(value)) return value.filter(isSeen)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).filter(([name]) => this.#seesTable(name)))
    }
    const [seenTables, seenRestored] = [pick(tables), pick(restored)]
    return {
      ...rest,
      ...(seenTables !== undefined && { tables: seenTables }),
      ...(seenRestored !== undefined && { restored: seenRestored }),
    }
  }

  #seesTable(name: string): boolean {
    const { definition } = this.#views.rights
    return definition.tables.has(name) && seesAll(this.#views.rights.of(name))
  }
}

/** A writer's own words could speak of what is hidden. */
function withoutClientWords(meta: JsonObject): JsonObject {
  const { clientMeta: _clientMeta, ...rest } = meta
  return rest
}

/** Events a reader may see, oldest first, at most `limit`; what may not be seen is passed over. */
export function readSeenEvents(module: ModuleStore, view: EventView, afterSeq: number, limit: number): StoredEvent[] {
  const seen: StoredEvent[] = []
  for (let after = afterSeq; seen.length < limit; ) {
    const events = module.readEvents(after, 1000)
    for (const event of events) {
      const known = view.of(event)
      if (known) seen.push(known)
      if (seen.length === limit) break
    }
    if (events.length === 0) break
    after = events.at(-1)!.seq
  }
  return seen
}
