import type { ErrorBody } from '../errors.ts'
import type { Position } from '../ids.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { EventAction, FullSyncFlag, ModuleSnapshot, RecordRef, SnapshotMeta } from './records.ts'

/** What the server sends. Fields that only protocol 2 knows are marked; protocol 1 clients ignore what they do not know. */
export type ServerFrame =
  | ServerHello
  | ServerReady
  | ServerSnapshot
  | ServerSnapshotPart
  | ServerSnapshotEnd
  | ServerDelta
  | ServerAck
  | ServerEvent
  | ServerError
  | ServerLog
  | ServerDirective
  | ServerHistory
  | ServerQueryResult
  | ServerQueryError
  | ServerAuth
  | ServerPong
  | PubSubReply

/** Sent at connect, before anything is asked. */
export interface ServerHello {
  type: 'server:hello'
  serverId: string
  timestamp: string
  now: string
  message: string
  protocols: readonly number[]
  /** The branch that a hello without one means; null when there are several. */
  defaults: { branchId: string | null }
}

/** Protocol 2: the session is caught up and hears every event after `cursor`. */
export interface ServerReady {
  type: 'server:ready'
  requestId?: string
  protocol: 2
  branchId: string
  cursor: Record<string, Position>
  mode: CatchUpMode
  /** What each module needed. */
  modes: Record<string, CatchUpMode>
  /** Modules whose cursor could not be continued, with the reason; their mode is snapshot unless none was wanted. */
  fullSync?: Record<string, string>
}

export type CatchUpMode = 'snapshot' | 'events' | 'none'

/** Protocol 1: everything in one frame. */
export interface ServerSnapshot {
  type: 'server:snapshot'
  branchId: string
  modules: Record<string, ModuleSnapshot>
  fullSyncFlags: FullSyncFlag[]
  meta: {
    reason: string
    requestId?: string
    serverId: string
    branchId: string
    snapshotAt: string
    lang?: string
    fullSyncRequired?: true
    fullSyncFlags?: FullSyncFlag[]
  }
}

/** Protocol 2: some records of one table, at most 1 MiB; every table of the snapshot has at least one part. */
export interface ServerSnapshotPart {
  type: 'server:snapshot-part'
  branchId: string
  moduleId: string
  /** Position of the snapshot that the part belongs to. */
  epoch: number
  seq: number
  table: string
  part: number
  isLast: boolean
  /** The table is one object; `records` has it alone. */
  isSingleton: boolean
  records: JsonObject[]
}

/** Protocol 2: closes the parts. The tables named here replace what the client has. */
export interface ServerSnapshotEnd {
  type: 'server:snapshot'
  branchId: string
  modules: Record<
    string,
    { moduleId: string; branchId: string; version: number; tableNames: string[]; meta: SnapshotMeta }
  >
  cursor: Record<string, Position>
  fullSyncFlags: FullSyncFlag[]
  meta: ServerSnapshot['meta']
}

/** Protocol 2: changes between two positions, each record once in its latest state. */
export interface ServerDelta {
  type: 'server:delta'
  branchId: string
  moduleId: string
  epoch: number
  from: number
  to: number
  tables: Record<string, JsonObject[]>
  deleted: Record<string, string[]>
  hasMore: boolean
}

export interface EventNotice {
  action: EventAction
  recordRef: RecordRef
  eventId: string | null
  sequence: number
  version: number
  timestamp: string | null
  created: boolean
  deleted: boolean
  meta: JsonObject
}

export interface EventEntry {
  id: JsonValue
  table: string
  action: EventAction
  recordRef: RecordRef
  meta: JsonObject
  created: boolean
  deleted: boolean
  record?: JsonObject
}

/** Clients of protocol 2 find reference and meta beside it. */
export type AckEntry = Omit<EventEntry, 'recordRef' | 'meta'> & Partial<Pick<EventEntry, 'recordRef' | 'meta'>>

/** One change as its ack tells it. */
export interface AckedChange {
  action: EventAction
  branchId: string
  moduleId: string
  version: number
  epoch: number
  table: string
  recordRef: RecordRef
  eventId: string | null
  sequence: number
  /** To clients of protocol 1 only. */
  publishState?: JsonObject | null
  meta: JsonObject
  entry: AckEntry
  created: boolean
  deleted?: true
  warnings?: string[]
}

export type ServerAck =
  | ({ type: 'server:ack'; requestId?: string; replayed?: true } & AckedChange)
  | {
      type: 'server:ack'
      requestId?: string
      replayed?: true
      action: 'module:batch'
      branchId: string
      moduleId: string
      version: number
      epoch: number
      sequence: number
      meta: JsonObject
      results: AckedChange[]
    }

export interface ServerEvent {
  type: 'server:event'
  eventId: string
  sequence: number
  epoch: number
  version: number
  branchId: string
  moduleId: string
  action: EventAction
  createdAt: string
  /** Absent for events of a whole module (reset, purge, restore, import). */
  table?: string
  recordRef?: RecordRef
  entry?: EventEntry
  notice?: EventNotice
  publishState?: JsonObject
  meta: JsonObject
  deleted?: true
  /** The event belongs to an atomic batch; apply its events together. */
  group?: { id: string; index: number; size: number }
}

/** A failure of one request, or of the socket when `requestId` is absent. */
export interface ServerError extends ErrorBody {
  type: 'server:error'
  requestId?: string
}

export interface ServerLog {
  type: 'server:log'
  level: 'info' | 'warn' | 'error'
  message: string
  context: JsonObject
  ts: string
  serverId: string
}

export type ServerDirective =
  | {
      type: 'server:directive'
      directive: 'resync'
      /** module-reset and the like, or slow-client. */
      reason: string
      branchId: string
      moduleId?: string
      meta: JsonObject
    }
  | {
      type: 'server:directive'
      directive: 'reload-schema'
      reason: string
      branchId: string
      moduleId: string
      meta: JsonObject
    }
  | ({ type: 'server:directive'; directive: 'full-sync-flag'; toggledVia: 'management-api' } & FullSyncFlag)
  | { type: 'server:directive'; directive: 'reconnect'; reason: string; retryAfterMs: number; meta: JsonObject }
  /** Send `client:auth` with another token; `expiresAt` is ISO 8601. Some minutes later the socket is closed. */
  | { type: 'server:directive'; directive: 'renew-token'; reason: string; expiresAt: string; meta: JsonObject }

export interface ServerHistory {
  type: 'server:history'
  requestId?: string
  branchId: string
  moduleId: string
  /** Oldest first. */
  events: ServerEvent[]
}

export interface ServerQueryResult {
  type: 'server:query:result'
  requestId?: string
  table: string
  queryType: 'list' | 'get'
  result: JsonObject[] | JsonObject | null
  /** More records follow; send it as `next`. */
  next?: string
  timestamp: string
}

export interface ServerQueryError {
  type: 'server:query:error'
  requestId?: string
  /** The sentence, as field clients show it. */
  error: string
  code: string
  timestamp: string
}

export interface ServerAuth {
  type: 'server:auth'
  requestId?: string
  status: 'accepted'
}

export interface ServerPong {
  type: 'pong'
  requestId?: string
  ts?: JsonValue
}

export type PubSubReply =
  | { type: 'ack'; event: 'auth' }
  | { type: 'ack'; event: 'subscribe'; topic: string }
  | { type: 'publish'; topic: string; data: TopicChange | JsonObject }
  | { type: 'error'; code: string; message: string; topic?: string }

/** What a topic's subscribers get: everything first, then what changed at the top level. */
export type TopicChange =
  | { mode: 'snapshot'; snapshot: JsonObject }
  | { mode: 'delta'; set: JsonObject; remove?: string[] }
