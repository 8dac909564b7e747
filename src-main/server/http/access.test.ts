import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CHEAP_COST } from '../../access/testing.ts'
import { type Frame, TestClient } from '../sync/testing.ts'
import { routes } from './routes.ts'
import { type Question, type Reply, startTestServer, type TestServer } from './testing.ts'

const PASSWORD = 'a long password'
let server: TestServer
let clients: TestClient[] = []
beforeEach(async () => {
  server = await startTestServer({ hashCost: CHEAP_COST, rateLimit: false })
})
afterEach(async () => {
  for (const client of clients) client.terminate()
  clients = []
  await server.close()
})

type Body = Frame

async function post(path: string, body: object, token?: string, headers: Record<string, string> = {}): Promise<Reply> {
  return await ask({ method: 'POST', path, body, headers }, token)
}

async function ask(question: Question, token?: string): Promise<Reply> {
  const bearer: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  return await server.ask({ ...question, headers: { ...bearer, ...question.headers } })
}

function setupCode(): string {
  const notice = server.notices.find(({ kind }) => kind === 'setup-code') as { code: string } | undefined
  return notice!.code
}

/** The first manager, with the code of the terminal. */
async function setUp(): Promise<Body> {
  const reply = await post('/api/auth/setup', { code: setupCode(), password: PASSWORD, pin: '9137' })
  expect(reply.status).toBe(201)
  return reply.body
}

/** A device that showed the secret of a QR code. */
async function pair(managerToken: string, more: object = {}): Promise<Body> {
  const invited = await post('/api/manage/pairings', { role: 'cashier', name: 'Till 1', ...more }, managerToken)
  expect(invited.status).toBe(201)
  const { qr } = invited.body as Body
  expect(qr).toMatchObject({
    fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
    urls: expect.any(Array),
  })
  const paired = await post('/api/pair', { secret: qr.secret })
  expect(paired.status).toBe(200)
  return paired.body
}

async function connect(protocols: string[] = [], headers: Record<string, string> = {}): Promise<TestClient> {
  const client = new TestClient(`${server.url.replace('http', 'ws')}/ws`, protocols, headers)
  clients.push(client)
  await client.opened
  return client
}

const hello = (token?: string): Frame => ({
  type: 'client:hello',
  protocol: 2,
  branchId: 'dar',
  modules: ['pos'],
  requestSnapshot: false,
  requestId: 'hello',
  ...(token !== undefined && { token }),
})

test('the whole way: set up, sign in, refresh, sign out; nothing answers without signing in from then on', async () => {
  expect((await server.get('/api/auth/state')).body).toEqual({ isSetUp: false })
  expect((await server.get('tables/order_header')).status).toBe(200)
  expect((await post('/api/auth/setup', { code: 'AAAAA-AAAAA', password: PASSWORD })).body.error).toBe('sign-in-failed')
  const first = await setUp()
  expect(first).toMatchObject({
    expiresIn: 900,
    permissions: ['*'],
    user: { user: 'admin', role: 'admin', hasPin: true },
  })
  expect(first.recoveryCode).toMatch(/^[0-9A-Z-]{29}$/)
  expect((await server.get('/api/auth/state')).body).toEqual({ isSetUp: true })
  expect((await post('/api/auth/setup', { code: setupCode(), password: PASSWORD })).body.error).toBe('setup-done')

  const signedIn = (await post('/api/auth/login', { user: 'ADMIN', password: PASSWORD })).body as Body
  const me = await ask({ path: '/api/auth/me' }, signedIn.accessToken)
  expect(me.body).toMatchObject({ kind: 'person', user: { user: 'admin' }, permissions: ['*'] })
  expect((await ask({ path: 'tables/order_header' }, signedIn.accessToken)).status).toBe(200)

  const requestId = randomUUID()
  const refreshed = (await post('/api/auth/refresh', { refreshToken: signedIn.refreshToken, requestId })).body as Body
  const repeated = (await post('/api/auth/refresh', { refreshToken: signedIn.refreshToken, requestId })).body as Body
  expect(repeated.refreshToken).toBe(refreshed.refreshToken)
  expect((await post('/api/auth/logout', {}, refreshed.accessToken)).body).toEqual({ signedOut: true })
  for (const token of [signedIn.accessToken, refreshed.accessToken]) {
    expect((await ask({ path: 'tables/order_header' }, token)).body.error).toBe('session-ended')
  }
  expect((await post('/api/auth/refresh', { refreshToken: refreshed.refreshToken })).body.error).toBe('session-ended')
})

test('once closed, every route but the public doors refuses who has not signed in, loopback or not', async () => {
  await setUp()
  const open: string[] = []
  for (const route of routes) {
    const path = route.path.replace(/[:*]\w+/g, 'x').replace(/[{}]/g, '')
    const body = route.method === 'GET' || route.method === 'DELETE' ? {} : { body: {} }
    const reply = await ask({ method: route.method, path, ...body })
    if (reply.status !== 401 || reply.body.error !== 'unauthorized') open.push(`${route.method} ${path}`)
  }
  expect(open.filter((door) => !door.includes('/trust')).sort()).toEqual([
    'GET /api/auth/oidc/callback',
    'GET /api/auth/oidc/start',
    'GET /api/auth/state',
    'GET /healthz',
    'GET /livez',
    'GET /readyz',
    'POST /api/auth/approve-device',
    'POST /api/auth/login',
    'POST /api/auth/recover',
    'POST /api/auth/refresh',
    'POST /api/auth/setup',
    'POST /api/pair',
    'POST /api/pair/collect',
  ])
})

test('a device waits for approval in the console or by a PIN; a PIN signs people in on it, and on nothing else', async () => {
  const admin = await setUp()
  const invited = (await post('/api/manage/pairings', { role: 'kitchen' }, admin.accessToken)).body as Body
  const waiting = (await post('/api/pair', { code: invited.code, name: 'Tablet' })).body as Body
  expect(waiting).toMatchObject({ state: 'waiting', claim: expect.any(String) })
  expect((await post('/api/pair/collect', { claim: waiting.claim })).status).toBe(202)
  const list = (await ask({ path: '/api/manage/pairings' }, admin.accessToken)).body as Body
  expect(list.pairings).toMatchObject([{ id: invited.id, state: 'waiting', name: 'Tablet', address: '127.0.0.1' }])
  const approved = await post(`/api/manage/pairings/${invited.id}/approve`, { role: 'cashier' }, admin.accessToken)
  expect(approved.body).toMatchObject({ state: 'approved', approvedBy: 'admin' })
  const device = (await post('/api/pair/collect', { claim: waiting.claim })).body as Body
  expect(device).toMatchObject({ state: 'paired', device: { name: 'Tablet', role: 'cashier', approvedBy: 'admin' } })
  expect((await post('/api/pair/collect', { claim: waiting.claim })).body.error).toBe('pairing-refused')

  const second = (await post('/api/manage/pairings', { role: 'display' }, admin.accessToken)).body as Body
  const { claim } = (await post('/api/pair', { code: second.code })).body as Body
  const byPin = { claim, user: 'admin', pin: '0000' }
  expect((await post('/api/auth/approve-device', byPin)).body.error).toBe('sign-in-failed')
  expect((await post('/api/auth/approve-device', { ...byPin, pin: '9137' })).body).toMatchObject({ state: 'paired' })

  expect((await post('/api/auth/login', { user: 'admin', pin: '9137' })).body.error).toBe('device-required')
  const person = (await post('/api/auth/login', { user: 'admin', pin: '9137' }, device.accessToken)).body as Body
  expect((await ask({ path: '/api/auth/me' }, person.accessToken)).body).toMatchObject({
    kind: 'person',
    deviceId: device.device.id,
  })
})

test('revoking a device ends its tokens, whoever is signed in on it, and the sockets of all within a second', async () => {
  const admin = await setUp()
  const device = await pair(admin.accessToken)
  const person = (await post('/api/auth/login', { user: 'admin', pin: '9137' }, device.accessToken)).body as Body
  const sockets = [await connect(), await connect([`bearer.${person.accessToken}`, 'mishkah'])]
  sockets[0]!.send(hello(device.accessToken))
  sockets[1]!.send(hello())
  for (const socket of sockets) await socket.next('server:ready')
  const other = await connect()
  other.send(hello(admin.accessToken))
  await other.next('server:ready')

  const startedAt = performance.now()
  const path = `/api/manage/devices/${device.device.id}?reason=lost`
  expect((await ask({ method: 'DELETE', path }, admin.accessToken)).body).toMatchObject({ revokedReason: 'lost' })
  for (const socket of sockets) expect(await socket.closed()).toBe(4401)
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  expect(sockets[0]!.frames.at(-1)).toMatchObject({ type: 'server:error', error: 'session-ended' })
  for (const token of [device.accessToken, person.accessToken]) {
    expect((await ask({ path: '/api/auth/me' }, token)).body.error).toBe('session-ended')
  }
  for (const { refreshToken } of [device, person]) {
    expect((await post('/api/auth/refresh', { refreshToken })).body.error).toBe('session-ended')
  }
  other.send({ type: 'ping', requestId: 'p' })
  await other.next('pong')
})

test('making the first manager closes the sockets that were administrators until then', async () => {
  const socket = await connect()
  socket.send(hello())
  await socket.next('server:ready')
  await setUp()
  expect(await socket.closed()).toBe(4401)
})

test('a socket says who it is in its first frame; frames that come with it wait for the answer', async () => {
  const admin = await setUp()
  const fresh = (await post('/api/auth/refresh', { refreshToken: admin.refreshToken })).body as Body
  const client = await connect()
  expect((await client.next('server:hello')).defaults).toEqual({ branchId: null })
  client.send(hello(fresh.accessToken))
  client.send({
    type: 'client:publish',
    requestId: 'w1',
    moduleId: 'pos',
    table: 'order_line',
    action: 'module:insert',
    record: { id: 'line-1', orderId: 'o', itemId: 'i', quantity: 1 },
  })
  expect(await client.next('server:ack')).toMatchObject({ requestId: 'w1' })
  client.send({ type: 'client:auth', requestId: 'a1', token: fresh.accessToken })
  expect(await client.next('server:auth')).toMatchObject({ requestId: 'a1', status: 'accepted' })
  // Somebody else on the same socket: what it heard so far was not for them.
  await post('/api/manage/people', { user: 'sara', role: 'cashier', password: PASSWORD }, fresh.accessToken)
  const sara = (await post('/api/auth/login', { user: 'sara', password: PASSWORD })).body as Body
  client.send({ type: 'client:auth', requestId: 'a2', token: sara.accessToken })
  expect(await client.closed()).toBe(1012)
})

test('strangers, forged tokens and ended sessions are told why and closed', async () => {
  const admin = await setUp()
  const [head, body] = String(admin.accessToken).split('.')
  const cases: [Frame, string][] = [
    [hello(), 'unauthorized'],
    [hello('x.y.z'), 'token-invalid'],
    [hello(`${head}.${body}.AAAA`), 'token-invalid'],
    [{ type: 'client:auth', token: 'x' }, 'token-invalid'],
    [{ type: 'client:publish', table: 'order_line', record: {} }, 'unauthorized'],
    [{ type: 'client:request:snapshot', moduleId: 'pos' }, 'unauthorized'],
    [{ type: 'client:query', table: 'order_line' }, 'unauthorized'],
  ]
  for (const [frame, code] of cases) {
    const client = await connect()
    client.send(frame)
    expect([frame.type, (await client.next('server:error')).error]).toEqual([frame.type, code])
    expect(await client.closed()).toBe(4401)
  }
  const topics = await connect()
  topics.send({ type: 'subscribe', topic: 'table::dar::order_line' })
  expect(await topics.next('error')).toMatchObject({ code: 'unauthorized' })
})

test('rights of people count at once: a changed role connects again, a disabled person is out', async () => {
  const admin = await setUp()
  const sara = (
    await post('/api/manage/people', { user: 'sara', role: 'cashier', password: PASSWORD }, admin.accessToken)
  ).body as Body
  const signedIn = (await post('/api/auth/login', { user: 'sara', password: PASSWORD })).body as Body
  const first = await connect()
  first.send(hello(signedIn.accessToken))
  await first.next('server:ready')
  const change = (body: object): Promise<Reply> =>
    ask({ method: 'PATCH', path: `/api/manage/people/${sara.id}`, body }, admin.accessToken)
  await change({ role: 'display' })
  expect(await first.closed()).toBe(1012)
  expect((await ask({ path: '/api/auth/me' }, signedIn.accessToken)).body.permissions).toEqual(['read:*'])
  const second = await connect()
  second.send(hello(signedIn.accessToken))
  await second.next('server:ready')
  await change({ isDisabled: true })
  expect(await second.closed()).toBe(4401)
  expect((await ask({ path: '/api/auth/me' }, signedIn.accessToken)).body.error).toBe('session-ended')
  expect((await post('/api/auth/login', { user: 'sara', password: PASSWORD })).body.error).toBe('sign-in-failed')
})

test('nobody gives more than they have', async () => {
  const admin = await setUp()
  await post(
    '/api/manage/people',
    { user: 'boss', role: 'manager', password: PASSWORD, branches: ['dar'] },
    admin.accessToken,
  )
  await post('/api/manage/people', { user: 'sara', role: 'cashier', password: PASSWORD }, admin.accessToken)
  const boss = (await post('/api/auth/login', { user: 'boss', password: PASSWORD })).body as Body
  const sara = (await post('/api/auth/login', { user: 'sara', password: PASSWORD })).body as Body
  const { people } = (await ask({ path: '/api/manage/people' }, admin.accessToken)).body as Body
  const idOf = (user: string): string => people.find((person: Body) => person.user === user).id
  const attempts: [string, string, object][] = [
    ['POST', '/api/manage/people', { user: 'x1', role: 'admin', password: PASSWORD, branches: ['dar'] }],
    ['POST', '/api/manage/people', { user: 'x2', role: 'cashier', password: PASSWORD }],
    ['PATCH', `/api/manage/people/${idOf('boss')}`, { role: 'admin' }],
    ['PATCH', `/api/manage/people/${idOf('boss')}`, { branches: null }],
    ['PATCH', `/api/manage/people/${idOf('admin')}`, { password: 'another password' }],
    ['DELETE', `/api/manage/people/${idOf('admin')}`, {}],
    ['POST', '/api/manage/pairings', { role: 'admin' }],
  ]
  for (const [method, path, body] of attempts) {
    for (const { accessToken } of [boss, sara]) {
      const reply = await ask({ method, path, ...(method !== 'DELETE' && { body }) }, accessToken)
      expect([method, path, reply.status, reply.body.error]).toEqual([method, path, 403, 'forbidden'])
    }
  }
  const cashier = { user: 'ok', role: 'cashier', password: PASSWORD, branches: ['dar'] }
  expect((await post('/api/manage/people', cashier, boss.accessToken)).status).toBe(201)
  for (const path of ['/api/manage/people', '/api/manage/devices', '/api/manage/audit', '/api/manage/sessions']) {
    expect((await ask({ path }, sara.accessToken)).body.error).toBe('forbidden')
  }
})

test('before the first manager nobody can be added, paired or recovered', async () => {
  expect((await post('/api/manage/people', { user: 'x', role: 'admin', password: PASSWORD })).body.error).toBe(
    'forbidden',
  )
  expect((await post('/api/manage/pairings', { role: 'admin' })).body.error).toBe('forbidden')
  const recovery = { recoveryCode: '', password: PASSWORD }
  expect((await post('/api/auth/recover', recovery)).body.error).toBe('sign-in-failed')
  expect((await post('/api/auth/login', { user: 'admin', password: PASSWORD })).body.error).toBe('sign-in-failed')
})

test('asking for the cookie from elsewhere is refused before a code or a claim is used up', async () => {
  await server.close()
  const Origin = 'https://app.example'
  server = await startTestServer({ hashCost: CHEAP_COST, rateLimit: false, allowedOrigins: [Origin] })
  const codeElsewhere = async (path: string, body: object): Promise<unknown> =>
    (await post(path, { ...body, cookie: true }, undefined, { Origin })).body.error
  expect(await codeElsewhere('/api/auth/setup', { code: setupCode(), password: PASSWORD })).toBe('cross-site-refused')
  const { accessToken } = await setUp()
  expect(await codeElsewhere('/api/auth/login', { user: 'admin', password: PASSWORD })).toBe('cross-site-refused')
  expect(((await ask({ path: '/api/manage/sessions' }, accessToken)).body as Body).sessions).toHaveLength(1)

  const byQr = (await post('/api/manage/pairings', { role: 'cashier' }, accessToken)).body as Body
  const { secret } = byQr.qr
  expect(await codeElsewhere('/api/pair', { secret })).toBe('cross-site-refused')
  // Without the cookie that origin is welcome.
  expect((await post('/api/pair', { secret }, undefined, { Origin })).status).toBe(200)
  expect((await post('/api/auth/login', { user: 'admin', password: PASSWORD }, undefined, { Origin })).status).toBe(200)

  const byCode = (await post('/api/manage/pairings', { role: 'cashier' }, accessToken)).body as Body
  const { claim } = (await post('/api/pair', { code: byCode.code })).body as Body
  const approval = { claim, user: 'admin', pin: '9137' }
  expect(await codeElsewhere('/api/auth/approve-device', approval)).toBe('cross-site-refused')
  expect((await post(`/api/manage/pairings/${byCode.id}/approve`, {}, accessToken)).status).toBe(200)
  expect(await codeElsewhere('/api/pair/collect', { claim })).toBe('cross-site-refused')
  expect((await post('/api/pair/collect', { claim })).status).toBe(200)
})

test('the cookie of our own pages reads and writes from them, and from nowhere else', async () => {
  await setUp()
  const origin = server.url
  const signedIn = await post('/api/auth/login', { user: 'admin', password: PASSWORD, cookie: true }, undefined, {
    Origin: origin,
  })
  const setCookie = String(signedIn.headers['set-cookie'])
  expect(setCookie).toMatch(/^mishkah_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/)
  const cookie = setCookie.split(';')[0]!
  const write = { method: 'POST', path: '/api/auth/password', body: { current: 'wrong password', pin: '4826' } }
  const outcomes: [object, string][] = [
    [{ Origin: origin }, 'sign-in-failed'],
    [{ 'Mishkah-Protocol': '2' }, 'sign-in-failed'],
    [{}, 'cross-site-refused'],
    [{ Origin: 'http://evil.example' }, 'origin-not-allowed'],
    [{ Origin: origin.replace(/\d+$/, '1') }, 'origin-not-allowed'],
    [{ Origin: 'null' }, 'origin-not-allowed'],
  ]
  for (const [headers, code] of outcomes) {
    const reply = await ask({ ...write, headers: { Cookie: cookie, ...headers } })
    expect([headers, reply.body.error]).toEqual([headers, code])
  }
  expect((await ask({ path: 'tables/order_header', headers: { Cookie: cookie } })).status).toBe(200)
  const client = await connect([], { Cookie: cookie, Origin: origin })
  client.send(hello())
  await client.next('server:ready')
  const stranger = new TestClient(`${server.url.replace('http', 'ws')}/ws`, [], { Cookie: cookie })
  await expect(stranger.opened).rejects.toThrow('403')
  const out = await ask({
    method: 'POST',
    path: '/api/auth/logout',
    body: {},
    headers: { Cookie: cookie, Origin: origin },
  })
  expect(String(out.headers['set-cookie'])).toMatch(/^mishkah_session=; .*Max-Age=0/)
  expect((await ask({ path: 'tables/order_header', headers: { Cookie: cookie } })).status).toBe(401)
  expect(await client.closed()).toBe(4401)
})

test('an open network admits with its role and into its branches only; the desktop is an administrator', async () => {
  await server.close()
  server = await startTestServer({
    ...{ hashCost: CHEAP_COST, adminPassword: PASSWORD, openLan: true, openLanRole: 'display', desktopToken: 'desk' },
  })
  expect((await server.get('/api/auth/me')).body).toMatchObject({
    kind: 'open-lan',
    role: 'display',
    permissions: ['read:*'],
  })
  expect((await server.get('/api/manage/people')).body.error).toBe('forbidden')
  expect((await ask({ path: '/api/auth/me' }, 'desk')).body).toMatchObject({ kind: 'desktop', permissions: ['*'] })
  expect((await ask({ path: '/api/auth/me' }, 'desc')).body.error).toBe('token-invalid')
})

test('the audit log holds who did what, denials counted, never a secret; it is exported and its chain checked', async () => {
  const admin = await setUp()
  const device = await pair(admin.accessToken)
  for (let n = 0; n < 3; n++) await post('/api/auth/login', { user: 'admin', password: 'a wrong password' })
  await server.get('/api/manage/people')
  await ask({ path: '/api/manage/people' }, device.accessToken)
  const socket = await connect()
  socket.send(hello('x.y.z'))
  await socket.closed()
  await ask({ method: 'DELETE', path: `/api/manage/devices/${device.device.id}?reason=lost` }, admin.accessToken)
  await post('/api/branches/dar/modules/pos/snapshots', {}, admin.accessToken)
  const { entries } = (await ask({ path: '/api/manage/audit' }, admin.accessToken)).body as Body
  const story = entries.map(({ action, outcome, actor, subject }: Body) => [action, outcome, actor.name, subject])
  expect(story.reverse()).toEqual([
    ['person.first-manager', 'done', 'admin', 'admin'],
    ['device.invite', 'done', 'admin', expect.stringMatching(/^pairing-/)],
    ['device.pair', 'done', 'Till 1', 'Till 1'],
    ['person.sign-in', 'denied', 'admin', 'admin'],
    ['request', 'denied', '(caller)', 'GET /api/manage/people'],
    ['request', 'denied', 'Till 1', 'GET /api/manage/people'],
    ['request', 'denied', '(caller)', 'socket client:hello'],
    ['device.revoke', 'done', 'admin', 'Till 1'],
    ['manage', 'done', 'admin', expect.stringContaining('snapshots')],
  ])
  const verified = await post('/api/manage/audit/verify', {}, admin.accessToken)
  expect(verified.body).toMatchObject({ entries: expect.any(Number) })
  const lines = (await ask({ path: '/api/manage/audit/export' }, admin.accessToken)).text.trim().split('\n')
  const csv = (await ask({ path: '/api/manage/audit/export?format=csv' }, admin.accessToken)).text.trim().split('\r\n')
  expect(csv).toHaveLength(lines.length + 2)
  const written = lines.join('')
  for (const secret of [
    PASSWORD,
    'wrong password',
    admin.accessToken,
    admin.refreshToken,
    admin.recoveryCode,
    '9137',
  ]) {
    expect(written.includes(secret)).toBe(false)
  }
})

test('sessions are listed and ended by their person, and by a manager', async () => {
  const admin = await setUp()
  await post('/api/manage/people', { user: 'sara', role: 'cashier', password: PASSWORD }, admin.accessToken)
  const [one, two] = [
    (await post('/api/auth/login', { user: 'sara', password: PASSWORD })).body as Body,
    (await post('/api/auth/login', { user: 'sara', password: PASSWORD })).body as Body,
  ]
  const { sessions } = (await ask({ path: '/api/auth/sessions' }, one.accessToken)).body as Body
  expect(sessions.map(({ isCurrent }: Body) => isCurrent).sort()).toEqual([false, true])
  const all = ((await ask({ path: '/api/manage/sessions' }, admin.accessToken)).body as Body).sessions as Body[]
  const foreign = all.find(({ person }) => person === 'admin')!.id
  const end = (id: string, token: string): Promise<Reply> =>
    ask({ method: 'DELETE', path: `/api/auth/sessions/${id}` }, token)
  expect((await end(foreign, one.accessToken)).body.error).toBe('session-not-found')
  await end(sessions.find(({ isCurrent }: Body) => !isCurrent).id, one.accessToken)
  expect((await ask({ path: '/api/auth/me' }, two.accessToken)).body.error).toBe('session-ended')
  const changed = { current: PASSWORD, password: 'a newer password' }
  expect((await post('/api/auth/password', changed, one.accessToken)).body).toEqual({ endedSessions: 0 })
  expect((await post('/api/auth/login', { user: 'sara', password: PASSWORD })).body.error).toBe('sign-in-failed')
  const own = sessions.find(({ isCurrent }: Body) => isCurrent).id
  await ask({ method: 'DELETE', path: `/api/manage/sessions/${own}` }, admin.accessToken)
  expect((await ask({ path: '/api/auth/me' }, one.accessToken)).body.error).toBe('session-ended')
})
