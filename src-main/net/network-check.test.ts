import { createServer } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../server/http/testing.ts'
import { type CheckInput, checkNetwork } from './network-check.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function start(options: Parameters<typeof startTestServer>[0]): Promise<TestServer> {
  const server = await startTestServer(options)
  cleanups.push(server.close)
  return server
}

const resultsOf = async (input: CheckInput): Promise<string[]> =>
  (await checkNetwork(input)).map(({ step, result }) => `${step} ${result}`)

const NOWHERE: CheckInput = {
  host: '0.0.0.0',
  port: 1,
  httpsPort: undefined,
  addresses: ['127.0.0.1'],
  certificate: undefined,
  authorityPem: undefined,
  now: Date.parse('2026-03-01T00:00:00Z'),
}

test('each thing that can be wrong is told as its own step', async () => {
  const plain = createServer((_request, response) => response.end('{}'))
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => new Promise((resolve) => plain.close(resolve)))
  const { port } = plain.address() as { port: number }
  const certificate = { notAfter: '2026-06-01T00:00:00Z', names: ['127.0.0.1'] }

  expect(await resultsOf({ ...NOWHERE, addresses: [] })).toEqual([
    'adapter failed',
    'listen ok',
    'address skipped',
    'https skipped',
    'certificate skipped',
    'clock ok',
  ])
  expect(await resultsOf({ ...NOWHERE, host: '127.0.0.1' })).toContain('listen failed')
  expect(await resultsOf(NOWHERE)).toContain('address failed')
  expect(await resultsOf({ ...NOWHERE, port })).toContain('address ok')
  // Plain http where https should be.
  expect(await resultsOf({ ...NOWHERE, port, httpsPort: port, certificate })).toContain('https failed')
  const ended = { notAfter: '2026-02-01T00:00:00Z', names: ['127.0.0.1'] }
  expect(await resultsOf({ ...NOWHERE, httpsPort: 1, certificate: ended })).toContain('certificate failed')
  const narrow = { ...certificate, names: ['10.0.0.1'] }
  expect(await resultsOf({ ...NOWHERE, httpsPort: 1, certificate: narrow })).toContain('certificate failed')
  expect(await resultsOf({ ...NOWHERE, now: 0 })).toContain('clock failed')
})

test('a server on loopback says why tablets cannot reach it', async () => {
  const server = await start({})
  const { status, body } = await server.ask({ method: 'POST', path: '/api/manage/network-check' })
  expect([status, body]).toMatchObject([
    200,
    {
      isReachable: false,
      steps: [
        {},
        { step: 'listen', result: 'failed', message: expect.stringContaining('--host 0.0.0.0') },
        { result: 'skipped' },
        { result: 'skipped' },
        { result: 'skipped' },
        { step: 'clock', result: 'ok' },
      ],
    },
  ])
})

test('a server with https tells devices what to trust', async () => {
  const server = await start({ https: { port: 0, isAlwaysOn: true, redirect: false } })
  const { body } = await server.get('/api/manage/network')
  expect(body).toMatchObject({
    addresses: [{ url: server.url, kind: 'loopback' }],
    https: { port: expect.any(Number), names: expect.arrayContaining(['127.0.0.1', 'localhost']) },
    authority: { fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/) },
    isAnnounced: false,
  })
})
