import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { AppError, type ErrorCode, isAppError, toErrorBody } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { ServerFrame } from '../../../src-shared/protocol/server-frames.ts'
import type { SignedDoor } from '../../access/plain-http/signed-door.ts'
import type { Principal } from '../../access/principal.ts'
import type { BranchStore } from '../../store/api.ts'
import type { Caller } from '../../store/types.ts'
import { HAND_OVER_BYTES } from './gateway-options.ts'
import { TokenBucket } from './limits.ts'
import { type FrameSink, OutgoingQueue } from './outgoing-queue.ts'
import { RequestMemory } from './request-memory.ts'
import type { Member, Room } from './room.ts'
import type { SyncServices } from './services.ts'
import { textFrame, type WireFrame } from './wire-frame.ts'

/** What a hello established. */
export interface Introduction {
  readonly branchId: string
  /** Looked up each time: a restore replaces it. Throws `restoring` meanwhile. */
  readonly branch: BranchStore
  protocol: 1 | 2
  clientId: string | undefined
  userId: string | undefined
  role: string | undefined
  lang: string | undefined
  moduleIds: string[]
  /** The module that a frame without one means. */
  onlyModuleId: string | undefined
  /** By module id: canonical names, null for all. */
  tables: ReadonlyMap<string, ReadonlySet<string> | null>
}

/** Who opened a socket, as the upgrade found out. */
export interface SocketCaller {
  address: string
  principal: Principal | undefined
  /** Takes the device's signature off each message; undefined for sockets that need none. */
  signedDoor?: SignedDoor | undefined
}

/** A place in a room, to be left. */
export interface Seat {
  room: Room
  member: Member
}

const REASON_BYTES = 120
/** Refused frames after which a socket that goes on is closed. */
const MAX_REFUSED = 500
const REFUSED_FORGIVEN_MS = 10_000
const MAX_TOPICS = 64
const MAX_HELD = 256

class SocketSink implements FrameSink {
  readonly #webSocket: WebSocket
  readonly #socket: Socket

  constructor(webSocket: WebSocket, socket: Socket) {
    this.#webSocket = webSocket
    this.#socket = socket
  }

  isOpen(): boolean {
    return this.#webSocket.readyState === WebSocket.OPEN && this.#socket.writable
  }
  bufferedBytes(): number {
    return this.#socket.writableLength
  }
  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }
  cork(): void {
    this.#socket.cork()
  }
  uncork(): void {
    this.#socket.uncork()
  }
}

/**
 * One socket: what it may be sent, what it said in its hello, and how it ends.
 *
 * Everything that leaves goes through `outgoing`, so that answers, snapshots and events keep their order. A socket that
 * does not read its answers is not read from; one that does not read its events loses them and is told so (protocol 2),
 * or is closed (protocol 1, whose reconnect takes a snapshot):
 *
 *     hearing ──limit passed──► events dropped ──queue empty──► directive "resync" ──hello──► hearing
 *                                    └── protocol 1: close 1013
 *
 * Source: docs/sync.md, rules B1 to B9.
 */
export class Session {
  readonly address: string
  readonly outgoing: OutgoingQueue
  readonly requests = new RequestMemory()
  /** Topics that the socket subscribed to, with the branch that each was for. */
  readonly topics = new Set<string>()
  /** The branch whose topics the socket may use, once it named one. */
  topicBranchId: string | undefined
  introduction: Introduction | undefined
  /** Whom the socket acts for; undefined until a stranger has signed in. */
  principalOrNone: Principal | undefined
  /** End of the token for which another one was asked for. */
  renewalAskedFor: number | undefined
  /** Milliseconds since 1970. */
  readonly openedAt: number
  readonly signedDoor: SignedDoor | undefined
  /** Counts hellos, so that a catch-up under way notices the next one. */
  helloCount = 0
  readonly #services: SyncServices
  readonly #webSocket: WebSocket
  readonly #socket: Socket
  readonly #bucket: TokenBucket | undefined
  #seats: Seat[] = []
  #pendingWrites = 0
  #closing: { code: number; reason: string } | undefined
  #closingBeats = 0
  #isToldToResync = false
  /** Frames that came while a token was judged. */
  #held: Buffer[] | undefined
  #missedBeats = 0
  #takenBytes = 0
  #wasBlocked = false
  #refused = 0
  #refusedAt = 0

  constructor(services: SyncServices, webSocket: WebSocket, socket: Socket, caller: SocketCaller) {
    const { options } = services
    this.address = caller.address
    this.principalOrNone = caller.principal
    this.signedDoor = caller.signedDoor
    this.openedAt = services.now()
    this.#services = services
    this.#webSocket = webSocket
    this.#socket = socket
    this.#bucket = options.rateLimit
      ? new TokenBucket(options.rateLimit.burst, options.rateLimit.perSecond, services.now())
      : undefined
    const limits = { maxEventBytes: options.maxEventBytes, handOverBytes: HAND_OVER_BYTES }
    this.outgoing = new OutgoingQueue(new SocketSink(webSocket, socket), limits, () => this.#handleOverflow())
    socket.on('drain', () => this.#handleDrain())
    webSocket.on('ping', (data: Buffer) => this.#handlePing(data))
    webSocket.on('pong', () => {
      this.#missedBeats = 0
    })
  }

  get isClosing(): boolean {
    return this.#closing !== undefined
  }

  /** True when the messages of protocol 1 are due, too; so before any hello. */
  get isUndeclared(): boolean {
    return this.introduction?.protocol !== 2
  }

  get canSubscribe(): boolean {
    return this.topics.size < MAX_TOPICS
  }

  /** @throws AppError `unauthorized` before anybody signed in. */
  get principal(): Principal {
    if (this.principalOrNone) return this.principalOrNone
    throw new AppError('unauthorized', 'Sign in first.')
  }

  /** From now on frames wait. */
  holdFrames(): void {
    this.#held ??= []
  }

  /** True when the frame waits; a socket that sends too many meanwhile is closed. */
  hold(bytes: Buffer): boolean {
    if (!this.#held) return false
    if (this.#held.length >= MAX_HELD) this.close(1008, 'too-many-frames')
    else this.#held.push(bytes)
    return true
  }

  releaseFrames(): Buffer[] {
    const held = this.#held ?? []
    this.#held = undefined
    return held
  }

  /** @throws AppError `hello-required`. */
  requireIntroduction(what: string): Introduction {
    if (this.introduction) return this.introduction
    throw new AppError('hello-required', `Client attempted ${what} before hello handshake`)
  }

  caller(introduction: Introduction): Caller {
    const { branch, protocol, clientId, userId, role } = introduction
    return {
      protocol,
      isLegacy: protocol === 1 && branch.isLegacyAllowed && this.#mayBeLegacy(),
      ...(clientId !== undefined && { clientId }),
      ...(userId !== undefined && { userId }),
      label: `${role ?? 'socket'} at ${this.address}`,
    }
  }

  #mayBeLegacy(): boolean {
    return this.#services.access?.mayBeLegacy(this.principal) ?? true
  }

  // Rooms

  /** A member that wants no table takes none: rooms without listeners serialize nothing. */
  takeSeat(seat: Seat): void {
    if (seat.member.tables?.size === 0) return
    seat.room.join(seat.member)
    this.#seats.push(seat)
  }

  leaveRooms(): void {
    for (const { room, member } of this.#seats) room.leave(member)
    this.#seats = []
  }

  findSeat(moduleId: string): Seat | undefined {
    return this.#seats.find(({ room }) => room.moduleId === moduleId)
  }

  // Sending

  send(frame: ServerFrame): void {
    this.sendText(JSON.stringify(frame))
  }

  sendText(text: string): Buffer {
    const frame = textFrame(text)
    this.#services.counters.channels.direct.serialized++
    this.sendFrame(frame)
    return frame
  }

  /** A frame that is never dropped. */
  sendFrame(frame: Buffer): void {
    const { counters, flushList, options } = this.#services
    const { direct } = counters.channels
    direct.broadcasts++
    direct.frames++
    direct.bytes += frame.length
    this.outgoing.pushDirect(frame)
    flushList.add(this.outgoing)
    if (this.outgoing.directBytes > options.maxDirectBytes) this.#stopReading()
  }

  /** Frames that do not count as events. A second snapshot behind one that still waits stops the reading. */
  sendSnapshot(frames: readonly WireFrame[]): void {
    const { direct } = this.#services.counters.channels
    const isBacklogged = this.outgoing.snapshotBytes > 0
    direct.broadcasts++
    direct.frames++
    for (const { head, body } of frames) direct.bytes += head.length + (body?.length ?? 0)
    this.outgoing.pushSnapshot(frames)
    this.#services.flushList.add(this.outgoing)
    if (isBacklogged) this.#stopReading()
  }

  sendLog(level: 'info' | 'warn' | 'error', message: string, context: JsonObject): void {
    const { store, now } = this.#services
    const ts = new Date(now()).toISOString()
    this.send({ type: 'server:log', level, message, context, ts, serverId: store.serverId })
  }

  /**
   * The correlated error; protocol 1 is also told in a log line, in the words that it knows.
   *
   * @param about - What the frame was about, for that log line.
   */
  sendError(error: unknown, requestId: string | undefined, about: JsonObject = {}): void {
    const body = toErrorBody(error)
    if (!isAppError(error)) this.#services.log.error('frame-failed', { address: this.address, error })
    const correlation: { requestId?: string } = requestId === undefined ? {} : { requestId }
    this.sendText(JSON.stringify({ type: 'server:error', ...correlation, ...body }))
    if (!this.isUndeclared) return
    const level = body.error === 'invalid-json' || body.error === 'unsupported-message' ? 'warn' : 'error'
    const context = { ...correlation, error: body.error, ...logContextOf(error), ...about } as JsonObject
    this.sendLog(level, wordsOf(error, about), context)
  }

  // Limits

  /** False when the frame is one too many: the caller answers `rate-limited` and drops it. */
  admitFrame(): boolean {
    this.#missedBeats = 0
    if (this.#bucket === undefined || this.#bucket.take(this.#services.now())) return true
    this.#services.counters.rateLimited++
    const now = this.#services.now()
    if (now - this.#refusedAt > REFUSED_FORGIVEN_MS) this.#refused = 0
    this.#refusedAt = now
    if (++this.#refused > MAX_REFUSED) this.close(1008, 'rate-limited')
    return false
  }

  beginWrite(): void {
    this.#pendingWrites++
  }

  endWrite(): void {
    this.#pendingWrites--
    if (this.#closing) this.#closeWhenFlushed()
  }

  /** Called at each heartbeat. */
  beat(): void {
    if (this.#closing) {
      if (this.#closingBeats++ > 0) this.#webSocket.terminate()
      return
    }
    const takenBytes = this.#socket.bytesWritten - this.#socket.writableLength
    // A peer on a slow line that still takes bytes is alive, however late its pong is.
    if (this.#wasBlocked && takenBytes > this.#takenBytes) this.#missedBeats = 0
    this.#takenBytes = takenBytes
    this.#wasBlocked = this.#socket.writableLength > 0
    if (this.#missedBeats >= this.#services.options.maxMissedBeats) {
      this.#services.counters.deadSockets++
      this.#services.log.info('socket-dead', { address: this.address })
      this.#webSocket.terminate()
      return
    }
    this.#missedBeats++
    this.#webSocket.ping()
  }

  // End

  /**
   * Says goodbye once every accepted write is answered and handed over. Nothing is read any more; waiting events of a
   * slow reader are dropped. May be called twice.
   */
  close(code: number, reason: string): void {
    if (this.#closing) return
    this.#closing = { code, reason: reason.slice(0, REASON_BYTES) }
    this.leaveRooms()
    if (this.#webSocket.isPaused) this.#webSocket.resume()
    this.#closeWhenFlushed()
  }

  terminate(): void {
    this.#webSocket.terminate()
  }

  #closeWhenFlushed(): void {
    if (!this.#closing || this.#pendingWrites > 0) return
    this.outgoing.flush()
    if (!this.outgoing.isEmpty) this.outgoing.dropEvents()
    if (this.outgoing.isEmpty) this.#webSocket.close(this.#closing.code, this.#closing.reason)
  }

  #handleOverflow(): void {
    const { counters, log } = this.#services
    log.warn('slow-reader', { address: this.address, protocol: this.isUndeclared ? 1 : 2 })
    if (this.isUndeclared) {
      counters.slowCloses++
      this.close(1013, 'slow-client')
    } else {
      counters.resyncs++
    }
  }

  #handleDrain(): void {
    this.outgoing.flush()
    if (this.#closing) {
      this.#closeWhenFlushed()
      return
    }
    this.#readAgain()
    if (!this.outgoing.isEmpty || this.outgoing.isHearingEvents) return
    if (this.#isToldToResync || !this.introduction) return
    this.#isToldToResync = true
    const { branchId } = this.introduction
    const directive = 'resync'
    this.send({ type: 'server:directive', directive, reason: 'slow-client', branchId, meta: {} })
  }

  /**
   * A hello said where the client stands: it hears events again, and those that still wait are not sent twice.
   *
   * @returns Whether frames of topics may have been lost.
   */
  hearAgain(): boolean {
    const isLossy = this.outgoing.eventBytes > 0 || !this.outgoing.isHearingEvents
    this.#isToldToResync = false
    this.outgoing.dropEvents()
    this.outgoing.resumeEvents()
    return isLossy
  }

  #stopReading(): void {
    this.outgoing.flush()
    if (this.outgoing.directBytes + this.outgoing.snapshotBytes > 0 && !this.#webSocket.isPaused)
      this.#webSocket.pause()
  }

  #readAgain(): void {
    const { directBytes, snapshotBytes } = this.outgoing
    const isTaken = directBytes <= this.#services.options.maxDirectBytes / 2 && snapshotBytes === 0
    if (isTaken && this.#webSocket.isPaused) this.#webSocket.resume()
  }

  #handlePing(data: Buffer): void {
    if (this.admitFrame() && this.#socket.writableLength < HAND_OVER_BYTES) this.#webSocket.pong(data)
  }
}

const LOG_DETAILS = [
  'type',
  'table',
  'key',
  'field',
  'moduleId',
  'branchId',
  'expectedVersion',
  'currentVersion',
] as const

function logContextOf(error: unknown): JsonObject {
  const context: JsonObject = {}
  if (!isAppError(error) || !error.details) return context
  for (const name of LOG_DETAILS) {
    const value = error.details[name]
    if (typeof value === 'string' || typeof value === 'number') context[name] = value
  }
  return context
}

/** Sentences that clients of protocol 1 look for. */
const WORDS: Partial<Record<ErrorCode, (error: AppError, about: JsonObject) => string>> = {
  'invalid-json': () => 'Received invalid JSON payload',
  'missing-module-id': () => 'Module ID missing in publish payload',
  'table-not-found': ({ message }, { table, moduleId }) =>
    table === undefined ? message : `Table "${String(table)}" not registered in module "${String(moduleId)}"`,
  'record-not-found': ({ message, details }, { table }) =>
    table === undefined ? message : `Record not found in table "${String(details?.table ?? table)}".`,
}

export function wordsOf(error: unknown, about: JsonObject = {}): string {
  if (!isAppError(error)) return toErrorBody(error).message
  return WORDS[error.code]?.(error, about) ?? error.message
}
