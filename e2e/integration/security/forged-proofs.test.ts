import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { CHEAP_COST } from '../../../src-main/access/testing.ts'
import { MODULE, type Reply, startTestServer, type TestServer } from '../../../src-main/server/http/testing.ts'
import { forgeTokens } from '../../support/forged-tokens.ts'

/** Forged tokens, forged proxies, forged pages and bodies that claim more than they may, at a closed branch. */
const PASSWORD = 'a long password'
const GUESSES = 300
const LONG = { timeout: 120_000 }

// biome-ignore lint/suspicious/noExplicitAny: tests read members of answers as they come
type Body = Record<string, any>

let direct: TestServer
let proxied: TestServer
const tokens = new Map<TestServer, string>()

beforeAll(async () => {
  const options = { hashCost: CHEAP_COST, adminPassword: PASSWORD, rateLimit: false }
  direct = await startTestServer(options)
  proxied = await startTestServer({ ...options, trustProxy: ['127.0.0.1'] })
  for (const server of [direct, proxied]) {
    const { body } = await server.ask(login('admin'))
    tokens.set(server, body.accessToken as string)
    const sara = { user: 'sara', role: 'cashier', password: PASSWORD }
    expect((await manage(server, 'POST', '/api/manage/people', sara)).status).toBe(201)
  }
})
afterAll(async () => {
  await direct.close()
  await proxied.close()
})

function login(user: string, password = PASSWORD, headers: Record<string, string> = {}) {
  return { method: 'POST', path: '/api/auth/login', body: { user, password }, headers }
}

async function manage(server: TestServer, method: string, path: string, body?: object): Promise<Reply> {
  const headers = { Authorization: `Bearer ${tokens.get(server)}` }
  return await server.ask({ method, path, headers, ...(body && { body }) })
}

/** The code with which the server turns a socket away: at the upgrade, or after its first frame. */
function knock(
  server: TestServer,
  protocols: string[],
  frame?: object,
  headers: Record<string, string> = {},
): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, protocols, { headers })
    socket.on('error', () => undefined)
    socket.on('unexpected-response', (_request, response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () => resolve(String((JSON.parse(text) as Body).error)))
    })
    socket.on('open', () => frame && socket.send(JSON.stringify(frame)))
    socket.on('message', (data) => {
      const { type, error } = JSON.parse(String(data)) as Body
      if (type === 'server:ready') resolve('let in')
      if (type === 'server:error') resolve(String(error))
    })
    socket.on('close', () => resolve('closed'))
    if (!frame) socket.on('open', () => resolve('let in'))
  })
}

test(
  'tokens with no signature, another algorithm, borrowed keys and changed claims: refused at every door',
  LONG,
  async () => {
    const keys = JSON.parse(readFileSync(join(direct.dataDir, 'keys', 'server-keys.json'), 'utf8')) as Body
    const forged = forgeTokens({ token: tokens.get(direct)!, publicX: keys.signing[0].jwk.x })
    expect(forged.length).toBeGreaterThan(200)
    const hello = { type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], requestSnapshot: false }
    const wrong: string[] = []
    for (const [what, token] of forged) {
      const reply = await direct.ask({ path: '/api/auth/me', headers: { Authorization: `Bearer ${token}` } })
      if (reply.status !== 401) wrong.push(`REST, ${what}: ${reply.status} ${reply.body.error}`)
      const framed = await knock(direct, [], { ...hello, token })
      if (framed !== 'token-invalid') wrong.push(`frame, ${what}: ${framed}`)
      if (/^[\w.-]+$/.test(token)) {
        const offered = await knock(direct, [`bearer.${token}`])
        if (offered !== 'token-invalid') wrong.push(`sub-protocol, ${what}: ${offered}`)
      }
    }
    expect(wrong).toEqual([])
    console.log(`${forged.length} forged tokens at three doors`)
    // A token of another branch is as good as none; the real one is taken at all three.
    const foreign = { Authorization: `Bearer ${tokens.get(proxied)}` }
    expect((await direct.ask({ path: '/api/auth/me', headers: foreign })).body.error).toBe('token-invalid')
    const token = tokens.get(direct)!
    expect(await knock(direct, [], { ...hello, token })).toBe('let in')
    expect(await knock(direct, [`bearer.${token}`])).toBe('let in')
  },
)

test(
  `without a trusted proxy a forwarded request is neither from this machine nor encrypted: ${GUESSES} invented addresses`,
  LONG,
  async () => {
    const codes = new Map<string, number>()
    for (let n = 0; n < GUESSES; n++) {
      const forwarded: Record<string, string> =
        n % 2 === 0
          ? { 'X-Forwarded-For': `10.${n >> 8}.${n & 255}.1` }
          : { Forwarded: `for=10.9.${n >> 8}.${n & 255}` }
      const { body } = await direct.ask(login('sara', `guess ${n}`, { ...forwarded, 'X-Forwarded-Proto': 'https' }))
      codes.set(String(body.error), (codes.get(String(body.error)) ?? 0) + 1)
    }
    // What claims to come through a proxy is not from this machine, and not encrypted: its passwords are not even looked at.
    expect(codes).toEqual(new Map([['https-required', GUESSES]]))
    const claims: Record<string, string>[] = [
      { 'X-Forwarded-For': '127.0.0.1' },
      { Forwarded: 'for="[::1]";proto=https' },
      { 'X-Real-IP': '127.0.0.1' },
    ]
    for (const headers of claims) {
      expect((await direct.ask({ path: '/api/manage/people', headers })).status).toBe(403)
    }
    expect((await direct.ask(login('sara'))).status).toBe(200)
  },
)

test(
  `behind a trusted proxy each client is one: ${GUESSES} guesses lock their own address, whatever it writes before`,
  LONG,
  async () => {
    const through = (addresses: string): Record<string, string> => ({
      'X-Forwarded-For': addresses,
      'X-Forwarded-Proto': 'https',
    })
    const codes = new Map<string, number>()
    for (let n = 0; n < GUESSES; n++) {
      // The last address is the proxy's word; what stands before it is the attacker's.
      const { body } = await proxied.ask(
        login('sara', `guess ${n}`, through(`10.0.${n >> 8}.${n & 255}, 192.168.1.66`)),
      )
      codes.set(String(body.error), (codes.get(String(body.error)) ?? 0) + 1)
    }
    expect([...codes.keys()].sort()).toEqual(['sign-in-failed', 'sign-in-locked'])
    expect(codes.get('sign-in-failed')).toBe(5)
    expect((await proxied.ask(login('sara', PASSWORD, through('192.168.1.66')))).body.error).toBe('sign-in-locked')
    expect((await proxied.ask(login('sara', PASSWORD, through('192.168.1.67')))).status).toBe(200)
    expect((await proxied.ask(login('admin', PASSWORD, through('192.168.1.66')))).status).toBe(200)
    expect((await proxied.ask(login('sara', PASSWORD, { 'X-Forwarded-For': '192.168.1.67' }))).body.error).toBe(
      'https-required',
    )
    const { locks } = ((await manage(proxied, 'GET', '/api/manage/people')).body.people as Body[]).find(
      ({ user }) => user === 'sara',
    )!
    expect(locks).toEqual([expect.objectContaining({ origin: 'address 192.168.1.66', failures: 5 })])
  },
)

const PAGES = ['http', 'https'].flatMap((scheme) =>
  [
    'evil.example',
    'localhost.evil.example',
    'evil-localhost',
    '127.0.0.1.nip.io',
    'localhost.',
    '127.1',
    '[::1]:1',
    'localhost:1',
    '0.0.0.0',
    'xn--lcalhost-3za',
  ].map((host) => `${scheme}://${host}`),
)
const ORIGINS = [
  ...PAGES,
  ...PAGES.map((page) => page.toUpperCase()),
  ...PAGES.map((page) => `${page}:3200`),
  'null',
  'file://',
  'app://console',
  'about:blank',
  'http://',
]

test(
  `[T24] pages of ${ORIGINS.length} other origins with the manager's cookie: no write, no read, no socket`,
  LONG,
  async () => {
    const own = { Origin: direct.url }
    const signedIn = await direct.ask({
      ...login('admin'),
      headers: own,
      body: { user: 'admin', password: PASSWORD, cookie: true },
    })
    const Cookie = String(signedIn.headers['set-cookie']).split(';')[0]!
    const write = {
      method: 'POST',
      path: '/api/manage/people',
      body: { user: 'evil', role: 'admin', password: PASSWORD },
    }
    const passed: string[] = []
    let asked = 0
    for (const Origin of ORIGINS) {
      const doors: [string, Promise<Reply>][] = [
        ['write', direct.ask({ ...write, headers: { Cookie, Origin } })],
        [
          'form',
          direct.ask({
            ...write,
            body: JSON.stringify(write.body),
            headers: { Cookie, Origin, 'Content-Type': 'text/plain' },
          }),
        ],
        ['read', direct.ask({ path: '/api/manage/people', headers: { Cookie, Origin } })],
      ]
      for (const [door, answer] of doors) {
        const { status, headers } = await answer
        if (status !== 403 || headers['access-control-allow-origin'] !== undefined)
          passed.push(`${door} ${Origin}: ${status}`)
        asked++
      }
      const socket = await knock(direct, [], undefined, { Cookie, Origin })
      if (socket !== 'origin-not-allowed') passed.push(`socket ${Origin}: ${socket}`)
      asked++
    }
    expect(passed).toEqual([])
    expect(asked).toBeGreaterThan(200)
    // A form of another site without an Origin (an old browser) is stopped by the cookie's own rule.
    expect((await direct.ask({ ...write, headers: { Cookie } })).body.error).toBe('cross-site-refused')
    expect((await direct.ask({ ...write, headers: { Cookie, 'Sec-Fetch-Site': 'cross-site' } })).body.error).toBe(
      'origin-not-allowed',
    )
    expect((await direct.ask({ path: '/api/auth/me', headers: { Cookie, ...own } })).body).toMatchObject({
      kind: 'person',
    })
    const { people } = (await manage(direct, 'GET', '/api/manage/people')).body as Body
    expect(people.map(({ user }: Body) => user)).toEqual(['admin', 'sara'])
  },
)

test('bodies that claim more than they may: only what is asked for counts', LONG, async () => {
  const extra = {
    ...{
      id: 'person-mine',
      permissions: ['*'],
      roleId: 'admin',
      passwordHash: 'scrypt$1$1$1$x$y',
      isAdministrator: true,
    },
    ...{ createdAt: '1970-01-01', kind: 'desktop', uid: 'person-mine', sessionId: 'x', branchIds: null },
  }
  const pollution = '"__proto__":{"role":"admin","permissions":["*"]},"constructor":{"prototype":{"role":"admin"}}'
  const bodies = [
    JSON.stringify({ user: 'polluted-0', role: 'display', password: PASSWORD, ...extra }),
    `{"user":"polluted-1","role":"display","password":"${PASSWORD}",${pollution}}`,
    `{"role":"admin","user":"polluted-2","password":"${PASSWORD}","role":"display"}`,
  ]
  for (const body of bodies) {
    const made = await direct.ask({
      ...{ method: 'POST', path: '/api/manage/people', body },
      headers: { Authorization: `Bearer ${tokens.get(direct)}` },
    })
    expect([made.status, made.body.role, made.body.id]).toEqual([
      201,
      'display',
      expect.stringMatching(/^person-[0-9a-f-]{36}$/),
    ])
  }
  const { accessToken } = (await direct.ask(login('polluted-0'))).body
  const asDisplay = { Authorization: `Bearer ${accessToken}` }
  const me = (
    await direct.ask({ path: '/api/auth/me?kind=desktop&uid=admin&role=admin&permissions=*', headers: asDisplay })
  ).body
  expect(me).toMatchObject({ kind: 'person', role: 'display', permissions: ['read:*'] })
  const claims: Record<string, string>[] = [
    { 'X-User-Id': 'admin', 'X-Role': 'admin', 'X-Permissions': '*' },
    { 'X-HTTP-Method-Override': 'GET', 'X-Original-URL': '/healthz', 'X-Rewrite-URL': '/healthz' },
    { Cookie: 'mishkah_session=a; mishkah_session=b; role=admin' },
    { 'X-Forwarded-User': 'admin', 'Remote-User': 'admin', 'X-Desktop-Token': 'x' },
  ]
  for (const headers of claims) {
    const refused = await direct.ask({
      method: 'DELETE',
      path: `/api/manage/people/${me.uid}`,
      headers: { ...asDisplay, ...headers },
    })
    expect([headers, refused.status]).toEqual([headers, 403])
    const write = { method: 'POST', path: `${MODULE}/tables/reservations?role=admin`, body: { role: 'admin', id: 'x' } }
    expect((await direct.ask({ ...write, headers: { ...asDisplay, ...headers } })).body.error).toBe('forbidden')
  }
  expect(({} as Body).role).toBeUndefined()
})
