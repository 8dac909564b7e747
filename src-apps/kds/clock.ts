import { deviceMemory } from '../shared/preferences.ts'

const KEY = 'mishkah-kds-clock'
/** A slower answer says too little about the moment in which it was written. */
const SLOWEST_ANSWER_MS = 4_000
const SECOND_MS = 1_000

/** Two clocks and one answer between them: how far the server's is ahead, undefined when the answer took too long. */
export function offsetOf(serverNow: string, askedAt: number, answeredAt: number): number | undefined {
  const server = Date.parse(serverNow)
  const isUsable = Number.isFinite(server) && answeredAt >= askedAt && answeredAt - askedAt <= SLOWEST_ANSWER_MS
  return isUsable ? Math.round(server - (askedAt + answeredAt) / 2) : undefined
}

/**
 * The server's clock, which wrote the times of the tickets. A tablet's own may be wrong by minutes or by a day; the
 * difference is measured at each connection and kept for the times without one.
 */
export class KitchenClock {
  #offset = Number(deviceMemory.read(KEY)) || 0
  #timer: number | undefined
  readonly #listeners = new Set<() => void>()

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#offset
  }

  /** Asks the server; without an answer nothing changes. */
  async measure(): Promise<void> {
    const askedAt = Date.now()
    try {
      const answer = await fetch('/healthz', { cache: 'no-store' })
      const { now } = (await answer.json()) as { now: string }
      const offset = offsetOf(now, askedAt, Date.now())
      if (offset === undefined) return
      this.#offset = offset
      deviceMemory.write(KEY, String(offset))
    } catch {
      // The next connection asks again.
    }
  }

  /** Tells once a second; all timers of the screen share the one. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    this.#timer ??= window.setInterval(() => {
      for (const each of this.#listeners) each()
    }, SECOND_MS)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      window.clearInterval(this.#timer)
      this.#timer = undefined
    }
  }
}
