import { spawn, spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundleMain } from '../../../scripts/bundle.ts'
import { startOidcProvider } from '../../support/oidc-provider.ts'
import { startTestServer } from '../../support/server.ts'

/** What the packed app runs: the bundle in dist/main. */

const root = join(import.meta.dirname, '..', '..', '..')
const headless = join(root, 'dist', 'main', 'headless.js')
let dir: string

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'mishkah-bundle-'))
  await bundleMain()
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

test('the bundled server starts, answers and stops cleanly', async () => {
  const child = spawn(process.execPath, [headless, '--port', '0', '--https-port', '0', '--data', dir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MISHKAH_ADMIN_PASSWORD: 'a long password' },
  })
  let output = ''
  const ended = once(child, 'close')
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk
        const match = /Console: (http:\S+)\/console\//.exec(output)
        if (match?.[1]) resolve(match[1])
      })
    }
    void ended.then(() => reject(new Error(output)))
  })
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  // Libraries that are loaded late are in the bundle, in the right order.
  const authority = Buffer.from(await (await fetch(`${url}/trust/ca.crt`)).arrayBuffer())
  expect(new X509Certificate(authority).ca).toBe(true)
  expect(await setUpProvider(url)).toBe(200)
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})

/** Signs in and sets up a provider, which takes the libraries of both. Returns the status. */
async function setUpProvider(url: string): Promise<number> {
  const provider = await startOidcProvider()
  const headers = { 'Content-Type': 'application/json' }
  const login = JSON.stringify({ user: 'admin', password: 'a long password' })
  const signedIn = await fetch(`${url}/api/auth/login`, { method: 'POST', headers, body: login })
  const { accessToken } = (await signedIn.json()) as { accessToken: string }
  const { issuer, clientId, clientSecret } = provider
  const answer = await fetch(`${url}/api/manage/oidc`, {
    method: 'PUT',
    headers: { ...headers, Authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ issuer, clientId, clientSecret, claim: 'sub', people: { 'user-1': 'admin' } }),
  })
  await provider.close()
  return answer.status
}

test('calls that are there to throw are not taken for dead code', async () => {
  const server = await startTestServer()
  try {
    expect((await fetch(`${server.url}/api/branches/dar/modules/pos/eve%ffnts`)).status).toBe(400)
  } finally {
    await server.stop()
  }
})

test('the preload script is CommonJS and needs nothing but electron, as a sandboxed one must', () => {
  const text = readFileSync(join(root, 'dist', 'main', 'preload.cjs'), 'utf8')
  expect([...text.matchAll(/require\(["'](.*?)["']\)/g)].map((match) => match[1])).toEqual(['electron'])
  expect(text).not.toMatch(/^(import|export) /m)
})

test('the bundle loads from outside only Electron and the SQLite driver', () => {
  const imported = new Set<string>()
  for (const name of readdirSync(join(root, 'dist', 'main')).filter((file) => file.endsWith('.js'))) {
    const text = readFileSync(join(root, 'dist', 'main', name), 'utf8')
    for (const match of text.matchAll(/^import (?:[^'";]* from )?["']([^'"]+)["']/gm)) imported.add(match[1] ?? '')
  }
  const foreign = [...imported].filter((name) => !name.startsWith('.') && !isBuiltin(name))
  expect(foreign.toSorted()).toEqual(['better-sqlite3', 'electron'])
})

/** An older Node of the machine itself, where there is one. */
const systemNode = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
  const result = spawnSync(path, ['-p', 'process.versions.napi'], { encoding: 'utf8' })
  return result.status === 0 && Number(result.stdout) < 10
})

test.skipIf(!systemNode)('under a real older Node the bundle says so and ends with exit code 5', () => {
  const result = spawnSync(systemNode ?? '', [headless, '--data', join(dir, 'old')], { encoding: 'utf8' })
  expect(result.stderr).toMatch(/^Node \S+ is too old for the SQLite driver .*\n$/)
  expect(result.status).toBe(5)
})
