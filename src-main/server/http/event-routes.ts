import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { isName } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { WriteAction } from '../../../src-shared/protocol/records.ts'
import type { StoredEvent, WriteOperation } from '../../store/types.ts'
import { buildAck, buildEventFrame, buildNotice } from '../ack.ts'
import type { Call } from './call.ts'
import { type Route, route } from './route.ts'
import { ackShape, eventShape, noticeShape, recordRefShape, recordShape, wholeNumber } from './shapes.ts'
import { ackContext, runWrite } from './write-answer.ts'

const EVENTS_PATH = '/api/branches/:branchId/modules/:moduleId/events'
const DEFAULT_EVENTS = 100
const MAX_EVENTS = 1_000

const ACTIONS: Readonly<Record<string, WriteAction>> = {
  'module:insert': 'insert',
  'module:merge': 'merge',
  'module:update': 'merge',
  'module:save': 'save',
  'module:delete': 'delete',
}

const entryShape = z
  .looseObject({ id: z.string(), sequence: z.int(), action: z.string(), createdAt: z.string() })
  .meta({ id: 'EventLogEntry', description: 'One event as the log keeps it' })

const eventBody = z.looseObject({
  action: z
    .string()
    .optional()
    .meta({ enum: Object.keys(ACTIONS) }),
  table: z.string().optional(),
  record: recordShape.optional(),
  eventId: z.string().optional(),
})

const batchBody = z.looseObject({
  lastAckId: z.string().nullable().optional().describe('Id of the last event of the log; null when it is empty'),
  events: z.array(eventBody).describe('Stored all or none'),
})

/** Reading the event log, and writing through it. */
export const eventRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: EVENTS_PATH,
    tag: 'Events',
    permission: 'table',
    summary: 'Events of a module, oldest first; without `after` the last ones',
    query: z.object({
      after: wholeNumber.describe('Sequence after which to read; 0 reads from the oldest event kept'),
      limit: wholeNumber.describe(`Events in one answer, ${DEFAULT_EVENTS} by default, at most ${MAX_EVENTS}`),
    }),
    answers: {
      200: {
        description: 'Events and the state of the log',
        schema: z.object({
          branchId: z.string(),
          moduleId: z.string(),
          version: z.int(),
          updatedAt: z.string().nullable(),
          serverId: z.string(),
          events: z.array(entryShape),
          next: z.int().optional().describe('Ask with after=next for more'),
          eventLog: z.looseObject({}),
        }),
      },
    },
    handle(call, { query }) {
      const module = call.module()
      const head = module.head()
      const limit = Math.min(query.limit || DEFAULT_EVENTS, MAX_EVENTS)
      const after = query.after ?? Math.max(0, head.seq - limit)
      const events = module.readEvents(after, limit)
      const last = events.at(-1)?.seq
      const text = JSON.stringify({
        branchId: module.branchId,
        moduleId: module.moduleId,
        version: head.seq,
        epoch: head.epoch,
        updatedAt: head.lastEventAt,
        serverId: call.services.store.serverId,
        eventLog: module.eventLogMeta(),
        ...(last !== undefined && last < head.seq && { next: last }),
      })
      return call.sendReadable(`${text.slice(0, -1)},"events":[${events.map(entryText).join(',')}]}`)
    },
  }),
  route({
    method: 'POST',
    path: `${EVENTS_PATH}/batch`,
    tag: 'Events',
    permission: 'table',
    summary: 'Store several events in one transaction, if nobody wrote since',
    answers: {
      200: {
        description: 'Stored',
        schema: z.object({
          branchId: z.string(),
          moduleId: z.string(),
          ingested: z.int(),
          lastAckId: z.string().nullable(),
          lastEventId: z.string().nullable(),
          sequences: z.array(z.object({ id: z.string(), sequence: z.int(), table: z.string(), createdAt: z.string() })),
        }),
      },
    },
    errors: ['missing-last-ack-id', 'last-ack-mismatch', 'invalid-event-payload', 'unsupported-event-action'],
    bodyDoc: batchBody,
    handle: storeBatch,
  }),
  route({
    method: 'GET',
    path: `${EVENTS_PATH}/:eventId`,
    tag: 'Events',
    permission: 'table',
    summary: 'One event',
    answers: {
      200: {
        description: 'The event as it was broadcast, and as the log keeps it',
        schema: z.object({ branchId: z.string(), moduleId: z.string(), event: eventShape, logEntry: entryShape }),
      },
    },
    errors: ['event-not-found'],
    handle(call) {
      const module = call.module()
      const eventId = call.param('eventId')
      const event = module.findEvent(eventId)
      if (!event) throw new AppError('event-not-found', `There is no event ${eventId}.`, { details: { eventId } })
      const head = JSON.stringify({ branchId: module.branchId, moduleId: module.moduleId })
      return call.sendReadable(`${head.slice(0, -1)},"event":${buildEventFrame(event)},"logEntry":${entryText(event)}}`)
    },
  }),
  route({
    method: 'POST',
    path: EVENTS_PATH,
    tag: 'Events',
    permission: 'table',
    summary: 'Store one event',
    answers: {
      200: {
        description: 'Stored',
        schema: z.object({
          ack: ackShape,
          event: eventShape.nullable(),
          logEntry: entryShape.nullable(),
          recordRef: recordRefShape,
          notice: noticeShape,
          record: recordShape.nullable(),
          removed: recordShape.nullable(),
        }),
      },
    },
    errors: ['missing-table-name', 'table-not-found', 'unsupported-event-action', 'version-conflict'],
    bodyDoc: eventBody,
    handle: storeEvent,
  }),
]

/** The line that the log keeps: no secret fields, because `recordText` has none. */
function entryText(event: StoredEvent): string {
  const { eventId, seq, epoch, action, branchId, moduleId, table, key, recordRef, meta, createdAt, group, hash } = event
  const head = JSON.stringify({ id: eventId, sequence: seq, epoch, action, branchId, moduleId, table, key, recordRef })
  const publishState = {
    [branchId]: { status: 'published', updatedAt: createdAt, attempts: 0, publishedAt: createdAt },
  }
  const tail = JSON.stringify({ meta, publishState, createdAt, recordedAt: createdAt, ...(group && { group }), hash })
  return `${head.slice(0, -1)},"record":${event.recordText ?? 'null'},${tail.slice(1)}`
}

async function storeEvent(call: Call): Promise<void> {
  const branch = call.branch()
  const module = branch.getModule(call.param('moduleId'))
  const body = await call.readObject()
  const meta = isJsonObject(body.meta) ? body.meta : undefined
  const source = typeof body.source === 'string' ? body.source : 'rest'
  const write = await runWrite(call, branch, module, [toOperation(body)], { source, ...(meta && { meta }) })
  const result = write.results[0]!
  const context = ackContext(call, module)
  const includeRecord = body.includeRecord !== false
  const ack = buildAck(context, write, { source, includeRecord, ...(meta && { clientMeta: meta }) })
  const isDeleted = result.outcome === 'deleted'
  call.sendText(
    200,
    `{"ack":${ack},"event":${result.event ? buildEventFrame(result.event) : 'null'},` +
      `"logEntry":${result.event ? entryText(result.event) : 'null'},"recordRef":${JSON.stringify(result.recordRef)},` +
      `"notice":${buildNotice(context, write, result)},"record":${isDeleted ? 'null' : result.recordText},` +
      `"removed":${isDeleted ? result.recordText : 'null'}}`,
    write.isReplay ? ['Idempotency-Replayed', 'true'] : [],
  )
}

function toOperation(body: JsonObject): WriteOperation {
  const action = parseAction(body.action)
  const table = body.table ?? body.tableName ?? body.targetTable
  if (table === undefined || table === '') throw new AppError('missing-table-name', 'The event names no table.')
  if (!isName(table)) throw new AppError('invalid-name', 'The table name has characters we refuse.')
  const record = body.record ?? body.data
  if (!isJsonObject(record)) throw new AppError('missing-record', 'The event carries no record object.')
  const eventId = body.eventId ?? body.id
  return { action, table, record, ...(typeof eventId === 'string' && eventId !== '' && { eventId }) }
}

function parseAction(value: JsonValue | undefined): WriteAction {
  const name = value ?? 'module:insert'
  const action = typeof name === 'string' && Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (action) return action
  throw new AppError(
    'unsupported-event-action',
    `The action ${String(name)} is not one of ${Object.keys(ACTIONS).join(', ')}.`,
    {
      details: { action: String(name) },
    },
  )
}

/** All or nothing, and only on top of the event that the caller saw last. */
async function storeBatch(call: Call): Promise<void> {
  const branch = call.branch()
  const module = branch.getModule(call.param('moduleId'))
  const body = await call.readObject()
  const { lastAckId, events } = body
  if (lastAckId === undefined) throw new AppError('missing-last-ack-id', 'An event batch needs lastAckId.')
  if (lastAckId !== null && typeof lastAckId !== 'string') {
    throw new AppError('invalid-request', 'lastAckId must be the id of an event, or null for an empty log.')
  }
  if (!Array.isArray(events)) throw new AppError('invalid-event-payload', 'events must be a list.')
  if (events.length > MAX_EVENTS) {
    throw new AppError('invalid-request', `A batch has at most ${MAX_EVENTS} events.`, {
      details: { limit: MAX_EVENTS },
    })
  }
  const operations = events.map(toBatchOperation)
  const options = { source: 'rest-batch', expectLastEventId: lastAckId }
  const isEmpty = operations.length === 0
  const write = isEmpty ? undefined : await runWrite(call, branch, module, operations, options)
  const sequences = (write?.results ?? []).flatMap(({ event, table }) =>
    event ? [{ id: event.eventId, sequence: event.seq, table, createdAt: event.createdAt }] : [],
  )
  const { lastEventId } = module.head()
  const newest = sequences.at(-1)?.id ?? lastEventId
  call.send(
    200,
    {
      branchId: module.branchId,
      moduleId: module.moduleId,
      ingested: sequences.length,
      lastAckId: newest,
      lastEventId: newest,
      sequences,
    },
    write?.isReplay ? ['Idempotency-Replayed', 'true'] : [],
  )
}

function toBatchOperation(event: JsonValue, index: number): WriteOperation {
  try {
    if (!isJsonObject(event)) throw new AppError('invalid-event-payload', 'An event must be an object.')
    return toOperation(event)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const code = error.code === 'missing-record' ? 'invalid-event-payload' : error.code
    throw new AppError(code, error.message, { details: { ...error.details, index } })
  }
}
