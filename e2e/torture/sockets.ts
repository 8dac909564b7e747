import { readFileSync } from 'node:fs'
import { WebSocket } from 'ws'
import { send } from '../support/http.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

const MODULE = '/api/branches/dar/modules/pos'
const HELLO = { branchId: 'dar', protocol: 2, requestSnapshot: false }

export interface SlowReadersReport {
  events: number
  growthMb: number
  /** Delay of events at the readers that keep up. */
  fastP95Ms: number
  resynced: number
  problems: string[]
}

/**
 * T13: sockets that stop reading while events flow. Memory stays bounded, the others hear everything soon, and whoever
 * was left behind is told to resync once it reads again.
 */
export async function runSlowReaders(options: { slow: number; events: number }): Promise<SlowReadersReport> {
  const server = await startTestServer({ args: ['--log-level', 'error'] })
  const problems: string[] = []
  const slow: { socket: WebSocket; frames: number; isResynced: boolean }[] = []
  const fast: TestSocket[] = []
  try {
    for (let index = 0; index < options.slow; index++) slow.push(await openSlow(server))
    for (let index = 0; index < 3; index++) fast.push(await TestSocket.enter(server.wsUrl, HELLO))
    const writer = await TestSocket.enter(server.wsUrl, { ...HELLO, tables: [] })
    for (const { socket } of slow) socket.pause()
    const before = residentMb(server)
    const delays: number[] = []
    let peak = before
    for (let made = 0; made < options.events; ) {
      const sentAt = performance.now()
      const size = Math.min(20, options.events - made)
      const acks = Array.from({ length: size }, () => {
        const record = { id: `cust-slow-${++made}`, name: 'Slow', notes: 'n'.repeat(4_000) }
        return writer.publish('insert', 'customer_profiles', record, { moduleId: 'pos' })
      })
      await Promise.all(acks)
      const last = `cust-slow-${made}`
      await Promise.all(
        fast.map((socket) => socket.next((frame) => frame.type === 'server:event' && keyOf(frame) === last)),
      )
      delays.push(performance.now() - sentAt)
      if (made % 500 === 0) peak = Math.max(peak, residentMb(server))
    }
    peak = Math.max(peak, residentMb(server))
    for (const socket of fast) {
      const heard = socket.frames.filter((frame) => frame.type === 'server:event').length
      if (heard !== options.events) problems.push(`a fast reader heard ${heard} of ${options.events} events`)
    }
    await Promise.all(slow.map((reader) => readOn(reader, options.events)))
    const behind = slow.filter(({ isResynced, frames }) => !isResynced && frames < options.events)
    if (behind.length > 0) problems.push(`${behind.length} slow readers miss events and were not told to resync`)
    delays.sort((a, b) => a - b)
    return {
      events: options.events,
      growthMb: Math.round(peak - before),
      fastP95Ms: delays[Math.floor(delays.length * 0.95)] ?? 0,
      resynced: slow.filter(({ isResynced }) => isResynced).length,
      problems,
    }
  } finally {
    for (const { socket } of slow) socket.terminate()
    for (const socket of fast) await socket.close()
    await server.stop()
  }
}

function keyOf(frame: object): string | undefined {
  return (frame as { recordRef?: { key?: string } }).recordRef?.key
}

async function openSlow(server: TestServer): Promise<{ socket: WebSocket; frames: number; isResynced: boolean }> {
  const socket = new WebSocket(server.wsUrl)
  const reader = { socket, frames: 0, isResynced: false }
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const ready = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      const { type, directive } = JSON.parse(data.toString('utf8')) as { type: string; directive?: string }
      if (type === 'server:ready') resolve()
      if (type === 'server:event') reader.frames++
      if (type === 'server:directive' && directive === 'resync') reader.isResynced = true
    })
  })
  socket.send(JSON.stringify({ type: 'client:hello', ...HELLO }))
  await ready
  return reader
}

/** Reads until everything was heard, the directive came, or the server closed. */
async function readOn(
  reader: { socket: WebSocket; frames: number; isResynced: boolean },
  events: number,
): Promise<void> {
  const { socket } = reader
  const isDone = (): boolean => reader.isResynced || reader.frames >= events || socket.readyState !== WebSocket.OPEN
  socket.resume()
  await new Promise<void>((resolve) => {
    const deadline = setTimeout(resolve, 10_000)
    const check = (): void => {
      if (!isDone()) return
      clearTimeout(deadline)
      resolve()
    }
    socket.on('message', check)
    socket.on('close', () => {
      // A closed socket takes a snapshot when it comes back: that is a resync, too.
      reader.isResynced = true
      check()
    })
    check()
  })
}

function residentMb({ pid }: TestServer): number {
  if (process.platform !== 'linux') return 0
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024
}

export interface StormReport {
  sockets: number
  rounds: number
  slowestMs: number
  /** 99th percentile of the event loop's delay as /metrics has it. */
  loopDelayP99Ms: number
  problems: string[]
}

/**
 * T14: all sockets drop and come back within a second, each with its cursor. They get the events that they missed and
 * no snapshot.
 */
export async function runReconnectStorm(options: { sockets: number; rounds: number }): Promise<StormReport> {
  const server = await startTestServer({ args: ['--log-level', 'error'] })
  const problems: string[] = []
  let slowestMs = 0
  let loopDelayP99Ms = 0
  let made = 0
  try {
    for (let round = 0; round < options.rounds; round++) {
      const { body } = await send(server.url, `${MODULE}/events?limit=1`)
      const { version, epoch } = body as { version: number; epoch: number }
      const missed = 40
      for (let index = 0; index < missed; index++) {
        const record = { id: `cust-storm-${++made}`, name: 'Storm' }
        await send(server.url, `${MODULE}/tables/customer_profiles`, { method: 'POST', body: { record } })
      }
      await loopDelay(server)
      const startedAt = performance.now()
      const hello = { ...HELLO, requestSnapshot: true, modules: ['pos'], cursor: { pos: { epoch, seq: version } } }
      const sockets = await Promise.all(
        Array.from({ length: options.sockets }, () => TestSocket.enter(server.wsUrl, hello)),
      )
      slowestMs = Math.max(slowestMs, performance.now() - startedAt)
      loopDelayP99Ms = Math.max(loopDelayP99Ms, await loopDelay(server))
      for (const socket of sockets) {
        const events = socket.frames.filter((frame) => frame.type === 'server:event')
        const isGapless = events.every((frame, index) => frame.sequence === version + 1 + index)
        if (events.length !== missed || !isGapless)
          problems.push(`round ${round}: ${events.length} of ${missed} events`)
        if (socket.frames.some((frame) => frame.type.startsWith('server:snapshot')))
          problems.push(`round ${round}: a snapshot`)
      }
      await Promise.all(sockets.map((socket) => socket.close()))
    }
    return { ...options, slowestMs, loopDelayP99Ms, problems: problems.slice(0, 20) }
  } finally {
    await server.stop()
  }
}

async function loopDelay(server: TestServer): Promise<number> {
  const { text } = await send(server.url, '/metrics')
  return Number(/mishkah_event_loop_delay_seconds\{quantile="0.99"\} (\S+)/.exec(text)?.[1] ?? 0) * 1_000
}
