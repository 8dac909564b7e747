import { createHmac } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Principal } from '../principal.ts'
import { codeOf, openTestAccess, type TestAccess } from '../testing.ts'
import { ACCESS_TOKEN_MS, CLOCK_LEEWAY_MS } from './access-tokens.ts'
import { createSecretBox, openServerKeys } from './key-file.ts'

let at: TestAccess
beforeEach(async () => {
  at = await openTestAccess()
})
afterEach(() => at.close())

const stranger = { isDesktop: false, isPrivate: true, isSameOrigin: true }
const judge = async (token: string): Promise<Principal | undefined> => await at.access.identity.judgeToken(token)

async function signedIn() {
  const person = await at.access.people.add({ user: 'sara', role: 'cashier', pin: '5712', branches: ['dar', 'b2'] })
  const device = at.access.devices.add({
    name: 'Till 1',
    roleId: 'kitchen',
    branchIds: ['dar'],
    isLegacy: false,
    approvedBy: 'admin',
  })
  const opened = at.access.sessions.open({
    personId: person.id,
    deviceId: device.id,
    method: 'pin',
    address: '10.0.0.7',
    agent: 'test',
  })
  return { person, device, ...opened, ...(await at.access.grant(opened)), first: opened.refreshToken }
}

test('an access token is a JWT of a quarter of an hour that proves its session, with the rights of this moment', async () => {
  const { person, device, session, accessToken, expiresIn } = await signedIn()
  expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: 'EdDSA', typ: 'at+jwt', kid: expect.any(String) })
  expect(Object.keys(decodeJwt(accessToken)).sort()).toEqual(['aud', 'did', 'exp', 'iat', 'iss', 'sid', 'sub'])
  expect(expiresIn).toBe(900)
  expect(await judge(accessToken)).toEqual({
    kind: 'person',
    uid: person.id,
    name: 'sara',
    deviceId: device.id,
    roleId: 'cashier',
    branchIds: ['dar'],
    permissions: ['read:*', 'write:*'],
    sessionId: session.id,
    expiresAt: at.clock.now() + ACCESS_TOKEN_MS,
  })
  await at.access.people.change(person.id, { role: 'display' })
  expect(await judge(accessToken)).toMatchObject({ roleId: 'display', permissions: ['read:*'] })
})

test('it holds five minutes longer for wrong clocks, and across a restart, but not for another data folder', async () => {
  const { accessToken } = await signedIn()
  at.clock.advance(ACCESS_TOKEN_MS + CLOCK_LEEWAY_MS - 1_000)
  await at.reopen()
  expect(await judge(accessToken)).toMatchObject({ name: 'sara' })
  at.clock.advance(1_000)
  expect(await codeOf(() => judge(accessToken))).toBe('token-expired')
  const other = await openTestAccess()
  expect(await codeOf(() => other.access.identity.judgeToken(accessToken))).toBe('token-invalid')
  other.close()
})

test('what is not made here is refused: none, other algorithms, the public key as a secret, changed and foreign parts', async () => {
  const { accessToken } = await signedIn()
  const [head = '', body = '', signature = ''] = accessToken.split('.')
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = decodeProtectedHeader(accessToken)
  const keys = JSON.parse(readFileSync(join(at.dataDir, 'keys', 'server-keys.json'), 'utf8')) as {
    signing: { jwk: { x: string } }[]
  }
  const hmac = (text: string): string =>
    createHmac('sha256', Buffer.from(keys.signing[0]!.jwk.x, 'base64url')).update(text).digest('base64url')
  const withHead = (value: object, sign = ''): string => `${encode(value)}.${body}.${sign}`
  const confused = encode({ ...header, alg: 'HS256' })
  const attacks = [
    withHead({ ...header, alg: 'none' }),
    withHead({ ...header, alg: 'None' }, signature),
    `${confused}.${body}.${hmac(`${confused}.${body}`)}`,
    withHead({ ...header, kid: 'another' }, signature),
    withHead({ ...header, kid: undefined }, signature),
    withHead({ ...header, typ: 'JWT' }, signature),
    withHead({ ...header, jwk: keys.signing[0]!.jwk }, signature),
    withHead({ ...header, crit: ['b64'], b64: false }, signature),
    `${head}.${encode({ ...decodeJwt(accessToken), sid: 'session-x' })}.${signature}`,
    `${head}.${encode({ ...decodeJwt(accessToken), exp: 9e9 })}.${signature}`,
    `${head}.${body}.`,
    `${head}.${body}`,
    `${head}.${body}.${signature.slice(0, -4)}AAAA`,
    `${accessToken}.${signature}`,
    'a.b.c',
    '..',
    'x'.repeat(100_000),
  ]
  for (const token of attacks)
    expect([token.slice(0, 80), await codeOf(() => judge(token))]).toEqual([token.slice(0, 80), 'token-invalid'])
  expect(await judge(accessToken)).toMatchObject({ name: 'sara' })
})

test('a refresh token is good once; its second use ends the session and every access token of it', async () => {
  const { session, accessToken, first } = await signedIn()
  const { sessions } = at.access
  const second = sessions.refresh(first, undefined)
  const third = sessions.refresh(second.refreshToken, undefined)
  expect(third.session.id).toBe(session.id)
  const ended: string[] = []
  at.access.onRights(({ isEnded, isMeant }) => {
    if (isEnded && isMeant({ sessionId: session.id } as Principal)) ended.push(session.id)
  })
  expect(await codeOf(() => sessions.refresh(`mrt_${'x'.repeat(43)}`, undefined))).toBe('token-invalid')
  expect(sessions.find(session.id)).toBeDefined()
  expect(await codeOf(() => sessions.refresh(first, undefined))).toBe('refresh-reused')
  expect(ended).toEqual([session.id])
  expect(await codeOf(() => sessions.refresh(third.refreshToken, undefined))).toBe('session-ended')
  expect(await codeOf(() => judge(accessToken))).toBe('session-ended')
  await at.reopen()
  expect(await codeOf(() => at.access.sessions.refresh(third.refreshToken, undefined))).toBe('session-ended')
})

test('a lost answer is asked for again with its request id while its successor is unused, also days later', async () => {
  const { first } = await signedIn()
  const { sessions } = at.access
  const answer = sessions.refresh(first, 'r-1')
  expect(sessions.refresh(first, 'r-1').refreshToken).toBe(answer.refreshToken)
  at.clock.advance(20 * 60 * 60 * 1000)
  expect(sessions.refresh(first, 'r-1').refreshToken).toBe(answer.refreshToken)
  sessions.refresh(answer.refreshToken, 'r-2')
  expect(await codeOf(() => sessions.refresh(first, 'r-1'))).toBe('refresh-reused')
})

test('another request id, or none at all, is a second use', async () => {
  for (const requestId of ['r-2', undefined]) {
    const { sessions } = at.access
    const { refreshToken } = sessions.open({
      personId: null,
      deviceId: null,
      method: 'pairing',
      address: '',
      agent: '',
    })
    sessions.refresh(refreshToken, 'r-1')
    expect(await codeOf(() => sessions.refresh(refreshToken, requestId))).toBe('refresh-reused')
  }
})

test('nothing that proves anything lies in the database', async () => {
  const { first, accessToken, session } = await signedIn()
  const cookie = at.access.sessions.giveCookie(session.id)
  at.database.connection.checkpoint()
  const bytes = readdirSync(at.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.startsWith('system.db'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('')
  for (const secret of [first, first.slice(4), accessToken, cookie, '5712']) expect(bytes.includes(secret)).toBe(false)
})

test('a cookie is one session; a new one takes the old one back; both end with it', async () => {
  const { session } = await signedIn()
  const { sessions } = at.access
  const old = sessions.giveCookie(session.id)
  const cookie = sessions.giveCookie(session.id)
  expect(sessions.findByCookie(old)).toBeUndefined()
  expect(sessions.findByCookie(cookie)?.id).toBe(session.id)
  await at.reopen()
  expect(at.access.sessions.findByCookie(cookie)?.id).toBe(session.id)
  at.access.sessions.end(session.id, 'signed-out')
  expect(at.access.sessions.findByCookie(cookie)).toBeUndefined()
})

test('a cookie that is used keeps its session; one that is not ends with it', async () => {
  const { session } = await signedIn()
  const { sessions } = at.access
  const cookie = sessions.giveCookie(session.id)
  for (let n = 0; n < 5; n++) {
    at.clock.advance(0.8 * 86_400_000)
    expect(sessions.findByCookie(cookie)?.id).toBe(session.id)
  }
  at.clock.advance(86_400_000)
  expect(sessions.findByCookie(cookie)).toBeUndefined()
})

test('revoking the device, disabling or removing the person, or the role that is gone: the token tells nobody', async () => {
  const { device, person, accessToken } = await signedIn()
  await at.access.people.change(person.id, { isDisabled: true })
  expect(await codeOf(() => judge(accessToken))).toBe('session-ended')
  await at.access.people.change(person.id, { isDisabled: false })
  expect(await codeOf(() => judge(accessToken))).toBe('none')
  at.access.devices.revoke(device.id, 'lost')
  expect(await codeOf(() => judge(accessToken))).toBe('session-ended')
})

test('a PIN is good for a day, a pairing for half a year', async () => {
  const { session } = await signedIn()
  at.clock.advance(86_400_000)
  expect(at.access.sessions.find(session.id)).toBeUndefined()
  expect(at.access.sessions.list()).toEqual([])
})

test('keys lie in a file that only the server reads, or sealed; unreadable ones are made anew and refresh goes on', async () => {
  const { first, accessToken } = await signedIn()
  const file = join(at.dataDir, 'keys', 'server-keys.json')
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(at.records.map(({ event }) => event)).toContain('keys-in-clear')

  const secretsKey = Buffer.alloc(32, 7).toString('base64url')
  await at.reopen({ secretsKey })
  const sealed = readFileSync(join(at.dataDir, 'keys', 'server-keys.sealed'))
  expect(sealed.includes('signing')).toBe(false)
  expect(await codeOf(() => judge(accessToken))).toBe('token-invalid')
  const next = at.access.sessions.refresh(first, undefined)
  const { accessToken: fresh } = await at.access.grant(next)
  await at.reopen({ secretsKey })
  expect(await judge(fresh)).toMatchObject({ name: 'sara' })

  writeFileSync(join(at.dataDir, 'keys', 'server-keys.sealed'), sealed.subarray(0, 40))
  await at.reopen({ secretsKey })
  expect(at.records.map(({ event }) => event)).toContain('keys-made-anew')
  expect(await codeOf(() => judge(fresh))).toBe('token-invalid')
  expect(await codeOf(() => at.access.sessions.refresh(next.refreshToken, undefined))).toBe('none')
})

test('keys in clear are sealed once there is a key store: the file goes away, somebody hears of it, devices stay paired', async () => {
  const clear = join(at.dataDir, 'keys', 'server-keys.json')
  const secretsKey = Buffer.alloc(32, 7).toString('base64url')
  const signingKey = at.access.signed.keyFor('device-1')
  const { refreshSecret } = JSON.parse(readFileSync(clear, 'utf8')) as { refreshSecret: string }
  await at.reopen({ secretsKey })
  expect(existsSync(clear)).toBe(false)
  expect(at.records.map(({ event }) => event)).toContain('keys-sealed')
  expect(at.access.signed.keyFor('device-1')).toBe(signingKey)
  expect(readFileSync(join(at.dataDir, 'keys', 'server-keys.sealed')).includes(refreshSecret)).toBe(false)

  // Without the key store for once: other keys in clear, which are given up as soon as it is back.
  await at.reopen()
  expect(at.access.signed.keyFor('device-1')).not.toBe(signingKey)
  await at.reopen({ secretsKey })
  expect(existsSync(clear)).toBe(false)
  expect(at.records.map(({ event }) => event)).toContain('keys-left-in-clear')
  expect(at.access.signed.keyFor('device-1')).toBe(signingKey)
})

test('keys are renewed after 90 days; the one before still checks its tokens', () => {
  const open = (nowMs: number) =>
    openServerKeys(at.dataDir, {
      box: createSecretBox(Buffer.alloc(32).toString('base64url')),
      nowMs,
      warn: () => undefined,
    })
  const day = 86_400_000
  const [first] = open(0).signing
  expect(open(89 * day).signing).toEqual([first])
  const renewed = open(91 * day).signing
  expect(renewed.map(({ kid }) => kid)).toEqual([expect.not.stringMatching(first!.kid), first!.kid])
  expect(open(182 * day).signing.map(({ kid }) => kid)).toEqual([expect.any(String), renewed[0]!.kid])
})

test('without a manager everyone is one; afterwards only what proves itself, and open networks as their role', async () => {
  const request = { headers: {}, method: 'GET' } as Parameters<typeof at.access.identity.judge>[0]
  expect(await at.access.identity.judge(request, stranger)).toMatchObject({ kind: 'setup', permissions: ['*'] })
  await at.access.people.add({ user: 'admin', role: 'admin', password: 'a long password' })
  expect(await at.access.identity.judge(request, stranger)).toBeUndefined()
  expect(await at.access.identity.judge(request, { ...stranger, isDesktop: true })).toMatchObject({ kind: 'desktop' })
  await at.reopen({ openLan: () => ({ roleId: 'display', branchIds: ['dar'] }) })
  expect(await at.access.identity.judge(request, stranger)).toMatchObject({
    kind: 'open-lan',
    permissions: ['read:*'],
    branchIds: ['dar'],
  })
  expect(await at.access.identity.judge(request, { ...stranger, isPrivate: false })).toBeUndefined()
})
