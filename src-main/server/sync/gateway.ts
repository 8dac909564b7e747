import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { AppError, toErrorBody } from '../../../src-shared/errors.ts'
import type { Access } from '../../access/open-access.ts'
import { httpsRequired, judgePlainHttp, type PlainHttpRules } from '../../access/plain-http/plain-http-policy.ts'
import { SignedDoor } from '../../access/plain-http/signed-door.ts'
import { type Principal, SETUP_PRINCIPAL } from '../../access/principal.ts'
import { CLOCK_LEEWAY_MS } from '../../access/tokens/access-tokens.ts'
import { Guard } from '../../access/view/guard.ts'
import type { Log } from '../../lib/log.ts'
import type { Store } from '../../store/api.ts'
import type { Callers, NetworkCaller } from '../callers.ts'
import { createRateLimiter, limitOf, type RateLimiter, SOCKET_POLICY } from '../middleware/rate-limit.ts'
import { RequestLog } from '../request-log/request-log.ts'
import { Broadcaster } from './broadcast.ts'
import { handleMessage } from './dispatch.ts'
import { GatewayCounters, type GatewayFigures } from './gateway-figures.ts'
import { DEFAULT_GATEWAY_OPTIONS, type GatewayOptions } from './gateway-options.ts'
import { greet } from './handshake.ts'
import { checkProof, refuseSession, watchRights } from './identify.ts'
import { AddressCounter } from './limits.ts'
import { noteRefusedUpgrade } from './note-frame.ts'
import { FlushList } from './outgoing-queue.ts'
import { Rooms } from './rooms.ts'
import type { GatewayMetrics, SyncServices } from './services.ts'
import { Session, type SocketCaller } from './session.ts'
import { SnapshotFrames } from './snapshot-frames.ts'
import { TopicHub } from './topics.ts'

export interface Gateway {
  /** Asks clients to come back, answers accepted writes, closes every socket. May be called twice. */
  close(): Promise<void>
  figures(): GatewayFigures
}

export interface GatewayInput {
  /** Every upgrade of this server is ours: other paths are refused. */
  server: Server
  store: Store
  /** Who may come in; everyone, as an administrator, unless told. */
  access?: Access
  /** Without it nothing is kept from anybody. */
  guard?: Guard
  callers: Pick<Callers, 'admit'>
  /** What other devices may open without encryption; everything unless told. */
  plainHttpRules?: () => PlainHttpRules
  log: Log
  /** `rateLimit: false` lifts the limits of frames and of sockets per address. */
  options: { rateLimit: boolean; sync?: Partial<GatewayOptions> }
  metrics?: GatewayMetrics
  /** Where answered frames are noted; a log of its own unless told. */
  requests?: RequestLog
  /** Milliseconds since 1970; the machine's clock by default. */
  now?: () => number
}

/** Clients come back spread over this time, so that a restart is not answered by all of them at once. */
const RETRY_AFTER_MS = { least: 500, spread: 2_500 }

/** Serves the socket protocol of docs/sync.md on the upgrades of an HTTP server. */
export function startGateway(input: GatewayInput): Gateway {
  const { server, store, log } = input
  const options = readOptions(input)
  const counters = new GatewayCounters()
  const flushList = new FlushList()
  const now = input.now ?? Date.now
  const guard = input.guard ?? new Guard()
  const services: SyncServices = {
    store,
    access: input.access,
    guard,
    log,
    options,
    counters,
    flushList,
    now,
    metrics: input.metrics ?? {},
    requests: input.requests ?? new RequestLog(),
    rooms: new Rooms(counters, flushList),
    topics: new TopicHub({ store, guard, counters, flushList, now }),
    snapshots: new SnapshotFrames(options.snapshotPartBytes),
    sessions: new Set(),
  }
  const broadcaster = new Broadcaster(services)
  const addresses = new AddressCounter()
  const opens = createRateLimiter(options.socketOpensPerMinute, undefined, SOCKET_POLICY)
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: options.maxFrameBytes,
    handleProtocols: chooseProtocol,
  })
  let isStopping = false
  const handleUpgrade = (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    const onEarlyError = (error: Error): void => log.debug('upgrade-broken', { error })
    socket.on('error', onEarlyError)
    try {
      if (isStopping) throw new AppError('stopping', 'The server is stopping.')
      const { caller, principal, signedDoor } = admitUpgrade(input, services, { addresses, opens }, request)
      const open = (known: Principal | undefined): void =>
        webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          socket.removeListener('error', onEarlyError)
          openSession(services, addresses, webSocket, socket, { address: caller.address, principal: known, signedDoor })
        })
      if (principal instanceof Promise) principal.then(open).catch(refuse)
      else open(principal)
    } catch (error) {
      refuse(error)
    }
    function refuse(error: unknown): void {
      counters.refusedUpgrades++
      noteRefusedUpgrade(services, request, error)
      refuseUpgrade(socket, error)
    }
  }
  server.on('upgrade', handleUpgrade)
  const heartbeat = setInterval(() => {
    for (const session of services.sessions) {
      session.beat()
      checkProof(session, now(), CLOCK_LEEWAY_MS)
    }
  }, options.heartbeatMs)
  heartbeat.unref()

  const stopWatching = watchRights(input.access, services.sessions)

  let closing: Promise<void> | undefined
  async function close(): Promise<void> {
    isStopping = true
    clearInterval(heartbeat)
    stopWatching()
    await sayGoodbye(services)
    broadcaster.close()
    services.topics.close()
    webSockets.close()
    server.removeListener('upgrade', handleUpgrade)
  }
  return {
    close: () => (closing ??= close()),
    figures: () => figuresOf(services),
  }
}

function readOptions({ options }: GatewayInput): GatewayOptions {
  const all = { ...DEFAULT_GATEWAY_OPTIONS, ...options.sync }
  const unlimited = { maxSocketsPerAddress: Number.POSITIVE_INFINITY, socketOpensPerMinute: Number.POSITIVE_INFINITY }
  return options.rateLimit ? all : { ...all, rateLimit: false, ...unlimited }
}

/** Tokens travel as sub-protocols of browsers; the answer names another one where the client offers it. */
function chooseProtocol(offered: Set<string>): string | false {
  const names = [...offered]
  return names.find((name) => !name.startsWith('bearer.')) ?? names[0] ?? false
}

/** @throws AppError `not-found`, `rate-limited`, `too-many-connections`, or what admission refuses with. */
function admitUpgrade(
  { access, callers, plainHttpRules }: GatewayInput,
  { options, sessions }: SyncServices,
  { addresses, opens }: { addresses: AddressCounter; opens: RateLimiter },
  request: IncomingMessage,
): {
  caller: NetworkCaller
  principal: Principal | undefined | Promise<Principal>
  signedDoor: SignedDoor | undefined
} {
  const admission = callers.admit(request)
  if (admission.kind === 'refused') throw admission.error
  const [path] = (request.url ?? '').split('?')
  if (path !== options.path) throw new AppError('not-found', `Sockets are served at ${options.path}.`)
  const { caller } = admission
  const signedDoor = access && findSignedDoor(access, caller, request, plainHttpRules?.())
  const mustSign = signedDoor?.mustSign === true
  const principal = access ? (mustSign ? undefined : access.identity.judge(request, caller)) : SETUP_PRINCIPAL
  const known = principal instanceof Promise ? undefined : principal
  if (!caller.isLoopback && Number.isFinite(options.socketOpensPerMinute)) {
    const { key, factor } = limitOf(known, caller.address)
    opens.take(key, options.socketOpensPerMinute * factor)
  }
  const isCrowded = !caller.isLoopback && addresses.count(caller.address) >= options.maxSocketsPerAddress
  if (isCrowded || sessions.size >= options.maxSockets) {
    if (principal instanceof Promise) principal.catch(() => undefined)
    throw new AppError('too-many-connections', 'The server has as many sockets as it takes.')
  }
  return { caller, principal, signedDoor }
}

/**
 * Undefined for a socket that needs no signature.
 *
 * @throws AppError `https-required`.
 */
function findSignedDoor(
  { signed }: Access,
  { isSecure, isLoopback }: NetworkCaller,
  { url = '' }: IncomingMessage,
  rules: PlainHttpRules | undefined,
): SignedDoor | undefined {
  if (!rules || isSecure) return undefined
  const asked = { method: 'GET', path: url.split('?')[0] ?? '', isSecure, isLoopback, isNavigation: false }
  const verdict = judgePlainHttp({ ...asked, isSigned: false }, rules)
  // A socket shows its signature in its first message, which comes later.
  const maySign = judgePlainHttp({ ...asked, isSigned: true }, rules) === 'verify-signature'
  if (verdict !== 'serve' && !maySign) throw httpsRequired()
  return maySign ? new SignedDoor(signed, url, verdict !== 'serve') : undefined
}

function refuseUpgrade(socket: Socket, error: unknown): void {
  const body = JSON.stringify(toErrorBody(error))
  const status = error instanceof AppError ? error.status : 500
  const seconds = error instanceof AppError ? error.details?.retryAfterSeconds : undefined
  const retryAfter = status === 429 || status === 503 ? `Retry-After: ${seconds ?? 2}\r\n` : ''
  socket.end(
    `HTTP/1.1 ${status} ${status === 404 ? 'Not Found' : 'Refused'}\r\nConnection: close\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${retryAfter}\r\n${body}`,
    () => socket.destroy(),
  )
}

function openSession(
  services: SyncServices,
  addresses: AddressCounter,
  webSocket: WebSocket,
  socket: Socket,
  caller: SocketCaller,
): void {
  const { address } = caller
  const session = new Session(services, webSocket, socket, caller)
  services.sessions.add(session)
  addresses.add(address)
  webSocket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary && !isUtf8(data)) webSocket.close(1007, 'invalid UTF-8')
    else if (session.signedDoor) handleAtDoor(services, session, session.signedDoor, data)
    else handleMessage(services, session, data)
  })
  // Too large, not UTF-8, not a frame: ws closes with the code that says so.
  webSocket.on('error', (error) => services.log.debug('socket-error', { address, error }))
  webSocket.on('close', (code: number) => {
    session.leaveRooms()
    session.helloCount++
    services.topics.leave(session)
    session.outgoing.clear()
    services.sessions.delete(session)
    addresses.remove(address)
    services.log.debug('socket-closed', { address, code })
  })
  greet(services, session)
}

function handleAtDoor(services: SyncServices, session: Session, door: SignedDoor, message: Buffer): void {
  if (session.isClosing) return
  try {
    const passed = door.pass(message)
    if (Buffer.isBuffer(passed)) handleMessage(services, session, passed)
    else session.principalOrNone = passed
  } catch (error) {
    refuseSession(services, session, error, { requestId: undefined, type: 'signature', startedAt: performance.now() })
  }
}

/** Bounded: sockets that do not take their last frames in time are cut. */
async function sayGoodbye({ sessions, options }: SyncServices): Promise<void> {
  for (const session of sessions) {
    const retryAfterMs = Math.round(RETRY_AFTER_MS.least + Math.random() * RETRY_AFTER_MS.spread)
    session.send({ type: 'server:directive', directive: 'reconnect', reason: 'stopping', retryAfterMs, meta: {} })
    session.close(1012, 'restarting')
  }
  const deadline = Date.now() + options.closeTimeoutMs
  while (sessions.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
  for (const session of sessions) session.terminate()
}

function figuresOf({ sessions, rooms, topics, counters }: SyncServices): GatewayFigures {
  let queuedBytes = 0
  let introduced = 0
  for (const session of sessions) {
    queuedBytes += session.outgoing.queuedBytes
    if (session.introduction) introduced++
  }
  const { channels, received, resyncs, slowCloses, rateLimited, refusedUpgrades, deadSockets } = counters
  return {
    sockets: sessions.size,
    sessions: introduced,
    rooms: rooms.countOccupied(),
    topics: topics.size,
    queuedBytes,
    channels: structuredClone(channels),
    received,
    resyncs,
    slowCloses,
    rateLimited,
    refusedUpgrades,
    deadSockets,
  }
}
