import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { readSchemaShape } from './field-schema.ts'
import { type FieldEvent, RecordMerge } from './record-merge.ts'
import { TakeoverReport } from './types.ts'

const schema = readSchemaShape({
  tables: [
    { name: 'note', fields: [{ name: 'id', columnName: 'note_id', type: 'string', primaryKey: true }] },
    { name: 'driver', fields: [{ name: 'id', columnName: 'driver_id', type: 'integer', primaryKey: true }] },
  ],
})!

function newMerge(table = 'note') {
  const report = new TakeoverReport()
  const shape = schema.tables.get(table)!
  return { report, merge: new RecordMerge(shape, shape.primaryKey, report) }
}

const event = (more: Partial<FieldEvent> & Pick<FieldEvent, 'record'>): FieldEvent => ({
  isDelete: false,
  isMerge: false,
  key: undefined,
  createdAt: undefined,
  ...more,
})
const records = (merge: RecordMerge) => merge.toTable().records.map(({ record }) => record)
const at = (minute: number) => new Date(Date.UTC(2025, 0, 7, 10, minute)).toISOString()

test('times count as ISO text or as milliseconds, under any of their names', () => {
  const { merge } = newMerge()
  merge.addRows([{ id: 'a', text: 'old', updated_at: at(1) }], 'data', undefined, 'data.json')
  merge.addSqlite({ id: 'a', text: 'new', modifyDate: Date.parse(at(2)) }, 'sqlite', undefined)
  merge.addRows([{ id: 'b', text: 'new', updatedAt: at(9) }], 'data', undefined, 'data.json')
  merge.addSqlite({ id: 'b', text: 'old', updatedAt: at(8) }, 'sqlite', undefined)
  expect(records(merge).map((record) => record.text)).toEqual(['new', 'new'])
})

test('without times the higher version counts, then SQLite', () => {
  const { merge } = newMerge()
  merge.addRows(
    [
      { id: 'a', from: 'data', version: 3 },
      { id: 'b', from: 'data', version: 2 },
    ],
    'data',
    undefined,
    'data.json',
  )
  merge.addSqlite({ id: 'a', from: 'sqlite', version: 2 }, 'sqlite', undefined)
  merge.addSqlite({ id: 'b', from: 'sqlite', version: 2 }, 'sqlite', undefined)
  expect(records(merge).map((record) => record.from)).toEqual(['data', 'sqlite'])
})

test('a row of data.json without a time is as old as the file: earlier events are in it, later ones are not', () => {
  const { merge } = newMerge()
  merge.addRows(
    [
      { id: 'a', n: 2 },
      { id: 'b', n: 2 },
    ],
    'data',
    Date.parse(at(5)),
    'data.json',
  )
  merge.applyEvent(event({ record: { id: 'a', n: 1 }, createdAt: Date.parse(at(4)) }), 'log:1')
  merge.applyEvent(event({ record: { id: 'b', n: 3 }, createdAt: Date.parse(at(6)) }), 'log:2')
  expect(records(merge)).toEqual([
    { id: 'a', n: 2 },
    { id: 'b', n: 3 },
  ])
})

test('events of one moment apply in the order of the file; a late line with an older time does not', () => {
  const { merge } = newMerge()
  const moment = Date.parse(at(1))
  for (const n of [1, 2]) merge.applyEvent(event({ record: { id: 'a', n }, createdAt: moment }), `log:${n}`)
  merge.applyEvent(event({ record: { id: 'a', n: 0 }, createdAt: moment - 1 }), 'log:3')
  expect(records(merge)).toEqual([{ id: 'a', n: 2 }])
})

test('a merge keeps fields it does not name, an insert after a delete does not', () => {
  const { merge } = newMerge()
  merge.applyEvent(event({ record: { id: 'a', x: 1, y: 1 }, createdAt: Date.parse(at(1)) }), 'log:1')
  merge.applyEvent(event({ isMerge: true, record: { id: 'a', y: 2 }, createdAt: Date.parse(at(2)) }), 'log:2')
  expect(records(merge)).toEqual([{ id: 'a', x: 1, y: 2 }])
  merge.applyEvent(event({ isDelete: true, record: {}, key: 'a', createdAt: Date.parse(at(3)) }), 'log:3')
  expect(records(merge)).toEqual([])
  merge.applyEvent(event({ isMerge: true, record: { id: 'a', z: 3 }, createdAt: Date.parse(at(4)) }), 'log:4')
  expect(records(merge)).toEqual([{ id: 'a', z: 3 }])
})

test('a made integer key follows the highest; equal rows without a key get keys of their own', () => {
  const numbers = newMerge('driver').merge
  numbers.addRows([{ name: 'x' }, { id: 7, name: 'y' }], 'data', undefined, 'data.json')
  expect(records(numbers)).toEqual([
    { id: 7, name: 'y' },
    { id: 8, name: 'x' },
  ])
  const { merge, report } = newMerge()
  merge.addRows([{ text: 'same' }, { text: 'same' }], 'data', undefined, 'data.json')
  expect(new Set(merge.toTable().records.map(({ key }) => key)).size).toBe(2)
  expect(report.notes).toHaveLength(2)
})

test('a key under its column name counts; one with control characters is refused', () => {
  const { merge, report } = newMerge()
  merge.addRows([{ note_id: 'a' }, { id: 'b\u0000' }, { id: 'c'.repeat(300) }], 'data', undefined, 'data.json')
  expect(merge.toTable().records.map(({ key }) => key)).toEqual(['a'])
  expect(report.unusable.map(({ item }) => item)).toEqual(['data[1]', 'data[2]'])
})

test('of two rows with one key the newer stays, and it is noted', () => {
  const { merge, report } = newMerge()
  const rows: JsonObject[] = [
    { id: 'a', n: 1, updatedAt: at(2) },
    { id: 'a', n: 2, updatedAt: at(1) },
    { id: 'b', n: 1 },
    { id: 'b', n: 2 },
  ]
  merge.addRows(rows, 'data', undefined, 'data.json')
  expect(records(merge).map((record) => record.n)).toEqual([1, 2])
  expect(report.notes).toHaveLength(2)
})
