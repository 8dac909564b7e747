import { z } from 'zod'
import {
  type ClientAuth,
  type ClientBatch,
  type ClientFrame,
  type ClientHello,
  type ClientHistoryRequest,
  type ClientPing,
  type ClientPublish,
  type ClientQuery,
  type ClientSnapshotRequest,
  FRAME_LIMITS,
  type PublishOperation,
  WIRE_ACTIONS,
} from '../../../../src-shared/protocol/client-frames.ts'
import { jsonObject, jsonValue, type MessageDoc, position, record } from './message.ts'

/** A shape for each field that the parser reads; more are other spellings. A field that is added there does not compile. */
type WireOf<Frame> = { [Key in Exclude<keyof Frame, 'kind'>]-?: z.ZodType } & Record<string, z.ZodType>

const word = z.string().min(1).max(FRAME_LIMITS.word)
const optionalWord = z.string().max(FRAME_LIMITS.word).nullish()
const token = z.string().max(FRAME_LIMITS.token).nullish()
const names = z.array(word).max(FRAME_LIMITS.names).nullish()
const count = z.int().nonnegative().nullish()
const requestId = z
  .string()
  .max(FRAME_LIMITS.word)
  .meta({ description: 'Every answer echoes it; meta.requestId is read when it is absent' })
  .optional()
const moduleFields = {
  moduleId: optionalWord.meta({ description: "The hello's only module, else the branch's default one, when absent" }),
  module: optionalWord.meta({ description: 'Another name of moduleId' }),
}
const both = ['protocol 1', 'protocol 2'] as const

const hello = {
  type: z.literal('client:hello'),
  requestId,
  branchId: optionalWord.meta({ description: 'The only branch of the server when absent' }),
  role: optionalWord,
  userId: z.union([z.string().max(FRAME_LIMITS.word), z.number()]).nullish(),
  lang: optionalWord.meta({ description: 'Protocol 1: texts of this language are laid over the records (S6)' }),
  protocol: z
    .int()
    .nullish()
    .meta({ description: 'Absent: the messages of protocol 1', enum: [1, 2, null] }),
  token,
  clientId: optionalWord.meta({ description: 'Owner of request ids across sockets (I1)' }),
  modules: names.meta({ description: 'Only these modules; all of the branch when absent' }),
  tables: names.meta({ description: 'Events of these tables only; none at all for []; all when absent (P5)' }),
  cursor: z
    .record(z.string(), position)
    .nullish()
    .meta({ description: 'Module id -> the last position that the client applied' }),
  requestSnapshot: z.boolean().optional(),
  requestHistory: z.boolean().optional(),
  historyLimit: count,
} satisfies WireOf<ClientHello>

const operation = {
  action: z
    .enum(Object.keys(WIRE_ACTIONS) as [keyof typeof WIRE_ACTIONS, ...(keyof typeof WIRE_ACTIONS)[]])
    .nullish()
    .meta({ description: 'An insert when absent; module:update means merge' }),
  table: word.meta({ description: 'Name or alias of the table' }),
  record: record.optional(),
  eventId: word.optional(),
} satisfies WireOf<PublishOperation>

const envelope = {
  type: z.literal('client:publish'),
  requestId,
  branchId: optionalWord.meta({ description: "The hello's branch; another one is forbidden (W12)" }),
  ...moduleFields,
  meta: jsonObject.meta({ description: 'Echoed as meta.clientMeta' }).optional(),
  source: optionalWord,
  epoch: count.meta({ description: 'The epoch in which the versions were read; another one is epoch-changed' }),
  includeRecord: z.boolean().meta({ description: 'False leaves the record out of the ack (W13)' }).optional(),
}
const publish = { ...envelope, ...operation } satisfies WireOf<ClientPublish>
const batch = {
  ...envelope,
  action: z.literal('module:batch'),
  operations: z
    .array(z.object(operation).meta({ id: 'PublishOperation' }))
    .min(1)
    .max(FRAME_LIMITS.operations),
} satisfies WireOf<ClientBatch>

const ping = { requestId, ts: jsonValue.optional() } satisfies Omit<WireOf<ClientPing>, 'type'>
const topic = word.meta({ description: 'Such as sync::dar::pos, table::order_line, or a name of your own' })

/** Everything that the server reads, by the `type` of the frame: a type without a description does not compile. */
export const CLIENT_MESSAGES: Readonly<Record<Exclude<ClientFrame['type'], 'unknown'>, readonly MessageDoc[]>> = {
  'client:hello': [
    {
      name: 'clientHello',
      title: 'Introduces the socket: which branch, which part of it, and what it has already (H2)',
      dialects: both,
      payload: z.object(hello),
      examples: [
        { type: 'client:hello', branchId: 'dar', role: 'pos', requestSnapshot: true },
        {
          ...{ type: 'client:hello', requestId: 'h-1', protocol: 2, branchId: 'dar', modules: ['pos'] },
          ...{ clientId: 'tablet-7', cursor: { pos: { epoch: 1, seq: 41 } } },
        },
      ],
    },
  ],
  'client:auth': [
    {
      name: 'clientAuth',
      title: 'A renewed token for a socket that stays open',
      dialects: both,
      payload: z.object({ type: z.literal('client:auth'), requestId, token } satisfies WireOf<ClientAuth>),
      examples: [{ type: 'client:auth', requestId: 'r-6', token: 'token' }],
    },
  ],
  'client:publish': [
    {
      name: 'clientPublish',
      title: 'Writes one record (W1 to W13)',
      dialects: both,
      payload: z.object(publish),
      examples: [
        {
          ...{ type: 'client:publish', requestId: 'r-1', action: 'module:insert', table: 'order_line' },
          record: { id: 'l-1', orderId: 'o-1', quantity: 2 },
        },
        {
          ...{ type: 'client:publish', requestId: 'r-7', action: 'module:merge', table: 'order_line', epoch: 1 },
          record: { id: 'l-1', version: 1, quantity: 3 },
        },
      ],
    },
    {
      name: 'clientBatch',
      title: 'Writes several records, all or none (W11)',
      dialects: both,
      payload: z.object(batch),
      examples: [
        {
          ...{ type: 'client:publish', requestId: 'r-2', action: 'module:batch' },
          operations: [
            { action: 'module:insert', table: 'order_header', record: { id: 'o-1' } },
            { action: 'module:insert', table: 'order_line', record: { id: 'l-1', orderId: 'o-1' } },
          ],
        },
      ],
    },
  ],
  'client:request:snapshot': [
    {
      name: 'clientSnapshotRequest',
      title: 'Asks for everything anew',
      dialects: both,
      payload: z.object({
        type: z.literal('client:request:snapshot'),
        requestId,
        ...moduleFields,
      } satisfies WireOf<ClientSnapshotRequest>),
      examples: [{ type: 'client:request:snapshot', requestId: 'r-8' }],
    },
  ],
  'client:request:history': [
    {
      name: 'clientHistoryRequest',
      title: 'Asks for the last events (H8)',
      dialects: both,
      payload: z.object({
        type: z.literal('client:request:history'),
        requestId,
        ...moduleFields,
        limit: count,
        historyLimit: count.meta({ description: 'Another name of limit' }),
      } satisfies WireOf<ClientHistoryRequest>),
      examples: [{ type: 'client:request:history', requestId: 'r-3', limit: 10 }],
    },
  ],
  'client:query': [
    {
      name: 'clientQuery',
      title: 'Asks for one record or a page of a table, whatever the snapshot leaves out',
      dialects: both,
      payload: z.object({
        type: z.literal('client:query'),
        requestId,
        ...moduleFields,
        table: word,
        queryType: z.enum(['list', 'get']).optional().meta({ description: 'list when absent' }),
        id: jsonValue.optional(),
        filter: jsonObject.meta({ description: 'Equality of the named fields' }).optional(),
        populate: z.boolean().meta({ description: 'References become {id, name}; true when absent' }).optional(),
        limit: count,
        next: token.meta({ description: 'The mark of the page before' }),
      } satisfies WireOf<ClientQuery>),
      examples: [
        { type: 'client:query', requestId: 'r-4', table: 'order_line', queryType: 'get', id: 'l-1' },
        { type: 'client:query', requestId: 'r-5', table: 'order_line', filter: { orderId: 'o-1' }, limit: 50 },
      ],
    },
  ],
  ping: [
    {
      name: 'clientPing',
      title: 'Is the server there?',
      dialects: ['protocol 1', 'protocol 2', 'pub/sub'],
      payload: z.object({ type: z.literal('ping'), ...ping }),
      examples: [{ type: 'ping', ts: 1_767_268_800_000 }],
    },
  ],
  pong: [
    {
      name: 'clientPong',
      title: 'Answers nothing: field clients send it, and the server lets it be',
      dialects: ['protocol 1', 'pub/sub'],
      payload: z.object({ type: z.literal('pong'), ...ping }),
      examples: [{ type: 'pong' }],
    },
  ],
  auth: [
    {
      name: 'topicAuth',
      title: 'Signs in (T1)',
      dialects: ['pub/sub'],
      payload: z.object({ type: z.literal('auth'), data: z.looseObject({ token }).optional() }),
      examples: [{ type: 'auth', data: { token: 'token' } }],
    },
  ],
  subscribe: [
    {
      name: 'topicSubscribe',
      title: 'Hears a topic from now on (T3)',
      dialects: ['pub/sub'],
      payload: z.object({ type: z.literal('subscribe'), topic }),
      examples: [{ type: 'subscribe', topic: 'sync::dar::pos' }],
    },
  ],
  publish: [
    {
      name: 'topicPublish',
      title: 'Publishes on a topic (T3 to T6)',
      dialects: ['pub/sub'],
      payload: z.object({ type: z.literal('publish'), topic, data: jsonObject.optional() }),
      examples: [{ type: 'publish', topic: 'kitchen::display', data: { orders: 3 } }],
    },
  ],
}
