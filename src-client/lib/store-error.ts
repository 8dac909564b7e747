import type { ErrorCode, FieldError } from '../../src-shared/errors.ts'
import type { JsonObject } from '../../src-shared/json.ts'

/** Codes of failures that only a client has. */
export type LocalCode =
  | 'closed'
  | 'invalid-record'
  | 'unknown-table'
  | 'write-discarded'
  | 'storage-unavailable'
  | 'storage-failed'
  | 'offline'

export interface StoreErrorFacts {
  /** The record as the server has it, with a version conflict. */
  current?: JsonObject
  details?: Record<string, unknown>
  errors?: FieldError[]
  /** Id of the write in the queue: for `retryParked` and `discardParked`. */
  writeId?: string
}

/** What a refused write rejects with. `code` is the server's, or one of our own. */
export class StoreError extends Error {
  readonly code: ErrorCode | LocalCode
  readonly current: JsonObject | undefined
  readonly details: Record<string, unknown>
  readonly errors: FieldError[]
  readonly writeId: string | undefined

  constructor(code: ErrorCode | LocalCode, message: string, facts: StoreErrorFacts = {}) {
    super(message)
    this.name = 'StoreError'
    this.code = code
    this.current = facts.current
    this.details = facts.details ?? {}
    this.errors = facts.errors ?? []
    this.writeId = facts.writeId
  }
}
