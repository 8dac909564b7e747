import { AppError } from '../../../src-shared/errors.ts'
import { type ClientBatch, type ClientPublish, parseClientFrame } from '../../../src-shared/protocol/client-frames.ts'
import type { ModuleStore } from '../../store/api.ts'
import type { WriteCommand, WriteResult } from '../../store/types.ts'
import { type AckContext, type AckOptions, ackPieces, buildBatchAck, declaredAckPieces } from '../ack.ts'
import { decodeFrame } from './frame-text.ts'
import { noteFrame, noteRefusedFrame } from './note-frame.ts'
import { isSameRequest, type RememberedRequest } from './request-memory.ts'
import type { SyncServices } from './services.ts'
import type { Introduction, Session } from './session.ts'
import { piecesFrame, textFrame } from './wire-frame.ts'

type Publish = ClientPublish | ClientBatch

/**
 * Hands a publish to the store and answers it once it is committed.
 *
 * The ack is queued inside `onCommitted`, which the store calls before it publishes the events of the same command:
 * the sender reads its ack first, then its event. Several publishes of one socket are answered in their order.
 *
 * @param bytes - The frame as it came.
 * @param startedAt - Of `performance.now()`, when the frame came.
 * Source: docs/sync.md, rules W7 to W13, I2 to I4.
 */
export function handlePublish(
  services: SyncServices,
  session: Session,
  frame: Publish,
  bytes: Buffer,
  startedAt: number,
): void {
  const introduction = session.requireIntroduction('publish')
  const module = moduleOfFrame(introduction, frame)
  const memory = recall(session, introduction, module, frame, bytes)
  if (memory === 'answered') return
  const name = { type: 'client:publish', table: frame.kind === 'single' ? frame.table : undefined }
  const finish = (isAcknowledged: boolean): number => {
    const milliseconds = performance.now() - startedAt
    services.metrics.observePublish?.(milliseconds / 1_000, isAcknowledged)
    session.endWrite()
    return milliseconds
  }
  session.beginWrite()
  module.write(
    toCommand(session, introduction, frame),
    (result) => {
      const ack = ackFrame(services, module, frame, result, introduction.protocol)
      services.counters.channels.direct.serialized++
      session.sendFrame(ack)
      if (memory) answerRepeats(session, module, frame, memory, ack)
      noteFrame(services, session, name, startedAt, finish(true))
    },
    (error) => {
      const about = { moduleId: module.moduleId, ...(frame.kind === 'single' && { table: frame.table }) }
      session.sendError(error, frame.requestId, about)
      if (memory) refuseRepeats(session, module, frame, memory, error)
      finish(false)
      noteRefusedFrame(services, session, name, startedAt, error)
    },
  )
}

/** The branch of the hello; the module of the frame, else of the hello, else the branch's only or default one. */
function moduleOfFrame(introduction: Introduction, frame: Publish): ModuleStore {
  const { branchId, onlyModuleId } = introduction
  if (frame.branchId !== undefined && frame.branchId !== branchId) {
    throw new AppError('forbidden', `This socket belongs to branch ${branchId}; say hello to another one first.`)
  }
  return introduction.branch.getModule(frame.moduleId ?? onlyModuleId)
}

function toCommand(session: Session, introduction: Introduction, frame: Publish): WriteCommand {
  const operations = frame.kind === 'batch' ? frame.operations : [frame]
  return {
    operations: operations.map(({ action, table, record, eventId }) => ({ action, table, record, eventId })),
    caller: session.caller(introduction),
    source: frame.source ?? 'ws-client',
    requestId: frame.requestId,
    meta: frame.meta,
    epoch: frame.epoch,
  }
}

function ackFrame(
  services: SyncServices,
  module: ModuleStore,
  frame: Publish,
  result: WriteResult,
  protocol: 1 | 2,
): Buffer {
  const { branchId, moduleId } = module
  const context: AckContext = { serverId: services.store.serverId, branchId, moduleId }
  const options: AckOptions = {
    includeRecord: frame.includeRecord,
    source: frame.source ?? 'ws-client',
    requestId: frame.requestId,
    clientMeta: frame.meta,
  }
  if (frame.kind === 'batch') return textFrame(buildBatchAck(context, result, options))
  return piecesFrame((protocol === 1 ? ackPieces : declaredAckPieces)(context, result, options))
}

/**
 * Sameness within the socket, for callers without a lasting identity; with one the store remembers.
 *
 * Clients of protocol 1 use request ids again for other requests, so only those of protocol 2 are refused for it.
 */
function recall(
  session: Session,
  introduction: Introduction,
  { moduleId }: ModuleStore,
  frame: Publish,
  bytes: Buffer,
): RememberedRequest | 'answered' | undefined {
  if (introduction.clientId !== undefined || frame.requestId === undefined) return undefined
  const known = session.requests.find(moduleId, frame.requestId)
  if (known && isSameRequest(readAgain(known), frame)) {
    if (known.ack) session.sendFrame(known.ack)
    else known.repeats++
    return 'answered'
  }
  if (known && introduction.protocol === 2) {
    throw new AppError('idempotency-key-reused', 'This requestId was sent with another body.')
  }
  return session.requests.begin(moduleId, frame.requestId, bytes)
}

/** What was good enough to be carried out once is read without limits. */
function readAgain({ frame }: RememberedRequest): Publish {
  return parseClientFrame(decodeFrame(frame, Number.POSITIVE_INFINITY)) as Publish
}

function answerRepeats(
  session: Session,
  { moduleId }: ModuleStore,
  { requestId }: Publish,
  memory: RememberedRequest,
  ack: Buffer,
): void {
  for (let repeat = 0; repeat < memory.repeats; repeat++) session.sendFrame(ack)
  session.requests.finish(moduleId, requestId!, memory, ack)
}

/** A refused request may be sent again. */
function refuseRepeats(
  session: Session,
  { moduleId }: ModuleStore,
  { requestId }: Publish,
  memory: RememberedRequest,
  error: unknown,
): void {
  for (let repeat = 0; repeat < memory.repeats; repeat++) session.sendError(error, requestId)
  if (session.requests.find(moduleId, requestId!) === memory) session.requests.forget(requestId!)
}
