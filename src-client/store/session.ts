import type { JsonObject } from '../../src-shared/json.ts'
import type { ServerEvent, ServerFrame, ServerReady } from '../../src-shared/protocol/server-frames.ts'
import type { Connection } from '../connection/connection.ts'
import type { Emitter } from '../lib/emitter.ts'
import { makeUuid } from '../lib/ids.ts'
import type { Platform } from '../lib/platform.ts'
import { StoreError } from '../lib/store-error.ts'
import type { Outbox } from '../queue/outbox.ts'
import { CONNECTION_CODES } from '../queue/send-rules.ts'
import type { Replica } from '../replica/replica.ts'
import type { StoreEvents, StoreState } from './events.ts'
import type { StoreOptions } from './options.ts'
import type { Requests } from './requests.ts'

/** The version of the protocol that this library speaks. Source: src-shared/protocol/version.ts. */
export const PROTOCOL = 2

export interface SessionParts {
  platform: Platform
  options: StoreOptions
  moduleId: string
  replica: Replica
  outbox: Outbox
  requests: Requests
  emitter: Emitter<StoreEvents>
  connection: () => Connection
  clientId: () => Promise<string>
  token: () => StoreOptions['token']
  state: () => StoreState
  /** There is something to show: a snapshot, or a server without news. */
  onData: () => void
  /** The hello was refused. */
  onRefused: (error: StoreError) => void
}

/**
 * What is said on the socket: the hello with our position, and what each frame of the server means.
 *
 * Whatever cannot be followed (a gap, another epoch, a reset, a directive to resync) is answered with another hello on
 * the same socket, from the position that we have; the server decides whether events, a delta or a snapshot is right.
 * When even that does not help, the next hello comes without a position and gets a snapshot.
 */
export class Session {
  readonly #parts: SessionParts
  #helloId: string | undefined
  #isCatchingUp = false
  /** The position that a resync could not get us past. */
  #stuckAt: number | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
  }

  async #askToken(): Promise<string | undefined> {
    const token = this.#parts.token()
    return typeof token === 'function' ? token() : token
  }

  /** When there is none now, the server waits a while; the next attempt to connect asks again. */
  #renewToken(): void {
    this.#askToken().then(
      (token) => this.#parts.connection().send({ type: 'client:auth', token }),
      () => undefined,
    )
  }

  async makeHello(): Promise<JsonObject> {
    const { options, moduleId, replica, platform } = this.#parts
    const { branchId, role, userId, lang, historyLimit, tables } = options
    const clientId = await this.#parts.clientId()
    const sent = await this.#askToken()
    const { cursor } = replica
    const isStuck = cursor !== undefined && this.#stuckAt === cursor.seq
    replica.startOver()
    this.#isCatchingUp = true
    this.#helloId = `hello-${makeUuid(platform)}`
    return {
      type: 'client:hello',
      requestId: this.#helloId,
      protocol: PROTOCOL,
      branchId,
      modules: [moduleId],
      clientId,
      role: role ?? 'sdk',
      requestSnapshot: true,
      requestHistory: options.requestHistory === true,
      historyLimit: historyLimit ?? 100,
      ...(userId !== undefined && { userId }),
      ...(lang !== undefined && { lang }),
      ...(sent !== undefined && { token: sent }),
      ...(tables && { tables: [...tables] }),
      ...(cursor && !isStuck && { cursor: { [moduleId]: { ...cursor } } }),
    }
  }

  receive(frame: ServerFrame): void {
    const { emitter, replica, outbox, requests, moduleId, state } = this.#parts
    switch (frame.type) {
      case 'server:hello':
        emitter.emit('hello', frame)
        break
      case 'server:snapshot-part':
        if (frame.moduleId === moduleId) replica.stagePart(frame)
        break
      case 'server:snapshot':
        if ('cursor' in frame && replica.applySnapshot(frame, moduleId)) {
          this.#parts.onData()
          emitter.emit('snapshot', state())
          requests.answer(frame.meta.requestId, undefined)
        }
        break
      case 'server:delta':
        if (frame.moduleId === moduleId && !replica.applyDelta(frame)) this.#resync(true)
        break
      case 'server:event':
        if (frame.moduleId === moduleId) this.#receiveEvent(frame)
        break
      case 'server:ready':
        if (frame.requestId === this.#helloId) this.#receiveReady(frame)
        break
      case 'server:ack':
        outbox.handleAck(frame)
        emitter.emit('ack', frame)
        break
      case 'server:error':
        if (!outbox.handleError(frame)) this.#receiveError(frame)
        break
      case 'server:query:result':
        requests.answer(frame.requestId, frame)
        break
      case 'server:query:error': {
        const error = new StoreError(frame.code as StoreError['code'], frame.error)
        requests.refuse(frame.requestId, error)
        break
      }
      case 'server:directive':
        emitter.emit('directive', frame)
        if (frame.directive === 'renew-token') this.#renewToken()
        else if (frame.directive === 'reconnect') this.#parts.connection().waitAtLeast(frame.retryAfterMs)
        else if (frame.directive === 'resync' || (frame.directive === 'full-sync-flag' && frame.enabled)) this.#resync()
        break
      case 'server:log':
        emitter.emit('log', frame)
        break
      case 'server:history':
        emitter.emit('history', frame)
        break
      default:
        // Answers to pings, and what a newer server may say.
        break
    }
  }

  #receiveEvent(event: ServerEvent): void {
    const { replica, emitter } = this.#parts
    const outcome = replica.applyEvent(event)
    if (outcome.kind === 'applied') for (const one of outcome.events) emitter.emit('event', one)
    if (outcome.kind !== 'stale') return
    // An event of the whole module: its listeners want to know, though only the snapshot brings the data.
    if (event.table === undefined) emitter.emit('event', event)
    if (!this.#isCatchingUp) this.#resync()
  }

  #receiveReady(ready: ServerReady): void {
    const { replica, moduleId, options, connection } = this.#parts
    const head = ready.cursor[moduleId]
    const { cursor } = replica
    this.#isCatchingUp = false
    const hasMissed = !cursor || (head && (cursor.epoch !== head.epoch || cursor.seq < head.seq))
    if (head && hasMissed && options.tables === undefined) {
      this.#resync(true)
      return
    }
    this.#stuckAt = undefined
    if (head && cursor) replica.settleAt(head)
    this.#parts.onData()
    connection().welcome()
    this.#parts.outbox.pump()
  }

  #receiveError(frame: Extract<ServerFrame, { type: 'server:error' }>): void {
    const { details, errors } = frame
    const error = new StoreError(frame.error, frame.message, { ...(details && { details }), ...(errors && { errors }) })
    if (this.#parts.requests.refuse(frame.requestId, error)) return
    const { emitter } = this.#parts
    emitter.emit('error', error)
    if (frame.requestId !== this.#helloId) return
    if (CONNECTION_CODES.has(error.code)) emitter.emit('signed-out', { code: error.code })
    this.#parts.onRefused(error)
    this.#parts.connection().lose()
  }

  /** @param isStuck - Our position does not help: ask for a snapshot. */
  #resync(isStuck = false): void {
    const { connection, replica } = this.#parts
    if (isStuck) this.#stuckAt = replica.cursor?.seq
    this.makeHello().then(
      (hello) => connection().send(hello),
      (error: unknown) => connection().lose(`No hello could be made: ${String(error)}`),
    )
  }
}
