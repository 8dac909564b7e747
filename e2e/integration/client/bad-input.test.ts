import { afterEach, expect, test } from 'vitest'
import type { SocketLike } from '../../../src-client/lib/platform.ts'
import { emptyContents, type MemoryContents } from '../../../src-client/storage/memory-storage.ts'
import { createStore } from '../../../src-client/store/create-store.ts'
import type { StoreOptions } from '../../../src-client/store/options.ts'
import type { Store } from '../../../src-client/store/store.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { BranchClient } from '../../support/branch-client.ts'
import { send } from '../../support/http.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { awaitTask } from '../../support/tasks.ts'
import { type NodeDevice, nodePlatform } from './support/node-platform.ts'

/** What may go wrong around the SDK, against a real server; what only the SDK decides is in its unit tests. */
const DAY_MS = 24 * 3_600_000

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function startServer(): Promise<{ server: TestServer; branch: BranchClient }> {
  const server = await startTestServer()
  closing.push(() => server.stop())
  return { server, branch: new BranchClient(() => server.url) }
}

interface TabletOptions extends Partial<NodeDevice> {
  store?: Partial<StoreOptions>
  /** Milliseconds by which the tablet's clock is ahead of the server's. */
  clockOffsetMs?: number
}

/** A tablet whose network can be switched off. */
class Tablet {
  readonly contents: MemoryContents
  readonly #options: TabletOptions
  readonly #server: TestServer
  #isOnline = true
  #open: { socket: SocketLike; end: () => void }[] = []
  store: Store

  constructor(server: TestServer, options: TabletOptions = {}) {
    this.#server = server
    this.#options = options
    this.contents = options.contents ?? emptyContents()
    this.store = this.#start()
    closing.push(() => this.store.close())
  }

  /** Cuts the connection, and refuses new ones while it is false. */
  setOnline(isOnline: boolean): void {
    this.#isOnline = isOnline
    if (!isOnline) for (const { end } of this.#open.splice(0)) end()
  }

  /** Only what was kept counts. */
  async reload(): Promise<void> {
    await this.store.close()
    this.store = this.#start()
    await this.store.open()
  }

  #start(): Store {
    const { store = {}, clockOffsetMs = 0, openSocket = (url: string) => new WebSocket(url) } = this.#options
    const base = nodePlatform({ contents: this.contents, speed: 20 })
    const platform = {
      ...base,
      now: () => base.now() + clockOffsetMs,
      openSocket: (url: string): SocketLike => {
        if (!this.#isOnline) throw new Error('the network is off')
        const socket = openSocket(url)
        const end = (): void => {
          socket.close()
          socket.onclose?.call(socket as never, { code: 1006, reason: '' } as never)
        }
        this.#open.push({ socket, end })
        return socket
      },
    }
    const options = { branchId: 'dar', moduleId: 'pos', wsUrl: this.#server.wsUrl, platform, ...store }
    const made = createStore(options)
    made.connect().catch(() => undefined)
    return made
  }
}

/** The events of the records with this prefix, as often as the server committed them. */
async function committed(branch: BranchClient, prefix: string): Promise<string[]> {
  const { body } = await branch.send('GET', 'events?limit=1000')
  const { events } = body as { events: { action: string; key: string | null }[] }
  return events.filter(({ key }) => key?.startsWith(prefix)).map(({ action, key }) => `${action} ${key}`)
}

/** Resolves at the first change after which the condition holds. */
function until(store: Store, isTrue: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const stops = [store.on('change', look), store.on('status', look)]
    const deadline = setTimeout(() => end(() => reject(new Error('the change did not come'))), 15_000)
    function end(then: () => void): void {
      clearTimeout(deadline)
      for (const stop of stops) stop()
      then()
    }
    function look(): void {
      if (isTrue()) end(resolve)
    }
    queueMicrotask(look)
  })
}

const order = (id: string, more: JsonObject = {}): JsonObject => ({ id, statusId: 'open', ...more })

test('[P3, D2] the server is restored from a backup: no ghost rows, and each write of the queue arrives once', async () => {
  const { server, branch } = await startServer()
  const conflicts = { default: 'fields-merge' } as const
  const [live, away] = [new Tablet(server, { store: { conflicts } }), new Tablet(server, { store: { conflicts } })]
  for (const { store } of [live, away]) await store.whenSynced()
  await live.store.insert('order_header', order('kept', { guests: 2 }))
  const backupId = await makeBackup(server)

  // After the backup: an order that the restore takes away, and a change of the one that stays.
  await live.store.insert('order_header', order('ghost'))
  await live.store.merge('order_header', { id: 'kept', version: 1, guests: 3 })
  await until(away.store, () => away.store.read('order_header', 'kept')?.version === 2)
  away.setOnline(false)
  await away.store.insert('order_header', order('queued')).queued
  await away.store.merge('order_header', { id: 'kept', version: 2, customerName: 'Mona' }).queued
  await away.store.merge('order_header', { id: 'ghost', version: 1, guests: 9 }).queued

  await restore(server, backupId)
  await until(live.store, () => live.store.read('order_header', 'ghost') === undefined)
  expect(live.store.read('order_header', 'kept')).toMatchObject({ guests: 2, version: 1 })

  // The tablet that was away comes back after a reload, from its cache and its queue.
  await away.reload()
  expect(away.store.read('order_header', 'ghost')).toBeDefined()
  expect(away.store.pending()).toHaveLength(3)
  away.setOnline(true)
  await away.store.whenSynced()
  await until(live.store, () => live.store.read('order_header', 'kept')?.version === 2)
  for (const { store } of [live, away]) {
    expect(store.listTable('order_header')).toEqual(await branch.list('order_header'))
    expect(store.listTable('order_header').map(({ id }) => id)).toEqual(['kept', 'queued'])
    expect(store.read('order_header', 'kept')).toMatchObject({ guests: 2, customerName: 'Mona', version: 2 })
  }
  expect(away.store.parked().map(({ record, reason }) => [record.id, reason.code])).toEqual([
    ['ghost', 'epoch-changed'],
  ])
  expect(await committed(branch, 'queued')).toEqual(['module:insert queued'])
  // A second reload shows that the cache, too, is of the new epoch.
  away.setOnline(false)
  await away.reload()
  expect(away.store.listTable('order_header').map(({ id }) => id)).toEqual(['kept', 'queued'])
})

test('[R3] the schema changes under a queue: new fields appear, what was queued arrives once, a new lock is obeyed', async () => {
  const { server, branch } = await startServer()
  const merging = { default: 'fields-merge' } as const
  const [live, away] = [new Tablet(server), new Tablet(server, { store: { conflicts: merging } })]
  const strict = new Tablet(server)
  for (const { store } of [live, away, strict]) await store.whenSynced()
  const [table, other] = live.store.listTable('dining_tables') as [JsonObject, JsonObject]
  const directives: string[] = []
  live.store.on('directive', ({ directive }) => directives.push(directive))

  for (const tablet of [away, strict]) tablet.setOnline(false)
  await away.store.insert('dining_tables', { id: 'table-new', name: 'New' }).queued
  await away.store.merge('dining_tables', { id: table.id!, note: 'window' }).queued
  await strict.store.merge('dining_tables', { id: other.id!, note: 'door' }).queued

  const schema = await readSchema(server)
  const tables = (schema.schema as JsonObject).tables as JsonObject[]
  const dining = tables.find(({ name }) => name === 'dining_tables')!
  dining.locking = 'required'
  ;(dining.fields as JsonObject[]).push({ name: 'shape', type: 'string', defaultValue: 'round' })
  const saved = await send(server.url, '/api/schemas/branch/dar/pos', { method: 'POST', body: { schema } })
  expect(saved.status, saved.text).toBe(200)

  const written = live.store.insert('dining_tables', { id: 'table-square', name: 'Square', shape: 'square' })
  await written
  expect(directives).toContain('reload-schema')
  for (const tablet of [away, strict]) tablet.setOnline(true)
  await away.store.whenSynced()
  await strict.store.whenSynced()
  await until(live.store, () => live.store.read('dining_tables', 'table-new') !== undefined)
  expect(live.store.read('dining_tables', 'table-new')).toMatchObject({ shape: 'round', version: 1 })
  expect(await branch.find('dining_tables', String(table.id))).toMatchObject({ note: 'window', version: 2 })
  expect(await committed(branch, 'table-new')).toEqual(['module:insert table-new'])
  expect(away.store.parked()).toEqual([])
  // Written before there was a lock, without a version, by an application that wants to be asked.
  expect(strict.store.parked().map(({ reason }) => [reason.code, reason.current?.id])).toEqual([
    ['version-conflict', other.id],
  ])
  for (const { store } of [live, away, strict]) {
    expect(store.listTable('dining_tables')).toEqual(await branch.list('dining_tables'))
  }
})

test.each([1, -1])('a tablet whose clock is wrong by %i day writes and reads as the others do', async (days) => {
  const { server, branch } = await startServer()
  const contents = emptyContents()
  const wrong = { contents, clockOffsetMs: days * DAY_MS, store: { conflicts: { default: 'fields-merge' } } } as const
  const [right, one] = [new Tablet(server), new Tablet(server, wrong)]
  for (const { store } of [right, one]) await store.whenSynced()
  // A second tab of the same tablet, and a reload of the first: the lease is by the wrong clock, too.
  const two = new Tablet(server, wrong)
  await two.store.whenSynced()
  const before = Date.now()
  await Promise.all([
    one.store.insert('order_header', order('one', { guests: 1 })),
    two.store.insert('order_header', order('two', { guests: 2 })),
    right.store.insert('order_header', order('right')),
  ])
  await one.reload()
  await one.store.whenSynced()
  await until(one.store, () => one.store.listTable('order_header').length === 3)
  await Promise.all([
    right.store.merge('order_header', { id: 'one', version: 1, guests: 4 }),
    one.store.merge('order_header', { id: 'two', version: 1, guests: 5 }),
  ])
  await until(two.store, () =>
    two.store.listTable('order_header').every(({ id, guests }) => id === 'right' || Number(guests) > 3),
  )
  for (const id of ['one', 'two', 'right']) {
    const stored = (await branch.find('order_header', id))!
    expect(Math.abs(Date.parse(String(stored.createdAt)) - before)).toBeLessThan(60_000)
    expect(two.store.read('order_header', id)).toEqual(stored)
  }
  expect((await committed(branch, 't')).concat(await committed(branch, 'one')).sort()).toEqual(
    ['module:insert one', 'module:insert two', 'module:merge one', 'module:merge two'].sort(),
  )
})

test('[I1] an ack that is lost on the wire: the write is sent again, answered from memory, and there is one event', async () => {
  const { server, branch } = await startServer()
  let lost = 0
  const openSocket = (url: string): SocketLike => {
    const socket: SocketLike = new WebSocket(url)
    return new Proxy(socket, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
      set(target, name, value: (event: MessageEvent) => void) {
        const hear = (event: MessageEvent): void => {
          const isAck = String(event.data).startsWith('{"type":"server:ack"')
          // The first time the ack is lost, and the network with it.
          if (isAck && lost++ === 0) target.close()
          else value(event)
        }
        return Reflect.set(target, name, name === 'onmessage' ? hear : value, target)
      },
    })
  }
  const tablet = new Tablet(server, { openSocket })
  await tablet.store.whenSynced()
  const ack = await tablet.store.insert('order_header', order('lost-ack'))
  expect(ack).toMatchObject({ type: 'server:ack', replayed: true })
  expect(lost).toBe(2)
  expect(await committed(branch, 'lost-ack')).toEqual(['module:insert lost-ack'])
  expect(tablet.store.pending()).toEqual([])
})

async function makeBackup(server: TestServer): Promise<string> {
  const { result } = await awaitTask(server, '/api/manage/backups', {})
  return String((result as JsonObject).backupId)
}

async function restore(server: TestServer, backupId: string): Promise<void> {
  await awaitTask(server, '/api/manage/restore', { backupId, branchId: 'dar', confirm: 'dar' })
}

async function readSchema(server: TestServer): Promise<JsonObject> {
  const { body } = await send(server.url, '/api/schemas/global/pos_schema')
  return (body as { schema: JsonObject }).schema
}
