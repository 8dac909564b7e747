import type { JsonObject } from '../../src-shared/json.ts'
import type { Replica } from '../replica/replica.ts'
import type { QueuedOperation, QueueEntry } from './entry.ts'

interface WaitingOperation extends QueuedOperation {
  entryId: string
  queuedAt: number
}

/**
 * What the application sees: the confirmed records, and over them the writes that wait, in their order. A write that is
 * refused leaves the queue, and with it the view; nothing has to be undone.
 */
export class OptimisticView {
  readonly #replica: Replica
  #waiting = new Map<string, WaitingOperation[]>()
  readonly #lists = new Map<string, readonly JsonObject[]>()

  constructor(replica: Replica) {
    this.#replica = replica
  }

  /** The queue is now this. Returns the tables that look different. */
  showQueue(entries: readonly QueueEntry[]): Set<string> {
    const touched = new Set(this.#waiting.keys())
    this.#waiting = new Map()
    for (const { id, operations, queuedAt } of entries) {
      for (const operation of operations) {
        const waiting = this.#waiting.get(operation.table) ?? []
        this.#waiting.set(operation.table, waiting)
        waiting.push({ ...operation, entryId: id, queuedAt })
        touched.add(operation.table)
      }
    }
    for (const table of touched) this.#lists.delete(table)
    return touched
  }

  /** The confirmed records of the table have changed. */
  forget(table: string): void {
    this.#lists.delete(table)
  }

  /** The same list until something in the table changes. */
  list(table: string): readonly JsonObject[] {
    const known = this.#lists.get(table)
    if (known) return known
    const list = [...this.#records(table).values()]
    this.#lists.set(table, list)
    return list
  }

  find(table: string, key: string): JsonObject | undefined {
    let record = this.#replica.tables.get(table)?.records.get(key)
    for (const operation of this.#waiting.get(table) ?? []) {
      if ((operation.key ?? operation.entryId) === key) record = foldOperation(record, operation)
    }
    return record
  }

  #records(table: string): ReadonlyMap<string, JsonObject> {
    const confirmed = this.#replica.tables.get(table)?.records ?? new Map<string, JsonObject>()
    const waiting = this.#waiting.get(table)
    if (!waiting) return confirmed
    const records = new Map(confirmed)
    for (const operation of waiting) {
      const key = operation.key ?? operation.entryId
      const record = foldOperation(records.get(key), operation)
      if (record) records.set(key, record)
      else records.delete(key)
    }
    return records
  }
}

/** The record after the write, as far as a client can know: versions and times are the server's and only foretold. */
function foldOperation(record: JsonObject | undefined, operation: WaitingOperation): JsonObject | undefined {
  const { action, record: sent, queuedAt } = operation
  if (action === 'delete') return undefined
  const at = new Date(queuedAt).toISOString()
  if (action === 'insert' || (action === 'save' && !record)) {
    return { ...sent, version: 1, createdAt: at, updatedAt: at }
  }
  // A change of a record that we do not hold (older than the snapshot's window) cannot be shown.
  if (!record) return undefined
  const version = typeof record.version === 'number' ? record.version + 1 : 1
  const { createdAt = at } = record
  return { ...record, ...sent, version, createdAt, updatedAt: at }
}
