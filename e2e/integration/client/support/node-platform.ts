import { randomBytes } from 'node:crypto'
import type { Platform, SocketLike } from '../../../../src-client/lib/platform.ts'
import { createMemoryStorage, type MemoryContents } from '../../../../src-client/storage/memory-storage.ts'

export interface NodeDevice {
  /** What the device keeps; a store that is made again over it is a reload. */
  contents: MemoryContents
  random?: () => number
  /** Waits are this many times shorter. */
  speed?: number
  openSocket?: (url: string) => SocketLike
}

/** The surroundings of a store in Node: a real network, contents that the test keeps, time that may run faster. */
export function nodePlatform(device: NodeDevice): Platform {
  const { contents, random = Math.random, speed = 1, openSocket = (url) => new WebSocket(url) } = device
  return {
    now: () => Date.now(),
    setTimeout: (run, delayMs) => setTimeout(run, delayMs / speed),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
    random,
    randomBytes: (count) => new Uint8Array(randomBytes(count)),
    openSocket,
    openStorage: async () => ({ ...createMemoryStorage(contents), isDurable: true }),
    openChannel: () => undefined,
    locks: undefined,
    fetch: (path) => fetch(path),
    origin: undefined,
    onWake: () => () => undefined,
    onLeave: () => () => undefined,
  }
}
