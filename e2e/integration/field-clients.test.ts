import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../src-shared/json.ts'
import { BranchClient } from '../support/branch-client.ts'
import { at, numberAt, textAt, valuesAt } from '../support/json-paths.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

/**
 * What the pages in the field send, frame by frame as they were recorded, to a server in legacy mode: a takeaway order is
 * paid at the till and cooked in the kitchen, and nothing of it is lost.
 */
let server: TestServer
let till: TestSocket
let kitchen: TestSocket
const dar = new BranchClient(() => server.url)
let orderId = ''
const lineId = () => `${orderId}-line-1`

beforeAll(async () => {
  server = await startTestServer({ env: { MISHKAH_LEGACY_CLIENTS: '1' } })
  till = await TestSocket.enter(server.wsUrl, hello('pos-v2'))
  kitchen = await TestSocket.enter(server.wsUrl, hello('kds'))
})
afterAll(async () => {
  await till?.close()
  await kitchen?.close()
  await server?.stop()
})

const hello = (role: string): JsonObject => ({
  branchId: 'dar',
  role,
  historyLimit: 200,
  requestSnapshot: true,
  requestHistory: false,
  requestId: `hello-${role}`,
})

let requests = 0

/** As the SDK of the field sends it: the request id stands inside `meta` too, and only there it is looked for. */
async function publish(socket: TestSocket, action: string, table: string, record: JsonObject) {
  const requestId = `req-${++requests}`
  const head = { type: 'client:publish', branchId: 'dar', moduleId: 'pos', table, action: `module:${action}` }
  socket.send({ ...head, record, meta: { silent: false, requestId }, includeRecord: true, requestId })
  const answer = await socket.next(
    (frame) =>
      (at(frame, 'meta.clientMeta.requestId') === requestId && frame.type === 'server:ack') ||
      (frame.type === 'server:error' && frame.requestId === requestId),
  )
  expect(answer, JSON.stringify(answer)).toMatchObject({ type: 'server:ack' })
  return answer
}

/** The next event of the record as another page hears it, with the whole record. */
const heard = (socket: TestSocket, table: string, key: string) =>
  socket.next((frame) => frame.type === 'server:event' && frame.table === table && at(frame, 'recordRef.key') === key)

test('the boot requests are answered: schema, module snapshot, socket snapshot with every table as a list', async () => {
  const schema = await dar.send('GET', '/api/schema?branch=dar&module=pos')
  const names = valuesAt(schema.body, 'modules.pos.schema.schema.tables[].name')
  const wanted = [
    'order_header',
    'order_line',
    'order_payment',
    'order_delivery',
    'pos_shift',
    'menu_items',
    'menu_categories',
  ]
  const more = [
    'dining_tables',
    'delivery_drivers',
    'payment_methods',
    'customer_profiles',
    'job_order_header',
    'job_order_detail',
  ]
  const kitchenTables = [
    'job_order_detail_modifier',
    'job_order_status_history',
    'job_order_batch',
    'kitchen_sections',
    'category_sections',
  ]
  expect(names).toEqual(expect.arrayContaining([...wanted, ...more, ...kitchenTables]))
  const module = await dar.send('GET', `${dar.path}?lang=ar`)
  const snapshot = till.frames.find((frame) => frame.type === 'server:snapshot')
  for (const [tables, where] of [
    [at(module.body, 'tables'), 'REST'],
    [at(snapshot, 'modules.pos.tables'), 'socket'],
  ] as const) {
    for (const name of [...wanted, ...more, ...kitchenTables])
      expect(Array.isArray(at(tables, name)), `${where}: ${name}`).toBe(true)
    for (const name of ['settings', 'shift_settings'])
      expect(at(tables, name), `${where}: ${name}`).toEqual(expect.any(Object))
  }
  // A change of these would reset the cache of the pages.
  expect(snapshot?.meta).not.toHaveProperty('version')
  expect(snapshot?.meta).not.toHaveProperty('schemaVersion')
  const item = valuesAt(module.body, 'tables.menu_items[]')[0]
  expect(item).toMatchObject({
    id: expect.anything(),
    item_name: { ar: expect.any(String), en: expect.any(String) },
    pricing: { base: expect.any(Number) },
  })
})

test('the shift is opened under its alias, and stays open', async () => {
  const shift = { id: 'P001-S1', posId: 'P001', posLabel: 'POS 1', posNumber: 1, closedAt: null, closingCash: null }
  const more = {
    openingFloat: 250.5,
    cashierId: 'e1',
    cashierName: 'منى',
    status: 'open',
    isClosed: false,
    totalsByType: {},
    orders: [],
    version: 1,
  }
  await publish(till, 'insert', 'pos_shifts', {
    ...shift,
    ...more,
    openedAt: '2025-01-07T08:00:00.000Z',
    serverAt: 'now',
  })
  const event = await heard(kitchen, 'pos_shift', 'P001-S1')
  expect(event).toMatchObject({
    entry: { record: { closedAt: null, isClosed: false, openingFloat: 250.5, status: 'open' } },
  })
})

test('the order is numbered, saved over REST, and saved again over the socket without losing anything', async () => {
  const sequence = await dar.send('POST', 'sequences', {
    table: 'order_header',
    field: 'id',
    record: { branchId: 'dar' },
  })
  expect(at(sequence.body, 'value')).toEqual(expect.any(Number))
  orderId = textAt(sequence.body, 'id')
  const totals = { subtotal: 286, service: 0, vat: 40.04, discount: 0, deliveryFee: 0, due: 326.04 }
  const order = {
    id: orderId,
    shiftId: 'P001-S1',
    posId: 'P001',
    posNumber: 1,
    type: 'takeaway',
    orderTypeId: 'takeaway',
    status: 'open',
    statusId: 'open',
    fulfillmentStage: 'new',
    paymentState: 'paid',
    paymentStateId: 'paid',
    subtotal: 286,
    tax_amount: 40.04,
    totalDue: 326.04,
    total_due: 326.04,
    totalPaid: 326.04,
    totals,
    metadata: { source: 'pos', nested: { deep: ['ق', 1] } },
    notes: [],
    version: 1,
    lines: [
      {
        id: lineId(),
        itemId: 'item-1',
        qty: 2,
        price: 143,
        total: 286,
        status: 'queued',
        kitchenSection: 'grill',
        notes: ['بدون بصل'],
        version: 1,
      },
    ],
    payments: [{ id: `${orderId}-pay`, method: 'cash', amount: 326.04 }],
  }
  const saved = await dar.send('POST', 'orders', { order })
  expect([saved.status, at(saved.body, 'orderId')]).toEqual([201, orderId])

  const header = {
    id: orderId,
    type: 'takeaway',
    orderNumber: orderId,
    orderTypeId: 'takeaway',
    serviceMode: 'takeaway',
    status: 'open',
    statusId: 'open',
    fulfillmentStage: 'new',
    paymentState: 'paid',
    tableIds: [],
    tableLabel: null,
    guests: 1,
    totals,
    discount: { type: 'percent', value: 0 },
    notes: 'بدون بصل',
    version: 1,
    metadata: { source: 'pos' },
    createdAt: '2031-05-05T00:00:00.000Z',
    serverAt: '2031-05-05T00:00:00.000Z',
  }
  const line = {
    id: lineId(),
    orderId,
    itemId: 'item-1',
    name: { en: 'Burger', ar: 'برجر' },
    qty: 2,
    price: 143,
    total: 286,
    status: 'queued',
    stage: 'new',
    kitchenSectionId: 'grill',
    notes: ['بدون بصل'],
    locked: true,
  }
  await Promise.all([
    publish(till, 'insert', 'order_header', header),
    publish(till, 'insert', 'order_line', line),
    publish(till, 'insert', 'job_order_batch', {
      id: `${orderId}-batch`,
      orderId,
      status: 'queued',
      totalJobs: 1,
      version: 1,
    }),
    publish(till, 'insert', 'job_order_header', {
      id: `${orderId}-job`,
      orderId,
      stationId: 'grill',
      status: 'queued',
      readyAt: null,
      batchId: `${orderId}-batch`,
    }),
    publish(till, 'insert', 'job_order_detail', {
      id: `${orderId}-detail`,
      jobOrderId: `${orderId}-job`,
      orderLineId: lineId(),
      itemId: 'item-1',
      quantity: 2,
      status: 'queued',
    }),
    publish(till, 'insert', 'order_payment', {
      id: `${orderId}-pay`,
      orderId,
      paymentMethodId: 'cash',
      amount: 326.04,
      capturedAt: '2025-01-07T09:00:00.000Z',
      shiftId: 'P001-S1',
      reference: null,
    }),
  ])

  const { body } = await dar.send('GET', `orders/${encodeURIComponent(orderId)}`)
  expect(at(body, 'order')).toMatchObject({
    id: orderId,
    shiftId: 'P001-S1',
    orderTypeId: 'takeaway',
    statusId: 'open',
    stageId: 'new',
    paymentStateId: 'paid',
    subtotal: 286,
    tax: 40.04,
    totalDue: 326.04,
    totalPaid: 326.04,
    orderNumber: orderId,
    lines: [
      {
        id: lineId(),
        quantity: 2,
        unitPrice: 143,
        total: 286,
        statusId: 'queued',
        kitchenSectionId: 'grill',
        name: { ar: 'برجر' },
      },
    ],
    payments: [{ id: `${orderId}-pay`, amount: 326.04, paymentMethodId: 'cash', shiftId: 'P001-S1' }],
  })
  expect(textAt(body, 'order.createdAt')).not.toMatch(/^2031/)
  expect(await dar.find('job_order_header', `${orderId}-job`)).toMatchObject({ status: 'queued', readyAt: null })
})

test('the kitchen starts and finishes the job; versions count up as its pages expect', async () => {
  const known = await dar.find('order_line', lineId())
  const first = numberAt(known, 'version')
  await publish(kitchen, 'merge', 'job_order_header', {
    id: `${orderId}-job`,
    status: 'in_progress',
    progressState: 'cooking',
    startedAt: '2025-01-07T09:01:00.000Z',
    started_at: '2025-01-07T09:01:00.000Z',
  })
  await publish(kitchen, 'merge', 'job_order_detail', {
    id: `${orderId}-detail`,
    status: 'in_progress',
    startAt: '2025-01-07T09:01:00.000Z',
  })
  // The pages send back the whole row that they hold, with the version they will produce.
  await publish(kitchen, 'merge', 'order_line', {
    ...known,
    key: lineId(),
    status: 'cooking',
    statusId: 'cooking',
    version: first === 1 ? 1 : first + 1,
  })
  const event = await heard(till, 'order_line', lineId())
  expect(event).toMatchObject({ table: 'order_line', entry: { record: { id: lineId(), quantity: 2, unitPrice: 143 } } })
  const line = await dar.find('order_line', lineId())
  expect(line).toMatchObject({ status: 'cooking', statusId: 'cooking', quantity: 2 })
  await publish(kitchen, 'merge', 'order_line', {
    id: lineId(),
    status: 'ready',
    version: numberAt(line, 'version') + 1,
  })
  expect(await dar.find('order_line', lineId())).toMatchObject({ statusId: 'ready', status: 'ready' })
})

test('a stale version is refused at once, in the words that the pages know', async () => {
  const current = numberAt(await dar.find('order_header', orderId), 'version')
  const requestId = 'req-stale'
  const head = { type: 'client:publish', moduleId: 'pos', table: 'order_header', action: 'module:merge' }
  till.send({
    ...head,
    record: { id: orderId, statusId: 'closed', version: current + 5 },
    meta: { requestId },
    requestId,
  })
  expect(await till.next((frame) => frame.type === 'server:error' && frame.requestId === requestId)).toMatchObject({
    error: 'version-conflict',
    details: { table: 'order_header', key: orderId, currentVersion: current },
  })
  await till.next((frame) => frame.type === 'server:log' && frame.level === 'error')
  const answer = await dar.send('POST', 'orders', {
    order: {
      id: orderId,
      shiftId: 'P001-S1',
      version: current + 5,
      status: 'closed',
      lines: [{ id: lineId(), itemId: 'item-1', qty: 2, price: 143 }],
    },
  })
  expect(answer).toMatchObject({ status: 409, body: { error: 'order-version-conflict', details: { key: orderId } } })
})

test('after a purge every page gets a fresh snapshot, because it would not read anew by itself', async () => {
  const purge = await dar.send('POST', '/api/manage/purge-live-data', {
    branchId: 'dar',
    moduleId: 'pos',
    requestedBy: 'finance',
  })
  expect(purge.body).toMatchObject({ totalRemoved: expect.any(Number), historyEntry: { tables: expect.any(Array) } })
  for (const page of [till, kitchen]) {
    await page.next((frame) => frame.type === 'server:event' && frame.action === 'module:purge')
    const snapshot = await page.nextOf('server:snapshot')
    expect(at(snapshot, 'modules.pos.tables.order_header')).toEqual([])
  }
})
