import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { CHEAP_COST } from '../../access/testing.ts'
import { type Question, type Reply, startTestServer, type TestServer } from '../http/testing.ts'
import { type Frame, TestClient } from './testing.ts'

const PASSWORD = 'a long password'
const RULES = [
  { id: 'own', table: 'employees', roles: ['waiter'], read: "record.id == 'mona'" },
  { id: 'phones', table: 'employees', fields: ['phone'], roles: ['host'], read: false },
]
/** Waiters see one employee, hosts both without phones, cashiers everything. */
const VIEWS: Record<string, string[]> = {
  waiter: ['Mona 4711'],
  host: ['Mona -', 'Omar -'],
  cashier: ['Mona 4711', 'Omar 4712'],
}

let server: TestServer
let clients: TestClient[] = []
let names = 0
const folder = mkdtempSync(join(tmpdir(), 'mishkah-rights-change-'))
const tokens: Record<string, string> = {}
const ids: Record<string, string> = {}

beforeAll(async () => {
  mkdirSync(join(folder, 'config'))
  await start(RULES)
  for (const [id, fullName, phone] of [
    ['mona', 'Mona', '4711'],
    ['omar', 'Omar', '4712'],
  ]) {
    await put({ id, fullName, phone })
  }
})
beforeEach(() => {
  for (const client of clients) client.terminate()
  clients = []
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function start(rules: readonly object[]): Promise<void> {
  const roles = { host: { permissions: ['read:*'] } }
  writeFileSync(join(folder, 'config', 'policy.json'), JSON.stringify({ roles, rules }))
  const more = { dataDir: folder, isFolderKept: true, hashCost: CHEAP_COST, rateLimit: false, adminPassword: PASSWORD }
  server = await startTestServer(more)
  await signIn('admin')
}

async function signIn(user: string): Promise<void> {
  const { body } = await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password: PASSWORD } })
  tokens[user] = (body as Frame).accessToken
  ids[user] = (body as Frame).user.id
}

async function ask(user: string, question: Question, headers: Record<string, string> = {}): Promise<Reply> {
  return await server.ask({ ...question, headers: { ...headers, Authorization: `Bearer ${tokens[user]}` } })
}

async function admin(method: string, path: string, body: object): Promise<Frame> {
  const reply = await ask('admin', { method, path, body })
  expect([path, reply.status < 300, reply.body.message]).toEqual([path, true, undefined])
  return reply.body
}

let version = 0
async function put(record: object): Promise<void> {
  await admin('POST', 'tables/employees', record)
}
/** Something that everybody may see, so that cursors move. */
const moveOn = (): Promise<Frame> => admin('POST', 'tables/menu_items', { id: `tea-${++version}`, name: 'Tea' })

async function person(role: string): Promise<string> {
  const user = `${role}${++names}`
  await admin('POST', '/api/manage/people', { user, role, password: PASSWORD })
  await signIn(user)
  return user
}

async function connect(user: string, hello: Frame): Promise<TestClient> {
  const client = new TestClient(`${server.url.replace('http', 'ws')}/ws`)
  clients.push(client)
  await client.opened
  client.send({
    type: 'client:hello',
    branchId: 'dar',
    modules: ['pos'],
    requestId: 'hello',
    ...hello,
    token: tokens[user],
  })
  return client
}

const shown = (records: readonly Frame[]): string[] =>
  records
    .filter(({ id }) => id === 'mona' || id === 'omar')
    .map(({ fullName, phone }) => `${fullName} ${phone ?? '-'}`)
    .sort()

/** A protocol 2 client from its cursor: how it was brought up to date, and the employees that it was sent. */
async function sync(user: string, cursor?: Frame): Promise<{ client: TestClient; ready: Frame; sent: string[] }> {
  const client = await connect(user, { protocol: 2, requestSnapshot: true, ...(cursor && { cursor: { pos: cursor } }) })
  const ready = await client.next('server:ready')
  const parts = client.frames.filter(({ type, table }) => type === 'server:snapshot-part' && table === 'employees')
  return { client, ready, sent: shown(parts.flatMap(({ records }) => records)) }
}

async function syncUndeclared(user: string): Promise<{ client: TestClient; sent: string[] }> {
  const client = await connect(user, { requestSnapshot: true })
  const { modules } = await client.next('server:snapshot')
  return { client, sent: shown(modules.pos.tables.employees) }
}

test('the role of a person changes: who is connected connects again and gets the new view, in both dialects', async () => {
  const user = await person('waiter')
  const before = await sync(user)
  const old = await syncUndeclared(user)
  expect([before.sent, old.sent]).toEqual([VIEWS.waiter, VIEWS.waiter])
  await admin('PATCH', `/api/manage/people/${ids[user]}`, { role: 'host' })
  expect(await Promise.all([before.client.closed(), old.client.closed()])).toEqual([1012, 1012])
  // Nothing was written meanwhile: the position is the head, and the data are others all the same.
  const after = await sync(user, before.ready.cursor.pos)
  expect(after.ready).toMatchObject({ mode: 'snapshot', fullSync: { pos: 'rights-changed' } })
  expect(after.sent).toEqual(VIEWS.host)
  expect((await syncUndeclared(user)).sent).toEqual(VIEWS.host)
})

/** Syncs, hears one event and is away from then on. */
async function leaveAfterEvent(user: string, cursor?: Frame): Promise<{ ready: Frame; sent: string[]; cursor: Frame }> {
  const { client, ready, sent } = await sync(user, cursor)
  await moveOn()
  const { epoch, sequence: seq } = await client.next('server:event')
  client.terminate()
  return { ready, sent, cursor: { epoch, seq } }
}

test('[D9] a reader that was away is told everything anew, and from then on what changes', async () => {
  const user = await person('waiter')
  const before = await leaveAfterEvent(user)
  await moveOn()
  await admin('PATCH', `/api/manage/people/${ids[user]}`, { role: 'cashier' })
  await moveOn()
  const back = await leaveAfterEvent(user, before.cursor)
  expect([back.ready.fullSync, back.sent]).toEqual([{ pos: 'rights-changed' }, VIEWS.cashier])
  await moveOn()
  const again = await sync(user, back.cursor)
  expect([again.ready.fullSync, again.ready.mode, again.sent]).toEqual([undefined, 'events', []])
})

test('rights that change and change back while nobody looked, and roles that see the same, cost nothing', async () => {
  const user = await person('waiter')
  const { cursor } = await leaveAfterEvent(user)
  await moveOn()
  for (const role of ['host', 'waiter']) await admin('PATCH', `/api/manage/people/${ids[user]}`, { role })
  expect((await sync(user, cursor)).ready.mode).toBe('events')
  const other = await person('cashier')
  const seen = await sync(other)
  await moveOn()
  await admin('PATCH', `/api/manage/people/${ids[other]}`, { role: 'kitchen' })
  expect((await sync(other, seen.ready.cursor.pos)).ready.mode).toBe('events')
})

test('a role that the manager changes: sockets, deltas of sockets and deltas of REST', async () => {
  await admin('PUT', '/api/manage/roles/floor', { permissions: ['read:orders', 'read:menu'] })
  const user = await person('floor')
  const { client, ready, sent } = await sync(user)
  expect(sent).toEqual([])
  const { epoch, seq } = ready.cursor.pos
  const cursor = { epoch, seq: seq + 1 }
  await moveOn()
  await moveOn()
  const delta = { method: 'POST', path: '/api/sync/dar/pos/delta', body: { cursor } }
  expect((await ask(user, delta)).body).toMatchObject({ requiresFullSync: false })
  await admin('PUT', '/api/manage/roles/floor', { permissions: ['read:orders', 'read:employees'] })
  expect(await client.closed()).toBe(1012)
  const reply = await ask(user, delta)
  expect(reply.body).toMatchObject({ requiresFullSync: true, reason: 'rights-changed' })
  expect(shown((reply.body as Frame).deltas.employees)).toEqual(VIEWS.cashier)
  expect((await sync(user, cursor)).ready.fullSync).toEqual({ pos: 'rights-changed' })
  await moveOn()
  const { version: head } = reply.body as Frame
  const next = { ...delta, body: { cursor: { epoch, seq: head + 1 } } }
  expect((await ask(user, next)).body).toMatchObject({ requiresFullSync: false })
})

test('the role of a device, and somebody else who signs in on it', async () => {
  const pairing = await admin('POST', '/api/manage/pairings', { role: 'waiter', name: 'tablet' })
  const { secret } = pairing.qr as Frame
  const paired = (await server.ask({ method: 'POST', path: '/api/pair', body: { secret } })).body as Frame
  tokens.tablet = paired.accessToken
  const first = await sync('tablet')
  expect(first.sent).toEqual(VIEWS.waiter)
  await moveOn()
  await admin('PATCH', `/api/manage/devices/${paired.device.id}`, { role: 'host' })
  expect(await first.client.closed()).toBe(1012)
  const second = await sync('tablet', first.ready.cursor.pos)
  expect([second.ready.fullSync, second.sent]).toEqual([{ pos: 'rights-changed' }, VIEWS.host])
  await moveOn()
  const user = await person('cashier')
  await admin('PATCH', `/api/manage/people/${ids[user]}`, { pin: '7391' })
  const login = { method: 'POST', path: '/api/auth/login', body: { user, pin: '7391' } }
  tokens.together = ((await ask('tablet', login)).body as Frame).accessToken
  const third = await sync('together', second.ready.cursor.pos)
  expect([third.ready.fullSync, third.sent]).toEqual([{ pos: 'rights-changed' }, VIEWS.cashier])
})

test('the policy changes between two starts', async () => {
  const user = await person('waiter')
  const { ready, sent } = await sync(user)
  const unconcerned = await person('cashier')
  const whole = await sync(unconcerned)
  expect(sent).toEqual(VIEWS.waiter)
  await moveOn()
  const list = { path: 'tables/employees' }
  const { etag } = (await ask(user, list)).headers
  expect((await ask(user, list, { 'If-None-Match': etag! })).status).toBe(304)
  await server.close()
  await start(RULES.filter(({ id }) => id !== 'own'))
  await Promise.all([signIn(user), signIn(unconcerned)])
  const after = await sync(user, ready.cursor.pos)
  expect([after.ready.fullSync, after.sent]).toEqual([{ pos: 'rights-changed' }, VIEWS.cashier])
  const again = await ask(user, list, { 'If-None-Match': etag! })
  expect([again.status, shown((again.body as Frame).rows)]).toEqual([200, VIEWS.cashier])
  expect((await sync(unconcerned, whole.ready.cursor.pos)).ready.mode).toBe('events')
})
