import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { createSigner, type Signer, signedFetch, signSocket } from '../../../src-client/auth/sign.ts'
import type { SocketLike } from '../../../src-client/lib/platform.ts'
import { CHEAP_COST } from '../../../src-main/access/testing.ts'
import { MODULE, type Reply, startTestServer, type TestServer } from '../../../src-main/server/http/testing.ts'
import { SIGNATURE_HEADER } from '../../../src-shared/signing/signed-text.ts'

/**
 * Devices on plain http that sign what they send, with the SDK's own signer, over real sockets. A trusted proxy stands in
 * for the air: what it forwards comes from a tablet's address, without encryption.
 */
const PASSWORD = 'a long password'
const TABLET = { 'X-Forwarded-For': '192.168.1.77' }
const REPLAYS = 1_000
const CLOSED_WITHIN_MS = 1_000

// biome-ignore lint/suspicious/noExplicitAny: tests read members of answers as they come
type Body = Record<string, any>

const dataDir = mkdtempSync(join(tmpdir(), 'mishkah-signed-'))
let server: TestServer
let admin: string
const opened: WebSocket[] = []

async function start(): Promise<void> {
  server = await startTestServer({
    ...{ dataDir, isFolderKept: true, hashCost: CHEAP_COST, adminPassword: PASSWORD },
    ...{ trustProxy: ['127.0.0.1'], rateLimit: false },
  })
  const signedIn = await manage('POST', '/api/auth/login', { user: 'admin', password: PASSWORD, pin: undefined })
  admin = signedIn.body.accessToken as string
}

beforeAll(async () => {
  await start()
  await manage('POST', '/api/manage/people', { user: 'sara', role: 'manager', password: PASSWORD, pin: '5712' })
})
afterAll(async () => {
  for (const socket of opened) socket.terminate()
  await server.close()
  rmSync(dataDir, { recursive: true, force: true })
})

/** On this machine, with the manager's token. */
async function manage(method: string, path: string, body?: object): Promise<Reply> {
  const headers: Record<string, string> = admin === undefined ? {} : { Authorization: `Bearer ${admin}` }
  return await server.ask({ method, path, headers, ...(body && { body }) })
}

/** From the tablet, by plain http. */
async function onAir(method: string, path: string, body?: string, headers: object = {}): Promise<Reply> {
  return await server.ask({ method, path, headers: { ...TABLET, ...headers }, ...(body !== undefined && { body }) })
}

async function pair(role = 'cashier'): Promise<{ device: Body; signer: Signer; paired: Body }> {
  const invited = (await manage('POST', '/api/manage/pairings', { role, name: 'Tablet' })).body as Body
  const paired = (await onAir('POST', '/api/pair', JSON.stringify({ secret: invited.qr.secret }))).body as Body
  const { device, signingKey } = paired
  return { device, paired, signer: createSigner({ signer: device.id, key: signingKey }) }
}

/** `fetch` of a browser on the tablet; keeps what it sent, as somebody who listens would. */
function fetchOf(signer: Signer, heard: { url: string; init: RequestInit }[] = []) {
  const send: typeof fetch = (url, init) => {
    const heardInit = { ...init, headers: { ...(init?.headers as object), ...TABLET } }
    heard.push({ url: String(url), init: heardInit })
    return fetch(url as string, heardInit)
  }
  const signed = signedFetch(signer, send)
  return async (path: string, method = 'GET', body?: object): Promise<Body> => {
    const answer = await signed(`${server.url}${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
    return { ...((await answer.json()) as object), status: answer.status }
  }
}

const allow = (allowsSigned: boolean): Promise<Reply> =>
  manage('PUT', '/api/manage/network/plain-http', { allowsSigned, reason: 'old tablets' })

const line = (id: string): object => ({ id, orderId: 'o-1', itemId: 'tea', quantity: 1, unitPrice: 3 })
const LINES = `${MODULE}/tables/order_line`

test('off until a manager chooses it; then it is a warning, and outlives a restart', async () => {
  const { signer } = await pair()
  const ask = fetchOf(signer)
  expect(await ask(LINES)).toMatchObject({ status: 403, error: 'https-required' })
  expect((await allow(true)).body).toMatchObject({ allowsSigned: true, warning: expect.any(String) })
  const status = (await manage('GET', '/api/manage/status')).body as Body
  expect(status.warnings.map(({ code }: Body) => code)).toContain('signed-http')
  expect((await manage('GET', '/api/manage/network')).body).toMatchObject({ plainHttp: { allowsSigned: true } })
  await server.close()
  await start()
  expect((await manage('GET', '/api/manage/network')).body).toMatchObject({ plainHttp: { allowsSigned: true } })
  expect((await ask(LINES)).status).toBe(200)
  expect((await onAir('GET', LINES)).body).toMatchObject({ error: 'https-required', details: { signing: {} } })
})

test('a device reads and writes; the same with a token only, or with a body changed on the way, is refused', async () => {
  const { signer, paired, device } = await pair()
  const heard: { url: string; init: RequestInit }[] = []
  const ask = fetchOf(signer, heard)
  expect(await ask('/api/auth/me')).toMatchObject({ kind: 'device', deviceId: device.id, role: 'cashier' })
  expect((await ask(LINES, 'POST', line('signed-1'))).status).toBe(201)
  expect(await ask(`${LINES}?id=signed-1`)).toMatchObject({ status: 200, record: { id: 'signed-1' } })
  expect((await onAir('GET', LINES, undefined, { Authorization: `Bearer ${paired.accessToken}` })).status).toBe(403)

  const body = JSON.stringify(line('signed-2'))
  const sign = (method: string, target: string, text = ''): object => ({
    [SIGNATURE_HEADER]: signer.sign(method, target, text),
  })
  const changes: [what: string, answer: Promise<Reply>][] = [
    ['body', onAir('POST', LINES, body.replace('"quantity":1', '"quantity":9'), sign('POST', LINES, body))],
    ['no body', onAir('POST', LINES, undefined, sign('POST', LINES, body))],
    ['body where none was', onAir('POST', LINES, body, sign('POST', LINES))],
    ['method', onAir('PATCH', LINES, body, sign('POST', LINES, body))],
    ['path', onAir('POST', LINES, body, sign('POST', `${LINES}x`, body))],
    ['query', onAir('POST', `${LINES}?a=1`, body, sign('POST', LINES, body))],
    ['letters', onAir('POST', LINES, body, { [SIGNATURE_HEADER]: 'v1;x' })],
  ]
  for (const [what, answer] of changes) {
    const { status, body: refusal } = await answer
    expect([what, status, refusal.error]).toEqual([what, 401, 'signature-invalid'])
  }
  expect(await ask(`${LINES}?id=signed-2`)).toMatchObject({ status: 200, count: 0 })
  expect(heard.length).toBeGreaterThan(0)
})

test(`[T22] ${REPLAYS} writes that somebody recorded and sends again are refused`, { timeout: 120_000 }, async () => {
  const { signer } = await pair()
  const heard: { url: string; init: RequestInit }[] = []
  const ask = fetchOf(signer, heard)
  await ask('/api/auth/me')
  heard.length = 0
  for (let n = 0; n < REPLAYS; n++) expect((await ask(LINES, 'POST', line(`replay-${n}`))).status).toBe(201)
  const before = await eventCount()
  const codes = new Map<string, number>()
  for (const { url, init } of heard) {
    const { error } = (await (await fetch(url, init)).json()) as Body
    codes.set(error, (codes.get(error) ?? 0) + 1)
  }
  expect(codes).toEqual(new Map([['signature-invalid', REPLAYS]]))
  expect(await eventCount()).toBe(before)
  // Its owner is not locked out by what others sent in its name.
  expect((await ask('/api/auth/me')).status).toBe(200)
})

async function eventCount(): Promise<number> {
  return Number((await manage('GET', `${MODULE}/version`)).body)
}

test('a wrong clock has its own code and is put right by the answer; so is a server that was started again', async () => {
  const { device, paired } = await pair()
  const key = { signer: device.id as string, key: paired.signingKey as string }
  const late = createSigner(key, () => Date.now() - 3_600_000)
  const first = await onAir('GET', LINES, undefined, { [SIGNATURE_HEADER]: late.sign('GET', LINES) })
  expect(first.body).toMatchObject({ error: 'signature-invalid', details: { instanceId: expect.any(String) } })
  const { instanceId } = first.body.details as Body
  late.learn({ instanceId, now: Date.now() - 3_600_000 })
  const second = await onAir('GET', LINES, undefined, { [SIGNATURE_HEADER]: late.sign('GET', LINES) })
  expect(second.body).toMatchObject({ error: 'clock-wrong', details: { now: expect.any(Number) } })
  const ask = fetchOf(late)
  expect((await ask(LINES)).status).toBe(200)
  const kept = late.sign('GET', LINES)
  await server.close()
  await start()
  expect((await onAir('GET', LINES, undefined, { [SIGNATURE_HEADER]: kept })).body.error).toBe('signature-invalid')
  expect((await ask(LINES)).status).toBe(200)
})

test('a PIN signs a person in without tokens on the air; passwords, tokens and management are not for plain http', async () => {
  const { signer } = await pair()
  const ask = fetchOf(signer)
  const signedIn = await ask('/api/auth/login', 'POST', { user: 'sara', pin: '5712' })
  expect(signedIn).toMatchObject({ status: 200, user: { user: 'sara' }, sessionId: expect.stringMatching(/^session-/) })
  expect([signedIn.accessToken, signedIn.refreshToken]).toEqual([undefined, undefined])
  const sara = fetchOf(signer.as(signedIn.sessionId))
  expect(await sara('/api/auth/me')).toMatchObject({ kind: 'person', user: { user: 'sara' }, role: 'manager' })
  expect((await sara(LINES, 'POST', line('of-sara'))).status).toBe(201)
  const refused: [path: string, method: string, body?: object][] = [
    ['/api/auth/login', 'POST', { user: 'sara', password: PASSWORD }],
    ['/api/auth/login', 'POST', { user: 'sara', pin: '5712', cookie: true }],
    ['/api/auth/refresh', 'POST', { refreshToken: 'x' }],
    ['/api/auth/password', 'POST', { current: PASSWORD, pin: '4826' }],
    ['/api/auth/sessions', 'GET'],
    ['/api/manage/pairings', 'POST', { role: 'cashier' }],
    ['/api/manage/people', 'GET'],
    ['/api/manage/network', 'GET'],
  ]
  for (const [path, method, body] of refused) {
    const { status, error } = await sara(path, method, body)
    expect([path, status, error]).toEqual([path, 403, 'https-required'])
  }
  expect((await sara('/api/auth/logout', 'POST', {})).signedOut).toBe(true)
  expect((await sara('/api/auth/me')).error).toBe('signature-invalid')
  // Another device's key is no key for her session.
  const other = await pair()
  const again = await ask('/api/auth/login', 'POST', { user: 'sara', pin: '5712' })
  expect((await fetchOf(other.signer.as(again.sessionId))('/api/auth/me')).error).toBe('signature-invalid')
})

interface Signed {
  socket: SocketLike
  frames: Body[]
  /** Messages as they were on the air. */
  heard: string[]
  closed: Promise<{ code: number; reason: string }>
  next(type: string): Promise<Body>
}

/** A socket of the tablet's page. */
function connect(signer: Signer): Signed {
  const raw = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, { headers: TABLET })
  opened.push(raw)
  const heard: string[] = []
  const send = raw.send.bind(raw) as (text: string) => void
  raw.send = (text: unknown) => {
    heard.push(String(text))
    send(String(text))
  }
  const socket = signSocket(raw as unknown as SocketLike, `${server.url}/ws`, signer)
  const frames: Body[] = []
  let wake: () => void = () => undefined
  socket.onmessage = (event) => {
    frames.push(JSON.parse(String(event.data)) as Body)
    wake()
  }
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve({ code, reason })
  })
  const hello = { type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], requestSnapshot: false }
  socket.onopen = () => socket.send(JSON.stringify(hello))
  return {
    ...{ socket, frames, heard, closed },
    async next(type) {
      for (;;) {
        const found = frames.find((frame) => frame.type === type)
        if (found) return found
        const more = new Promise<void>((resolve) => {
          wake = resolve
        })
        const end = closed.then(({ code }) => {
          throw new Error(`closed with ${code} before ${type}`)
        })
        await Promise.race([more, end])
      }
    },
  }
}

const publish = (id: string): string =>
  JSON.stringify({
    ...{ type: 'client:publish', requestId: id, moduleId: 'pos', table: 'order_line', action: 'module:insert' },
    record: line(id),
  })

test('a socket is signed from its first message on: it writes, and nothing that others say on it or again is heard', async () => {
  const { signer, device } = await pair()
  await fetchOf(signer)('/api/auth/me')
  const till = connect(signer)
  await till.next('server:ready')
  till.socket.send(publish('socket-1'))
  expect(await till.next('server:ack')).toMatchObject({ requestId: 'socket-1' })

  const raw = (messages: string[]): Promise<{ code: number; frames: Body[] }> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, { headers: TABLET })
      opened.push(socket)
      const frames: Body[] = []
      socket.on('open', () => messages.forEach((message) => void socket.send(message)))
      socket.on('message', (data) => frames.push(JSON.parse(String(data)) as Body))
      socket.on('close', (code) => resolve({ code, frames }))
    })
  const before = await eventCount()
  const cases: [what: string, messages: string[]][] = [
    ['the whole conversation again', till.heard],
    ['no signature', [publish('evil-1')]],
    ['a signature for a request', [signer.sign('GET', '/ws')]],
    ['a signature for another path', [signer.sign('SOCKET', '/other')]],
  ]
  for (const [what, messages] of cases) {
    const { code, frames } = await raw(messages)
    const refusal = frames.find(({ type }) => type === 'server:error')?.error
    expect([what, code, refusal]).toEqual([what, 4401, 'signature-invalid'])
  }
  // A message that was recorded, put into the living conversation.
  const own = connect(signer)
  await own.next('server:ready')
  const injected = opened.at(-1)!
  injected.send(till.heard[2]!)
  expect((await own.closed).code).toBe(4401)
  const changed = connect(signer)
  await changed.next('server:ready')
  const [mac = ''] = (changed.heard[1] ?? '').split('.')
  opened.at(-1)!.send(`${mac}.${publish('evil-2')}`)
  expect((await changed.closed).code).toBe(4401)
  expect(await eventCount()).toBe(before)

  const startedAt = performance.now()
  await manage('DELETE', `/api/manage/devices/${device.id}?reason=lost`)
  expect((await till.closed).code).toBe(4401)
  expect(performance.now() - startedAt).toBeLessThan(CLOSED_WITHIN_MS)
  expect((await fetchOf(signer)('/api/auth/me')).error).toBe('signature-invalid')
})

test('a socket that was signed for an earlier run closes as after a restart, and the next one opens', async () => {
  const { signer } = await pair()
  const first = connect(signer)
  expect(await first.closed).toMatchObject({ code: 1012 })
  expect(first.frames.filter(({ type }) => type === 'server:error')).toEqual([])
  const second = connect(signer)
  await second.next('server:ready')
})

test('switched off again, nothing signed is served by plain http', async () => {
  const { signer } = await pair()
  expect((await fetchOf(signer)('/api/auth/me')).status).toBe(200)
  await allow(false)
  expect((await fetchOf(signer)('/api/auth/me')).error).toBe('https-required')
  const refused = await new Promise((resolve) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws`, { headers: TABLET })
    socket.on('error', (error) => resolve(error.message))
  })
  expect(refused).toContain('403')
})
