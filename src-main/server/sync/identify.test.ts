import { createHmac, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { frameTextToSign, SOCKET_METHOD } from '../../../src-shared/signing/signed-text.ts'
import { hashBody, signRequest } from '../../access/plain-http/signed-request.ts'
import { socketKey } from '../../access/plain-http/signed-socket.ts'
import { openTestAccess, type TestAccess } from '../../access/testing.ts'
import { ACCESS_TOKEN_MS, CLOCK_LEEWAY_MS } from '../../access/tokens/access-tokens.ts'
import { SESSION_LIFE_MS } from '../../access/tokens/sessions.ts'
import { startTestGateway, type TestClient, type TestGateway } from './testing.ts'

let at: TestAccess
let gateway: TestGateway
beforeEach(async () => {
  at = await openTestAccess({ adminPassword: 'a long password' })
  const rules = { isClosed: true, isHttpsServed: false, redirect: false, allowsSigned: true, isOpenLan: false }
  gateway = await startTestGateway({
    access: at.access,
    now: at.clock.now,
    sync: { heartbeatMs: 20 },
    plainHttpRules: () => rules,
  })
})
afterEach(async () => {
  await gateway.close()
  at.close()
})

async function signIn(): Promise<{ token: string; refresh(): Promise<string> }> {
  const [person] = at.access.people.list()
  let opened = at.access.sessions.open({
    ...{ personId: person!.id, deviceId: null, method: 'password' as const, address: '127.0.0.1', agent: '' },
  })
  return {
    token: (await at.access.grant(opened)).accessToken,
    async refresh() {
      opened = at.access.sessions.refresh(opened.refreshToken, undefined)
      return (await at.access.grant(opened)).accessToken
    },
  }
}

async function ready(token: string): Promise<TestClient> {
  const client = await gateway.connect()
  await client.hello({ protocol: 2, requestSnapshot: false, token })
  return client
}

test('a token is asked for a minute before it ends, once; a renewed one keeps the socket', async () => {
  const { token, refresh } = await signIn()
  const client = await ready(token)
  at.clock.advance(ACCESS_TOKEN_MS - 60_000)
  const isRenewal = (frame: { directive?: string }): boolean => frame.directive === 'renew-token'
  expect(await client.next(isRenewal)).toMatchObject({ expiresAt: '2026-03-01T10:15:00.000Z' })
  client.send({ type: 'client:auth', requestId: 'a1', token: await refresh() })
  expect(await client.next('server:auth')).toMatchObject({ status: 'accepted' })
  at.clock.advance(CLOCK_LEEWAY_MS + 120_000)
  expect((await client.ask({ type: 'ping', requestId: 'p1' })).type).toBe('pong')
  expect(client.frames.filter(isRenewal)).toHaveLength(1)
})

test('a token that is not renewed ends its socket after the leeway of five minutes, with the code', async () => {
  const { token } = await signIn()
  const client = await ready(token)
  at.clock.advance(ACCESS_TOKEN_MS + CLOCK_LEEWAY_MS - 1)
  expect((await client.ask({ type: 'ping', requestId: 'p1' })).type).toBe('pong')
  at.clock.advance(1)
  expect(await client.closed()).toBe(4401)
  expect(client.frames.at(-1)).toMatchObject({ type: 'server:error', error: 'token-expired' })
})

test('a socket that signs ends with the session of the PIN that it acts for', async () => {
  const [person] = at.access.people.list()
  const device = at.access.devices.add({
    ...{ roleId: 'cashier', branchIds: null, isLegacy: false },
    name: 'Till',
    approvedBy: 'admin',
  })
  const { session } = at.access.sessions.open({
    ...{ personId: person!.id, deviceId: device.id, method: 'pin' as const, address: '127.0.0.1', agent: '' },
  })
  const client = await gateway.connect()
  const { instanceId, now: timeMs } = at.access.signed.terms()
  const parts = { method: SOCKET_METHOD, target: '/ws', signer: session.id, instanceId, timeMs }
  const key = Buffer.from(at.access.signed.keyFor(device.id), 'base64url')
  const signature = signRequest(key, { ...parts, nonce: randomBytes(16).toString('base64url'), bodyHash: hashBody('') })
  const frames = socketKey(key, signature)
  let count = 0
  const send = (frame: object): void => {
    const text = JSON.stringify(frame)
    const mac = createHmac('sha256', frames).update(frameTextToSign(++count, text)).digest('base64url')
    client.send(`${mac}.${text}`)
  }
  client.send(signature)
  send({ type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], requestSnapshot: false })
  await client.next('server:ready')
  at.clock.advance(SESSION_LIFE_MS.pin - 1)
  send({ type: 'ping', requestId: 'p1' })
  expect((await client.next('pong')).requestId).toBe('p1')
  at.clock.advance(CLOCK_LEEWAY_MS + 1)
  expect(await client.closed()).toBe(4401)
})

test('a stranger may be silent for ten seconds; a ping is no proof', async () => {
  const client = await gateway.connect()
  at.clock.advance(10_000)
  expect((await client.ask({ type: 'ping', requestId: 'p1' })).type).toBe('pong')
  at.clock.advance(1)
  expect(await client.closed()).toBe(4401)
})

test('a thousand frames behind a token that is still judged close the socket, and it costs nobody else', async () => {
  const { token } = await signIn()
  const [client, other] = [await gateway.connect(), await ready(token)]
  const second = await signIn()
  client.send({ type: 'client:hello', protocol: 2, branchId: 'dar', requestSnapshot: false, token: second.token })
  for (let n = 0; n < 1_000; n++) client.send({ type: 'client:query', table: 'order_line', requestId: `q${n}` })
  const outcome = await Promise.race([client.closed(), client.next((frame) => frame.requestId === 'q999')])
  expect(outcome === 1008 || typeof outcome === 'object').toBe(true)
  expect((await other.ask({ type: 'ping', requestId: 'p1' })).type).toBe('pong')
  expect(gateway.problems).toEqual([])
})
