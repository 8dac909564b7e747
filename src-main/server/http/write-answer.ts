import { AppError } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import { encodePieces } from '../../lib/text-pieces.ts'
import type { BranchStore, ModuleStore } from '../../store/api.ts'
import type { OperationResult, WriteCommand, WriteOperation, WriteResult } from '../../store/types.ts'
import { type AckContext, ackPieces, buildNotice, recordPiece } from '../ack.ts'
import type { HeaderList } from './answer.ts'
import type { Call } from './call.ts'

/** What a request adds to a write beside its operations. */
export interface WriteOptions {
  meta?: JsonObject
  source: string
  epoch?: number
  expectLastEventId?: string | null
}

/** Carries out a write for this caller; the Idempotency-Key, when sent, becomes the identity of the request. */
export function runWrite(
  call: Call,
  branch: BranchStore,
  module: ModuleStore,
  operations: WriteOperation[],
  options: WriteOptions,
): Promise<WriteResult> {
  const command: WriteCommand = { operations, caller: call.caller(branch), source: options.source }
  const requestId = call.idempotencyKey()
  if (requestId !== undefined) command.requestId = requestId
  if (options.meta) command.meta = options.meta
  if (options.epoch !== undefined) command.epoch = options.epoch
  if (options.expectLastEventId !== undefined) command.expectLastEventId = options.expectLastEventId
  return module.writeAsync(command)
}

export function ackContext(call: Call, module: ModuleStore): AckContext {
  return { serverId: call.services.store.serverId, branchId: module.branchId, moduleId: module.moduleId }
}

/** Status words of the specification by what happened. */
export type WriteWords = Readonly<Record<OperationResult['outcome'], string>>

/** The specification's answer to a write of one record, assembled from stored texts. */
export function sendWritten(
  call: Call,
  module: ModuleStore,
  write: WriteResult,
  how: {
    words: WriteWords
    createdStatus: number
    meta?: JsonObject
    source: string
    includeRecord?: boolean
    extra?: string
  },
): void {
  const operation = write.results[0]!
  const context = ackContext(call, module)
  const ack = ackPieces(context, write, {
    source: how.source,
    ...(how.meta && { clientMeta: how.meta }),
    ...(how.includeRecord === false && { includeRecord: false }),
  })
  const isDelete = operation.outcome === 'deleted'
  const warnings = operation.warnings.length > 0 ? `,"warnings":${JSON.stringify(operation.warnings)}` : ''
  const head =
    `{"status":"${how.words[operation.outcome]}","branchId":${JSON.stringify(module.branchId)},` +
    `"moduleId":${JSON.stringify(module.moduleId)},"table":${JSON.stringify(operation.table)},`
  const body = encodePieces([
    head,
    ...(isDelete ? [`"recordRef":${JSON.stringify(operation.recordRef)}`] : ['"record":', recordPiece(operation)]),
    ',"ack":',
    ...ack,
    `,"notice":${buildNotice(context, write, operation)}${warnings}${how.extra ?? ''}}`,
  ])
  const headers: HeaderList = isDelete ? [] : ['ETag', recordEtag(write.epoch, operation.version)]
  if (write.isReplay) headers.push('Idempotency-Replayed', 'true')
  call.sendText(operation.outcome === 'created' ? how.createdStatus : 200, body, headers)
}

export function recordEtag(epoch: number, version: number): string {
  return `"${epoch}.${version}"`
}

/** `record`, else `data`, else the body itself without the fields that speak of the request. */
export function recordOf(body: JsonObject): JsonObject {
  const named = body.record ?? body.data
  if (named === undefined) return body
  if (isJsonObject(named)) return named
  throw new AppError('missing-record', 'The record must be a JSON object.')
}

/** The optional `meta` object of a body that names its record; a bare record keeps its own field of that name. */
export function metaOf(body: JsonObject): JsonObject | undefined {
  const isWrapped = body.record !== undefined || body.data !== undefined
  return isWrapped && isJsonObject(body.meta) ? body.meta : undefined
}

/** Protocol 2: the epoch in which the caller read what it changes, beside the record. */
export function epochOf(body: JsonObject): number | undefined {
  const isWrapped = body.record !== undefined || body.data !== undefined
  return isWrapped && typeof body.epoch === 'number' ? body.epoch : undefined
}
