import type { IncomingMessage, ServerResponse } from 'node:http'
import type { NetworkCaller } from '../callers.ts'
import { JSON_TYPE, writeAnswer } from '../http/answer.ts'

const NO_HEADERS: readonly string[] = []
const ALLOWED_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
const ALLOWED_HEADERS =
  'Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Mishkah-Protocol, Mishkah-Signature'
const EXPOSED_HEADERS = 'ETag, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, Trace-Id'

/** Headers that let an allowed page of another origin read the answer; none for our own pages and programs. */
export function corsHeaders(caller: NetworkCaller): readonly string[] {
  if (caller.origin === null || caller.isSameOrigin) return NO_HEADERS
  const { origin } = caller
  return ['Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', EXPOSED_HEADERS, 'Vary', 'Origin']
}

/** Answers OPTIONS, for CORS preflights and for anyone who asks. */
export function answerOptions(request: IncomingMessage, response: ServerResponse, caller: NetworkCaller): void {
  const headers = ['Allow', ALLOWED_METHODS]
  if (caller.origin !== null && !caller.isSameOrigin) {
    headers.push('Access-Control-Allow-Methods', ALLOWED_METHODS, 'Access-Control-Allow-Headers', ALLOWED_HEADERS)
    headers.push('Access-Control-Max-Age', '600')
    if (request.headers['access-control-request-private-network'] === 'true') {
      headers.push('Access-Control-Allow-Private-Network', 'true')
    }
  }
  writeAnswer(response, { status: 204, type: JSON_TYPE, headers }, corsHeaders(caller))
}
