import { beforeEach, expect, test } from 'vitest'
import type { JsonObject } from '../../src-shared/json.ts'
import { createMemoryStorage, emptyContents } from '../storage/memory-storage.ts'
import { settle, TestDevice } from '../testing/index.ts'
import { createStore } from './create-store.ts'
import type { StoreOptions } from './options.ts'
import type { Store } from './store.ts'

const DAY_MS = 24 * 3_600_000

let around: TestDevice

beforeEach(() => {
  around = new TestDevice()
})

async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = createStore({ branchId: 'dar', platform: around.platform, ...options })
  store.connect().catch(() => undefined)
  await settle()
  return store
}

async function openReady(tables: Record<string, JsonObject[]> = { orders: [] }, options: Partial<StoreOptions> = {}) {
  const store = await open(options)
  around.socket.accept()
  await settle()
  around.socket.welcome(1, tables)
  await settle()
  return store
}

const publishes = () => around.socket.ofType('client:publish')

test('an ack that is lost: the same request goes out again after the reconnect', async () => {
  const store = await openReady()
  const write = store.insert('orders', { name: 'tea' })
  await settle()
  const [sent] = publishes()
  await around.clock.advance(36_000)
  around.socket.accept()
  await settle()
  around.socket.welcome()
  await settle()
  expect(publishes()).toEqual([sent])
  around.socket.ack(sent!, 2)
  expect(await write).toMatchObject({ type: 'server:ack', sequence: 2 })
  expect(store.pending()).toEqual([])
})

test('at most 16 writes are under way, never two of one record, and the order is kept', async () => {
  const store = await openReady({ orders: [{ id: 'a', version: 1 }] })
  store.merge('orders', { id: 'a', n: 1, version: 1 })
  store.merge('orders', { id: 'a', n: 2, version: 2 })
  for (let n = 0; n < 30; n++) store.insert('orders', { id: `i${n}` })
  await settle()
  expect(publishes()).toHaveLength(1)
  around.socket.ack(publishes()[0]!, 2, 2)
  await settle()
  expect(publishes().map(({ record }) => (record as JsonObject).id)).toEqual([
    ...['a', 'a'],
    ...Array.from({ length: 15 }, (_, n) => `i${n}`),
  ])
})

test('[L1] a later write of the same record follows the version that came out of the first', async () => {
  const store = await openReady({ orders: [{ id: 'a', version: 1 }] }, { conflicts: { default: 'fields-merge' } })
  store.merge('orders', { id: 'a', n: 1, version: 1 })
  const { version } = store.read('orders', 'a')!
  store.merge('orders', { id: 'a', m: 1, version: version! })
  store.merge('orders', { id: 'a', l: 1, version: Number(version) + 1 })
  await settle()
  const current = { id: 'a', other: 1, version: 6 }
  around.socket.refuse(publishes()[0]!, 'version-conflict', { current })
  await settle()
  const resent = publishes()[1]!
  expect(resent.record).toEqual({ id: 'a', n: 1, version: 6 })
  expect(resent.requestId).not.toBe(publishes()[0]!.requestId)
  around.socket.ack(resent, 9, 7)
  await settle()
  expect(publishes()[2]!.record).toEqual({ id: 'a', m: 1, version: 7 })
  around.socket.ack(publishes()[2]!, 10, 12)
  await settle()
  expect(publishes()[3]!.record).toEqual({ id: 'a', l: 1, version: 12 })
})

test('optimistic: a write shows at once and disappears when it is refused', async () => {
  const store = await openReady({ orders: [{ id: 'a', name: 'tea', version: 3 }] })
  const changed: string[][] = []
  store.on('change', ({ tables }) => changed.push([...tables]))
  const update = store.merge('orders', { id: 'a', name: 'coffee', version: 3 })
  const removal = store.remove('orders', 'a')
  expect(store.listTable('orders')).toEqual([])
  await settle()
  around.socket.refuse(publishes()[0]!, 'validation-failed')
  await expect(update).rejects.toMatchObject({ code: 'validation-failed', writeId: update.id })
  await settle()
  around.socket.refuse(publishes()[1]!, 'forbidden')
  await expect(removal).rejects.toMatchObject({ code: 'forbidden' })
  expect(store.listTable('orders')).toEqual([{ id: 'a', name: 'tea', version: 3 }])
  expect(store.parked().map(({ reason }) => reason.code)).toEqual(['validation-failed', 'forbidden'])
  expect(changed.flat()).toContain('orders')
})

test('[W11] a batch that meets a newer record: that operation is merged, the rest goes again as it is', async () => {
  const strategies = { orders: 'fields-merge', locks: 'server-wins' } as const
  const rows = { orders: [{ id: 'a', note: '', version: 1 }], locks: [{ id: 'l', version: 1 }] }
  const store = await openReady(rows, { conflicts: strategies })
  const batch = store.batch([
    { action: 'insert', table: 'payments', record: { id: 'p', amount: 5 } },
    { action: 'merge', table: 'orders', record: { id: 'a', paid: true, version: 1 } },
  ])
  await settle()
  const current = { id: 'a', note: 'theirs', version: 4 }
  const conflict = { table: 'orders', key: 'a', current }
  around.socket.refuse(publishes()[0]!, 'version-conflict', conflict)
  await settle()
  const again = publishes()[1]!
  expect(again.requestId).not.toBe(publishes()[0]!.requestId)
  expect((again.operations as JsonObject[]).map(({ record }) => record)).toEqual([
    { id: 'p', amount: 5 },
    { id: 'a', paid: true, version: 4 },
  ])
  const result = { action: 'merge', table: 'orders', entry: { record: { ...current, paid: true, version: 5 } } }
  around.socket.say({
    type: 'server:ack',
    requestId: again.requestId,
    results: [{ ...result, table: 'payments' }, result],
  })
  await batch
  expect(store.pending()).toEqual([])

  // All or none: what may not be dropped alone is refused as a whole, and so is a conflict that names no record.
  for (const details of [{ table: 'locks', key: 'l', current: { id: 'l', version: 2 } }, {}]) {
    const refused = store.batch([
      { action: 'insert', table: 'payments', record: { amount: 1 } },
      { action: 'merge', table: 'locks', record: { id: 'l', active: false, version: 1 } },
    ])
    await settle()
    around.socket.refuse(publishes().at(-1)!, 'version-conflict', details)
    await expect(refused).rejects.toMatchObject({ code: 'version-conflict' })
  }
  expect(store.parked()).toHaveLength(2)
})

test('server-wins: the write is dropped and its promise says so', async () => {
  const store = await openReady({ orders: [{ id: 'a', version: 1 }] }, { conflicts: { orders: 'server-wins' } })
  const write = store.merge('orders', { id: 'a', n: 1, version: 1 })
  await settle()
  around.socket.refuse(publishes()[0]!, 'version-conflict', { current: { id: 'a', version: 2 } })
  expect(await write).toMatchObject({ type: 'settled', reason: 'server-wins', current: { version: 2 } })
  expect([store.pending(), store.parked()]).toEqual([[], []])
})

test('a busy server gets the write again after a pause; nothing is parked', async () => {
  const store = await openReady()
  const write = store.insert('orders', { id: 'a' })
  await settle()
  for (const code of ['store-busy', 'rate-limited', 'disk-full']) {
    around.socket.refuse(publishes().at(-1)!, code)
    const count = publishes().length
    await around.clock.advance(900)
    expect(publishes()).toHaveLength(count)
    await around.clock.advance(5_000)
    expect(publishes()).toHaveLength(count + 1)
  }
  around.socket.ack(publishes().at(-1)!, 2)
  await write
  expect(new Set(publishes().map(({ requestId }) => requestId)).size).toBe(1)
  expect(store.parked()).toEqual([])
})

test('a write that the server can never take for now holds up its own record and nothing else', async () => {
  const store = await openReady({ orders: [{ id: 'a', version: 1 }] })
  store.merge('orders', { id: 'a', n: 1 })
  store.merge('orders', { id: 'a', n: 2 })
  store.insert('orders', { id: 'b' })
  await settle()
  for (let round = 0; round < 3; round++) {
    expect(publishes().map(({ record }) => (record as JsonObject).id)).not.toContain('b')
    around.socket.refuse(publishes().at(-1)!, 'internal')
    await around.clock.advance(8_000)
  }
  expect(
    publishes()
      .slice(3)
      .map(({ record }) => record),
  ).toEqual([{ id: 'a', n: 1 }, { id: 'b' }])
})

test('a token that is refused costs the connection, not the write', async () => {
  let count = 0
  const store = await openReady({ orders: [] }, { token: async () => `token-${++count}` })
  store.insert('orders', { id: 'a' })
  await settle()
  around.socket.refuse(publishes()[0]!, 'unauthorized')
  await around.clock.advance(3_000)
  around.socket.accept()
  await settle()
  expect(around.socket.ofType('client:hello')[0]).toMatchObject({ token: 'token-2' })
  around.socket.welcome()
  await settle()
  expect(publishes()).toHaveLength(1)
  expect(store.parked()).toEqual([])
})

test('a reload finds its data and its writes, in order, before any server', async () => {
  const contents = emptyContents()
  around.openStorage = async () => ({ ...createMemoryStorage(contents), isDurable: true })
  const store = await openReady({ orders: [{ id: 'a', name: 'tea', version: 1 }] })
  await around.clock.advance(500)
  around.socket.cut()
  const names = ['b', 'c', 'd']
  await Promise.all(names.map((id) => store.insert('orders', { id }).queued))

  around = new TestDevice()
  around.openStorage = async () => ({ ...createMemoryStorage(contents), isDurable: true })
  const again = createStore({ branchId: 'dar', platform: around.platform })
  await again.connect()
  expect(again.status).toBe('connecting')
  expect(again.listTable('orders').map(({ id }) => id)).toEqual(['a', ...names])
  // The other page never said goodbye: its lease runs out.
  await around.clock.advance(8_000)
  around.socket.accept()
  await settle()
  expect(around.socket.ofType('client:hello')[0]).toMatchObject({ cursor: { pos: { epoch: 1, seq: 1 } } })
  around.socket.welcome()
  await settle()
  expect(publishes().map(({ record }) => (record as JsonObject).id)).toEqual(names)
})

test('a queue that is older than the memory of the server is looked up before it is sent', async () => {
  const contents = emptyContents()
  around.openStorage = async () => ({ ...createMemoryStorage(contents), isDurable: true })
  const store = await openReady()
  around.socket.cut()
  await store.insert('orders', { id: 'done', name: 'tea' }).queued
  await store.insert('orders', { id: 'new', name: 'tea' }).queued
  await store.close()

  around = new TestDevice()
  around.openStorage = async () => ({ ...createMemoryStorage(contents), isDurable: true })
  around.clock.nowMs += 6.5 * DAY_MS
  const again = await openReady()
  await around.clock.advance(100)
  const answer = (result: JsonObject | null) => {
    const { requestId } = around.socket.ofType('client:query').at(-1)!
    around.socket.say({ type: 'server:query:result', requestId, result })
  }
  expect(publishes()).toEqual([])
  answer({ id: 'done', name: 'tea', version: 4 })
  await settle()
  expect(again.pending()).toHaveLength(1)
  answer(null)
  await settle()
  expect(publishes().map(({ record }) => (record as JsonObject).id)).toEqual(['new'])
})

test('a storage that is full: the write is sent all the same, and the application is told', async () => {
  const memory = createMemoryStorage()
  const refuse = () => Promise.reject(new DOMException('full', 'QuotaExceededError'))
  around.openStorage = async () => ({ ...memory, isDurable: true, append: refuse })
  const store = await openReady()
  const warnings: string[] = []
  store.on('warning', ({ code }) => warnings.push(code))
  const write = store.insert('orders', { id: 'a' })
  expect(await write.queued).toEqual({ isDurable: false })
  expect(store.pending()[0]).toMatchObject({ isDurable: false })
  expect(warnings).toEqual(['storage-failed'])
  around.socket.ack(publishes()[0]!, 2)
  await write
})

test('misuse is refused with a reason and leaves no trace', async () => {
  const store = await openReady({ orders: [{ id: 'a', version: 1 }] })
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  await expect(store.merge('orders', { name: 'x' })).rejects.toMatchObject({ code: 'missing-record-key' })
  await expect(store.insert('orders', cycle)).rejects.toMatchObject({ code: 'invalid-record' })
  await expect(store.insert('orders', [])).rejects.toMatchObject({ code: 'invalid-record' })
  const large = store.insert('orders', { text: 'ش'.repeat(600_000) })
  await expect(large).rejects.toMatchObject({ code: 'body-too-large' })
  const deep = JSON.parse(`${'{"a":'.repeat(70)}1${'}'.repeat(70)}`) as object
  await expect(store.insert('orders', deep)).rejects.toMatchObject({ code: 'body-too-deep' })
  await expect(store.batch([])).rejects.toMatchObject({ code: 'missing-record' })
  await expect(store.retryParked('nothing')).rejects.toMatchObject({ code: 'write-discarded' })
  expect(store.pending()).toEqual([])
  expect(() => createStore({} as never)).toThrow(expect.objectContaining({ code: 'missing-branch-id' }))
  await store.close()
  await store.close()
  await expect(store.connect()).rejects.toMatchObject({ code: 'closed' })
})
