import type { Platform } from '../lib/platform.ts'
import { type ClientStorage, type StorageGuard, tokenOf } from '../storage/storage.ts'

const LEADER = 'leader'
const LEASE_MS = 6_000
const RENEW_MS = 2_000

/**
 * Which tab sends the queue and writes the cache.
 *
 * A record in the storage names the leader; everything that only it may do is guarded by its token, in the same
 * transaction, so a tab that slept through its time cannot do harm. Where Web Locks exist (secure pages) the browser
 * decides who leads; elsewhere the record is a lease that runs out:
 *
 * ```
 *  tab A  ──take──renew──renew──✂ (closed or frozen)
 *  tab B  ────try────try────try────try──take (6 s after the last renewal, at once after a clean goodbye)
 * ```
 */
export class Leadership {
  readonly #platform: Platform
  readonly #storage: ClientStorage
  readonly #name: string
  readonly #token: string
  readonly #onChange: (isLeader: boolean) => void
  readonly #abort = new AbortController()
  #isLeader = false
  #isStopped = false
  #release: (() => void) | undefined
  #timer: unknown

  constructor(
    platform: Platform,
    storage: ClientStorage,
    identity: { name: string; token: string },
    onChange: (isLeader: boolean) => void,
  ) {
    this.#platform = platform
    this.#storage = storage
    this.#name = identity.name
    this.#token = identity.token
    this.#onChange = onChange
  }

  get isLeader(): boolean {
    return this.#isLeader
  }

  get guard(): StorageGuard {
    return { key: LEADER, token: this.#token }
  }

  start(): void {
    const { locks } = this.#platform
    if (!locks) {
      void this.tryNow()
      return
    }
    locks.hold(this.#name, this.#abort.signal, async () => {
      await this.#storage.apply([this.#claim()]).catch(() => undefined)
      if (this.#isStopped) return
      const released = new Promise<void>((resolve) => {
        this.#release = resolve
      })
      this.#become(true)
      await released
    })
  }

  /** Takes or renews the lease; another tab has just given it up, or it is time. */
  async tryNow(): Promise<void> {
    if (this.#platform.locks || this.#isStopped) return
    this.#platform.clearTimeout(this.#timer)
    let isLeader = false
    try {
      const held: unknown = await this.#storage.find('values', LEADER)
      const token = tokenOf(held)
      const isFree = token === undefined || token === this.#token || this.#hasRunOut(held)
      isLeader = isFree && (await this.#storage.apply([this.#claim()], { key: LEADER, token }))
    } catch {
      // A storage that fails has no leader; what cannot be stored is sent by the tab that made it.
    }
    if (this.#isStopped) return
    this.#become(isLeader)
    this.#timer = this.#platform.setTimeout(() => void this.tryNow(), RENEW_MS)
  }

  /** A guarded write was refused: another tab leads now. */
  noticeLoss(): void {
    if (this.#platform.locks) void this.#storage.apply([this.#claim()]).catch(() => undefined)
    else void this.tryNow()
  }

  /** The page goes, perhaps to come back: another tab need not wait for the lease to run out. */
  async yieldLease(): Promise<void> {
    if (this.#platform.locks || !this.#isLeader) return
    this.#become(false)
    await this.#storage.apply([{ kind: 'delete', area: 'values', key: LEADER }], this.guard).catch(() => undefined)
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#platform.clearTimeout(this.#timer)
    const wasLeader = this.#isLeader
    this.#become(false)
    if (wasLeader) {
      await this.#storage.apply([{ kind: 'delete', area: 'values', key: LEADER }], this.guard).catch(() => undefined)
    }
    this.#abort.abort()
    this.#release?.()
  }

  #become(isLeader: boolean): void {
    if (this.#isLeader === isLeader) return
    this.#isLeader = isLeader
    this.#onChange(isLeader)
  }

  #claim(): { kind: 'put'; area: 'values'; key: string; value: unknown } {
    const value = { token: this.#token, until: this.#platform.now() + LEASE_MS }
    return { kind: 'put', area: 'values', key: LEADER, value }
  }

  /** Also when it ends too far in the future: the clock was set back. */
  #hasRunOut(held: unknown): boolean {
    const until = typeof held === 'object' && held !== null && 'until' in held ? Number(held.until) : 0
    const now = this.#platform.now()
    return !(until > now && until <= now + LEASE_MS)
  }
}
