import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readSchema } from '../replica/schema-names.ts'
import { createStore } from '../store/create-store.ts'
import { TestDevice } from '../testing/index.ts'
import { schemaTypes } from './schema-types.ts'

test('tables become interfaces, and one type of all tables', () => {
  const fields = {
    id: { type: 'string', primaryKey: true },
    total: { type: 'decimal', precision: 15, scale: 2, nullable: false },
    exact: { type: 'decimal', precision: 30, scale: 10 },
    seats: { type: 'integer', required: true },
    isOpen: { type: 'boolean' },
    notes: { type: 'json' },
    kind: { type: 'text', values: ['a', 'b\\"\''], nullable: false },
    'odd-name': { type: 'text' },
    updatedAt: { type: 'timestamp', nullable: false },
  }
  expect(
    schemaTypes({ tables: { order_header: { fields } } }, 'PosTables'),
  ).toBe(`// Made from the schema; changes are lost.

export interface OrderHeader {
  id: string
  total?: number
  exact?: string | null
  seats: number
  isOpen?: boolean | null
  notes?: unknown | null
  kind?: 'a' | 'b\\\\"\\''
  'odd-name'?: string | null
  version: number
  createdAt: string
  updatedAt: string
}

export type PosTables = {
  order_header: OrderHeader
}
`)
})

test('the schema that we ship gives a type for every table', () => {
  const schema: unknown = JSON.parse(readFileSync('data/schemas/pos_schema.json', 'utf8'))
  const text = schemaTypes(schema)
  expect(readSchema(schema)).toHaveLength(45)
  expect(text.match(/^export interface \w+ \{$/gm)).toHaveLength(45)
})

test('a typed store checks names and fields when it is compiled', () => {
  interface OrderLine {
    id: string
    quantity?: number
    version: number
  }
  const { platform } = new TestDevice()
  const store = createStore<{ order_line: OrderLine }>({ branchId: 'dar', platform })
  const quantities: (number | undefined)[] = store.listTable('order_line').map(({ quantity }) => quantity)
  expect(quantities).toEqual([])
  // @ts-expect-error there is no such table
  store.listTable('orders')
  // @ts-expect-error a quantity is a number
  store.insert('order_line', { quantity: 'two' })
  expect(store.pending()).toHaveLength(1)
})
