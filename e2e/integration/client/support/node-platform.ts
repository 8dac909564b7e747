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
    openStorage: async () => createMemoryStorage(contents),
    openChannel: () => undefined,
    locks: undefined,
    fetch: (path) => fetch(path),
    origin: undefined,
    onWake: () => () => undefined,
    onLeave: () => () => undefined,
  }
}

/** A generator that gives the same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * A socket whose network is bad: frames come late and twice, and now and then it is cut.
 *
 * @param isBad - Asked at each frame; false lets everything through.
 */
export function badSocket(url: string, random: () => number, isBad: () => boolean): SocketLike {
  const socket = new WebSocket(url)
  const outer: SocketLike = {
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send(text) {
      if (isBad() && random() < 0.03) socket.close()
      else {
        later(() => socket.readyState === WebSocket.OPEN && socket.send(text))
        if (isBad() && random() < 0.05) later(() => socket.readyState === WebSocket.OPEN && socket.send(text))
      }
    },
    close: () => socket.close(),
  }
  let dueAt = 0
  /** In order: a TCP stream is late as a whole. */
  function later(run: () => void): void {
    dueAt = Math.max(dueAt, Date.now() + (isBad() ? random() * 12 : 0))
    setTimeout(run, Math.max(0, dueAt - Date.now()))
  }
  socket.onopen = (event) => outer.onopen?.call(socket, event)
  socket.onerror = (event) => outer.onerror?.call(socket, event)
  socket.onclose = (event) => outer.onclose?.call(socket, event)
  socket.onmessage = (event) => {
    if (isBad() && random() < 0.02) {
      socket.close()
      return
    }
    later(() => outer.onmessage?.call(socket, event))
    if (isBad() && random() < 0.05) later(() => outer.onmessage?.call(socket, event))
  }
  return outer
}
