/**
 * Answers that were read lately, by their whole request. An answer counts only while the module stands at the position at
 * which it was read, so nothing here is ever stale: a write makes all of its module's answers worthless at once. When 200
 * tablets ask for the same lists after a power cut, each list is read once.
 */
export class AnswerCache {
  readonly #maxBytes: number
  readonly #entries = new Map<string, { position: string; body: Buffer }>()
  #bytes = 0

  constructor(maxBytes = 16 * 1_048_576) {
    this.#maxBytes = maxBytes
  }

  /** The answer to this request at this position. */
  find(request: string, position: string): Buffer | undefined {
    const entry = this.#entries.get(request)
    return entry?.position === position ? entry.body : undefined
  }

  /** Keeps an answer unless it is large; the oldest go first. */
  keep(request: string, position: string, body: Buffer): void {
    if (body.length > this.#maxBytes / 64) return
    this.#drop(request)
    this.#entries.set(request, { position, body })
    this.#bytes += body.length
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.#drop(oldest)
    }
  }

  #drop(request: string): void {
    const entry = this.#entries.get(request)
    if (!entry) return
    this.#bytes -= entry.body.length
    this.#entries.delete(request)
  }
}
