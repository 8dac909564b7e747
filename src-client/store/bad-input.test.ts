import { beforeEach, expect, test } from 'vitest'
import { createMemoryStorage, emptyContents } from '../storage/memory-storage.ts'
import { settle, TestBranch, TestDevice } from '../testing/index.ts'
import { createStore } from './create-store.ts'
import type { StoreOptions } from './options.ts'
import type { Store } from './store.ts'

const HOUR_MS = 3_600_000

let branch: TestBranch
let device: TestDevice

beforeEach(() => {
  branch = new TestBranch({ tables: { orders: [] } })
  device = new TestDevice({ branch })
})

async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = createStore({ branchId: 'dar', platform: device.platform, ...options })
  store.connect().catch(() => undefined)
  await settle()
  return store
}

const ids = () => branch.list('orders').map(({ id }) => id)

test('the server is away for hours: it is asked for in measure, the queue waits, and arrives in order, once', async () => {
  const store = await open()
  await store.whenSynced()
  device.setOnline(false)
  const made = Array.from({ length: 40 }, (_, n) => `o-${n}`)
  for (const id of made.slice(0, 20)) await store.insert('orders', { id }).queued
  const before = device.sockets.length
  await device.clock.advance(HOUR_MS / 3)
  const attempts = device.sockets.length - before
  expect(attempts).toBeGreaterThan(HOUR_MS / 3 / 15_000)
  expect(attempts).toBeLessThan(HOUR_MS / 3 / 5_000)
  // The tablet sleeps through the night: its timers are late.
  device.clock.nowMs += 9 * HOUR_MS
  await device.clock.advance(HOUR_MS / 60)
  expect([store.status, store.pending().length]).toEqual(['closed', 20])
  for (const id of made.slice(20)) await store.insert('orders', { id }).queued
  device.setOnline(true)
  await device.clock.advance(15_000)
  await store.whenSynced()
  expect(ids()).toEqual(made)
  expect([branch.position, store.pending(), store.parked()]).toEqual([40, [], []])
})

test('a token that expires under the socket (4401): it is said, the queue stays, and a new token sends it', async () => {
  const tokens = ['first', 'refused', 'second']
  const store = await open({ token: () => tokens.shift()! })
  const told: string[] = []
  store.on('error', ({ code, message }) => told.push(`${code}: ${message}`))
  store.on('warning', ({ code, message }) => told.push(`${code}: ${message}`))
  await store.whenSynced()
  device.socket.cut(4401, 'token expired')
  expect(told).toEqual(['unauthorized: token expired'])
  const write = store.insert('orders', { id: 'o-1' })
  await device.clock.advance(1_400)
  expect(store.pending()).toHaveLength(1)
  await device.clock.advance(200)
  device.socket.cut(4401, 'token refused')
  expect(told).toEqual(['unauthorized: token expired', 'unauthorized: token refused'])
  await device.clock.advance(5_000)
  expect(device.socket.ofType('client:hello')[0]).toMatchObject({ token: 'second' })
  await write
  expect([ids(), store.parked()]).toEqual([['o-1'], []])
})

test('a token that is refused from the start: connect() rejects; after signing in nobody waits for the next attempt', async () => {
  device = new TestDevice()
  const store = createStore({ branchId: 'dar', platform: device.platform, token: 'old' })
  const connecting = store.connect()
  await settle()
  device.socket.accept()
  await settle()
  device.socket.cut(4401, 'sign in first')
  await expect(connecting).rejects.toMatchObject({ code: 'unauthorized', message: 'sign in first' })
  expect(device.sockets).toHaveLength(1)
  store.setToken('new')
  expect(device.sockets).toHaveLength(2)
  device.socket.accept()
  await settle()
  expect(device.socket.ofType('client:hello')[0]).toMatchObject({ token: 'new' })
})

test('a write that is refused as unauthorized: the error is told once, the write waits for the next socket', async () => {
  const store = await open()
  const told: string[] = []
  store.on('error', ({ code }) => told.push(code))
  await store.whenSynced()
  branch.refuseNext('unauthorized')
  const writes = ['o-1', 'o-2'].map((id) => store.insert('orders', { id }))
  await settle()
  expect([told, store.pending().length, store.status]).toEqual([['unauthorized'], 2, 'closed'])
  await device.clock.advance(3_000)
  await Promise.all(writes)
  expect([ids(), branch.position]).toEqual([['o-1', 'o-2'], 2])
})

test('a parked write that was sent again does not come back with the next page load', async () => {
  const store = await open()
  branch.refuseNext('validation-failed')
  await expect(store.insert('orders', { id: 'o-1' })).rejects.toMatchObject({ code: 'validation-failed' })
  await store.retryParked(store.parked()[0]!.id)
  await store.close()
  const again = await open()
  await again.whenSynced()
  expect([ids(), again.parked(), again.pending()]).toEqual([['o-1'], [], []])
})

test.each([24, -24])(
  'the clock jumps by %i hours under two tabs: one of them leads, each write arrives once',
  async (hours) => {
    let offsetMs = 0
    // The hands of the clock are moved; timers do not follow them.
    const platform = { ...device.platform, now: () => device.clock.nowMs + offsetMs }
    const [one, other] = [await open({ platform }), await open({ platform })]
    const writes = [one.insert('orders', { id: 'o-1' }), other.insert('orders', { id: 'o-2' })]
    offsetMs = hours * HOUR_MS
    writes.push(other.insert('orders', { id: 'o-3' }), one.insert('orders', { id: 'o-4' }))
    await device.clock.advance(10_000)
    await Promise.all(writes)
    await one.close()
    const late = other.insert('orders', { id: 'o-5' })
    await device.clock.advance(10_000)
    await late
    expect([ids().sort(), branch.position]).toEqual([['o-1', 'o-2', 'o-3', 'o-4', 'o-5'], 5])
  },
)

test('without a storage that lasts the records are not kept a second time in memory', async () => {
  const contents = emptyContents()
  device.openStorage = async () => createMemoryStorage(contents)
  branch.write('insert', 'orders', { id: 'o-1' })
  const store = await open()
  await store.insert('orders', { id: 'o-2' })
  await device.clock.advance(1_000)
  expect(store.listTable('orders')).toHaveLength(2)
  expect([contents.areas.records.size, contents.areas.queue.size]).toEqual([0, 0])
})
