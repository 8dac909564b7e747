import type { Access } from '../../access/open-access.ts'
import type { Guard } from '../../access/view/guard.ts'
import type { Log } from '../../lib/log.ts'
import type { Store } from '../../store/api.ts'
import type { RequestLog } from '../request-log/request-log.ts'
import type { GatewayCounters } from './gateway-figures.ts'
import type { GatewayOptions } from './gateway-options.ts'
import type { FlushList } from './outgoing-queue.ts'
import type { Rooms } from './rooms.ts'
import type { Session } from './session.ts'
import type { SnapshotFrames } from './snapshot-frames.ts'
import type { TopicHub } from './topics.ts'

/** Called with the outcome of each publish; for histograms. */
export interface GatewayMetrics {
  observePublish?(seconds: number, isAcknowledged: boolean): void
}

/** What the handlers of one gateway share. */
export interface SyncServices {
  store: Store
  /** Absent only in tests of the gateway alone: then everyone is an administrator. */
  access: Access | undefined
  /** What a principal may see and change. */
  guard: Guard
  log: Log
  options: GatewayOptions
  metrics: GatewayMetrics
  /** What was asked lately, for a manager who looks on. */
  requests: RequestLog
  counters: GatewayCounters
  flushList: FlushList
  rooms: Rooms
  topics: TopicHub
  snapshots: SnapshotFrames
  sessions: Set<Session>
  /** Milliseconds since 1970. */
  now(): number
}
