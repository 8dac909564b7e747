export const SHORTEST_WAIT_MS = 1_000
export const LONGEST_WAIT_MS = 15_000
const FIRST_CEILING_MS = 2_000
const GROWTH = 1.7

/**
 * Waits between attempts: anywhere from 1 s up to a ceiling that grows from 2 s to 15 s, so that the tablets of a branch
 * do not all come back in the same instant. `reset` after a success.
 */
export class Backoff {
  readonly #random: () => number
  #ceilingMs = FIRST_CEILING_MS

  constructor(random: () => number) {
    this.#random = random
  }

  nextMs(): number {
    const waitMs = SHORTEST_WAIT_MS + this.#random() * (this.#ceilingMs - SHORTEST_WAIT_MS)
    this.#ceilingMs = Math.min(LONGEST_WAIT_MS, this.#ceilingMs * GROWTH)
    return Math.round(waitMs)
  }

  reset(): void {
    this.#ceilingMs = FIRST_CEILING_MS
  }
}
