import { expect, test } from 'vitest'
import { toPlainFields, toPlainValue } from './plain-value.ts'
import { type ExportedDocument, readExport } from './read-export.ts'

const named = (path: string, fields: object): object => ({
  name: `projects/p/databases/(default)/documents/${path}`,
  fields,
  createTime: '2024-01-01T00:00:00.000Z',
})

const expected: Partial<ExportedDocument>[] = [
  { path: 'orders/o-1', collection: 'orders', id: 'o-1', parentId: undefined },
  { path: 'orders/o-1/lines/l-1', collection: 'orders/lines', id: 'l-1', parentId: 'o-1' },
]

test.each([
  [
    'collections inside of documents',
    { __collections__: { orders: { 'o-1': { n: 1, __collections__: { lines: { 'l-1': { n: 2 } } } } } } },
  ],
  [
    'sub-collections by their path',
    { orders: { 'o-1': { n: 1, subCollection: { 'orders/o-1/lines': { 'l-1': { n: 2 } } } } } },
  ],
  [
    'documents of the REST API, the child first',
    {
      documents: [
        named('orders/o-1/lines/l-1', { n: { integerValue: '2' } }),
        named('orders/o-1', { n: { integerValue: '1' } }),
      ],
    },
  ],
])('reads %s', (_title, content) => {
  const documents = readExport(content)
  expect(documents).toMatchObject(expected)
  expect(documents.map(({ fields }) => toPlainFields(fields))).toEqual([{ n: 1 }, { n: 2 }])
})

test('reads lists, with the id where it is, and the form of the specification', () => {
  const list = [{ id: 'a', n: 1 }, { __id__: 'b' }, { _id: 7 }]
  for (const content of [{ orders: list }, { tables: { orders: list } }]) {
    expect(readExport(content).map(({ path }) => path)).toEqual(['orders/a', 'orders/b', 'orders/7'])
  }
  // A collection that is called tables is one.
  expect(readExport({ tables: { 't-1': { seats: 4 } } }).map(({ path }) => path)).toEqual(['tables/t-1'])
})

test.each([
  ['text', 'orders', 'must be a JSON object'],
  ['a number as a collection', { orders: 5 }, 'orders is no collection'],
  ['a text as a document', { orders: { 'o-1': 'x' } }, 'orders/o-1 is no document'],
  ['a document without an id', { orders: [{ n: 1 }] }, 'document 0 of orders has no id'],
  ['a list of documents without names', [{ n: 1 }], 'document 0 has no name'],
])('refuses %s by its place', (_title, content, message) => {
  expect(() => readExport(content)).toThrow(message)
})

test.each([
  ['a time of the admin SDK', { _seconds: 1_534_046_400, _nanoseconds: 5_999_999 }, '2018-08-12T04:00:00.005Z'],
  [
    'a time of the web SDK',
    { type: 'firestore/timestamp/1.0', seconds: 0, nanoseconds: 0 },
    '1970-01-01T00:00:00.000Z',
  ],
  ['a named time', { __datatype__: 'timestamp', value: { _seconds: 1, _nanoseconds: 0 } }, '1970-01-01T00:00:01.000Z'],
  ['a typed time', { timestampValue: '2024-02-29T10:00:00.123456789Z' }, '2024-02-29T10:00:00.123Z'],
  ['a typed reference', { referenceValue: 'projects/p/databases/(default)/documents/orders/o-1' }, 'o-1'],
  ['a named reference', { __datatype__: 'documentReference', value: 'menu/items/list/i-1' }, 'i-1'],
  ['a reference of the admin SDK', { _path: { segments: ['orders', 'o-2'] }, _firestore: {} }, 'o-2'],
  ['a typed place on the equator', { geoPointValue: { longitude: 31.2 } }, { latitude: 0, longitude: 31.2 }],
  ['a place of the admin SDK', { _latitude: 30, _longitude: 31 }, { latitude: 30, longitude: 31 }],
  ['a whole number', { integerValue: '42' }, 42],
  ['a whole number that is too large', { integerValue: '9007199254740993' }, '9007199254740993'],
  [
    'a typed map of lists',
    { mapValue: { fields: { a: { arrayValue: { values: [{ nullValue: null }] } } } } },
    { a: [null] },
  ],
  ['an empty list and an empty map', [{ arrayValue: {} }, { mapValue: {} }], [[], {}]],
  ['bytes of Node', { type: 'Buffer', data: [104, 105] }, 'aGk='],
  ['a map of the application', { seconds: 5, title: 'x' }, { seconds: 5, title: 'x' }],
  ['plain values', ['a', 1.5, true, null], ['a', 1.5, true, null]],
])('%s becomes plain', (_title, value, plain) => {
  expect(toPlainValue(value as never)).toEqual(plain)
})

test.each([
  [{ doubleValue: 'NaN' }, 'does not exist in JSON'],
  [{ timestampValue: 'yesterday' }, 'is no time'],
  [{ integerValue: 'many' }, 'is no whole number'],
  [{ __datatype__: 'quantum', value: 1 }, 'is not known'],
])('%j is refused', (value, message) => {
  expect(() => toPlainValue(value as never)).toThrow(message)
})

test('a field that would change the object itself is left out', () => {
  const fields = JSON.parse('{"__proto__": {"isAdmin": true}, "n": 1}') as never
  expect(Object.keys(toPlainFields(fields))).toEqual(['n'])
})
