import { type ClientOptions, WebSocket } from 'ws'
import type { JsonObject } from '../../src-shared/json.ts'

const WAIT_MS = 10_000

/** A received frame. Deeper fields are read with `at`. */
export interface Frame {
  type: string
  requestId?: string
  message?: string
  moduleId?: string
  table?: string
  sequence?: number
  [field: string]: unknown
}

export type FramePredicate = (frame: Frame) => boolean

/**
 * A socket of a test: remembers every frame in its order, and waits for one that fits.
 *
 * `next` looks first at the frames that no `next` has taken yet, so nothing is lost between two waits.
 */
export class TestSocket {
  /** Every frame since the connection, in order. */
  readonly frames: Frame[] = []
  readonly closed: Promise<{ code: number; reason: string }>
  readonly #socket: WebSocket
  readonly #fresh: Frame[] = []
  readonly #waiting: { predicate: FramePredicate; resolve: (frame: Frame) => void }[] = []
  #requests = 0

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => this.#receive(String(data)))
    socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }))
    })
  }

  /** @throws Error when the upgrade is refused, with the status in its message. */
  static async open(wsUrl: string, options: ClientOptions = {}): Promise<TestSocket> {
    const socket = new WebSocket(wsUrl, { handshakeTimeout: WAIT_MS, ...options })
    const test = new TestSocket(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    return test
  }

  /** Opens, says hello and waits for the snapshot (or, in protocol 2, for server:ready). */
  static async enter(wsUrl: string, hello: JsonObject, options: ClientOptions = {}): Promise<TestSocket> {
    const socket = await TestSocket.open(wsUrl, options)
    const end = hello.protocol === 2 ? 'server:ready' : 'server:snapshot'
    socket.send({ type: 'client:hello', requestSnapshot: true, ...hello })
    await socket.nextOf(end)
    return socket
  }

  send(frame: JsonObject | string): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /**
   * The first frame not taken yet that fits.
   *
   * @throws Error after `timeoutMs`, with the types of the frames that came instead.
   */
  next(predicate: FramePredicate, timeoutMs = WAIT_MS): Promise<Frame> {
    const index = this.#fresh.findIndex(predicate)
    if (index >= 0) return Promise.resolve(this.#fresh.splice(index, 1)[0]!)
    return new Promise((resolve, reject) => {
      const entry = { predicate, resolve: done }
      const deadline = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1)
        const types = this.frames.map((frame) => `${frame.type}${frame.message ? ` (${frame.message})` : ''}`)
        reject(new Error(`no such frame in ${timeoutMs} ms; got ${types.join(', ') || 'nothing'}`))
      }, timeoutMs)
      function done(frame: Frame): void {
        clearTimeout(deadline)
        resolve(frame)
      }
      this.#waiting.push(entry)
    })
  }

  nextOf(type: string, timeoutMs?: number): Promise<Frame> {
    return this.next((frame) => frame.type === type, timeoutMs)
  }

  /** Sends a frame with a request id (its own, or a made one) and waits for its ack, error or result. */
  request(frame: JsonObject, timeoutMs?: number): Promise<Frame> {
    const requestId = String(frame.requestId ?? `req-${++this.#requests}`)
    this.send({ ...frame, requestId })
    return this.next((one) => one.requestId === requestId && one.type !== 'server:event', timeoutMs)
  }

  /** A publish to the module `pos`, unless `more` names another. */
  publish(action: string, table: string, record: JsonObject, more: JsonObject = {}): Promise<Frame> {
    return this.request({ type: 'client:publish', moduleId: 'pos', action: `module:${action}`, table, record, ...more })
  }

  /** Resolves once the server has answered everything sent before: a ping comes back after it. */
  async settle(): Promise<void> {
    this.send({ type: 'ping' })
    await this.nextOf('pong')
  }

  isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN
  }

  async close(): Promise<void> {
    this.#socket.close()
    const deadline = setTimeout(() => this.#socket.terminate(), 2_000)
    await this.closed
    clearTimeout(deadline)
  }

  #receive(text: string): void {
    const frame = JSON.parse(text) as Frame
    this.frames.push(frame)
    const index = this.#waiting.findIndex((entry) => entry.predicate(frame))
    if (index < 0) {
      this.#fresh.push(frame)
      return
    }
    const [entry] = this.#waiting.splice(index, 1)
    entry!.resolve(frame)
  }
}
