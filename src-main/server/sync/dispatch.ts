import { AppError, isAppError, toErrorBody } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { type ClientFrame, parseClientFrame, readRequestId } from '../../../src-shared/protocol/client-frames.ts'
import { keptName } from '../request-log/request-log.ts'
import { decodeFrame } from './frame-text.ts'
import { handleHello } from './handshake.ts'
import { refuseSession, withPrincipal } from './identify.ts'
import { noteFrame, noteRefusedFrame } from './note-frame.ts'
import { handlePublish } from './publish.ts'
import { handleQuery } from './query.ts'
import { handleHistoryRequest, handleSnapshotRequest } from './requests.ts'
import type { SyncServices } from './services.ts'
import type { Session } from './session.ts'

const PREVIEW_CHARACTERS = 80
/** Frames that may bring a token. */
const PROOFS = new Set<ClientFrame['type']>(['client:hello', 'client:auth', 'auth'])

/**
 * One frame of a socket: read, carried out, answered. Whatever is wrong with it costs this socket an error frame and
 * nobody else anything; nothing is thrown.
 */
export function handleMessage(services: SyncServices, session: Session, bytes: Buffer): void {
  if (session.hold(bytes)) return
  services.counters.received++
  if (session.isClosing) return
  const startedAt = performance.now()
  const isAdmitted = session.admitFrame()
  let frame: JsonObject
  try {
    frame = decodeFrame(bytes, services.options.maxDepth)
  } catch (error) {
    refuseText(session, error, bytes)
    noteRefusedFrame(services, session, { type: '(no JSON)' }, startedAt, error)
    return
  }
  try {
    if (!isAdmitted) throw new AppError('rate-limited', 'Too many frames; slow down.')
    const parsed = parseClientFrame(frame)
    if (session.principalOrNone && !PROOFS.has(parsed.type)) {
      handleFrame(services, session, parsed, bytes, startedAt)
    } else handleProof(services, session, parsed, bytes, startedAt)
  } catch (error) {
    refuse(services, session, frame, error, startedAt)
  }
}

function handleProof(
  services: SyncServices,
  session: Session,
  frame: ClientFrame,
  bytes: Buffer,
  startedAt: number,
): void {
  const proceed = (): void => handleFrame(services, session, frame, bytes, startedAt)
  withPrincipal(services, session, frame, proceed, (held) => handleMessage(services, session, held))
}

/** Publishes and queries are noted where they are answered, and beats not at all. */
const NOTED_ELSEWHERE = new Set<ClientFrame['type']>(['client:publish', 'client:query', 'ping', 'pong', 'unknown'])

function handleFrame(
  services: SyncServices,
  session: Session,
  frame: ClientFrame,
  bytes: Buffer,
  startedAt: number,
): void {
  carryOut(services, session, frame, bytes, startedAt)
  if (!NOTED_ELSEWHERE.has(frame.type)) noteFrame(services, session, { type: nameOf(frame) }, startedAt)
}

function nameOf(frame: JsonObject | ClientFrame): string {
  const { topic } = frame as { topic?: unknown }
  return keptName(typeof topic === 'string' ? `${String(frame.type)} ${topic}` : String(frame.type))
}

function carryOut(
  services: SyncServices,
  session: Session,
  frame: ClientFrame,
  bytes: Buffer,
  startedAt: number,
): void {
  switch (frame.type) {
    case 'client:publish':
      handlePublish(services, session, frame, bytes, startedAt)
      break
    case 'client:hello':
      handleHello(services, session, frame)
      break
    case 'client:query':
      handleQuery(services, session, frame)
      break
    case 'client:request:snapshot':
      handleSnapshotRequest(services, session, frame)
      break
    case 'client:request:history':
      handleHistoryRequest(session, frame)
      break
    case 'client:auth':
      session.send({ type: 'server:auth', ...given({ requestId: frame.requestId }), status: 'accepted' })
      break
    case 'ping':
      session.send({ type: 'pong', ...given({ requestId: frame.requestId, ts: frame.ts }) })
      break
    case 'pong':
      break
    case 'auth':
    case 'subscribe':
    case 'publish':
      services.topics.handle(session, frame)
      break
    case 'unknown': {
      const { name, requestId } = frame
      const error = new AppError('unsupported-message', 'Unknown message type', { details: { type: name } })
      session.sendError(error, requestId)
    }
  }
}

/** The members that have a value. */
function given<T extends object>(members: T): T {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as T
}

/** Each dialect has its own error frame. */
function refuse(services: SyncServices, session: Session, frame: JsonObject, error: unknown, startedAt: number): void {
  const { type } = frame
  if (type !== 'auth' && type !== 'subscribe' && type !== 'publish') {
    refuseSession(services, session, error, {
      requestId: readRequestId(frame),
      type: String(type).slice(0, 40),
      startedAt,
    })
    return
  }
  noteRefusedFrame(services, session, { type: nameOf(frame) }, startedAt, error)
  if (!isAppError(error)) services.log.error('topic-failed', { address: session.address, error })
  const { error: code, message } = toErrorBody(error)
  const { topic } = frame
  session.send({ type: 'error', code, message, ...(typeof topic === 'string' && { topic: topic.slice(0, 256) }) })
}

function refuseText(session: Session, error: unknown, bytes: Buffer): void {
  session.sendError(error, undefined, {
    preview: bytes.toString('utf8', 0, PREVIEW_CHARACTERS * 4).slice(0, PREVIEW_CHARACTERS),
  })
}
