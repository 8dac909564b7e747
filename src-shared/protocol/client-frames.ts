import { AppError } from '../errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts'
import type { WriteAction } from './records.ts'

/**
 * What clients send. Two dialects share a socket: `client:*` messages, and the pub/sub frames (`auth`, `subscribe`,
 * `publish`, `ping`, `pong`). Unknown fields are ignored everywhere. docs/sync.md says what each message does.
 */
export type ClientFrame =
  | ClientHello
  | ClientAuth
  | ClientPublish
  | ClientBatch
  | ClientSnapshotRequest
  | ClientHistoryRequest
  | ClientQuery
  | ClientPing
  | PubSubFrame
  | UnknownFrame

/** Introduces the socket: which branch, which part of it, and what it has already. */
export interface ClientHello {
  type: 'client:hello'
  requestId?: string
  branchId?: string
  role?: string
  userId?: string
  lang?: string
  /** Absent: the messages of protocol 1. */
  protocol?: number
  token?: string
  /** Owner of request ids across sockets. */
  clientId?: string
  /** Only these modules; all of the branch when absent. */
  modules?: string[]
  /** Only these tables; none at all for []. All when absent. */
  tables?: string[]
  /** Module id -> the last position that the client applied. */
  cursor?: Record<string, CursorClaim>
  requestSnapshot: boolean
  requestHistory: boolean
  historyLimit?: number
}

/** A cursor as sent; undefined members mean that the server cannot read it, which asks for a full sync. */
export type CursorClaim = { epoch: number; seq: number } | undefined

/** A renewed token for a socket that stays open. */
export interface ClientAuth {
  type: 'client:auth'
  requestId?: string
  token?: string
}

/** The part of a publish that says what to write. */
export interface PublishOperation {
  action: WriteAction
  table: string
  record: JsonObject
  eventId?: string
}

interface PublishEnvelope {
  requestId?: string
  branchId?: string
  moduleId?: string
  meta?: JsonObject
  source?: string
  /** The epoch in which the versions were read (protocol 2). */
  epoch?: number
  /** False leaves the record out of the ack; events always carry it. */
  includeRecord: boolean
}

export interface ClientPublish extends PublishEnvelope, PublishOperation {
  type: 'client:publish'
  kind: 'single'
}

/** `action: "module:batch"`: all operations or none. */
export interface ClientBatch extends PublishEnvelope {
  type: 'client:publish'
  kind: 'batch'
  operations: PublishOperation[]
}

export interface ClientSnapshotRequest {
  type: 'client:request:snapshot'
  requestId?: string
  moduleId?: string
}

export interface ClientHistoryRequest {
  type: 'client:request:history'
  requestId?: string
  moduleId?: string
  limit?: number
}

export interface ClientQuery {
  type: 'client:query'
  requestId?: string
  moduleId?: string
  table: string
  queryType: 'list' | 'get'
  id?: JsonValue
  filter: JsonObject
  /** References become `{id, name}`. */
  populate: boolean
  limit?: number
  next?: string
}

/** Both dialects; the answer is `{"type":"pong"}` with the same `ts` or `requestId`. */
export interface ClientPing {
  type: 'ping' | 'pong'
  requestId?: string
  ts?: JsonValue
}

export type PubSubFrame =
  | { type: 'auth'; token?: string }
  | { type: 'subscribe'; topic: string }
  | { type: 'publish'; topic: string; data: JsonObject }

export interface UnknownFrame {
  type: 'unknown'
  name: string
  requestId?: string
}

/** What a frame may have at most; the AsyncAPI document says the same. */
export const FRAME_LIMITS = {
  /** Characters of a `requestId`, `clientId`, `role` and the like. */
  word: 256,
  /** Characters of a token or a page mark. */
  token: 8_192,
  /** Names in a list. */
  names: 256,
  /** Operations of a batch. */
  operations: 1_000,
}
const { word: MAX_WORD, token: MAX_TOKEN, names: MAX_NAMES, operations: MAX_OPERATIONS } = FRAME_LIMITS

/**
 * Reads a frame.
 *
 * @throws AppError `invalid-request` and the like; `details.requestId` is not set, ask `readRequestId`.
 */
export function parseClientFrame(frame: JsonObject): ClientFrame {
  const { type } = frame
  switch (type) {
    case 'client:publish':
      return parsePublish(frame)
    case 'client:hello':
      return parseHello(frame)
    case 'client:query':
      return parseQuery(frame)
    case 'client:auth':
      return { type, requestId: readRequestId(frame), token: optionalText(frame, 'token', MAX_TOKEN) }
    case 'client:request:snapshot':
      return { type, requestId: readRequestId(frame), moduleId: moduleOf(frame) }
    case 'client:request:history': {
      const limit = optionalCount(frame, 'limit') ?? optionalCount(frame, 'historyLimit')
      return { type, requestId: readRequestId(frame), moduleId: moduleOf(frame), limit }
    }
    case 'ping':
    case 'pong':
      return { type, requestId: readRequestId(frame), ts: frame.ts }
    case 'auth': {
      const { data } = frame
      return { type, token: isJsonObject(data) ? optionalText(data, 'token', MAX_TOKEN) : undefined }
    }
    case 'subscribe':
      return { type, topic: parseTopic(frame, 'Subscription topic required.') }
    case 'publish':
      return { type, topic: parseTopic(frame, 'Publish topic required.'), data: objectOr(frame.data, {}) }
    default:
      return {
        type: 'unknown',
        name: typeof type === 'string' ? type.slice(0, MAX_WORD) : String(type),
        requestId: readRequestId(frame),
      }
  }
}

/** The id under which the client waits for an answer: at the top level, else in `meta`. */
export function readRequestId(frame: JsonObject): string | undefined {
  const own = frame.requestId
  if (isWord(own)) return own
  const { meta } = frame
  if (!isJsonObject(meta)) return undefined
  const inMeta = meta.requestId
  return isWord(inMeta) ? inMeta : undefined
}

function parseHello(frame: JsonObject): ClientHello {
  return {
    type: 'client:hello',
    requestId: readRequestId(frame),
    branchId: optionalText(frame, 'branchId'),
    role: optionalText(frame, 'role'),
    userId: optionalId(frame, 'userId'),
    lang: optionalText(frame, 'lang'),
    protocol: optionalCount(frame, 'protocol'),
    token: optionalText(frame, 'token', MAX_TOKEN),
    clientId: optionalText(frame, 'clientId'),
    modules: optionalNames(frame, 'modules'),
    tables: optionalNames(frame, 'tables'),
    cursor: parseCursors(frame.cursor),
    requestSnapshot: frame.requestSnapshot !== false,
    requestHistory: frame.requestHistory === true,
    historyLimit: optionalCount(frame, 'historyLimit'),
  }
}

function parseCursors(value: JsonValue | undefined): Record<string, CursorClaim> | undefined {
  if (value === undefined || value === null) return undefined
  if (!isJsonObject(value)) throw invalid('cursor must be an object from module id to {epoch, seq}.')
  const names = Object.keys(value)
  if (names.length > MAX_NAMES) throw invalid('cursor names too many modules.')
  const cursors: Record<string, CursorClaim> = Object.create(null)
  for (const name of names) {
    const claim = value[name]
    const epoch = isJsonObject(claim!) ? claim.epoch : undefined
    const seq = isJsonObject(claim!) ? claim.seq : undefined
    cursors[name] = isCount(epoch) && isCount(seq) ? { epoch, seq } : undefined
  }
  return cursors
}

function parsePublish(frame: JsonObject): ClientPublish | ClientBatch {
  const envelope: PublishEnvelope = {
    requestId: readRequestId(frame),
    branchId: optionalText(frame, 'branchId'),
    moduleId: moduleOf(frame),
    meta: isJsonObject(frame.meta!) ? frame.meta : undefined,
    source: optionalText(frame, 'source'),
    epoch: optionalCount(frame, 'epoch'),
    includeRecord: frame.includeRecord !== false,
  }
  if (frame.action !== 'module:batch') {
    const { action, table, record, eventId } = parseOperation(frame, true)
    // Spelled out: spreading both into a new object takes longer than all the rest of reading a frame.
    return {
      type: 'client:publish',
      kind: 'single',
      requestId: envelope.requestId,
      branchId: envelope.branchId,
      moduleId: envelope.moduleId,
      meta: envelope.meta,
      source: envelope.source,
      epoch: envelope.epoch,
      includeRecord: envelope.includeRecord,
      action,
      table,
      record,
      eventId,
    }
  }
  const { operations } = frame
  if (!Array.isArray(operations) || operations.length === 0) {
    throw invalid('A batch needs a list of operations.')
  }
  if (operations.length > MAX_OPERATIONS) throw invalid(`A batch takes at most ${MAX_OPERATIONS} operations.`)
  return {
    type: 'client:publish',
    kind: 'batch',
    ...envelope,
    operations: operations.map((operation, index) => {
      if (isJsonObject(operation)) return parseOperation(operation, false)
      throw new AppError('invalid-request', `Operation ${index} is not an object.`, { details: { index } })
    }),
  }
}

/** A missing record is an empty one, as field clients expect: the schema decides whether that can be stored. */
function parseOperation(frame: JsonObject, isFrame: boolean): PublishOperation {
  const table = frame.table ?? frame.tableName ?? frame.targetTable
  if (!isWord(table)) throw new AppError('missing-table-name', 'Table name missing in publish payload')
  const record = frame.record ?? frame.data ?? {}
  if (!isJsonObject(record)) throw new AppError('missing-record', 'The record must be an object.')
  const eventId = frame.eventId ?? (isFrame ? frame.id : undefined)
  return { action: parseAction(frame.action), table, record, eventId: isWord(eventId) ? eventId : undefined }
}

/** What clients call the actions; without one it is an insert. */
export const WIRE_ACTIONS = {
  'module:insert': 'insert',
  'module:merge': 'merge',
  'module:update': 'merge',
  'module:save': 'save',
  'module:delete': 'delete',
} as const satisfies Record<string, WriteAction>

const ACTIONS = new Map<JsonValue | undefined, WriteAction>([
  [undefined, 'insert'],
  [null, 'insert'],
  ...Object.entries(WIRE_ACTIONS),
])

function parseAction(value: JsonValue | undefined): WriteAction {
  const action = ACTIONS.get(value)
  if (action) return action
  const name = typeof value === 'string' ? value.slice(0, MAX_WORD) : typeof value
  throw new AppError('unsupported-event-action', `Unsupported module action: ${name}`)
}

function parseQuery(frame: JsonObject): ClientQuery {
  const table = frame.table ?? frame.tableName
  if (!isWord(table)) throw new AppError('missing-table-name', 'Table name missing in query payload')
  const queryType = frame.queryType ?? 'list'
  if (queryType !== 'list' && queryType !== 'get') throw invalid('queryType must be "list" or "get".')
  return {
    type: 'client:query',
    requestId: readRequestId(frame),
    moduleId: moduleOf(frame),
    table,
    queryType,
    id: frame.id ?? frame.recordId,
    filter: objectOr(frame.filter, {}),
    populate: frame.populate !== false,
    limit: optionalCount(frame, 'limit'),
    next: optionalText(frame, 'next', MAX_TOKEN),
  }
}

function parseTopic(frame: JsonObject, message: string): string {
  const { topic } = frame
  if (isWord(topic)) return topic
  throw new AppError('invalid-topic', message)
}

function moduleOf(frame: JsonObject): string | undefined {
  return optionalText(frame, 'moduleId') ?? optionalText(frame, 'module')
}

function objectOr(value: JsonValue | undefined, fallback: JsonObject): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : fallback
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_WORD
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function optionalText(frame: JsonObject, name: string, maxLength = MAX_WORD): string | undefined {
  const value = frame[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string' && value.length <= maxLength && value.isWellFormed()) return value
  throw invalid(`${name} must be well-formed text of at most ${maxLength} characters.`)
}

/** User ids are numbers in some back offices. */
function optionalId(frame: JsonObject, name: string): string | undefined {
  const value = frame[name]
  return typeof value === 'number' ? String(value) : optionalText(frame, name)
}

function optionalCount(frame: JsonObject, name: string): number | undefined {
  const value = frame[name]
  if (value === undefined || value === null) return undefined
  if (isCount(value)) return value
  throw invalid(`${name} must be a whole number that is not negative.`)
}

function optionalNames(frame: JsonObject, name: string): string[] | undefined {
  const value = frame[name]
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value) && value.length <= MAX_NAMES && value.every(isWord)) return value
  throw invalid(`${name} must be a list of at most ${MAX_NAMES} names.`)
}

function invalid(message: string): AppError {
  return new AppError('invalid-request', message)
}
