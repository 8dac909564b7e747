import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AccessState } from '../../../src-client/auth/access-state.ts'
import {
  createDeviceSession,
  type DeviceSession,
  type DeviceSessionOptions,
} from '../../../src-client/auth/device-session.ts'
import { pairingSecretOf } from '../../../src-client/auth/pairing-secret.ts'
import type { StoreError } from '../../../src-client/lib/store-error.ts'
import { emptyContents, type MemoryContents } from '../../../src-client/storage/memory-storage.ts'
import { createStore } from '../../../src-client/store/create-store.ts'
import type { Store } from '../../../src-client/store/store.ts'
import { CHEAP_COST } from '../../../src-main/access/testing.ts'
import { type Reply, startTestServer, type TestServer } from '../../../src-main/server/http/testing.ts'
import { nodePlatform } from './support/node-platform.ts'

/** A device of the SDK against a real, closed server. */
const PASSWORD = 'a long password'
const PIN = '9137'
let server: TestServer
let manager = ''
let open: { close(): unknown }[] = []

beforeEach(async () => {
  server = await startTestServer({ hashCost: CHEAP_COST, rateLimit: false })
  const { code } = server.notices.find(({ kind }) => kind === 'setup-code') as { code: string }
  manager = String((await post('/api/auth/setup', { code, password: PASSWORD, pin: PIN })).body.accessToken)
  for (const [user, role, pin] of [
    ['sara', 'cashier', '8264'],
    ['omar', 'waiter', '5193'],
  ]) {
    expect((await post('/api/manage/people', { user, role, pin })).status).toBe(201)
  }
})
afterEach(async () => {
  for (const one of open) await one.close()
  open = []
  await server.close()
})

function post(path: string, body: object, method = 'POST'): Promise<Reply> {
  return server.ask({ method, path, body, ...(manager && { headers: { Authorization: `Bearer ${manager}` } }) })
}

interface Device {
  session: DeviceSession
  contents: MemoryContents
  /** Every path that was asked. */
  asked: string[]
  /** How far the device's clock has moved. */
  skewMs: number
  isOnline: boolean
  /** Called after the server has answered, before the page hears of it. */
  onAnswer: ((path: string) => void) | undefined
}

/** A page of a device; another one over the same contents is another tab, or a reload. */
function page(contents = emptyContents(), options: DeviceSessionOptions = {}): Device {
  const device: Omit<Device, 'session'> = { contents, asked: [], skewMs: 0, isOnline: true, onAnswer: undefined }
  const platform = { ...nodePlatform({ contents, speed: 20 }), now: () => Date.now() + device.skewMs }
  const send: typeof fetch = async (input, init) => {
    const path = new URL(String(input)).pathname
    device.asked.push(path)
    if (!device.isOnline) throw new TypeError('no network')
    const answer = await fetch(input, init)
    device.onAnswer?.(path)
    return answer
  }
  const session = createDeviceSession({ url: server.url, platform, fetch: send, ...options })
  open.push(session)
  return Object.assign(device, { session })
}

async function invite(role = 'cashier', more: object = {}): Promise<{ code: string; qr: { secret: string } }> {
  const { status, body } = await post('/api/manage/pairings', { role, name: 'Till 1', ...more })
  expect(status).toBe(201)
  return body as unknown as { code: string; qr: { secret: string } }
}

/** A paired device. */
async function pairedPage(role?: string): Promise<Device> {
  const device = page()
  const { qr } = await invite(role)
  await device.session.pair({ secret: pairingSecretOf(JSON.stringify(qr))! })
  return device
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: StoreError) => error.code,
  )
}

function seen(session: DeviceSession, isMeant: (state: AccessState) => boolean): Promise<AccessState> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => reject(new Error(`still ${session.state.kind}`)), 10_000)
    const stop = session.on('change', (state) => {
      if (!isMeant(state)) return
      clearTimeout(deadline)
      stop()
      resolve(state)
    })
  })
}

test('a QR code pairs at once; a PIN signs in; both outlive a reload, also while the server is away', async () => {
  const { session, contents } = await pairedPage()
  expect(session.state).toMatchObject({ kind: 'paired', device: { name: 'Till 1', role: 'cashier', branches: null } })
  expect((await session.listPeople()).map(({ user }) => user)).toEqual(['admin', 'omar', 'sara'])
  const me = async (one: DeviceSession) => (await one.fetch('/api/auth/me')).json()
  expect(await me(session)).toMatchObject({ kind: 'device', role: 'cashier' })

  const sara = await session.signIn({ user: 'sara', pin: '8264' })
  expect(sara).toMatchObject({ user: 'sara', role: 'cashier', permissions: ['read:*', 'write:*'] })
  expect(await me(session)).toMatchObject({ kind: 'person', user: { user: 'sara' } })

  const reloaded = page(contents)
  reloaded.isOnline = false
  expect(await reloaded.session.open()).toMatchObject({
    ...{ kind: 'signed-in', person: { user: 'sara' }, device: { name: 'Till 1' } },
  })
  expect(reloaded.asked).toEqual([])
  await reloaded.session.getToken() // the one that is kept is good still
  reloaded.skewMs = 3_600_000
  expect(await codeOf(reloaded.session.getToken())).toBe('offline')
  expect(await codeOf(reloaded.session.listPeople())).toBe('offline')
  expect(reloaded.session.state.kind).toBe('signed-in')

  await session.signOut()
  expect(session.state.kind).toBe('paired')
  expect(await me(session)).toMatchObject({ kind: 'device' })
  const { sessions } = (
    await server.ask({ path: '/api/manage/sessions', headers: { Authorization: `Bearer ${manager}` } })
  ).body as unknown as { sessions: { method: string }[] }
  expect(sessions.map(({ method }) => method).sort()).toEqual(['pairing', 'password'])
})

test('the 8 digits wait for somebody: the console approves, or a manager with a PIN on the device', async () => {
  const first = page()
  const { code } = await invite('kitchen', { name: null })
  const waiting = seen(first.session, ({ kind }) => kind === 'waiting')
  const pairing = first.session.pair({ code: `${code.slice(0, 4)} ${code.slice(4)}` }, 'Grill')
  pairing.catch(() => undefined)
  await waiting
  // The page is reloaded meanwhile and goes on waiting.
  const reloaded = page(first.contents)
  expect((await reloaded.session.open()).kind).toBe('waiting')
  const list = await server.ask({ path: '/api/manage/pairings', headers: { Authorization: `Bearer ${manager}` } })
  const [{ id }] = list.body.pairings as unknown as [{ id: string }]
  const paired = seen(reloaded.session, ({ kind }) => kind === 'paired')
  expect((await post(`/api/manage/pairings/${id}/approve`, {})).status).toBe(200)
  expect(await pairing).toMatchObject({ name: 'Grill', role: 'kitchen' })
  expect(await paired).toMatchObject({ device: { name: 'Grill' } })

  const second = page()
  const shown = second.session.pair({ code: (await invite()).code })
  await seen(second.session, ({ kind }) => kind === 'waiting')
  expect(await codeOf(second.session.approve({ user: 'admin', pin: '1111' }))).toBe('sign-in-failed')
  expect(await codeOf(second.session.approve({ user: 'omar', pin: '5193' }))).toBe('forbidden')
  expect(await second.session.approve({ user: 'admin', pin: PIN })).toMatchObject({ name: 'Till 1' })
  expect(await shown).toMatchObject({ name: 'Till 1' })

  const third = page()
  expect(await codeOf(third.session.pair({ code: '00000000' }))).toBe('pairing-refused')
  expect(await codeOf(third.session.pair({ secret: 'not-a-secret' }))).toBe('pairing-refused')
  const given = third.session.pair({ code: (await invite()).code })
  await seen(third.session, ({ kind }) => kind === 'waiting')
  await third.session.cancelPairing()
  expect([third.session.state.kind, await codeOf(given)]).toEqual(['unpaired', 'pairing-refused'])
})

test('tokens are renewed in time, by one tab for all; a lost answer is asked for again', async () => {
  const one = await pairedPage()
  const two = page(one.contents)
  const three = page(one.contents)
  await Promise.all([two.session.open(), three.session.open()])
  for (const tab of [one, two, three]) tab.skewMs = 14 * 60_000
  const tokens = await Promise.all([one, two, three, one].map(({ session }) => session.getToken()))
  expect(new Set(tokens).size).toBe(1)
  const refreshes = () =>
    [one, two, three].map(({ asked }) => asked.filter((path) => path === '/api/auth/refresh').length)
  expect(refreshes().reduce((sum, count) => sum + count)).toBe(1)

  // The server has used the token up, but the page never hears of it.
  for (const tab of [one, two, three]) tab.skewMs = 28 * 60_000
  one.onAnswer = (path) => {
    if (path === '/api/auth/refresh') throw new TypeError('the Wi-Fi is gone')
  }
  expect(await codeOf(one.session.getToken())).toBe('offline')
  one.onAnswer = undefined
  const before = refreshes()[1]!
  await two.session.getToken()
  expect(refreshes()[1]).toBe(before + 1)
  expect((await one.session.fetch('/api/auth/me')).status).toBe(200)
  expect([one.session.state.kind, two.session.state.kind]).toEqual(['paired', 'paired'])
})

test('a copy of the device ends the session for both, and both are told', async () => {
  const device = await pairedPage()
  const copy = page(structuredClone(device.contents))
  await copy.session.open()
  device.skewMs = 14 * 60_000
  // Twice, since a token that is used again at once could be one whose answer was lost.
  for (const minutes of [14, 28]) {
    copy.skewMs = minutes * 60_000
    await copy.session.getToken()
  }
  const revoked: string[] = []
  device.session.on('revoked', (told) => revoked.push(told.device.name))
  expect(await codeOf(device.session.getToken())).toBe('refresh-reused')
  expect([device.session.state.kind, revoked]).toEqual(['revoked', ['Till 1']])
  expect((await copy.session.check()).kind).toBe('revoked')
  expect(await codeOf(copy.session.getToken())).toBe('unauthorized')
})

test('wrong PINs are told, then the wait; another device is not held up', async () => {
  const { session } = await pairedPage()
  for (let tries = 0; tries < 5; tries++) {
    expect(await codeOf(session.signIn({ user: 'sara', pin: '0007' }))).toBe('sign-in-failed')
  }
  const locked = await session.signIn({ user: 'sara', pin: '8264' }).catch((error: StoreError) => error)
  expect(locked).toMatchObject({ code: 'sign-in-locked', details: { retryAfterSeconds: expect.any(Number) } })
  const other = await pairedPage()
  expect(await other.session.signIn({ user: 'sara', pin: '8264' })).toMatchObject({ user: 'sara' })
  expect(await session.signIn({ user: 'omar', pin: '5193' })).toMatchObject({ role: 'waiter' })
})

test('a store in the session: other people, revoked within a second, its queue kept and sent after pairing again', async () => {
  const device = await pairedPage()
  const { session, contents } = device
  await session.signIn({ user: 'omar', pin: '5193' })
  const storeContents = emptyContents()
  const openStore = async (): Promise<Store> => {
    const platform = nodePlatform({ contents: storeContents, speed: 10 })
    const { getToken } = session
    const wsUrl = `${server.url.replace('http', 'ws')}/ws`
    const store = createStore({ branchId: 'dar', wsUrl, platform, getToken })
    open.push(store)
    await store.connect()
    await store.whenSynced()
    return store
  }
  const store = await openStore()
  session.attach(store)
  const order = { id: 'o-1', shiftId: 's-1', openedBy: 'x', orderTypeId: 'takeaway', statusId: 'open' }
  await store.insert('order_header', order)
  expect(await codeOf(store.insert('customer_profiles', { id: 'c-1', name: 'Nobody' }))).toBe('forbidden')

  // Somebody else takes over on the same store, and goes on after the token of the sign-in has ended.
  const asked = device.asked.length
  await session.signIn({ user: 'sara', pin: '8264' })
  await store.insert('customer_profiles', { id: 'c-2', name: 'Nadia' })
  expect(device.asked.slice(asked)).toContain('/api/auth/logout')
  device.skewMs = 14 * 60_000
  expect(await session.getToken()).not.toBe('')

  const { device: facts } = session.state as { device: { id: string } }
  const gone = new Promise<void>((resolve) => store.on('status', ({ status }) => status === 'closed' && resolve()))
  const told = seen(session, ({ kind }) => kind === 'revoked')
  const startedAt = performance.now()
  expect((await post(`/api/manage/devices/${facts.id}?reason=lost`, {}, 'DELETE')).status).toBe(200)
  await gone
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  await told
  const write = store.insert('order_header', { ...order, id: 'o-2' })
  write.catch(() => undefined)
  await write.queued
  await store.close()

  const again = page(contents)
  expect((await again.session.open()).kind).toBe('revoked')
  await session.pair({ secret: (await invite()).qr.secret })
  await session.signIn({ user: 'sara', pin: '8264' })
  const next = await openStore()
  expect(next.pending()).toEqual([])
  expect(next.read('order_header', 'o-2')).toMatchObject({ id: 'o-2', version: 1 })
})

test('a person whose rights are taken is signed out; the device stays', async () => {
  const { session } = await pairedPage()
  const { id } = await session.signIn({ user: 'sara', pin: '8264' })
  const codes: string[] = []
  session.on('signed-out', ({ code }) => codes.push(code))
  expect((await post(`/api/manage/people/${id}`, { isDisabled: true }, 'PATCH')).status).toBe(200)
  const answer = await session.fetch('/api/auth/me')
  expect(await answer.json()).toMatchObject({ kind: 'device' })
  expect([session.state.kind, codes]).toEqual(['paired', ['session-ended']])
})

test('without a device a password signs in; a PIN does not', async () => {
  const { session } = page()
  expect((await session.open()).kind).toBe('unpaired')
  expect(await codeOf(session.getToken())).toBe('unauthorized')
  expect(await codeOf(session.signIn({ user: 'admin', pin: PIN }))).toBe('device-required')
  await session.signIn({ user: 'admin', password: PASSWORD })
  expect(session.state).toMatchObject({ kind: 'signed-in', device: undefined, person: { permissions: ['*'] } })
  await session.signOut()
  expect(session.state).toEqual({ kind: 'unpaired' })
})

test('a browser that keeps nothing says so and works until the page goes', async () => {
  const platform = {
    ...nodePlatform({ contents: emptyContents() }),
    openStorage: () => Promise.reject(new Error('no')),
  }
  const { session } = page(emptyContents(), { platform })
  await session.pair({ secret: (await invite()).qr.secret })
  expect([session.isDurable, session.state.kind]).toEqual([false, 'paired'])
})

test('the secret is found in what a camera sees', () => {
  const secret = 'Zk3-_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
  const found = [
    JSON.stringify({ urls: ['https://192.168.1.2:3201/'], secret }),
    `https://192.168.1.2:3201/pos/#pair=${secret}`,
    ` ${secret}\n`,
    'https://example.com/',
    '',
  ].map(pairingSecretOf)
  expect(found).toEqual([secret, secret, secret, undefined, undefined])
})
