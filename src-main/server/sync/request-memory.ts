import type { ClientBatch, ClientPublish, PublishOperation } from '../../../src-shared/protocol/client-frames.ts'
import { isSameJson } from '../../lib/json-text.ts'

export interface RememberedRequest {
  readonly moduleId: string
  /** The frame as it came: read again only when its id comes again, which is rare. */
  readonly frame: Buffer
  /** The ack as it was sent; undefined while the write is under way. */
  ack: Buffer | undefined
  /** Repeats that arrived while the write was under way. */
  repeats: number
}

const MAX_REQUESTS = 64
const MAX_BYTES = 131_072

/**
 * What one socket was answered lately, for callers without a lasting identity: the same request id with the same body
 * gets the same ack. Bounded by count and by bytes; the newest entry always stays.
 * Source: docs/sync.md, rules I2 to I4.
 */
export class RequestMemory {
  readonly #entries = new Map<string, RememberedRequest>()
  #bytes = 0

  /** The request that had this id in this module, with this body or another. */
  find(moduleId: string, requestId: string): RememberedRequest | undefined {
    const entry = this.#entries.get(requestId)
    return entry?.moduleId === moduleId ? entry : undefined
  }

  /** @param frame - The bytes that asked; nobody may change them afterwards. */
  begin(moduleId: string, requestId: string, frame: Buffer): RememberedRequest {
    this.forget(requestId)
    const entry: RememberedRequest = { moduleId, frame: ownBytes(frame), ack: undefined, repeats: 0 }
    this.#bytes += frame.length
    this.#entries.set(requestId, entry)
    this.#trim()
    return entry
  }

  finish(moduleId: string, requestId: string, entry: RememberedRequest, ack: Buffer): void {
    if (this.find(moduleId, requestId) !== entry) return
    entry.ack = ack
    this.#bytes += ack.length
    this.#trim()
  }

  forget(requestId: string): void {
    const entry = this.#entries.get(requestId)
    if (!entry) return
    this.#bytes -= sizeOf(entry)
    this.#entries.delete(requestId)
  }

  #trim(): void {
    if (!this.#isTooMuch()) return
    for (const [key, entry] of this.#entries) {
      this.#bytes -= sizeOf(entry)
      this.#entries.delete(key)
      if (!this.#isTooMuch()) return
    }
  }

  #isTooMuch(): boolean {
    return this.#entries.size > 1 && (this.#entries.size > MAX_REQUESTS || this.#bytes > MAX_BYTES)
  }
}

/** A frame is a part of what one read of the socket brought; kept beside a lot else, that would stay with it. */
function ownBytes(frame: Buffer): Buffer {
  return frame.buffer.byteLength <= Buffer.poolSize ? frame : Buffer.from(frame)
}

function sizeOf({ frame, ack }: RememberedRequest): number {
  return frame.length + (ack?.length ?? 0)
}

function operationsOf(publish: ClientPublish | ClientBatch): readonly PublishOperation[] {
  return publish.kind === 'batch' ? publish.operations : [publish]
}

/** Whether two requests ask the same: the same actions, tables and records, key order aside. */
export function isSameRequest(known: ClientPublish | ClientBatch, publish: ClientPublish | ClientBatch): boolean {
  const operations = operationsOf(known)
  const others = operationsOf(publish)
  return (
    operations.length === others.length &&
    operations.every(({ action, table, record }, index) => {
      const other = others[index]!
      return action === other.action && table === other.table && isSameJson(record, other.record)
    })
  )
}
