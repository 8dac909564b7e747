import type { JsonObject } from '../../src-shared/json.ts'
import type { Platform, SocketLike } from '../lib/platform.ts'
import { createMemoryStorage, emptyContents } from '../storage/memory-storage.ts'
import type { ClientStorage } from '../storage/storage.ts'

/** A clock that stands still until a test moves it; timers run in their order. */
export class TestClock {
  nowMs = Date.parse('2026-01-01T00:00:00Z')
  #timers: { at: number; run: () => void }[] = []

  setTimeout(run: () => void, delayMs: number): unknown {
    const timer = { at: this.nowMs + delayMs, run }
    this.#timers.push(timer)
    return timer
  }

  clearTimeout(timer: unknown): void {
    this.#timers = this.#timers.filter((one) => one !== timer)
  }

  async advance(durationMs: number): Promise<void> {
    const end = this.nowMs + durationMs
    for (;;) {
      await settle()
      const next = this.#timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0]
      if (!next) break
      this.clearTimeout(next)
      this.nowMs = Math.max(this.nowMs, next.at)
      next.run()
    }
    this.nowMs = end
    await settle()
  }
}

/** Lets everything run that waits for nothing but promises. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0))
}

/** The other end of a socket, played by the test. */
export class TestPeer implements SocketLike {
  onopen: SocketLike['onopen'] = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  onerror: SocketLike['onerror'] = null
  /** What the client has sent. */
  readonly received: JsonObject[] = []
  isClosed = false

  send(text: string): void {
    if (!this.isClosed) this.received.push(JSON.parse(text) as JsonObject)
  }

  close(): void {
    this.isClosed = true
  }

  accept(): void {
    this.onopen?.call(this as never, new Event('open'))
  }

  say(frame: object): void {
    this.onmessage?.call(this as never, new MessageEvent('message', { data: JSON.stringify(frame) }))
  }

  /** The network is gone. */
  cut(): void {
    this.isClosed = true
    this.onclose?.call(this as never, Object.assign(new Event('close'), { code: 1006, reason: '' }) as never)
  }

  ofType(type: string): JsonObject[] {
    return this.received.filter((frame) => frame.type === type)
  }

  /** Answers the last hello: an empty module at this position. */
  welcome(seq = 1, tables: Record<string, JsonObject[]> = {}): void {
    const hello = this.ofType('client:hello').at(-1)!
    const cursor = { pos: { epoch: 1, seq } }
    const claim = (hello.cursor as JsonObject | undefined)?.pos as JsonObject | undefined
    if (claim?.seq !== seq) {
      for (const [table, records] of Object.entries(tables)) {
        const place = { moduleId: 'pos', epoch: 1, seq, table, part: 0, isLast: true, isSingleton: false }
        this.say({ type: 'server:snapshot-part', ...place, records })
      }
      const module = { moduleId: 'pos', version: seq, tableNames: Object.keys(tables), meta: {} }
      this.say({ type: 'server:snapshot', modules: { pos: module }, cursor, meta: {} })
    }
    this.say({ type: 'server:ready', requestId: hello.requestId, protocol: 2, cursor, modes: {} })
  }

  /** Takes a write as the server does: its ack, with the record at this version. */
  ack(publish: JsonObject, sequence: number, version = 1): void {
    const record: JsonObject = { ...(publish.record as JsonObject), version }
    const { table, action } = publish
    const recordRef = { table, key: String(record.id), primaryKey: { id: record.id } }
    const change = { action, table, recordRef, epoch: 1, sequence, version: sequence, entry: { record } }
    this.say({ type: 'server:ack', requestId: publish.requestId, ...change })
  }

  refuse(publish: JsonObject, error: string, details: JsonObject = {}): void {
    this.say({ type: 'server:error', requestId: publish.requestId, error, message: error, details })
  }
}

/** Surroundings in which the test is the network and the clock. */
export class TestSurroundings {
  readonly clock = new TestClock()
  readonly peers: TestPeer[] = []
  storage: ClientStorage = createMemoryStorage(emptyContents())
  wake: () => void = () => undefined

  readonly platform: Platform = {
    now: () => this.clock.nowMs,
    setTimeout: (run, delayMs) => this.clock.setTimeout(run, delayMs),
    clearTimeout: (timer) => this.clock.clearTimeout(timer),
    random: () => 0.5,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    openSocket: () => {
      const peer = new TestPeer()
      this.peers.push(peer)
      return peer
    },
    openStorage: async () => this.storage,
    openChannel: () => undefined,
    locks: undefined,
    fetch: () => Promise.reject(new Error('there is no REST here')),
    origin: 'http://branch.test',
    onWake: (run) => {
      this.wake = run
      return () => undefined
    },
    onLeave: () => () => undefined,
  }

  /** The socket of the last attempt. */
  get peer(): TestPeer {
    return this.peers.at(-1)!
  }
}
