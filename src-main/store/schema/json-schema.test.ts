import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { applyDefaults, readPatch } from './coerce.ts'
import { toJsonSchema } from './json-schema.ts'
import { parseSchema } from './parse-schema.ts'

const server = {
  createdAt: { type: 'string', format: 'date-time', readOnly: true },
  updatedAt: { type: 'string', format: 'date-time', readOnly: true },
  branchId: { type: 'string', readOnly: true },
  version: { type: 'integer', minimum: 1 },
}

function schemaOf(fields: object[], more = {}) {
  const module = parseSchema({ tables: [{ name: 't', label: 'Things', fields, ...more }] }, { moduleId: 'm' })
  return toJsonSchema(module.tables.get('t')!)
}

test('the schema of a table, whole', () => {
  const fields = [
    { name: 'id' },
    { name: 'orderId', references: { table: 't' }, required: true },
    { name: 'code', maxLength: 5, defaultValue: 'x' },
    { name: 'state', values: ['open', 'closed'] },
    { name: 'count', type: 'integer', required: true },
    { name: 'price', type: 'decimal(10,2)' },
    { name: 'rate', type: 'decimal(18,8)' },
    { name: 'whole', type: 'decimal(18,0)', required: true },
    { name: 'isDone', type: 'boolean' },
    { name: 'at', type: 'timestamp' },
    { name: 'day', type: 'date' },
    { name: 'token', type: 'uuid' },
    { name: 'meta', type: 'json' },
    { name: 'notes', type: 'json', shape: 'text-or-list' },
    { name: 'pin', secret: true, required: true },
  ]
  expect(schemaOf(fields, { additionalFields: false })).toEqual({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 't',
    description: 'Things',
    type: 'object',
    properties: {
      id: { type: 'string' },
      orderId: { type: 'string', description: 'Refers to t.' },
      code: { type: ['string', 'null'], maxLength: 5, default: 'x' },
      state: { type: ['string', 'null'], enum: ['open', 'closed', null] },
      count: { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
      price: { type: ['number', 'null'], exclusiveMinimum: -1e8, exclusiveMaximum: 1e8, 'x-scale': 2 },
      rate: { type: ['string', 'null'], pattern: '^-?\\d{1,10}(?:\\.\\d{1,8})?$' },
      whole: { type: 'string', pattern: '^-?\\d{1,18}$' },
      isDone: { type: ['boolean', 'null'] },
      at: { type: ['string', 'null'], format: 'date-time' },
      day: { type: ['string', 'null'], format: 'date' },
      token: { type: ['string', 'null'], format: 'uuid' },
      meta: {},
      notes: { oneOf: [{ type: 'string' }, { type: 'array' }, { type: 'null' }] },
      ...server,
    },
    required: ['id', 'orderId', 'count', 'whole'],
    additionalProperties: false,
  })
})

test('a discount is a number or an object; declared server fields keep the form that the store gives them', () => {
  const schema = schemaOf([
    { name: 'id' },
    { name: 'discount', type: 'json', shape: 'discount' },
    { name: 'createdAt', type: 'date' },
  ])
  expect(schema).toMatchObject({
    properties: {
      discount: { oneOf: [{ type: 'number' }, { type: 'object', required: ['type', 'value'] }, { type: 'null' }] },
      createdAt: server.createdAt,
    },
    additionalProperties: true,
  })
})

test('fields with names of Object.prototype are properties', () => {
  expect(Object.keys(schemaOf([{ name: 'id' }, { name: 'constructor' }]).properties as object)).toContain('constructor')
})

test('a validator accepts what the store holds and refuses what it would not', () => {
  const file = new URL('../../../data/schemas/pos_schema.json', import.meta.url)
  const module = parseSchema(JSON.parse(readFileSync(file, 'utf8')), { moduleId: 'pos' })
  const ajv = new Ajv2020({ strict: true, strictTypes: false, validateFormats: false, keywords: ['x-scale'] })
  const validators = new Map([...module.tables.values()].map((table) => [table.name, ajv.compile(toJsonSchema(table))]))
  const table = module.tables.get('order_header')!
  const sent = {
    id: 'o1',
    statusId: 'open',
    totals: { due: 286.07 },
    discount: { type: 'percent', value: 5 },
    notes: 'x',
  }
  const record = applyDefaults(table, readPatch(table, sent, { isLenient: false }).patch)
  const validate = validators.get('order_header')!
  expect([validate(record), validate.errors]).toEqual([true, null])
  for (const wrong of [{ guests: 1.5 }, { totalDue: '5' }, { discount: [] }, { notes: 5 }, { id: null }]) {
    expect(validate({ ...record, ...wrong })).toBe(false)
  }
})
