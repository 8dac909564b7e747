import { afterAll, beforeAll, expect, test } from 'vitest'
import { MODULE, type Question, startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

test('a delta has inserts, changes and deletes; without a readable cursor it is everything', async () => {
  const delta = (body: object): Question => ({ method: 'POST', path: '/api/sync/dar/pos/delta', body })
  const insert = (id: string) => server.ask({ method: 'POST', path: 'tables/reservations', body: { record: { id } } })
  await insert('D1')
  const first = await server.ask(
    delta({ tables: { reservations: { lastId: 'x', cursor: { updatedAt: '2020-01-01' } } } }),
  )
  expect(first.body).toMatchObject({ requiresFullSync: true, reason: 'no-cursor', cursorMisses: ['reservations'] })
  expect(Object.keys(first.body.deltas as object)).toEqual(['reservations'])
  await insert('D2')
  await server.ask({ method: 'PATCH', path: 'tables/reservations', body: { record: { id: 'D1', note: 'x' } } })
  await server.ask({ method: 'DELETE', path: 'tables/reservations?id=D2' })
  const { snapshotMarker, version, cursor } = first.body
  const expected = {
    requiresFullSync: false,
    deltas: { reservations: [{ id: 'D1', note: 'x' }] },
    stats: { reservations: { updated: 1, total: 1 } },
    clientVersion: version,
  }
  const next = await server.ask(delta({ snapshotMarker, version, tables: ['reservations'] }))
  expect(next.body).toMatchObject({ ...expected, clientSnapshotMarker: snapshotMarker })
  expect((await server.ask(delta({ cursor: { pos: cursor }, version, tables: 'reservations' }))).body).toMatchObject(
    expected,
  )
  expect((await server.ask(delta({ snapshotMarker, version: 1 }))).body).toMatchObject({ reason: 'no-cursor' })
  expect((await server.ask(delta({ cursor: { epoch: 7, seq: 1 } }))).body).toMatchObject({ reason: 'epoch-changed' })
  expect((await server.ask(delta({ tables: ['nope'] }))).body).toMatchObject({ error: 'table-not-found' })
  expect((await server.get('/api/sync/dar/pos/delta')).status).toBe(405)
})

test('the sync snapshot is the module snapshot of now, and an import replaces tables', async () => {
  const own = await startTestServer()
  try {
    const paths = ['/api/sync/dar/pos', '/api/sync/dar/pos/anything', '/api/pos-sync/dar', '/api/pos-sync?branch=dar']
    const replies = await Promise.all(paths.map((path) => own.get(path)))
    const module = await own.get(MODULE)
    for (const { body } of replies)
      expect(body).toMatchObject({ branchId: 'dar', moduleId: 'pos', version: 1, snapshot: module.body })
    const imported = { snapshot: { tables: { reservations: [{ id: 'I1' }, { id: 'I2' }] } } }
    const reply = await own.ask({ method: 'POST', path: '/api/sync/dar/pos', body: imported })
    expect(reply.body).toMatchObject({ status: 'ok', version: 2 })
    expect((await own.get('tables/reservations')).body).toMatchObject({ count: 2, rows: [{ id: 'I1' }, { id: 'I2' }] })
    const bad: [body: object, reason: string][] = [
      [{ snapshot: { tables: { reservations: 'x' } } }, 'invalid-table-format'],
      [{ snapshot: {} }, 'missing-table'],
    ]
    for (const [body, reason] of bad) {
      const refused = await own.ask({ method: 'POST', path: '/api/sync/dar/pos', body })
      expect([refused.status, refused.body]).toMatchObject([
        409,
        { error: 'insert-only-violation', details: { reason } },
      ])
    }
    expect((await own.ask({ method: 'POST', path: '/api/sync/dar/pos', body: {} })).body).toMatchObject({ version: 2 })
  } finally {
    await own.close()
  }
})

test('a module snapshot is whole, revalidated by its position and compressed once', async () => {
  const { body, headers, text } = await server.get(MODULE)
  const position = `"1.${await server.events()}"`
  expect([headers.etag, body.version]).toEqual([position, await server.events()])
  expect(Object.keys(body.tables as object)).toContain('order_header')
  const cached = await server.ask({ path: MODULE, headers: { 'If-None-Match': position } })
  expect([cached.status, cached.text]).toEqual([304, ''])
  const packed = await Promise.all(
    [1, 2].map(() => server.ask({ path: MODULE, headers: { 'Accept-Encoding': 'gzip' } })),
  )
  expect(packed[0]?.bytes.equals(packed[1]?.bytes ?? Buffer.alloc(0))).toBe(true)
  const branch = await server.get('/api/branches/dar')
  expect(branch.body).toMatchObject({ branchId: 'dar', modules: { pos: body } })
  expect((await server.get('/api/state?branch=dar')).body.modules).toEqual(branch.body.modules)
  expect((await server.get('/api/state')).body).toMatchObject({ error: 'missing-branch-id' })
  expect(JSON.parse((await server.get('tables')).text)).toEqual(body.tables)
  expect(text.length).toBeGreaterThan(64 * 1024)
})
