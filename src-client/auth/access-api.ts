import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'
import { StoreError } from '../lib/store-error.ts'

const ANSWER_TIMEOUT_MS = 15_000

/** Requests to the server's access routes. What a request proves is its token; cookies stay out of it. */
export class AccessApi {
  readonly #base: string
  readonly #fetch: typeof fetch

  constructor(base: string, send: typeof fetch) {
    this.#base = base
    this.#fetch = send
  }

  /** @throws StoreError with the server's code, or `offline`. */
  async ask(path: string, request: { body?: JsonObject; token?: string | undefined } = {}): Promise<JsonObject> {
    const { body, token } = request
    const answer = await this.send(path, token, {
      ...(body && { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    })
    const said = (await answer.json().catch(() => null)) as JsonValue
    const facts = isJsonObject(said) ? said : {}
    if (answer.ok) return facts
    const { error = 'offline', message = `HTTP ${answer.status}`, details } = facts
    throw new StoreError(error as StoreError['code'], String(message), {
      ...(details && { details: details as JsonObject }),
    })
  }

  /** @throws StoreError `offline`. */
  async send(path: string, token: string | undefined, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('Mishkah-Protocol', '2')
    if (token !== undefined) headers.set('Authorization', `Bearer ${token}`)
    const signal = init.signal ?? AbortSignal.timeout(ANSWER_TIMEOUT_MS)
    try {
      return await this.#fetch(this.#base + path, { cache: 'no-store', ...init, credentials: 'omit', headers, signal })
    } catch (error) {
      throw new StoreError('offline', `The server cannot be reached: ${String(error)}`)
    }
  }
}
