import { beforeEach, expect, test } from 'vitest'
import type { JsonObject } from '../../src-shared/json.ts'
import { createDB } from '../simple/create-db.ts'
import { createStore } from '../store/create-store.ts'
import type { Store } from '../store/store.ts'
import { settle, TestBranch, TestDevice } from '../testing/index.ts'
import { keepSameList } from './keep-same.ts'
import { observeQueue, observeRecord, observeStatus, observeTable } from './observe-store.ts'
import type { Observed } from './observed.ts'

let branch: TestBranch
let device: TestDevice
let store: Store

beforeEach(async () => {
  branch = new TestBranch({
    schema: { tables: { order_header: { aliases: ['orders'], fields: { id: { type: 'string', primaryKey: true } } } } },
    tables: {
      order_header: [
        { id: 'a', status: 'open' },
        { id: 'b', status: 'open' },
        { id: 'c', status: 'held' },
      ],
      menu_items: [{ id: 'tea' }],
    },
  })
  device = new TestDevice({ branch })
  store = createStore({ branchId: 'dar', platform: device.platform })
  await store.connect()
  await settle()
})

/** Every value that someone who listens sees. */
function follow<T>(observed: Observed<T>): { seen: T[]; stop: () => void } {
  const seen = [observed.get()]
  const stop = observed.subscribe(() => {
    const value = observed.get()
    if (value !== seen.at(-1)) seen.push(value)
  })
  return { seen, stop }
}

test('a list is the same object until its table changes, listened to or not', async () => {
  const orders = observeTable<JsonObject>(store, 'order_header')
  const before = orders.get()
  expect(orders.get()).toBe(before)
  const { seen, stop } = follow(orders)
  branch.write('insert', 'menu_items', { id: 'cake' })
  await settle()
  expect([seen.length, orders.get()]).toEqual([1, before])
  branch.write('merge', 'order_header', { id: 'b', status: 'ready' })
  await settle()
  expect(seen.map((list) => list.map(({ status }) => (status as string)[0]).join(''))).toEqual(['ooh', 'orh'])
  expect([seen[1]![0], seen[1]![2]]).toEqual([before[0], before[2]])
  expect(seen[1]![0]).toBe(before[0])
  expect(seen[1]![2]).toBe(before[2])
  stop()
  stop()
  branch.write('delete', 'order_header', { id: 'b' })
  await settle()
  expect(seen).toHaveLength(2)
  expect(orders.get().map(({ id }) => id)).toEqual(['a', 'c'])
})

test('a change of one record is no change of another one, nor of a filter that it does not pass', async () => {
  const a = follow(observeRecord<JsonObject>(store, 'order_header', 'a'))
  const held = follow(observeTable<JsonObject>(store, 'order_header', { status: 'held' }))
  const early = follow(observeTable<JsonObject>(store, 'order_header', ({ id }) => String(id) < 'b'))
  branch.write('merge', 'order_header', { id: 'b', status: 'ready' })
  await settle()
  expect([a.seen.length, held.seen.length, early.seen.length]).toEqual([1, 1, 1])
  branch.write('merge', 'order_header', { id: 'a', status: 'held' })
  await settle()
  expect(a.seen.map((record) => record?.status)).toEqual(['open', 'held'])
  expect(held.seen.map((list) => list.length)).toEqual([1, 2])
  expect(early.seen.map(([record]) => record?.status)).toEqual(['open', 'held'])
})

test('a write that waits is shown once; the queue around it changes nothing in what is shown', async () => {
  device.setOnline(false)
  store.merge('order_header', { id: 'a', status: 'ready' })
  await settle()
  const orders = follow(observeTable<JsonObject>(store, 'order_header'))
  const a = follow(observeRecord<JsonObject>(store, 'order_header', 'a'))
  store.insert('menu_items', { id: 'cake' })
  store.insert('menu_items', { id: 'pie' })
  await settle()
  expect([orders.seen.length, a.seen.length]).toEqual([1, 1])
  expect(a.seen[0]).toMatchObject({ status: 'ready', version: 2 })
})

test('a full snapshot that brings the same records is no change', async () => {
  const orders = follow(observeTable<JsonObject>(store, 'order_header'))
  await store.requestSnapshot()
  await settle()
  expect(orders.seen).toHaveLength(1)
})

test('an alias means its table, in a store and in a database of own names', async () => {
  branch.write('insert', 'order_header', { id: 'd', status: 'open' })
  const schema = { tables: { order_header: { aliases: ['orders'] } } }
  const other = createStore({ branchId: 'dar', platform: new TestDevice({ branch }).platform, schema })
  await other.connect()
  const db = createDB({
    ...{ branchId: 'dar', platform: new TestDevice({ branch }).platform, schema },
    objects: { checks: 'orders' },
  })
  await db.ready()
  const lists = [
    follow(observeTable<JsonObject>(other, 'orders')),
    follow(observeTable<JsonObject>(db, 'checks')),
    follow(observeTable<JsonObject>(db, 'checks', { id: 'e' })),
  ]
  const record = follow(observeRecord<JsonObject>(db, 'checks', 'e'))
  await settle()
  branch.write('insert', 'order_header', { id: 'e', status: 'open' })
  await settle()
  expect(lists.map(({ seen }) => seen.map((list) => list.length))).toEqual([
    [4, 5],
    [4, 5],
    [0, 1],
  ])
  expect(record.seen.map((one) => one?.id)).toEqual([undefined, 'e'])
  expect(observeStatus(db).get()).toBe('ready')
  await Promise.all([other.close(), db.close()])
})

test('the status and the queue are told as they are', async () => {
  const status = follow(observeStatus(store))
  const queue = observeQueue(store)
  expect(queue.get()).toBe(queue.get())
  const { seen } = follow(queue)
  device.setOnline(false)
  const refused = store.merge('order_header', { id: 'nothing', status: 'x' })
  refused.catch(() => undefined)
  store.insert('menu_items', { id: 'cake' })
  await settle()
  branch.refuseNext('validation-failed', 'No such order.')
  device.setOnline(true)
  device.wake()
  await settle()
  await settle()
  expect(status.seen).toEqual(['ready', 'closed', 'connecting', 'open', 'ready'])
  expect(queue.get().pending).toEqual([])
  expect(queue.get().parked.map(({ reason }) => reason.code)).toEqual(['validation-failed'])
  expect(seen.map(({ pending, parked }) => `${pending.length} ${parked.length}`)).toContain('2 0')
})

test('no key is no record', () => {
  const none = observeRecord<JsonObject>(store, 'order_header', undefined)
  expect(none.get()).toBeUndefined()
  none.subscribe(() => undefined)()
})

test('lists keep what says the same, wherever it stands', () => {
  const [a, b, c] = [{ id: 'a', n: 1 }, { id: 'b', n: 1 }, { id: 'c' }]
  const last = [a, b, c]
  expect(keepSameList(undefined, last)).toBe(last)
  expect(keepSameList(last, [{ ...a }, { ...b }, { ...c }])).toBe(last)
  expect(keepSameList([], [])).toEqual([])
  const moved = keepSameList(last, [{ ...c }, { ...a }])
  expect([moved[0] === c, moved[1] === a, moved.length]).toEqual([true, true, 2])
  const grown = keepSameList(last, [a, { id: 'x' }, { ...b }, c])
  expect([grown[0] === a, grown[2] === b, grown[3] === c, grown.length]).toEqual([true, true, true, 4])
  const changed = keepSameList(last, [a, { id: 'b', n: 2 }, c])
  expect([changed[0] === a, changed[1] === b, changed[2] === c]).toEqual([true, false, true])
  const withoutIds = keepSameList<object>([{ n: 1 }], [{ n: 1 }])
  expect(withoutIds).toEqual([{ n: 1 }])
  const shorter = keepSameList([a, a, a], [a, a])
  expect(shorter).toEqual([a, a])
})
