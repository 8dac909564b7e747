import { beforeEach, expect, test } from 'vitest'
import type { JsonObject } from '../../src-shared/json.ts'
import { PROTOCOLS } from '../../src-shared/protocol/version.ts'
import { settle, TestDevice } from '../testing/index.ts'
import { createStore } from './create-store.ts'
import type { StoreOptions } from './options.ts'
import { PROTOCOL } from './session.ts'
import type { Store } from './store.ts'

const _DAY_MS = 24 * 3_600_000

let around: TestDevice
let statuses: string[]

beforeEach(() => {
  around = new TestDevice()
  statuses = []
})

async function open(options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = createStore({ branchId: 'dar', platform: around.platform, ...options })
  store.on('status', ({ status }) => statuses.push(status))
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

const _publishes = () => around.socket.ofType('client:publish')

test('the hello declares protocol, module, client and, after a loss, the position', async () => {
  expect(PROTOCOLS).toContain(PROTOCOL)
  const store = await openReady()
  const [hello] = around.socket.ofType('client:hello')
  expect(hello).toMatchObject({ protocol: 2, branchId: 'dar', modules: ['pos'], requestSnapshot: true })
  expect(hello).not.toHaveProperty('cursor')
  around.socket.cut()
  await around.clock.advance(15_000)
  around.socket.accept()
  await settle()
  const [again] = around.socket.ofType('client:hello')
  expect(again).toMatchObject({ clientId: hello!.clientId, cursor: { pos: { epoch: 1, seq: 1 } } })
  around.socket.welcome(1)
  expect(statuses).toEqual(['connecting', 'open', 'ready', 'closed', 'connecting', 'open', 'ready'])
  await store.close()
  expect(store.status).toBe('closed')
})

test('waits between attempts grow, and are short again after a success; a page that wakes does not wait', async () => {
  await open()
  const waits: number[] = []
  for (let attempt = 0; attempt < 4; attempt++) {
    const before = around.sockets.length
    around.socket.cut()
    let waited = 0
    while (around.sockets.length === before) {
      await around.clock.advance(100)
      waited += 100
    }
    waits.push(waited)
  }
  expect(waits).toEqual([1_500, 2_200, 3_400, 5_500])
  around.socket.accept()
  await settle()
  around.socket.welcome()
  around.socket.cut()
  await around.clock.advance(1_600)
  expect(around.sockets).toHaveLength(6)
  around.socket.cut()
  around.wake()
  expect(around.sockets).toHaveLength(7)
})

test('a silent server is asked with a ping and given up when it does not answer', async () => {
  await openReady()
  await around.clock.advance(20_000)
  expect(around.socket.ofType('ping')).toHaveLength(1)
  around.socket.say({ type: 'pong' })
  await around.clock.advance(19_000)
  expect(around.sockets).toHaveLength(1)
  await around.clock.advance(18_000)
  expect(around.sockets).toHaveLength(2)
})

test('a server that opens the socket and never welcomes is given up', async () => {
  await open()
  around.socket.accept()
  await around.clock.advance(18_000)
  expect(around.sockets).toHaveLength(2)
})

test('the server says when to come back', async () => {
  await openReady()
  around.socket.say({ type: 'server:directive', directive: 'reconnect', reason: 'stopping', retryAfterMs: 9_000 })
  around.socket.cut()
  await around.clock.advance(8_900)
  expect(around.sockets).toHaveLength(1)
  await around.clock.advance(200)
  expect(around.sockets).toHaveLength(2)
})

test('a refused hello rejects connect() and is told; the store goes on trying', async () => {
  const store = createStore({ branchId: 'nowhere', platform: around.platform })
  const errors: string[] = []
  store.on('error', ({ code }) => errors.push(code))
  const connecting = store.connect()
  await settle()
  around.socket.accept()
  await settle()
  around.socket.refuse(around.socket.ofType('client:hello')[0]!, 'branch-not-found')
  await expect(connecting).rejects.toMatchObject({ code: 'branch-not-found' })
  expect(errors).toEqual(['branch-not-found'])
  await around.clock.advance(3_000)
  expect(around.sockets).toHaveLength(2)
})

test('a gap, a reset and a directive are answered with a hello from our position; a second failure asks for all', async () => {
  const store = await openReady({ orders: [{ id: 'a', version: 1 }] })
  const recordRef = { table: 'orders', key: 'a', primaryKey: { id: 'a' } }
  const record = { id: 'a', version: 2 }
  const event = { type: 'server:event', moduleId: 'pos', epoch: 1, table: 'orders', recordRef, entry: { record } }
  around.socket.say({ ...event, sequence: 5, action: 'module:merge' })
  await settle()
  const hellos = () => around.socket.ofType('client:hello')
  expect(hellos().at(-1)).toMatchObject({ cursor: { pos: { seq: 1 } } })
  const cursor = { pos: { epoch: 1, seq: 5 } }
  around.socket.say({ type: 'server:ready', requestId: hellos().at(-1)!.requestId, cursor, modes: {} })
  await settle()
  expect(hellos()).toHaveLength(3)
  expect(hellos().at(-1)).not.toHaveProperty('cursor')
  around.socket.welcome(5, { orders: [record] })
  expect(store.read('orders', 'a')).toEqual(record)
  around.socket.say({ type: 'server:directive', directive: 'resync', reason: 'slow-client', branchId: 'dar', meta: {} })
  await settle()
  expect(hellos()).toHaveLength(4)
  expect(store.status).toBe('ready')
})
