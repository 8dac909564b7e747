import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { readSchemaShape } from './field-schema.ts'
import { NumberWatch, readRules, rulesFor } from './sequence-numbers.ts'
import { TakeoverReport } from './types.ts'

const schema = readSchemaShape({
  tables: {
    order_header: { fields: { id: { type: 'text', primaryKey: true }, orderNumber: { type: 'text' } } },
    ticket: { fields: { id: { type: 'text', primaryKey: true } } },
  },
})!
const schemas = new Map([['pos', schema]])

function nextOf(rule: JsonObject, records: JsonObject[], state?: JsonObject): number {
  const report = new TakeoverReport()
  const rules = readRules({ defaults: { pos: { order_header: { id: rule } } } }, schemas, report)
  const watch = new NumberWatch(rulesFor(rules, 'dar', 'pos'), 'dar')
  for (const record of records) watch.see(schema.tables.get('order_header')!, record)
  if (state) watch.readState(state, 'pos', 'state', report)
  return watch.toSequences()[0]!.next
}

test.each<[string, JsonObject, string[], number]>([
  ['prefix and padding', { prefix: 'DAR', start: 1001, padding: 6 }, ['DAR-001019', 'DAR-000900'], 1020],
  ['nothing used yet', { prefix: 'DAR', start: 1001 }, [], 1001],
  ['a start above what was used', { prefix: 'DAR', start: 5000 }, ['DAR-001019'], 5000],
  ['an empty delimiter', { prefix: 'X', delimiter: '' }, ['X7'], 8],
  [
    'a suffix and another pad character',
    { prefix: 'A', suffix: 'B', padding: 4, padChar: '*' },
    ['A-**12-B', 'A-**13-C'],
    13,
  ],
  ['no prefix', { padding: 3 }, ['041', 'x42'], 42],
  ['special characters', { prefix: '(.*)' }, ['(.*)-9', 'abc-99'], 10],
  [
    'the format of the specification',
    { prefix: 'DAR', start: 10000, format: '{prefix}-{number:05d}' },
    ['DAR-12346'],
    12347,
  ],
  ['a format with its period', { prefix: 'D', format: '{prefix}/{year}/{number}' }, ['D/2025/14', 'D/2025/x'], 15],
  ['a format with the branch', { format: '{branch}-{number:03d}' }, ['dar-004', 'other-9'], 5],
])('finds the highest number: %s', (_, rule, ids, next) => {
  expect(
    nextOf(
      rule,
      ids.map((id) => ({ id })),
    ),
  ).toBe(next)
})

test('a counter field and the state file count too; zero means nothing was used', () => {
  const rule = { prefix: 'P', start: 1, counterField: 'invoiceSequence' }
  expect(nextOf(rule, [{ id: 'free text', invoiceSequence: 12 }])).toBe(13)
  expect(nextOf(rule, [{ id: 'P-3' }], { 'pos:order_header:id': { last: 40 } })).toBe(41)
  expect(nextOf(rule, [], { 'pos:order_header:id': { last: 0 } })).toBe(1)
})

test('the entry of a branch for a table replaces the default entry of that table whole, and of no other table', () => {
  const file = {
    defaults: {
      pos: { order_header: { id: { prefix: 'POS' }, orderNumber: { prefix: 'N' } }, ticket: { id: { prefix: 'T' } } },
    },
    branches: { dar: { pos: { order_header: { id: { prefix: 'DAR' } } } } },
  }
  const rules = readRules(file, schemas, new TakeoverReport())
  const prefixes = (branchId: string) =>
    rulesFor(rules, branchId, 'pos').map((one) => `${one.table}.${one.field} ${one.rule.prefix}`)
  expect(prefixes('dar')).toEqual(['order_header.id DAR', 'ticket.id T'])
  expect(prefixes('other')).toEqual(['order_header.id POS', 'order_header.orderNumber N', 'ticket.id T'])
})

test('a rule under an alias belongs to the real table; one for no table is reported', () => {
  const report = new TakeoverReport()
  const rules = readRules(
    { defaults: { pos: { orders: { id: {} }, none: { id: {} } }, gone: { x: { y: {} } } } },
    schemas,
    report,
  )
  expect(rules.map((one) => one.table)).toEqual(['order_header'])
  expect(report.unusable.map(({ item }) => item)).toEqual([
    'sequence-rules.json#defaults.pos.none',
    'sequence-rules.json#defaults.gone.x',
  ])
})
