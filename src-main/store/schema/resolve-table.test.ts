import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSchema } from './parse-schema.ts'
import { createTableResolver } from './resolve-table.ts'

const file = new URL('../../../data/schemas/pos_schema.json', import.meta.url)
const pos = parseSchema(JSON.parse(readFileSync(file, 'utf8')), { moduleId: 'pos', objects: ['settings'] })
const resolvePos = createTableResolver(pos)

const resolverOf = (tables: Record<string, string[]>) => {
  const list = Object.entries(tables).map(([name, aliases]) => ({ name, aliases, fields: [{ name: 'id' }] }))
  return createTableResolver(parseSchema({ tables: list }, { moduleId: 'm' }))
}
const failure = (code: string) => expect.objectContaining({ code })

test.each([
  ['order_header', 'order_header'],
  ['orders', 'order_header'],
  ['orderHeader', 'order_header'],
  ['OrderHeaders', 'order_header'],
  ['order_lines', 'order_line'],
  ['line_items', 'order_line'],
  ['payments', 'order_payment'],
  ['job_orders', 'job_order_header'],
  ['job_order_details', 'job_order_detail'],
  ['deliveries', 'order_delivery'],
  ['pos_shifts', 'pos_shift'],
  ['shifts', 'pos_shift'],
  ['menu_item', 'menu_items'],
  ['menuItems', 'menu_items'],
  ['menu_category', 'menu_categories'],
  ['add_ons', 'menu_modifiers'],
  ['tableLocks', 'table_lock'],
  ['reservation', 'reservations'],
  ['pos_terminal', 'pos_terminal'],
  ['pos_terminals', 'pos_terminals'],
  ['order_status', 'order_statuses'],
  ['job_order_batches', 'job_order_batch'],
  ['setting', 'settings'],
])('%s means %s', (name, table) => {
  expect(resolvePos(name).name).toBe(table)
  expect(resolvePos(name).name).toBe(table)
})

test('every table answers to its own name', () => {
  for (const name of pos.tables.keys()) expect(resolvePos(name).name).toBe(name)
})

test.each(['nope', '', 's', 'constructor', '__proto__', 'toString', 'hasOwnProperty'])('%s is no table', (name) => {
  expect(() => resolvePos(name)).toThrow(failure('table-not-found'))
})

test('an exact name beats an alias, a declared alias beats the general list and plurals', () => {
  const resolve = resolverOf({ orders: [], order_header: ['payments', 'item'], order_payment: [], items: [] })
  expect(['orders', 'payments', 'item'].map((name) => resolve(name).name)).toEqual([
    'orders',
    'order_header',
    'order_header',
  ])
})

test('an alias of two tables is refused and names both', () => {
  const resolve = resolverOf({ sales: ['docs'], returns: ['docs'], tax: [], taxs: [] })
  expect(() => resolve('docs')).toThrow(failure('ambiguous-table'))
  expect(() => resolve('docs')).toThrow(/sales and returns/)
  expect(resolve('tax').name).toBe('tax')
  expect(resolve('taxes').name).toBe('tax')
})

test('a singular of two tables is refused', () => {
  expect(() => resolverOf({ boxs: [], boxes: [] })('box')).toThrow(/boxs and boxes/)
})

test('the general list counts only where the module has the table', () => {
  expect(() => resolverOf({ patients: [] })('orders')).toThrow(failure('table-not-found'))
  expect(resolverOf({ patients: [] })('patient').name).toBe('patients')
})

test('any name is answered or refused with its code', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      try {
        resolvePos(name)
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^(table-not-found|ambiguous-table)$/) })
      }
    }),
  )
})
