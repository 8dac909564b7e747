import { beforeEach, expect, test } from 'vitest'
import type { Platform } from '../lib/platform.ts'
import { settle, TestBranch, TestDevice } from '../testing/index.ts'
import { createDB, type Db, type DbOptions } from './create-db.ts'

let branch: TestBranch
let device: TestDevice
/** The network lets REST through; the socket is the test's. */
let platform: Platform
let asked: string[]

beforeEach(() => {
  branch = new TestBranch({ tables: { order_header: [{ id: 'rest', status: 'open' }], menu: [] } })
  device = new TestDevice()
  asked = []
  platform = {
    ...device.platform,
    fetch: async (url) => {
      asked.push(new URL(url).pathname)
      return branch.answer(url)
    },
  }
})

function open(options: Partial<DbOptions> = {}): Db {
  return createDB({ branchId: 'dar', platform, objects: { orders: { table: 'order_header' } }, ...options })
}

function follow(db: Db): string[][] {
  const seen: string[][] = []
  db.watch<{ id: string }>('orders', (orders) => seen.push(orders.map(({ id }) => id)))
  return seen
}

test('the first watch shows a REST answer, which live data replaces', async () => {
  const db = open()
  const seen = follow(db)
  const second = follow(db)
  await settle()
  expect([seen, second]).toEqual([[['rest']], [['rest']]])
  expect(asked).toEqual(['/api/branches/dar/modules/pos'])

  device.socket.accept()
  await settle()
  device.socket.welcome(4, { order_header: [{ id: 'live' }] })
  await settle()
  expect(seen).toEqual([['rest'], ['live']])
  await db.close()
})

test('live data that was quicker is not replaced by a REST answer; a table that becomes empty is shown empty', async () => {
  const answer = Promise.withResolvers<void>()
  const { fetch } = platform
  platform.fetch = async (url) => {
    await answer.promise
    return fetch(url)
  }
  const db = open()
  const seen = follow(db)
  await settle()
  device.socket.accept()
  await settle()
  device.socket.welcome(4, { order_header: [{ id: 'live' }] })
  await settle()
  answer.resolve()
  await settle()
  expect([asked.length, seen]).toEqual([1, [['live']]])
  device.socket.cut()
  await device.clock.advance(15_000)
  device.socket.accept()
  await settle()
  device.socket.welcome(5, { order_header: [] })
  await settle()
  expect(seen).toEqual([['live'], []])
  await db.close()
})

test('what the device has kept is shown at once, without asking over REST', async () => {
  const first = open()
  await settle()
  device.socket.accept()
  await settle()
  device.socket.welcome(4, { order_header: [{ id: 'kept' }] })
  await settle()
  await device.clock.advance(1_000)
  await first.close()

  const db = open()
  const seen = follow(db)
  await settle()
  expect([seen, asked]).toEqual([[['kept']], []])
  await db.close()
})

test('without smartFetch nothing is asked, and nothing is told before there is data', async () => {
  const db = open({ smartFetch: false })
  const seen = follow(db)
  await settle()
  expect([seen, asked]).toEqual([[], []])
  await db.close()
})

test('the status is told as connected and disconnected, at once and at each change', async () => {
  const db = open()
  const statuses: string[] = []
  const stop = db.status((status) => statuses.push(status))
  await settle()
  expect(statuses).toEqual([])
  device.socket.accept()
  await settle()
  device.socket.welcome()
  expect(statuses).toEqual(['connected'])
  device.socket.cut()
  expect(statuses).toEqual(['connected', 'disconnected'])
  stop()
  await db.close()
  expect(statuses).toHaveLength(2)
})
