import { afterEach, beforeEach, expect, test } from 'vitest'
import { CHEAP_COST } from '../../access/testing.ts'
import { type Reply, startTestServer, type TestServer } from './testing.ts'

const PASSWORD = 'a long password'
let server: TestServer
let manager = ''
beforeEach(async () => {
  server = await startTestServer({ hashCost: CHEAP_COST, rateLimit: false })
  const { code } = server.notices.find(({ kind }) => kind === 'setup-code') as { code: string }
  manager = String((await post('/api/auth/setup', { code, password: PASSWORD })).body.accessToken)
})
afterEach(() => server.close())

function post(path: string, body: object, token?: string): Promise<Reply> {
  return server.ask({ method: 'POST', path, body, ...(token && { headers: { Authorization: `Bearer ${token}` } }) })
}

function people(token?: string): Promise<Reply> {
  return server.ask({ path: '/api/auth/people', ...(token && { headers: { Authorization: `Bearer ${token}` } }) })
}

async function pairDevice(branches: readonly string[] | null): Promise<Record<string, unknown>> {
  const invited = await post('/api/manage/pairings', { role: 'kitchen', name: 'Grill', branches }, manager)
  const qr = invited.body.qr as { urls: string[]; secret: string }
  expect(qr.urls.every((url) => url.endsWith(`/kds/#pair=${qr.secret}`))).toBe(true)
  return (await post('/api/pair', { secret: qr.secret })).body
}

async function add(user: string, more: object): Promise<string> {
  const { status, body } = await post('/api/manage/people', { user, role: 'cashier', ...more }, manager)
  expect(status).toBe(201)
  return String(body.id)
}

test('a paired device is told who has a PIN and works in its branches, and nothing else of them', async () => {
  await add('zeinab', { name: 'Zeinab', pin: '8264', branches: ['dar'] })
  const omar = await add('omar', { name: 'Omar', pin: '5193' })
  await add('nopin', { password: PASSWORD })
  await add('elsewhere', { pin: '7305', branches: ['other'] })
  const gone = await add('gone', { pin: '6048' })
  const disabled = { method: 'PATCH', path: `/api/manage/people/${gone}`, body: { isDisabled: true } }
  expect((await server.ask({ ...disabled, headers: { Authorization: `Bearer ${manager}` } })).status).toBe(200)

  const here = await pairDevice(['dar'])
  const told = await people(String(here.accessToken))
  expect(told.body.people).toEqual([
    { id: omar, user: 'omar', name: 'Omar', role: 'cashier' },
    { id: expect.any(String), user: 'zeinab', name: 'Zeinab', role: 'cashier' },
  ])

  const everywhere = await people(String((await pairDevice(null)).accessToken))
  expect((everywhere.body.people as { user: string }[]).map(({ user }) => user)).toEqual([
    'elsewhere',
    'omar',
    'zeinab',
  ])

  // Whoever signed in on the device may see who comes next; a manager without a device has the console for that.
  const signedIn = await post('/api/auth/login', { user: 'omar', pin: '5193' }, String(here.accessToken))
  expect((await people(String(signedIn.body.accessToken))).body.people).toHaveLength(2)
  expect((await people(manager)).body.error).toBe('device-required')
  expect((await people()).body.error).toBe('unauthorized')

  const { id } = here.device as { id: string }
  await server.ask({
    method: 'DELETE',
    path: `/api/manage/devices/${id}`,
    headers: { Authorization: `Bearer ${manager}` },
  })
  expect((await people(String(here.accessToken))).body.error).toBe('session-ended')
})
