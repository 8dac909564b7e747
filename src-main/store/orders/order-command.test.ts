import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { defaultsDir } from '../../config/paths.ts'
import { parseModule } from '../open-module.ts'
import { buildOrderCommand, type OrderCommandInput, type StoredOrder } from './order-command.ts'
import { parseOrder } from './order-payload.ts'

const schema = JSON.parse(readFileSync(join(defaultsDir, 'schemas', 'pos_schema.json'), 'utf8')) as JsonObject
const definition = parseModule({ moduleId: 'pos', schema, objects: [], secretFields: {} }, schema)

const nothing: StoredOrder = { header: {}, lines: [], payments: [], statusLogs: [], lineStatusLogs: [] }

function build(order: JsonObject, stored?: Partial<StoredOrder>, more: Partial<OrderCommandInput> = {}): string[] {
  const payload = parseOrder(order)
  const input = { definition, orderId: payload.orderId ?? 'NEW', payload, isLegacy: false, replaceLines: false }
  const operations = buildOrderCommand({ ...input, stored: stored && { ...nothing, ...stored }, ...more })
  return operations.map(({ action, table, record }) => `${action} ${table} ${JSON.stringify(record)}`)
}

const line = { itemId: 'tea', qty: 1 }

test('spellings of the field become the fields of the tables', () => {
  const order = {
    id: 'A',
    shift_id: 'S',
    lines: [{ lineId: 'l', productId: 'tea', stationId: 'bar', statusHistory: [{ status: 'queued', at: 5 }] }],
    payments: [{ type: 'cash', amount: 1 }],
  }
  expect(build(order)).toEqual([
    'save order_header {"shift_id":"S","shiftId":"S","id":"A"}',
    'save order_line {"productId":"tea","stationId":"bar","id":"l","kitchenSectionId":"bar","orderId":"A"}',
    'save order_payment {"shiftId":"S","type":"cash","amount":1,"paymentMethodId":"cash","id":"A::payment-1","orderId":"A"}',
    'save order_line_status_log {"status":"queued","at":5,"id":"l::status-1","changedAt":5,"orderId":"A","orderLineId":"l"}',
  ])
})

test('lines without an id are named by order and item, the second of an item by its number', () => {
  const ids = build({ id: 'A', shiftId: 'S', lines: [line, line, { qty: 1 }] }).slice(1)
  expect(ids.map((text) => /"id":"([^"]+)"/.exec(text)?.[1])).toEqual(['A::tea', 'A::tea::2', 'A::line-3'])
})

test('a draft gets its id later', () => {
  expect(parseOrder({ id: 'draft-1', shiftId: 'S' }).orderId).toBeUndefined()
  expect(build({ id: 'draft-1', shiftId: 'S', lines: [line] })[0]).toContain('"id":"NEW"')
})

const stored = {
  header: { id: 'A', shiftId: 'S', statusId: 'open', version: 4 },
  lines: [
    { id: 'l', orderId: 'A', itemId: 'tea', quantity: 1, version: 3 },
    { id: 'm', orderId: 'A', itemId: 'cake', quantity: 1, version: 1 },
  ],
  payments: [{ id: 'p', orderId: 'A', shiftId: 'S', amount: 5, version: 1 }],
}
const rows: [what: string, order: JsonObject, more: Partial<OrderCommandInput>, operations: RegExp[]][] = [
  ['nothing new', { id: 'A', shiftId: 'S', status: 'open', lines: [{ id: 'l', qty: '1' }] }, {}, []],
  ['an old version with nothing new', { id: 'A', shiftId: 'S', version: 1 }, {}, []],
  ['a new status', { id: 'A', shiftId: 'S', status: 'closed', version: 4 }, {}, [/^save order_header .*"version":4/]],
  [
    'a changed line takes the version that was read',
    { id: 'A', shiftId: 'S', version: 4, lines: [{ id: 'l', qty: 2 }] },
    {},
    [/header/, /order_line .*"version":3/],
  ],
  [
    'a legacy line sends the version to come',
    { id: 'A', shiftId: 'S', version: 5, lines: [{ id: 'l', qty: 2 }] },
    { isLegacy: true },
    [/header/, /order_line .*"version":4/],
  ],
  [
    'a line with a version is always checked',
    { id: 'A', shiftId: 'S', version: 4, lines: [{ id: 'l', qty: 1, version: 2 }] },
    {},
    [/header/, /order_line .*"version":2/],
  ],
  ['left out lines stay', { id: 'A', shiftId: 'S', lines: [{ id: 'l', qty: 1 }] }, {}, []],
  [
    'left out lines go when replaced, payments that are not spoken of stay',
    { id: 'A', shiftId: 'S', version: 4, lines: [{ id: 'l' }] },
    { replaceLines: true },
    [/header/, /^delete order_line \{"id":"m","version":1\}/],
  ],
  [
    'payments go when the order speaks of payments',
    { id: 'A', shiftId: 'S', version: 4, payments: [] },
    { replaceLines: true },
    [/header/, /^delete order_payment/],
  ],
  [
    'a payment sent back as it was read',
    { id: 'A', shiftId: 'S', payments: [{ id: 'p', amount: 5, version: 1 }] },
    {},
    [],
  ],
]

test.each(rows)('%s', (_what, order, more, operations) => {
  const built = build(order, stored, more)
  expect(built.length).toBe(operations.length)
  for (const [index, pattern] of operations.entries()) expect(built[index]).toMatch(pattern)
})
