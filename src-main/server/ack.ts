import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'
import type { RecordRef } from '../../src-shared/protocol/records.ts'
import { quoteName, quoteText } from '../lib/json-text.ts'
import { joinPieces, type TextPiece } from '../lib/text-pieces.ts'
import type { OperationResult, StoredEvent, WriteResult } from '../store/types.ts'

/**
 * Texts of acks, notices and event frames. Records are never parsed here: their stored text is pasted between pieces
 * that are serialized once an event. Fields are the union of the specification and of what field clients read.
 */
export interface AckContext {
  serverId: string
  branchId: string
  moduleId: string
}

export interface AckOptions {
  /** Repeated at the top level. */
  requestId?: string
  /** The publish frame's `meta`, as sent: clients find their request by `meta.clientMeta.requestId`. */
  clientMeta?: JsonObject
  /** False leaves `entry.record` out. */
  includeRecord?: boolean
  /** Who wrote, for a result without an event of its own. */
  source?: string
}

/** What ack, notice and event of one change share, as JSON text. */
interface Pieces {
  event: StoredEvent
  table: string
  recordRef: string
  meta: string
  publishState: string
}

let lastPieces: Pieces | undefined

/** An ack and its event follow each other, so remembering the last one serializes each change once. */
function piecesOf(event: StoredEvent): Pieces {
  if (lastPieces?.event === event) return lastPieces
  const recordRef = event.recordRef ? recordRefText(event.recordRef) : 'null'
  lastPieces = {
    event,
    table: event.table === null ? 'null' : quoteName(event.table),
    recordRef,
    meta: metaText(event.meta, event.eventId, event.seq, event.action, recordRef),
    publishState: publishStateText(event.branchId, event.createdAt),
  }
  return lastPieces
}

function metaText(meta: JsonObject, eventId: string, seq: number, action: string, recordRef: string): string {
  const isPlain = meta.eventId === undefined && meta.sequence === undefined && meta.action === undefined
  const text = JSON.stringify(isPlain ? meta : withoutOwnFields(meta))
  const reference = meta.recordRef === undefined ? `,"recordRef":${recordRef}` : ''
  const own = `"action":"${action}","eventId":${quoteText(eventId)},"sequence":${seq}${reference}}`
  return text === '{}' ? `{${own}` : `${text.slice(0, -1)},${own}`
}

/** The fields that are added here must not stand in the text twice. */
function withoutOwnFields(meta: JsonObject): JsonObject {
  const { eventId: _eventId, sequence: _sequence, action: _action, ...rest } = meta
  return rest
}

function publishStateText(branchId: string, at: string): string {
  return `{${quoteName(branchId)}:{"status":"published","updatedAt":"${at}","attempts":0,"publishedAt":"${at}"}}`
}

/**
 * The `server:ack` of a write with one operation, complete JSON text.
 *
 * A result without an event of its own (a retry whose content is stored already) is acknowledged with the record's last
 * event, or with `eventId` null at the module's head.
 */
export function buildAck(context: AckContext, write: WriteResult, options: AckOptions = {}): string {
  return joinPieces(ackPieces(context, write, options))
}

/** The same in pieces: the record as its bytes, where the write has made them. */
export function ackPieces(context: AckContext, write: WriteResult, options: AckOptions = {}): TextPiece[] {
  const [operation] = write.results
  if (!operation) return [`${ackHead(context, write, options)},"results":[]}`]
  const requestId = options.requestId === undefined ? '' : `,"requestId":${quoteText(options.requestId)}`
  const replayed = write.isReplay ? ',"replayed":true' : ''
  return [`{"type":"server:ack"${requestId}${replayed},`, ...ackFields(context, write, operation, options), '}']
}

/** The one ack of an atomic batch: `results[]` in the order of the operations, each with the fields of a single ack. */
export function buildBatchAck(context: AckContext, write: WriteResult, options: AckOptions = {}): string {
  const results = write.results.map((operation) => `{${joinPieces(ackFields(context, write, operation, options))}}`)
  const meta = JSON.stringify({
    serverId: context.serverId,
    branchId: context.branchId,
    moduleId: context.moduleId,
    ...(options.source !== undefined && { source: options.source }),
    clientMeta: {
      ...(options.requestId !== undefined && { requestId: options.requestId }),
      ...options.clientMeta,
    },
  })
  return `${ackHead(context, write, options)},"meta":${meta},"results":[${results.join(',')}]}`
}

/**
 * The `server:ack` of one operation for clients of protocol 2: what `buildAck` says, each thing once. The record and its
 * reference, the times and the author stand where the specification has them; their repetitions, which clients of
 * protocol 1 rely on, do not.
 */
export function declaredAckPieces(context: AckContext, write: WriteResult, options: AckOptions): TextPiece[] {
  const operation = write.results[0]!
  const { event } = operation
  const seq = event?.seq ?? write.seq
  const kind = ackKindOf(context, operation, options.source)
  const { requestId, clientMeta } = options
  const request = requestId === undefined ? '' : `"requestId":${quoteText(requestId)}`
  const echo =
    clientMeta === undefined
      ? request && `,"clientMeta":{${request}}`
      : `,"clientMeta":${JSON.stringify(requestId === undefined ? clientMeta : { requestId, ...clientMeta })}`
  const head =
    `{"type":"server:ack"${request && `,${request}`}${write.isReplay ? ',"replayed":true' : ''}${kind.place}${seq},` +
    `"epoch":${event?.epoch ?? write.epoch}${kind.table}${recordRefText(operation.recordRef)},` +
    `"eventId":${event ? quoteText(event.eventId) : 'null'},"sequence":${seq}${kind.meta}` +
    `${event ? `"${event.createdAt}"` : 'null'}${kind.author}${echo}},"entry":{"id":${keyText(operation.recordRef)}${kind.entry}`
  const warnings = operation.warnings.length > 0 ? `,"warnings":${JSON.stringify(operation.warnings)}` : ''
  if (options.includeRecord === false) return [`${head}}${warnings}}`]
  return [`${head},"record":`, recordPiece(operation), `}${warnings}}`]
}

/** What the acks of one kind of write to one table have in common, and the texts that follow from it. */
interface AckKind extends AckContext {
  action: string
  outcome: string
  source: string | undefined
  place: string
  table: string
  meta: string
  author: string
  entry: string
}

/** Of each table the last one: acks of one kind come in rows, and an ack is joined from half as many pieces. */
const ackKinds = new Map<string, AckKind>()

function ackKindOf(
  { serverId, branchId, moduleId }: AckContext,
  { table: name, action, outcome }: OperationResult,
  source: string | undefined,
): AckKind {
  const last = ackKinds.get(name)
  const isSame =
    last?.action === action &&
    last.outcome === outcome &&
    last.source === source &&
    last.moduleId === moduleId &&
    last.branchId === branchId &&
    last.serverId === serverId
  if (isSame) return last
  const table = quoteName(name)
  const isCreated = outcome === 'created'
  const isDeleted = outcome === 'deleted'
  const kind: AckKind = {
    ...{ serverId, branchId, moduleId, action, outcome, source },
    place: `,"action":"${action}","branchId":${quoteName(branchId)},"moduleId":${quoteName(moduleId)},"version":`,
    table: `,"table":${table},"recordRef":`,
    meta:
      `,"created":${isCreated}${isDeleted ? ',"deleted":true' : ''},` +
      `"meta":{"serverId":"${serverId}","table":${table},"action":"${action}","timestamp":`,
    author: source === undefined ? '' : `,"source":${quoteText(source)}`,
    entry: `,"table":${table},"action":"${action}",${flagsText(isCreated, isDeleted)}`,
  }
  ackKinds.set(name, kind)
  return kind
}

/** The public record, as its bytes where the write has made them. */
export function recordPiece({ recordBytes, recordText }: OperationResult): TextPiece {
  return recordBytes ?? recordText
}

function ackHead(context: AckContext, write: WriteResult, options: AckOptions): string {
  return JSON.stringify({
    type: 'server:ack',
    ...(options.requestId !== undefined && { requestId: options.requestId }),
    ...(write.isReplay && { replayed: true }),
    action: 'module:batch',
    branchId: context.branchId,
    moduleId: context.moduleId,
    version: write.seq,
    epoch: write.epoch,
    sequence: write.seq,
  }).slice(0, -1)
}

function ackFields(
  context: AckContext,
  write: WriteResult,
  operation: OperationResult,
  options: AckOptions,
): TextPiece[] {
  const { event } = operation
  const isOwnEvent = event !== undefined && operation.outcome !== 'unchanged' && !write.isReplay
  const table = quoteName(operation.table)
  const eventId = event ? quoteText(event.eventId) : 'null'
  const seq = event?.seq ?? write.seq
  const recordRef = isOwnEvent ? piecesOf(event).recordRef : recordRefText(operation.recordRef)
  const meta = isOwnEvent
    ? ownMetaText(event, options, recordRef)
    : retryMetaText(context, operation, seq, options, recordRef)
  const publishState = event ? piecesOf(event).publishState : 'null'
  const flags = flagsText(operation.outcome === 'created', operation.outcome === 'deleted')
  const warnings = operation.warnings.length > 0 ? `,"warnings":${JSON.stringify(operation.warnings)}` : ''
  const isDeleted = operation.outcome === 'deleted' ? ',"deleted":true' : ''
  const head =
    `"action":"${operation.action}","branchId":${quoteName(context.branchId)},` +
    `"moduleId":${quoteName(context.moduleId)},"version":${seq},"epoch":${event?.epoch ?? write.epoch},` +
    `"table":${table},"recordRef":${recordRef},"eventId":${eventId},"sequence":${seq},"publishState":${publishState},` +
    `"meta":${meta},"entry":{"id":${keyText(operation.recordRef)},"table":${table},"action":"${operation.action}",` +
    `"recordRef":${recordRef},"meta":${meta},${flags}`
  const tail = `},"created":${operation.outcome === 'created'}${isDeleted}${warnings}`
  return options.includeRecord === false ? [head + tail] : [`${head},"record":`, recordPiece(operation), tail]
}

/** A request id outside `meta` is repeated inside it: that is where clients of the specification look for it. */
function ownMetaText(event: StoredEvent, { requestId }: AckOptions, recordRef: string): string {
  const clientMeta = isJsonObject(event.meta.clientMeta) ? event.meta.clientMeta : {}
  if (requestId === undefined || clientMeta.requestId !== undefined) return piecesOf(event).meta
  const meta = { ...event.meta, clientMeta: { ...clientMeta, requestId } }
  return metaText(meta, event.eventId, event.seq, event.action, recordRef)
}

/** The meta of an answer whose event was written by another request: the caller's own words, not the other's. */
function retryMetaText(
  context: AckContext,
  operation: OperationResult,
  seq: number,
  options: AckOptions,
  recordRef: string,
): string {
  const { event } = operation
  const meta: JsonObject = {
    serverId: context.serverId,
    branchId: context.branchId,
    moduleId: context.moduleId,
    table: operation.table,
    timestamp: event?.createdAt ?? null,
    ...(options.source !== undefined && { source: options.source }),
    ...((options.clientMeta || options.requestId !== undefined) && {
      clientMeta: {
        ...(options.requestId !== undefined && { requestId: options.requestId }),
        ...options.clientMeta,
      },
    }),
    recordKey: operation.recordRef.key,
    recordId: operation.recordRef.id ?? operation.recordRef.key,
  }
  return metaText(meta, event?.eventId ?? '', seq, operation.action, recordRef)
}

/** `JSON.stringify` of a reference, in half the time: most of it is names, and its key, several times. */
export function recordRefText({ table, key, primaryKey, id }: RecordRef): string {
  const keyText = quoteText(key)
  const textOf = (value: JsonValue): string => (value === key ? keyText : JSON.stringify(value))
  let fields = ''
  for (const name in primaryKey) fields += `${fields && ','}${quoteName(name)}:${textOf(primaryKey[name]!)}`
  const idText = id === undefined ? '' : `,"id":${textOf(id)}`
  return `{"table":${quoteName(table)},"key":${keyText},"primaryKey":{${fields}}${idText}}`
}

/** Field clients know a record by its id, and by its key when its table has no id. */
function keyText({ id, key }: RecordRef): string {
  const named = id ?? key
  return typeof named === 'string' ? quoteText(named) : JSON.stringify(named)
}

function flagsText(isCreated: boolean, isDeleted: boolean): string {
  return `"created":${isCreated},"deleted":${isDeleted}`
}

/** The `notice` of REST answers and event frames: what changed, without the record. */
export function buildNotice(context: AckContext, write: WriteResult, operation: OperationResult): string {
  const { event } = operation
  if (event) return noticeText(event)
  const isCreated = operation.outcome === 'created'
  const recordRef = recordRefText(operation.recordRef)
  return (
    `{"action":"${operation.action}","recordRef":${recordRef},"eventId":null,"sequence":${write.seq},` +
    `"version":${write.seq},"timestamp":null,${flagsText(isCreated, operation.outcome === 'deleted')},` +
    `"meta":${retryMetaText(context, operation, write.seq, {}, recordRef)}}`
  )
}

function noticeText(event: StoredEvent): string {
  const { recordRef, meta } = piecesOf(event)
  return (
    `{"action":"${event.action}","recordRef":${recordRef},"eventId":${quoteText(event.eventId)},` +
    `"sequence":${event.seq},"version":${event.seq},"timestamp":"${event.createdAt}",` +
    `${flagsText(event.isCreated, event.isDeleted)},"meta":${meta}}`
  )
}

/** Fields that the events of a whole module carry at the top level as well. */
const MODULE_EVENT_FIELDS = [
  'tables',
  'totalRemoved',
  'restored',
  'totalRestored',
  'changed',
  'resetAt',
  'stage',
] as const

/** The `server:event` frame, complete JSON text: serialized once and sent to every socket of the room. */
export function buildEventFrame(event: StoredEvent): string {
  const { table, recordRef, meta, publishState } = piecesOf(event)
  const head =
    `{"type":"server:event","eventId":${quoteText(event.eventId)},"sequence":${event.seq},` +
    `"epoch":${event.epoch},"version":${event.seq},"branchId":${quoteName(event.branchId)},` +
    `"moduleId":${quoteName(event.moduleId)},"action":"${event.action}","createdAt":"${event.createdAt}"`
  const group = event.group ? `,"group":${JSON.stringify(event.group)}` : ''
  if (event.table === null) return `${head}${moduleFieldsText(event.meta)},"record":null,"meta":${meta}${group}}`
  const record = event.recordText === null ? '' : `,"record":${event.recordText}`
  const id = event.recordRef ? keyText(event.recordRef) : JSON.stringify(event.key)
  return (
    `${head},"table":${table},"recordRef":${recordRef},"publishState":${publishState},"meta":${meta},` +
    `"entry":{"id":${id},"table":${table},"action":"${event.action}","recordRef":${recordRef},"meta":${meta},` +
    `${flagsText(event.isCreated, event.isDeleted)}${record}}${event.isDeleted ? ',"deleted":true' : ''},` +
    `"notice":${noticeText(event)}${group}}`
  )
}

function moduleFieldsText(meta: JsonObject): string {
  let text = ''
  for (const name of MODULE_EVENT_FIELDS) {
    const value = meta[name]
    if (value !== undefined) text += `,"${name}":${JSON.stringify(value)}`
  }
  return text
}
