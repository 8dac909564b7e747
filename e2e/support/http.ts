import type { JsonValue } from '../../src-shared/json.ts'

const TIMEOUT_MS = 20_000

export interface HttpAnswer {
  status: number
  headers: Headers
  text: string
  /** The parsed body; null when it is not JSON. Read it with `at` or compare it as a whole. */
  body: unknown
}

export interface HttpCall {
  method?: string
  /** Sent as JSON. */
  body?: JsonValue
  /** Sent as it is. */
  text?: string | Uint8Array | ReadableStream
  headers?: Record<string, string>
}

/** One request, at most 20 s; never throws for a status. */
export async function send(base: string, path: string, call: HttpCall = {}): Promise<HttpAnswer> {
  const { method = 'GET', body, text, headers } = call
  const isJson = body !== undefined
  const response = await fetch(new URL(path, base), {
    method,
    headers: new Headers({ ...(isJson && !hasType(headers) && { 'content-type': 'application/json' }), ...headers }),
    ...(isJson ? { body: JSON.stringify(body) } : text !== undefined ? { body: text as BodyInit } : {}),
    ...(text instanceof ReadableStream && { duplex: 'half' as const }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  } as RequestInit)
  const answer = await response.text()
  let parsed: unknown = null
  try {
    parsed = JSON.parse(answer)
  } catch {
    // Not JSON: metrics, files, empty answers.
  }
  return { status: response.status, headers: response.headers, text: answer, body: parsed }
}

function hasType(headers: Record<string, string> = {}): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
}
