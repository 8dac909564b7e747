import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSigner, signedFetch } from '../../../src-client/auth/sign.ts'
import type { JsonValue } from '../../../src-shared/json.ts'
import { type HttpAnswer, type HttpCall, send } from '../../support/http.ts'
import { type OidcProvider, startOidcProvider } from '../../support/oidc-provider.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { TestSocket } from '../../support/socket.ts'

/**
 * One run of a closed branch that uses every kind of secret, in its place and in wrong places; then everything that the
 * run left or said is searched for them.
 */
const secret = (): string => randomBytes(12).toString('base64url')
const PASSWORD = `password-${secret()}`
const NEW_PASSWORD = `changed-${secret()}`
const RECOVERED = `recovered-${secret()}`
const WRONG = `mistyped-${secret()}`
const PIN = '80417253'

// biome-ignore lint/suspicious/noExplicitAny: tests read members of answers as they come
type Body = Record<string, any>

const dataDir = mkdtempSync(join(tmpdir(), 'mishkah-secrets-'))
const secrets = new Map<string, string>([
  ['password', PASSWORD],
  ['changed password', NEW_PASSWORD],
  ['recovered password', RECOVERED],
  ['mistyped password', WRONG],
  ['PIN', PIN],
])
/** What the run said to callers and what it wrote, by where. */
const said = new Map<string, string>()
let server: TestServer
let provider: OidcProvider
let token: string

beforeAll(async () => {
  provider = await startOidcProvider()
  const args = ['--https-port', '0', '--signed-http', '--log-level', 'debug', '--trust-proxy', '127.0.0.1']
  server = await startTestServer({ dataDir, args })
}, 60_000)
afterAll(async () => {
  await server.stop()
  await provider.close()
  rmSync(dataDir, { recursive: true, force: true })
})

function learn(name: string, value: unknown): string {
  expect([name, typeof value, String(value).length >= 8]).toEqual([name, 'string', true])
  secrets.set(name, value as string)
  return value as string
}

/** Answers that refuse are kept for the search: none of them hands a secret out. */
async function ask(path: string, call: HttpCall = {}): Promise<HttpAnswer & { body: Body }> {
  const answer = await send(server.url, path, call)
  if (answer.status >= 400) said.set(`answer ${said.size} to ${call.method ?? 'GET'}`, answer.text)
  return answer as HttpAnswer & { body: Body }
}

async function post(path: string, body: object, bearer?: string): Promise<Body> {
  const headers: Record<string, string> = bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }
  return (await ask(path, { method: 'POST', body: body as JsonValue, headers })).body
}

/** The whole day of a branch. */
async function use(): Promise<void> {
  const code = learn('set-up code', /manager: ([0-9A-Z-]+)/.exec(server.output())?.[1])
  await post('/api/auth/setup', { code: 'WRONG-WRONG', password: PASSWORD })
  const first = await post('/api/auth/setup', { code, password: PASSWORD, pin: PIN })
  learn('recovery code', first.recoveryCode)
  token = learn('access token', first.accessToken)
  learn('refresh token', first.refreshToken)
  const refreshed = await post('/api/auth/refresh', {
    refreshToken: first.refreshToken,
    requestId: learn('request id', secret()),
  })
  learn('second refresh token', refreshed.refreshToken)

  await post('/api/auth/login', { user: 'admin', password: WRONG })
  await post('/api/auth/login', { user: WRONG, password: PASSWORD }) // typed into the wrong field
  await post('/api/auth/login', { user: 'admin', pin: PIN })
  const page = await ask('/api/auth/login', {
    ...{ method: 'POST', body: { user: 'admin', password: PASSWORD, cookie: true } },
    headers: { Origin: server.url },
  })
  learn('cookie', /mishkah_session=([\w-]+)/.exec(page.headers.get('set-cookie') ?? '')?.[1])

  const [byQr, byCode] = [
    await post('/api/manage/pairings', { role: 'cashier', name: 'Till' }, token),
    await post('/api/manage/pairings', { role: 'cashier' }, token),
  ]
  const device = await post('/api/pair', { secret: learn('QR secret', byQr.qr.secret) })
  learn('device token', device.accessToken)
  learn('device refresh token', device.refreshToken)
  const key = learn('signing key', device.signingKey)
  await post('/api/pair', { secret: byQr.qr.secret })
  const waiting = await post('/api/pair', { code: learn('pairing code', byCode.code), name: 'Tablet' })
  await post('/api/auth/approve-device', { claim: learn('claim', waiting.claim), user: 'admin', pin: PIN })
  await post('/api/auth/login', { user: 'admin', pin: PIN }, device.accessToken)

  const onAir: typeof fetch = (url, init) =>
    fetch(url as string, { ...init, headers: { ...(init?.headers as object), 'X-Forwarded-For': '192.168.1.9' } })
  const signed = signedFetch(createSigner({ signer: device.device.id, key }), onAir)
  expect((await signed(`${server.url}/api/auth/me`)).status).toBe(200)

  const { issuer, clientId, clientSecret } = provider
  learn('client secret', clientSecret)
  const settings = { issuer, clientId, clientSecret, claim: 'sub', people: { 'user-1': 'admin' } }
  const put = (body: object): Promise<HttpAnswer> =>
    ask('/api/manage/oidc', {
      ...{ method: 'PUT', body: body as JsonValue, headers: { Authorization: `Bearer ${token}` } },
    })
  expect((await put(settings)).status).toBe(200)
  await put({ ...settings, issuer: 'http://127.0.0.1:1' })
  await put({ ...settings, claim: clientSecret })
  await signInAtProvider()

  await inWrongPlaces()
  await overSockets(device)
  await post('/api/auth/password', { current: WRONG, password: NEW_PASSWORD }, token)
  await post('/api/auth/password', { current: PASSWORD, password: NEW_PASSWORD }, token)
  await post('/api/auth/recover', { recoveryCode: WRONG, password: RECOVERED })
  const again = await post('/api/auth/recover', { recoveryCode: first.recoveryCode, password: RECOVERED })
  learn('second recovery code', again.recoveryCode)
  token = learn('last access token', again.accessToken)
  learn('last refresh token', again.refreshToken)
}

async function signInAtProvider(): Promise<void> {
  const browse = (path: string, Cookie = ''): Promise<Response> =>
    fetch(new URL(path, server.url), { redirect: 'manual', headers: { Cookie } })
  const started = await browse('/api/auth/oidc/start')
  const flow = learn('flow cookie', /mishkah_oidc=([\w-]+)/.exec(started.headers.get('set-cookie') ?? '')?.[1])
  const back = await fetch(started.headers.get('location') ?? '', { redirect: 'manual' })
  const callback = new URL(back.headers.get('location') ?? '')
  learn('provider code', callback.searchParams.get('code'))
  const done = await browse(`${callback.pathname}${callback.search}`, `mishkah_oidc=${flow}`)
  learn('provider session', /mishkah_session=([\w-]+)/.exec(done.headers.get('set-cookie') ?? '')?.[1])
}

/** As people and broken clients send them: in the address, in a header of another kind, in a body that is none. */
async function inWrongPlaces(): Promise<void> {
  const refresh = secrets.get('second refresh token')!
  for (const path of [`/api/nothing/${token}`, `/api/branches/${token}`, `/api/auth/me?access_token=${token}`]) {
    await ask(path)
    await ask(path, { headers: { Authorization: `Bearer ${token}` } })
  }
  await ask(`/api/manage/people/${refresh}`)
  await ask('/api/auth/me', { headers: { Authorization: `Basic ${btoa(`admin:${PASSWORD}`)}` } })
  await ask('/api/auth/me', { headers: { Cookie: `mishkah_session=${secrets.get('QR secret')}` } })
  const headers = { 'content-type': 'application/json' }
  for (const text of [
    `{"user":"admin","password":"${PASSWORD}",}`,
    PASSWORD,
    `"${PASSWORD}`,
    `{"password":${PASSWORD}}`,
  ]) {
    await ask('/api/auth/login', { method: 'POST', text, headers })
  }
  await post('/api/auth/login', { user: 'admin', password: [PASSWORD], pin: PIN })
  await post('/api/auth/login', { user: 'admin', [PASSWORD]: 1 })
}

async function overSockets(device: Body): Promise<void> {
  const hello = { type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], requestSnapshot: false }
  for (const credential of [token, device.accessToken as string, `${token}x`]) {
    const socket = await TestSocket.open(server.wsUrl)
    socket.send({ ...hello, token: credential })
    await socket.next(({ type }) => type === 'server:ready' || type === 'server:error')
    said.set(`socket ${said.size}`, JSON.stringify(socket.frames))
    socket.close()
  }
}

/** Every file of the data folder but the keys themselves. */
function* filesOf(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesOf(path)
    else yield path
  }
}

const KEY_FILES = /^(?:keys\/server-keys\.json|config\/tls\/(?:ca|leaf)\.key)$/

async function collect(): Promise<void> {
  const bearer = { Authorization: `Bearer ${token}` }
  const task = await post('/api/manage/backups', { note: 'of the test' }, token)
  expect(task.error).toBeUndefined()
  const taskId = (task.taskId ?? task.task?.taskId) as string
  await expect
    .poll(async () => (await ask(`/api/manage/tasks/${taskId}`, { headers: bearer })).body.state, { timeout: 30_000 })
    .toBe('done')
  const pages = ['/metrics', '/api/openapi.json', '/api/asyncapi.json', '/api/auth/state', '/healthz', '/readyz']
  const managed = [
    'audit/export',
    'audit/export?format=csv',
    'audit',
    'people',
    'devices',
    'pairings',
    'sessions',
    'oidc',
  ]
  for (const path of [...pages, ...[...managed, 'status', 'network'].map((name) => `/api/manage/${name}`)]) {
    const { status, text } = await ask(path, { headers: bearer })
    expect([path, status]).toEqual([path, 200])
    said.set(path, text)
  }
  // The log is written out, and the databases are checkpointed.
  await server.stop()
  for (const path of filesOf(dataDir)) {
    const name = relative(dataDir, path)
    if (!KEY_FILES.test(name)) said.set(name, readFileSync(path, 'latin1'))
  }
  said.set('terminal', server.output())
}

test('no secret of a whole run is in its logs, events, databases, backups, answers, figures or audit log', async () => {
  await use()
  await collect()
  const found: string[] = []
  for (const [where, text] of said) {
    for (const [name, value] of secrets) {
      const isShown = name === 'set-up code' && where === 'terminal'
      if (!isShown && text.includes(value)) found.push(`${name} in ${where}`)
    }
  }
  expect(found).toEqual([])
  const places = [...said.keys()]
  expect(secrets.size).toBeGreaterThanOrEqual(25)
  // The search saw what it is about: logs, the events, the databases, a backup.
  for (const place of [
    /^logs\//,
    /events.*\.(?:ndjson|log|jsonl)/,
    /system\.db$/,
    /branch\.db$/,
    /backups\//,
    /^answer/,
  ]) {
    expect([String(place), places.some((name) => place.test(name))]).toEqual([String(place), true])
  }
  console.log(`${secrets.size} secrets were searched in ${said.size} answers, files and frames`)
})

test('what holds the keys is for the user of the server alone, and the start said so', {
  timeout: 60_000,
}, async () => {
  const keys = [...filesOf(dataDir)].filter((path) => KEY_FILES.test(relative(dataDir, path)))
  expect(keys.map((path) => [relative(dataDir, path), statSync(path).mode & 0o777]).sort()).toEqual([
    ['config/tls/ca.key', 0o600],
    ['config/tls/leaf.key', 0o600],
    ['keys/server-keys.json', 0o600],
  ])
  expect(server.output()).toContain('The keys of this server lie in a file that only its user may read')
  expect(server.output()).toContain('The keys of https lie in files that only the user of this server may read')
  expect(server.output()).toMatch(/Encrypted: https:\/\/localhost:\d+ {2}fingerprint ([0-9A-F]{2}:){31}[0-9A-F]{2}/)
})

test('the password of an unattended set-up is nowhere', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-unattended-'))
  const other = await startTestServer({ dataDir: folder, env: { MISHKAH_ADMIN_PASSWORD: PASSWORD } })
  try {
    const answer = await send(other.url, '/api/auth/login', {
      ...{ method: 'POST', body: { user: 'admin', password: PASSWORD } },
    })
    expect(answer.status).toBe(200)
    await other.stop()
    expect(other.output().includes(PASSWORD)).toBe(false)
    const holding = [...filesOf(folder)].filter((path) => readFileSync(path, 'latin1').includes(PASSWORD))
    expect(holding).toEqual([])
  } finally {
    await other.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
