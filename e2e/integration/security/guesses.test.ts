import { randomBytes, randomInt } from 'node:crypto'
import { Agent, request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHEAP_COST } from '../../../src-main/access/testing.ts'
import { startTestServer, type TestServer } from '../../../src-main/server/http/testing.ts'

/**
 * Guesses and replays against a closed branch. The hashes are cheap here: what is tested is that they are not reached.
 * MISHKAH_TORTURE=1 makes 100,000 guesses of each kind.
 */
const GUESSES = process.env.MISHKAH_TORTURE === '1' ? 100_000 : 3_000
const REPLAYS = process.env.MISHKAH_TORTURE === '1' ? 1_000 : 200
const PARALLEL = 16
const PASSWORD = 'a long password'
const LOCK_MS = 30_000
const LONG = { timeout: 120_000 + GUESSES * 20 }

// biome-ignore lint/suspicious/noExplicitAny: tests read members of answers as they come
type Body = Record<string, any>
interface Asked {
  method?: string
  path: string
  body?: object
  token?: string
  /** The address to come from: on Linux the whole of 127.0.0.0/8 is this machine. */
  from?: string
}

let server: TestServer
let admin: Body
const agents = new Map<string, Agent>()

beforeAll(async () => {
  server = await startTestServer({ hashCost: CHEAP_COST, adminPassword: PASSWORD })
  admin = (await ask({ path: '/api/auth/login', body: { user: 'admin', password: PASSWORD } })).body
  const sara = { user: 'sara', role: 'cashier', password: PASSWORD, pin: '5712' }
  expect((await ask({ path: '/api/manage/people', body: sara, token: admin.accessToken })).status).toBe(201)
})
afterAll(async () => {
  for (const agent of agents.values()) agent.destroy()
  await server.close()
})

function ask({
  method = 'POST',
  path,
  body,
  token,
  from = '127.0.0.1',
}: Asked): Promise<{ status: number; body: Body }> {
  const agent = agents.get(from) ?? new Agent({ keepAlive: true, maxSockets: PARALLEL })
  agents.set(from, agent)
  const text = body && JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const headers = {
      ...(text !== undefined && {
        'Content-Type': 'application/json',
        'Content-Length': String(Buffer.byteLength(text)),
      }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    }
    const place = { host: '127.0.0.1', port: server.port, method, path, localAddress: from }
    const outgoing = request({ ...place, agent, headers }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) as Body }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(text)
  })
}

/** Asks `count` times, some at once, and counts the answers by code. */
async function guess(count: number, make: (n: number) => Asked): Promise<Map<string, number>> {
  const codes = new Map<string, number>()
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const { status, body } = await ask(make(next++))
      const code = status < 300 ? 'let in' : String(body.error)
      codes.set(code, (codes.get(code) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  return codes
}

/** A device that showed the secret of its QR code. */
async function pair(name: string, from: string): Promise<Body> {
  const invited = await ask({ path: '/api/manage/pairings', body: { role: 'cashier', name }, token: admin.accessToken })
  return (await ask({ path: '/api/pair', body: { secret: invited.body.qr.secret }, from })).body
}

/** Tries whose secret was looked at: five, and one after each wait. */
const looks = (sinceMs: number): number => 5 + Math.floor((performance.now() - sinceMs) / LOCK_MS)

test(
  `${GUESSES} passwords from one address: five are looked at, and their owner signs in from another one`,
  LONG,
  async () => {
    const startedAt = performance.now()
    const from = '127.0.0.66'
    const codes = await guess(GUESSES, (n) => ({
      path: '/api/auth/login',
      body: { user: 'sara', password: `guess ${n}` },
      from,
    }))
    expect([...codes.keys()].sort()).toEqual(['sign-in-failed', 'sign-in-locked'])
    expect(codes.get('sign-in-failed')).toBeLessThanOrEqual(looks(startedAt))
    const right = { path: '/api/auth/login', body: { user: 'sara', password: PASSWORD } }
    expect((await ask({ ...right, from })).body.error).toBe('sign-in-locked')
    expect((await ask({ ...right, from: '127.0.0.67' })).status).toBe(200)
    const other = { path: '/api/auth/login', body: { user: 'admin', password: PASSWORD }, from }
    expect((await ask(other)).status).toBe(200)
  },
)

test(`${GUESSES} PINs on one device: five are looked at, and their owner signs in on another one`, LONG, async () => {
  const [first, second] = [await pair('Till 1', '127.0.0.2'), await pair('Till 2', '127.0.0.3')]
  const startedAt = performance.now()
  // The token is what counts, not the address: going about the network is no new start.
  const codes = await guess(GUESSES, (n) => ({
    ...{ path: '/api/auth/login', token: first.accessToken, from: `127.0.1.${n % 8}` },
    body: { user: 'sara', pin: String(n).padStart(4, '0') },
  }))
  expect([...codes.keys()].sort()).toEqual(['sign-in-failed', 'sign-in-locked'])
  expect(codes.get('sign-in-failed')).toBeLessThanOrEqual(looks(startedAt))
  const right = { path: '/api/auth/login', body: { user: 'sara', pin: '5712' } }
  expect((await ask({ ...right, token: second.accessToken })).status).toBe(200)
  expect((await ask({ ...right, token: first.accessToken })).body.error).toBe('sign-in-locked')
})

test(
  `${GUESSES} set-up codes, recovery codes and pairing codes: none is let in, a device elsewhere is paired`,
  LONG,
  async () => {
    const invited = await ask({ path: '/api/manage/pairings', body: { role: 'cashier' }, token: admin.accessToken })
    const startedAt = performance.now()
    const from = '127.0.0.77'
    const digits = await guess(GUESSES, () => ({
      path: '/api/pair',
      body: { code: String(randomInt(100_000_000)).padStart(8, '0') },
      from,
    }))
    expect([...digits.keys()].sort()).toEqual(['pairing-refused', 'sign-in-locked'])
    expect(digits.get('pairing-refused')).toBeLessThanOrEqual(looks(startedAt))
    const paired = await ask({ path: '/api/pair', body: { code: invited.body.code }, from: '127.0.0.78' })
    expect(paired).toMatchObject({ status: 202, body: { state: 'waiting' } })

    const recovery = await guess(GUESSES / 10, () => ({
      path: '/api/auth/recover',
      body: { recoveryCode: randomBytes(12).toString('hex'), password: 'a password of mine' },
      from,
    }))
    expect([...recovery.keys()].sort()).toEqual(['sign-in-failed', 'sign-in-locked'])
    const setup = await guess(GUESSES / 10, (n) => ({
      path: '/api/auth/setup',
      body: { code: `C${n}`, password: PASSWORD },
    }))
    expect([...setup.keys()]).toEqual(['setup-done'])
  },
)

test(
  `${GUESSES} access and ${GUESSES} refresh tokens, made up and changed: refused, and no session ends of it`,
  LONG,
  async () => {
    const [head, body, signature = ''] = String(admin.accessToken).split('.')
    const made = (n: number): string => {
      const bytes = Buffer.from(signature, 'base64url')
      bytes[n % 64]! ^= 1 + (n % 255)
      if (n % 3 === 0) return `${head}.${body}.${bytes.toString('base64url')}`
      return n % 3 === 1
        ? `${head}.${body}.${randomBytes(64).toString('base64url')}`
        : randomBytes(40).toString('base64url')
    }
    const access = await guess(GUESSES, (n) => ({ method: 'GET', path: '/api/auth/me', token: made(n) }))
    expect(access).toEqual(new Map([['token-invalid', GUESSES]]))
    const refresh = await guess(GUESSES, () => ({
      path: '/api/auth/refresh',
      body: { refreshToken: `mrt_${randomBytes(32).toString('base64url')}` },
    }))
    expect(refresh).toEqual(new Map([['token-invalid', GUESSES]]))
    expect((await ask({ method: 'GET', path: '/api/auth/me', token: admin.accessToken })).status).toBe(200)
  },
)

test(
  `${REPLAYS} refresh tokens, QR secrets, codes and claims used twice: refused, and only their own session ends`,
  LONG,
  async () => {
    const outcomes = new Map<string, number>()
    const count = (what: string, { status, body }: { status: number; body: Body }): void => {
      const key = `${what} ${status < 300 ? 'let in' : body.error}`
      outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
    }
    for (let n = 0; n < REPLAYS; n++) {
      const from = `127.0.${2 + (n >> 7)}.${1 + (n & 127)}`
      const invited = await ask({ path: '/api/manage/pairings', body: { role: 'display' }, token: admin.accessToken })
      const { code, qr, id } = invited.body
      if (n % 2 === 0) {
        const device = (await ask({ path: '/api/pair', body: { secret: qr.secret }, from })).body
        count('secret', await ask({ path: '/api/pair', body: { secret: qr.secret }, from }))
        const { refreshToken } = device
        const next = await ask({ path: '/api/auth/refresh', body: { refreshToken } })
        expect(next.status).toBe(200)
        count('refresh', await ask({ path: '/api/auth/refresh', body: { refreshToken } }))
        count('successor', await ask({ path: '/api/auth/refresh', body: { refreshToken: next.body.refreshToken } }))
        count('access', await ask({ method: 'GET', path: '/api/auth/me', token: next.body.accessToken }))
      } else {
        const { claim } = (await ask({ path: '/api/pair', body: { code }, from })).body
        count('code', await ask({ path: '/api/pair', body: { code }, from }))
        await ask({ path: `/api/manage/pairings/${id}/approve`, body: {}, token: admin.accessToken })
        expect((await ask({ path: '/api/pair/collect', body: { claim }, from })).status).toBe(200)
        count('claim', await ask({ path: '/api/pair/collect', body: { claim }, from }))
      }
    }
    expect(Object.fromEntries(outcomes)).toEqual({
      'secret pairing-refused': REPLAYS / 2,
      'refresh refresh-reused': REPLAYS / 2,
      'successor session-ended': REPLAYS / 2,
      'access session-ended': REPLAYS / 2,
      'code pairing-refused': REPLAYS / 2,
      'claim pairing-refused': REPLAYS / 2,
    })
    expect((await ask({ method: 'GET', path: '/api/auth/me', token: admin.accessToken })).status).toBe(200)
  },
)

test('all of that left a bounded audit log whose chain holds', async () => {
  const { body } = await ask({ path: '/api/manage/audit/verify', body: {}, token: admin.accessToken })
  // Four entries a replay at most (invited, paired, approved, refused), and a few for each kind of guess.
  expect(body.entries).toBeLessThan(REPLAYS * 5 + 400)
})

test('a name that nobody has takes as long as one that somebody has', async () => {
  const slow = await startTestServer({ hashCost: { N: 2 ** 13, r: 8, p: 1 }, adminPassword: PASSWORD })
  const quick = server
  server = slow
  try {
    const time = async (user: string, from: string): Promise<number> => {
      const startedAt = performance.now()
      expect((await ask({ path: '/api/auth/login', body: { user, password: 'a guess' }, from })).status).toBe(401)
      return performance.now() - startedAt
    }
    const times: [known: number, unknown: number][] = []
    // Each try from an address of its own: none is refused before its hash.
    for (let n = 0; n < 60; n++) times.push([await time('admin', `127.1.0.${n}`), await time('nobody', `127.1.1.${n}`)])
    const median = (column: 0 | 1): number => times.map((pair) => pair[column]).sort((a, b) => a - b)[30]!
    const ratio = median(0) / median(1)
    expect(ratio).toBeGreaterThan(0.7)
    expect(ratio).toBeLessThan(1.4)
  } finally {
    server = quick
    await slow.close()
  }
})
