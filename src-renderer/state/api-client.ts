import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import { ApiError, toApiError, toNetworkError } from './api-error.ts'

export interface ServerAddress {
  /** Without a slash at the end. */
  baseUrl: string
  /** Secret of the desktop's window; null in a browser. */
  token: string | null
}

export interface ApiClient {
  readonly address: ServerAddress
  get<T>(path: string, options?: { signal?: AbortSignal; query?: Query }): Promise<T>
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: JsonObject): Promise<T>
  /** A file, whole in memory: only for the desktop, whose links cannot carry the token. */
  download(path: string): Promise<Blob>
  /** Address of a file for a plain link. */
  linkTo(path: string): string
}

type Query = Readonly<Record<string, string | number | undefined>>

const TIME_LIMIT_MS = 30_000
const DOWNLOAD_LIMIT_MS = 10 * 60_000
const PROTOCOL = { 'Mishkah-Protocol': '2' }

/** Speaks the public API. Everything that goes wrong is an `ApiError`, except that aborted reads stay aborted. */
export function createApiClient(address: ServerAddress): ApiClient {
  const { baseUrl, token } = address
  const headers: Record<string, string> = { ...PROTOCOL, ...(token && { Authorization: `Bearer ${token}` }) }

  async function call(path: string, init: RequestInit, limitMs: number): Promise<Response> {
    const limit = AbortSignal.timeout(limitMs)
    const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit
    try {
      return await fetch(baseUrl + path, { ...init, signal, cache: 'no-store' })
    } catch (error) {
      if (init.signal?.aborted) throw error
      throw toNetworkError(error)
    }
  }

  async function callJson<T>(path: string, init: RequestInit): Promise<T> {
    const response = await call(path, init, TIME_LIMIT_MS)
    const body = await readJson(response)
    if (!response.ok) throw toApiError(response.status, body)
    if (body === undefined)
      throw new ApiError('unexpected-answer', 'The answer is not JSON.', { status: response.status })
    return body as T
  }

  return {
    address,
    get: (path, { signal, query } = {}) =>
      callJson(path + queryText(query), {
        headers: { ...headers, Accept: 'application/json' },
        ...(signal && { signal }),
      }),
    send: (method, path, body) =>
      callJson(path, {
        method,
        headers: { ...headers, Accept: 'application/json', ...(body && { 'Content-Type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      }),
    async download(path) {
      const response = await call(path, { headers }, DOWNLOAD_LIMIT_MS)
      if (!response.ok) throw toApiError(response.status, await readJson(response))
      return await response.blob().catch((error: unknown) => {
        throw toNetworkError(error)
      })
    },
    linkTo: (path) => `${baseUrl}${path}${path.includes('?') ? '&' : '?'}protocol=2`,
  }
}

/** Undefined for anything that is not JSON. */
async function readJson(response: Response): Promise<JsonValue | undefined> {
  try {
    return (await response.json()) as JsonValue
  } catch {
    return undefined
  }
}

/** `?a=1&b=2`, without what is undefined. */
export function queryText(query: Query | undefined): string {
  const entries = Object.entries(query ?? {}).filter(([, value]) => value !== undefined)
  if (entries.length === 0) return ''
  return `?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString()}`
}
