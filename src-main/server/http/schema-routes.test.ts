import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Question, runRows, startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

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
  await runRows(server, [
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
