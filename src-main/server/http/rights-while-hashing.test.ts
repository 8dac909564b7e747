import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Reply, TestServer } from './testing.ts'
import { startTestServer } from './testing.ts'

const PASSWORD = 'a long password'
/** About a tenth of a second a hash: what is sent meanwhile comes before its end. */
const SLOW = { N: 2 ** 15, r: 8, p: 1 }
let server: TestServer
beforeEach(async () => {
  server = await startTestServer({ hashCost: SLOW, adminPassword: PASSWORD, rateLimit: false })
})
afterEach(() => server.close())

function ask(method: string, path: string, token: string, body?: object): Promise<Reply> {
  return server.ask({ method, path, ...(body && { body }), headers: { Authorization: `Bearer ${token}` } })
}

async function signIn(user: string, password = PASSWORD): Promise<Reply> {
  return await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password } })
}

test('who loses a right while a hash is made has changed nothing with it', { timeout: 30_000 }, async () => {
  const admin = String((await signIn('admin')).body.accessToken)
  const made = async (user: string, role: string): Promise<{ id: string; token: string }> => {
    const { body } = await ask('POST', '/api/manage/people', admin, { user, role, password: PASSWORD })
    return { id: String(body.id), token: String((await signIn(user)).body.accessToken) }
  }
  const sara = await made('sara', 'cashier')
  const attempts: [what: string, begin: (token: string) => Promise<Reply>][] = [
    ['new', (token) => ask('POST', '/api/manage/people', token, { user: 'omar', role: 'cashier', password: PASSWORD })],
    ['set', (token) => ask('PATCH', `/api/manage/people/${sara.id}`, token, { password: 'of an intruder' })],
    ['own', (token) => ask('POST', '/api/auth/password', token, { current: PASSWORD, password: 'of an intruder' })],
  ]
  for (const [what, begin] of attempts) {
    for (const [how, change, expected] of [
      ['demoted', { role: 'display' }, 'forbidden'],
      ['disabled', { isDisabled: true }, 'session-ended'],
    ] as const) {
      const manager = await made(`${what}-${how}`, 'manager')
      const begun = begin(manager.token)
      // Its head and body are with the server before the next request of this process.
      expect((await ask('GET', '/api/auth/me', admin)).status).toBe(200)
      expect((await ask('PATCH', `/api/manage/people/${manager.id}`, admin, change)).status).toBe(200)
      const { status, body } = await begun
      const isOwn = what === 'own' && how === 'disabled'
      expect([what, how, status, isOwn || body.error]).toEqual([what, how, expect.any(Number), isOwn || expected])
      expect(status).toBeGreaterThanOrEqual(400)
      if (how === 'demoted') expect((await signIn(`${what}-${how}`)).status).toBe(200)
    }
  }
  expect((await signIn('sara')).status).toBe(200)
  expect((await signIn('omar')).status).toBe(401)
})
