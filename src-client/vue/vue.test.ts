import { afterEach, beforeEach, expect, test } from 'vitest'
import { computed, effectScope, ref, watch } from 'vue'
import { createStore } from '../store/create-store.ts'
import type { Store } from '../store/store.ts'
import { settle, TestBranch, TestDevice } from '../testing/index.ts'
import { useQueue, useRecord, useStatus, useTable } from './index.ts'

let branch: TestBranch
let device: TestDevice
let store: Store

beforeEach(async () => {
  branch = new TestBranch({
    tables: {
      orders: [
        { id: 'a', total: 1 },
        { id: 'b', total: 5 },
      ],
      menu: [],
    },
  })
  device = new TestDevice({ branch })
  store = createStore({ branchId: 'dar', platform: device.platform })
  await store.connect()
  await settle()
})
afterEach(() => store.close())

test('composables follow the store until their scope ends, and trigger nothing when nothing changed', async () => {
  const scope = effectScope()
  const { orders, a, status, queue, runs } = scope.run(() => {
    const live = { orders: useTable(store, 'orders'), a: useRecord(store, 'orders', 'a') }
    const runs: string[] = []
    watch(live.orders, (list) => runs.push(`orders ${list.length}`), { flush: 'sync' })
    watch(live.a, (order) => runs.push(`a ${order?.total}`), { flush: 'sync' })
    return { ...live, status: useStatus(store), queue: useQueue(store), runs }
  })!
  expect([orders.value.length, a.value?.total, status.value, queue.value.pending.length]).toEqual([2, 1, 'ready', 0])

  branch.write('insert', 'menu', { id: 'tea' })
  await settle()
  expect(runs).toEqual([])
  branch.write('insert', 'orders', { id: 'c', total: 2 })
  await settle()
  expect(runs.splice(0)).toEqual(['orders 3'])
  branch.write('merge', 'orders', { id: 'a', total: 9 })
  await settle()
  expect(runs.splice(0).toSorted()).toEqual(['a 9', 'orders 3'])

  device.setOnline(false)
  expect(status.value).toBe('closed')
  store.insert('orders', { id: 'd' })
  await settle()
  expect([queue.value.pending.length, orders.value.length]).toEqual([1, 4])

  scope.stop()
  runs.length = 0
  store.insert('orders', { id: 'e' })
  await settle()
  expect([runs, queue.value.pending.length, orders.value.length]).toEqual([[], 1, 4])
})

test('a key and a filter may be refs and getters', async () => {
  const scope = effectScope()
  const key = ref<string>()
  const least = ref(2)
  const { record, large, ofA, text } = scope.run(() => {
    const record = useRecord(store, 'orders', key)
    return {
      record,
      large: useTable(store, 'orders', () => (order) => Number(order.total) >= least.value),
      ofA: useTable(store, 'orders', { id: 'a' }),
      text: computed(() => `${record.value?.total}`),
    }
  })!
  expect([record.value, large.value.length, ofA.value.length]).toEqual([undefined, 1, 1])
  key.value = 'b'
  expect(text.value).toBe('5')
  branch.write('merge', 'orders', { id: 'b', total: 6 })
  await settle()
  expect(text.value).toBe('6')
  key.value = 'a'
  expect(text.value).toBe('1')
  branch.write('merge', 'orders', { id: 'b', total: 7 })
  await settle()
  expect(text.value).toBe('1')
  least.value = 1
  expect(large.value.length).toBe(2)
  scope.stop()
})
