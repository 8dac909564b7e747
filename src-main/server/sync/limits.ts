/** A bucket that refills steadily: `burst` at once, `perSecond` sustained. */
export class TokenBucket {
  readonly #burst: number
  readonly #perMs: number
  #tokens: number
  #filledAt: number

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst
    this.#perMs = perSecond / 1_000
    this.#tokens = burst
    this.#filledAt = nowMs
  }

  take(nowMs: number): boolean {
    if (nowMs > this.#filledAt) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledAt) * this.#perMs)
      this.#filledAt = nowMs
    }
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}

/** Open sockets by address. */
export class AddressCounter {
  readonly #counts = new Map<string, number>()

  count(address: string): number {
    return this.#counts.get(address) ?? 0
  }

  add(address: string): void {
    this.#counts.set(address, this.count(address) + 1)
  }

  remove(address: string): void {
    const left = this.count(address) - 1
    if (left > 0) this.#counts.set(address, left)
    else this.#counts.delete(address)
  }
}
