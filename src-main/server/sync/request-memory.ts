import { hash } from 'node:crypto'
import type { ClientBatch, ClientPublish } from '../../../src-shared/protocol/client-frames.ts'

export interface RememberedRequest {
  readonly digest: string
  /** The ack as it was sent; undefined while the write is under way. */
  ack: Buffer | undefined
  /** Repeats that arrived while the write was under way. */
  repeats: number
}

const MAX_REQUESTS = 64
const MAX_ACK_BYTES = 65_536

/**
 * What one socket was answered lately, for callers without a lasting identity: the same request id with the same body
 * gets the same ack. Bounded by count and by bytes; the newest entry always stays.
 * Source: docs/sync.md, rules I2 to I4.
 */
export class RequestMemory {
  readonly #entries = new Map<string, RememberedRequest>()
  #ackBytes = 0

  /** The request that had this id, with this body or another. */
  find(moduleId: string, requestId: string): RememberedRequest | undefined {
    return this.#entries.get(`${moduleId}\n${requestId}`)
  }

  begin(moduleId: string, requestId: string, digest: string): RememberedRequest {
    this.forget(moduleId, requestId)
    const entry: RememberedRequest = { digest, ack: undefined, repeats: 0 }
    this.#entries.set(`${moduleId}\n${requestId}`, entry)
    this.#trim()
    return entry
  }

  finish(moduleId: string, requestId: string, entry: RememberedRequest, ack: Buffer): void {
    if (this.find(moduleId, requestId) !== entry) return
    entry.ack = ack
    this.#ackBytes += ack.length
    this.#trim()
  }

  forget(moduleId: string, requestId: string): void {
    const key = `${moduleId}\n${requestId}`
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#ackBytes -= entry.ack?.length ?? 0
    this.#entries.delete(key)
  }

  #trim(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= MAX_REQUESTS && this.#ackBytes <= MAX_ACK_BYTES) return
      if (this.#entries.size === 1) return
      this.#ackBytes -= entry.ack?.length ?? 0
      this.#entries.delete(key)
    }
  }
}

/** Sameness of a request: action, table and record, as the client wrote them. */
export function digestOf(publish: ClientPublish | ClientBatch): string {
  const operations = publish.kind === 'batch' ? publish.operations : [publish]
  const body = operations.map(({ action, table, record }) => [action, table, record])
  return hash('sha256', JSON.stringify(body), 'base64')
}
