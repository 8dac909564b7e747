import { beforeEach, expect, test } from 'vitest'
import type { JsonObject } from '../../src-shared/json.ts'
import type {
  ServerDelta,
  ServerEvent,
  ServerSnapshotEnd,
  ServerSnapshotPart,
} from '../../src-shared/protocol/server-frames.ts'
import { Replica } from './replica.ts'
import { readSchema, TableNames } from './schema-names.ts'

let names: TableNames
let replica: Replica
let changes: string[]

beforeEach(() => {
  names = new TableNames()
  changes = []
  replica = new Replica(names, false, (table, key) => changes.push(`${table} ${key ?? '*'}`))
})

function part(table: string, index: number, records: JsonObject[], isLast = true, seq = 10): ServerSnapshotPart {
  const head = { type: 'server:snapshot-part', branchId: 'dar', moduleId: 'pos', epoch: 1, isSingleton: false } as const
  return { ...head, seq, table, part: index, isLast, records }
}

function end(tableNames: string[], seq = 10): ServerSnapshotEnd {
  const meta = { lastUpdatedAt: null, counter: 0, labCounter: 0, epoch: 1 }
  return {
    type: 'server:snapshot',
    branchId: 'dar',
    modules: { pos: { moduleId: 'pos', branchId: 'dar', version: seq, tableNames, meta } },
    cursor: { pos: { epoch: 1, seq } },
    fullSyncFlags: [],
    meta: { reason: 'initial-sync', serverId: 's', branchId: 'dar', snapshotAt: '' },
  }
}

function event(sequence: number, record: JsonObject, more: Partial<ServerEvent> = {}): ServerEvent {
  const recordRef = { table: 'orders', key: String(record.id), primaryKey: { id: record.id! } }
  const action = more.action ?? 'module:merge'
  return {
    ...{ type: 'server:event', eventId: `e${sequence}`, sequence, epoch: 1, version: sequence, branchId: 'dar' },
    ...{ moduleId: 'pos', action, createdAt: '', table: 'orders', recordRef, meta: {} },
    entry: { id: record.id!, table: 'orders', action, recordRef, meta: {}, created: false, deleted: false, record },
    ...more,
  } as ServerEvent
}

function load(records: JsonObject[] = [{ id: 'a', v: 1 }]): void {
  replica.stagePart(part('orders', 0, records))
  replica.applySnapshot(end(['orders']), 'pos')
  changes.length = 0
}

const rows = () => [...replica.table('orders').records.values()]

test('[S2] parts replace the tables that the snapshot names; a part that comes twice counts once', () => {
  load([{ id: 'old' }])
  replica.stagePart(part('orders', 0, [{ id: 'a' }], false, 12))
  replica.stagePart(part('orders', 1, [{ id: 'b' }], true, 12))
  replica.stagePart(part('orders', 1, [{ id: 'b' }], true, 12))
  replica.stagePart(part('lines', 0, [], true, 12))
  expect(replica.applySnapshot(end(['orders', 'lines'], 12), 'pos')).toBe(true)
  expect(rows()).toEqual([{ id: 'a' }, { id: 'b' }])
  expect(replica.cursor).toEqual({ epoch: 1, seq: 12 })
})

test('[S2] a snapshot with a missing part, of another position or told twice changes nothing', () => {
  load()
  replica.stagePart(part('orders', 1, [{ id: 'b' }], true, 12))
  expect(replica.applySnapshot(end(['orders'], 12), 'pos')).toBe(false)
  replica.stagePart(part('orders', 0, [], true, 11))
  expect(replica.applySnapshot(end(['orders'], 12), 'pos')).toBe(false)
  expect(replica.applySnapshot(end(['orders']), 'pos')).toBe(false)
  expect(rows()).toEqual([{ id: 'a', v: 1 }])
})

test('[P1] events apply in order; one that is known is ignored, a gap is stale and moves nothing', () => {
  load()
  expect(replica.applyEvent(event(11, { id: 'a', v: 2 })).kind).toBe('applied')
  expect(replica.applyEvent(event(11, { id: 'a', v: 9 })).kind).toBe('known')
  expect(replica.applyEvent(event(13, { id: 'a', v: 3 }))).toMatchObject({ kind: 'stale' })
  expect(rows()).toEqual([{ id: 'a', v: 2 }])
  expect(replica.cursor).toEqual({ epoch: 1, seq: 11 })
})

test('[P3] an event of another epoch, and one of the whole module, ask for a snapshot', () => {
  load()
  expect(replica.applyEvent(event(11, { id: 'a' }, { epoch: 2 }))).toEqual({ kind: 'stale', reason: 'epoch-changed' })
  const { table: _table, ...reset } = event(11, { id: 'a' }, { action: 'module:reset' })
  expect(replica.applyEvent(reset as ServerEvent)).toEqual({ kind: 'stale', reason: 'module:reset' })
  expect(replica.cursor?.seq).toBe(10)
})

test('[W11] a group is applied when its last event is there, and not at all when the connection was lost before', () => {
  load()
  const group = (index: number) => ({ group: { id: 'g', index, size: 3 } })
  expect(replica.applyEvent(event(11, { id: 'b' }, group(0))).kind).toBe('waiting')
  expect(replica.applyEvent(event(11, { id: 'b' }, group(0))).kind).toBe('known')
  expect(replica.applyEvent(event(12, { id: 'c' }, group(1))).kind).toBe('waiting')
  expect(rows()).toHaveLength(1)
  replica.startOver()
  for (const index of [0, 1]) replica.applyEvent(event(11 + index, { id: `x${index}` }, group(index)))
  const outcome = replica.applyEvent(event(13, { id: 'x2' }, group(2)))
  expect(outcome).toMatchObject({ kind: 'applied', events: [{ sequence: 11 }, { sequence: 12 }, { sequence: 13 }] })
  expect(rows().map(({ id }) => id)).toEqual(['a', 'x0', 'x1', 'x2'])
  expect(replica.cursor?.seq).toBe(13)
})

test('[P5] with some tables only, positions may jump', () => {
  replica = new Replica(names, true, () => undefined)
  load()
  expect(replica.applyEvent(event(40, { id: 'a', v: 2 })).kind).toBe('applied')
  expect(replica.cursor?.seq).toBe(40)
})

test('[D7] a delta brings changes and removals; it must continue what we have', () => {
  load([{ id: 'a' }, { id: 'b' }])
  const delta: ServerDelta = {
    ...{ type: 'server:delta', branchId: 'dar', moduleId: 'pos', epoch: 1, from: 10, to: 700, hasMore: false },
    tables: { orders: [{ id: 'a', v: 5 }] },
    deleted: { orders: ['b', 'never-here'] },
  }
  expect(replica.applyDelta({ ...delta, from: 11 })).toBe(false)
  expect(replica.applyDelta({ ...delta, epoch: 2 })).toBe(false)
  expect(replica.applyDelta(delta)).toBe(true)
  expect(rows()).toEqual([{ id: 'a', v: 5 }])
  expect(changes).toEqual(['orders a', 'orders b'])
  expect(replica.applyDelta({ ...delta, tables: { orders: [] }, deleted: { orders: ['a'] } })).toBe(true)
  expect(rows(), 'an old delta changes nothing').toHaveLength(1)
})

test('without a schema the key fields are learned from the first reference; no record is lost before', () => {
  replica.stagePart(
    part('pairs', 0, [
      { x: 1, y: 1 },
      { x: 1, y: 2 },
      { x: 2, y: 1 },
    ]),
  )
  replica.applySnapshot(end(['pairs']), 'pos')
  const pairs = replica.table('pairs')
  expect(pairs.records.size).toBe(3)
  expect(pairs.isKeyKnown).toBe(false)
  const recordRef = { table: 'pairs', key: '1::2', primaryKey: { x: 1, y: 2 } }
  const entry = {
    id: '1::2',
    table: 'pairs',
    action: 'module:merge',
    recordRef,
    meta: {},
    created: false,
    deleted: false,
  }
  replica.applyEvent(
    event(
      11,
      { id: 'unused' },
      { table: 'pairs', recordRef, entry: { ...entry, record: { x: 1, y: 2, n: 7 } } as never },
    ),
  )
  expect(Object.fromEntries(pairs.records)).toEqual({
    '1::1': { x: 1, y: 1 },
    '1::2': { x: 1, y: 2, n: 7 },
    '2::1': { x: 2, y: 1 },
  })
})

test.each([
  ['a list', [{ name: 'order', aliases: ['orders'], fields: [{ name: 'id', primaryKey: true }] }]],
  ['an object', { order: { aliases: ['orders'], fields: { id: { primaryKey: true } } } }],
  ['columns', [{ tableName: 'order', aliases: ['orders'], columns: [{ name: 'id', primaryKey: true }] }]],
])('schemas with tables as %s are read, however deep', (_title, tables) => {
  const expected = [{ name: 'order', keyFields: ['id'], isIntegerKey: false, aliases: ['orders'] }]
  for (const schema of [{ tables }, { schema: { tables } }, { schema: { schema: { tables } } }]) {
    expect(readSchema(schema)).toEqual(expected)
  }
  names.add(readSchema({ tables }))
  expect([names.resolve('orders'), names.resolve('order'), names.resolve('else')]).toEqual(['order', 'order', 'else'])
})

test.each([undefined, null, 'text', 5, [], { tables: 5 }, { tables: [1, null, {}] }])('%j is no schema', (schema) => {
  expect(readSchema(schema)).toEqual([])
})
