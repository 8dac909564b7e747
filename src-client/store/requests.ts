import type { JsonObject } from '../../src-shared/json.ts'
import type { ServerQueryResult } from '../../src-shared/protocol/server-frames.ts'
import { makeUuid } from '../lib/ids.ts'
import type { Platform } from '../lib/platform.ts'
import { StoreError } from '../lib/store-error.ts'
import type { FetchedPage, FetchListOptions } from './store.ts'

const ANSWER_TIMEOUT_MS = 15_000

interface WaitingRequest {
  resolve: (answer: unknown) => void
  reject: (error: StoreError) => void
  timer: unknown
}

/** Questions to the server that are not writes: each has an id, an answer or an error, and a deadline. */
export class Requests {
  readonly #platform: Platform
  readonly #send: (frame: JsonObject) => boolean
  readonly #waiting = new Map<string, WaitingRequest>()

  constructor(platform: Platform, send: (frame: JsonObject) => boolean) {
    this.#platform = platform
    this.#send = send
  }

  /** @throws StoreError `offline` without a connection, when it is lost, or after 15 s. */
  ask(requestId: string, frame: JsonObject): Promise<unknown> {
    if (!this.#send({ ...frame, requestId })) {
      return Promise.reject(new StoreError('offline', 'The server cannot be reached.'))
    }
    return new Promise((resolve, reject) => {
      const timer = this.#platform.setTimeout(
        () => this.refuse(requestId, new StoreError('offline', 'The server does not answer.')),
        ANSWER_TIMEOUT_MS,
      )
      this.#waiting.set(requestId, { resolve, reject, timer })
    })
  }

  /** One record, whatever the snapshot's window. */
  async fetchRecord(moduleId: string, table: string, key: string): Promise<JsonObject | undefined> {
    const frame = { type: 'client:query', queryType: 'get', moduleId, table, id: key, populate: false }
    const { result } = (await this.ask(makeUuid(this.#platform), frame)) as ServerQueryResult
    return (result ?? undefined) as JsonObject | undefined
  }

  /** A page of records. */
  async fetchList(moduleId: string, table: string, options: FetchListOptions): Promise<FetchedPage> {
    const { filter, limit, next } = options
    const answer = (await this.ask(makeUuid(this.#platform), {
      ...{ type: 'client:query', queryType: 'list', moduleId, table, populate: false },
      ...(filter && { filter: { ...filter } }),
      ...(limit !== undefined && { limit }),
      ...(next !== undefined && { next }),
    })) as ServerQueryResult
    const records = (answer.result ?? []) as JsonObject[]
    return { records, ...(answer.next !== undefined && { next: answer.next }) }
  }

  /** False when nobody waits for it. */
  answer(requestId: string | undefined, answer: unknown): boolean {
    const request = this.#take(requestId)
    request?.resolve(answer)
    return request !== undefined
  }

  refuse(requestId: string | undefined, error: StoreError): boolean {
    const request = this.#take(requestId)
    request?.reject(error)
    return request !== undefined
  }

  noticeLost(): void {
    for (const requestId of [...this.#waiting.keys()]) {
      this.refuse(requestId, new StoreError('offline', 'The connection was lost.'))
    }
  }

  #take(requestId: string | undefined): WaitingRequest | undefined {
    if (requestId === undefined) return undefined
    const request = this.#waiting.get(requestId)
    this.#waiting.delete(requestId)
    if (request) this.#platform.clearTimeout(request.timer)
    return request
  }
}
