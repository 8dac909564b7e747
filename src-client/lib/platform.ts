import type { ClientStorage } from '../storage/storage.ts'

/** The part of a WebSocket that the store uses. */
export type SocketLike = Pick<WebSocket, 'onopen' | 'onmessage' | 'onclose' | 'onerror' | 'send' | 'close'>

/** Messages between the tabs of one browser. */
export interface TabChannel {
  post(message: unknown): void
  close(): void
}

/** Exclusive over all tabs of the origin; only secure pages have it. */
export interface TabLocks {
  /** Calls `held` once the lock is ours and keeps it until its promise settles. Ends quietly when `signal` aborts. */
  hold(name: string, signal: AbortSignal, held: () => Promise<void>): void
}

/** Everything the store takes from its surroundings, so that tests can give another clock, network or storage. */
export interface Platform {
  /** Milliseconds since 1970. */
  now(): number
  setTimeout(run: () => void, delayMs: number): unknown
  clearTimeout(timer: unknown): void
  /** 0 up to, not including, 1. */
  random(): number
  randomBytes(count: number): Uint8Array
  openSocket(url: string): SocketLike
  /** @throws when this browser keeps nothing for us; the store then lives in memory and says so. */
  openStorage(name: string): Promise<ClientStorage>
  openChannel(name: string, onMessage: (message: unknown) => void): TabChannel | undefined
  locks: TabLocks | undefined
  fetch(path: string): Promise<Response>
  /** Origin of the page, such as `http://192.168.1.10:3200`; undefined outside of one. */
  origin: string | undefined
  /** The network is back, or the page is shown again. Returns what stops the listening. */
  onWake(run: () => void): () => void
  /** The page is about to go. Returns what stops the listening. */
  onLeave(run: () => void): () => void
}
