import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CHEAP_COST } from '../../../src-main/access/testing.ts'
import { type Reply, startTestServer, type TestServer } from '../../../src-main/server/http/testing.ts'
import { launchChromium } from '../../support/chromium.ts'
import { type OidcFault, type OidcProvider, startOidcProvider } from '../../support/oidc-provider.ts'

/** Managers sign in at a real OpenID provider of this test: discovery, code, PKCE, ID token. */
const PASSWORD = 'a long password'
const MONA = 'mona@shop.example'

// biome-ignore lint/suspicious/noExplicitAny: tests read members of answers as they come
type Body = Record<string, any>

let server: TestServer
let provider: OidcProvider
let admin: string
beforeEach(async () => {
  provider = await startOidcProvider()
  server = await startTestServer({ hashCost: CHEAP_COST, adminPassword: PASSWORD, rateLimit: false })
  admin = await signIn('admin')
  for (const [user, role] of [
    ['mona', 'manager'],
    ['sara', 'cashier'],
  ]) {
    await manage('POST', '/api/manage/people', { user, role, password: PASSWORD })
  }
  provider.claims = { sub: 'user-1', email: MONA, email_verified: true }
})
afterEach(async () => {
  await server.close()
  await provider.close()
})

async function signIn(user: string): Promise<string> {
  const reply = await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password: PASSWORD } })
  return reply.body.accessToken as string
}

async function manage(method: string, path: string, body?: object, token = admin): Promise<Reply> {
  return await server.ask({ method, path, headers: { Authorization: `Bearer ${token}` }, ...(body && { body }) })
}

async function configure(more: object = {}): Promise<Reply> {
  const { issuer, clientId, clientSecret } = provider
  const people = { [MONA]: 'mona', 'sara@shop.example': 'sara' }
  const body = { issuer, clientId, clientSecret, claim: 'email', people, label: 'Shop account', ...more }
  return await manage('PUT', '/api/manage/oidc', body)
}

/** What a browser does: our start, the provider, our callback; it keeps cookies and follows by itself. */
class Browser {
  readonly cookies = new Map<string, string>()
  readonly setCookies: string[] = []

  async go(path: string): Promise<Reply> {
    const Cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'cross-site', ...(Cookie && { Cookie }) }
    const reply = await server.ask({ path, headers })
    for (const line of reply.headers['set-cookie'] ?? []) {
      this.setCookies.push(line)
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0/.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return reply
  }

  /** Where the provider sends the browser: the path of our callback. */
  async askProvider(start = '/api/auth/oidc/start?returnTo=/console/people'): Promise<string> {
    const started = await this.go(start)
    expect([started.status, started.text]).toEqual([303, ''])
    const back = await fetch(started.headers.location!, { redirect: 'manual' })
    expect(back.status).toBe(303)
    const { pathname, search } = new URL(back.headers.get('location') ?? '')
    return `${pathname}${search}`
  }

  async signIn(): Promise<Reply> {
    return await this.go(await this.askProvider())
  }
}

test('a manager signs in: a session by an HttpOnly cookie, and nothing of the provider in the address', async () => {
  expect((await server.get('/api/auth/state')).body).toEqual({ isSetUp: true })
  expect((await configure()).body).toMatchObject({ provider: { issuer: provider.issuer, hasClientSecret: true } })
  expect((await server.get('/api/auth/state')).body).toEqual({ isSetUp: true, oidc: { label: 'Shop account' } })
  const browser = new Browser()
  const back = await browser.signIn()
  expect([back.status, back.headers.location]).toEqual([303, '/console/people'])
  expect(browser.setCookies).toEqual([
    expect.stringMatching(/^mishkah_oidc=[\w-]{43}; Path=\/api\/auth\/oidc; HttpOnly; SameSite=Lax; Max-Age=600$/),
    expect.stringMatching(/^mishkah_oidc=; .*Max-Age=0$/),
    expect.stringMatching(/^mishkah_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/),
  ])
  expect((await browser.go('/api/auth/me')).body).toMatchObject({ kind: 'person', user: { user: 'mona' } })
  const { sessions } = (await manage('GET', '/api/manage/sessions')).body as Body
  expect(sessions.map(({ method }: Body) => method)).toContain('oidc')
  const { entries } = (await manage('GET', '/api/manage/audit')).body as Body
  expect(entries[0]).toMatchObject({ action: 'person.sign-in', actor: { name: 'mona' }, details: { kind: 'oidc' } })
  expect(entries).toContainEqual(expect.objectContaining({ action: 'oidc.configure', outcome: 'done' }))
})

test('who is dismissed while the provider is looked up has set nothing up', async () => {
  const second = { user: 'second', role: 'admin', password: PASSWORD }
  const { id } = (await manage('POST', '/api/manage/people', second)).body as Body
  const token = await signIn('second')
  let answerNow = (): void => undefined
  provider.answersAfter = new Promise<void>((resolve) => {
    answerNow = resolve
  })
  const { issuer, clientId, clientSecret } = provider
  const settings = { issuer, clientId, clientSecret, claim: 'email', people: {}, label: 'Mine' }
  const asked = manage('PUT', '/api/manage/oidc', settings, token)
  await expect.poll(() => provider.asked.size).toBeGreaterThan(0)
  expect((await manage('PATCH', `/api/manage/people/${id}`, { isDisabled: true })).status).toBe(200)
  answerNow()
  const reply = await asked
  expect([reply.status, reply.body.error]).toEqual([401, 'session-ended'])
  expect((await manage('GET', '/api/manage/oidc')).body).toEqual({ provider: null })
})

test('in a real browser: the strict cookie is there for the page, although the way led over another site', async () => {
  const appsDir = mkdtempSync(join(tmpdir(), 'mishkah-oidc-'))
  mkdirSync(join(appsDir, 'pos'))
  writeFileSync(join(appsDir, 'pos', 'index.html'), '<!doctype html><title>Till</title>')
  await server.close()
  server = await startTestServer({ hashCost: CHEAP_COST, adminPassword: PASSWORD, rateLimit: false, appsDir })
  admin = await signIn('admin')
  await configure({ people: { [MONA]: 'admin' } })
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    // The provider is at 127.0.0.1: another site than localhost.
    await page.goto(`http://localhost:${server.port}/pos/`)
    const me = "fetch('/api/auth/me').then((answer) => answer.json())"
    expect(await page.evaluate(me)).toMatchObject({ error: 'unauthorized' })
    await page.goto(`http://localhost:${server.port}/api/auth/oidc/start?returnTo=/pos/`)
    expect(new URL(page.url())).toMatchObject({ hostname: 'localhost', pathname: '/pos/', search: '' })
    expect(await page.evaluate(me)).toMatchObject({ kind: 'person', user: { user: 'admin' } })
    const cookies = await page.context().cookies()
    expect(cookies).toMatchObject([{ name: 'mishkah_session', httpOnly: true, sameSite: 'Strict' }])
  } finally {
    await browser.close()
    rmSync(appsDir, { recursive: true, force: true })
  }
})

test('what the provider gets wrong, and people who are not to come in, are refused and written down', async () => {
  await configure()
  const faults: OidcFault[] = [
    'unsigned',
    'foreign-key',
    'symmetric',
    'other-nonce',
    'other-audience',
    'other-issuer',
    'expired',
    'no-id-token',
    'denied',
  ]
  const outcomes: [string, string | undefined][] = []
  const tryIt = async (what: string): Promise<void> => {
    const browser = new Browser()
    outcomes.push([what, (await browser.signIn()).headers.location])
    expect([what, (await browser.go('/api/auth/me')).status]).toEqual([what, 401])
  }
  // What follows fails for its fault alone.
  expect((await new Browser().signIn()).headers.location).toBe('/console/people')
  for (const fault of faults) {
    provider.fault = fault
    await tryIt(fault)
  }
  provider.fault = 'none'
  const strangers = [
    { sub: 'user-1', email: 'stranger@shop.example', email_verified: true },
    { sub: 'user-1', email: MONA },
    { sub: 'user-1', email: MONA, email_verified: false },
    { sub: 'user-1', email: 'mona', email_verified: true },
    { sub: 'user-1', email: 'constructor', email_verified: true },
    { sub: 'user-1', email: 'sara@shop.example', email_verified: true },
    { sub: 'user-1' },
  ]
  for (const claims of strangers) {
    provider.claims = claims
    await tryIt(JSON.stringify(claims))
  }
  expect(outcomes.filter(([, location]) => location !== '/console/?signInError=sign-in-failed')).toEqual([])
  const denied = ((await manage('GET', '/api/manage/audit?action=person.sign-in')).body as Body).entries as Body[]
  expect(denied[0]).toMatchObject({ outcome: 'denied', reason: 'sign-in-failed', details: { kind: 'oidc' } })
})

test('a code ends only in the browser that asked for it, once, and with its own state', async () => {
  await configure()
  const [owner, thief] = [new Browser(), new Browser()]
  const callback = await owner.askProvider()
  await thief.askProvider()
  const failure = '/console/?signInError=sign-in-failed'
  expect((await thief.go(callback)).headers.location).toBe(failure)
  expect((await new Browser().go(callback)).headers.location).toBe(failure)
  expect((await owner.go(callback)).headers.location).toBe('/console/people')
  expect((await owner.go(callback)).headers.location).toBe(failure)
  const late = new Browser()
  const changed = (await late.askProvider()).replace(/state=[^&]+/, 'state=another')
  expect((await late.go(changed)).headers.location).toBe(failure)
})

test('links cannot lead elsewhere, and only administrators say who belongs to which account', async () => {
  await configure()
  for (const path of ['//evil.example', 'https://evil.example', '/\\evil.example', '/a?b', `/${'x'.repeat(300)}`]) {
    const reply = await server.get(`/api/auth/oidc/start?returnTo=${encodeURIComponent(path)}`)
    expect([path, reply.status, reply.body.error]).toEqual([path, 400, 'invalid-request'])
  }
  const mona = await signIn('mona')
  const body = { issuer: provider.issuer, clientId: 'x', claim: 'email', people: { [MONA]: 'admin' } }
  expect((await manage('PUT', '/api/manage/oidc', body, mona)).body.error).toBe('forbidden')
  expect((await manage('DELETE', '/api/manage/oidc', undefined, mona)).body.error).toBe('forbidden')
  const wrong: [object, string][] = [
    [{ issuer: 'http://evil.example' }, 'invalid-request'],
    [{ issuer: 'http://127.0.0.1:1' }, 'sign-in-unavailable'],
    [{ people: { [MONA]: 'nobody' } }, 'person-not-found'],
    [{ newPersonRole: 'no-such-role' }, 'role-not-found'],
    [{ claim: 'anything' }, 'invalid-request'],
  ]
  for (const [more, code] of wrong) expect([more, (await configure(more)).body.error]).toEqual([more, code])
})

test('without the provider passwords go on; its secret is in no answer and sealed on the disk', async () => {
  await configure()
  const stored = (await manage('GET', '/api/manage/oidc')).text
  expect(stored.includes(provider.clientSecret)).toBe(false)
  expect(readFileSync(join(server.dataDir, 'system.db')).includes(provider.clientSecret)).toBe(false)
  const log = readFileSync(join(server.dataDir, 'system.db-wal'))
  expect(log.includes(provider.issuer)).toBe(true)
  expect(log.includes(provider.clientSecret)).toBe(false)
  // The secret stays when the rest is saved without it.
  await configure({ clientSecret: undefined, label: 'Another label' })
  expect((await new Browser().signIn()).headers.location).toBe('/console/people')
  const browser = new Browser()
  const callback = await browser.askProvider()
  provider.fault = 'down'
  expect((await browser.go(callback)).headers.location).toBe('/console/?signInError=sign-in-unavailable')
  expect(await signIn('mona')).toEqual(expect.any(String))
  await manage('DELETE', '/api/manage/oidc?reason=left')
  expect((await server.get('/api/auth/oidc/start')).status).toBe(404)
})

test('people are made only where that was chosen, never over one who is here', async () => {
  await configure({ claim: 'preferred_username', people: {}, newPersonRole: 'manager' })
  provider.claims = { sub: 'user-2', preferred_username: 'omar' }
  const browser = new Browser()
  expect((await browser.signIn()).headers.location).toBe('/console/people')
  expect((await browser.go('/api/auth/me')).body).toMatchObject({ user: { user: 'omar', hasPassword: false } })
  expect((await new Browser().signIn()).headers.location).toBe('/console/people')
  const { people } = (await manage('GET', '/api/manage/people')).body as Body
  expect(people.filter(({ user }: Body) => user === 'omar')).toHaveLength(1)
  for (const name of ['admin', 'ADMIN', 'mona']) {
    provider.claims = { sub: 'user-3', preferred_username: name }
    expect((await new Browser().signIn()).headers.location).toBe('/console/?signInError=sign-in-failed')
  }
})

test("who begins a thousand sign-ins ends nobody else's", async () => {
  await server.close()
  const trustProxy = ['127.0.0.1']
  server = await startTestServer({ hashCost: CHEAP_COST, adminPassword: PASSWORD, rateLimit: false, trustProxy })
  admin = await signIn('admin')
  await configure({ people: { [MONA]: 'admin' } })
  const path = '/api/auth/oidc/start'
  const begin = (address: string): Promise<Reply> =>
    server.ask({ path, headers: { 'X-Forwarded-For': address, 'X-Forwarded-Proto': 'https' } })
  const browser = new Browser()
  const callback = await browser.askProvider()
  for (let start = 0; start < 600; start++) expect((await begin('10.9.9.9')).status).toBe(303)
  // Of one network, as a provider of IPv6 gives it to each household.
  for (let start = 0; start < 400; start++) expect((await begin(`fd00:1:2:3::${start.toString(16)}`)).status).toBe(303)
  expect((await browser.go(callback)).headers.location).toBe('/console/people')
})

test('who was removed does not come back by the account, neither as themselves nor as who has the name now', async () => {
  await configure({ people: { [MONA]: 'mona' }, newPersonRole: 'manager' })
  expect((await new Browser().signIn()).headers.location).toBe('/console/people')
  const { people } = (await manage('GET', '/api/manage/people')).body as Body
  const { id } = people.find(({ user }: Body) => user === 'mona')
  expect((await manage('DELETE', `/api/manage/people/${id}?reason=left`)).status).toBe(200)
  expect((await new Browser().signIn()).headers.location).toBe('/console/?signInError=sign-in-failed')
  // Somebody else of that name is here now.
  await manage('POST', '/api/manage/people', { user: 'mona', role: 'manager', password: PASSWORD })
  for (const email of [MONA, MONA.toUpperCase()]) {
    provider.claims = { sub: 'user-1', email, email_verified: true }
    expect((await new Browser().signIn()).headers.location).toBe('/console/?signInError=sign-in-failed')
  }
  // Until an administrator says that they belong together.
  provider.claims = { sub: 'user-1', email: MONA, email_verified: true }
  await configure({ people: { [MONA]: 'mona' }, newPersonRole: 'manager' })
  expect((await new Browser().signIn()).headers.location).toBe('/console/people')
})
