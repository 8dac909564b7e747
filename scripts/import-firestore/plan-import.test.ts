import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultsDir } from '../../src-main/config/paths.ts'
import { parseSchema } from '../../src-main/store/schema/parse-schema.ts'
import { type CollectionMap, planImport, readMap } from './plan-import.ts'
import { readExport } from './read-export.ts'

const schema: unknown = JSON.parse(readFileSync(join(defaultsDir, 'schemas/pos_schema.json'), 'utf8'))
const module = parseSchema(schema, { moduleId: 'pos', objects: ['settings'] })

const plan = (content: object, map: CollectionMap = {}) => planImport(readExport(content), module, map)

test('aliases find tables, documents keep their ids, sub-collections get the key of their parent', () => {
  const { records, problems, collections } = plan({
    orders: {
      'o-1': {
        customerName: 'Mona',
        guests: 2,
        createdAt: { _seconds: 1, _nanoseconds: 0 },
        subCollection: { 'orders/o-1/order_lines': { 'l-1': { qty: 2, itemId: 'item-1' } } },
      },
    },
  })
  expect(problems).toEqual([])
  expect(records).toEqual([
    {
      ...{ path: 'orders/o-1', table: 'order_header', key: 'o-1' },
      record: { customerName: 'Mona', guests: 2, id: 'o-1' },
    },
    {
      ...{ path: 'orders/o-1/order_lines/l-1', table: 'order_line', key: 'l-1' },
      record: { qty: 2, itemId: 'item-1', id: 'l-1', orderId: 'o-1' },
    },
  ])
  expect(collections[0]).toMatchObject({ table: 'order_header', documents: 1, records: 1, serverFields: ['createdAt'] })
})

test('the map names tables, parents and fields, and leaves out', () => {
  const map = readMap({
    collections: {
      bestellungen: 'orders',
      'bestellungen/zeilen': { table: 'order_line', parentKey: 'orderId', fields: { menge: 'quantity', intern: null } },
      logs: null,
      kunden: { table: 'customer_profiles', fields: { createdAt: 'since' } },
    },
  })
  const { records, collections } = plan(
    {
      __collections__: {
        bestellungen: { b: { __collections__: { zeilen: { z: { menge: 3, intern: 'x' } } } } },
        logs: { l: {} },
        kunden: { k: { name: 'Mona', createdAt: { _seconds: 0, _nanoseconds: 0 } } },
      },
    },
    map,
  )
  expect(records.map(({ table, record }) => [table, record])).toEqual([
    ['order_header', { id: 'b' }],
    ['order_line', { quantity: 3, id: 'z', orderId: 'b' }],
    ['customer_profiles', { name: 'Mona', since: '1970-01-01T00:00:00.000Z', id: 'k' }],
  ])
  expect(collections.map(({ collection, reason }) => [collection, reason])).toEqual([
    ['bestellungen', undefined],
    ['bestellungen/zeilen', undefined],
    ['logs', 'left out by the map'],
    ['kunden', undefined],
  ])
})

test('what cannot be written says why, and the rest goes on', () => {
  const { records, problems, collections } = plan(
    {
      unknown_things: { a: {} },
      settings: { s: {} },
      orders: {
        'o-1': {
          guests: 2,
          subCollection: { items: { i: {} }, order_lines: { l: { orderId: 'another', quantity: 1 } } },
        },
        'o-2': { total: { doubleValue: 'Infinity' } },
        'o-\n3': {},
      },
      order_line: { 'l-1': { quantity: 'many', orderId: 'o-1' }, 'l-2': { quantity: 1 }, 'l-3': { orderId: 'o-1' } },
      orderline: { 'l-3': { orderId: 'o-1' } },
    },
    readMap({ orderline: 'order_line' }),
  )
  expect(records.map(({ path }) => path)).toEqual(['orders/o-1', 'order_line/l-3'])
  expect(problems.map(({ path, reason }) => [path, reason])).toEqual([
    ['orders/o-1/order_lines/l', expect.stringContaining('orderId says "another", but it lies below o-1')],
    ['orders/o-2', expect.stringContaining('does not exist in JSON')],
    ['orders/o-\n3', expect.stringContaining('record id')],
    ['order_line/l-1', expect.stringContaining('quantity')],
    ['order_line/l-2', expect.stringContaining('orderId is required')],
    ['orderline/l-3', expect.stringContaining('order_line/l-3 is the same record')],
  ])
  const reasons = new Map(collections.map(({ collection, reason }) => [collection, reason]))
  expect(reasons.get('unknown_things')).toContain('no table')
  expect(reasons.get('settings')).toContain('one object')
  // `items` alone would mean the menu: below an order only a table that refers to orders is taken without being told.
  expect(reasons.get('orders/items')).toContain('"parentKey"')
})

test('fields that the schema does not know are kept and named', () => {
  const { records, collections } = plan({ orders: { o: { loyaltyCode: 'x', customer_name: 'Mona' } } })
  expect(records[0]!.record).toEqual({ loyaltyCode: 'x', customer_name: 'Mona', id: 'o' })
  expect(collections[0]!.unknownFields).toContain('loyaltyCode')
})

test.each([
  [[], 'must be an object'],
  [{ orders: 5 }, '"orders" names no table'],
  [{ orders: { table: 'x', parentKey: 1 } }, 'parentKey of "orders"'],
  [{ orders: { table: 'x', fields: { a: 1 } } }, 'fields of "orders"'],
])('a map that is none is refused: %j', (content, message) => {
  expect(() => readMap(content)).toThrow(message)
})
