import { derived, get } from 'svelte/store'
import { expect, test } from 'vitest'
import { createStore } from '../store/create-store.ts'
import { settle, TestBranch, TestDevice } from '../testing/index.ts'
import { useQueue, useRecord, useStatus, useTable } from './index.ts'

test('readable stores: the value at once and at each change, for every subscriber until it ends', async () => {
  const branch = new TestBranch({ tables: { orders: [{ id: 'a', total: 1 }], menu: [] } })
  const device = new TestDevice({ branch })
  const store = createStore({ branchId: 'dar', platform: device.platform })
  const orders = useTable(store, 'orders')
  const seen: string[] = []
  const stops = [
    orders.subscribe((list) => seen.push(`list ${list.length}`)),
    useRecord(store, 'orders', 'a').subscribe((order) => seen.push(`a ${order?.total}`)),
    useStatus(store).subscribe((status) => seen.push(status)),
    useTable(store, 'orders', { total: 3 }).subscribe((list) => seen.push(`threes ${list.length}`)),
  ]
  expect(seen.splice(0)).toEqual(['list 0', 'a undefined', 'idle', 'threes 0'])
  await store.connect()
  await settle()
  expect(seen.splice(0)).toEqual(['connecting', 'open', 'ready', 'list 1', 'a 1'])

  branch.write('insert', 'menu', { id: 'tea' })
  await settle()
  expect(seen.splice(0)).toEqual([])
  branch.write('insert', 'orders', { id: 'b', total: 2 })
  await settle()
  expect(seen.splice(0)).toEqual(['list 2'])
  // Svelte's own stores are built upon them.
  const sum = derived(orders, (list) => list.reduce((total, order) => total + Number(order.total), 0))
  expect(get(sum)).toBe(3)

  for (const stop of stops) stop()
  branch.write('merge', 'orders', { id: 'a', total: 3 })
  await settle()
  expect(seen).toEqual([])
  expect(get(orders).map(({ total }) => total)).toEqual([3, 2])

  device.setOnline(false)
  store.insert('orders', { id: 'c' })
  expect(get(useQueue(store)).pending.map(({ record }) => record.id)).toEqual(['c'])
  await store.close()
})
