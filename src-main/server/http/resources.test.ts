import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { MODULE, type Question, startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

type Row = [what: string, question: Question, status: number, body: object, events: number]

async function runRows(rows: readonly Row[], on: TestServer = server): Promise<void> {
  for (const [what, question, status, body, events] of rows) {
    const before = await on.events()
    const reply = await on.ask(question)
    expect([what, reply.status, reply.body]).toMatchObject([what, status, body])
    expect([what, (await on.events()) - before]).toEqual([what, events])
  }
}

const save = (body: object, method = 'POST'): Question => ({ method, path: 'save', body })
const table = 'order_payment'
const record = (more: object = {}): object => ({ id: 'pay', orderId: 'o', paymentState: 'paid', ...more })

test('POST and PUT /save hold their conditions', async () => {
  const rows: Row[] = [
    ['no table', save({ record: {} }), 400, { error: 'missing-table-name' }, 0],
    ['no record', save({ table }), 400, { error: 'missing-record' }, 0],
    ['unknown table', save({ table: 'nope', record: {} }), 404, { error: 'table-not-found' }, 0],
    [
      'must exist',
      save({ table, record: record(), guard: { requireExisting: true } }),
      409,
      { error: 'full-sync-required', details: { code: 'record-not-found' } },
      0,
    ],
    [
      'creation',
      save({ table, record: record(), meta: { n: 1 } }),
      200,
      {
        status: 'created',
        table,
        clientSnapshotMarker: null,
        snapshotMarker: expect.stringMatching(/^sm-.*~1\.\d+$/),
        ack: { meta: { source: 'rest-save', clientMeta: { n: 1 } } },
      },
      1,
    ],
    [
      'PUT says saved',
      save({ tableName: table, data: { id: 'pay2', orderId: 'o' } }, 'PUT'),
      200,
      { status: 'saved' },
      1,
    ],
    [
      'without the record in the ack',
      save({ table, record: record({ amount: 3 }), includeRecord: false }),
      200,
      { record: { amount: 3 }, ack: { entry: { id: 'pay' } } },
      1,
    ],
    [
      'must exist and does',
      save({ table, record: record({ amount: 4 }), concurrency: { disallowCreate: true } }),
      200,
      { status: 'saved' },
      1,
    ],
    [
      'the right payment state',
      save({ table, record: record({ amount: 5 }), expected: { paymentState: 'paid' } }),
      200,
      {},
      1,
    ],
    [
      'another payment state',
      save({ table, record: record(), guard: { expectedPaymentState: 'open' } }),
      409,
      { error: 'concurrency-conflict', details: { code: 'payment-state-conflict', expected: 'open', actual: 'paid' } },
      0,
    ],
    [
      'a rejected payment state',
      save({ table, record: record(), guard: { rejectPaymentStates: ['paid'] } }),
      409,
      { details: { code: 'payment-state-rejected', actual: 'paid', rejected: ['paid'] } },
      0,
    ],
    [
      'a payment state that is not allowed',
      save({ table, record: record(), guard: { allowedPaymentStates: ['open'] } }),
      409,
      { details: { code: 'payment-state-not-allowed', allowed: ['open'] } },
      0,
    ],
    [
      'changed since',
      save({ table, record: record(), guard: { ifNotModifiedSince: '2020-01-01T00:00:00Z' } }),
      409,
      { details: { code: 'concurrent-update', threshold: '2020-01-01T00:00:00Z' } },
      0,
    ],
    [
      'not changed since',
      save({ table, record: record({ amount: 6 }), guard: { expectedUpdatedAt: '2100-01-01T00:00:00Z' } }),
      200,
      {},
      1,
    ],
    [
      'another last id',
      save({ table, record: record(), lastKnownId: 'other' }),
      409,
      { error: 'full-sync-required', details: { code: 'stale-cursor', provided: 'other' } },
      0,
    ],
    ['the right last id', save({ table, record: record({ amount: 7 }), lastKnownId: { key: 'pay' } }), 200, {}, 1],
    [
      'a marker of nobody',
      save({ table, record: record(), guard: { requireSnapshotMarker: '2026-11-22' } }),
      409,
      { error: 'full-sync-required', details: { code: 'snapshot-mismatch', expected: '2026-11-22' } },
      0,
    ],
    [
      'a marker of this history',
      save({ table, record: record({ amount: 8 }), snapshotMarker: 'sm-x~1.2', guard: { enforceSnapshot: true } }),
      200,
      { clientSnapshotMarker: 'sm-x~1.2' },
      1,
    ],
    [
      'a marker of another epoch',
      save({ table, record: record(), snapshotMarker: 'sm-x~9.2', guard: { enforceSnapshot: true } }),
      409,
      { details: { code: 'snapshot-mismatch' } },
      0,
    ],
  ]
  await runRows(rows)
  const last = await server.ask(save({ table, record: record({ amount: 9 }), includeRecord: false }))
  expect((last.body.ack as JsonObject).entry).not.toHaveProperty('record')
})

test('events are stored one by one or all together, on top of the last one seen', async () => {
  const own = await startTestServer()
  try {
    const event = (id: string, more: object = {}): object => ({ table: 'reservations', record: { id }, ...more })
    const post = (body: object): Question => ({ method: 'POST', path: 'events', body })
    const batch = (body: object): Question => ({ method: 'POST', path: 'events/batch', body })
    await runRows(
      [
        [
          'one event',
          post(event('R1', { eventId: 'evt-mine', meta: { by: 'me' } })),
          200,
          {
            ack: { eventId: 'evt-mine', meta: { clientMeta: { by: 'me' }, source: 'rest' } },
            event: { type: 'server:event', entry: { record: { id: 'R1' } } },
            logEntry: { id: 'evt-mine', table: 'reservations', record: { id: 'R1' } },
            recordRef: { key: 'R1' },
            record: { id: 'R1' },
            removed: null,
          },
          1,
        ],
        [
          'update is merge',
          post(event('R1', { action: 'module:update' })),
          200,
          { ack: { action: 'module:merge' } },
          1,
        ],
        ['a delete', post(event('R1', { action: 'module:delete' })), 200, { record: null, removed: { id: 'R1' } }, 1],
        [
          'an unknown action',
          post(event('R2', { action: 'module:reset' })),
          400,
          { error: 'unsupported-event-action' },
          0,
        ],
        ['no table', post({ record: {} }), 400, { error: 'missing-table-name' }, 0],
        ['no record', post({ table: 'reservations' }), 400, { error: 'missing-record' }, 0],
        ['a batch without an anchor', batch({ events: [] }), 400, { error: 'missing-last-ack-id' }, 0],
        [
          'a batch on another event',
          batch({ lastAckId: 'evt-mine', events: [event('R3')] }),
          409,
          { error: 'last-ack-mismatch', received: 'evt-mine' },
          0,
        ],
      ],
      own,
    )
    const { lastEventId } = (await own.get('events')).body.eventLog as { lastEventId: string }
    await runRows(
      [
        [
          'a batch with a bad event',
          batch({ lastAckId: lastEventId, events: [event('R3'), { table: 'reservations' }] }),
          400,
          { error: 'invalid-event-payload', index: 1 },
          0,
        ],
        [
          'a batch that breaks in the store',
          batch({ lastAckId: lastEventId, events: [event('R3'), { table: 'nope', record: {} }] }),
          404,
          { error: 'table-not-found' },
          0,
        ],
        [
          'a batch',
          batch({ lastAckId: lastEventId, events: [event('R3'), event('R4')] }),
          200,
          { ingested: 2, sequences: [{ table: 'reservations' }, { table: 'reservations' }] },
          2,
        ],
      ],
      own,
    )
    const { body } = await own.get('events?limit=2')
    expect(body).toMatchObject({ version: 6, events: [{ sequence: 5, group: { index: 0, size: 2 } }, { sequence: 6 }] })
    expect((await own.get('events?after=0&limit=2')).body).toMatchObject({
      next: 2,
      events: [{ sequence: 1 }, { sequence: 2 }],
    })
    expect((await own.get('events/evt-mine')).body).toMatchObject({
      event: { eventId: 'evt-mine' },
      logEntry: { id: 'evt-mine' },
    })
    expect((await own.get('events/none')).body).toMatchObject({ error: 'event-not-found' })
  } finally {
    await own.close()
  }
})

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

test('numbers of a sequence are taken, previewed, leased and skipped', async () => {
  const post = (path: string, body: object): Question => ({ method: 'POST', path, body })
  const at = { table: 'order_header', field: 'id' }
  await runRows([
    [
      'a number',
      post('sequences', { ...at, record: {} }),
      200,
      { branchId: 'dar', ...at, id: 'DAR-001001', value: 1001, rule: { prefix: 'DAR' } },
      0,
    ],
    ['the next', post('sequences', { tableName: 'order_header', fieldName: 'id' }), 200, { id: 'DAR-001002' }, 0],
    [
      'an unknown one',
      post('sequences', { table: 'order_header', field: 'guests' }),
      404,
      { error: 'sequence-not-configured' },
      0,
    ],
    ['the field missing', post('sequences', { table: 'order_header' }), 400, { error: 'missing-table-or-field' }, 0],
    [
      'a preview',
      post('sequences/preview', { rule: { prefix: 'X', padding: 3, start: 7 } }),
      200,
      { examples: expect.arrayContaining(['X-007']) },
      0,
    ],
    [
      'a rule that resets without its period',
      post('sequences/preview', { rule: { format: '{number}', reset: 'daily' } }),
      422,
      { error: 'period-not-in-format' },
      0,
    ],
    ['a lease', post('sequences/lease', { ...at, size: 5, deviceId: 'tablet' }), 200, { from: 1003, to: 1007 }, 0],
    [
      'a lease of nothing',
      post('sequences/lease', { ...at, size: 0, deviceId: 'tablet' }),
      400,
      { error: 'invalid-request' },
      0,
    ],
    [
      'a skip without confirmation',
      post('sequences/skip', { ...at, to: 2000 }),
      400,
      { error: 'confirmation-required' },
      0,
    ],
    ['a skip', post('sequences/skip', { ...at, to: 2000, confirm: 'dar' }), 200, { ...at, table: 'order_header' }, 0],
    [
      'a rule',
      { method: 'PUT', path: 'sequences', body: { ...at, rule: { prefix: 'NEW', padding: 4 } } },
      200,
      { rule: { prefix: 'NEW' } },
      0,
    ],
    [
      'all sequences',
      { path: 'sequences' },
      200,
      { sequences: expect.arrayContaining([expect.objectContaining(at)]) },
      0,
    ],
    ['gaps', { path: 'sequences/gaps?table=order_header&limit=2' }, 200, { total: expect.any(Number) }, 0],
  ])
})

test('schemas, modules, seeds and queries', async () => {
  const schema = await server.get('/api/schema?branch=dar&module=pos,nope')
  expect(schema.body).toMatchObject({
    branchId: 'dar',
    modules: { pos: { moduleId: 'pos', label: 'Point of sale', schema: { schema: { tables: expect.any(Array) } } } },
    warnings: [{ moduleId: 'nope', warning: 'module-not-defined' }],
  })
  expect((await server.get('/api/schema?branch=dar&include=config')).body.modules).not.toHaveProperty('pos.schema')
  expect((await server.get('/api/schema?branch=dar&live=1')).body).toMatchObject({
    modules: { pos: { live: { moduleId: 'pos' } } },
  })
  const query = (body: object): Question => ({
    method: 'POST',
    path: '/api/query/module',
    body: { branchId: 'dar', moduleId: 'pos', ...body },
  })
  for (const seats of [2, 4, 6]) {
    await server.ask({
      method: 'POST',
      path: 'tables/dining_tables',
      body: { record: { id: `Q${seats}`, name: 'q%_', zone: 'Q', seats } },
    })
  }
  const where = { zone: 'Q' }
  await runRows([
    ['all schemas', { path: '/api/schemas' }, 200, { global: expect.arrayContaining(['pos_schema']) }, 0],
    [
      'one schema',
      { path: '/api/schemas/global/pos_schema' },
      200,
      { success: true, schema: { name: 'pos_schema' } },
      0,
    ],
    ['no schema', { path: '/api/schemas/global/nope' }, 404, { error: 'schema-not-found' }, 0],
    ['a path as a schema', { path: '/api/schemas/global/..%2Fx' }, 400, { error: 'invalid-name' }, 0],
    ['the schema of a branch', { path: '/api/schemas/branch/dar/pos' }, 200, { success: true }, 0],
    [
      'the database',
      { path: '/api/schema/database?branch=dar&module=pos' },
      200,
      { tables: expect.any(Array), triggers: [] },
      0,
    ],
    ['modules', { path: '/api/modules' }, 200, { modules: [{ id: 'pos' }] }, 0],
    [
      'a module',
      { method: 'POST', path: '/api/modules', body: { id: 'My Module!', tables: 'a,b' } },
      201,
      { moduleId: 'my_module', tables: ['a', 'b'] },
      0,
    ],
    [
      'the module again',
      { method: 'POST', path: '/api/modules', body: { id: 'my_module' } },
      409,
      { error: 'module-exists' },
      0,
    ],
    [
      'a module without a name',
      { method: 'POST', path: '/api/modules', body: {} },
      400,
      { error: 'missing-module-id' },
      0,
    ],
    [
      'a module for a branch',
      { method: 'POST', path: '/api/branches/remal/modules', body: { id: 'my_module' } },
      200,
      { modules: ['pos', 'my_module'] },
      0,
    ],
    [
      'a branch',
      { method: 'POST', path: '/api/branches', body: { id: 'new', modules: ['pos'] } },
      201,
      { branchId: 'new', modules: ['pos'] },
      0,
    ],
    [
      'the branch again',
      { method: 'POST', path: '/api/branches', body: { id: 'new' } },
      409,
      { error: 'branch-exists', branchId: 'new' },
      0,
    ],
    [
      'a branch with a path for a name',
      { method: 'POST', path: '/api/branches', body: { id: '../x' } },
      400,
      { error: 'invalid-name' },
      0,
    ],
    [
      'seeds',
      {
        method: 'POST',
        path: '/api/seeds',
        body: { branchId: 'dar', moduleId: 'pos', seeds: { reservations: [{ id: 's' }] } },
      },
      200,
      { success: true, recordCount: 1, file: expect.not.stringContaining('/') },
      0,
    ],
    [
      'seeds elsewhere',
      { method: 'POST', path: '/api/seeds', body: { branchId: '../x', moduleId: 'pos', seeds: {} } },
      400,
      { error: 'invalid-name' },
      0,
    ],
    [
      'translations',
      { path: '/api/store/i18n?branch=dar&module=pos&lang=en' },
      200,
      { lang: 'en', fallbackLang: 'ar', translations: {} },
      0,
    ],
    [
      'a query',
      query({
        table: 'dining_tables',
        where: { zone: 'Q', seats: { operator: 'gte', value: 4 } },
        orderBy: ['seats', 'desc'],
      }),
      200,
      { count: 2, rows: [{ id: 'Q6' }, { id: 'Q4' }] },
      0,
    ],
    [
      'a query with an offset',
      query({ table: 'dining_tables', where, orderBy: 'seats', limit: 1, offset: 1 }),
      200,
      { count: 1, rows: [{ id: 'Q4' }], meta: { limit: 1, offset: 1 } },
      0,
    ],
    [
      'a query with a list',
      query({ table: 'dining_tables', filter: [{ field: 'id', operator: 'in', value: ['Q2'] }, where] }),
      200,
      { rows: [{ id: 'Q2' }] },
      0,
    ],
    [
      'a query with like',
      query({ table: 'dining_tables', where: { zone: 'Q', name: { operator: 'like', value: '^(a+)+$' } } }),
      200,
      { count: 0 },
      0,
    ],
    [
      'an unknown operator',
      query({ table: 'dining_tables', where: { zone: { operator: '~', value: 1 } } }),
      400,
      { error: 'invalid-request' },
      0,
    ],
    [
      'an undeclared field',
      query({ table: 'dining_tables', where: { 'a"; drop': 1 } }),
      400,
      { error: 'invalid-request' },
      0,
    ],
    ['a secret field', query({ table: 'employees', where: { pinCode: '1' } }), 400, { error: 'invalid-request' }, 0],
    ['no table', query({}), 400, { error: 'missing-table-name' }, 0],
  ])
})
