import { createElement, StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { createDB } from '../simple/create-db.ts'
import { createStore } from '../store/create-store.ts'
import type { Store } from '../store/store.ts'
import { settle, TestBranch, TestDevice } from '../testing/index.ts'
import { useQueue, useRecord, useStatus, useTable } from './index.ts'

interface Order {
  id: string
  total: number
}

const branch = new TestBranch({
  tables: {
    orders: [
      { id: 'a', total: 1 },
      { id: 'b', total: 2 },
    ],
  },
})

test('what the store has now is rendered, also where nothing can be subscribed to', async () => {
  const store: Store<{ orders: Order }> = createStore({
    branchId: 'dar',
    platform: new TestDevice({ branch }).platform,
  })
  const db = createDB({ branchId: 'dar', platform: new TestDevice({ branch }).platform, objects: { checks: 'orders' } })
  function Page() {
    const total = useTable(store, 'orders').reduce((sum, order) => sum + order.total, 0)
    const large = useTable(store, 'orders', ({ total }) => total > 1).map(({ id }) => id)
    const checks = useTable<Order>(db, 'checks', { id: 'a' }).length
    const record = useRecord(store, 'orders', 'b')?.total
    const other = useRecord<Order>(db, 'checks', 'b')?.total
    const { pending, parked } = useQueue(db)
    return [total, large, checks, record, other, useRecord(store, 'orders', null), useStatus(store)]
      .concat(pending.length, parked.length)
      .join(' ')
  }
  const render = () => renderToString(createElement(StrictMode, undefined, createElement(Page)))
  expect(render()).toBe('0  0    idle 0 0')
  await Promise.all([store.connect(), db.ready()])
  await settle()
  expect(render()).toBe('3 b 1 2 2  ready 0 0')
  await Promise.all([store.close(), db.close()])
})
