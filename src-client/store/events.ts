import type { Position } from '../../src-shared/ids.ts'
import type { JsonObject } from '../../src-shared/json.ts'
import type { SnapshotMeta } from '../../src-shared/protocol/records.ts'
import type {
  ServerAck,
  ServerDirective,
  ServerEvent,
  ServerHello,
  ServerHistory,
  ServerLog,
} from '../../src-shared/protocol/server-frames.ts'
import type { StoreStatus } from '../connection/states.ts'
import type { StoreError } from '../lib/store-error.ts'
import type { ParkedWrite } from '../queue/entry.ts'

/** All records of the module as the application sees them: what the server confirmed, and over it what waits. */
export interface ModuleState {
  branchId: string
  moduleId: string
  /** Position of the last event applied; 0 before the first snapshot. */
  version: number
  cursor: Position | undefined
  tables: Record<string, JsonObject[]>
  meta: SnapshotMeta | undefined
}

/** The same, where clients in the field look for it. */
export interface StoreState {
  branchId: string
  modules: Record<string, ModuleState>
}

/** Nothing is broken for good, but a person may want to know. */
export interface StoreWarning {
  /**
   * storage-unavailable: the browser keeps nothing, writes that wait are lost with the page. storage-failed: the last
   * write could not be kept (quota, wiped data). connection: the socket was given up, with the reason.
   */
  code: 'storage-unavailable' | 'storage-failed' | 'connection'
  message: string
}

export interface StoreEvents {
  status: { status: StoreStatus; previous: StoreStatus }
  /** A full snapshot has been applied. */
  snapshot: StoreState
  /** An event has been applied; the events of a group come together, after the last one. */
  event: ServerEvent
  ack: ServerAck
  log: ServerLog
  /** These tables look different now. */
  change: { tables: readonly string[] }
  /** The queue has changed. */
  queue: { pending: number; parked: number }
  /** A write was refused for good. */
  parked: ParkedWrite
  hello: ServerHello
  directive: ServerDirective
  history: ServerHistory
  /** Data of an earlier page load is shown. */
  cache: StoreState
  warning: StoreWarning
  /**
   * The server does not take our token (any more), with its code. The queue stays: sign in, then `setToken`.
   */
  'signed-out': { code: string }
  /** An error of the server that belongs to no request of ours, or a refused hello. */
  error: StoreError
}
