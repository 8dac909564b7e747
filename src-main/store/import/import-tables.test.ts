import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import {
  checkModule,
  codeOf,
  dumpTables,
  isTorture,
  listAll,
  openShop,
  openTestStore,
  SeededRandom,
} from '../test-support.ts'
import { appendRecords } from './append-records.ts'

test('[P3] an import replaces the tables that it names: one event, a new floor, versions that go on', async () => {
  const shop = await openShop()
  for (const id of ['same', 'changed', 'gone']) await shop.write('insert', 'item', { id, name: id })
  await shop.write('merge', 'item', { id: 'changed', name: 'x' })
  await shop.write('delete', 'item', { id: 'gone' })
  await shop.write('insert', 'item', { id: 'removed' })
  await shop.write('insert', 'staff', { id: 's' })
  const before = dumpTables(shop.context())
  const event = await shop.module().importSnapshot({
    tables: {
      item: [
        { id: 'same', name: 'same' },
        { id: 'changed', name: 'y', version: 99, createdAt: '2020-01-01T00:00:00.000Z' },
        { id: 'gone', name: 'back' },
        { name: 'made' },
      ],
      settings: { currency: 'EGP' } as unknown as JsonObject[],
    },
    requestedBy: 'manager',
    reason: 'menu',
  })
  const items = dumpTables(shop.context()).item!
  expect(items.map(({ id, version, seq, born, createdAt }) => [id, version, seq, born, createdAt])).toEqual([
    ['same', 1, 1, 1, before.item![0]!.createdAt],
    ['changed', 3, 8, 2, '2020-01-01T00:00:00.000Z'],
    ['gone', 2, 8, 8, '2026-03-10T09:00:00.000Z'],
    [expect.stringMatching(/^item-/), 1, 8, 8, '2026-03-10T09:00:00.000Z'],
  ])
  expect(dumpTables(shop.context()).staff).toEqual(before.staff)
  expect(event).toMatchObject({
    action: 'module:import',
    seq: 8,
    table: null,
    meta: {
      reason: 'menu',
      requestedBy: 'manager',
      tables: [
        { table: 'item', records: 3 },
        { table: 'settings', records: 1 },
      ],
    },
  })
  expect(shop.notices.map(({ directive, event: told }) => [directive, told?.seq])).toEqual([['resync', 8]])
  expect(shop.module().delta({ cursor: { epoch: 1, seq: 7 } }).reason).toBe('snapshot-floor')
  checkModule(shop.context(), shop.module())
  await shop.reopen()
  checkModule(shop.context(), shop.module())
})

test('an import that is refused anywhere changes nothing and has no event', async () => {
  const shop = await openShop()
  await shop.write('insert', 'item', { id: 'i', price: 1 })
  await shop.write('insert', 'staff', { id: 's', code: 'a' })
  const before = dumpTables(shop.context())
  const head = shop.module().head()
  const good = { item: [{ id: 'new' }] }
  const wrong: [Record<string, JsonValue>, string][] = [
    [{ ...good, nothing: [] }, 'table-not-found'],
    [{ ...good, staff: 'text' }, 'insert-only-violation'],
    [{ ...good, staff: { id: 's' } }, 'insert-only-violation'],
    [{ ...good, staff: ['text'] }, 'missing-record'],
    [{ item: [{ id: 'a' }, { id: 'a' }] }, 'insert-only-violation'],
    [{ item: [{ id: 'a' }, { id: 'b', price: 'dear' }] }, 'validation-failed'],
    [
      {
        ...good,
        staff: [
          { id: 'a', code: 'x' },
          { id: 'b', code: 'x' },
        ],
      },
      'unique-violation',
    ],
    [{ item: [{ id: 'a\n' }] }, 'invalid-name'],
  ]
  for (const [tables, code] of wrong) {
    const refusal = codeOf(shop.module().importSnapshot({ tables: tables as Record<string, JsonObject[]> }))
    // A neighbour in the same commit is not disturbed.
    const [got] = await Promise.all([refusal, shop.write('save', 'settings', { code })])
    expect([tables, got]).toEqual([tables, code])
  }
  const { settings: _, ...after } = dumpTables(shop.context())
  const { settings: __, ...same } = before
  expect(after).toEqual(same)
  expect(shop.module().head().seq).toBe(head.seq + wrong.length)
  expect(shop.module().delta({ cursor: { epoch: 1, seq: 1 } }).requiresFullSync).toBe(false)
  checkModule(shop.context(), shop.module())
})

test('records that are added leave alone a stored one with their joined key, and say so', async () => {
  const shop = await openShop()
  await shop.write('insert', 'line_tag', { line: 'a::b', tag: 'c' })
  const before = dumpTables(shop.context())
  const add = (record: JsonObject): Promise<unknown> =>
    appendRecords(shop.context(), [{ table: 'line_tag', record }], { batchSize: 10, reason: 'history' })
  expect(await codeOf(add({ line: 'a', tag: 'b::c' }))).toBe('insert-only-violation')
  await add({ line: 'a::b', tag: 'c', label: 'is there already' })
  expect(dumpTables(shop.context())).toEqual(before)
})

test('a unique value passes from a record that goes to one that comes', async () => {
  const shop = await openShop()
  await shop.write('insert', 'staff', { id: 'old', code: 'a' })
  await shop.module().importSnapshot({ tables: { staff: [{ id: 'new', code: 'a' }] } })
  expect(listAll(shop.module(), 'staff')).toMatchObject([{ id: 'new', code: 'a' }])
  checkModule(shop.context(), shop.module())
})

test('integer keys that are missing are made above all that are stored or given', async () => {
  const shop = await openShop()
  await shop.write('insert', 'payment', { id: 4, amount: 1 })
  await shop.module().importSnapshot({ tables: { payment: [{ amount: 2 }, { id: 7, amount: 3 }, { amount: 4 }] } })
  expect(listAll(shop.module(), 'payment').map(({ id, amount }) => [id, amount])).toEqual([
    [8, 2],
    [7, 3],
    [9, 4],
  ])
  expect((await shop.write('insert', 'payment', { amount: 5 })).record.id).toBe(10)
})

test('random imports and writes: the tables hold what was imported, versions never go back, everything adds up', async () => {
  const shop = await openShop()
  const random = new SeededRandom(21)
  const highest = new Map<string, number>()
  for (let round = 0; round < (isTorture ? 2000 : 120); round++) {
    const ids = Array.from({ length: random.below(8) }, () => `k${random.below(8)}`)
    if (random.below(3) === 0) {
      const records = [...new Set(ids)].map((id) => ({ id, name: `n${random.below(3)}` }))
      await shop.module().importSnapshot({ tables: { item: records } })
      const stored = listAll(shop.module(), 'item').map(({ id, name }) => [id, name])
      expect(stored.sort()).toEqual(records.map(({ id, name }) => [id, name]).sort())
    } else {
      const action = random.pick(['save', 'delete'] as const)
      await Promise.all(ids.map((id) => shop.refusal(action, 'item', { id, name: `n${random.below(3)}` })))
    }
    for (const { id, version } of dumpTables(shop.context()).item!) {
      expect(version as number).toBeGreaterThanOrEqual(highest.get(String(id)) ?? 1)
      highest.set(String(id), version as number)
    }
  }
  checkModule(shop.context(), shop.module())
})

test('seeds are loaded once, ever: not again after changes, deletions or an emptied table; new tables of the file are', async () => {
  const items: JsonObject[] = [{ id: 'a', createdAt: '2020-05-01T10:00:00+02:00' }, { id: 'b' }]
  const seeds: JsonObject = { item: items, settings: { currency: 'EGP' } }
  const shop = await openShop({ shop: { seeds } })
  expect(listAll(shop.module(), 'item')).toMatchObject([
    { id: 'a', version: 1, createdAt: '2020-05-01T08:00:00.000Z', branchId: 'dar' },
    { id: 'b', version: 1 },
  ])
  expect(shop.module().head().seq).toBe(1)
  await shop.write('delete', 'item', { id: 'a' })
  await shop.write('delete', 'item', { id: 'b' })
  const more: JsonObject = { ...seeds, seat: [{ room: 'A', place: 1 }], nothing: [{ id: 1 }] }
  shop.store.files.writeJson('branches/dar/modules/shop/seeds/initial.json', { tables: more })
  await shop.reopen()
  expect([shop.module().count('item'), shop.module().count('seat'), shop.module().head().seq]).toEqual([0, 1, 4])
  await shop.write('insert', 'staff', { id: 'own' })
  shop.store.files.writeJson('branches/dar/modules/shop/seeds/initial.json', {
    tables: { ...more, staff: [{ id: 'seed' }] },
  })
  await shop.reopen()
  expect(listAll(shop.module(), 'staff').map(({ id }) => id)).toEqual(['own'])
  await shop.reopen()
  expect(shop.module().head().seq).toBe(5)
  checkModule(shop.context(), shop.module())
})

test('the tracked seeds load whole into every branch, and a second start adds nothing', async () => {
  const test = await openTestStore()
  const heads = test.store.branchIds().map((branchId) => test.module(branchId).head())
  for (const branchId of test.store.branchIds()) {
    expect(test.module(branchId).count('menu_items')).toBeGreaterThan(0)
    checkModule(test.context(branchId), test.module(branchId))
  }
  await test.reopen()
  expect(test.store.branchIds().map((branchId) => test.module(branchId).head())).toEqual(heads)
})
