import { Ajv, type ValidateFunction } from 'ajv'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'
import { BranchClient } from '../support/branch-client.ts'
import { send } from '../support/http.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { type Frame, TestSocket } from '../support/socket.ts'

interface Message {
  name: string
  type: unknown
  isValid: ValidateFunction
}

let server: TestServer
let branch: BranchClient
let messages: Message[]
const sockets: TestSocket[] = []

beforeAll(async () => {
  server = await startTestServer()
  branch = new BranchClient(() => server.url)
  messages = compileMessages((await send(server.url, '/api/asyncapi.json')).body as JsonObject)
  await record()
})
afterAll(() => server?.stop())

/** Every message of the document, with a schema that knows no other fields than those that the document names. */
function compileMessages(document: JsonObject): Message[] {
  const { schemas, messages: docs } = closed(document.components as JsonObject) as {
    schemas: JsonObject
    messages: Record<string, { payload: JsonObject }>
  }
  const ajv = new Ajv({ strict: false, validateFormats: false })
  return Object.entries(docs).map(([name, { payload }]) => {
    const own = payload.$ref ? (schemas[String(payload.$ref).split('/').at(-1)!] as JsonObject) : payload
    const { type } = own.properties as { type: JsonObject }
    return { name, type: type.const, isValid: ajv.compile({ ...payload, components: { schemas } }) }
  })
}

function closed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(closed)
  if (!isJsonObject(value)) return value
  const copy = Object.fromEntries(Object.entries(value).map(([name, item]) => [name, closed(item)]))
  const isShape = isJsonObject(value.properties!) && value.type === 'object' && value.additionalProperties === undefined
  return isShape ? { ...copy, additionalProperties: false } : copy
}

async function enter(hello: JsonObject): Promise<TestSocket> {
  const socket = await TestSocket.enter(server.wsUrl, { branchId: 'dar', ...hello })
  sockets.push(socket)
  return socket
}

/** A session of each dialect with everything that a server says in a day. */
async function record(): Promise<void> {
  const one = await enter({ requestHistory: true, historyLimit: 5, lang: 'ar' })
  const two = await enter({ protocol: 2, modules: ['pos'], clientId: 'recorder', requestId: 'h' })
  const some = await enter({ protocol: 2, modules: ['pos'], tables: ['order_header'] })
  const topics = await TestSocket.open(server.wsUrl)
  sockets.push(topics)
  const spoken: JsonObject[] = [
    { type: 'auth', data: { token: 'x' } },
    { type: 'subscribe', topic: 'sync::dar::pos' },
    { type: 'subscribe', topic: 'table::order_line' },
    { type: 'subscribe', topic: 'kitchen::display' },
    { type: 'publish', topic: 'kitchen::display', data: { orders: 3, note: 'x' } },
    { type: 'publish', topic: 'kitchen::display', data: { orders: 4 } },
    { type: 'subscribe' },
    { type: 'publish', topic: 'table::order_line', data: {} },
  ]
  for (const frame of spoken) topics.send(frame)
  await topics.settle()
  for (const socket of [one, two]) await talk(socket, socket === one ? 'one' : 'two')
  await missMuch(two)
  await manage()
  for (const socket of [one, two, some, topics]) await socket.settle()
  const closing = Promise.all(sockets.map(({ closed: end }) => end))
  await server.stop()
  await closing
}

async function talk(socket: TestSocket, name: string): Promise<void> {
  const id = (kind: string): string => `${kind}-${name}`
  await socket.publish('insert', 'order_header', { id: id('o'), status: 'open' }, { requestId: id('r') })
  await socket.publish('insert', 'order_header', { id: id('o'), status: 'open' }, { requestId: id('r') })
  await socket.publish('insert', 'order_line', { id: id('l'), orderId: id('o'), quantity: 1 }, { includeRecord: false })
  await socket.publish('merge', 'order_line', { id: id('l'), quantity: 2, version: 1 }, { meta: { till: 3 } })
  await socket.publish('merge', 'order_line', { id: id('l'), quantity: 3, version: 9 })
  await socket.publish('save', 'dining_tables', { id: id('t'), name: 'T' }, { source: 'till' })
  await socket.publish('delete', 'dining_tables', { id: id('t') })
  await socket.publish('insert', 'order_line', { id: id('bad'), quantity: 'many' })
  await socket.request({
    ...{ type: 'client:publish', moduleId: 'pos', action: 'module:batch', meta: { batch: true } },
    operations: [
      { action: 'module:insert', table: 'order_header', record: { id: id('b') } },
      { action: 'module:insert', table: 'order_line', record: { id: id('bl'), orderId: id('b'), quantity: 1 } },
      { action: 'module:delete', table: 'order_line', record: { id: id('l') } },
    ],
  })
  const queries: JsonObject[] = [
    { queryType: 'get', id: id('o') },
    { queryType: 'get', id: 'nobody' },
    { limit: 2 },
    {},
  ]
  for (const more of queries) {
    await socket.request({ type: 'client:query', moduleId: 'pos', table: 'order_header', ...more })
  }
  await socket.request({ type: 'client:query', moduleId: 'pos', table: 'no_such_table' })
  await socket.request({ type: 'client:auth', token: 'x' })
  await socket.request({ type: 'client:request:history', moduleId: 'pos', limit: 10 })
  socket.send({ type: 'client:request:snapshot', requestId: id('s'), moduleId: 'pos' })
  await socket.nextOf('server:snapshot')
  await socket.request({ type: 'no-such-type' })
  socket.send('{"type":')
  await socket.next(({ type, error }) => type === 'server:error' && error === 'invalid-json')
  socket.send({ type: 'ping', ts: 5 })
  await socket.nextOf('pong')
}

/** More than 500 events are told as a delta. */
async function missMuch(socket: TestSocket): Promise<void> {
  const { version, epoch } = (await branch.send('GET', 'events?limit=1')).body as { version: number; epoch: number }
  const operations = Array.from({ length: 600 }, (_, n) => ({
    ...{ action: 'module:insert', table: 'order_payment' },
    record: { id: `p-${n}`, orderId: 'o-two', paymentMethodId: 'cash', amount: 1 },
  }))
  await socket.request({ type: 'client:publish', moduleId: 'pos', action: 'module:batch', operations })
  await branch.remove('order_payment', 'p-0')
  const late = await enter({ protocol: 2, modules: ['pos'], cursor: { pos: { epoch, seq: version } } })
  expect(late.frames.map(({ type }) => type)).toContain('server:delta')
  const lost = await enter({ protocol: 2, modules: ['pos'], cursor: { pos: { epoch: 99, seq: 1 } } })
  expect(lost.frames.at(-1)).toMatchObject({ fullSync: { pos: 'epoch-changed' } })
}

/** What a manager does, and what each session hears of it. */
async function manage(): Promise<void> {
  const flag = { branchId: 'dar', moduleId: 'pos', enabled: true, reason: 'menu was rebuilt' }
  const flagged = await branch.send('POST', '/api/manage/full-sync', flag)
  expect(flagged.status, flagged.text).toBeLessThan(300)
  const purged = await branch.send('POST', '/api/manage/purge-live-data', {
    ...{ branchId: 'dar', moduleId: 'pos', tables: ['order_payment'], reason: 'test', confirm: 'dar' },
  })
  expect(purged.status, purged.text).toBe(200)
  const reset = await branch.send('POST', 'reset', { confirm: 'pos', reason: 'test' })
  expect(reset.status, reset.text).toBe(200)
  const { schema } = (await branch.send('GET', '/api/schemas/global/pos_schema')).body as { schema: JsonObject }
  const saved = await branch.send('POST', '/api/schemas/branch/dar/pos', { schema })
  expect(saved.status, saved.text).toBe(200)
}

function fitting(frame: Frame): Message[] {
  return messages.filter(({ type, isValid }) => type === frame.type && isValid(frame))
}

const frames = (): Frame[] => sockets.flatMap((socket) => socket.frames)

test('every frame of a live session is as the document says, with no field more', () => {
  const wrong = frames().filter((frame) => fitting(frame).length === 0)
  const told = wrong.slice(0, 3).map((frame) => ({
    frame: JSON.stringify(frame).slice(0, 600),
    errors: messages
      .filter(({ type }) => type === frame.type)
      .map(({ name, isValid }) => {
        isValid(frame)
        return `${name}: ${isValid.errors?.map((one) => `${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`).join('; ')}`
      }),
  }))
  expect(told, `${wrong.length} frames of ${frames().length}`).toEqual([])
  expect(frames().length).toBeGreaterThan(500)
})

/** Only a branch with people says it; src-main/server/sync/identify.test.ts hears it. */
const OF_CLOSED_BRANCHES = new Set(['renewTokenDirective'])

test('every message that the document has the server send was heard', () => {
  const heard = new Set(frames().flatMap((frame) => fitting(frame).map(({ name }) => name)))
  const fromServer = messages.filter(({ name }) => !/^(client|topicAuth$|topicSubscribe$|topicPublish$)/.test(name))
  const unheard = fromServer.map(({ name }) => name).filter((name) => !heard.has(name))
  expect(unheard.filter((name) => !OF_CLOSED_BRANCHES.has(name))).toEqual([])
})

test('a frame with an unknown field, another type of a field, or a field less is noticed', () => {
  const event = frames().find(({ type, table }) => type === 'server:event' && table === 'order_line')!
  expect(fitting(event).map(({ name }) => name)).toEqual(['serverEvent'])
  const { eventId: _eventId, ...less } = event
  for (const changed of [{ ...event, extra: 1 }, { ...event, sequence: '7' }, { ...less }]) {
    expect(fitting(changed as Frame)).toEqual([])
  }
})
