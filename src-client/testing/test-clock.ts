/** A clock that stands still until a test moves it; timers run in their order. */
export class TestClock {
  /** Milliseconds since 1970. A test may set it: the device's clock is wrong then, and no timer runs. */
  nowMs = Date.parse('2026-01-01T00:00:00Z')
  #timers: { at: number; run: () => void }[] = []

  setTimeout(run: () => void, delayMs: number): unknown {
    const timer = { at: this.nowMs + delayMs, run }
    this.#timers.push(timer)
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.#timers = this.#timers.filter((one) => one !== timer)
  }

  /** Lets time pass, with everything that is due on the way. */
  async advance(durationMs: number): Promise<void> {
    const end = this.nowMs + durationMs
    for (;;) {
      await settle()
      const next = this.#timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0]
      if (!next) break
      this.clearTimeout(next)
      this.nowMs = Math.max(this.nowMs, next.at)
      next.run()
    }
    this.nowMs = end
    await settle()
  }
}

/** Lets everything run that waits for nothing but promises. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0))
}
