import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Question, startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ allowedHosts: ['branch.example'], allowedOrigins: ['http://pos.example:8080'] })
})
afterAll(() => server.close())

type Row = [what: string, question: Question, status: number, body: object]

const notFound = (path: string) => ({ error: 'not-found', path, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) })

const paths: Row[] = [
  ['the root of the API', { path: '/api' }, 404, notFound('/api')],
  ['an unknown path', { path: '/nowhere' }, 404, notFound('/nowhere')],
  ['a longer word', { path: '/api/branchesfoo' }, 404, notFound('/api/branchesfoo')],
  ['two slashes', { path: '//' }, 404, notFound('//')],
  ['two slashes with a host', { path: '//evil.example/x' }, 404, notFound('//evil.example/x')],
  ['an empty segment', { path: '/api/branches//modules' }, 404, { error: 'not-found' }],
  ['two dots', { path: '/api/branches/..' }, 400, { error: 'invalid-name' }],
  ['two encoded dots', { path: '/api/branches/%2e%2e/modules' }, 400, { error: 'invalid-name' }],
  ['dots above the root', { path: '/../../etc/passwd' }, 404, { error: 'not-found' }],
  ['a torn escape', { path: '/%E0%A4%A' }, 400, { error: 'invalid-request' }],
  ['a torn escape in a branch', { path: '/api/branches/%E0%A4%A' }, 400, { error: 'invalid-request' }],
  ['an escape that was escaped', { path: '/api/branches/d%2561r' }, 400, { error: 'invalid-name' }],
  ['an escaped letter', { path: '/api/branches/d%61r/modules' }, 200, { branchId: 'dar', modules: ['pos'] }],
  ['another case', { path: '/api/branches/DAR' }, 404, { error: 'branch-not-found' }],
  ['an inherited name', { path: '/api/branches/constructor' }, 404, { error: 'branch-not-found' }],
  ['an unknown module', { path: '/api/branches/dar/modules/nope' }, 404, { error: 'module-not-found' }],
  ['the alias branch', { path: '/api/branch/dar/modules' }, 200, { modules: ['pos'] }],
  ['the bare path', { path: '/branches/dar/modules' }, 200, { modules: ['pos'] }],
  ['an absolute address', { path: 'http://127.0.0.1/api/branches' }, 404, { error: 'not-found' }],
  ['a wrong method', { path: '/healthz', method: 'POST' }, 405, { error: 'method-not-allowed' }],
  ['a reset by a link', { path: 'reset' }, 405, { error: 'method-not-allowed' }],
  ['a method of tables', { path: '/api/branches', method: 'DELETE' }, 405, { error: 'method-not-allowed' }],
  [
    'a wrong method of management',
    { path: '/api/manage/status', method: 'POST' },
    405,
    { error: 'method-not-allowed' },
  ],
  ['an unknown management path', { path: '/api/manage/nope' }, 404, { error: 'management-endpoint-not-found' }],
  ['raw SQL', { path: '/api/query/raw', method: 'POST', body: { sql: 'select 1' } }, 501, { error: 'not-implemented' }],
  ['uploads', { path: '/api/uploads', method: 'POST' }, 501, { error: 'not-implemented' }],
  ['a path in the snapshot', { path: 'tables/order_types/0/id' }, 200, {}],
  ['no such path in the snapshot', { path: 'meta/nope' }, 404, { error: 'path-not-found' }],
  ['an inherited path in the snapshot', { path: 'meta/constructor' }, 404, { error: 'path-not-found' }],
]

test.each(paths)('%s', async (_what, question, status, body) => {
  const reply = await server.ask(question)
  expect([reply.status, reply.body]).toMatchObject([status, body])
})

test('a wrong method names the right ones', async () => {
  const { headers } = await server.ask({ path: 'tables/order_line', method: 'PROPFIND' })
  expect(headers.allow).toBe('DELETE, GET, HEAD, PATCH, POST, PUT')
})

const bodies: Row[] = [
  [
    'a form',
    { path: 'tables/dining_tables', method: 'POST', body: 'a=1', headers: { 'Content-Type': 'text/plain' } },
    415,
    { error: 'unsupported-media-type' },
  ],
  ['no JSON', { path: 'tables/dining_tables', method: 'POST', body: '{"a":' }, 400, { error: 'invalid-json' }],
  ['a list', { path: 'tables/dining_tables', method: 'POST', body: [] }, 400, { error: 'invalid-request' }],
  ['nothing', { path: 'tables/dining_tables', method: 'POST' }, 400, { error: 'missing-record' }],
  ['nothing, to an order', { path: 'orders', method: 'POST' }, 400, { error: 'missing-order-payload' }],
  ['nothing, to a sequence', { path: 'sequences', method: 'POST' }, 400, { error: 'missing-table-or-field' }],
  ['nothing, to a purge', { path: '/api/manage/purge-live-data', method: 'POST' }, 400, { error: 'missing-branch-id' }],
  [
    'nothing, to a restore of a purge',
    { path: '/api/manage/purge-history', method: 'POST' },
    400,
    { error: 'missing-branch-id' },
  ],
  ['nothing, to a reset', { path: '/api/manage/reset', method: 'POST' }, 400, { error: 'missing-branch-id' }],
  ['nothing, to a flag', { path: '/api/manage/full-sync', method: 'DELETE' }, 400, { error: 'missing-branch-id' }],
  ['too many levels', { path: 'events', method: 'POST', body: '['.repeat(5_000) }, 400, { error: 'body-too-deep' }],
  [
    'more than a megabyte',
    { path: 'tables/dining_tables', method: 'POST', body: `"${'x'.repeat(1_100_000)}"` },
    413,
    { error: 'body-too-large', details: { limitBytes: 1_048_576 } },
  ],
]

test.each(bodies)('a body with %s', async (_what, question, status, body) => {
  const before = await server.events()
  const reply = await server.ask(question)
  expect([reply.status, reply.body, await server.events()]).toMatchObject([status, body, before])
})

const admissions: Row[] = [
  ['another host', { path: '/healthz', headers: { Host: 'evil.example' } }, 403, { error: 'host-not-allowed' }],
  [
    'a host that starts like ours',
    { path: '/api/branches', headers: { Host: '127.0.0.1.evil.example' } },
    403,
    { error: 'host-not-allowed' },
  ],
  ['the loopback name', { path: '/api/branches', headers: { Host: 'localhost:1' } }, 200, {}],
  ['the loopback address of version 6', { path: '/api/branches', headers: { Host: '[::1]:3200' } }, 200, {}],
  ['a configured host', { path: '/api/branches', headers: { Host: 'branch.example' } }, 200, {}],
  [
    'another origin',
    { path: '/api/branches', headers: { Origin: 'http://evil.example' } },
    403,
    { error: 'origin-not-allowed' },
  ],
  ['the origin null', { path: '/api/branches', headers: { Origin: 'null' } }, 403, { error: 'origin-not-allowed' }],
  [
    'the window without its token',
    { path: '/api/branches', headers: { Origin: 'app://console' } },
    403,
    { error: 'origin-not-allowed' },
  ],
  [
    'a port that is not ours',
    { path: '/api/branches', headers: { Origin: 'http://localhost:1' } },
    403,
    { error: 'origin-not-allowed' },
  ],
  [
    'an image of another site',
    { path: '/api/branches', headers: { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' } },
    403,
    { error: 'origin-not-allowed' },
  ],
  [
    'a link on another site',
    { path: '/api/branches', headers: { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' } },
    200,
    {},
  ],
  [
    'a proxy on this machine',
    { path: '/api/branches', headers: { 'X-Forwarded-For': '127.0.0.1' } },
    401,
    { error: 'unauthorized' },
  ],
  ['a proxy, to a health check', { path: '/livez', headers: { Forwarded: 'for=1.2.3.4' } }, 200, { status: 'ok' }],
]

test.each(admissions)('asked by %s', async (_who, question, status, body) => {
  const reply = await server.ask(question)
  expect([reply.status, reply.body]).toMatchObject([status, body])
  if (status !== 200) expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
})

test('an allowed page of another origin may read answers, our own needs no permission', async () => {
  const origin = 'http://pos.example:8080'
  const preflight = await server.ask({ method: 'OPTIONS', path: '/api/branches', headers: { Origin: origin } })
  const answer = await server.ask({ path: '/api/branches', headers: { Origin: origin } })
  const own = await server.ask({ path: '/api/branches', headers: { Origin: server.url } })
  expect([preflight.status, answer.status, own.status]).toEqual([204, 200, 200])
  expect(preflight.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-allow-methods': expect.stringContaining('PATCH'),
    'access-control-max-age': '600',
  })
  expect(answer.headers).toMatchObject({
    'access-control-allow-origin': origin,
    vary: expect.stringContaining('Origin'),
  })
  expect(own.headers).not.toHaveProperty('access-control-allow-origin')
})

test('failures keep the trace of the caller and become problem+json when asked', async () => {
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const headers = { Accept: 'application/problem+json', traceparent: `00-${trace}-b7ad6b7169203331-01` }
  const reply = await server.ask({ path: '/api/branches/none', headers })
  expect(reply.headers).toMatchObject({ 'content-type': 'application/problem+json; charset=utf-8', 'trace-id': trace })
  expect(reply.body).toMatchObject({
    type: 'urn:mishkah:error:branch-not-found',
    title: 'No such branch',
    status: 404,
    code: 'branch-not-found',
    error: 'branch-not-found',
    traceId: trace,
  })
})

test('every answer carries the security headers', async () => {
  for (const path of ['/healthz', '/nowhere', 'tables/dining_tables']) {
    expect((await server.get(path)).headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    })
  }
})

test('HEAD answers like GET without the body', async () => {
  const [head, get] = await Promise.all(
    ['HEAD', 'GET'].map((method) => server.ask({ method, path: 'tables/order_types' })),
  )
  expect([head?.status, head?.bytes.length, head?.headers['content-length']]).toEqual([
    200,
    0,
    get?.headers['content-length'],
  ])
})

test('what is no HTTP gets a short answer and hurts nobody', async () => {
  const text = await new Promise<string>((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write('\u0000\u0001 nonsense\r\n\r\n'))
    let seen = ''
    socket.on('data', (chunk) => {
      seen += chunk.toString()
    })
    socket.on('close', () => resolve(seen))
  })
  expect(text).toMatch(/^HTTP\/1.1 400 /)
  expect((await server.get('/healthz')).status).toBe(200)
})

test('a client that goes away in the middle of a long answer hurts nobody', async () => {
  for (const headers of ['', 'Accept-Encoding: br\r\n']) {
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write(`GET /api/branches/dar HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`),
      )
      socket.once('data', () => socket.destroy())
      socket.on('close', () => resolve())
    })
  }
  expect((await server.get('/healthz')).status).toBe(200)
})

test('a stop does not wait for connections that are only kept alive', async () => {
  const own = await startTestServer()
  const socket = connect(own.port, '127.0.0.1', () =>
    socket.write('GET /api/branches HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  )
  await new Promise((resolve) => socket.once('data', resolve))
  const startedAt = performance.now()
  await own.close()
  expect(performance.now() - startedAt).toBeLessThan(1_500)
})

test('a stop lets the running request end and refuses the next', async () => {
  const own = await startTestServer()
  const writes = Array.from({ length: 20 }, (_, index) =>
    own.ask({ method: 'POST', path: 'tables/reservations', body: { record: { id: `stop-${index}` } } }),
  )
  await writes[0]
  const closed = own.close()
  const statuses = (await Promise.allSettled(writes)).map((one) =>
    one.status === 'fulfilled' ? one.value.status : 'refused',
  )
  await closed
  expect(statuses[0]).toBe(201)
  expect(statuses.filter((status) => status !== 201 && status !== 503 && status !== 'refused')).toEqual([])
  await expect(own.get('/healthz')).rejects.toThrow()
})
