import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import type { Access } from '../../access/open-access.ts'
import type { PlainHttpRules } from '../../access/plain-http/plain-http-policy.ts'
import { defaultsDir } from '../../config/paths.ts'
import { createLog, silentLog } from '../../lib/log.ts'
import type { Store } from '../../store/api.ts'
import { openStore } from '../../store/open-store.ts'
import { createCallers } from '../callers.ts'
import { type Gateway, startGateway } from './gateway.ts'
import type { GatewayOptions } from './gateway-options.ts'

/** For tests: a gateway on port 0 with a real store in a temporary folder. */
export interface TestGateway {
  url: string
  store: Store
  gateway: Gateway
  /** Events of the log that should not happen. */
  problems: string[]
  connect(path?: string): Promise<TestClient>
  close(): Promise<void>
}

export interface TestGatewayOptions {
  sync?: Partial<GatewayOptions>
  rateLimit?: boolean
  legacyClients?: boolean
  /** Who may come in; everyone when absent. */
  access?: Access
  now?: () => number
  plainHttpRules?: () => PlainHttpRules
}

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const dataDir = mkdtempSync(join(tmpdir(), 'mishkah-sync-'))
  const store = await openStore({
    dataDir,
    defaultsDir,
    log: silentLog,
    legacyClients: options.legacyClients ?? false,
  })
  const server = createServer((_request, response) => response.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const problems: string[] = []
  const callers = createCallers({ host: '127.0.0.1', openLan: false })
  const gateway = startGateway({
    server,
    store,
    callers,
    ...(options.access && { access: options.access }),
    ...(options.now && { now: options.now }),
    ...(options.plainHttpRules && { plainHttpRules: options.plainHttpRules }),
    log: createLog({
      level: 'error',
      write: ({ event, fields }) => problems.push(`${event} ${JSON.stringify(fields)}`),
    }),
    options: { rateLimit: options.rateLimit ?? false, ...(options.sync && { sync: options.sync }) },
  })
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const clients: TestClient[] = []
  return {
    url,
    store,
    gateway,
    problems,
    async connect(path = '/ws') {
      const client = new TestClient(`${url}${path}`)
      clients.push(client)
      await client.opened
      return client
    },
    async close() {
      for (const client of clients) client.terminate()
      await gateway.close()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
      await store.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: tests read fields of frames as they come
export type Frame = Record<string, any>

const WAIT_MS = 10_000

/** A client that keeps every frame and waits for those that a test expects. */
export class TestClient {
  readonly webSocket: WebSocket
  readonly frames: Frame[] = []
  readonly opened: Promise<void>
  closeCode: number | undefined
  #waiting: (() => void)[] = []
  #read = 0

  constructor(url: string, protocols: string[] = [], headers: Record<string, string> = {}) {
    this.webSocket = new WebSocket(url, protocols, { perMessageDeflate: false, headers })
    this.opened = new Promise((resolve, reject) => {
      this.webSocket.once('open', () => resolve())
      this.webSocket.once('error', reject)
    })
    this.webSocket.on('error', () => undefined)
    this.webSocket.on('message', (data) => {
      this.frames.push(JSON.parse(data.toString()) as Frame)
      this.#wake()
    })
    this.webSocket.on('close', (code) => {
      this.closeCode = code
      this.#wake()
    })
  }

  send(frame: object | string): void {
    this.webSocket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** The next frame that was not read yet and that matches; frames before it count as read. */
  async next(match: string | ((frame: Frame) => boolean)): Promise<Frame> {
    const isMatch = typeof match === 'string' ? (frame: Frame) => frame.type === match : match
    return await this.#until(() => {
      while (this.#read < this.frames.length) {
        const frame = this.frames[this.#read++]!
        if (isMatch(frame)) return frame
      }
      return undefined
    }, String(match))
  }

  /** Resolves once `condition` holds after some frame. */
  async until(condition: () => boolean): Promise<void> {
    await this.#until(() => (condition() ? true : undefined), String(condition))
  }

  async closed(): Promise<number> {
    return await this.#until(() => this.closeCode, 'close')
  }

  /** Sends and waits for the answer with the same request id. */
  async ask(frame: Frame): Promise<Frame> {
    this.send(frame)
    return await this.next((reply) => reply.requestId === frame.requestId && reply.type !== 'server:log')
  }

  async hello(hello: Frame = {}): Promise<Frame> {
    this.send({ type: 'client:hello', branchId: 'dar', requestId: 'hello', ...hello })
    return await this.next(hello.protocol === 2 ? 'server:ready' : 'server:snapshot')
  }

  terminate(): void {
    this.webSocket.terminate()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  async #until<T>(probe: () => T | undefined, what: string): Promise<T> {
    const deadline = Date.now() + WAIT_MS
    for (;;) {
      const found = probe()
      if (found !== undefined) return found
      if (Date.now() > deadline) {
        throw new Error(
          `waited in vain for ${what}; last frames: ${JSON.stringify(this.frames.slice(-3)).slice(0, 1500)}`,
        )
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 250)
        this.#waiting.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }
}

export function insert(table: string, record: Frame, requestId: string, more: Frame = {}): Frame {
  return {
    type: 'client:publish',
    moduleId: 'pos',
    table,
    action: 'module:insert',
    record,
    requestId,
    meta: { requestId },
    ...more,
  }
}

export const line = (id: string, more: Frame = {}): Frame => ({ id, orderId: 'order-1', itemId: 'item-1', ...more })

export const merge = (table: string, record: Frame, requestId: string): Frame =>
  insert(table, record, requestId, { action: 'module:merge' })

/** Types of the frames since a mark, each with its request id or sequence. */
export const story = (client: TestClient, from = 0): string[] =>
  client.frames.slice(from).map((frame) => [frame.type, frame.requestId ?? frame.sequence].filter(Boolean).join(' '))

/** A protocol 1 client after its snapshot. */
export async function undeclared(gateway: TestGateway, hello: Frame = {}): Promise<TestClient> {
  const client = await gateway.connect()
  await client.hello(hello)
  return client
}

/** A protocol 2 client that is ready, without a snapshot unless asked. */
export async function declared(gateway: TestGateway, hello: Frame = {}): Promise<TestClient> {
  const client = await gateway.connect()
  await client.hello({ protocol: 2, requestSnapshot: false, ...hello })
  return client
}
