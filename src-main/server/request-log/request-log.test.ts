import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AppError } from '../../../src-shared/errors.ts'
import type { LiveRequest } from '../../../src-shared/protocol/management.ts'
import { CHEAP_COST } from '../../access/testing.ts'
import { type Question, type Reply, startTestServer, type TestServer } from '../http/testing.ts'
import { type Frame, insert, line, merge, TestClient } from '../sync/testing.ts'
import { type AnsweredRequest, keptName, outcomeOf, RequestLog } from './request-log.ts'

const everything = (): boolean => true
const request = (path: string, more: Partial<AnsweredRequest> = {}): AnsweredRequest => ({
  ...{ kind: 'http', method: 'GET', path, branchId: undefined, table: undefined, startedAt: 0, milliseconds: 1.236 },
  ...{ principal: undefined, address: '192.0.2.7', status: 200, code: undefined, rule: undefined },
  ...more,
})

test('the log keeps the last 1,000, and is read on from where one was', () => {
  const log = new RequestLog()
  expect(log.read(undefined, 10, everything)).toEqual({ requests: [], next: 1 })
  for (let n = 1; n <= 2_500; n++) log.add(request(`/${n}`))
  const whats = (from: number | undefined, limit: number): string[] =>
    log.read(from, limit, everything).requests.map(({ n, what }) => `${n} ${what}`)
  expect(whats(undefined, 2)).toEqual(['2499 GET /2499', '2500 GET /2500'])
  expect(whats(2_500, 10)).toEqual(['2500 GET /2500'])
  expect(log.read(2_501, 10, everything)).toEqual({ requests: [], next: 2_501 })
  // Older than what is kept, and from before a restart.
  expect([whats(1, 1), whats(1, 5_000).length]).toEqual([['1501 GET /1501'], 1_000])
  expect(whats(9_999, 1)).toEqual(['2500 GET /2500'])
  const page = log.read(1_600, 3, everything)
  expect([page.requests.map(({ n }) => n), page.next]).toEqual([[1_600, 1_601, 1_602], 1_603])
})

test('what a branch is asked is shown to who may enter it, and the reading goes on behind the rest', () => {
  const log = new RequestLog()
  for (const branchId of ['dar', 'remal', undefined]) log.add(request('/x', { branchId }))
  const { requests, next } = log.read(1, 10, (branchId) => branchId === 'remal')
  expect([requests.map(({ branchId }) => branchId), next]).toEqual([['remal'], 4])
})

test('of an error stays the code and the rule; long names are cut', () => {
  const details = { rule: 'own', table: 'order_line', current: { secret: 1 } }
  const outcome = outcomeOf(new AppError('forbidden', 'no', { details }))
  expect(outcome).toEqual({ status: 403, code: 'forbidden', rule: 'own', table: 'order_line' })
  expect(outcomeOf(new Error('x'))).toMatchObject({ status: 500, code: 'internal' })
  expect([keptName('x'.repeat(70_000)).length, keptName('short')]).toEqual([256, 'short'])
})

const PASSWORD = 'a long password'
const POLICY = {
  rules: [
    { id: 'open-only', table: 'order_line', roles: ['waiter'], insert: "record.itemId == 'item-1'" },
    { id: 'price', table: 'order_line', fields: ['unitPrice'], roles: ['waiter'], read: true, write: false },
    { id: 'phones', table: 'employees', fields: ['phone'], roles: ['waiter'], read: false },
  ],
  roles: { floor: { permissions: ['read:orders'] } },
}

let server: TestServer
const folder = mkdtempSync(join(tmpdir(), 'mishkah-request-log-'))
const tokens: Record<string, string> = {}
const clients: TestClient[] = []

beforeAll(async () => {
  mkdirSync(join(folder, 'config'))
  writeFileSync(join(folder, 'config', 'policy.json'), JSON.stringify(POLICY))
  server = await startTestServer({ dataDir: folder, hashCost: CHEAP_COST, rateLimit: false, adminPassword: PASSWORD })
  await signIn('admin')
  for (const [user, role, branches] of [
    ['waiter', 'waiter', null],
    ['floor', 'floor', null],
    ['remal-manager', 'manager', ['remal']],
  ] as const) {
    const body = { user, role, password: PASSWORD, branches }
    expect((await ask('admin', { method: 'POST', path: '/api/manage/people', body })).status).toBe(201)
    await signIn(user)
  }
})
afterAll(async () => {
  for (const client of clients) client.terminate()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function signIn(user: string): Promise<void> {
  const { body } = await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password: PASSWORD } })
  tokens[user] = (body as Frame).accessToken
}

async function ask(user: string, question: Question): Promise<Reply> {
  return await server.ask({ ...question, headers: { Authorization: `Bearer ${tokens[user]}` } })
}

async function look(after?: number, user = 'admin'): Promise<{ requests: LiveRequest[]; next: number }> {
  const { body } = await ask(user, { path: `/api/manage/requests${after === undefined ? '' : `?after=${after}`}` })
  return body as never
}

async function connect(user: string, hello: Frame = {}): Promise<TestClient> {
  const client = new TestClient(`${server.url.replace('http', 'ws')}/ws`)
  clients.push(client)
  await client.opened
  client.send({ type: 'client:hello', branchId: 'dar', modules: ['pos'], ...hello, token: tokens[user] })
  await client.next(hello.protocol === 2 ? 'server:ready' : 'server:snapshot')
  return client
}

const story = (requests: readonly LiveRequest[]): unknown[] =>
  requests.map(({ what, table, status, code, actor, isAllowed, rule }) => [
    ...[what, table, status, code, actor?.role ?? null, isAllowed, rule],
  ])

test('requests are shown with who asked, how it ended and the rule; without queries, bodies and the look itself', async () => {
  const { next } = await look()
  await look(next)
  await ask('waiter', { path: 'tables/order_line?limit=1&lang=ar' })
  await ask('waiter', { path: 'tables/order_line?limit=1&lang=ar' })
  await ask('waiter', { method: 'POST', path: 'tables/order_line', body: line('l1', { itemId: 'tea' }) })
  await ask('waiter', { method: 'POST', path: 'tables/menu_items', body: { id: 'hidden-id' } })
  await ask('floor', { path: 'tables/employees' })
  await server.ask({ path: 'tables/order_line' })
  await server.ask({ method: 'POST', path: '/api/auth/login', body: { user: 'waiter', password: 'not this one' } })
  const { requests } = await look(next)
  const path = '/api/branches/dar/modules/pos/tables'
  expect(story(requests)).toEqual([
    [`GET ${path}/order_line`, 'order_line', 200, null, 'waiter', true, null],
    [`GET ${path}/order_line`, 'order_line', 200, null, 'waiter', true, null],
    [`POST ${path}/order_line`, 'order_line', 403, 'forbidden', 'waiter', false, 'open-only'],
    [`POST ${path}/menu_items`, 'menu_items', 403, 'forbidden', 'waiter', false, 'permission insert:menu_items'],
    [`GET ${path}/employees`, 'employees', 403, 'forbidden', 'floor', false, 'permission read:employees'],
    [`GET ${path}/order_line`, null, 401, 'unauthorized', null, false, null],
    ['POST /api/auth/login', null, 401, 'sign-in-failed', null, false, null],
  ])
  expect(requests[0]).toMatchObject({ kind: 'http', branchId: 'dar', address: '127.0.0.1', deviceId: null })
  expect(Math.min(...requests.map(({ ms }) => ms))).toBeGreaterThan(0)
  expect(JSON.stringify(requests)).not.toMatch(/lang|not this one|hidden-id|Bearer/)
})

test('frames of both dialects, and what a rule keeps from them; the audit log has the denials', async () => {
  const { next } = await look()
  const old = await connect('waiter')
  const current = await connect('waiter', { protocol: 2, requestSnapshot: false })
  await current.ask(insert('order_line', line('s1'), 'r1'))
  expect(await current.ask(insert('order_line', line('s2', { itemId: 'tea' }), 'r2'))).toMatchObject({
    error: 'forbidden',
  })
  expect(await old.ask(insert('order_line', line('s3', { unitPrice: 7 }), 'r3'))).toMatchObject({
    error: 'field-not-writable',
  })
  expect(await old.ask(merge('menu_items', { id: 'tea', name: 'x' }, 'r4'))).toMatchObject({ error: 'forbidden' })
  await current.ask({ type: 'client:query', queryType: 'list', table: 'order_line', requestId: 'q1' })
  const floor = await connect('floor', { protocol: 2, requestSnapshot: false })
  const refused = await floor.ask({ type: 'client:query', queryType: 'list', table: 'employees', requestId: 'q2' })
  expect(refused).toMatchObject({ code: 'forbidden' })
  floor.send({ type: 'subscribe', topic: 'sync::dar::pos' })
  await floor.next('error')
  const { requests } = await look(next)
  expect(story(requests)).toEqual([
    ['client:hello', null, 200, null, 'waiter', true, null],
    ['client:hello', null, 200, null, 'waiter', true, null],
    ['client:publish', 'order_line', 200, null, 'waiter', true, null],
    ['client:publish', 'order_line', 403, 'forbidden', 'waiter', false, 'open-only'],
    ['client:publish', 'order_line', 403, 'field-not-writable', 'waiter', false, 'price'],
    ['client:publish', 'menu_items', 403, 'forbidden', 'waiter', false, 'permission update:menu_items'],
    ['client:query', 'order_line', 200, null, 'waiter', true, null],
    ['client:hello', null, 200, null, 'floor', true, null],
    ['client:query', 'employees', 403, 'forbidden', 'floor', false, 'permission read:employees'],
    ['subscribe sync::dar::pos', null, 403, 'forbidden', 'floor', false, 'topics need whole tables'],
  ])
  expect(requests.every(({ kind, branchId }) => kind === 'socket' && branchId === 'dar')).toBe(true)
  const { body } = await ask('admin', { path: '/api/manage/audit?action=request&limit=100' })
  const denials = (body as Frame).entries
    .filter(({ subject }: Frame) => subject.startsWith('socket '))
    .map(({ actor, subject, reason }: Frame) => [actor.name, subject, reason])
  expect(denials.sort()).toEqual([
    ['floor', 'socket client:query employees', 'forbidden: permission read:employees'],
    ['floor', 'socket subscribe sync::dar::pos', 'forbidden: topics need whole tables'],
    ['waiter', 'socket client:publish menu_items', 'forbidden: permission update:menu_items'],
    ['waiter', 'socket client:publish order_line', 'field-not-writable: price'],
    ['waiter', 'socket client:publish order_line', 'forbidden: open-only'],
  ])
})

test('a socket that is refused at the door, and frames that are none', async () => {
  const { next } = await look()
  const stranger = new TestClient(`${server.url.replace('http', 'ws')}/ws`, [], { Authorization: 'Bearer a.b.c' })
  await expect(stranger.opened).rejects.toThrow('401')
  const client = await connect('waiter', { protocol: 2, requestSnapshot: false })
  client.send('{')
  await client.next('server:error')
  client.send({ type: 'client:juggle', requestId: 'j' })
  await client.next('server:error')
  client.send({ type: 'ping', requestId: 'p' })
  await client.next('pong')
  expect(story((await look(next)).requests)).toEqual([
    ['open', null, 401, 'token-invalid', null, false, null],
    ['client:hello', null, 200, null, 'waiter', true, null],
    ['(no JSON)', null, 400, 'invalid-json', 'waiter', true, null],
  ])
})

test('who may enter some branches sees what they were asked; who may not read the audit log sees nothing', async () => {
  const { next } = await look()
  await ask('admin', { path: 'tables/order_line?limit=1' })
  await ask('admin', { path: '/api/branches/remal' })
  await ask('admin', { path: '/api/manage/people' })
  expect((await look(next, 'remal-manager')).requests.map(({ what }) => what)).toEqual(['GET /api/branches/remal'])
  expect(await look(undefined, 'waiter')).toMatchObject({ error: 'forbidden' })
})
