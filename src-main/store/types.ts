import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import type { EventAction, RecordRef, WriteAction } from '../../src-shared/protocol/records.ts'
import type { Expression, ExpressionScope } from './schema/expression.ts'

/** Who asks, as far as the meaning of a write depends on it (docs/sync.md, rules L and I). */
export interface Caller {
  /** 2 when declared (or the console, the SDK, a Bearer token); 1 otherwise. */
  protocol: 1 | 2
  /** Undeclared and legacy mode is on for the branch: field rule for versions, insert-as-merge, lenient values. */
  isLegacy: boolean
  /** Owner of request ids: the hello's clientId, the device, or the Idempotency-Key owner. Absent: no lasting idempotency. */
  clientId?: string
  userId?: string
  /** Shown in the log and the gap ledger; never used for decisions. */
  label?: string
}

export interface WriteOperation {
  action: WriteAction
  /** As the caller wrote it; aliases resolve. */
  table: string
  record: JsonObject
  /** If-Match: "<epoch>.<version>" or "<version>" or "*". */
  ifMatch?: string
  /** Client-made event id, kept when it is unused. */
  eventId?: string
  /** Guards of POST /save (contract: requireExisting, lastKnownId, payment state ...). Pure: current record -> error or nothing. */
  guard?: (current: JsonObject | undefined) => void
  /** Asked inside the transaction, once it is known what the write will do. Throws to refuse it. Pure. */
  authorize?: (change: AuthorizedChange) => void
}

/** What a write is about to do: `record` is the one to be stored, `previous` the stored one, secret fields included. */
export interface AuthorizedChange {
  kind: 'insert' | 'update' | 'delete' | 'unchanged'
  record?: JsonObject
  previous?: JsonObject
}

export interface WriteCommand {
  /** More than one operation is atomic: all or none, one group of events. */
  operations: WriteOperation[]
  caller: Caller
  /** Identity of the request for idempotency; needs caller.clientId. */
  requestId?: string
  /** Echoed as meta.clientMeta. */
  meta?: JsonObject
  /** ws-client, rest-crud, rest-save, rest, rest-batch, pos-order-api or the caller's own word. */
  source: string
  /** Protocol 2: the epoch in which the versions were read. */
  epoch?: number
  /** Refuse when the last event of the log is another one (events/batch). */
  expectLastEventId?: string | null
}

/** One committed change as every reader sees it: secret fields are already removed from `recordText`. */
export interface StoredEvent {
  branchId: string
  moduleId: string
  epoch: number
  seq: number
  eventId: string
  action: EventAction
  /** Canonical name; absent for module-wide events. */
  table: string | null
  key: string | null
  recordRef: RecordRef | null
  /** The record after the change (for a delete, the record that was removed), as stored JSON text. */
  recordText: string | null
  /** {serverId, branchId, moduleId, table, timestamp, source, clientMeta, recordKey, recordId, recordRef} or the event's own fields. */
  meta: JsonObject
  createdAt: string
  isCreated: boolean
  isDeleted: boolean
  group?: { id: string; index: number; size: number }
  /** Hex SHA-256 over the previous event's hash and this event; empty for a reader who does not see all of it. */
  hash: string
}

export interface OperationResult {
  /** `unchanged`: a retry whose content is already stored; nothing was written and `event` is the record's last one or absent. */
  outcome: 'created' | 'updated' | 'deleted' | 'unchanged'
  action: EventAction
  table: string
  recordRef: RecordRef
  /** Public text of the record after (for delete: before) the change. */
  recordText: string
  /** The same as UTF-8, where the write has made it. */
  recordBytes?: Buffer
  version: number
  event?: StoredEvent
  warnings: string[]
}

export interface WriteResult {
  results: OperationResult[]
  /** True when the same request was carried out before and this is its first answer. */
  isReplay: boolean
  /** Position of the last event written, or the module's head. */
  epoch: number
  seq: number
}

export interface ListQuery {
  limit?: number
  order?: 'asc' | 'desc'
  /** Opaque cursor of the previous page. */
  next?: string
  afterId?: string
  createdAfter?: string
  updatedAfter?: string
  /** Exact match on the record id. */
  id?: string
  where?: FieldCondition[]
  /** What the reader may see of the table. */
  visible?: VisibleRecords
  orderBy?: { field: string; direction: 'asc' | 'desc' }[]
}

/** Records and fields that a reader may see; the same object each time, so that its SQL is made once. */
export interface VisibleRecords {
  condition: Expression
  /** `auth` and `request` of the condition. */
  scope: ExpressionScope
  /** Fields to leave out: keys from the top of the record. */
  hidden: readonly (readonly string[])[]
}

/** What a reader sees of one record of a table; undefined when it does not see it. */
export type RecordPass = (table: string, recordText: string) => string | undefined

export interface FieldCondition {
  field: string
  operator: '=' | '!=' | '>' | '>=' | '<' | '<=' | 'in' | 'not in' | 'like' | 'is null' | 'is not null'
  value?: JsonValue
}

export interface ListPage {
  count: number
  /** Stored texts of the records, secret fields removed. */
  recordTexts: string[]
  /** Reference of the last record of the page with the specification's lastId and lastCreatedAt. */
  cursor: (RecordRef & { lastId: string; lastCreatedAt: string }) | null
  /** Cursor of the next page; absent on the last one. */
  next?: string
}

export interface RecordView {
  key: string
  version: number
  createdAt: string
  updatedAt: string
  seq: number
  text: string
}

export interface DeltaRequest {
  /** Undefined: no cursor that the server can read. */
  cursor?: { epoch: number; seq: number }
  tables?: string[]
  /** Most changed records in one answer; the rest follows from the returned cursor. */
  limit?: number
}

export interface Delta {
  epoch: number
  /** The cursor to continue with. */
  seq: number
  version: number
  hasMore: boolean
  requiresFullSync: boolean
  reason?:
    | 'no-cursor'
    | 'epoch-changed'
    | 'cursor-expired'
    | 'cursor-ahead'
    | 'snapshot-floor'
    | 'full-sync-flag'
    | 'rules'
    | 'rights-changed'
  updatedAt: string | null
  tables: Record<string, { recordTexts: string[]; deleted: string[]; inserted: number; updated: number }>
}

/** A module-wide change that every client must hear of: purge, reset, restore, import; a flag has no event of its own. */
export interface ModuleNotice {
  branchId: string
  moduleId: string
  event: StoredEvent | null
  directive: 'resync' | 'reload-schema' | 'full-sync-flag'
}
