import type { JsonObject } from '../../src-shared/json.ts'
import type { ServerFrame } from '../../src-shared/protocol/server-frames.ts'
import type { Platform, SocketLike } from '../lib/platform.ts'
import { Backoff } from './backoff.ts'
import { type ConnectionEffect, type ConnectionInput, type ConnectionState, TRANSITIONS } from './states.ts'

export interface ConnectionOptions {
  url: () => string
  autoReconnect: boolean
  /** The frame to introduce us with. A rejection counts as a failed attempt. */
  hello: () => Promise<JsonObject>
}

export interface ConnectionHandlers {
  onState: (state: ConnectionState) => void
  onFrame: (frame: ServerFrame) => void
  /** Something that a person may want to know; the connection goes on trying. */
  onProblem: (message: string) => void
  /** The server closed the socket because of our token; the next attempt asks for another one. */
  onUnauthorized: (message: string) => void
}

/** Longest silence of a server that owes us an answer: an open socket, a welcome, a pong. */
const ANSWER_TIMEOUT_MS = 15_000
/** Close code of a server that refuses our token, or whose token has expired. */
const UNAUTHORIZED = 4401
/** After this much silence we ask whether the server is still there. */
const QUIET_MS = 20_000

/**
 * One socket after the other, as the transition table of states.ts says.
 *
 * The browser does not show the server's pings, so a dead network would go unnoticed for minutes: after 20 s without a
 * frame we send a `ping`, and 15 s later the socket is given up.
 */
export class Connection {
  readonly #platform: Platform
  readonly #options: ConnectionOptions
  readonly #handlers: ConnectionHandlers
  readonly #backoff: Backoff
  #state: ConnectionState = 'idle'
  #socket: SocketLike | undefined
  #waitTimer: unknown
  #watchTimer: unknown
  #isAnswerDue = false
  #nextWaitMs: number | undefined

  constructor(platform: Platform, options: ConnectionOptions, handlers: ConnectionHandlers) {
    this.#platform = platform
    this.#options = options
    this.#handlers = handlers
    this.#backoff = new Backoff(platform.random)
  }

  get state(): ConnectionState {
    return this.#state
  }

  connect(): void {
    this.#handle('connect')
  }

  /** Ends the wait for the next attempt, if there is one. */
  retry(): void {
    this.#handle('retry')
  }

  /** The server said `server:ready`. */
  welcome(): void {
    this.#isAnswerDue = false
    this.#handle('welcomed')
  }

  /** Gives this socket up and tries another one, after the usual wait. */
  lose(problem?: string): void {
    if (problem !== undefined) this.#handlers.onProblem(problem)
    this.#handle(this.#options.autoReconnect ? 'lost' : 'close')
  }

  close(): void {
    this.#handle('close')
  }

  /** The server asked for a wait before the next attempt. */
  waitAtLeast(waitMs: number): void {
    this.#nextWaitMs = waitMs
  }

  /** True when it was handed to an open socket, which is no promise that it arrives. */
  send(frame: object): boolean {
    if (!this.#socket || (this.#state !== 'open' && this.#state !== 'ready')) return false
    this.#socket.send(JSON.stringify(frame))
    return true
  }

  #handle(input: ConnectionInput): void {
    const { to, effects } = TRANSITIONS[this.#state][input]
    const hasChanged = to !== this.#state
    this.#state = to
    for (const effect of effects) this.#effects[effect]()
    if (hasChanged) this.#handlers.onState(to)
  }

  readonly #effects: Readonly<Record<ConnectionEffect, () => void>> = {
    'open-socket': () => this.#openSocket(),
    'say-hello': () => this.#sayHello(),
    'drop-socket': () => this.#dropSocket(),
    'start-wait': () => {
      const waitMs = Math.max(this.#backoff.nextMs(), this.#nextWaitMs ?? 0)
      this.#nextWaitMs = undefined
      this.#waitTimer = this.#platform.setTimeout(() => this.#handle('retry'), waitMs)
    },
    'end-wait': () => this.#platform.clearTimeout(this.#waitTimer),
    'reset-backoff': () => this.#backoff.reset(),
  }

  #openSocket(): void {
    let socket: SocketLike
    try {
      socket = this.#platform.openSocket(this.#options.url())
    } catch (error) {
      // A wrong address; later is no different, but the application hears of it. Not now: the state is still changing.
      queueMicrotask(() => this.lose(`No socket could be opened: ${String(error)}`))
      return
    }
    this.#socket = socket
    this.#expectAnswer()
    socket.onopen = () => this.#isCurrent(socket) && this.#handle('opened')
    socket.onmessage = (event) => this.#isCurrent(socket) && this.#receive(event.data)
    socket.onclose = ({ code, reason }) => {
      if (!this.#isCurrent(socket)) return
      if (code === UNAUTHORIZED) this.#handlers.onUnauthorized(reason)
      this.lose(reason === '' || code === UNAUTHORIZED ? undefined : `${code} ${reason}`)
    }
    // A close event follows, which says more.
    socket.onerror = () => undefined
  }

  #isCurrent(socket: SocketLike): boolean {
    return this.#socket === socket
  }

  #sayHello(): void {
    const socket = this.#socket
    this.#options.hello().then(
      (hello) => this.#socket === socket && this.send(hello),
      (error: unknown) => this.#socket === socket && this.lose(`No hello could be made: ${String(error)}`),
    )
  }

  #dropSocket(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#platform.clearTimeout(this.#watchTimer)
    socket?.close(1000)
  }

  #receive(data: unknown): void {
    this.#isAnswerDue = this.#state !== 'ready'
    this.#watch(this.#isAnswerDue ? ANSWER_TIMEOUT_MS : QUIET_MS)
    let frame: ServerFrame
    try {
      frame = JSON.parse(String(data)) as ServerFrame
    } catch {
      this.#handlers.onProblem('The server sent no JSON.')
      return
    }
    this.#handlers.onFrame(frame)
  }

  #expectAnswer(): void {
    this.#isAnswerDue = true
    this.#watch(ANSWER_TIMEOUT_MS)
  }

  #watch(delayMs: number): void {
    this.#platform.clearTimeout(this.#watchTimer)
    this.#watchTimer = this.#platform.setTimeout(() => {
      if (this.#isAnswerDue) {
        this.lose('The server does not answer.')
        return
      }
      this.#expectAnswer()
      this.send({ type: 'ping' })
    }, delayMs)
  }
}
