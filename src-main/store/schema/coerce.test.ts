import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import {
  applyDefaults,
  completeRecord,
  decimalColumns,
  primaryKeyOf,
  readPatch,
  recordKey,
  removeSecrets,
  sameContent,
  withGeneratedKey,
} from './coerce.ts'
import type { TableDefinition } from './definition.ts'
import { parseSchema } from './parse-schema.ts'
import { isSameKey } from './record-key.ts'

function tableOf(fields: unknown, more = {}, name = 't', objects: string[] = []): TableDefinition {
  return parseSchema({ tables: [{ name, fields, ...more }] }, { moduleId: 'm', objects }).tables.get(name)!
}
const strict = { isLenient: false }
const lenient = { isLenient: true }
const failed = (...errors: [field: string, code: string][]) =>
  expect.objectContaining({
    code: 'validation-failed',
    errors: errors.map(([field, code]) => expect.objectContaining({ field, code })),
  })

const orderLine = tableOf(
  [
    { name: 'id', columnName: 'line_id' },
    { name: 'orderId', columnName: 'order_id', references: { table: 'order_header' }, required: true },
    { name: 'driverId', columnName: 'driver_id', type: 'integer', references: { table: 'drivers' } },
    { name: 'quantity', type: 'decimal', precision: 15, scale: 3, defaultValue: 1, aliases: ['qty', 'count'] },
    { name: 'unitPrice', columnName: 'unit_price', type: 'decimal', precision: 15, scale: 2, aliases: ['price'] },
    {
      name: 'totalDue',
      columnName: 'total_due',
      type: 'decimal',
      precision: 15,
      scale: 2,
      aliases: ['totals.due', 'sums.all.due'],
    },
    { name: 'guests', type: 'integer' },
    { name: 'isDone', columnName: 'is_done', type: 'boolean' },
    { name: 'notes', type: 'json', shape: 'text-or-list' },
    { name: 'discount', type: 'json', shape: 'discount' },
    { name: 'metadata', type: 'json', defaultValue: { tags: [] } },
    { name: 'code', type: 'text', maxLength: 4 },
    { name: 'state', values: ['open', 'closed'] },
    { name: 'openedAt', columnName: 'opened_at', type: 'timestamp' },
    { name: 'day', type: 'date' },
    { name: 'token', type: 'uuid' },
    { name: 'createdAt', columnName: 'created_at', type: 'timestamp' },
    { name: 'version', type: 'integer', defaultValue: 1 },
  ],
  {},
  'order_line',
)
const patchOf = (input: JsonObject, options = strict) => readPatch(orderLine, input, options).patch

describe('readPatch: values', () => {
  test.each<[string, JsonValue, JsonValue]>([
    ['guests', '2', 2],
    ['guests', ' -3'.trim(), -3],
    ['guests', 2.0, 2],
    ['guests', -0, 0],
    ['guests', null, null],
    ['notes', null, null],
    ['isDone', 'true', true],
    ['isDone', 'No', false],
    ['isDone', 1, true],
    ['isDone', '0', false],
    ['code', 12, '12'],
    ['code', true, 'true'],
    ['code', '', ''],
    ['code', '😀😀😀😀', '😀😀😀😀'],
    ['state', 'open', 'open'],
    ['quantity', '2.500', 2.5],
    ['quantity', 0.125, 0.125],
    ['orderId', { id: 'o1', name: 'x' }, 'o1'],
    ['orderId', { id: 5 }, '5'],
    ['driverId', { id: '7', name: 'x' }, 7],
    ['openedAt', '2026-01-31T10:00:00.000Z', '2026-01-31T10:00:00.000Z'],
    ['openedAt', '2024-02-29 23:59:60+02:00', '2024-02-29 23:59:60+02:00'],
    ['openedAt', '2026-01-31', '2026-01-31'],
    ['openedAt', 1732270000000, '2024-11-22T10:06:40.000Z'],
    ['day', '2026-12-31', '2026-12-31'],
    ['token', '018F5B4E-0000-7000-8000-000000000000', '018F5B4E-0000-7000-8000-000000000000'],
    ['metadata', '{"a":[1]}', { a: [1] }],
    ['metadata', '{broken', '{broken'],
    ['metadata', 'true', 'true'],
    ['metadata', 5, 5],
    ['notes', 'no onions', 'no onions'],
    ['notes', '["a"]', ['a']],
    ['notes', '{"a":1}', '{"a":1}'],
    ['notes', 12, '12'],
    ['notes', ['a', { b: 1 }], ['a', { b: 1 }]],
    ['discount', 5, 5],
    ['discount', '5.5', 5.5],
    ['discount', { type: 'percent', value: 10 }, { type: 'percent', value: 10 }],
    ['discount', '{"type":"amount","value":"3"}', { type: 'amount', value: '3' }],
  ])('%s given as %j is stored as %j', (field, value, stored) => {
    const { patch, warnings } = readPatch(orderLine, { [field]: value }, strict)
    expect(patch).toStrictEqual({ [field]: stored })
    expect(warnings).toEqual([])
  })

  test.each<[string, JsonValue, string]>([
    ['guests', '2.5', 'wrong-type'],
    ['guests', 2.5, 'wrong-type'],
    ['guests', '', 'wrong-type'],
    ['guests', true, 'wrong-type'],
    ['guests', 2 ** 53, 'out-of-range'],
    ['guests', '9007199254740993', 'out-of-range'],
    ['isDone', 'maybe', 'wrong-type'],
    ['isDone', 2, 'wrong-type'],
    ['isDone', [], 'wrong-type'],
    ['code', 'abcde', 'too-long'],
    ['code', { id: 'x' }, 'wrong-type'],
    ['code', ['x'], 'wrong-type'],
    ['state', 'Open', 'not-allowed-value'],
    ['quantity', 'two', 'wrong-type'],
    ['quantity', '', 'wrong-type'],
    ['quantity', 0.1 + 0.2, 'too-many-digits'],
    ['quantity', 1e12, 'out-of-range'],
    ['orderId', { name: 'x' }, 'wrong-type'],
    ['orderId', null, 'required'],
    ['driverId', { id: 'x' }, 'wrong-type'],
    ['openedAt', '2026-02-29T10:00:00Z', 'wrong-type'],
    ['openedAt', '2026-04-31', 'wrong-type'],
    ['openedAt', '1900-02-29', 'wrong-type'],
    ['openedAt', '2026-01-31T24:00:00Z', 'wrong-type'],
    ['openedAt', 'yesterday', 'wrong-type'],
    ['openedAt', '', 'wrong-type'],
    ['openedAt', 9e15, 'wrong-type'],
    ['day', '2026-01-31T00:00:00Z', 'wrong-type'],
    ['day', 20260131, 'wrong-type'],
    ['token', 'abc', 'wrong-type'],
    ['notes', { a: 1 }, 'wrong-type'],
    ['discount', 'ten', 'wrong-type'],
    ['discount', { type: 'percent' }, 'wrong-type'],
    ['discount', { type: 1, value: 1 }, 'wrong-type'],
    ['discount', [], 'wrong-type'],
  ])('%s given as %j is refused: %s', (field, value, code) => {
    expect(() => patchOf({ [field]: value })).toThrow(failed([field, code]))
  })

  test('every bad field is named at once, with a sentence', () => {
    expect(() => patchOf({ guests: 'x', code: 'too long', state: 1, quantity: 1 })).toThrow(
      failed(['guests', 'wrong-type'], ['code', 'too-long'], ['state', 'not-allowed-value']),
    )
    expect(() => patchOf({ guests: 'x' })).toThrow('order_line: guests must be a whole number.')
  })

  test('a JSON text nested too deep stays a text', () => {
    const deep = '['.repeat(100_000)
    expect(patchOf({ metadata: deep + ']'.repeat(100_000) }).metadata).toBeTypeOf('string')
  })
})

describe('readPatch: lenience', () => {
  test('what cannot be converted is kept as sent and named; decimals are rounded half-up', () => {
    const input = {
      guests: 'many',
      quantity: 1.0005,
      unitPrice: -2.675,
      totalDue: 'free',
      openedAt: '',
      notes: { a: 1 },
    }
    const { patch, warnings } = readPatch(orderLine, input, lenient)
    expect(patch).toEqual({ ...input, quantity: 1.001, unitPrice: -2.68 })
    expect(warnings.map((text) => text.split(' ')[0])).toEqual(Object.keys(input))
    expect(warnings[1]).toBe('quantity was rounded to 1.001: it must have at most 3 digits after the point.')
    expect(decimalColumns(orderLine, patch)).toEqual([1001, -268, null])
  })

  test('constraints hold for everyone', () => {
    expect(() => patchOf({ code: 'abcde', state: 'x', orderId: null }, lenient)).toThrow(
      failed(['code', 'too-long'], ['state', 'not-allowed-value'], ['orderId', 'required']),
    )
  })
})

describe('readPatch: spellings', () => {
  test('column names, aliases and nested paths fill the canonical field and stay beside it', () => {
    const input = { order_id: 'o1', qty: '2', totals: { due: 9.5, other: 1 }, unknown: { a: 1 } }
    expect(readPatch(orderLine, input, strict)).toEqual({
      patch: { ...input, orderId: 'o1', quantity: 2, qty: 2, totalDue: 9.5 },
      warnings: [],
    })
    expect(patchOf({ sums: { all: { due: 3 } } })).toMatchObject({ totalDue: 3 })
    expect(patchOf({ sums: { all: 5 }, totals: [] })).toEqual({ sums: { all: 5 }, totals: [] })
  })

  test('the canonical name wins, then the column name, then aliases in their order, whatever the order of keys', () => {
    const all = { sums: { all: { due: 4 } }, totals: { due: 3 }, total_due: 2, totalDue: 1 }
    const read = (input: JsonObject) => {
      const { patch, warnings } = readPatch(orderLine, input, strict)
      return [patch.totalDue, warnings]
    }
    expect(read(all)).toEqual([
      1,
      ['total_due', 'totals.due', 'sums.all.due'].map((name) => `${name} differs from totalDue, which was used.`),
    ])
    const { totalDue, ...withoutName } = all
    expect(read(withoutName)[0]).toBe(2)
    const { total_due, ...nested } = withoutName
    expect(read(nested)[0]).toBe(3)
    expect(read({ count: 5, qty: 4 })[1]).toHaveLength(1)
    expect(patchOf({ count: 5, qty: 4 })).toEqual({ quantity: 4, qty: 4, count: 4 })
  })

  test('spellings that mean the same are no reason to warn', () => {
    const input = { quantity: 2, qty: '2.000', orderId: 'o1', order_id: { id: 'o1' } }
    expect(readPatch(orderLine, input, strict)).toEqual({
      patch: { quantity: 2, qty: 2, orderId: 'o1', order_id: 'o1' },
      warnings: [],
    })
  })

  test('an error of an alias names the canonical field', () => {
    expect(() => patchOf({ qty: 'two' })).toThrow(failed(['quantity', 'wrong-type']))
    expect(() => patchOf({ order_id: null })).toThrow(failed(['orderId', 'required']))
  })

  test('an explicit null of an alias is a value', () => {
    expect(patchOf({ price: null })).toEqual({ price: null, unitPrice: null })
  })
})

describe('readPatch: fields of the store and unknown ones', () => {
  const owned = { createdAt: '2020-01-01', created_at: 'x', updatedAt: 5, branchId: 'b', version: 9, key: 'k' }

  test('are left out', () => {
    expect(patchOf({ ...owned, code: 'a' })).toEqual({ code: 'a' })
  })

  test('keepServerFields keeps valid times as UTC and nothing else', () => {
    const keep = { isLenient: false, keepServerFields: true }
    expect(readPatch(orderLine, { ...owned, updatedAt: '2026-01-01 12:00' }, keep)).toEqual({
      patch: { createdAt: '2020-01-01T00:00:00.000Z', updatedAt: '2026-01-01T12:00:00.000Z' },
      warnings: [],
    })
    expect(
      readPatch(orderLine, { created_at: 1732270000000, updatedAt: '2026-01-01T12:00:00+02:00' }, keep).patch,
    ).toEqual({
      createdAt: '2024-11-22T10:06:40.000Z',
      updatedAt: '2026-01-01T10:00:00.000Z',
    })
    expect(readPatch(orderLine, { createdAt: 'soon', updatedAt: null }, keep)).toEqual({
      patch: {},
      warnings: ['createdAt is not a valid time and was left out.'],
    })
  })

  test('a declared field named key is data', () => {
    const settings = tableOf([{ name: 'key' }, { name: 'value', type: 'json' }])
    expect(readPatch(settings, { key: 'tax', value: 5, version: 3 }, strict).patch).toEqual({ key: 'tax', value: 5 })
    expect(recordKey(settings, { key: 'tax' })).toBe('tax')
  })

  test('additionalFields: false refuses unknown fields, not spellings of known ones', () => {
    const closed = tableOf([{ name: 'id' }, { name: 'a', aliases: ['b'] }], { additionalFields: false })
    expect(readPatch(closed, { id: '1', b: 'x' }, strict).patch).toEqual({ id: '1', a: 'x', b: 'x' })
    expect(() => readPatch(closed, { id: '1', c: 1, toString: 2 }, lenient)).toThrow(
      failed(['c', 'unknown-field'], ['toString', 'unknown-field']),
    )
  })

  test('names of Object.prototype are ordinary, __proto__ never gets in', () => {
    const odd = tableOf([
      { name: 'id' },
      { name: 'constructor', type: 'integer', required: true, aliases: ['valueOf'] },
      { name: 'toString', type: 'decimal' },
    ])
    const input = JSON.parse('{"__proto__":{"isAdmin":true},"valueOf":"4","hasOwnProperty":1}') as JsonObject
    const { patch } = readPatch(odd, input, strict)
    expect(Object.getPrototypeOf(patch)).toBe(Object.prototype)
    expect(Object.entries(patch)).toEqual([
      ['hasOwnProperty', 1],
      ['constructor', 4],
      ['valueOf', 4],
    ])
    expect(decimalColumns(odd, patch)).toEqual([null])
    expect(() => completeRecord(odd, { id: '1' })).toThrow(failed(['constructor', 'required']))
  })

  test('the input is never changed, and reading a patch again changes nothing', () => {
    const names = fc.constantFrom(
      'id',
      'orderId',
      'order_id',
      'quantity',
      'qty',
      'price',
      'totals',
      'guests',
      'isDone',
      'notes',
      'metadata',
      'code',
      'openedAt',
      'x',
      'discount',
    )
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.integer(),
      fc.constantFrom('2', '2.5', 'true', '{"a":1}', '2026-01-01', 0.125),
    )
    fc.assert(
      fc.property(fc.dictionary(names, value), (given) => {
        const input = JSON.parse(JSON.stringify(given).replaceAll('__proto__', 'proto')) as JsonObject
        const before = JSON.stringify(input)
        const read = (from: JsonObject) => {
          try {
            return readPatch(orderLine, from, lenient).patch
          } catch (error) {
            expect(error).toMatchObject({ code: 'validation-failed' })
            return undefined
          }
        }
        const patch = read(input)
        expect(JSON.stringify(input)).toBe(before)
        if (!patch) return
        expect(read(patch)).toEqual(patch)
        expect(decimalColumns(orderLine, patch)).toHaveLength(3)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('applyDefaults and completeRecord', () => {
  test('declared defaults fill absent fields with copies; null stays; the store sets its own fields', () => {
    const first = applyDefaults(orderLine, { quantity: null })
    expect(first).toEqual({ quantity: null, metadata: { tags: [] } })
    ;(first.metadata as { tags: string[] }).tags.push('changed')
    expect(applyDefaults(orderLine, {})).toEqual({ quantity: 1, metadata: { tags: [] } })
  })

  test('every spelling in the record is set to the canonical value, nested ones without changing shared objects', () => {
    const totals = { due: 1, paid: 2 }
    const record = {
      orderId: 'o2',
      order_id: 'o1',
      quantity: 3,
      qty: 2,
      count: 1,
      totalDue: 7,
      totals,
      sums: { all: {} },
    }
    expect(completeRecord(orderLine, record)).toEqual({
      orderId: 'o2',
      order_id: 'o2',
      quantity: 3,
      qty: 3,
      count: 3,
      totalDue: 7,
      totals: { due: 7, paid: 2 },
      sums: { all: {} },
    })
    expect(totals.due).toBe(1)
    const same = { orderId: 'o2', totalDue: 1, totals }
    expect(completeRecord(orderLine, same).totals).toBe(totals)
  })

  test('a spelling without its canonical field stays as it is', () => {
    expect(completeRecord(orderLine, { orderId: 'o', qty: 2, totals: { due: 1 } })).toEqual({
      orderId: 'o',
      qty: 2,
      totals: { due: 1 },
    })
  })

  test('a later change of the canonical field reaches the old spellings', () => {
    const stored = completeRecord(orderLine, { orderId: 'o', ...patchOf({ qty: 2, totals: { due: 5, paid: 0 } }) })
    const merged = { ...stored, ...patchOf({ quantity: 4, totalDue: 6 }) }
    expect(completeRecord(orderLine, merged)).toEqual({
      orderId: 'o',
      quantity: 4,
      qty: 4,
      totalDue: 6,
      totals: { due: 6, paid: 0 },
    })
  })

  test('required fields must be there', () => {
    expect(() => completeRecord(orderLine, { quantity: 1 })).toThrow(failed(['orderId', 'required']))
    expect(() => completeRecord(orderLine, { orderId: null })).toThrow(failed(['orderId', 'required']))
  })
})

describe('keys', () => {
  const newUuid = () => '0192'
  const nextInteger = () => 42
  const composite = tableOf([{ name: 'branch', primaryKey: true }, { name: 'lineId', primaryKey: true }, { name: 'x' }])

  test('recordKey and primaryKeyOf', () => {
    expect(recordKey(orderLine, { id: 'l1' })).toBe('l1')
    expect(recordKey(orderLine, { id: 5 })).toBe('5')
    for (const id of [null, '', {}, [], undefined]) expect(recordKey(orderLine, { id } as JsonObject)).toBeUndefined()
    expect(recordKey(composite, { branch: 'a', lineId: 'b' })).toBe('a::b')
    expect(recordKey(composite, { lineId: 'b' })).toBeUndefined()
    expect(recordKey(composite, { branch: 'a' })).toBeUndefined()
    expect(primaryKeyOf(composite, { branch: 'a', x: 1 })).toEqual({ branch: 'a', lineId: null })
  })

  test('records of one joined key are one unless a value that both name differs', () => {
    const record = { branch: 'caf\u00e9::a', lineId: 'b' }
    expect(isSameKey(composite, record, { branch: 'cafe\u0301::a', lineId: 'b' })).toBe(true)
    expect(isSameKey(composite, record, { lineId: 'b' })).toBe(true)
    expect(isSameKey(composite, record, { branch: 'caf\u00e9', lineId: 'a::b' })).toBe(false)
    expect(isSameKey({ ...composite, isSingleton: true }, record, { branch: 'x', lineId: 'y' })).toBe(true)
  })

  test('a table that is one object has its own name as key', () => {
    const settings = tableOf([{ name: 'id' }], {}, 'settings', ['settings'])
    expect(recordKey(settings, {})).toBe('settings')
    expect(withGeneratedKey(settings, {}, newUuid, nextInteger)).toEqual({ id: 'settings' })
  })

  test('missing keys are made by type; given ones and references are left alone', () => {
    const made = (fields: unknown, name = 'menu_items', record: JsonObject = {}) =>
      withGeneratedKey(tableOf(fields, {}, name), record, newUuid, nextInteger)
    expect(made([{ name: 'id' }])).toEqual({ id: 'menu-item-0192' })
    expect(made([{ name: 'id' }], 'order_header')).toEqual({ id: 'order-0192' })
    expect(made([{ name: 'id' }], 'order_line', { id: '' })).toEqual({ id: 'line-0192' })
    expect(made([{ name: 'id' }], 'x', { id: 'mine' })).toEqual({ id: 'mine' })
    expect(made([{ name: 'id', type: 'integer' }])).toEqual({ id: 42 })
    expect(made([{ name: 'id', type: 'integer' }], 'x', { id: 0 })).toEqual({ id: 0 })
    expect(made([{ name: 'id', type: 'uuid' }])).toEqual({ id: '0192' })
    expect(made([{ name: 'orderId', primaryKey: true, references: { table: 'o' } }])).toEqual({})
    expect(made([{ name: 'day', type: 'date', primaryKey: true }])).toEqual({})
    expect(made([{ name: 'id', maxLength: 6 }])).toEqual({ id: '0192' })
    expect(() => made([{ name: 'id', maxLength: 2 }])).toThrow(expect.objectContaining({ code: 'missing-record-key' }))
    expect(withGeneratedKey(composite, { branch: 'a' }, newUuid, nextInteger)).toEqual({
      branch: 'a',
      lineId: 'line-0192',
    })
  })
})

describe('secrets and retries', () => {
  test('every spelling of a secret field is split off', () => {
    const staff = tableOf([{ name: 'id' }, { name: 'pinCode', columnName: 'pin_code', secret: true, aliases: ['pin'] }])
    const record = { id: '1', pinCode: '12', pin: '12', pin_code: '12', name: 'x' }
    const [publicRecord, secretPart] = removeSecrets(staff, record)
    expect([publicRecord, secretPart]).toEqual([
      { id: '1', name: 'x' },
      { pinCode: '12', pin: '12', pin_code: '12' },
    ])
    expect({ ...publicRecord, ...secretPart }).toEqual(record)
    const plain = { id: '2' }
    expect(removeSecrets(staff, plain)).toEqual([plain, null])
    expect(removeSecrets(staff, plain)[0]).toBe(plain)
    expect(removeSecrets(orderLine, record)[0]).toBe(record)
  })

  test('the retry of an insert says what is stored', () => {
    const sent = patchOf({ id: 'l1', orderId: 'o1', qty: 2, totals: { due: 5 }, extra: { a: [1] } })
    const stored = completeRecord(orderLine, applyDefaults(orderLine, { ...sent }))
    const whole = { ...stored, createdAt: 'x', updatedAt: 'y', branchId: 'dar', version: 1 }
    const reread = patchOf(JSON.parse('{"extra":{"a":[1]},"totals":{"due":5},"qty":"2","orderId":"o1","id":"l1"}'))
    expect(sameContent(orderLine, whole, reread)).toBe(true)
    expect(sameContent(orderLine, whole, { ...reread, quantity: 3 })).toBe(false)
    expect(sameContent(orderLine, whole, { ...reread, more: 1 })).toBe(false)
    expect(sameContent(orderLine, { ...whole, changed: 1 }, reread)).toBe(false)
    expect(sameContent(orderLine, { ...whole, code: 'A-1' }, reread, ['code'])).toBe(true)
    expect(sent).not.toHaveProperty('metadata')
  })
})
