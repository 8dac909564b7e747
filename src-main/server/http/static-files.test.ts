import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestServer, type TestServer } from './testing.ts'

const SCRIPT = `export const text = '${'x'.repeat(3_000)}'`

const FILES: Readonly<Record<string, string>> = {
  'console/index.html': '<!doctype html>console',
  'console/assets/index-B7yQ2k0a.js': SCRIPT,
  'client/static/lib/mishkah.store.js': SCRIPT,
  'client/static/lib/mishkah.store.global.js': 'globalThis.createStore = 1',
  'client/static/pos/pos-mini-db.js': 'export const createPosDb = 1',
  'client/secret.js': 'beside static',
  'apps/pos/index.html': '<!doctype html>our pos',
  'apps/pos/assets/index-C8zR3l1b.js': SCRIPT,
  'apps/kds/index.html': '<!doctype html>our kds',
  'apps/other/index.html': '<!doctype html>no app of ours',
  'pages/index.html': '<!doctype html>pages',
  'pages/pos/index.html': '<!doctype html>their pos',
  'pages/static/lib/mishkah.store.js': 'their store',
  'pages/.secret': 'secret',
  'outside.txt': 'outside',
}

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'mishkah-static-'))
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  symlinkSync(join(root, 'outside.txt'), join(root, 'pages', 'link.txt'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const start = (more: object = {}): Promise<TestServer> =>
  startTestServer({
    consoleDir: join(root, 'console'),
    clientDir: join(root, 'client'),
    appsDir: join(root, 'apps'),
    allowedOrigins: ['http://pos.example'],
    ...more,
  })

describe('console, SDK and apps', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.close())

  test('the console has its policy, validators and hashed assets that never change', async () => {
    const page = await server.get('/console/')
    expect([page.status, page.text, page.headers]).toMatchObject([
      200,
      '<!doctype html>console',
      {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy': expect.stringContaining("script-src 'self'"),
      },
    ])
    const cached = await server.ask({ path: '/console/', headers: { 'If-None-Match': String(page.headers.etag) } })
    expect([cached.status, cached.text]).toEqual([304, ''])
    const script = await server.ask({
      path: '/console/assets/index-B7yQ2k0a.js',
      headers: { 'Accept-Encoding': 'br' },
    })
    expect(script.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-encoding': 'br',
    })
  })

  test('the SDK is JavaScript that a browser checks at each load, readable by allowed origins only', async () => {
    const path = '/static/lib/mishkah.store.js'
    const own = await server.get(path)
    expect([own.status, own.text, own.headers]).toMatchObject([
      200,
      SCRIPT,
      { 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-cache', etag: expect.any(String) },
    ])
    expect(own.headers).not.toHaveProperty('access-control-allow-origin')
    const again = await server.ask({ path, headers: { 'If-None-Match': String(own.headers.etag) } })
    expect([again.status, again.text]).toEqual([304, ''])
    for (const other of ['/static/lib/mishkah.store.global.js', '/static/pos/pos-mini-db.js']) {
      expect([other, (await server.get(other)).status]).toEqual([other, 200])
    }
    const allowed = await server.ask({ path, headers: { Origin: 'http://pos.example' } })
    expect([allowed.status, allowed.headers['access-control-allow-origin']]).toEqual([200, 'http://pos.example'])
    const foreign = await server.ask({ path, headers: { Origin: 'http://evil.example' } })
    expect([foreign.status, foreign.body.error]).toEqual([403, 'origin-not-allowed'])
  })

  test('an app may open sockets of its own server and load nothing from elsewhere', async () => {
    const page = await server.get('/pos/')
    expect([page.status, page.text, page.headers['cache-control']]).toEqual([200, '<!doctype html>our pos', 'no-cache'])
    const host = `127.0.0.1:${server.port}`
    const policy = String(page.headers['content-security-policy'])
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'self'",
        "script-src 'self'",
        `connect-src 'self' ws://${host} wss://${host}`,
        "frame-ancestors 'none'",
      ]),
    )
    const script = await server.get('/pos/assets/index-C8zR3l1b.js')
    expect(script.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect((await server.get('/kds/')).text).toBe('<!doctype html>our kds')
  })

  test.each([
    ['/', '/console/'],
    ['/console', '/console/'],
    ['/pos', '/pos/'],
    ['/kds', '/kds/'],
  ])('%s leads to %s', async (path, target) => {
    const reply = await server.get(path)
    expect([reply.status, reply.headers.location]).toEqual([302, target])
  })

  test.each([
    '/static/',
    '/static/lib',
    '/static/../secret.js',
    '/static/..%2fsecret.js',
    '/secret.js',
    '/other/',
    '/pos/../other/index.html',
    '/pos/none.js',
    '/index.html',
  ])('%s is nothing', async (path) => {
    expect((await server.get(path)).status).toBe(404)
  })

  test('only reading is possible', async () => {
    expect((await server.ask({ method: 'HEAD', path: '/static/lib/mishkah.store.js' })).text).toBe('')
    expect((await server.ask({ method: 'DELETE', path: '/static/lib/mishkah.store.js' })).status).toBe(404)
  })
})

describe('a folder of field clients', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await start({ staticDir: join(root, 'pages') })
  })
  afterAll(() => server.close())

  test.each([
    ['/', '<!doctype html>pages'],
    ['/pos/', '<!doctype html>their pos'],
    ['/static/lib/mishkah.store.js', 'their store'],
    ['/static/pos/pos-mini-db.js', 'export const createPosDb = 1'],
    ['/pos/assets/index-C8zR3l1b.js', SCRIPT],
    ['/kds/', '<!doctype html>our kds'],
    ['/console/', '<!doctype html>console'],
  ])('%s: its own file goes first, what it lacks is ours', async (path, text) => {
    expect((await server.get(path)).text).toBe(text)
  })

  test('the console stays ours, with its redirect, and so do the routes', async () => {
    expect((await server.get('/console')).headers.location).toBe('/console/')
    expect((await server.get('/pos')).headers.location).toBe('/pos/')
    expect((await server.get('/healthz')).status).toBe(200)
  })

  test.each([
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/link.txt',
    '/.secret',
    '/console/../../outside.txt',
    '/console/%00',
    '/console/none.js',
    `/${'a'.repeat(5_000)}`,
  ])('%s is nothing', async (path) => {
    expect((await server.get(path)).status).toBe(404)
  })
})

test('a server without builds says that there is nothing', async () => {
  const server = await startTestServer()
  try {
    for (const path of ['/console/', '/pos/', '/kds/', '/static/lib/mishkah.store.js']) {
      expect([path, (await server.get(path)).status]).toEqual([path, 404])
    }
  } finally {
    await server.close()
  }
})
