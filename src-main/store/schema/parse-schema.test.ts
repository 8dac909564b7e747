import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AppError, isAppError } from '../../../src-shared/errors.ts'
import { parseWrittenType } from './field-types.ts'
import { idPrefixOf, toColumnName, toSingular, toSnakeCase } from './nouns.ts'
import { parseSchema } from './parse-schema.ts'

const options = { moduleId: 'pos' }
const table = (fields: unknown, more = {}) => ({ schema: { tables: [{ name: 't', fields, ...more }] } })
const parseTable = (fields: unknown, more = {}) => parseSchema(table(fields, more), options).tables.get('t')!

function errorsOf(raw: unknown, more = {}): string[] {
  try {
    parseSchema(raw, { ...options, ...more })
  } catch (error) {
    if (!isAppError(error) || error.code !== 'invalid-schema') throw error
    return (error as AppError).errors?.map(({ field, code }) => `${field} ${code}`) ?? [error.message]
  }
  return []
}

describe('the three forms', () => {
  const expected = [
    ['id', 'id', 'text', true],
    ['orderNumber', 'order_number', 'text', false],
    ['amount', 'amount', 'decimal', false],
  ]
  const shapeOf = (raw: unknown) =>
    parseSchema(raw, options)
      .tables.get('order_header')!
      .fields.map((field) => [field.name, field.columnName, field.type, field.primaryKey])

  test('schema.tables with fields', () => {
    const fields = [{ name: 'id' }, { name: 'orderNumber', type: 'string' }, { name: 'amount', type: 'decimal' }]
    expect(
      shapeOf({ name: 'x', schema: { name: 'y', version: 3, tables: [{ name: 'order_header', fields }] } }),
    ).toEqual(expected)
  })

  test('tables as an object of fields', () => {
    const fields = { id: { type: 'text', primaryKey: true }, orderNumber: 'text', amount: { type: 'decimal' } }
    const raw = { version: 2, moduleId: 'pos', tables: { order_header: { fields } } }
    expect(shapeOf(raw)).toEqual(expected)
    expect(parseSchema(raw, options)).toMatchObject({ version: 2, name: 'pos', moduleId: 'pos', raw })
  })

  test('tables with columns of SQL types', () => {
    const columns = [
      { name: 'patient_id', type: 'NVARCHAR(60)', primaryKey: true },
      { name: 'balance', type: 'DECIMAL(10, 2)', nullable: true, defaultValue: '((0))' },
      { name: 'visits', type: 'INT', default: "('7')" },
      { name: 'state', type: 'varchar(20)', default: "N'open'" },
      { name: 'notes', type: 'NVARCHAR(MAX)' },
      { name: 'created', type: 'DATETIME2(7)', default: 'GETDATE()' },
      { name: 'active', type: 'BIT', notNull: true, default: '1' },
    ]
    const indexes = [{ name: 'ix', columns: ['created DESC', 'patient_id'], unique: true }]
    const module = parseSchema({ version: '1.4', tables: [{ name: 'patients', columns, indexes }] }, options)
    const patients = module.tables.get('patients')!
    expect(
      patients.fields.map(({ type, maxLength, precision, scale, defaultValue }) => [
        type,
        maxLength,
        precision,
        scale,
        defaultValue,
      ]),
    ).toEqual([
      ['text', 60, 0, 0, undefined],
      ['decimal', undefined, 10, 2, 0],
      ['integer', undefined, 0, 0, 7],
      ['text', 20, 0, 0, 'open'],
      ['text', undefined, 0, 0, undefined],
      ['datetime', undefined, 0, 0, undefined],
      ['boolean', undefined, 0, 0, true],
    ])
    expect(patients.indexes).toEqual([{ name: 'ix', fields: ['created', 'patient_id'], unique: true }])
    expect(patients.primaryKey).toEqual(['patient_id'])
    expect(module.notices).toEqual([expect.stringContaining('GETDATE()')])
    expect(module.version).toBe(1)
  })

  test('the point of sale schema of the default data set', () => {
    const file = new URL('../../../data/schemas/pos_schema.json', import.meta.url)
    const raw = JSON.parse(readFileSync(file, 'utf8'))
    const module = parseSchema(raw, { ...options, objects: ['settings', 'shift_settings'] })
    expect(module.tables.size).toBe(47)
    expect(module.notices).toEqual([])
    const header = module.tables.get('order_header')!
    expect(header).toMatchObject({ kind: 'transaction', locking: 'required', primaryKey: ['id'], isSingleton: false })
    expect(header.fieldByName.get('statusId')).toMatchObject({ aliases: ['status'], index: true })
    expect(header.fieldByName.get('posId')).toMatchObject({ index: false, references: { table: 'pos_terminals' } })
    expect(header.decimalFields.map((field) => field.decimalForm)).toEqual(header.decimalFields.map(() => 'number'))
    expect(module.tables.get('employees')!.secretFields.map((field) => field.name)).toEqual(['pinCode'])
    expect(module.tables.get('settings')).toMatchObject({ isSingleton: true, primaryKey: ['id'], kind: 'master' })
  })
})

test.each([
  ['string', 'text'],
  ['CHAR(3)', 'text'],
  ['character varying(20)', 'text'],
  ['nvarchar', 'text'],
  ['time', 'text'],
  ['int', 'integer'],
  ['smallint', 'integer'],
  ['BIGINT', 'integer'],
  ['int unsigned', 'integer'],
  ['number', 'decimal'],
  ['numeric(9)', 'decimal'],
  ['float', 'decimal'],
  ['double precision', 'decimal'],
  ['money', 'decimal'],
  ['bool', 'boolean'],
  ['bit', 'boolean'],
  ['jsonb', 'json'],
  ['object', 'json'],
  ['text[]', 'json'],
  ['timestamp', 'timestamp'],
  ['timestamptz', 'timestamp'],
  ['timestamp(3) with time zone', 'timestamp'],
  ['datetime', 'datetime'],
  ['datetimeoffset(7)', 'datetime'],
  ['smalldatetime', 'datetime'],
  ['date', 'date'],
  ['uuid', 'uuid'],
  ['UNIQUEIDENTIFIER', 'uuid'],
])('the type %s is %s', (written, type) => {
  expect(parseWrittenType(written)?.type).toBe(type)
})

test.each(['', 'geometry', 'constructor', '__proto__', 'int; drop', '(5)'])('%s is no type', (written) => {
  expect(parseWrittenType(written)).toBeUndefined()
})

describe('keys, digits and defaults', () => {
  test('every key field, else id, else the first field', () => {
    expect(
      parseTable([{ name: 'a', primaryKey: true }, { name: 'id' }, { name: 'b', primaryKey: true }]).primaryKey,
    ).toEqual(['a', 'b'])
    expect(parseTable([{ name: 'a' }, { name: 'id' }]).primaryKey).toEqual(['id'])
    expect(parseTable([{ name: 'a' }, { name: 'b' }]).fields[0]).toMatchObject({ name: 'a', primaryKey: true })
  })

  test.each([
    [{}, 18, 4, 'number'],
    [{ scale: 2 }, 18, 2, 'number'],
    [{ scale: 8 }, 18, 8, 'text'],
    [{ precision: 15, scale: 2 }, 15, 2, 'number'],
    [{ precision: 16, scale: 2 }, 16, 2, 'text'],
    [{ precision: 3 }, 3, 3, 'number'],
    [{ precision: 38, scale: 10 }, 18, 10, 'text'],
    [{ type: 'decimal(12,3)' }, 12, 3, 'number'],
    [{ type: 'decimal(12)' }, 12, 0, 'number'],
  ])('a decimal that says %j', (declared, precision, scale, decimalForm) => {
    const [field] = parseTable([{ name: 'id', type: 'decimal', ...declared }]).fields
    expect(field).toMatchObject({ precision, scale, decimalForm })
  })

  test('a reference is indexed unless it says otherwise', () => {
    const references = { table: 't', column: 'id' }
    const fields = parseTable([
      { name: 'id' },
      { name: 'a', references },
      { name: 'b', references: 't.id', index: false },
    ]).fields
    expect(fields.map(({ index, references }) => [index, references])).toEqual([
      [false, undefined],
      [true, references],
      [false, references],
    ])
  })

  test('defaults are stored in the form of their type; null is none; mutable ones are copies', () => {
    const list: unknown[] = []
    const fields = [
      { name: 'id' },
      { name: 'a', type: 'integer', defaultValue: '5' },
      { name: 'b', type: 'json', defaultValue: list },
      { name: 'c', defaultValue: null },
      { name: 'd', type: 'boolean', default: false },
    ]
    const read = parseTable(fields)
    list.push('changed')
    expect(read.fields.map((field) => field.defaultValue)).toEqual([undefined, 5, [], undefined, false])
  })

  test('secret fields of the security file, declared or not', () => {
    const secretFields = { Staff: ['pin_code', 'note'], settings: ['pin'] }
    const raw = { tables: { staff: { fields: { id: 'text', pinCode: 'text' } } } }
    const { tables } = parseSchema(raw, { ...options, secretFields, objects: ['settings'] })
    expect(tables.get('staff')!.secretFields.map((field) => field.name)).toEqual(['pinCode', 'note'])
    expect(tables.get('settings')!.secretFields.map((field) => field.name)).toEqual(['pin'])
  })
})

describe('problems', () => {
  test('all of them are named at once', () => {
    const fields = [
      { name: 'id', type: 'strange' },
      { name: 'bad name' },
      { name: '__proto__' },
      { name: 'a', type: 'integer', defaultValue: 'many' },
      { name: 'A' },
      { name: 'b', columnName: 'a' },
      { name: 'c', aliases: ['id', 'x.__proto__', 'q'] },
      { name: 'd', aliases: ['q'], type: 'decimal', precision: 4, scale: 6 },
      { name: 'e', type: 'text', maxLength: 0, values: [] },
      { name: 'f', shape: 'round', required: 'perhaps' },
      { name: 'g', references: { column: 'id' } },
      { name: 'h', secret: true, aliases: ['totals.h'] },
      5,
    ]
    const more = {
      kind: 'other',
      locking: 'always',
      indexes: [{ columns: ['nowhere'] }],
      snapshot: { window: { field: 'a', days: 3 } },
    }
    expect(errorsOf(table(fields, more))).toEqual([
      't.id unknown-type',
      't.bad name invalid-name',
      't.__proto__ invalid-name',
      't.a wrong-type',
      't.c invalid-name',
      't.d out-of-range',
      't.e out-of-range',
      't.e not-allowed-value',
      't.f wrong-type',
      't.f not-allowed-value',
      't.g wrong-type',
      't.h not-allowed-value',
      't.12 wrong-type',
      't not-allowed-value',
      't not-allowed-value',
      't wrong-type',
      't.indexes.0 unknown-field',
      't.A duplicate',
      't.A duplicate',
      't.b duplicate',
      't.c duplicate',
      't.d duplicate',
    ])
  })

  test.each([
    [null, ['A schema must be a JSON object.']],
    [[], ['A schema must be a JSON object.']],
    [{}, ['tables required']],
    [{ tables: 5 }, ['tables required']],
    [{ tables: [5] }, ['tables invalid-name']],
    [{ tables: [{ name: 't' }] }, ['t required']],
    [{ tables: { '../t': { fields: { id: 'text' } } } }, ['../t invalid-name']],
    [{ tables: { t: { fields: { id: 'text' } }, T: { fields: { id: 'text' } } } }, ['T duplicate']],
    [JSON.parse('{"tables":{"__proto__":{"fields":{"id":"text"}}}}'), ['__proto__ invalid-name']],
  ])('%j', (raw, errors) => {
    expect(errorsOf(raw)).toEqual(errors)
  })

  test.each([
    ["record.status == 'open'", []],
    ['record.updatedAt > record.createdAt', []],
    ['kept(record.orderId)', []],
    ['record.meta.table == 5', []],
    ['kept(record.status)', ['t not-allowed-value']],
    ['record.nothing == 1', ['t invalid-expression']],
    ["auth.role == 'x'", ['t invalid-expression']],
    ["'x' in record.meta", ['t invalid-expression']],
    ['record.status ==', ['t invalid-expression']],
    [5, ['t wrong-type']],
  ])('snapshot.keep %s', (keep, errors) => {
    const fields = [
      { name: 'id' },
      { name: 'status' },
      { name: 'meta', type: 'json' },
      { name: 'orderId', references: { table: 't' } },
    ]
    expect(errorsOf(table(fields, { snapshot: { keep } }))).toEqual(errors)
  })

  test('a reference to a missing table is a notice, an error where references are enforced', () => {
    const fields = [{ name: 'id' }, { name: 'a', references: { table: 'gone' } }]
    expect(parseSchema(table(fields), options).notices).toHaveLength(1)
    expect(errorsOf(table(fields, { enforceReferences: true }))).toEqual(['t.a unknown-table'])
  })

  test('names of Object.prototype are ordinary names', () => {
    const read = parseSchema(
      { tables: { constructor: { fields: { toString: 'text', valueOf: { type: 'integer' } } } } },
      options,
    )
    expect(read.tables.get('constructor')!.fields.map((field) => field.name)).toEqual(['toString', 'valueOf'])
    expect(read.tables.get('toString')).toBeUndefined()
  })

  test('any JSON is read or refused with invalid-schema', () => {
    const part = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('text', 'id', 'decimal', { type: 'text' }))
    const key = fc.constantFrom(
      'name',
      'type',
      'fields',
      'columns',
      'tables',
      'schema',
      'aliases',
      'indexes',
      'snapshot',
      'values',
      'references',
      'precision',
      'scale',
      'defaultValue',
    )
    const object = fc.dictionary(key, fc.oneof(part, fc.array(fc.dictionary(key, part), { maxLength: 3 })))
    fc.assert(
      fc.property(
        fc.oneof(
          object,
          fc.dictionary(key, object),
          object.map((fields) => table([fields])),
          object.map((more) => table([{ name: 'id' }], more)),
        ),
        (raw) => {
          errorsOf(JSON.parse(JSON.stringify(raw)))
        },
      ),
      { numRuns: 1000 },
    )
  })
})

test('nouns', () => {
  expect(
    [
      'order_header',
      'job_order_header',
      'order_line',
      'order_return_line',
      'order_payment',
      'menu_items',
      'order_statuses',
      'pos_shift',
      'menu_categories',
      'Staff',
    ].map(idPrefixOf),
  ).toEqual([
    'order',
    'job-order',
    'line',
    'order-return-line',
    'payment',
    'menu-item',
    'status',
    'pos-shift',
    'menu-category',
    'staff',
  ])
  expect(['purchases', 'addresses', 'boxes', 'batches', 'status', 'class', 'series'].map(toSingular)).toEqual([
    'purchase',
    'address',
    'box',
    'batch',
    'status',
    'class',
    'sery',
  ])
  expect([
    toSnakeCase('menuItem'),
    toSnakeCase('MenuItems'),
    toSnakeCase('Menu_Item'),
    toColumnName('SKUCode'),
  ]).toEqual(['menu_item', 'menu_items', 'Menu_Item', 'sku_code'])
})
