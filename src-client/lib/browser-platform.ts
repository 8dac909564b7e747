import { openIndexedDbStorage } from '../storage/indexed-db-storage.ts'
import type { Platform, TabChannel, TabLocks } from './platform.ts'

/**
 * The browser as it is. Needs nothing that a page of plain `http://192.168.x.x` lacks: locks between tabs are used where
 * they exist, random numbers come from `getRandomValues`.
 */
export function browserPlatform(): Platform {
  return {
    now: () => Date.now(),
    setTimeout: (run, delayMs) => setTimeout(run, delayMs),
    clearTimeout: (timer) => clearTimeout(timer as number),
    random: () => Math.random(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    openSocket: (url) => new WebSocket(url),
    openStorage: openIndexedDbStorage,
    openChannel,
    locks: findLocks(),
    fetch: (path) => fetch(path, { cache: 'no-store', headers: { 'Mishkah-Protocol': '2' } }),
    origin: typeof location === 'undefined' || location.origin === 'null' ? undefined : location.origin,
    onWake: (run) => {
      const whenVisible = () => document.visibilityState === 'visible' && run()
      return listen([
        ['window', 'online', run],
        ['window', 'pageshow', run],
        ['document', 'visibilitychange', whenVisible],
      ])
    },
    onLeave: (run) => listen([['window', 'pagehide', run]]),
  }
}

function openChannel(name: string, onMessage: (message: unknown) => void): TabChannel | undefined {
  if (typeof BroadcastChannel === 'undefined') return undefined
  const channel = new BroadcastChannel(name)
  channel.onmessage = (event) => onMessage(event.data)
  return {
    post: (message) => channel.postMessage(message),
    close: () => channel.close(),
  }
}

function findLocks(): TabLocks | undefined {
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks
  if (!locks) return undefined
  return {
    hold: (name, signal, held) => {
      locks.request(name, { signal }, held).catch(() => undefined)
    },
  }
}

type Listening = readonly ['window' | 'document', string, () => void]

function listen(listenings: readonly Listening[]): () => void {
  if (typeof window === 'undefined') return () => undefined
  const targetOf = (name: 'window' | 'document'): EventTarget => (name === 'window' ? window : document)
  for (const [target, type, run] of listenings) targetOf(target).addEventListener(type, run)
  return () => {
    for (const [target, type, run] of listenings) targetOf(target).removeEventListener(type, run)
  }
}
