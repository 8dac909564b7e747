import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { type Question, type Row, runRows, startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

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
  await runRows(server, rows)
  const last = await server.ask(save({ table, record: record({ amount: 9 }), includeRecord: false }))
  expect((last.body.ack as JsonObject).entry).not.toHaveProperty('record')
})
