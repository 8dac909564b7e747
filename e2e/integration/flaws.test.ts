import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../src-shared/json.ts'
import { BranchClient } from '../support/branch-client.ts'
import { send } from '../support/http.ts'
import { at, numberAt, textAt, valuesAt } from '../support/json-paths.ts'
import { sendRaw } from '../support/raw-request.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

/** The flaws F1 to F13 that were reproduced on the field server: ours must not have them. */
let server: TestServer
const dar = new BranchClient(() => server.url)

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server?.stop())

test('each of the 40 flaws is cited by a test', () => {
  const files = ['flaws.test.ts', 'flaws-branches.test.ts', 'flaws-service.test.ts']
  const text = files.map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('\n')
  const cited = new Set(
    [...text.matchAll(/^test(?:\.\w+\(.*\))?\(\s*['`]((?:\[F\d+\] ?)+)/gm)].flatMap((one) => one[1]!.match(/F\d+/g)!),
  )
  expect([...Array(40).keys()].map((index) => `F${index + 1}`).filter((name) => !cited.has(name))).toEqual([])
})

const POISON: [string, string][] = [
  ['GET', '/%E0%A4%A'],
  ['GET', '//'],
  ['GET', '/api/state?branch=%25E0%25A4%25A'],
  ['GET', '/api/schema?branch=%25'],
  ['GET', '/api/schema?module=constructor'],
  ['GET', '/api/schema?module=__proto__'],
  ['GET', '/api/store/i18n?branch=%25'],
  ['GET', '/api/classifieds/%E0%A4'],
  ['GET', '/api/branches/gim/modules/gym'],
  ['GET', '/api/branches/lab%3Ax/modules/scratchpad'],
  ['GET', '/api/branches/constructor'],
  ['GET', '/api/branches/dar/modules/__proto__'],
  ['GET', '/api/branches/dar/modules/pos/tables/constructor'],
  ['POST', '/api/sync/dar/nomod/delta'],
  ['POST', '/api/manage/full-sync'],
  ['POST', '/api/manage/reset'],
  ['POST', '/api/manage/purge-live-data'],
  ['POST', '/api/manage/purge-history'],
  ['POST', '/api/branches/dar/modules/pos/sequences'],
  ['POST', '/api/branches/dar/modules/pos/orders'],
  ['POST', '/api/branches/dar/modules/pos/save'],
  ['POST', '/api/branches/dar/modules/pos/events/batch'],
  ['DELETE', '/api/manage/full-sync'],
]

test.each(POISON)('[F1] %s %s is answered and does not end the server', async (method, path) => {
  for (const type of ['text/plain', 'application/json']) {
    const answer = await sendRaw(server.url, { method, path, headers: { 'content-type': type } })
    expect(answer.status, answer.text).toBeLessThan(500)
    // A schema that does not exist is answered with a warning instead of an error.
    const isWarning = answer.status === 200 && path.startsWith('/api/schema?module=')
    const coded = { error: expect.stringMatching(/^[a-z-]+$/), message: expect.any(String) }
    expect(JSON.parse(answer.text)).toMatchObject(isWarning ? { warnings: [{ warning: 'module-not-defined' }] } : coded)
    expect(answer.status >= 400 || isWarning, answer.text).toBe(true)
  }
  expect(server.isRunning()).toBe(true)
  expect((await send(server.url, '/healthz')).status).toBe(200)
})

test('[F1] bad frames cost their own socket an error and no other socket anything', async () => {
  const [good, bad] = [await TestSocket.enter(server.wsUrl, { branchId: 'dar' }), await TestSocket.open(server.wsUrl)]
  for (const frame of [
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '{"type":5}',
    '{"type":"client:hello","branchId":{}}',
    '{"type":"__proto__"}',
  ]) {
    bad.send(frame)
  }
  bad.send({ type: 'client:publish', branchId: 'dar', table: 'dining_tables', record: 7, requestId: 'bad-record' })
  await good.settle()
  expect((await good.publish('insert', 'dining_tables', { id: 'after-bad-frames' })).type).toBe('server:ack')
  await good.close()
  await bad.close()
  expect(server.isRunning()).toBe(true)
})

test('[F2] a reset needs POST; pages of other origins and other host names are refused', async () => {
  await dar.insert('dining_tables', { id: 'F2' })
  expect((await dar.send('GET', 'reset')).status).toBe(405)
  expect(await dar.find('dining_tables', 'F2')).toBeDefined()

  const evil = { origin: 'http://evil.example' }
  const answer = await send(server.url, `${dar.path}/tables/dining_tables`, { headers: evil })
  expect(answer).toMatchObject({ status: 403, body: { error: 'origin-not-allowed' } })
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  const write = await send(server.url, `${dar.path}/reset`, { method: 'POST', headers: evil, body: {} })
  expect(write.body).toMatchObject({ error: 'origin-not-allowed' })
  await expect(TestSocket.open(server.wsUrl, { origin: 'http://evil.example' })).rejects.toThrow(/403/)
  const rebound = await sendRaw(server.url, { path: '/api/branches', headers: { host: 'evil.example' } })
  expect([rebound.status, rebound.text]).toEqual([403, expect.stringContaining('host-not-allowed')])
  const own = await send(server.url, '/api/branches')
  expect(own.headers.get('access-control-allow-origin')).not.toBe('*')
})

test('[F3] there is no raw SQL', async () => {
  await dar.insert('order_payment', { id: 'F3', orderId: 'o', amount: 5 })
  const sql = "REPLACE INTO order_payment(id) VALUES('evil') RETURNING id"
  const answer = await send(server.url, '/api/query/raw', { method: 'POST', body: { sql } })
  expect([403, 404, 405, 501]).toContain(answer.status)
  expect(await dar.listIds('order_payment')).not.toContain('evil')
})

test('[F4] no request reads or writes outside the data folder, and no answer tells where it is', async () => {
  const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')
  const tables = { dining_tables: [{ id: 'x' }] }
  const answers = [
    await send(server.url, '/api/seeds', {
      method: 'POST',
      body: { branchId: '../../static/x', moduleId: 'pos', seeds: tables },
    }),
    await send(server.url, '/api/seeds', {
      method: 'POST',
      body: { branchId: 'dar', moduleId: '../../../x', seeds: tables },
    }),
    await send(server.url, '/api/schemas/global/..%2F..%2Fpackage'),
    await send(server.url, '/api/schemas/global/..%2F..%2Fpackage', {
      method: 'POST',
      body: { schema: { tables: [] } },
    }),
    await send(server.url, '/api/schemas/branch/..%2F../pos'),
    await send(server.url, '/api/state?branch=..'),
    await send(server.url, '/console/..%2f..%2fpackage.json'),
    await send(server.url, '/api/branches', { method: 'POST', body: { id: '../up' } }),
  ]
  for (const answer of answers)
    expect([answer.status, answer.text]).toEqual([
      expect.toSatisfy((one) => one >= 400 && one < 500),
      expect.any(String),
    ])

  const tasks = {
    id: 'f4',
    tables: ['a'],
    schema: { tables: { a: { fields: { id: { type: 'text', primaryKey: true } } } } },
  }
  const module = { ...tasks, schemaFallbackPath: 'package.json', seedFallbackPath: '/etc/hostname' }
  answers.push(await send(server.url, '/api/modules', { method: 'POST', body: module }))
  answers.push(await send(server.url, '/api/schema?branch=dar&module=f4&include=schema,seed,live,config'))
  answers.push(
    await send(server.url, '/api/seeds', { method: 'POST', body: { branchId: 'dar', moduleId: 'pos', seeds: tables } }),
  )
  answers.push(await dar.send('GET', '/api/schemas/global/pos_schema'))
  answers.push(await dar.send('POST', 'events', { action: 'module:explode', table: 'dining_tables' }))
  expect(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')).toBe(manifest)
  const told = answers
    .map((answer) => answer.text)
    .filter((text) => text.includes(server.dataDir) || / at \S+ \(/.test(text))
  expect(told).toEqual([])
})

test('[F5] nothing acknowledged is lost and no file is torn when the process is killed under writes', async () => {
  const own = await startTestServer()
  try {
    const client = new BranchClient(() => own.url)
    const acknowledged = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const goal = acknowledged.size + 150
      const enough = Promise.withResolvers<void>()
      const writers = Array.from({ length: 6 }, async (_, writer) => {
        for (let n = 0; ; n++) {
          const id = `F5-${round}-${writer}-${n}`
          const answer = await client.insert('customer_profiles', { id, name: 'ليلى' }).catch(() => undefined)
          if (answer?.status !== 201) return
          acknowledged.add(id)
          if (acknowledged.size >= goal) enough.resolve()
        }
      })
      await enough.promise
      await own.kill()
      await Promise.all(writers)
      await own.restart()
      const stored = new Set(await client.listIds('customer_profiles'))
      expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([])
    }
  } finally {
    await own.stop()
  }
})

test('[F6] parallel requests, a kill and a reset never give a number twice', async () => {
  const own = await startTestServer()
  try {
    const client = new BranchClient(() => own.url)
    const allocate = async () =>
      textAt((await client.send('POST', 'sequences', { table: 'order_header', field: 'id' })).body, 'id')
    const twenty = () => Promise.all(Array.from({ length: 20 }, allocate))
    const ids = await twenty()
    await own.kill()
    await own.restart()
    ids.push(...(await twenty()))
    expect((await client.send('POST', 'reset', {})).status).toBe(200)
    ids.push(...(await twenty()))
    expect(new Set(ids).size).toBe(60)
  } finally {
    await own.stop()
  }
})

test('[F7] sixty parallel inserts get sixty numbers in a row', async () => {
  const before = numberAt((await dar.send('GET', '/api/sync/dar/pos')).body, 'version')
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) => dar.insert('dining_tables', { id: `F7-${n}` })),
  )
  const sequences = answers.map((answer) => numberAt(answer.body, 'ack.sequence')).sort((one, other) => one - other)
  expect(sequences).toEqual(Array.from({ length: 60 }, (_, n) => before + 1 + n))
  expect(at((await dar.send('GET', '/api/sync/dar/pos')).body, 'version')).toBe(before + 60)
})

const fieldOrder = {
  id: 'F8-order',
  shiftId: 'F8-shift',
  type: 'takeaway',
  status: 'open',
  fulfillmentStage: 'new',
  paymentState: 'paid',
  totals: { subtotal: 286, due: 300.5, service: 14.5 },
  loyaltyCard: { level: 'ذهبي' },
  lines: [{ id: 'F8-line', itemId: 'burger', qty: 2, price: 143, total: 286, status: 'queued', notes: ['no salt'] }],
  payments: [{ id: 'F8-pay', method: 'cash', amount: 300.5 }],
}

test('[F8] an order as the field POS sends it keeps every field and every amount', async () => {
  expect((await dar.send('POST', 'orders', { order: fieldOrder })).status).toBe(201)
  const { body } = await dar.send('GET', 'orders/F8-order')
  expect(at(body, 'order')).toMatchObject({
    shiftId: 'F8-shift',
    orderTypeId: 'takeaway',
    statusId: 'open',
    stageId: 'new',
    paymentStateId: 'paid',
    totalDue: 300.5,
    subtotal: 286,
    service: 14.5,
    loyaltyCard: { level: 'ذهبي' },
    lines: [
      {
        id: 'F8-line',
        itemId: 'burger',
        quantity: 2,
        unitPrice: 143,
        total: 286,
        statusId: 'queued',
        notes: ['no salt'],
      },
    ],
    payments: [{ id: 'F8-pay', paymentMethodId: 'cash', amount: 300.5 }],
  })
})

test('[F8] times that were not sent are not invented, and null stays null', async () => {
  await dar.insert('pos_shift', { id: 'F8-open', status: 'open', closedAt: null })
  await dar.insert('table_lock', { id: 'F8-lock', tableId: 'T1', expiresAt: null })
  await dar.insert('job_order_header', { id: 'F8-job', orderId: 'o' })
  expect(await dar.find('pos_shift', 'F8-open')).toMatchObject({ closedAt: null })
  expect(await dar.find('table_lock', 'F8-lock')).toMatchObject({ expiresAt: null })
  const job = await dar.find('job_order_header', 'F8-job')
  expect([job?.readyAt ?? null, job?.completedAt ?? null, job?.createdAt]).toEqual([null, null, expect.any(String)])
})

test('[F9] a second insert of a key is a conflict, or no change when its content is the same', async () => {
  const record = { id: 'F9', name: 'first', seats: 4 }
  const first = await dar.insert('dining_tables', record)
  const retry = await dar.insert('dining_tables', record)
  expect([retry.status < 300, at(retry.body, 'record.version')]).toEqual([true, 1])
  expect(at(retry.body, 'record.createdAt')).toBe(at(first.body, 'record.createdAt'))
  expect(await dar.insert('dining_tables', { ...record, seats: 9 })).toMatchObject({
    status: 409,
    body: { error: 'record-exists' },
  })
  expect((await dar.listIds('dining_tables')).filter((id) => id === 'F9')).toEqual(['F9'])
})

test('[F9] in legacy mode the second insert of an order keeps what it does not name', async () => {
  const own = await startTestServer({ env: { MISHKAH_LEGACY_CLIENTS: '1' } })
  try {
    const client = new BranchClient(() => own.url)
    const order: JsonObject = { ...fieldOrder, id: 'F9-order' }
    expect((await client.send('POST', 'orders', { order })).status).toBe(201)
    const socket = await TestSocket.enter(own.wsUrl, { branchId: 'dar', role: 'pos-v2' })
    const again = { id: 'F9-order', type: 'takeaway', status: 'open', guests: 3, tableLabel: 'T5', version: 1 }
    const ack = await socket.publish('insert', 'order_header', again, { meta: { requestId: 'req-F9', silent: false } })
    expect(ack).toMatchObject({ type: 'server:ack', meta: { clientMeta: { requestId: 'req-F9', silent: false } } })
    expect(await client.find('order_header', 'F9-order')).toMatchObject({
      shiftId: 'F8-shift',
      totalDue: 300.5,
      tableLabel: 'T5',
    })
    await socket.close()
  } finally {
    await own.stop()
  }
})

test('[F10] a batch with a bad event and an order with a stale line change nothing', async () => {
  const log = await dar.insert('dining_tables', { id: 'F10-0' })
  const events = [1, 2, 3].map((n) => ({
    table: n === 2 ? 'no_such_table' : 'dining_tables',
    record: { id: `F10-${n}` },
  }))
  const batch = await dar.send('POST', 'events/batch', { lastAckId: textAt(log.body, 'ack.eventId'), events })
  expect(batch).toMatchObject({ status: 404, body: { error: 'table-not-found' } })
  expect((await dar.listIds('dining_tables')).filter((id) => id.startsWith('F10-'))).toEqual(['F10-0'])

  const order = {
    ...fieldOrder,
    id: 'F10-order',
    lines: [{ id: 'F10-line', itemId: 'tea', qty: 1, price: 5, version: 1 }],
  }
  expect((await dar.send('POST', 'orders', { order })).status).toBe(201)
  expect((await dar.merge('order_line', { id: 'F10-line', statusId: 'cooking', version: 1 })).status).toBe(200)
  const stale = await dar.send('POST', 'orders', { order: { ...order, status: 'closed', version: 1 } })
  expect(stale).toMatchObject({ status: 409, body: { error: 'order-version-conflict' } })
  expect(await dar.find('order_header', 'F10-order')).toMatchObject({ statusId: 'open', version: 1 })
})

test('[F11] a purge can be undone in full', async () => {
  const own = await startTestServer()
  try {
    const client = new BranchClient(() => own.url)
    const sent = Array.from({ length: 5 }, (_, n) => ({
      id: `F11-${n}`,
      orderId: 'o',
      amount: n + 0.25,
      reference: 'مرجع',
    }))
    for (const record of sent) await client.insert('order_payment', record)
    const before = await Promise.all(sent.map(({ id }) => client.find('order_payment', id)))
    const body = { branchId: 'dar', tables: ['order_payment'] }
    const purge = await send(own.url, '/api/manage/purge-live-data', { method: 'POST', body })
    expect([purge.status, await client.listIds('order_payment')]).toEqual([200, []])
    const restore = { branchId: 'dar', entryId: textAt(purge.body, 'historyEntry.id') }
    const answer = await send(own.url, '/api/manage/purge-history', { method: 'POST', body: restore })
    expect(answer).toMatchObject({
      status: 200,
      body: { totalRestored: at(purge.body, 'totalRemoved'), changed: true },
    })
    const fields = ['id', 'orderId', 'amount', 'reference']
    const pick = (record: JsonObject | undefined) => fields.map((field) => record?.[field])
    const after = await Promise.all(sent.map(({ id }) => client.find('order_payment', id)))
    expect(after.map(pick)).toEqual(before.map(pick))
  } finally {
    await own.stop()
  }
})

test('[F12] an order created over a sync topic is stored', async () => {
  const socket = await TestSocket.enter(server.wsUrl, { branchId: 'dar' })
  const order = {
    ...fieldOrder,
    id: 'F12-order',
    lines: [{ id: 'F12-line', itemId: 'tea', qty: 1, price: 5 }],
    payments: [],
  }
  for (const topic of ['pos:sync:dar', 'sync::dar::pos']) socket.send({ type: 'subscribe', topic })
  socket.send({ type: 'publish', topic: 'sync::dar::pos', data: { action: 'create-order', trans_id: 'F12', order } })
  const answer = await socket.next(
    (frame) => frame.type === 'error' || (frame.type === 'server:event' && at(frame, 'recordRef.key') === 'F12-order'),
  )
  expect(answer).toMatchObject({ type: 'server:event' })
  expect(await dar.find('order_header', 'F12-order')).toMatchObject({ shiftId: 'F8-shift' })
  await socket.close()
})

test('[F13] the sync snapshot and the sync topic are as new as the last write', async () => {
  const ack = await dar.insert('dining_tables', { id: 'F13' })
  const { body } = await dar.send('GET', '/api/sync/dar/pos')
  expect(at(body, 'version')).toBe(at(ack.body, 'ack.sequence'))
  expect(valuesAt(body, 'snapshot.tables.dining_tables[].id')).toContain('F13')
  const socket = await TestSocket.enter(server.wsUrl, { branchId: 'dar' })
  socket.send({ type: 'subscribe', topic: 'sync::dar::pos' })
  const frame = await socket.next((one) => one.type === 'publish' && one.topic === 'sync::dar::pos')
  expect(valuesAt(frame, 'data.snapshot.snapshot.tables.dining_tables[].id')).toContain('F13')
  await socket.close()
})
