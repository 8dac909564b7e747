import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Question, runRows, startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

test('numbers of a sequence are taken, previewed, leased and skipped', async () => {
  const post = (path: string, body: object): Question => ({ method: 'POST', path, body })
  const at = { table: 'order_header', field: 'id' }
  await runRows(server, [
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
