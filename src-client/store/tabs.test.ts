import { beforeEach, expect, test } from 'vitest'
import type { TabChannel } from '../lib/platform.ts'
import type { ClientStorage, StorageOperation } from '../storage/storage.ts'
import { settle, TestBranch, TestClock, TestDevice } from '../testing/index.ts'
import { createStore } from './create-store.ts'
import type { Store } from './store.ts'

let branch: TestBranch
let device: TestDevice
let ears: Set<(message: unknown) => void>

beforeEach(() => {
  branch = new TestBranch({ tables: { orders: [] } })
  device = new TestDevice({ branch })
  ears = new Set()
})

/** What one tab says all others hear, a little later. */
function openChannel(_name: string, onMessage: (message: unknown) => void): TabChannel {
  ears.add(onMessage)
  return {
    post(message) {
      for (const ear of ears) if (ear !== onMessage) queueMicrotask(() => ear(structuredClone(message)))
    },
    close: () => void ears.delete(onMessage),
  }
}

async function openTab(): Promise<Store> {
  const store = createStore({ branchId: 'dar', platform: { ...device.platform, openChannel } })
  store.connect().catch(() => undefined)
  await settle()
  return store
}

/** A tab has kept a write and is gone before anybody heard of it. */
async function keepSilently(id: string): Promise<void> {
  const storage = await device.openStorage('mishkah/dar/pos')
  const operation = { action: 'insert', table: 'orders', key: id, record: { id } }
  const entry = { id, requestId: id, operations: [operation], meta: {}, queuedAt: device.clock.nowMs, attempts: 0 }
  await storage.append([entry])
}

test('a write whose tab died before it could tell is found by the tab that leads', async () => {
  const leader = await openTab()
  await leader.whenSynced()
  await keepSilently('o-1')
  await device.clock.advance(12_000)
  expect(branch.list('orders').map(({ id }) => id)).toEqual(['o-1'])
  expect(leader.pending()).toEqual([])
})

test('a tab that finds writes when it opens tells the one that leads, and does not wait for ever', async () => {
  const leader = await openTab()
  await leader.whenSynced()
  await keepSilently('o-1')
  const other = await openTab()
  await other.whenSynced()
  expect(branch.list('orders').map(({ id }) => id)).toEqual(['o-1'])
  expect([leader.pending(), other.pending()]).toEqual([[], []])
})

test('an answer that another tab heard of, though its write is still in the queue: nobody waits for it, it is removed', async () => {
  // The leader dies between telling of the answer and removing the write: its clock stands still from then on.
  const { platform } = device
  const dying = new TestClock()
  const openStorage = async (name: string): Promise<ClientStorage> => {
    const storage = await device.openStorage(name)
    const isRemoval = ({ kind, area }: StorageOperation) => kind === 'delete' && area === 'queue'
    return { ...storage, apply: async (all, guard) => all.some(isRemoval) || storage.apply(all, guard) }
  }
  const leader = createStore({
    branchId: 'dar',
    platform: {
      ...{ ...platform, openChannel, openStorage },
      setTimeout: (run, delayMs) => dying.setTimeout(run, delayMs),
    },
  })
  leader.connect().catch(() => undefined)
  await settle()
  const heir = await openTab()
  await leader.insert('orders', { id: 'o-1' })
  await settle()
  expect(branch.list('orders')).toHaveLength(1)
  await device.clock.advance(10_000)
  const late = await openTab()
  await device.clock.advance(10_000)
  expect([heir.pending(), late.pending()]).toEqual([[], []])
  await late.whenSynced()
  expect(await (await device.openStorage('mishkah/dar/pos')).list('queue')).toEqual([])
})
