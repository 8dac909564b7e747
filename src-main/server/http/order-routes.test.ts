import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { type Question, type Row, runRows, startTestServer, type TestServer } from './testing.ts'

let server: TestServer
let legacy: TestServer
beforeAll(async () => {
  ;[server, legacy] = await Promise.all([startTestServer(), startTestServer({ legacyClients: true })])
})
afterAll(() => Promise.all([server.close(), legacy.close()]))

const line = (id: string, more: object = {}): object => ({
  id,
  itemId: 'tea',
  qty: 2,
  price: 7.5,
  status: 'queued',
  ...more,
})
const order = (id: string, more: object = {}): object => ({
  id,
  shiftId: 'S-1',
  status: 'open',
  lines: [line(`${id}-1`)],
  ...more,
})

const save = (body: object, more: Partial<Question> = {}, on = server) =>
  on.ask({ method: 'POST', path: 'orders', body, ...more })

const viewOf = async (orderId: string, on = server): Promise<JsonObject> =>
  (await on.get(`orders/${encodeURIComponent(orderId)}`)).body.order as JsonObject

test('an order is stored as one group of events and comes back in full', async () => {
  const before = await server.events()
  const sent = order('O-1', {
    type: 'dine_in',
    fulfillmentStage: 'new',
    paymentState: 'unpaid',
    tableIds: ['T1', 'T2'],
    guests: 3,
    totals: { subtotal: 15, service: 1.5, vat: 2.1, due: 18.6 },
    discount: { type: 'percent', value: 10 },
    notes: ['window', { text: 'birthday' }],
    customerName: 'نور',
    payments: [{ method: 'cash', amount: 18.6 }],
    statusLogs: [{ status: 'open', stage: 'new', changedAt: '2026-01-02T03:04:05.000Z' }],
    lines: [
      line('O-1-1', { statusLogs: [{ status: 'queued' }], name: { en: 'Tea', ar: 'شاي' } }),
      { itemId: 'cake', qty: 1, price: 9 },
    ],
  })
  const reply = await save({ order: sent, actorId: 'emp-1' })
  expect([reply.status, (await server.events()) - before]).toEqual([201, 6])
  expect(reply.headers.etag).toBe('"1.1"')
  expect(reply.body).toMatchObject({
    branchId: 'dar',
    moduleId: 'pos',
    orderId: 'O-1',
    order: {
      id: 'O-1',
      orderTypeId: 'dine_in',
      statusId: 'open',
      stageId: 'new',
      paymentStateId: 'unpaid',
      tableId: 'T1',
      tableIds: ['T1', 'T2'],
      totalDue: 18.6,
      tax: 2.1,
      discount: { type: 'percent', value: 10 },
      customerName: 'نور',
      updatedBy: 'emp-1',
      lines: [
        {
          id: 'O-1-1',
          quantity: 2,
          unitPrice: 7.5,
          name: { ar: 'شاي' },
          statusLogs: [{ statusId: 'queued', orderLineId: 'O-1-1' }],
        },
        { id: 'O-1::cake', itemId: 'cake', statusLogs: [] },
      ],
      payments: [{ paymentMethodId: 'cash', amount: 18.6, shiftId: 'S-1' }],
      statusLogs: [{ statusId: 'open', changedAt: '2026-01-02T03:04:05.000Z' }],
    },
    normalized: {
      type: 'dine_in',
      status: 'open',
      totals: { due: 18.6, vat: 2.1 },
      createdAt: expect.any(Number),
      lines: [{ uid: 'O-1-1', qty: 2, price: 7.5, status: 'queued' }, { qty: 1 }],
      payments: [{ method: 'cash' }],
    },
  })
  expect(await viewOf('O-1')).toEqual(reply.body.order)
})

const saves: Row[] = [
  ['an order', { path: 'orders', body: { order: order('A') } }, 201, { order: { version: 1 } }, 2],
  ['the same again', { path: 'orders', body: { order: order('A') } }, 200, { order: { version: 1 } }, 0],
  ['no order', { path: 'orders', body: {} }, 400, { error: 'missing-order-payload' }, 0],
  ['no shift', { path: 'orders', body: { order: { lines: [line('x')] } } }, 422, { error: 'missing-shift-id' }, 0],
  [
    'a shift in the metadata',
    { path: 'orders', body: { order: { id: 'M', metadata: { shiftId: 'S-9' }, lines: [line('M-1')] } } },
    201,
    { order: { shiftId: 'S-9' } },
    2,
  ],
  [
    'no lines',
    { path: 'orders', body: { order: { id: 'B', shiftId: 'S', lines: [] } } },
    422,
    { error: 'empty-order' },
    0,
  ],
  [
    'lines that are no list of objects',
    { path: 'orders', body: { order: { id: 'B', shiftId: 'S', lines: ['x'] } } },
    400,
    { error: 'invalid-request' },
    0,
  ],
  [
    'two lines with one id',
    { path: 'orders', body: { order: order('B', { lines: [line('l'), line('l')] }) } },
    400,
    { error: 'invalid-request' },
    0,
  ],
  [
    'a change without a version',
    { path: 'orders', body: { order: order('A', { status: 'closed' }) } },
    409,
    {
      error: 'order-version-conflict',
      orderId: 'A',
      order: { id: 'A', version: 1, lines: [{ id: 'A-1' }] },
      details: { expectedVersion: null, currentVersion: 1 },
    },
    0,
  ],
  [
    'a change with an old version',
    { path: 'orders', body: { order: order('A', { status: 'closed', version: 7 }) } },
    409,
    { error: 'order-version-conflict', details: { expectedVersion: 7, currentVersion: 1 } },
    0,
  ],
  [
    'a change of the header only',
    { path: 'orders', body: { order: order('A', { status: 'cooking', version: 1 }) } },
    200,
    { order: { statusId: 'cooking', version: 2, lines: [{ version: 1 }] } },
    1,
  ],
  [
    'the change again: its version is old but everything is stored',
    { path: 'orders', body: { order: order('A', { status: 'cooking', version: 1 }) } },
    200,
    { order: { version: 2 } },
    0,
  ],
  [
    'one more line',
    { path: 'orders', body: { order: order('A', { status: 'cooking', version: 2, lines: [line('A-2')] }) } },
    200,
    { order: { version: 3, lines: [{ id: 'A-1' }, { id: 'A-2' }] } },
    2,
  ],
  [
    'a line with an old version',
    {
      path: 'orders',
      body: { order: order('A', { status: 'ready', version: 3, lines: [line('A-2', { qty: 5, version: 9 })] }) },
    },
    409,
    { error: 'order-version-conflict', details: { table: 'order_line', expectedVersion: 9 } },
    0,
  ],
  [
    'replaced lines',
    {
      path: 'orders',
      body: { replaceLines: true, order: order('A', { status: 'cooking', version: 3, lines: [line('A-2')] }) },
    },
    200,
    { order: { version: 4, lines: [{ id: 'A-2' }] } },
    2,
  ],
  [
    'a bad amount, and nothing is stored',
    { path: 'orders', body: { order: order('C', { payments: [{ amount: 'much' }] }) } },
    422,
    { error: 'validation-failed' },
    0,
  ],
  [
    'PUT of a new order',
    { method: 'PUT', path: 'orders/D%20E', body: { order: { shiftId: 'S', lines: [line('D-1')] } } },
    201,
    { orderId: 'D E' },
    2,
  ],
  [
    'PATCH of one field',
    { method: 'PATCH', path: 'orders/D%20E', body: { order: { status: 'ready', version: 1 } } },
    200,
    { order: { statusId: 'ready', version: 2, shiftId: 'S', lines: [{ id: 'D-1' }] } },
    1,
  ],
  [
    'PATCH of nobody',
    { method: 'PATCH', path: 'orders/none', body: { order: { status: 'ready' } } },
    404,
    { error: 'order-not-found', orderId: 'none' },
    0,
  ],
  ['reading nobody', { method: 'GET', path: 'orders/none' }, 404, { error: 'order-not-found', orderId: 'none' }, 0],
]

test('saves of orders write everything or nothing', async () => {
  await runRows(
    server,
    saves.map(([what, question, ...rest]): Row => [what, { method: 'POST', ...question }, ...rest]),
  )
  expect((await server.get('tables/order_header?id=C')).body).toMatchObject({ count: 0 })
})

test('a line that the kitchen changed stays as it is when the order does not speak of it', async () => {
  await save({ order: order('K', { lines: [line('K-1'), line('K-2')] }) })
  const patch = { record: { id: 'K-1', statusId: 'ready', version: 1 } }
  await server.ask({ method: 'PATCH', path: 'tables/order_line', body: patch })
  const lines = [
    { id: 'K-1', qty: 2 },
    { id: 'K-2', qty: 3 },
  ]
  const reply = await save({ order: { id: 'K', shiftId: 'S-1', version: 1, lines } })
  expect([reply.status, reply.body]).toMatchObject([
    200,
    {
      order: {
        version: 2,
        lines: [
          { statusId: 'ready', version: 2 },
          { quantity: 3, version: 2 },
        ],
      },
    },
  ])
})

test('numbers come from the sequence, once for each Idempotency-Key', async () => {
  const body = { order: { id: 'draft-17', shiftId: 'S', lines: [{ itemId: 'tea', qty: 1, price: 5 }] } }
  const key = { headers: { 'Idempotency-Key': 'order-key' } }
  const [first, again, other] = [await save(body, key), await save(body, key), await save(body)]
  expect([first.status, again.status, other.status]).toEqual([201, 200, 201])
  expect(first.body.orderId).toMatch(/^DAR-\d{6}$/)
  expect([again.body.orderId, again.headers['idempotency-replayed']]).toEqual([first.body.orderId, 'true'])
  expect(other.body.orderId).not.toBe(first.body.orderId)
})

test('two equal saves at once store one order', async () => {
  const body = { order: order('P', { lines: [line('P-1'), line('P-2')] }) }
  const replies = await Promise.all(Array.from({ length: 8 }, () => save(body)))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201])
  expect(await viewOf('P')).toMatchObject({ version: 1, lines: [{ id: 'P-1' }, { id: 'P-2' }] })
})

test('lists filter on what is stored, latest change first', async () => {
  const own = await startTestServer()
  try {
    const more = { shiftId: 'S-L', type: 'delivery', stage: 'prep' }
    for (const [id, status] of [
      ['L1', 'open'],
      ['L2', 'closed'],
      ['L3', 'cooking'],
      ['L4', 'Cancelled'],
    ]) {
      await save({ order: order(String(id), { ...more, status, savedAt: Date.now() }) }, {}, own)
    }
    await save({ order: { id: 'L5', shiftId: 'S-L', lines: [line('L5-1')], payments: [{ amount: 1 }] } }, {}, own)
    const ids = async (query: string) => {
      const { body } = await own.get(`orders?${query}`)
      return (body.orders as JsonObject[]).map(({ id }) => id)
    }
    const table: [query: string, expected: string[]][] = [
      ['shiftId=S-L', ['L5', 'L3', 'L1']],
      ['shiftId=S-L&onlyActive=false', ['L5', 'L4', 'L3', 'L2', 'L1']],
      ['shiftId=S-L&status=closed', ['L2']],
      ['shiftId=S-L&status=open,cooking', ['L3', 'L1']],
      ['shiftId=S-L&status=open&status=cooking', ['L3', 'L1']],
      ['shiftId=S-L&type=delivery', ['L3', 'L1']],
      ['shiftId=S-L&stage=prep&limit=1', ['L3']],
      ['shiftId=S-L&updatedAfter=2100-01-01', []],
      ['shiftId=S-L&savedAfter=2020-01-01', ['L5', 'L3', 'L1']],
      ['shiftId=none', []],
    ]
    for (const [query, expected] of table) expect([query, await ids(query)]).toEqual([query, expected])
    const { body } = await own.get('orders?shiftId=S-L&include=lines,payments&limit=1')
    expect(body).toMatchObject({
      orders: [{ id: 'L5', lines: [{ id: 'L5-1' }], payments: [{ amount: 1 }] }],
      meta: { count: 1, hasMore: true, onlyActive: true, include: ['lines', 'payments'], limit: 1 },
    })
    expect((body.orders as JsonObject[])[0]).not.toHaveProperty('statusLogs')
  } finally {
    await own.close()
  }
})

test('in legacy mode the version is the one to come, and lines that are left out go', async () => {
  const first = { order: order('G', { version: 1, lines: [line('G-1', { version: 1 }), line('G-2', { version: 1 })] }) }
  expect((await save(first, {}, legacy)).status).toBe(201)
  const second = { order: order('G', { version: 2, status: 'cooking', lines: [line('G-2', { qty: 4, version: 2 })] }) }
  const saved = await save(second, {}, legacy)
  expect([saved.status, saved.body]).toMatchObject([
    200,
    { order: { version: 2, lines: [{ id: 'G-2', quantity: 4, version: 2 }] } },
  ])
  expect((await save({ order: order('G', { version: 9, status: 'closed' }) }, {}, legacy)).body).toMatchObject({
    error: 'order-version-conflict',
  })
  const declared = { headers: { 'Mishkah-Protocol': '2' } }
  const kept = await save(
    { order: order('G', { version: 2, status: 'ready', lines: [line('G-3')] }) },
    declared,
    legacy,
  )
  expect(kept.body).toMatchObject({ order: { version: 3, lines: [{ id: 'G-2' }, { id: 'G-3' }] } })
})
