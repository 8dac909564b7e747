import { makeResolvers } from '../lib/resolvers.ts'
import { StoreError } from '../lib/store-error.ts'
import type { QueueEntry } from './entry.ts'
import { toError, type WriteOutcome } from './outcome.ts'

/** The promises of the writes that this page made. */
export class WriteWaiters {
  readonly #waiters = new Map<string, PromiseWithResolvers<WriteOutcome>>()

  add(id: string): Promise<WriteOutcome> {
    const waiter = makeResolvers<WriteOutcome>()
    // Who only waits for `queued` hears of a refusal by the event `parked`.
    waiter.promise.catch(() => undefined)
    this.#waiters.set(id, waiter)
    return waiter.promise
  }

  resolve(id: string, outcome: WriteOutcome): void {
    this.#waiters.get(id)?.resolve(outcome)
    this.#waiters.delete(id)
  }

  reject(entry: QueueEntry): void {
    if (entry.refusal) this.#waiters.get(entry.id)?.reject(toError(entry, entry.refusal))
    this.#waiters.delete(entry.id)
  }

  close(): void {
    const error = new StoreError('closed', 'The store was closed; the write is kept.')
    for (const waiter of this.#waiters.values()) waiter.reject(error)
    this.#waiters.clear()
  }
}
