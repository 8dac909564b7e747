import { makeResolvers } from './resolvers.ts'

/** Callers that wait for the same moment. */
export class Waiters {
  #waiting: PromiseWithResolvers<void>[] = []

  wait(): Promise<void> {
    const waiting = makeResolvers<void>()
    this.#waiting.push(waiting)
    return waiting.promise
  }

  release(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  refuse(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
