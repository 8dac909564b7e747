import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../src-shared/json.ts'
import { BranchClient } from '../support/branch-client.ts'
import { send } from '../support/http.ts'
import { at, jsonTypeOf, numberAt, textAt, valuesAt } from '../support/json-paths.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

/** The flaws F28 to F40: management, errors, translations, service, and clients that cannot be changed. */
let server: TestServer
const dar = new BranchClient(() => server.url)
const post = (path: string, body: JsonObject) => send(server.url, path, { method: 'POST', body })

beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server?.stop())

const versionOf = async () => numberAt((await dar.send('GET', '/api/sync/dar/pos')).body, 'version')

test('[F28] a purge keeps the event log and its numbers, and writes itself into it', async () => {
  const insert = await dar.insert('order_payment', { id: 'F28', orderId: 'o', amount: 1 })
  const eventId = textAt(insert.body, 'ack.eventId')
  const purge = await post('/api/manage/purge-live-data', {
    branchId: 'dar',
    tables: ['order_payment'],
    resetEvents: true,
  })
  expect(purge.body).toMatchObject({ status: 'ok', totalRemoved: expect.any(Number) })
  expect(numberAt(purge.body, 'version')).toBeGreaterThan(numberAt(insert.body, 'ack.sequence'))
  expect((await dar.send('GET', `events/${eventId}`)).status).toBe(200)
  const after = await dar.insert('dining_tables', { id: 'F28-after' })
  expect(numberAt(after.body, 'ack.sequence')).toBe(numberAt(purge.body, 'version') + 1)
  await server.restart()
  const log = readFileSync(join(server.dataDir, 'branches/dar/modules/pos/live/events.log'), 'utf8')
  const lines = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonObject)
  expect(lines.map((line) => line.id)).toContain(eventId)
  expect(lines.filter((line) => line.action === 'module:purge')).toHaveLength(1)
})

test('[F29] version 1 does not overwrite a newer record, and the version of a module never goes back', async () => {
  await dar.insert('order_header', { id: 'F29', statusId: 'open', customerNote: 'keep' })
  await dar.merge('order_header', { id: 'F29', statusId: 'cooking', version: 1 })
  const record = { id: 'F29', statusId: 'open', version: 1 }
  for (const [method, path, body] of [
    ['PUT', 'tables/order_header', { record }],
    ['PUT', 'save', { table: 'order_header', record }],
    ['POST', 'save', { table: 'order_header', record }],
    ['PATCH', 'tables/order_header', { record }],
  ] as const) {
    expect(await dar.send(method, path, body)).toMatchObject({ status: 409, body: { error: 'version-conflict' } })
  }
  expect(await dar.find('order_header', 'F29')).toMatchObject({ statusId: 'cooking', customerNote: 'keep', version: 2 })
  const before = await versionOf()
  expect((await dar.send('POST', 'reset', {})).status).toBe(200)
  expect(await versionOf()).toBeGreaterThan(before)
})

test('[F30] newest first pages through everything; updatedAfter and id work on every table', async () => {
  const own = await startTestServer()
  try {
    const client = new BranchClient(() => own.url)
    for (let n = 0; n < 7; n++) await client.insert('order_header', { id: `F30-${n}`, statusId: 'open' })
    const seen: unknown[] = []
    for (let page = 0; page < 10; page++) {
      const after = seen.length === 0 ? '' : `&afterId=${seen.at(-1)}`
      const { body } = await client.send('GET', `tables/order_header?order=desc&limit=3${after}`)
      const ids = valuesAt(body, 'rows[].id').filter((id) => String(id).startsWith('F30-'))
      seen.push(...ids)
      if (ids.length < 3) break
    }
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => `F30-${n}`))
    const third = await client.find('order_header', 'F30-3')
    const later = await client.send('GET', `tables/order_header?updatedAfter=${third?.updatedAt}`)
    expect(valuesAt(later.body, 'rows[].id')).toContain('F30-6')
    expect(valuesAt(later.body, 'rows[].id')).not.toContain('F30-3')
    expect((await client.send('GET', 'tables/order_header?id=F30-2')).body).toMatchObject({
      count: 1,
      id: 'F30-2',
      version: 1,
    })
    expect((await client.send('GET', 'tables/order_header?id=none')).body).toMatchObject({ count: 0, rows: [] })
  } finally {
    await own.stop()
  }
})

test('[F31] every failure has one form, with the status that its kind deserves', async () => {
  const cases: [number, string, Promise<{ status: number; body: unknown }>][] = [
    [
      400,
      'invalid-json',
      send(server.url, `${dar.path}/tables/dining_tables`, {
        method: 'POST',
        text: '{',
        headers: { 'content-type': 'application/json' },
      }),
    ],
    [
      400,
      'invalid-json',
      send(server.url, '/api/seeds', { method: 'POST', text: '{', headers: { 'content-type': 'application/json' } }),
    ],
    [400, 'missing-table-name', dar.send('PUT', 'save', { record: { id: 'x' } })],
    [400, 'missing-record', dar.send('PUT', 'save', { table: 'dining_tables' })],
    [400, 'missing-branch-id', post('/api/manage/reset', {})],
    [404, 'table-not-found', dar.send('GET', 'tables/nope')],
    [404, 'record-not-found', dar.merge('dining_tables', { id: 'nope', seats: 1 })],
    [404, 'schema-not-found', send(server.url, '/api/schemas/global/nope')],
    [404, 'not-found', send(server.url, '/api/nope')],
    [404, 'management-endpoint-not-found', send(server.url, '/api/manage/nope')],
    [405, 'method-not-allowed', send(server.url, '/healthz', { method: 'POST', body: {} })],
    [
      415,
      'unsupported-media-type',
      send(server.url, `${dar.path}/tables/dining_tables`, {
        method: 'POST',
        text: 'id=1',
        headers: { 'content-type': 'text/plain' },
      }),
    ],
    [422, 'validation-failed', dar.insert('dining_tables', { id: 'F31', seats: 'abc' })],
  ]
  for (const [status, error, sent] of cases) {
    const answer = await sent
    expect([answer.status, answer.body]).toEqual([
      status,
      expect.objectContaining({ error, message: expect.any(String), traceId: expect.any(String) }),
    ])
  }
  const problem = await send(server.url, '/api/nope', { headers: { accept: 'application/problem+json' } })
  expect(problem.headers.get('content-type')).toMatch(/^application\/problem\+json/)
})

test('[F32] a translation replaces texts, never ids or times of the record', async () => {
  const field = (type: string, more: JsonObject = {}) => ({ type, ...more })
  const fields = {
    id: field('text', { primaryKey: true }),
    unitId: field('text'),
    title: field('text'),
    createdAt: field('timestamp'),
  }
  const reference = field('text', { references: { table: 'listing', column: 'id' } })
  const tables = {
    listing: { fields },
    listing_lang: {
      fields: {
        id: fields.id,
        listing_id: reference,
        lang: field('text'),
        title: field('text'),
        createdAt: field('timestamp'),
      },
    },
  }
  await post('/api/modules', { id: 'ads', schema: { version: 1, tables } })
  await post('/api/branches/dar/modules', { id: 'ads' })
  const ads = new BranchClient(() => server.url, 'dar', 'ads')
  await ads.insert('listing', { id: 'L1', unitId: 'ar-unit', title: 'شقة' })
  await ads.insert('listing_lang', { id: 'L1-en', listing_id: 'L1', lang: 'en', title: 'Flat' })
  await ads.insert('listing_lang', { id: 'L1-ar', listing_id: 'L1', lang: 'ar', title: 'شقة' })
  const stored = await ads.find('listing', 'L1')
  const { body } = await ads.send('GET', `${ads.path}?lang=en`)
  expect(valuesAt(body, 'tables.listing[]')[0]).toEqual({ ...stored, title: 'Flat' })
  const listed = await ads.send('GET', 'tables/listing?lang=en')
  expect(at(valuesAt(listed.body, 'rows[]')[0], 'i18n.lang.en.title')).toBe('Flat')
  const all = await send(server.url, '/api/store/i18n?branch=dar&module=ads&lang=en')
  expect(at(all.body, 'translations.listing.L1.title')).toBe('Flat')
})

test('[F33] references written as objects become ids at every write; column names count; versions are the server’s', async () => {
  const shift = { id: 'S-1', name: 'Morning' }
  await dar.insert('order_header', { id: 'F33', statusId: 'open', shiftId: shift, version: 40 })
  expect(await dar.find('order_header', 'F33')).toMatchObject({ shiftId: 'S-1', version: 1 })
  await dar.merge('order_header', { id: 'F33', shiftId: { id: 'S-2', name: 'Evening' }, total_due: 12.5, version: 1 })
  expect(await dar.find('order_header', 'F33')).toMatchObject({ shiftId: 'S-2', totalDue: 12.5, version: 2 })
  await dar.insert('table_lock', { id: 'F33-lock', tableId: 'T1', version: 77 })
  expect(await dar.find('table_lock', 'F33-lock')).toMatchObject({ version: 1 })
  expect((await dar.merge('table_lock', { id: 'F33-lock', active: false, version: 77 })).status).toBe(409)
})

test('[F34] what an imported snapshot leaves out is gone for good, and says so to those who sync', async () => {
  await dar.insert('order_payment', { id: 'F34', orderId: 'o', amount: 1 })
  await dar.insert('reservations', { id: 'F34-r', customerName: 'x' })
  const answer = await post('/api/sync/dar/pos', { snapshot: { tables: { order_payment: [] } } })
  expect(answer.body).toMatchObject({ status: 'ok' })
  await server.restart()
  expect(await dar.listIds('order_payment')).toEqual([])
  expect(await dar.listIds('reservations')).toContain('F34-r')
})

test('[F35] joins are keyed by both their sides, and objects among the tables are kept', async () => {
  for (const sectionId of ['hot', 'cold']) await dar.insert('category_sections', { categoryId: 'F35', sectionId })
  const { body } = await dar.send('GET', 'tables/category_sections?limit=1000')
  const mine = valuesAt(body, 'rows[]').filter((row) => at(row, 'categoryId') === 'F35')
  expect(mine.map((row) => at(row, 'sectionId')).sort()).toEqual(['cold', 'hot'])
  const { body: module } = await dar.send('GET', dar.path)
  const types = ['settings', 'shift_settings', 'reservations'].map((name) => jsonTypeOf(at(module, `tables.${name}`)))
  expect(types).toEqual(['object', 'object', 'array'])
})

test('[F36] values that break the schema are refused by the name of their field', async () => {
  const insert = async (table: string, record: JsonObject) => {
    const { status, body } = await dar.insert(table, record)
    return [status, at(body, 'error'), valuesAt(body, 'errors[].field')]
  }
  expect(await insert('dining_tables', { id: 'F36', seats: 'abc' })).toEqual([422, 'validation-failed', ['seats']])
  expect(await insert('order_payment', { id: 'F36', orderId: 'o', reference: 'x'.repeat(500) })).toEqual([
    422,
    'validation-failed',
    ['reference'],
  ])
  expect(await insert('order_payment', { id: 'F36', orderId: 'o', amount: 1.005 })).toEqual([
    422,
    'validation-failed',
    ['amount'],
  ])
  expect(await insert('order_payment', { id: 'F36', amount: 1 })).toEqual([422, 'validation-failed', ['orderId']])
  expect((await dar.insert('dining_tables', { id: 'F36', seats: '6' })).body).toMatchObject({ record: { seats: 6 } })
})

test('[F37] orders of two branches do not wait for each other; ids are decoded; a re-sent order is answered; logs are read', async () => {
  const order = (id: string) => ({
    id,
    shiftId: 'S',
    status: 'open',
    lines: [{ id: `${id}-l`, itemId: 'tea', qty: 1, price: 5, statusLogs: [{ id: `${id}-log`, statusId: 'queued' }] }],
  })
  const remal = new BranchClient(() => server.url, 'remal')
  const both = await Promise.all([dar, remal].map((client) => client.send('POST', 'orders', { order: order('A B/ج') })))
  expect(both.map((answer) => answer.status)).toEqual([201, 201])
  const again = await dar.send('POST', 'orders', { order: order('A B/ج') })
  expect([again.status < 300, at(again.body, 'order.version')]).toEqual([true, 1])
  const read = await dar.send('GET', `orders/${encodeURIComponent('A B/ج')}`)
  expect(read).toMatchObject({
    status: 200,
    body: { orderId: 'A B/ج', order: { lines: [{ statusLogs: [{ statusId: 'queued' }] }] } },
  })
  const empty = await dar.send('POST', 'orders', { order: { id: 'F37', shiftId: 'S', lines: [] } })
  expect(empty).toMatchObject({ status: 422, body: { error: 'empty-order' } })
  const noShift = await dar.send('POST', 'orders', { order: { id: 'F37', lines: [{ itemId: 'tea', qty: 1 }] } })
  expect(noShift).toMatchObject({ status: 422, body: { error: 'missing-shift-id' } })
})

test('[F38] a stop finishes what runs, moves the log into the database and says goodbye to sockets', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'mishkah-f38-'))
  const own = await startTestServer({ dataDir })
  try {
    const client = new BranchClient(() => own.url)
    const socket = await TestSocket.enter(own.wsUrl, { branchId: 'dar' })
    const writes = Array.from({ length: 200 }, (_, n) =>
      client.insert('reservations', { id: `F38-${n}` }).catch(() => undefined),
    )
    await writes[20]
    const stopped = own.stop()
    const stored = (await Promise.all(writes))
      .filter((answer) => answer?.status === 201)
      .map((answer) => at(answer!.body, 'record.id'))
    expect([1001, 1012]).toContain((await socket.closed).code)
    await stopped
    const files = readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    const logs = files.filter((path) => path.endsWith('-wal')).map((path) => [path, statSync(join(dataDir, path)).size])
    expect(logs.filter(([, size]) => size !== 0)).toEqual([])
    await own.restart()
    expect(await client.listIds('reservations')).toEqual(expect.arrayContaining(stored))
    expect(own.output()).not.toMatch(/\berror\b/)
  } finally {
    await own.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
})

test('[F39] served files carry a validator, so that no client keeps an old SDK for a day', async () => {
  const staticDir = mkdtempSync(join(tmpdir(), 'mishkah-f39-'))
  const { serveFile } = await startStaticServer(staticDir)
  try {
    writeFileSync(join(staticDir, 'sdk.js'), 'one')
    const first = await serveFile('/sdk.js')
    const tag = first.headers.get('etag') ?? ''
    expect([first.text, first.headers.get('cache-control')]).toEqual([
      'one',
      expect.stringMatching(/no-cache|max-age=0/),
    ])
    expect((await serveFile('/sdk.js', { 'if-none-match': tag })).status).toBe(304)
    writeFileSync(join(staticDir, 'sdk.js'), 'two, longer')
    expect(await serveFile('/sdk.js', { 'if-none-match': tag })).toMatchObject({ status: 200, text: 'two, longer' })
    expect((await serveFile('/..%2f..%2fetc/passwd')).status).toBeGreaterThanOrEqual(400)
  } finally {
    await serveFile.close()
    rmSync(staticDir, { recursive: true, force: true })
  }
})

/** The server with a folder of pages: a setting, so it is started in this process. */
async function startStaticServer(staticDir: string) {
  const [{ startBranchServer }, { createLog }] = await Promise.all([
    import('../../src-main/server/branch-server.ts'),
    import('../../src-main/lib/log.ts'),
  ])
  const dataDir = mkdtempSync(join(tmpdir(), 'mishkah-f39-data-'))
  const options = {
    port: 0,
    host: '127.0.0.1',
    dataDir,
    legacyClients: false,
    openLan: false,
    openLanRole: 'cashier',
    rateLimit: false,
    logLevel: 'error' as const,
    consoleDir: join(dataDir, 'no-console'),
    clientDir: join(dataDir, 'no-client'),
    appsDir: join(dataDir, 'no-apps'),
    defaultsDir: join(import.meta.dirname, '../../data'),
    version: 'test',
    staticDir,
  }
  const log = createLog({ level: 'error', write: () => undefined })
  const running = await startBranchServer(options, { log, notify: () => undefined })
  const serveFile = Object.assign(
    (path: string, headers: Record<string, string> = {}) => send(running.url, path, { headers }),
    {
      close: async () => {
        await running.close()
        rmSync(dataDir, { recursive: true, force: true })
      },
    },
  )
  return { serveFile }
}

test('[F40] a storm of reconnects, writes sent twice, old creation times and extra keys do no harm', async () => {
  const sockets = await Promise.all(
    Array.from({ length: 60 }, () => TestSocket.enter(server.wsUrl, { branchId: 'dar' })),
  )
  await Promise.all(sockets.map((socket) => socket.close()))
  const hello = { branchId: 'dar', protocol: 2, clientId: 'F40-tablet' }
  const frame = {
    type: 'client:publish',
    moduleId: 'pos',
    action: 'module:insert',
    table: 'reservations',
    record: { customerName: 'هدى' },
    requestId: 'F40-1',
  }
  const first = await TestSocket.enter(server.wsUrl, hello)
  const ack = await first.request(frame)
  await first.close()
  const second = await TestSocket.enter(server.wsUrl, hello)
  const again = await second.request(frame)
  expect([again.type, again.eventId, at(again, 'recordRef.key')]).toEqual([
    'server:ack',
    ack.eventId,
    at(ack, 'recordRef.key'),
  ])
  await second.close()

  const id = String(at(ack, 'recordRef.key'))
  const stored = await dar.find('reservations', id)
  const sent = {
    id,
    key: id,
    customerName: 'هدى علي',
    createdAt: '2031-01-01T00:00:00.000Z',
    serverAt: 'x',
    branchId: 'remal',
  }
  expect((await dar.merge('reservations', sent)).status).toBe(200)
  expect(await dar.find('reservations', id)).toMatchObject({
    customerName: 'هدى علي',
    createdAt: stored?.createdAt,
    branchId: 'dar',
  })

  await dar.remove('reservations', id)
  const tables = at((await dar.send('GET', dar.path)).body, 'tables')
  expect(tables).toMatchObject({ reservations: expect.any(Array), expo_pass_ticket: [] })
  expect(existsSync(server.dataDir)).toBe(true)
})
