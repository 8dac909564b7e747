import { WebSocket } from 'ws'
import { serveHelper } from '../lib/helper-process.ts'
import { orderLine } from '../lib/records.ts'

/**
 * Writers over WebSocket: each keeps `depth` publishes under way and sends the next when an ack arrives. Acks are counted,
 * not parsed: the generator must cost less than what it measures.
 */
const ACK = Buffer.from('{"type":"server:ack"')

let sockets: WebSocket[] = []
let sent = 0
let acked = 0
let isRunning = false
let problem: string | undefined
const prefix = `line-${process.pid.toString(36)}-`

/** A publish without its id, which stands in it several times. */
const FRAME = JSON.stringify({
  type: 'client:publish',
  requestId: '@',
  action: 'module:insert',
  table: 'order_line',
  record: orderLine('@'),
}).split('@')

function publish(socket: WebSocket): void {
  socket.send(FRAME.join(`${prefix}${(++sent).toString(36).padStart(8, '0')}`))
}

function handle(socket: WebSocket, data: Buffer): void {
  if (data.subarray(0, ACK.length).equals(ACK)) {
    acked++
    if (isRunning) publish(socket)
  } else problem ??= data.toString('utf8').slice(0, 300)
}

const methods = {
  async open({ wsUrl, clients }: { wsUrl: string; clients: number }): Promise<void> {
    sockets = await Promise.all(Array.from({ length: clients }, () => enter(wsUrl)))
  },
  /** Acknowledged writes a second. */
  async run({ seconds, depth }: { seconds: number; depth: number }): Promise<number> {
    const before = acked
    const startedAt = performance.now()
    isRunning = true
    for (const socket of sockets) for (let index = 0; index < depth; index++) publish(socket)
    await new Promise((done) => setTimeout(done, seconds * 1_000))
    const rate = (acked - before) / ((performance.now() - startedAt) / 1_000)
    isRunning = false
    // The rest arrives before the next measurement begins.
    for (let waits = 0; acked < sent && waits < 200; waits++) await new Promise((done) => setTimeout(done, 10))
    if (problem !== undefined || acked < sent) throw new Error(problem ?? `${sent - acked} writes without an answer`)
    return rate
  },
}
export type SocketWriters = typeof methods

function enter(wsUrl: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(wsUrl, { perMessageDeflate: false })
    socket.on('error', reject)
    socket.on('open', () => {
      const hello = { type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], tables: [] }
      socket.send(JSON.stringify({ ...hello, requestSnapshot: false }))
    })
    socket.on('message', function wait(data: Buffer) {
      if (!data.includes('server:ready')) return
      socket.off('message', wait)
      socket.on('message', (frame: Buffer) => handle(socket, frame))
      resolve(socket)
    })
  })
}

serveHelper(methods)
