import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CHEAP_COST } from '../../access/testing.ts'
import { startTestServer, type TestServer } from './testing.ts'

const PASSWORD = 'a long password'
const NEWCOMER = { user: 'intruder', role: 'admin', password: 'another long password' }
let server: TestServer
const sockets: Socket[] = []
beforeEach(async () => {
  server = await startTestServer({ hashCost: CHEAP_COST, rateLimit: false })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.close()
})

async function post(path: string, body: object, token?: string) {
  return await server.ask({ method: 'POST', path, body, headers: bearer(token) })
}

const bearer = (token?: string): Record<string, string> =>
  token === undefined ? {} : { Authorization: `Bearer ${token}` }

async function setUp(): Promise<string> {
  const notice = server.notices.find(({ kind }) => kind === 'setup-code') as { code: string } | undefined
  const reply = await post('/api/auth/setup', { code: notice!.code, password: PASSWORD })
  expect(reply.status).toBe(201)
  return String(reply.body.accessToken)
}

/** A request whose head the server has judged and whose body it waits for; `finish` sends the body and gives the answer. */
async function begin(method: string, path: string, body: object, token?: string): Promise<() => Promise<string>> {
  const text = JSON.stringify(body)
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  let received = ''
  const until = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(received)
        if (match) resolve(match[0])
      }
      socket.on('data', (chunk) => {
        received += chunk.toString()
        look()
      })
      socket.on('close', () => reject(new Error(`closed after ${JSON.stringify(received)}`)))
    })
  const head = [
    `${method} ${path} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Expect: 100-continue',
    ...Object.entries(bearer(token)).map(([name, value]) => `${name}: ${value}`),
  ]
  // The server says "continue" when it hands the head to whoever judges it.
  const judged = until(/^HTTP\/1\.1 100 .*\r\n\r\n/)
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  await judged
  received = ''
  return async () => {
    const answered = until(/^HTTP\/1\.1 \d{3}[\s\S]*"error":"[a-z-]+"|^HTTP\/1\.1 2\d\d/)
    socket.write(text)
    const answer = await answered
    return `${answer.slice(9, 12)} ${/"error":"([a-z-]+)"/.exec(answer)?.[1] ?? ''}`.trim()
  }
}

async function names(token: string): Promise<string[]> {
  const { body } = await server.ask({ path: '/api/manage/people', headers: bearer(token) })
  return (body.people as { user: string }[]).map(({ user }) => user)
}

test('what was begun while everybody was let in does nothing once the branch is closed', async () => {
  const record = { id: 'o-1', record: { id: 'o-1' } }
  const finish = await Promise.all([
    begin('POST', '/api/manage/people', NEWCOMER),
    begin('POST', '/api/manage/pairings', { role: 'admin' }),
    begin('PUT', '/api/manage/roles/mine', { permissions: ['*'] }),
    begin('POST', '/api/branches/dar/modules/pos/tables/order_header', record),
    begin('POST', '/api/manage/backups', {}),
  ])
  const token = await setUp()
  const events = async () =>
    (await server.ask({ path: '/api/branches/dar/modules/pos', headers: bearer(token) })).body.version
  const before = await events()
  for (const answer of finish) expect(await answer()).toBe('401 unauthorized')
  expect(await names(token)).toEqual(['admin'])
  expect(await events()).toBe(before)
  const { body } = await server.ask({ path: '/api/manage/roles', headers: bearer(token) })
  expect((body.roles as { roleId: string }[]).map(({ roleId }) => roleId)).not.toContain('mine')
})

test('who was dismissed, given another role or other branches meanwhile finishes nothing', async () => {
  const admin = await setUp()
  const staff = { role: 'manager', password: PASSWORD }
  const changes: [string, object, string][] = [
    ['disabled', { isDisabled: true }, '401 session-ended'],
    ['demoted', { role: 'display' }, '403 forbidden'],
    ['moved', { branches: ['remal'] }, '403 forbidden'],
    ['renamed', { name: 'Another name' }, '201'],
  ]
  for (const [user, change, expected] of changes) {
    const person = (await post('/api/manage/people', { user, ...staff }, admin)).body
    const token = String((await post('/api/auth/login', { user, password: PASSWORD })).body.accessToken)
    const finish = await begin('POST', '/api/manage/people', { user: `by-${user}`, role: 'cashier' }, token)
    const path = `/api/manage/people/${person.id}`
    expect((await server.ask({ method: 'PATCH', path, body: change, headers: bearer(admin) })).status).toBe(200)
    expect([user, await finish()]).toEqual([user, expected])
  }
  expect((await names(admin)).filter((name) => name.startsWith('by-'))).toEqual(['by-renamed'])
})
