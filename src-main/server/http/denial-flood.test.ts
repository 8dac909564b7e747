import { Agent, request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { CHEAP_COST } from '../../access/testing.ts'
import { type Reply, startTestServer, type TestServer } from './testing.ts'

const PASSWORD = 'a long password'
const LONG = { timeout: 60_000 }
/** A header that no trusted proxy wrote: the sender is none of this machine. */
const STRANGER = { 'X-Forwarded-For': '203.0.113.9' }
let server: TestServer
let agent: Agent
beforeEach(() => {
  agent = new Agent({ keepAlive: true, maxSockets: 16 })
})
afterEach(async () => {
  agent.destroy()
  await server.close()
})

async function start(rateLimit: boolean, requestsPer15Minutes = 1_000): Promise<void> {
  server = await startTestServer({ hashCost: CHEAP_COST, adminPassword: PASSWORD, rateLimit, requestsPer15Minutes })
}

const login = (password: string): Promise<Reply> =>
  server.ask({ method: 'POST', path: '/api/auth/login', body: { user: 'admin', password } })

async function denials(): Promise<JsonObject[]> {
  const headers = { Authorization: `Bearer ${(await login(PASSWORD)).body.accessToken}` }
  const { body } = await server.ask({ path: '/api/manage/audit?limit=1000', headers })
  return (body.entries as JsonObject[]).filter(({ outcome }) => outcome === 'denied')
}

/** Asks for many paths, some at once, and counts the answers by status. */
async function flood(paths: Iterable<string>, headers: Record<string, string>): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {}
  const left = paths[Symbol.iterator]()
  const work = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) {
      const status = await statusOf(next.value, headers)
      statuses[status] = (statuses[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 16 }, work))
  return statuses
}

function statusOf(path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port: server.port, path, headers, agent }, (incoming) => {
      incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0))
    })
    outgoing.on('error', reject).end()
  })
}

function* made(count: number, prefix: string): Generator<string> {
  for (let n = 0; n < count; n++) yield `${prefix}${Math.random().toString(36).slice(2)}-${n}`
}

test(
  '10,000 paths that a stranger invents are a few entries, and a refused sign-in is still one of its own',
  LONG,
  async () => {
    await start(false)
    expect(await flood(made(5_000, '/api/branches/'), {})).toEqual({ 401: 5_000 })
    expect(await flood(made(2_500, '/api/'), STRANGER)).toEqual({ 403: 2_500 })
    expect(await flood(made(2_500, '/'), STRANGER)).toEqual({ 403: 2_500 })
    expect((await login('a guess')).body.error).toBe('sign-in-failed')
    const found = await denials()
    expect(found[0]).toMatchObject({ action: 'person.sign-in', reason: 'sign-in-failed', subject: 'admin' })
    // Two reasons, each at once and once more for each minute that this took.
    expect(found.length).toBeGreaterThanOrEqual(3)
    expect(found.length).toBeLessThanOrEqual(3 + 4)
  },
)

test(
  'refused again and again a stranger is told to wait, on pages and data alike; others of that address sign in',
  LONG,
  async () => {
    await start(true, 100)
    const statuses = { ...(await flood(made(1_000, '/'), STRANGER)) }
    expect(statuses[403]).toBeGreaterThanOrEqual(100)
    expect(statuses[403]).toBeLessThan(110)
    expect(statuses[429]).toBe(1_000 - statuses[403]!)
    expect(await flood(made(50, '/api/'), STRANGER)).toEqual({ 429: 50 })
    expect(await flood(made(50, '/'), { Host: 'evil.example' })).toEqual({ 403: 50 }) // this machine is not limited
    // A device that wants to be paired is none of them.
    const pairing = { method: 'POST', path: '/api/pair', body: { code: '00000000' }, headers: STRANGER }
    expect((await server.ask(pairing)).body.error).toBe('pairing-refused')
    expect((await login(PASSWORD)).status).toBe(200)
  },
)

test('until somebody is in charge a stranger is refused as before, and nothing is written down', LONG, async () => {
  server = await startTestServer({ hashCost: CHEAP_COST, rateLimit: true, requestsPer15Minutes: 10 })
  expect(await flood(made(100, '/'), STRANGER)).toEqual({ 401: 100 })
  expect((await server.get('/api/manage/audit')).body.entries).toEqual([])
})
