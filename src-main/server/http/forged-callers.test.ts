import { request } from 'node:https'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { CHEAP_COST } from '../../access/testing.ts'
import { startTestServer, type TestServer } from './testing.ts'

/**
 * reliability.md T24: cross-site requests, DNS rebinding, cross-site sockets. Every case is sent as a read, as a write that
 * needs no preflight, and as a socket.
 */
let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ allowedHosts: ['branch.example'] })
})
afterAll(() => server.close())

const FOREIGN_NAMES = [
  'evil.example',
  'EVIL.example',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '127.0.0.1.nip.io',
  'branch.example.evil.example',
  'evil-branch.example',
  'xbranch.example',
  'branch.example.',
  'localhost.',
  '127.0.0.1.',
  '0.0.0.0',
  '8.8.8.8',
  '[::]',
  '[2001:db8::1]',
  '[fe80::1]',
  'xn--brnch-5ta.example',
  'bränch.example',
  'local host',
  'localhost/evil.example',
  'localhost@evil.example',
  'evil.example#localhost',
  'evil.example?localhost',
  'localhost:80:80',
  '127.1',
  '2130706433',
  '0x7f000001',
  '017700000001',
  'localhost%00.evil.example',
  '..',
]
const HOSTS = FOREIGN_NAMES.flatMap((name) => [name, `${name}:3200`])

const ORIGINS = [
  ...['http', 'https'].flatMap((scheme) =>
    FOREIGN_NAMES.filter((name) => /^[\x21-\x7e]+$/.test(name)).map((name) => `${scheme}://${name}`),
  ),
  'null',
  'file://',
  'app://console',
  'app://localhost',
  'chrome-extension://abcdefghijklmnop',
  'http://localhost:1',
  'http://localhost:32000',
  'http://localhost:320',
  'http://127.0.0.1:8080',
  'http://[::1]:8080',
  'https://localhost:444',
  'http://branch.example:81',
  'ftp://localhost',
  'ws://localhost',
  'http://',
  'http:///localhost',
  'localhost',
  '*',
]

/** Written by hand: the forged lines must reach the server as they are. */
function ask(lines: readonly string[], body = ''): Promise<string> {
  const isSocket = lines.some((line) => line.startsWith('Upgrade:'))
  const ending = isSocket
    ? ['Connection: Upgrade']
    : [`Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close']
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write(`${[...lines, ...ending].join('\r\n')}\r\n\r\n${body}`)
    })
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      // An accepted socket stays open: its first bytes are the answer.
      if (isSocket && text.startsWith('HTTP/1.1 101')) socket.destroy()
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}

const DOORS: [door: string, lines: readonly string[], body?: string][] = [
  ['read', ['GET /api/branches/dar/modules/pos/tables/order_types HTTP/1.1']],
  [
    'simple write',
    ['POST /api/branches/dar/modules/pos/tables/reservations HTTP/1.1', 'Content-Type: text/plain'],
    '{}',
  ],
  [
    'socket',
    [
      'GET /ws HTTP/1.1',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ],
  ],
]

const isRefused = (answer: string): boolean => /^HTTP\/1\.1 (403|400) /.test(answer) && !/allow-origin/i.test(answer)

test('[T24] forged hosts and origins are refused at every door, before CORS', { timeout: 60_000 }, async () => {
  const before = await server.events()
  const passed: string[] = []
  let asked = 0
  for (const [door, lines, body] of DOORS) {
    const cases = [
      ...HOSTS.map((host) => [`host ${host}`, [`Host: ${host}`]] as const),
      ...ORIGINS.map((origin) => [`origin ${origin}`, ['Host: localhost', `Origin: ${origin}`]] as const),
    ]
    for (const [what, headers] of cases) {
      asked++
      const answer = await ask([...lines, ...headers], body)
      if (!isRefused(answer)) passed.push(`${door}: ${what}: ${answer.split('\r\n')[0]}`)
    }
  }
  expect(passed).toEqual([])
  // The doors themselves are open: what was refused above was refused for its host or origin.
  const control = await Promise.all(DOORS.map(([, lines, body]) => ask([...lines, 'Host: localhost'], body)))
  expect(control.map((answer) => answer.split(' ')[1])).toEqual(['200', '415', '101'])
  expect(asked).toBeGreaterThan(400)
  expect(await server.events()).toBe(before)
})

test('[T24] a socket of a foreign page does not open, one of our own does', async () => {
  const open = (origin: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws`, { origin })
      socket.on('open', () => {
        socket.close()
        resolve('open')
      })
      socket.on('error', (error) => resolve(error.message))
    })
  expect(await open('http://evil.example')).toContain('403')
  expect(await open('null')).toContain('403')
  expect(await open(`http://127.0.0.1:${server.port}`)).toBe('open')
})

/** By https: the status with the code of a refusal, or 101 of a socket. */
function askSecure(port: number, path: string, headers: Record<string, string>): Promise<string> {
  const place = { host: '127.0.0.1', port, path, rejectUnauthorized: false, agent: false }
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...place, headers }, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      incoming.on('end', () => resolve(`${incoming.statusCode} ${/"error":"([a-z-]+)"/.exec(text)?.[1] ?? ''}`.trim()))
    })
    outgoing.on('upgrade', (incoming, socket) => {
      socket.destroy()
      resolve(String(incoming.statusCode))
    })
    outgoing.on('error', reject).end()
  })
}

test('[T24] a page of ours that came by plain http may use no cookie by https, for requests or sockets', async () => {
  const https = { port: 0, isAlwaysOn: true, redirect: false }
  const password = 'a long password'
  const own = await startTestServer({ hashCost: CHEAP_COST, adminPassword: password, https })
  try {
    const notice = own.notices.find(({ kind }) => kind === 'https') as { urls: string[] } | undefined
    const port = Number(new URL(notice!.urls[0]!).port)
    const body = { user: 'admin', password, cookie: true }
    const signedIn = await own.ask({ method: 'POST', path: '/api/auth/login', body })
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? ''
    const socket = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    const asked = async (origin: string): Promise<string[]> => [
      await askSecure(port, '/api/auth/me', { Cookie: cookie, Origin: origin }),
      await askSecure(port, '/ws', { Cookie: cookie, Origin: origin, ...socket }),
    ]
    for (const host of [`127.0.0.1:${own.port}`, `127.0.0.1:${port}`, `localhost:${own.port}`, '127.0.0.1']) {
      for (const scheme of ['http', 'HTTP', 'Http']) {
        const origin = `${scheme}://${host}`
        expect([origin, ...(await asked(origin))]).toEqual([origin, '403 origin-not-allowed', '403 origin-not-allowed'])
      }
    }
    expect(await asked(`https://127.0.0.1:${port}`)).toEqual(['200', '101'])
  } finally {
    await own.close()
  }
})

test('[T24] a form of another site cannot write, with or without an Origin', async () => {
  const form = { method: 'POST', path: 'tables/reservations', body: 'id=x' }
  const types = ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']
  const before = await server.events()
  for (const type of types) {
    const direct = await server.ask({ ...form, headers: { 'Content-Type': type } })
    const site = await server.ask({ ...form, headers: { 'Content-Type': type, 'Sec-Fetch-Site': 'cross-site' } })
    expect([type, direct.status, site.status]).toEqual([type, 415, 403])
  }
  expect(await server.events()).toBe(before)
})

const doubled: [header: string, first: string, second: string][] = [
  ['Host', 'localhost', 'evil.example'],
  ['Host', 'localhost', 'localhost'],
  ['Origin', 'http://localhost', 'http://evil.example'],
  ['Authorization', 'Bearer one', 'Bearer two'],
  ['Content-Type', 'application/json', 'text/plain'],
  ['Content-Length', '2', '3'],
]

test.each(doubled)('the header %s twice (%s, %s) is refused', async (name, first, second) => {
  const host = name === 'Host' ? [] : ['Host: localhost']
  const answer = await ask([
    'GET /api/branches HTTP/1.1',
    ...host,
    `${name}: ${first}`,
    `${name.toUpperCase()}: ${second}`,
  ])
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
})

test('parameters that are sent twice, as lists or under odd names never widen an answer', async () => {
  const searches = [
    'limit=1&limit=100000',
    'limit=100000&limit=1',
    'limit[]=100000',
    'limit[$gt]=0',
    'limit=1;limit=100000',
    'limit=1%26limit=100000',
    '__proto__=1&constructor=2&prototype.limit=100000',
    'id=delivery&id=dine_in',
    `${'limit=1&'.repeat(500)}limit=100000`,
  ]
  for (const search of searches) {
    const { status, body } = await server.get(`tables/order_types?${search}`)
    const limit = (body.meta as { limit?: number } | undefined)?.limit ?? 0
    expect([search, status < 500, limit <= 1_000]).toEqual([search, true, true])
  }
})
