/** Waits for acks as they come; nothing is asked again and again. */
export class AckCounter {
  readonly #limitMs: number
  #left = 0
  #reached: (() => void) | undefined

  /** @param limitMs - Longest wait for the next acks. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  note(): void {
    if (this.#left > 0 && --this.#left === 0) this.#reached?.()
  }

  /** Resolves at the `count`th ack from now on. @throws Error after the longest wait. */
  next(count: number): Promise<void> {
    this.#left = count
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`${this.#left} of ${count} acks did not come`)), this.#limitMs)
      this.#reached = () => {
        clearTimeout(deadline)
        resolve()
      }
    })
  }
}
