import { WebSocket } from 'ws'
import { serveHelper } from '../lib/helper-process.ts'
import { orderLine } from '../lib/records.ts'

/**
 * Listeners and a publisher: how long from a publish until the last listener has its frame. The listeners look at the
 * length of a frame only.
 */
let received = 0
let expected = Number.POSITIVE_INFINITY
let arrived: () => void = () => undefined
let made = 0
let lastEvent: Buffer | undefined

interface Target {
  wsUrl: string
  /** Says hello first; a bare server needs none. */
  isOurs: boolean
}

interface Room {
  count: number
  /** Of a closed branch, taken in turn. */
  tokens?: string[]
  publisherToken?: string
}

let publisher: WebSocket | undefined
let listeners: WebSocket[] = []

async function open(wsUrl: string, hello: object | undefined, onFrame: (data: Buffer) => void): Promise<WebSocket> {
  const socket = new WebSocket(wsUrl, { perMessageDeflate: false })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  if (hello) {
    const ready = new Promise<void>((resolve) => {
      socket.on('message', function wait(data: Buffer) {
        if (!data.includes('server:ready')) return
        socket.off('message', wait)
        resolve()
      })
    })
    socket.send(JSON.stringify({ type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], ...hello }))
    await ready
  }
  socket.on('message', onFrame)
  return socket
}

const methods = {
  async open({ wsUrl, isOurs, count, tokens, publisherToken = tokens?.[0] }: Target & Room): Promise<void> {
    const listen = (data: Buffer): void => {
      lastEvent = data
      if (++received === expected) arrived()
    }
    const quiet = { requestSnapshot: false }
    listeners = []
    for (let index = 0; index < count; index++) {
      const token = tokens?.[index % tokens.length]
      listeners.push(await open(wsUrl, isOurs ? { ...quiet, token } : undefined, listen))
    }
    publisher = await open(wsUrl, isOurs ? { ...quiet, token: publisherToken, tables: [] } : undefined, () => undefined)
  },
  /** Milliseconds of each publish, one after the other. */
  async publish({ count }: { count: number }): Promise<number[]> {
    const times: number[] = []
    for (let index = 0; index < count; index++) {
      const id = `line-fan-${process.pid.toString(36)}-${(++made).toString(36).padStart(8, '0')}`
      const frame = { type: 'client:publish', requestId: id, action: 'module:insert', table: 'order_line' }
      const text = JSON.stringify({ ...frame, record: orderLine(id) })
      received = 0
      expected = listeners.length
      const all = new Promise<void>((resolve) => {
        arrived = resolve
      })
      const startedAt = performance.now()
      publisher!.send(text)
      await all
      times.push(performance.now() - startedAt)
      // A till does not publish at once again: the ack arrives in between.
      await new Promise((done) => setTimeout(done, 2))
    }
    return times
  },
  /** The last frame that a listener got. */
  lastFrame(_: object): string {
    return lastEvent!.toString('utf8')
  },
}
export type Listeners = typeof methods

serveHelper(methods)
