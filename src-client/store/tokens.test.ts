import { expect, test } from 'vitest'
import { settle, TestBranch, TestDevice } from '../testing/index.ts'
import { createStore } from './create-store.ts'
import type { StoreOptions } from './options.ts'

const directive = {
  ...{ type: 'server:directive', directive: 'renew-token', reason: 'token-expires' },
  ...{ expiresAt: '2026-01-01T00:15:00.000Z', meta: {} },
}

async function open(options: Partial<StoreOptions>) {
  const branch = new TestBranch({ tables: { orders: [] } })
  const device = new TestDevice({ branch })
  const store = createStore({ branchId: 'dar', platform: device.platform, ...options })
  await store.connect()
  return { branch, device, store }
}

test('the server says when a token ends soon: another one is asked for and shown on the same socket', async () => {
  let asked = 0
  const { device } = await open({ getToken: async () => `token-${++asked}`, token: 'not this one' })
  expect(device.socket.ofType('client:hello')[0]).toMatchObject({ token: 'token-1' })
  device.socket.say(directive)
  await settle()
  expect(device.socket.ofType('client:auth')).toMatchObject([{ token: 'token-2' }])
  expect(device.sockets).toHaveLength(1)
})

test('no token to be had now leaves the socket alone, whether the function throws or rejects', async () => {
  for (const fail of [
    () => Promise.reject(new Error('away')),
    () => {
      throw new Error('away')
    },
  ]) {
    let asked = 0
    const { device, store } = await open({ getToken: () => (asked++ === 0 ? 'token-1' : fail()) })
    device.socket.say(directive)
    await settle()
    expect([asked, device.socket.ofType('client:auth'), store.status]).toEqual([2, [], 'ready'])
  }
})

test('signed out: told with the code, the queue is kept, and a new token sends it', async () => {
  const { branch, device, store } = await open({ token: 'old' })
  const told: string[] = []
  store.on('signed-out', ({ code }) => told.push(code))
  device.socket.cut(4401, 'session-ended')
  await settle()
  const write = store.insert('orders', { id: 'o-1' })
  await write.queued
  expect([told, store.pending().length]).toEqual([['session-ended'], 1])
  store.setToken('new')
  await settle()
  await device.clock.advance(15_000)
  await write
  expect(branch.list('orders')).toHaveLength(1)
})

test('a token that is set is shown at once, and the function is asked again when it ends', async () => {
  let asked = 0
  const { device, store } = await open({ getToken: () => `token-${++asked}` })
  store.setToken('of somebody else')
  device.socket.say(directive)
  await settle()
  expect(device.socket.ofType('client:auth')).toMatchObject([{ token: 'of somebody else' }, { token: 'token-2' }])
})
