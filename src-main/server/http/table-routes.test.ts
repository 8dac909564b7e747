import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { type Question, type Row, runRows, startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const post = (record: object, more: Partial<Question> = {}): Question => ({
  method: 'POST',
  path: 'tables/dining_tables',
  body: { record },
  ...more,
})

const writes: Row[] = [
  [
    'an insert',
    post({ id: 'T-1', name: 'one', seats: '4' }),
    201,
    {
      status: 'created',
      branchId: 'dar',
      moduleId: 'pos',
      table: 'dining_tables',
      record: { id: 'T-1', name: 'one', seats: 4, version: 1, branchId: 'dar' },
      ack: {
        type: 'server:ack',
        action: 'module:insert',
        created: true,
        recordRef: { key: 'T-1' },
        entry: { record: { id: 'T-1' } },
      },
      notice: { action: 'module:insert', created: true, deleted: false },
    },
    1,
  ],
  [
    'the same insert again',
    post({ id: 'T-1', name: 'one', seats: '4' }),
    200,
    { status: 'unchanged', record: { version: 1 } },
    0,
  ],
  [
    'another insert of the key',
    post({ id: 'T-1', name: 'uno' }),
    409,
    { error: 'record-exists', details: { current: { name: 'one' } } },
    0,
  ],
  [
    'an insert without a key',
    post({ name: 'keyless' }),
    201,
    { record: { id: expect.stringMatching(/^dining-table-[0-9a-f-]{36}$/) } },
    1,
  ],
  [
    'a bare record',
    { method: 'POST', path: 'tables/dining_tables', body: { id: 'T-2', name: 'two' } },
    201,
    { record: { id: 'T-2' } },
    1,
  ],
  [
    'an insert under /records',
    post({ id: 'T-3', name: 'three' }, { path: 'tables/dining_tables/records' }),
    201,
    { table: 'dining_tables' },
    1,
  ],
  [
    'an insert under an alias',
    post({ id: 'L-1', orderId: 'o' }, { path: 'tables/order_lines' }),
    201,
    { table: 'order_line' },
    1,
  ],
  [
    'a wrong value',
    post({ id: 'T-4', name: 'four', seats: 'many' }),
    422,
    { error: 'validation-failed', errors: [{ field: 'seats', code: 'wrong-type' }] },
    0,
  ],
  ['an unknown table', post({ id: 'x' }, { path: 'tables/nope' }), 404, { error: 'table-not-found' }, 0],
  ['a bad table name', post({ id: 'x' }, { path: 'tables/a%2Fb' }), 400, { error: 'invalid-name' }, 0],
  [
    'a record that is text',
    { method: 'POST', path: 'tables/dining_tables', body: { record: 'x' } },
    400,
    { error: 'missing-record' },
    0,
  ],
  [
    'a change',
    { method: 'PATCH', path: 'tables/dining_tables', body: { record: { id: 'T-1', name: 'uno' }, meta: { by: 'me' } } },
    200,
    { status: 'updated', record: { name: 'uno', seats: 4, version: 2 }, ack: { meta: { clientMeta: { by: 'me' } } } },
    1,
  ],
  [
    'a change of what is not there',
    { method: 'PATCH', path: 'tables/dining_tables', body: { record: { id: 'none' } } },
    404,
    { error: 'record-not-found' },
    0,
  ],
  [
    'a change without a key',
    { method: 'PATCH', path: 'tables/dining_tables', body: { record: { name: 'x' } } },
    400,
    { error: 'missing-record-key' },
    0,
  ],
  [
    'an old version',
    { method: 'PATCH', path: 'tables/dining_tables', body: { record: { id: 'T-1', name: 'x', version: 1 } } },
    409,
    {
      error: 'version-conflict',
      details: { table: 'dining_tables', key: 'T-1', expectedVersion: 1, currentVersion: 2, current: { name: 'uno' } },
    },
    0,
  ],
  [
    'no version on a locking table',
    { method: 'PATCH', path: 'tables/order_line', body: { record: { id: 'L-1', quantity: 2 } } },
    409,
    { error: 'version-conflict', details: { expectedVersion: null } },
    0,
  ],
  [
    'an old If-Match',
    {
      method: 'PATCH',
      path: 'tables/dining_tables',
      body: { record: { id: 'T-1', name: 'x' } },
      headers: { 'If-Match': '"1.1"' },
    },
    412,
    { error: 'precondition-failed', details: { current: { version: 2 } } },
    0,
  ],
  [
    'a right If-Match',
    {
      method: 'PATCH',
      path: 'tables/dining_tables',
      body: { record: { id: 'T-1', name: 'one' } },
      headers: { 'If-Match': '"1.2"' },
    },
    200,
    { record: { version: 3 } },
    1,
  ],
  [
    'another epoch',
    { method: 'PATCH', path: 'tables/dining_tables', body: { record: { id: 'T-1', name: 'x' }, epoch: 9 } },
    409,
    { error: 'epoch-changed' },
    0,
  ],
  [
    'a save of what is not there',
    { method: 'PUT', path: 'tables/dining_tables', body: { record: { id: 'T-5', name: 'five' } } },
    200,
    { status: 'created' },
    1,
  ],
  [
    'a save of what is there',
    { method: 'PUT', path: 'tables/dining_tables', body: { record: { id: 'T-5', seats: 9 } } },
    200,
    { status: 'saved', record: { name: 'five', seats: 9 } },
    1,
  ],
  [
    'a delete by id',
    { method: 'DELETE', path: 'tables/dining_tables?id=T-5' },
    200,
    { status: 'deleted', recordRef: { key: 'T-5' }, ack: { deleted: true } },
    1,
  ],
  [
    'a delete by body',
    { method: 'DELETE', path: 'tables/dining_tables', body: { record: { id: 'T-3' } } },
    200,
    { status: 'deleted' },
    1,
  ],
  [
    'a delete of nothing',
    { method: 'DELETE', path: 'tables/dining_tables?id=T-5' },
    404,
    { error: 'record-not-found' },
    0,
  ],
  [
    'a delete without a key',
    { method: 'DELETE', path: 'tables/dining_tables' },
    400,
    { error: 'missing-record-key' },
    0,
  ],
  [
    'a delete with an old version',
    { method: 'DELETE', path: 'tables/dining_tables?id=T-1&version=1' },
    409,
    { error: 'version-conflict' },
    0,
  ],
  [
    'a composite key that lacks a part',
    { method: 'DELETE', path: 'tables/menu_item_modifier?id=only-one' },
    400,
    { error: 'missing-record-key' },
    0,
  ],
  [
    'an unknown protocol',
    post({ id: 'T-6', name: 'six' }, { headers: { 'Mishkah-Protocol': '9' } }),
    400,
    { error: 'protocol-unsupported' },
    0,
  ],
  [
    'a key that would change a prototype',
    {
      method: 'POST',
      path: 'tables/dining_tables',
      body: '{"record":{"id":"T-7","name":"seven","__proto__":{"polluted":true}}}',
    },
    201,
    { record: { id: 'T-7' } },
    1,
  ],
]

test('writes answer with the record, the ack and the notice, and leave exactly their events', async () => {
  await runRows(server, writes)
  expect({}).not.toHaveProperty('polluted')
})

test('the answer to a write carries the version as ETag, and the record alone can be read and revalidated', async () => {
  const written = await server.ask(post({ id: 'E-1', name: 'etag' }))
  expect(written.headers.etag).toBe('"1.1"')
  const read = await server.get('tables/dining_tables?id=E-1')
  expect(read.headers.etag).toBe('"1.1"')
  expect(read.body).toMatchObject({
    count: 1,
    id: 'E-1',
    version: 1,
    record: { name: 'etag' },
    rows: [{ id: 'E-1' }],
    cursor: { table: 'dining_tables', key: 'E-1', id: 'E-1', primaryKey: { id: 'E-1' }, lastId: 'E-1' },
  })
  const again = await server.ask({ path: 'tables/dining_tables?id=E-1', headers: { 'If-None-Match': '"1.1"' } })
  expect([again.status, again.text]).toEqual([304, ''])
  expect((await server.get('tables/dining_tables?id=none')).body).toMatchObject({ count: 0, rows: [], cursor: null })
})

test('a record whose key values hold the separator is read, listed and deleted by its joined key', async () => {
  const record = { categoryId: 'drinks::hot', sectionId: 'bar' }
  const path = 'tables/category_sections'
  const key = 'drinks::hot::bar'
  expect((await server.ask({ method: 'POST', path, body: { record } })).status).toBe(201)
  const taken = { record: { categoryId: 'drinks', sectionId: 'hot::bar' } }
  expect((await server.ask({ method: 'POST', path, body: taken })).body).toMatchObject({ error: 'record-exists' })
  const cursor = { key, primaryKey: record }
  expect((await server.get(`${path}?id=${key}`)).body).toMatchObject({ count: 1, record, cursor })
  const list = await server.get(`${path}?limit=1&order=desc`)
  expect(list.body).toMatchObject({ rows: [record], cursor })
  const gone = await server.ask({ method: 'DELETE', path: `${path}?id=${key}` })
  expect([gone.status, gone.body]).toMatchObject([200, { status: 'deleted', recordRef: { key, primaryKey: record } }])
  expect((await server.ask({ method: 'DELETE', path: `${path}?id=${key}` })).body.error).toBe('missing-record-key')
  const atTheEdge = { categoryId: 'tea:', sectionId: 'bar' }
  expect((await server.ask({ method: 'POST', path, body: { record: atTheEdge } })).status).toBe(201)
  expect((await server.ask({ method: 'DELETE', path: `${path}?id=tea:::bar` })).status).toBe(200)
})

test('a repeated Idempotency-Key gets the first answer; with another body it is refused', async () => {
  const before = await server.events()
  const first = await server.ask(post({ name: 'once' }, { headers: { 'Idempotency-Key': '"key-1"' } }))
  const again = await server.ask(post({ name: 'once' }, { headers: { 'Idempotency-Key': 'key-1' } }))
  const other = await server.ask(post({ name: 'twice' }, { headers: { 'Idempotency-Key': 'key-1' } }))
  expect([first.status, again.status, other.status]).toEqual([201, 201, 422])
  expect([first.headers['idempotency-replayed'], again.headers['idempotency-replayed']]).toEqual([undefined, 'true'])
  expect(again.body.record).toEqual(first.body.record)
  expect(again.body).toMatchObject({ ack: { replayed: true, eventId: (first.body.ack as JsonObject).eventId } })
  expect(other.body).toMatchObject({ error: 'idempotency-key-reused' })
  expect((await server.events()) - before).toBe(1)
})

test('pages follow each other without a gap or a double, whatever is written between', async () => {
  for (let index = 0; index < 25; index++) await server.ask(post({ id: `P-${index}` }, { path: 'tables/reservations' }))
  const seen: string[] = []
  let next = ''
  do {
    const { body } = await server.get(`tables/reservations?limit=10${next === '' ? '' : `&next=${next}`}`)
    seen.push(...(body.rows as JsonObject[]).map(({ id }) => String(id)))
    next = typeof body.next === 'string' ? body.next : ''
    await server.ask({ method: 'DELETE', path: `tables/reservations?id=${seen[0]}` })
  } while (next !== '')
  const expected = Array.from({ length: 25 }, (_, index) => `P-${index}`)
  expect(seen.filter((id) => id.startsWith('P-'))).toEqual(expected)
})

const lists: [what: string, path: string, expected: object][] = [
  ['a limit', 'tables/order_types?limit=1', { count: 1, meta: { limit: 1, order: 'asc' } }],
  ['the spelling take', 'tables/order_types?take=1', { count: 1 }],
  ['a limit that is no number', 'tables/order_types?limit=abc', { meta: { limit: 1000 } }],
  ['a limit above the maximum', 'tables/order_types?limit=99999', { meta: { limit: 1000 } }],
  ['the other order', 'tables/order_types?order=DESC&limit=1', { meta: { order: 'desc' } }],
  [
    'a time in the future',
    'tables/order_types?updatedAfter=2100-01-01T00:00:00Z',
    { count: 0, meta: { updatedAfter: '2100-01-01T00:00:00.000Z' } },
  ],
  [
    'a time in milliseconds',
    'tables/order_types?since=4102444800000',
    { count: 0, meta: { afterCreatedAt: '2100-01-01T00:00:00.000Z' } },
  ],
  ['an id that is unknown', 'tables/order_types?afterId=none', { table: 'order_types' }],
  [
    'no time',
    'tables/order_types?updatedAfter=soon',
    { error: 'invalid-request', errors: [{ field: 'updatedAfter' }] },
  ],
  ['a cursor of nobody', 'tables/order_types?next=zzz', { error: 'invalid-cursor' }],
]

test.each(lists)('a list with %s', async (_what, path, expected) => {
  expect((await server.get(path)).body).toMatchObject(expected)
})

test('a list is revalidated by position, kept bytes are never stale', async () => {
  const first = await server.get('tables/dining_tables')
  const etag = String(first.headers.etag)
  const fresh = await server.ask({ path: 'tables/dining_tables', headers: { 'If-None-Match': etag } })
  expect(fresh.status).toBe(304)
  await server.ask(post({ id: 'fresh', name: 'fresh' }))
  const second = await server.ask({ path: 'tables/dining_tables', headers: { 'If-None-Match': etag } })
  expect([second.status, second.headers.etag === etag, second.text.includes('"id":"fresh"')]).toEqual([
    200,
    false,
    true,
  ])
  expect((await server.get('tables/dining_tables')).text).toBe(second.text)
})

test('long answers are compressed when asked, short ones and answers to writes are not', async () => {
  const plain = await server.get('tables/menu_items')
  const packed = async (encoding: string) =>
    server.ask({ path: 'tables/menu_items', headers: { 'Accept-Encoding': encoding } })
  const [gzip, brotli, refused] = await Promise.all(['gzip', 'gzip;q=0.5, br', 'gzip;q=0, identity'].map(packed))
  expect([gzip, brotli, refused].map((reply) => reply?.headers['content-encoding'])).toEqual(['gzip', 'br', undefined])
  expect(gunzipSync(gzip!.bytes).toString()).toBe(plain.text)
  expect(brotliDecompressSync(brotli!.bytes).toString()).toBe(plain.text)
  const short = await server.ask({ path: '/healthz', headers: { 'Accept-Encoding': 'gzip' } })
  const write = await server.ask(post({ id: 'packed', name: 'x' }, { headers: { 'Accept-Encoding': 'gzip' } }))
  expect([short, write].map((reply) => reply.headers['content-encoding'])).toEqual([undefined, undefined])
})

test('secret fields leave by no door of the tables', async () => {
  const written = await server.ask({
    method: 'POST',
    path: 'tables/employees',
    body: { record: { id: 'emp-secret', fullName: 'A', pinCode: '847261', role: 'staff' } },
  })
  expect(written.status).toBe(201)
  const doors = [
    'tables/employees',
    'tables/employees?id=emp-secret',
    'tables',
    '/api/branches/dar',
    'events',
    '/api/sync/dar/pos',
  ]
  const texts = await Promise.all(doors.map(async (path) => (await server.get(path)).text))
  expect([written.text, ...texts].filter((text) => text.includes('847261'))).toEqual([])
})
