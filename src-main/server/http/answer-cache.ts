import type { Store } from '../../store/api.ts'

/** What an answer was read from: it holds as long as that module stands at this position. */
export interface AnswerSource {
  branchId: string
  moduleId: string
  epoch: number
  seq: number
}

export interface KeptAnswer extends AnswerSource {
  etag: string
  body: Buffer
}

/**
 * Answers to reads, kept by the address that was asked. An answer counts only while its module stands at the position at
 * which it was read, so nothing here is ever stale: a write makes all of its module's answers worthless at once. When
 * 200 tablets ask for the same lists after a power cut, each list is read once.
 */
export class AnswerCache {
  readonly #maxBytes: number
  readonly #entries = new Map<string, KeptAnswer>()
  #bytes = 0

  constructor(maxBytes = 16 * 1_048_576) {
    this.#maxBytes = maxBytes
  }

  /** The answer to this address if it is what reading would give now. A branch that is away has none. */
  findCurrent(address: string, store: Store): KeptAnswer | undefined {
    const entry = this.#entries.get(address)
    return entry && isCurrent(entry, store) ? entry : undefined
  }

  /** Keeps an answer unless it is large; the oldest go first. */
  keep(address: string, answer: KeptAnswer): void {
    if (answer.body.length > this.#maxBytes / 64) return
    this.#drop(address)
    this.#entries.set(address, answer)
    this.#bytes += answer.body.length
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.#drop(oldest)
    }
  }

  #drop(address: string): void {
    const entry = this.#entries.get(address)
    if (!entry) return
    this.#bytes -= entry.body.length
    this.#entries.delete(address)
  }
}

function isCurrent({ branchId, moduleId, epoch, seq }: KeptAnswer, store: Store): boolean {
  try {
    const head = store.getBranch(branchId).getModule(moduleId).head()
    return head.seq === seq && head.epoch === epoch
  } catch {
    return false // the branch is being restored, or gone: the route says which
  }
}
