import { ERRORS } from '../../../../src-shared/errors.ts'
import type { JsonObject, JsonValue } from '../../../../src-shared/json.ts'
import { schemaOf } from '../schema-components.ts'
import { CLIENT_MESSAGES } from './client-messages.ts'
import type { MessageDoc } from './message.ts'
import { SERVER_MESSAGES } from './server-messages.ts'

/** What a client may ask, and what answers it; the rest the server says unasked. */
const CONVERSATIONS: Readonly<Record<string, { title: string; messages: string[]; replies: string[] }>> = {
  enter: {
    title: 'Hello: the session hears what it misses, then every event',
    messages: ['clientHello'],
    replies: [
      ...['serverLog', 'serverSnapshot', 'serverSnapshotPart', 'serverSnapshotEnd', 'serverDelta'],
      ...['serverEvent', 'serverModuleEvent', 'serverHistory', 'serverReady', 'serverError'],
    ],
  },
  renewToken: { title: 'A renewed token', messages: ['clientAuth'], replies: ['serverAuth', 'serverError'] },
  write: {
    title: 'Write one record or several; acks come in commit order, before the events of the same write',
    messages: ['clientPublish', 'clientBatch'],
    replies: ['serverAck', 'serverBatchAck', 'serverError'],
  },
  readAnew: {
    title: 'Everything anew',
    messages: ['clientSnapshotRequest'],
    replies: ['serverSnapshot', 'serverSnapshotPart', 'serverSnapshotEnd', 'serverError'],
  },
  readHistory: {
    title: 'The last events',
    messages: ['clientHistoryRequest'],
    replies: ['serverHistory', 'serverSnapshot', 'serverError'],
  },
  query: {
    title: 'One record, or a page of a table',
    messages: ['clientQuery'],
    replies: ['serverQueryResult', 'serverQueryError', 'serverError'],
  },
  ping: { title: 'Is the server there?', messages: ['clientPing', 'clientPong'], replies: ['pong'] },
  signInToTopics: { title: 'Pub/sub: sign in', messages: ['topicAuth'], replies: ['topicAuthAck', 'topicError'] },
  subscribe: {
    title: 'Pub/sub: hear a topic',
    messages: ['topicSubscribe'],
    replies: ['topicSubscribeAck', 'topicData', 'topicError'],
  },
  publishOnTopic: {
    title: 'Pub/sub: publish on a topic',
    messages: ['topicPublish'],
    replies: ['topicData', 'topicError'],
  },
}

const ANNOUNCEMENTS = [
  ...[
    'serverHello',
    'serverEvent',
    'serverModuleEvent',
    'resyncDirective',
    'reloadSchemaDirective',
    'fullSyncFlagDirective',
  ],
  ...['reconnectDirective', 'renewTokenDirective', 'serverSnapshot', 'serverError', 'topicData'],
]

const CHANNEL = '#/channels/socket'

/** The AsyncAPI 3 document of the frames on /ws: both protocol versions and the pub/sub dialect. */
export function buildAsyncApi(info: { version: string }): JsonObject {
  const schemas: JsonObject = {}
  const messages: JsonObject = {}
  const docs = [CLIENT_MESSAGES, SERVER_MESSAGES].flatMap((family) => Object.values(family).flat())
  for (const doc of docs) messages[doc.name] = describeMessage(doc, schemas)
  schemas.ErrorCode = { ...(schemas.ErrorCode as JsonObject), 'x-error-codes': errorCodes() }
  return {
    asyncapi: '3.0.0',
    id: 'urn:mishkah:branch-server',
    info: {
      title: 'Mishkah Branch Server, sockets',
      version: info.version,
      description:
        'The frames of a branch over WebSocket, one JSON text each. A socket that declares `protocol: 2` in its hello ' +
        'speaks protocol 2, any other protocol 1; the frames of the pub/sub dialect may be mixed in. Unknown fields are ' +
        'ignored by both sides. The rules in brackets (H1, W7) are those of docs/sync.md. Frames are at most 1 MiB. ' +
        'The same over HTTP: /api/openapi.json.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: {
      lan: server('ws', 'The branch on its own network'),
      secure: server('wss', 'The same behind TLS'),
    },
    channels: {
      socket: {
        address: '/ws',
        title: 'The socket of a session',
        messages: Object.fromEntries(docs.map(({ name }) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
      },
    },
    operations: {
      ...Object.fromEntries(
        Object.entries(CONVERSATIONS).map(([name, { title, messages: asked, replies }]): [string, JsonObject] => [
          name,
          {
            action: 'receive',
            channel: { $ref: CHANNEL },
            title,
            messages: asked.map(reference),
            reply: { channel: { $ref: CHANNEL }, messages: replies.map(reference) },
          },
        ]),
      ),
      announce: {
        action: 'send',
        channel: { $ref: CHANNEL },
        title: 'What the server says unasked',
        messages: ANNOUNCEMENTS.map(reference),
      },
    },
    components: {
      schemas,
      messages,
      correlationIds: {
        request: {
          description: 'Made by the client; the answers to its request carry it',
          location: '$message.payload#/requestId',
        },
      },
    },
  }
}

function describeMessage({ name, title, dialects, payload, examples }: MessageDoc, schemas: JsonObject): JsonObject {
  // As input: fields that are not known are allowed, now and in later versions.
  const schema = schemaOf(payload, schemas, { io: 'input', target: 'draft-7' })
  const properties = (schemas[String(schema.$ref).split('/').at(-1)!] ?? schema) as { properties?: JsonObject }
  return {
    name,
    title,
    contentType: 'application/json',
    tags: dialects.map((dialect) => ({ name: dialect })),
    payload: schema,
    ...(properties.properties?.requestId !== undefined && {
      correlationId: { $ref: '#/components/correlationIds/request' },
    }),
    examples: examples.map((example): JsonObject => ({ payload: example })),
  }
}

function reference(name: string): JsonValue {
  return { $ref: `${CHANNEL}/messages/${name}` }
}

function server(protocol: 'ws' | 'wss', description: string): JsonObject {
  return {
    host: '{host}:{port}',
    protocol,
    description,
    variables: {
      host: { description: 'Address of the server', default: 'localhost' },
      port: { default: '3200' },
    },
  }
}

function errorCodes(): JsonObject {
  return Object.fromEntries(
    Object.entries(ERRORS).map(([code, { status, retry, meaning }]) => [code, { status, retry, meaning }]),
  )
}
