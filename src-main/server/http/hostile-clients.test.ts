import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { limitConnections } from '../middleware/connection-limits.ts'
import { DEFAULT_HTTP_SETTINGS } from './services.ts'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.close()
})

/** Resolves with everything that the server said once it has closed the connection. */
function open(port: number, firstBytes: string): { socket: Socket; closed: Promise<string> } {
  const socket = connect(port, '127.0.0.1', () => socket.write(firstBytes))
  sockets.push(socket)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString()
  })
  socket.on('error', () => undefined)
  return { socket, closed: new Promise((resolve) => socket.on('close', () => resolve(text))) }
}

const p95 = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? 0

test('[T20] 2,000 slow clients are cut in time while others are served', { timeout: 60_000 }, async () => {
  expect(DEFAULT_HTTP_SETTINGS.clientLimits).toMatchObject({ headersTimeoutMs: 10_000, requestTimeoutMs: 30_000 })
  const clientLimits = {
    ...DEFAULT_HTTP_SETTINGS.clientLimits,
    headersTimeoutMs: 4_000,
    requestTimeoutMs: 6_000,
    checkEveryMs: 200,
  }
  server = await startTestServer({ clientLimits })
  const slowHead = 'GET /api/branches HTTP/1.1\r\nHost: localhost\r\nX-Slow: '
  const slowBody =
    'POST /api/branches/dar/modules/pos/tables/reservations HTTP/1.1\r\nHost: localhost\r\n' +
    'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"record":'
  const before = await server.events()
  const startedAt = performance.now()
  const slow = Array.from({ length: 2_000 }, (_, index) => open(server.port, index % 2 === 0 ? slowHead : slowBody))
  // One byte now and then keeps a connection alive for servers that only look at silence.
  const drip = setInterval(() => {
    for (const { socket } of slow) if (socket.writable && !socket.connecting) socket.write('x')
  }, 500)

  const times: number[] = []
  let ended = 0
  const answers = Promise.all(
    slow.map(async ({ closed }) => {
      const text = await closed
      ended++
      return text.split('\r\n')[0]
    }),
  )
  while (ended < slow.length && performance.now() - startedAt < 40_000) {
    const askedAt = performance.now()
    expect((await server.get('tables/order_types')).status).toBe(200)
    times.push(performance.now() - askedAt)
  }
  clearInterval(drip)
  const said = await answers
  expect(said.filter((line) => line !== 'HTTP/1.1 408 Request Timeout' && line !== '')).toEqual([])
  // Bytes that were still on their way when the server hung up may cost a client the words, never the end.
  expect(said.filter((line) => line !== '').length).toBeGreaterThan(1_000)
  expect(await server.events()).toBe(before)
  expect(p95(times)).toBeLessThan(100)
})

test('an address has a limited number of connections, loopback has all', async () => {
  server = await startTestServer({ clientLimits: { ...DEFAULT_HTTP_SETTINGS.clientLimits, maxConnections: 5 } })
  const idle = Array.from({ length: 8 }, () => open(server.port, ''))
  const dropped = await Promise.race([
    Promise.all(idle.map(({ closed }) => closed)).then(() => 'all'),
    Promise.any(idle.slice(5).map(({ closed }) => closed)).then(() => 'the sixth'),
  ])
  expect(dropped).toBe('the sixth')

  const plain = createServer((socket) => socket.resume())
  limitConnections({ maxConnections: 100, maxConnectionsPerAddress: 2 }, () => false)(plain)
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  const { port } = plain.address() as { port: number }
  const clients = [open(port, 'a'), open(port, 'b')]
  await Promise.all(clients.map(({ socket }) => once(socket, 'connect')))
  expect(await open(port, 'c').closed).toBe('')
  clients[0]?.socket.destroy()
  await clients[0]?.closed
  const accepted = once(plain, 'connection')
  const again = open(port, 'd')
  const [socket] = (await accepted) as [Socket]
  socket.write('welcome')
  expect(String((await once(again.socket, 'data'))[0])).toBe('welcome')
  socket.destroy()
  for (const { socket: client } of clients) client.destroy()
  await new Promise((resolve) => plain.close(resolve))
})

test('each client behind a trusted proxy has its own share of requests and of socket opens', async () => {
  server = await startTestServer({
    trustProxy: ['127.0.0.1'],
    openLan: true,
    requestsPer15Minutes: 3,
    ...{ sync: { socketOpensPerMinute: 2 } },
  })
  const ask = (address: string) =>
    server.ask({ path: '/api/branches', headers: { 'X-Forwarded-For': address, Host: 'localhost' } })
  const statuses: number[] = []
  for (let count = 0; count < 4; count++) statuses.push((await ask('192.168.1.9')).status)
  const refused = await ask('192.168.1.9')
  expect([statuses, refused.status, refused.body.error]).toEqual([[200, 200, 200, 429], 429, 'rate-limited'])
  expect(refused.headers).toMatchObject({
    'ratelimit-policy': '"default";q=3;w=900',
    ratelimit: '"default";r=0;t=300',
    'retry-after': '300',
  })
  // What the client writes before the proxy's own entry changes nothing.
  expect((await ask('10.9.9.9, 192.168.1.9')).status).toBe(429)
  expect((await ask('192.168.1.10')).status).toBe(200)
  expect((await server.get('/api/branches')).status).toBe(200)

  const openSocket = (address: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws`, { headers: { 'X-Forwarded-For': address } })
      socket.on('open', () => {
        socket.close()
        resolve('open')
      })
      socket.on('unexpected-response', (_request, response) => {
        resolve(`${response.statusCode} after ${response.headers['retry-after']}`)
        socket.terminate()
      })
      socket.on('error', () => undefined)
    })
  const opens: string[] = []
  for (const address of ['192.168.1.9', '192.168.1.9', '192.168.1.9', '192.168.1.10'])
    opens.push(await openSocket(address))
  expect(opens).toEqual(['open', 'open', '429 after 30', 'open'])
})
