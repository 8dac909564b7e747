import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { emptyContents } from '../../../src-client/storage/memory-storage.ts'
import { createStore } from '../../../src-client/store/create-store.ts'
import type { StoreOptions } from '../../../src-client/store/options.ts'
import type { Store } from '../../../src-client/store/store.ts'
import { BranchClient } from '../../support/branch-client.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { nodePlatform } from './support/node-platform.ts'

/** The store in Node against a real server: what only one side's code decides is tested in the unit tests. */
let server: TestServer
let branch: BranchClient
const stores: Store[] = []

beforeAll(async () => {
  server = await startTestServer()
  branch = new BranchClient(() => server.url)
})
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
})
afterAll(() => server?.stop())

async function open(options: Partial<StoreOptions> = {}, contents = emptyContents()): Promise<Store> {
  const platform = nodePlatform({ contents, speed: 10 })
  const store = createStore({ branchId: 'dar', moduleId: 'pos', wsUrl: server.wsUrl, platform, ...options })
  stores.push(store)
  await store.connect()
  await store.whenSynced()
  return store
}

/** Resolves at the first change after which the condition holds. */
function until(store: Store, isTrue: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error('the change did not come')), 10_000)
    const look = () => {
      if (!isTrue()) return
      clearTimeout(deadline)
      stop()
      resolve()
    }
    const stop = store.on('change', look)
    look()
  })
}

test('[W11] a batch is seen by others all at once, and not at all when one operation is refused', async () => {
  const [writer, reader] = [await open(), await open()]
  const seen: number[] = []
  const lines = () => reader.query('order_line', { orderId: 'batch-1' }).length
  reader.on('change', () => seen.push(lines()))
  const order = { action: 'insert', table: 'order_header', record: { id: 'batch-1', status: 'open' } } as const
  const line = (n: number) =>
    ({ action: 'insert', table: 'order_line', record: { id: `batch-l${n}`, orderId: 'batch-1', quantity: n } }) as const
  const ack = await writer.batch([order, line(1), line(2), line(3)])
  expect(ack).toMatchObject({ type: 'server:ack', action: 'module:batch', results: { length: 4 } })
  await until(reader, () => lines() === 3)
  expect(seen.filter((count) => count !== 0 && count !== 3)).toEqual([])

  const broken = writer.batch([
    line(4),
    { action: 'merge', table: 'order_header', record: { id: 'nobody', version: 1 } },
  ])
  await expect(broken).rejects.toMatchObject({ code: 'record-not-found' })
  expect(writer.read('order_line', 'batch-l4')).toBeUndefined()
  expect(await branch.find('order_line', 'batch-l4')).toBeUndefined()
})

test('[H4] a short absence is made up by events, a long one by a delta; nothing is read twice', async () => {
  const contents = emptyContents()
  const first = await open({}, contents)
  await first.insert('reservations', { id: 'away-0', status: 'booked' })
  await new Promise((resolve) => setTimeout(resolve, 100))
  await first.close()

  for (const [count, prefix] of [
    [20, 'short'],
    [700, 'long'],
  ] as const) {
    const writes = Array.from({ length: count }, (_, n) => ({ id: `${prefix}-${n}`, status: 'booked' }))
    for (let start = 0; start < count; start += 50) {
      await Promise.all(writes.slice(start, start + 50).map((record) => branch.insert('reservations', record)))
    }
    await branch.remove('reservations', `${prefix}-0`)
    let snapshots = 0
    const store = createStore({
      ...{ branchId: 'dar', moduleId: 'pos', wsUrl: server.wsUrl },
      platform: nodePlatform({ contents, speed: 10 }),
    })
    stores.push(store)
    store.on('snapshot', () => snapshots++)
    await store.connect()
    await store.whenSynced()
    expect(store.query('reservations', ({ id }) => String(id).startsWith(prefix))).toHaveLength(count - 1)
    expect(store.read('reservations', 'away-0')).toBeDefined()
    expect(snapshots).toBe(0)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await store.close()
  }
})

test('[R1] a reset empties what it empties: watchers see it, and writes go on', async () => {
  const store = await open()
  await store.insert('order_header', { id: 'before-reset', status: 'open' })
  const heard: string[] = []
  store.on('event', ({ action }) => heard.push(action))
  const answer = await branch.send('POST', 'reset', { confirm: 'pos', reason: 'test' })
  expect(answer.status, answer.text).toBe(200)
  await until(store, () => store.read('order_header', 'before-reset') === undefined)
  expect(heard).toContain('module:reset')
  expect(store.listTable('menu_items').length).toBeGreaterThan(100)
  await store.insert('order_header', { id: 'after-reset', status: 'open' })
  expect(store.listTable('order_header').map(({ id }) => id)).toEqual(['after-reset'])
})

test('[P5] with some tables only the others stay empty, and positions may jump', async () => {
  const store = await open({ tables: ['dining_tables'] })
  const [table] = store.listTable('dining_tables')
  expect([store.listTable('menu_items').length, table !== undefined]).toEqual([0, true])
  await branch.insert('order_header', { id: 'unheard', status: 'open' })
  await branch.merge('dining_tables', { id: String(table!.id), note: 'window' })
  await until(store, () => store.read('dining_tables', String(table!.id))?.note === 'window')
  expect(store.listTable('order_header')).toEqual([])
  expect(store.status).toBe('ready')
})

test('tables whose key is not an id: found, changed and removed by their own key', async () => {
  const store = await open()
  const pairs = store.listTable('category_sections').length
  await store.insert('category_sections', { categoryId: 'cat-new', sectionId: 'section-new' })
  expect(store.read('category_sections', 'cat-new::section-new')).toMatchObject({ version: 1 })
  await store.merge('category_sections', { categoryId: 'cat-new', sectionId: 'section-new', note: 'x' })
  expect(store.listTable('category_sections')).toHaveLength(pairs + 1)
  await store.remove('category_sections', { categoryId: 'cat-new', sectionId: 'section-new' })
  expect(store.listTable('category_sections')).toHaveLength(pairs)
})

test('records outside of the snapshot are asked for, a page at a time', async () => {
  const store = await open()
  const first = await store.fetchList('menu_items', { limit: 100 })
  const second = await store.fetchList('menu_items', { limit: 100, next: first.next! })
  expect([first.records.length, second.records.length, second.next]).toEqual([100, 41, undefined])
  expect(await store.fetchRecord('menu_items', String(first.records[0]!.id))).toEqual(first.records[0])
  expect(await store.fetchRecord('menu_items', 'nobody')).toBeUndefined()
  await expect(store.fetchRecord('no_such_table', 'x')).rejects.toMatchObject({ code: 'table-not-found' })
  const { modules } = await store.requestSnapshot()
  expect(modules.pos!.tables.menu_items).toHaveLength(141)
})

test('two tablets change different fields of one order at once: both changes stay', async () => {
  await branch.insert('order_header', { id: 'both', status: 'open', guests: 2 })
  const conflicts = { order_header: 'fields-merge' } as const
  const [one, other] = [await open({ conflicts }), await open({ conflicts })]
  const version = Number(one.read('order_header', 'both')!.version)
  await Promise.all([
    one.merge('order_header', { id: 'both', guests: 5, version }),
    other.merge('order_header', { id: 'both', customerName: 'Mona', version }),
  ])
  expect(await branch.find('order_header', 'both')).toMatchObject({ guests: 5, customerName: 'Mona', version: 3 })
  expect([...one.parked(), ...other.parked()]).toEqual([])
})
