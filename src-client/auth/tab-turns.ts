import { makeUuid } from '../lib/ids.ts'
import type { Platform } from '../lib/platform.ts'
import { type ClientStorage, tokenOf } from '../storage/storage.ts'

const TURN = 'turn'
/** Longer than a request to the server may take. */
const LEASE_MS = 20_000
const LOOK_MS = 100

/**
 * Lets one tab of the browser work at a time: a refresh token is good once, and two tabs that used the same one would end
 * the session for both. The browser's locks decide where the page is secure, elsewhere a record that runs out.
 */
export class TabTurns {
  readonly #platform: Platform
  readonly #name: string
  #last: Promise<unknown> = Promise.resolve()

  constructor(platform: Platform, name: string) {
    this.#platform = platform
    this.#name = name
  }

  run<T>(storage: ClientStorage, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => this.#run(storage, work))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  #run<T>(storage: ClientStorage, work: () => Promise<T>): Promise<T> {
    const { locks } = this.#platform
    if (!locks) return this.#runLeased(storage, work)
    return new Promise((resolve, reject) => {
      locks.hold(`${this.#name} ${TURN}`, new AbortController().signal, () => work().then(resolve, reject))
    })
  }

  async #runLeased<T>(storage: ClientStorage, work: () => Promise<T>): Promise<T> {
    const token = makeUuid(this.#platform)
    while (!(await this.#take(storage, token))) {
      await new Promise<void>((resolve) => this.#platform.setTimeout(resolve, LOOK_MS))
    }
    try {
      return await work()
    } finally {
      await storage.apply([{ kind: 'delete', area: 'values', key: TURN }], { key: TURN, token }).catch(() => undefined)
    }
  }

  async #take(storage: ClientStorage, token: string): Promise<boolean> {
    const held = (await storage.find('values', TURN)) as { until?: number } | undefined
    const now = this.#platform.now()
    const until = Number(held?.until)
    // Also when it ends too far in the future: the clock was set back.
    if (until > now && until <= now + LEASE_MS) return false
    const value = { token, until: now + LEASE_MS }
    return storage.apply([{ kind: 'put', area: 'values', key: TURN, value }], { key: TURN, token: tokenOf(held) })
  }
}
