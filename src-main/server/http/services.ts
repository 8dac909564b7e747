import type { Access } from '../../access/open-access.ts'
import type { HashCost } from '../../access/people/password-hash.ts'
import type { PlainHttpRules } from '../../access/plain-http/plain-http-policy.ts'
import type { RoleStore } from '../../access/roles/role-store.ts'
import type { Guard } from '../../access/view/guard.ts'
import type { ServerOptions } from '../../config/options.ts'
import type { Log } from '../../lib/log.ts'
import type { Network } from '../../net/network.ts'
import type { Store } from '../../store/api.ts'
import type { Callers } from '../callers.ts'
import { type ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from '../middleware/connection-limits.ts'
import type { RequestLog } from '../request-log/request-log.ts'
import type { AnswerCache } from './answer-cache.ts'
import type { ServerMetrics } from './metrics.ts'
import type { WriteRate } from './write-rate.ts'

/** Settings of the HTTP server that have good defaults; ServerOptions may carry them. */
export interface HttpSettings {
  /** Largest request body, 1 MiB by default. */
  bodyLimitBytes: number
  /** Deepest nesting of a request body. */
  bodyMaxDepth: number
  /** Folder whose files are served under `/`, for the pages of field clients. */
  staticDir?: string
  /** More names under which this server may be addressed. */
  allowedHosts?: readonly string[]
  /** More origins whose pages may call. */
  allowedOrigins?: readonly string[]
  /** Requests an address may make in 15 minutes; loopback is not counted. */
  requestsPer15Minutes: number
  /** Of passwords and PINs; cheaper than the default only in tests that say so. */
  hashCost?: HashCost
  /** How long a client may take over a request, and how many connections there may be. */
  clientLimits: ClientLimits
}

export interface ClientLimits extends ConnectionLimits {
  /** For the head of a request. */
  headersTimeoutMs: number
  /** For the whole request. */
  requestTimeoutMs: number
  /** How often slow clients are looked for. */
  checkEveryMs: number
}

export const DEFAULT_HTTP_SETTINGS: HttpSettings = {
  bodyLimitBytes: 1_048_576,
  bodyMaxDepth: 64,
  requestsPer15Minutes: 1_000,
  clientLimits: {
    ...DEFAULT_CONNECTION_LIMITS,
    headersTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    checkEveryMs: 2_000,
  },
}

/** What the sockets report about themselves. */
export interface SocketFigures {
  sockets: number
  rooms: number
  queuedBytes: number
  /** Counters since the start by channel: direct, branch, pubsub. */
  channels?: Record<string, { broadcasts: number; frames: number; bytes: number; serialized: number }>
}

/** Everything a route may use. */
export interface HttpServices {
  store: Store
  /** People, devices and what proves them. */
  access: Access
  /** What a principal may see and change. */
  guard: Guard
  roles: RoleStore
  log: Log
  callers: Callers
  metrics: ServerMetrics
  /** What was asked lately, for a manager who looks on. */
  requests: RequestLog
  options: ServerOptions
  settings: HttpSettings
  writeRate: WriteRate
  answers: AnswerCache
  startedAt: string
  /** The addresses under which the server answers now. */
  addresses(): { url: string; kind: 'loopback' | 'lan' }[]
  socketFigures(): SocketFigures
  isStopping(): boolean
  /** What other devices may ask for without encryption. */
  plainHttpRules(): PlainHttpRules
  /** Certificates, https and discovery. */
  network(): Network
}
