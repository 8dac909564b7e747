import { afterEach, expect, test } from 'vitest'
import { CHEAP_COST } from '../../access/testing.ts'
import { type Frame, TestClient } from '../sync/testing.ts'
import { type Question, type Reply, startTestServer, type TestServer } from './testing.ts'

/** What older clients may do at a closed branch: contract-decisions.md 9. And who may end what of whom. */
const PASSWORD = 'a long password'
let server: TestServer
let admin: string
afterEach(() => server.close())

async function start(options: Parameters<typeof startTestServer>[0]): Promise<void> {
  server = await startTestServer({ hashCost: CHEAP_COST, rateLimit: false, adminPassword: PASSWORD, ...options })
  admin = await signIn('admin')
}

async function signIn(user: string): Promise<string> {
  const reply = await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password: PASSWORD } })
  return reply.body.accessToken as string
}

async function as(token: string, question: Question): Promise<Reply> {
  return await server.ask({ ...question, headers: { Authorization: `Bearer ${token}`, ...question.headers } })
}

/** A browser that was paired and keeps a cookie; its pages know nothing of tokens. */
async function pairBrowser(isLegacy: boolean): Promise<{ id: string; cookie: string }> {
  const body = { role: 'cashier', name: 'Old till', isLegacy }
  const invited = (await as(admin, { method: 'POST', path: '/api/manage/pairings', body })).body as Frame
  const paired = await server.ask({
    ...{ method: 'POST', path: '/api/pair', body: { secret: invited.qr.secret, cookie: true } },
    headers: { Origin: server.url },
  })
  return { id: (paired.body as Frame).device.id, cookie: String(paired.headers['set-cookie']).split(';')[0]! }
}

test('the legacy flag of a device is what lets its pages write by the rules of older clients, and it counts at once', async () => {
  await start({ legacyClients: true })
  const [old, modern] = [await pairBrowser(true), await pairBrowser(false)]
  const insert = async (cookie: string, note: string): Promise<unknown[]> => {
    const record = { id: 'legacy-1', orderId: 'o', itemId: 'i', quantity: 1, notes: note }
    const headers = { Cookie: cookie, Origin: server.url }
    const { status, body } = await server.ask({ method: 'POST', path: 'tables/order_line', body: record, headers })
    return [status < 300, body.error]
  }
  expect(await insert(old.cookie, 'first')).toEqual([true, undefined])
  // An insert over a record that is there: older clients mean a change by it.
  expect(await insert(old.cookie, 'second')).toEqual([true, undefined])
  expect(await insert(modern.cookie, 'third')).toEqual([false, 'record-exists'])
  const { warnings } = (await as(admin, { path: '/api/manage/status' })).body as Frame
  expect(warnings.map(({ code }: Frame) => code)).toContain('legacy-mode')
  const { devices } = (await as(admin, { path: '/api/manage/devices' })).body as Frame
  expect(devices.map(({ isLegacy }: Frame) => isLegacy)).toEqual([true, false])
  const path = `/api/manage/devices/${old.id}`
  await as(admin, { method: 'PATCH', path, body: { isLegacy: false, reason: 'updated' } })
  expect(await insert(old.cookie, 'fourth')).toEqual([false, 'record-exists'])
})

test('both modes are off unless asked for: a device of the network gets nothing without a token', async () => {
  await start({})
  for (const path of ['tables/order_header', '/api/branches', '/api/manage/status']) {
    expect([path, (await server.get(path)).body.error]).toEqual([path, 'unauthorized'])
  }
  const { warnings } = (await as(admin, { path: '/api/manage/status' })).body as Frame
  expect(warnings.map(({ code }: Frame) => code).filter((code: string) => /legacy|lan|signed/.test(code))).toEqual([])
})

test('an open network has the role that was chosen, no more, and is a warning', async () => {
  await start({ openLan: true, openLanRole: 'waiter' })
  const insert = async (table: string): Promise<unknown> =>
    (await server.ask({ method: 'POST', path: `tables/${table}`, body: { id: 'x' } })).body.error
  expect((await server.get('tables/order_header')).status).toBe(200)
  expect(await insert('employees')).toBe('forbidden')
  expect(await insert('order_line')).not.toBe('forbidden')
  expect((await server.get('/api/manage/status')).body.error).toBe('forbidden')
  const { warnings } = (await as(admin, { path: '/api/manage/status' })).body as Frame
  expect(warnings.find(({ code }: Frame) => code === 'open-lan').message).toContain('as waiter')
})

test('an open network whose role does not exist may do nothing, and the status says why', async () => {
  await start({ openLan: true, openLanRole: 'no-such-role' })
  expect((await server.get('tables/order_header')).body.error).toBe('forbidden')
  const { warnings } = (await as(admin, { path: '/api/manage/status' })).body as Frame
  expect(warnings.map(({ code }: Frame) => code)).toContain('open-lan-role')
})

test('a token in an address counts for nothing, at REST and at sockets', async () => {
  await start({})
  for (const name of ['token', 'access_token', 'accessToken', 'authorization', 'bearer', 'jwt', 'mishkah_session']) {
    expect((await server.get(`/api/auth/me?${name}=${admin}`)).body.error).toBe('unauthorized')
    const client = new TestClient(`${server.url.replace('http', 'ws')}/ws?${name}=${admin}`)
    await client.opened
    client.send({ type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], requestId: name })
    expect(await client.next('server:error')).toMatchObject({ error: 'unauthorized' })
    expect(await client.closed()).toBe(4401)
  }
})

test('a manager of one branch ends neither sessions of administrators nor devices of other branches', async () => {
  await start({})
  const boss = { user: 'boss', role: 'manager', password: PASSWORD, branches: ['dar'] }
  await as(admin, { method: 'POST', path: '/api/manage/people', body: boss })
  const token = await signIn('boss')
  const everywhere = await pairBrowser(false)
  const { sessions } = (await as(token, { path: '/api/manage/sessions' })).body as Frame
  const idOf = (who: (session: Frame) => boolean): string => sessions.find(who).id
  const end = async (id: string): Promise<unknown> =>
    (await as(token, { method: 'DELETE', path: `/api/manage/sessions/${id}` })).body.error
  expect(await end(idOf(({ person }) => person === 'admin'))).toBe('forbidden')
  expect(await end(idOf(({ deviceId }) => deviceId === everywhere.id))).toBe('forbidden')
  const revoke = { method: 'DELETE', path: `/api/manage/devices/${everywhere.id}` }
  expect((await as(token, revoke)).body.error).toBe('forbidden')
  expect(await end('session-unknown')).toBe('session-not-found')
  expect((await as(admin, revoke)).status).toBe(200)
  expect(await end(idOf(({ person }) => person === 'boss'))).toBeUndefined()
})
