import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AppError, ERRORS, isAppError, toErrorBody } from '../../../src-shared/errors.ts'
import { API_POLICY, SECURITY_HEADERS } from '../middleware/security-headers.ts'
import { encodeText } from './encode.ts'

/** Header names and values in turn, as writeHead takes them without building an object. */
export type HeaderList = string[]

export const JSON_TYPE = 'application/json; charset=utf-8'

export interface Answer {
  status: number
  type: string
  /** The whole body; absent for an answer without one. */
  body?: string | Buffer
  /** `no-store` unless told. */
  cache?: string
  /** Content policy of a page of ours; that of answers which are no pages unless told. */
  policy?: readonly string[]
  headers?: HeaderList
}

/** Head of an answer: what every answer carries, then what this one adds. */
export function headersOf(answer: Omit<Answer, 'body' | 'status'>, common: readonly string[]): HeaderList {
  const headers: HeaderList = ['Content-Type', answer.type, 'Cache-Control', answer.cache ?? 'no-store']
  headers.push(...SECURITY_HEADERS, ...(answer.policy ?? API_POLICY), ...common)
  if (answer.headers) headers.push(...answer.headers)
  return headers
}

/** Writes a whole answer at once. `common` are the headers that the request as a whole earned (CORS, limits). */
export function writeAnswer(response: ServerResponse, answer: Answer, common: readonly string[]): void {
  const headers = headersOf(answer, common)
  if (answer.body === undefined) {
    if (answer.status !== 204 && answer.status !== 304) headers.push('Content-Length', '0')
    response.writeHead(answer.status, headers).end()
    return
  }
  const body = typeof answer.body === 'string' ? encodeText(answer.body) : answer.body
  headers.push('Content-Length', String(body.length))
  response.writeHead(answer.status, headers).end(body)
}

/** Details that field clients look for at the top level of a failure. */
const CONTEXT_FIELDS = [
  'path',
  'branchId',
  'moduleId',
  'table',
  'orderId',
  'order',
  'entryId',
  'index',
  'action',
  'expected',
  'received',
  'snapshotMarker',
  'clientSnapshotMarker',
] as const

/** Writes a failure in the form that the caller asked for; the status and the retry hint come from the catalogue. */
export function writeError(
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
  traceId: string,
  common: readonly string[],
): void {
  const status = isAppError(error) ? error.status : 500
  const body: Record<string, unknown> = { ...toErrorBody(error, traceId) }
  const headers: HeaderList = ['Trace-Id', traceId]
  if (isAppError(error)) {
    for (const name of CONTEXT_FIELDS) if (error.details?.[name] !== undefined) body[name] ??= error.details[name]
    if (error.code === 'method-not-allowed') headers.push('Allow', String(error.details?.allow ?? ''))
    const retryAfter = retryAfterSeconds(error)
    if (retryAfter !== undefined) headers.push('Retry-After', String(retryAfter))
    if (error.code === 'body-too-large') headers.push('Connection', 'close')
  }
  const wantsProblem = request.headers.accept?.includes('application/problem+json') === true
  if (wantsProblem) {
    const code = String(body.error)
    Object.assign(body, {
      type: `urn:mishkah:error:${code}`,
      title: titleOf(error),
      status,
      detail: body.message,
      code,
    })
  }
  const type = wantsProblem ? 'application/problem+json; charset=utf-8' : JSON_TYPE
  writeAnswer(response, { status, type, body: JSON.stringify(body), headers }, common)
}

function titleOf(error: unknown): string {
  return ERRORS[isAppError(error) ? error.code : 'internal'].meaning
}

function retryAfterSeconds(error: AppError): number | undefined {
  const wanted = error.details?.retryAfterSeconds
  if (typeof wanted === 'number') return Math.max(1, Math.ceil(wanted))
  return error.status === 429 || error.status === 503 ? 1 : undefined
}
