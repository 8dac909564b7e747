import { ERRORS, type ErrorCode, type FieldError } from '../../src-shared/errors.ts'
import { isJsonObject, type JsonValue } from '../../src-shared/json.ts'

/** Codes of the server, and the three failures that happen before the server answers. */
export type ApiErrorCode = ErrorCode | 'offline' | 'timeout' | 'unexpected-answer'

/** The one error that screens see: fit to show, with what helps support to find it again. */
export class ApiError extends Error {
  readonly code: ApiErrorCode
  readonly status: number
  readonly hint: string | undefined
  readonly traceId: string | undefined
  readonly fields: readonly FieldError[]
  /** Seconds to wait before the next try; after wrong passwords. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ApiErrorCode,
    message: string,
    more: {
      status?: number
      hint?: string
      traceId?: string
      fields?: readonly FieldError[]
      retryAfterSeconds?: number
    } = {},
  ) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = more.status ?? 0
    this.hint = more.hint
    this.traceId = more.traceId
    this.fields = more.fields ?? []
    this.retryAfterSeconds = more.retryAfterSeconds
  }

  /** Trying the same again may work. */
  get isRetryable(): boolean {
    return this.code in ERRORS ? ERRORS[this.code as ErrorCode].retry : this.code !== 'unexpected-answer'
  }
}

/** Reads the body of a failed answer; anything that is no error body becomes `unexpected-answer`. */
export function toApiError(status: number, body: JsonValue | undefined): ApiError {
  if (body === undefined || !isJsonObject(body) || typeof body.error !== 'string') {
    return new ApiError('unexpected-answer', `The server answered with status ${status}.`, { status })
  }
  const { error, message, hint, traceId, errors, details } = body
  const wait = details !== undefined && isJsonObject(details) ? details.retryAfterSeconds : undefined
  const code = error in ERRORS ? (error as ErrorCode) : 'unexpected-answer'
  return new ApiError(code, typeof message === 'string' ? message : error, {
    status,
    ...(typeof hint === 'string' && { hint }),
    ...(typeof traceId === 'string' && { traceId }),
    ...(typeof wait === 'number' && { retryAfterSeconds: wait }),
    fields: readFieldErrors(errors),
  })
}

/** What `fetch` itself throws: no connection, or our own time limit. */
export function toNetworkError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const isTimeout = error instanceof DOMException && error.name === 'TimeoutError'
  return isTimeout
    ? new ApiError('timeout', 'The server did not answer in time.')
    : new ApiError('offline', 'The server cannot be reached.')
}

function readFieldErrors(errors: JsonValue | undefined): FieldError[] {
  if (!Array.isArray(errors)) return []
  return errors.flatMap((entry) => {
    if (!isJsonObject(entry)) return []
    const { field, code, message } = entry
    const isWhole = typeof field === 'string' && typeof code === 'string' && typeof message === 'string'
    return isWhole ? [{ field, code, message }] : []
  })
}
