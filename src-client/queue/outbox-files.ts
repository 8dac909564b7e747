import type { ClientStorage, StorageGuard, StorageOperation } from '../storage/storage.ts'
import { isQueueEntry, type QueueEntry } from './entry.ts'

/** An entry and where it is kept: under `key`, `saving`, or only in `memory` because the storage failed. */
export interface HeldEntry {
  entry: QueueEntry
  place: { key: string } | 'saving' | 'memory'
}

export type StoredEntry = HeldEntry & { place: { key: string } }

export function isStored(held: HeldEntry): held is StoredEntry {
  return typeof held.place === 'object'
}

export interface OutboxDevice {
  open(): Promise<ClientStorage>
  isIntact(): Promise<boolean>
}

/**
 * The queue in the storage. Entries of one turn are added in one transaction, in their order; what the storage refuses
 * stays in memory, is still sent, and is told to the application.
 */
export class OutboxFiles {
  readonly #storage: () => Promise<ClientStorage>
  readonly #isIntact: () => Promise<boolean>
  readonly #onProblem: (error: unknown) => void
  #waiting: HeldEntry[] = []
  #saving: Promise<void> | undefined

  /** @param device - Opens the storage, and says whether it still is the one that was opened first. */
  constructor(device: OutboxDevice, onProblem: (error: unknown) => void) {
    this.#storage = () => device.open()
    this.#isIntact = () => device.isIntact()
    this.#onProblem = onProblem
  }

  /** Resolves when the entry is kept, or when it is known that it cannot be. Never rejects. */
  save(held: HeldEntry): Promise<void> {
    this.#waiting.push(held)
    this.#saving ??= Promise.resolve().then(() => this.#saveAll())
    return this.#saving
  }

  /** Everything that is stored, in order; `wiped` when it was thrown away, undefined when the storage fails. */
  async list(): Promise<StoredEntry[] | 'wiped' | undefined> {
    try {
      if (!(await this.#isIntact())) {
        this.#onProblem(new Error('the data of the site was wiped; the writes of this page are kept again'))
        return 'wiped'
      }
      const storage = await this.#storage()
      const items = await storage.list('queue')
      return items.flatMap(({ key, value }) => (isQueueEntry(value) ? [{ entry: value, place: { key } }] : []))
    } catch (error) {
      this.#onProblem(error)
      return undefined
    }
  }

  /** Changes and removals together; false when another tab leads now. A failing storage counts as done. */
  async apply(operations: StorageOperation[], guard: StorageGuard | undefined): Promise<boolean> {
    if (operations.length === 0) return true
    try {
      const storage = await this.#storage()
      return await storage.apply(operations, guard)
    } catch (error) {
      this.#onProblem(error)
      return true
    }
  }

  async #saveAll(): Promise<void> {
    const storage = await this.#storage()
    // What came while the storage opened goes along.
    const batch = this.#waiting
    this.#waiting = []
    this.#saving = undefined
    try {
      const keys = await storage.append(batch.map(({ entry }) => entry))
      batch.forEach((held, index) => {
        held.place = { key: keys[index]! }
      })
    } catch (error) {
      for (const held of batch) held.place = 'memory'
      this.#onProblem(error)
    }
  }
}

export function putOperation(key: string, entry: QueueEntry): StorageOperation {
  return { kind: 'put', area: 'queue', key, value: entry }
}

export function removal({ place }: StoredEntry): StorageOperation {
  return { kind: 'delete', area: 'queue', key: place.key }
}
