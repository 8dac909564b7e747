import type { ServerFrame } from '../../src-shared/protocol/server-frames.ts'
import type { ServerAddress } from './api-client.ts'

/** In words on every screen. `offline` still tries: it says that the last attempt failed. */
export type LiveState = 'connecting' | 'connected' | 'offline'

/** What the console hears: one table changed, or a whole module did. */
export type LiveChange = { kind: 'table'; moduleId: string; table: string } | { kind: 'all' }

export interface LiveSocketOptions {
  address: ServerAddress
  branchId: string
  moduleId: string
  clientId: string
  language: string
  onState(state: LiveState): void
  onChange(change: LiveChange): void
}

const FIRST_DELAY_MS = 500
const LONGEST_DELAY_MS = 10_000
const READY_LIMIT_MS = 10_000
const PING_EVERY_MS = 20_000

/** Wait before attempt `n` (0 is the first repeat): doubles up to ten seconds, spread by a quarter. */
export function reconnectDelayMs(attempt: number, random: () => number): number {
  const base = Math.min(FIRST_DELAY_MS * 2 ** Math.min(attempt, 10), LONGEST_DELAY_MS)
  return Math.round(base * (0.75 + random() * 0.5))
}

/** What a frame means for what is shown; undefined for frames that change nothing. */
export function readChange(frame: ServerFrame): LiveChange | undefined {
  if (frame.type === 'server:directive') return { kind: 'all' }
  if (frame.type !== 'server:event') return undefined
  return frame.table === undefined ? { kind: 'all' } : { kind: 'table', moduleId: frame.moduleId, table: frame.table }
}

/** Listens to one module of one branch and never sends a write. @returns A function that ends it. */
export function openLiveSocket(options: LiveSocketOptions): () => void {
  const { address, branchId, moduleId, clientId, language, onState, onChange } = options
  const url = `${address.baseUrl.replace(/^http/, 'ws')}/ws`
  let socket: WebSocket | undefined
  let timer: number | undefined
  let pings: number | undefined
  let attempt = 0
  let wasReady = false
  let isClosed = false

  function connect(): void {
    onState('connecting')
    const opened = new WebSocket(url, address.token ? [`bearer.${address.token}`] : [])
    socket = opened
    const limit = window.setTimeout(() => opened.close(), READY_LIMIT_MS)
    opened.onopen = () => {
      const hello = { branchId, modules: [moduleId], requestSnapshot: false, clientId, role: 'console', lang: language }
      opened.send(JSON.stringify({ type: 'client:hello', protocol: 2, ...hello }))
    }
    opened.onmessage = ({ data }) => {
      const frame = parseFrame(data)
      if (frame?.type === 'server:ready') {
        window.clearTimeout(limit)
        attempt = 0
        onState('connected')
        // Whatever happened while we were away was not heard.
        if (wasReady) onChange({ kind: 'all' })
        wasReady = true
        pings = window.setInterval(() => opened.send('{"type":"ping"}'), PING_EVERY_MS)
      }
      const change = frame && readChange(frame)
      if (change) onChange(change)
    }
    opened.onclose = () => {
      window.clearTimeout(limit)
      window.clearInterval(pings)
      if (isClosed || socket !== opened) return
      onState('offline')
      timer = window.setTimeout(connect, reconnectDelayMs(attempt++, Math.random))
    }
  }

  function reconnectNow(): void {
    if (timer === undefined || socket?.readyState !== WebSocket.CLOSED) return
    window.clearTimeout(timer)
    connect()
  }

  window.addEventListener('online', reconnectNow)
  connect()
  return () => {
    isClosed = true
    window.removeEventListener('online', reconnectNow)
    window.clearTimeout(timer)
    window.clearInterval(pings)
    socket?.close()
  }
}

function parseFrame(data: unknown): ServerFrame | undefined {
  try {
    return typeof data === 'string' ? (JSON.parse(data) as ServerFrame) : undefined
  } catch {
    return undefined
  }
}
