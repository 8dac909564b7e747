import type { JsonObject } from '../../../src-shared/json.ts'

/** One request of a client of the load: sent once, and once more with the same id when its answer was lost. */
export interface Operation {
  /** Unique in the whole run; the request id, the Idempotency-Key and `meta.op` of the write. */
  id: string
  client: string
  kind: 'insert' | 'merge' | 'delete' | 'order' | 'stale' | 'number'
  writes: { action: 'insert' | 'merge' | 'delete'; table: string; record: JsonObject }[]
}

/** What the server said was done. */
export interface Acknowledged {
  writes: { table: string; key: string; seq: number; version: number | null }[]
  /** Number handed out by a sequence. */
  number?: { value: number; id: string }
  isReplay: boolean
}

export type Answer = ({ kind: 'acked' } & Acknowledged) | { kind: 'refused'; code: string } | { kind: 'lost' }

/** One line of the journal that the load process keeps, the oracle of every check. */
export type JournalLine =
  | { at: 'sent'; operation: Operation }
  | ({ at: 'acked'; id: string; isRetry: boolean } & Acknowledged)
  | { at: 'refused'; id: string; code: string }

/** Sends an operation over one kind of connection. */
export interface Link {
  /** Never rejects: `lost` when the connection ended before the answer. */
  send(operation: Operation): Promise<Answer>
  close(): void
}
