import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { CHEAP_COST } from '../../access/testing.ts'
import { startTestServer, type TestServer } from '../http/testing.ts'
import { type Frame, TestClient } from './testing.ts'

const PASSWORD = 'a long password'
const SYNC = 'sync::dar::pos'
const KITCHEN = 'dar:pos:kds:orders'

let server: TestServer
let admin: string
let clients: TestClient[] = []
beforeAll(async () => {
  server = await startTestServer({ hashCost: CHEAP_COST, rateLimit: false, adminPassword: PASSWORD })
  admin = await signIn('admin')
  for (const role of ['display', 'cashier', 'manager', 'integration']) {
    const body = { user: role, role, password: PASSWORD }
    const reply = await server.ask({ method: 'POST', path: '/api/manage/people', body, headers: bearer(admin) })
    expect(reply.status).toBe(201)
  }
})
afterEach(() => {
  for (const client of clients) client.terminate()
  clients = []
})
afterAll(async () => await server.close())

const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` })

async function signIn(user: string): Promise<string> {
  const reply = await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password: PASSWORD } })
  expect(reply.status).toBe(200)
  return String(reply.body.accessToken)
}

/** A socket of the person, in the branch dar. */
async function enter(user: string): Promise<TestClient> {
  const token = await signIn(user)
  const client = new TestClient(`${server.url.replace('http', 'ws')}/ws`, [])
  clients.push(client)
  await client.opened
  client.send({ type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], requestSnapshot: false, token })
  await client.next('server:ready')
  return client
}

async function subscribe(client: TestClient, topic: string): Promise<Frame> {
  client.send({ type: 'subscribe', topic })
  return await client.next((frame) => frame.type === 'publish' && frame.topic === topic)
}

const publish = (client: TestClient, topic: string, data: Frame): void => client.send({ type: 'publish', topic, data })

test('a role that changes nothing says nothing where others act on what is said', async () => {
  const display = await enter('display')
  const words = { trans_id: 'forged', action: 'create-order', orderId: 'o-1' }
  for (const topic of [SYNC, 'pos:sync:dar', KITCHEN, 'dar:kds:jobs:updates', 'dar:pos:payments']) {
    publish(display, topic, words)
    const error = await display.next((frame) => frame.type === 'error' && frame.topic === topic)
    expect([topic, error.code]).toEqual([topic, 'forbidden'])
  }
  // A free topic between devices stays open to whoever signed in.
  publish(display, 'dar:lamps', { on: true })
  expect((await subscribe(display, 'dar:lamps')).data.snapshot).toEqual({ on: true })
})

test('who may write something else does not speak where only other tables are told', async () => {
  const permissions = ['read:*', 'write:customer_profiles', 'write:nothing_here']
  const role = { method: 'PUT', path: '/api/manage/roles/hostess', body: { label: 'Hostess', permissions } }
  expect((await server.ask({ ...role, headers: bearer(admin) })).status).toBeLessThan(300)
  const body = { user: 'hostess', role: 'hostess', password: PASSWORD }
  await server.ask({ method: 'POST', path: '/api/manage/people', body, headers: bearer(admin) })
  const hostess = await enter('hostess')
  publish(hostess, KITCHEN, { action: 'ready' })
  expect(await hostess.next('error')).toMatchObject({ code: 'forbidden', topic: KITCHEN })
  // The whole module tells of hers too.
  publish(hostess, SYNC, { trans_id: 'h1', action: 'note' })
  publish(hostess, SYNC, { trans_id: 'h1' })
  expect(await hostess.next((frame) => frame.data?.meta?.duplicateTrans === true)).toMatchObject({ topic: SYNC })
  const cashier = await enter('cashier')
  publish(cashier, KITCHEN, { action: 'ready' })
  expect((await subscribe(cashier, KITCHEN)).data.snapshot).toEqual({ action: 'ready' })
})

test('words on a sync topic are told once: nothing of them stays for the next change or for who comes later', async () => {
  const [speaker, listener] = [await enter('manager'), await enter('admin')]
  await subscribe(listener, SYNC)
  publish(speaker, SYNC, { trans_id: 'w1', action: 'note', remark: 'for now' })
  const told = await listener.next((frame) => frame.data?.set?.remark !== undefined)
  expect(told.data.set).toMatchObject({ action: 'note', remark: 'for now' })
  publish(speaker, SYNC, { trans_id: 'w2', action: 'note' })
  expect((await listener.next((frame) => frame.data?.remove !== undefined)).data.remove).toContain('remark')
  const late = await enter('admin')
  expect((await subscribe(late, SYNC)).data.snapshot.remark).toBeUndefined()
})

test('a transaction id says nothing to somebody else', async () => {
  const [author, other] = [await enter('manager'), await enter('cashier')]
  publish(author, SYNC, { trans_id: 'same', action: 'note', remark: 'between us' })
  publish(author, SYNC, { trans_id: 'same', action: 'note' })
  const repeated = await author.next((frame) => frame.data?.meta?.duplicateTrans === true)
  expect(JSON.stringify(repeated)).not.toContain('between us')
  publish(other, SYNC, { trans_id: 'same', action: 'note' })
  other.send({ type: 'ping' })
  // It is the other's first: told to subscribers, answered with nothing of somebody else's.
  expect((await other.next((frame) => frame.type === 'pong' || frame.topic === SYNC)).type).toBe('pong')
})

test('what is said beside the data is bounded, and nothing of it is kept', async () => {
  const speaker = await enter('manager')
  publish(speaker, SYNC, { trans_id: 'large', remark: 'x'.repeat(70_000) })
  expect(await speaker.next('error')).toMatchObject({ code: 'body-too-large', topic: SYNC })
  for (let index = 0; index < 200; index++) {
    publish(speaker, SYNC, { trans_id: `t${index}`, remark: `${index}`.padEnd(60_000, 'x') })
  }
  for (let index = 0; index < 200; index++) publish(speaker, SYNC, { trans_id: `t${index}` })
  for (let index = 0; index < 200; index++) {
    const repeated = await speaker.next((frame) => frame.data?.meta?.transId === `t${index}`)
    expect(JSON.stringify(repeated).length).toBeLessThan(1_000)
  }
})
