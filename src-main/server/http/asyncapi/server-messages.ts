import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../../../../src-shared/errors.ts'
import type { EventAction, FullSyncFlag, ModuleSnapshot, RecordRef } from '../../../../src-shared/protocol/records.ts'
import type {
  AckEntry,
  AckedChange,
  EventEntry,
  EventNotice,
  PubSubReply,
  ServerAck,
  ServerAuth,
  ServerDelta,
  ServerDirective,
  ServerError,
  ServerEvent,
  ServerFrame,
  ServerHello,
  ServerHistory,
  ServerLog,
  ServerPong,
  ServerQueryError,
  ServerQueryResult,
  ServerReady,
  ServerSnapshot,
  ServerSnapshotEnd,
  ServerSnapshotPart,
} from '../../../../src-shared/protocol/server-frames.ts'
import { jsonObject, jsonValue, type MessageDoc, positions, record, requestId, shapeOf } from './message.ts'

const text = z.string()
const count = z.int().nonnegative()
const time = z.string().meta({ format: 'date-time' })
const both = ['protocol 1', 'protocol 2'] as const

const RECORD_ACTIONS = ['module:insert', 'module:merge', 'module:delete'] as const satisfies EventAction[]
const MODULE_ACTIONS = [
  'module:reset',
  'module:purge',
  'module:restore',
  'module:import',
] as const satisfies EventAction[]
const action = z.enum(RECORD_ACTIONS)

export const errorCode = z
  .enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]])
  .meta({ id: 'ErrorCode', description: 'The catalogue of docs/errors.md; x-error-codes says what each means' })

const recordRef = shapeOf<RecordRef>()({
  table: text,
  key: text.meta({ description: 'Primary key values joined by "::"' }),
  primaryKey: z.record(text, jsonValue),
  id: jsonValue.optional(),
}).meta({ id: 'RecordRef', description: 'A record as clients name it' })

const flagFields = {
  id: text,
  branchId: text,
  moduleId: text,
  enabled: z.boolean(),
  reason: text.nullable(),
  requestedBy: text.nullable(),
  updatedAt: text,
  meta: jsonObject,
  clearedBy: text.nullable(),
}
const fullSyncFlag = shapeOf<FullSyncFlag>()(flagFields).meta({ id: 'FullSyncFlag' })

const snapshotMeta = z
  .object({
    lastUpdatedAt: text.nullable(),
    counter: count,
    labCounter: count,
    epoch: count,
    partial: z
      .record(text, z.object({ from: text.nullable() }))
      .meta({ description: 'Tables with a window, and from when on they are told' })
      .optional(),
  })
  .meta({ id: 'SnapshotMeta' })

const moduleSnapshot = shapeOf<ModuleSnapshot>()({
  moduleId: text,
  branchId: text,
  version: count,
  tables: z.record(text, z.union([z.array(record), record])),
  meta: snapshotMeta,
}).meta({ id: 'ModuleSnapshot', description: 'All records of the tables of a module at one position' })

const entryFields = {
  id: jsonValue,
  table: text,
  action,
  created: z.boolean(),
  deleted: z.boolean(),
  record: record.optional(),
}
const eventEntry = shapeOf<EventEntry>()({ ...entryFields, recordRef, meta: jsonObject }).meta({ id: 'EventEntry' })
const ackEntry = shapeOf<AckEntry>()({
  ...entryFields,
  recordRef: recordRef.optional(),
  meta: jsonObject.optional(),
}).meta({ id: 'AckEntry' })

const eventNotice = shapeOf<EventNotice>()({
  action,
  recordRef,
  eventId: text.nullable(),
  sequence: count,
  version: count,
  timestamp: text.nullable(),
  created: z.boolean(),
  deleted: z.boolean(),
  meta: jsonObject,
}).meta({ id: 'EventNotice' })

const changeFields = {
  action,
  branchId: text,
  moduleId: text,
  version: count,
  epoch: count,
  table: text,
  recordRef,
  eventId: text.nullable(),
  sequence: count.meta({ description: 'Position of the event in the log of the module' }),
  publishState: jsonObject.nullable().meta({ description: 'To clients of protocol 1' }).optional(),
  meta: jsonObject.meta({ description: 'clientMeta is the meta of the publish' }),
  entry: ackEntry,
  created: z.boolean(),
  deleted: z.literal(true).optional(),
  warnings: z.array(text).meta({ description: 'What was stored otherwise than sent' }).optional(),
}
const ackedChange = shapeOf<AckedChange>()(changeFields).meta({ id: 'AckedChange' })

type SingleAck = Exclude<ServerAck, { results: unknown }>
type BatchAck = Extract<ServerAck, { results: unknown }>
const ackHead = {
  type: z.literal('server:ack'),
  requestId,
  replayed: z.literal(true).meta({ description: 'The first answer to this request, once more' }).optional(),
}

const snapshotFrameMeta = z
  .object({
    reason: text,
    requestId: text.optional(),
    serverId: text,
    branchId: text,
    snapshotAt: time,
    lang: text.optional(),
    fullSyncRequired: z.literal(true).optional(),
    fullSyncFlags: z.array(fullSyncFlag).optional(),
  })
  .meta({ id: 'SnapshotFrameMeta' })

const catchUpMode = z.enum(['snapshot', 'events', 'none']).meta({ id: 'CatchUpMode' })

const eventHead = {
  type: z.literal('server:event'),
  eventId: text,
  sequence: count.meta({ description: 'Position in the log: contiguous, never reset' }),
  epoch: count,
  version: count,
  branchId: text,
  moduleId: text,
  createdAt: time,
  meta: jsonObject,
}
const event = shapeOf<ServerEvent>()({
  ...eventHead,
  action,
  table: text.optional(),
  recordRef: recordRef.optional(),
  entry: eventEntry.optional(),
  notice: eventNotice.optional(),
  publishState: jsonObject.optional(),
  deleted: z.literal(true).optional(),
  group: z
    .object({ id: text, index: count, size: count })
    .meta({ description: 'The event belongs to an atomic batch; apply its events together' })
    .optional(),
}).meta({ id: 'Event' })

const moduleEvent = z
  .looseObject({
    ...eventHead,
    action: z.enum(MODULE_ACTIONS),
    tables: z.array(jsonObject).meta({ description: 'What was emptied, restored or imported' }).optional(),
  })
  .meta({ id: 'ModuleEvent', description: 'Names no table; each action adds fields of its own' })

const errorFields = {
  error: errorCode,
  message: text,
  details: z.record(text, z.unknown()).optional(),
  errors: z.array(z.object({ field: text, code: text, message: text })).optional(),
  hint: text.optional(),
  traceId: text.optional(),
}

type Directive<Name extends string> = Extract<ServerDirective, { directive: Name }>
const directiveType = z.literal('server:directive')

const topicChange = z
  .union([
    z.object({ mode: z.literal('snapshot'), snapshot: jsonObject }),
    z.object({ mode: z.literal('delta'), set: jsonObject, remove: z.array(text).optional() }),
  ])
  .meta({ id: 'TopicChange', description: 'Everything first, then what changed at the top level' })

const ref = { table: 'order_line', key: 'l-1', primaryKey: { id: 'l-1' }, id: 'l-1' }
const line = { id: 'l-1', orderId: 'o-1', quantity: 2, version: 1 }
const place = { branchId: 'dar', moduleId: 'pos' }
const at = '2026-01-01T12:00:00.000Z'
const ackExample = {
  ...{ type: 'server:ack', requestId: 'r-1', action: 'module:insert', ...place, version: 42, epoch: 1 },
  ...{ table: 'order_line', recordRef: ref, eventId: 'evt-1', sequence: 42, meta: { clientMeta: {} }, created: true },
  entry: { id: 'l-1', table: 'order_line', action: 'module:insert', created: true, deleted: false, record: line },
}

/** Everything that the server sends, by the `type` of the frame: a type without a description does not compile. */
export const SERVER_MESSAGES: Readonly<Record<ServerFrame['type'], readonly MessageDoc[]>> = {
  'server:hello': [
    {
      name: 'serverHello',
      title: 'Sent at connect, before anything is asked (H1)',
      dialects: both,
      payload: shapeOf<ServerHello>()({
        type: z.literal('server:hello'),
        serverId: text,
        timestamp: time,
        now: time,
        message: text,
        protocols: z.array(z.int()),
        defaults: z.object({
          branchId: text.nullable().meta({ description: 'The branch that a hello without one means' }),
        }),
      }),
      examples: [
        {
          ...{ type: 'server:hello', serverId: 'ws-1', timestamp: at, now: at, message: 'Connected' },
          ...{ protocols: [1, 2], defaults: { branchId: 'dar' } },
        },
      ],
    },
  ],
  'server:ready': [
    {
      name: 'serverReady',
      title: 'The session is caught up: every event after the cursor will be heard (H5)',
      dialects: ['protocol 2'],
      payload: shapeOf<ServerReady>()({
        type: z.literal('server:ready'),
        requestId,
        protocol: z.literal(2),
        branchId: text,
        cursor: positions,
        mode: catchUpMode,
        modes: z.record(text, catchUpMode).meta({ description: 'What each module needed' }),
        fullSync: z
          .record(text, text)
          .meta({ description: 'Modules whose cursor could not be continued, with the reason (D1 to D6, D9)' })
          .optional(),
      }),
      examples: [
        {
          ...{ type: 'server:ready', requestId: 'h-1', protocol: 2, branchId: 'dar' },
          ...{ cursor: { pos: { epoch: 1, seq: 42 } }, mode: 'events', modes: { pos: 'events' } },
        },
      ],
    },
  ],
  'server:snapshot': [
    {
      name: 'serverSnapshot',
      title: 'Protocol 1: everything in one frame (S1)',
      dialects: ['protocol 1'],
      payload: shapeOf<ServerSnapshot>()({
        type: z.literal('server:snapshot'),
        branchId: text,
        modules: z.record(text, moduleSnapshot),
        fullSyncFlags: z.array(fullSyncFlag),
        meta: snapshotFrameMeta,
      }),
      examples: [
        {
          ...{ type: 'server:snapshot', branchId: 'dar', fullSyncFlags: [] },
          modules: {
            pos: {
              ...place,
              version: 42,
              tables: { order_line: [line] },
              meta: { lastUpdatedAt: at, counter: 42, labCounter: 0, epoch: 1 },
            },
          },
          meta: { reason: 'initial-sync', serverId: 'ws-1', branchId: 'dar', snapshotAt: at },
        },
      ],
    },
    {
      name: 'serverSnapshotEnd',
      title: 'Protocol 2: closes the parts; the tables named here replace what the client has (S2)',
      dialects: ['protocol 2'],
      payload: shapeOf<ServerSnapshotEnd>()({
        type: z.literal('server:snapshot'),
        branchId: text,
        modules: z.record(
          text,
          z.object({
            moduleId: text,
            branchId: text,
            version: count,
            tableNames: z.array(text),
            meta: snapshotMeta,
          }),
        ),
        cursor: positions,
        fullSyncFlags: z.array(fullSyncFlag),
        meta: snapshotFrameMeta,
      }),
      examples: [
        {
          ...{ type: 'server:snapshot', branchId: 'dar', fullSyncFlags: [], cursor: { pos: { epoch: 1, seq: 42 } } },
          modules: {
            pos: {
              ...place,
              version: 42,
              tableNames: ['order_line'],
              meta: { lastUpdatedAt: at, counter: 42, labCounter: 0, epoch: 1 },
            },
          },
          meta: { reason: 'initial-sync', serverId: 'ws-1', branchId: 'dar', snapshotAt: at },
        },
      ],
    },
  ],
  'server:snapshot-part': [
    {
      name: 'serverSnapshotPart',
      title: 'Some records of one table, at most 1 MiB (S2)',
      dialects: ['protocol 2'],
      payload: shapeOf<ServerSnapshotPart>()({
        type: z.literal('server:snapshot-part'),
        branchId: text,
        moduleId: text,
        epoch: count,
        seq: count.meta({ description: 'Position of the snapshot that the part belongs to' }),
        table: text,
        part: count,
        isLast: z.boolean(),
        isSingleton: z.boolean().meta({ description: 'The table is one object; records has it alone' }),
        records: z.array(record),
      }),
      examples: [
        {
          ...{ type: 'server:snapshot-part', ...place, epoch: 1, seq: 42, table: 'order_line', part: 0 },
          ...{ isLast: true, isSingleton: false, records: [line] },
        },
      ],
    },
  ],
  'server:delta': [
    {
      name: 'serverDelta',
      title: 'Changes between two positions, each record once in its latest state (D7, D8)',
      dialects: ['protocol 2'],
      payload: shapeOf<ServerDelta>()({
        type: z.literal('server:delta'),
        branchId: text,
        moduleId: text,
        epoch: count,
        from: count,
        to: count,
        tables: z.record(text, z.array(record)),
        deleted: z.record(text, z.array(text)).meta({ description: 'Keys of removed records by table' }),
        hasMore: z.boolean(),
      }),
      examples: [
        {
          ...{ type: 'server:delta', ...place, epoch: 1, from: 41, to: 900 },
          ...{ tables: { order_line: [line] }, deleted: { order_payment: ['p-1'] }, hasMore: false },
        },
      ],
    },
  ],
  'server:ack': [
    {
      name: 'serverAck',
      title: 'A write is committed and durable (W7)',
      dialects: both,
      payload: shapeOf<SingleAck>()({ ...ackHead, ...changeFields }),
      examples: [ackExample],
    },
    {
      name: 'serverBatchAck',
      title: 'All operations of a batch are committed (W11)',
      dialects: both,
      payload: shapeOf<BatchAck>()({
        ...ackHead,
        action: z.literal('module:batch'),
        branchId: text,
        moduleId: text,
        version: count,
        epoch: count,
        sequence: count,
        meta: jsonObject,
        results: z.array(ackedChange).meta({ description: 'In the order of the operations' }),
      }),
      examples: [
        {
          ...{ type: 'server:ack', requestId: 'r-2', action: 'module:batch', ...place, version: 42, epoch: 1 },
          ...{ sequence: 42, meta: {}, results: [withoutHead(ackExample)] },
        },
      ],
    },
  ],
  'server:event': [
    {
      name: 'serverEvent',
      title: 'One committed change, to everybody who hears the module, in commit order (P4)',
      dialects: both,
      payload: event,
      examples: [
        {
          ...{ type: 'server:event', eventId: 'evt-1', sequence: 42, epoch: 1, version: 42, ...place },
          ...{ action: 'module:insert', createdAt: at, table: 'order_line', recordRef: ref, meta: {} },
          entry: { ...ackExample.entry, recordRef: ref, meta: {} },
        },
      ],
    },
    {
      name: 'serverModuleEvent',
      title: 'The whole module changed: reset, purge, restore, import; read it anew (R1)',
      dialects: both,
      payload: moduleEvent,
      examples: [
        {
          ...{ type: 'server:event', eventId: 'evt-2', sequence: 43, epoch: 1, version: 43, ...place },
          ...{ action: 'module:purge', createdAt: at, meta: {} },
          ...{ tables: [{ table: 'order_payment', status: 'cleared', removed: 12 }], totalRemoved: 12 },
        },
      ],
    },
  ],
  'server:error': [
    {
      name: 'serverError',
      title: 'A failure of one request, or of the socket when requestId is absent (W10)',
      dialects: both,
      payload: shapeOf<ServerError>()({ type: z.literal('server:error'), requestId, ...errorFields }),
      examples: [
        {
          ...{ type: 'server:error', requestId: 'r-1', error: 'version-conflict' },
          ...{ message: 'Version conflict: Unable to update order_line (expected: 1, current: 2).' },
          details: { table: 'order_line', expectedVersion: 1, currentVersion: 2, current: { ...line, version: 2 } },
        },
      ],
    },
  ],
  'server:log': [
    {
      name: 'serverLog',
      title: 'For people: a welcome, a refused write (H3, W10)',
      dialects: ['protocol 1'],
      payload: shapeOf<ServerLog>()({
        type: z.literal('server:log'),
        level: z.enum(['info', 'warn', 'error']),
        message: text,
        context: jsonObject,
        ts: time,
        serverId: text,
      }),
      examples: [
        { type: 'server:log', level: 'info', message: 'Client registered', context: {}, ts: at, serverId: 'ws-1' },
      ],
    },
  ],
  'server:directive': [
    {
      name: 'resyncDirective',
      title:
        'Say hello again with your cursor: the data was replaced (R1), or events were dropped for a slow reader (B3)',
      dialects: both,
      payload: shapeOf<Directive<'resync'>>()({
        type: directiveType,
        directive: z.literal('resync'),
        reason: text,
        branchId: text,
        moduleId: text.optional(),
        meta: jsonObject,
      }),
      examples: [{ type: 'server:directive', directive: 'resync', reason: 'module-reset', ...place, meta: {} }],
    },
    {
      name: 'renewTokenDirective',
      title: 'The access token ends soon: send client:auth with another one (A3)',
      dialects: both,
      payload: shapeOf<Directive<'renew-token'>>()({
        type: directiveType,
        directive: z.literal('renew-token'),
        reason: text,
        expiresAt: time,
        meta: jsonObject,
      }),
      examples: [
        { type: 'server:directive', directive: 'renew-token', reason: 'token-expires', expiresAt: at, meta: {} },
      ],
    },
    {
      name: 'reloadSchemaDirective',
      title: 'The schema of the module has changed (R3)',
      dialects: both,
      payload: shapeOf<Directive<'reload-schema'>>()({
        type: directiveType,
        directive: z.literal('reload-schema'),
        reason: text,
        branchId: text,
        moduleId: text,
        meta: jsonObject,
      }),
      examples: [
        { type: 'server:directive', directive: 'reload-schema', reason: 'schema-updated', ...place, meta: {} },
      ],
    },
    {
      name: 'fullSyncFlagDirective',
      title: 'A full-sync flag was set or cleared (R4)',
      dialects: both,
      payload: shapeOf<Directive<'full-sync-flag'>>()({
        type: directiveType,
        directive: z.literal('full-sync-flag'),
        toggledVia: z.literal('management-api'),
        ...flagFields,
      }),
      examples: [
        {
          ...{ type: 'server:directive', directive: 'full-sync-flag', toggledVia: 'management-api', id: 'fsync-1' },
          ...{ ...place, enabled: true, reason: 'menu was rebuilt', requestedBy: 'manager', updatedAt: at },
          ...{ meta: {}, clearedBy: null },
        },
      ],
    },
    {
      name: 'reconnectDirective',
      title: 'The server stops; come back after this time (B9)',
      dialects: both,
      payload: shapeOf<Directive<'reconnect'>>()({
        type: directiveType,
        directive: z.literal('reconnect'),
        reason: text,
        retryAfterMs: count,
        meta: jsonObject,
      }),
      examples: [
        { type: 'server:directive', directive: 'reconnect', reason: 'server-stopping', retryAfterMs: 1_000, meta: {} },
      ],
    },
  ],
  'server:history': [
    {
      name: 'serverHistory',
      title: 'The last events, oldest first (H8)',
      dialects: both,
      payload: shapeOf<ServerHistory>()({
        type: z.literal('server:history'),
        requestId,
        branchId: text,
        moduleId: text,
        events: z.array(z.union([event, moduleEvent])) as unknown as z.ZodType<ServerEvent[]>,
      }),
      examples: [{ type: 'server:history', requestId: 'r-3', ...place, events: [] }],
    },
  ],
  'server:query:result': [
    {
      name: 'serverQueryResult',
      title: 'Records that were asked for',
      dialects: both,
      payload: shapeOf<ServerQueryResult>()({
        type: z.literal('server:query:result'),
        requestId,
        table: text,
        queryType: z.enum(['list', 'get']),
        result: z.union([z.array(record), record, z.null()]),
        next: text.meta({ description: 'More records follow; send it as next' }).optional(),
        timestamp: time,
      }),
      examples: [
        {
          ...{ type: 'server:query:result', requestId: 'r-4', table: 'order_line', queryType: 'get' },
          ...{ result: line, timestamp: at },
        },
      ],
    },
  ],
  'server:query:error': [
    {
      name: 'serverQueryError',
      title: 'A query that was refused',
      dialects: both,
      payload: shapeOf<ServerQueryError>()({
        type: z.literal('server:query:error'),
        requestId,
        error: text.meta({ description: 'A sentence' }),
        code: errorCode,
        timestamp: time,
      }),
      examples: [
        {
          ...{ type: 'server:query:error', requestId: 'r-5', error: 'There is no table "x".' },
          ...{ code: 'table-not-found', timestamp: at },
        },
      ],
    },
  ],
  'server:auth': [
    {
      name: 'serverAuth',
      title: 'The renewed token is accepted',
      dialects: both,
      payload: shapeOf<ServerAuth>()({
        type: z.literal('server:auth'),
        requestId,
        status: z.literal('accepted'),
      }),
      examples: [{ type: 'server:auth', requestId: 'r-6', status: 'accepted' }],
    },
  ],
  pong: [
    {
      name: 'pong',
      title: 'Answers a ping',
      dialects: ['protocol 1', 'protocol 2', 'pub/sub'],
      payload: shapeOf<ServerPong>()({ type: z.literal('pong'), requestId, ts: jsonValue.optional() }),
      examples: [{ type: 'pong', ts: 1_767_268_800_000 }],
    },
  ],
  ack: [
    {
      name: 'topicAuthAck',
      title: 'Answers auth (T1)',
      dialects: ['pub/sub'],
      payload: shapeOf<Extract<PubSubReply, { event: 'auth' }>>()({ type: z.literal('ack'), event: z.literal('auth') }),
      examples: [{ type: 'ack', event: 'auth' }],
    },
    {
      name: 'topicSubscribeAck',
      title: 'Answers subscribe; the retained data follows (T3)',
      dialects: ['pub/sub'],
      payload: shapeOf<Extract<PubSubReply, { event: 'subscribe' }>>()({
        type: z.literal('ack'),
        event: z.literal('subscribe'),
        topic: text,
      }),
      examples: [{ type: 'ack', event: 'subscribe', topic: 'sync::dar::pos' }],
    },
  ],
  publish: [
    {
      name: 'topicData',
      title: 'Data of a topic that is subscribed to (T3 to T6)',
      dialects: ['pub/sub'],
      payload: shapeOf<Extract<PubSubReply, { type: 'publish' }>>()({
        type: z.literal('publish'),
        topic: text,
        data: z.union([topicChange, jsonObject]),
      }),
      examples: [
        { type: 'publish', topic: 'kitchen::display', data: { mode: 'snapshot', snapshot: { orders: 3 } } },
        { type: 'publish', topic: 'kitchen::display', data: { mode: 'delta', set: { orders: 4 }, remove: ['note'] } },
      ],
    },
  ],
  error: [
    {
      name: 'topicError',
      title: 'A frame of the pub/sub dialect that was refused (T1)',
      dialects: ['pub/sub'],
      payload: shapeOf<Extract<PubSubReply, { type: 'error' }>>()({
        type: z.literal('error'),
        code: errorCode,
        message: text,
        topic: text.optional(),
      }),
      examples: [{ type: 'error', code: 'invalid-topic', message: 'Subscription topic required.' }],
    },
  ],
}

function withoutHead({ type: _type, requestId: _requestId, ...change }: typeof ackExample) {
  return change
}
