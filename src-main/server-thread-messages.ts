import type { ErrorCode } from '../src-shared/errors.ts'
import type { ServerOptions } from './config/options.ts'
import type { ServerNotice } from './config/services.ts'
import type { LogRecord } from './lib/log.ts'

/** Main thread to server thread. */
export type ToServerThread = { type: 'start'; options: ServerOptions } | { type: 'stop' }

/** Where the server answers. */
export interface ServerAddress {
  url: string
  port: number
  serverId: string
  /** No manager existed when it started. */
  isOpen: boolean
}

/** Why a start failed, fit for people. */
export interface ServerFailure {
  code: ErrorCode
  message: string
  hint?: string
}

/** Server thread to main thread. */
export type FromServerThread =
  | ({ type: 'ready' } & ServerAddress)
  | ({ type: 'failed' } & ServerFailure)
  | { type: 'log'; record: LogRecord }
  | { type: 'notice'; notice: ServerNotice }
  | { type: 'stopped' }
