import type { Platform } from '../lib/platform.ts'
import { createMemoryStorage, emptyContents, type MemoryContents } from '../storage/memory-storage.ts'
import type { ClientStorage } from '../storage/storage.ts'
import type { TestBranch } from './test-branch.ts'
import { TestClock } from './test-clock.ts'
import { TestSocket } from './test-socket.ts'

export interface TestDeviceOptions {
  /** The branch that the device's sockets reach. Without one the test itself is the server: see `socket`. */
  branch?: TestBranch
}

/**
 * A tablet for tests: `createStore({ branchId: 'dar', platform: device.platform })`.
 *
 * Time passes when the test says so, the network is there or not, and what the page keeps survives it: another store
 * over the same device is a reload.
 */
export class TestDevice {
  readonly clock: TestClock
  /** Every socket that a page of this device has opened, oldest first. */
  readonly sockets: TestSocket[] = []
  readonly #branch: TestBranch | undefined
  readonly #kept = new Map<string, MemoryContents>()
  readonly #wakeListeners = new Set<() => void>()
  readonly #leaveListeners = new Set<() => void>()
  #isOnline = true

  constructor({ branch }: TestDeviceOptions = {}) {
    this.#branch = branch
    this.clock = branch?.clock ?? new TestClock()
  }

  /** Replaceable, for a storage that is full or refused. The same name opens the same contents again. */
  openStorage: (name: string) => Promise<ClientStorage> = async (name) => {
    const contents = this.#kept.get(name) ?? emptyContents()
    this.#kept.set(name, contents)
    return { ...createMemoryStorage(contents), isDurable: true }
  }

  readonly platform: Platform = {
    now: () => this.clock.nowMs,
    setTimeout: (run, delayMs) => this.clock.setTimeout(run, delayMs),
    clearTimeout: (timer) => this.clock.clearTimeout(timer),
    random: () => 0.5,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    openSocket: (url) => this.#openSocket(url),
    openStorage: (name) => this.openStorage(name),
    openChannel: () => undefined,
    locks: undefined,
    fetch: async (url) => {
      if (!this.#branch || !this.#isOnline) throw new TypeError('Failed to fetch')
      return this.#branch.answer(url)
    },
    origin: 'http://branch.test',
    onWake: (run) => listen(this.#wakeListeners, run),
    onLeave: (run) => listen(this.#leaveListeners, run),
  }

  /** The socket of the last attempt. */
  get socket(): TestSocket {
    const socket = this.sockets.at(-1)
    if (!socket) throw new Error('The page has opened no socket.')
    return socket
  }

  /** False cuts the network: open sockets end, new ones fail. The pages find out by themselves when it is back. */
  setOnline(isOnline: boolean): void {
    this.#isOnline = isOnline
    if (!isOnline) for (const socket of this.sockets) socket.cut()
  }

  /** What a browser tells when the network is back or the page is shown again: pages connect at once. */
  wake(): void {
    for (const run of [...this.#wakeListeners]) run()
  }

  /** What a browser tells when the page is about to go. */
  leave(): void {
    for (const run of [...this.#leaveListeners]) run()
  }

  /** Someone clears the site's data. */
  wipe(): void {
    for (const { areas } of this.#kept.values()) for (const area of Object.values(areas)) area.clear()
  }

  #openSocket(url: string): TestSocket {
    const socket = new TestSocket(url)
    this.sockets.push(socket)
    if (!this.#isOnline) queueMicrotask(() => socket.cut())
    else this.#branch?.connect(socket)
    return socket
  }
}

function listen(listeners: Set<() => void>, run: () => void): () => void {
  listeners.add(run)
  return () => listeners.delete(run)
}
