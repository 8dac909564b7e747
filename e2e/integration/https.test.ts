import { X509Certificate } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { HttpsOptions, ServerOptions } from '../../src-main/config/options.ts'
import { defaultsDir } from '../../src-main/config/paths.ts'
import type { RunningServer } from '../../src-main/config/services.ts'
import { type Log, silentLog } from '../../src-main/lib/log.ts'
import { openSecretFolder } from '../../src-main/lib/secret-folder.ts'
import { openAuthority } from '../../src-main/net/certificates/authority.ts'
import { startBranchServer } from '../../src-main/server/branch-server.ts'
import { launchChromium } from '../support/chromium.ts'

/** TLS on the LAN: a real server, node's TLS and a real browser against the branch's own authority. */
const root = mkdtempSync(join(tmpdir(), 'mishkah-https-'))
const cleanups: (() => Promise<unknown>)[] = [async () => rmSync(root, { recursive: true, force: true })]
afterEach(async () => {
  for (const cleanup of cleanups.splice(1).reverse()) await cleanup()
})

/** A page of the server's own, since answers that are no pages may not open sockets. */
const consoleDir = join(root, 'console')
mkdirSync(consoleDir)
writeFileSync(join(consoleDir, 'index.html'), '<!doctype html><title>page</title>')

let folders = 0

async function start(
  https: Partial<HttpsOptions>,
  options: Partial<ServerOptions> = {},
): Promise<{ server: RunningServer; dataDir: string; port: number; warnings: readonly string[] }> {
  const dataDir = join(root, String(folders++))
  let port = 0
  const warnings: string[] = []
  const log: Log = {
    ...silentLog,
    warn: (event) => void warnings.push(event),
    info(event, fields) {
      if (event === 'https') port = Number(fields?.port)
    },
  }
  const server = await startBranchServer(
    {
      port: 0,
      host: '127.0.0.1',
      dataDir,
      https: { port: 0, isAlwaysOn: true, redirect: false, ...https },
      legacyClients: false,
      openLan: false,
      openLanRole: 'cashier',
      rateLimit: true,
      logLevel: 'error',
      consoleDir,
      clientDir: join(dataDir, 'no-client'),
      appsDir: join(dataDir, 'no-apps'),
      defaultsDir,
      version: '0.0.0-test',
      ...options,
    },
    { log, notify: () => undefined },
  )
  cleanups.push(() => server.close())
  return {
    server,
    dataDir,
    warnings,
    // Known once https is served, which may be later.
    get port() {
      return port
    },
  }
}

/** The authority as a device gets it. */
function authorityOf(dataDir: string) {
  const secrets = openSecretFolder(join(dataDir, 'config', 'tls'))
  return openAuthority({ secrets, clock: { now: Date.now }, label: 'test', ownNames: [] })
}

function get(
  port: number,
  path: string,
  ca?: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request(
      { host: 'localhost', family: 4, port, path, headers, agent: false, servername: 'localhost', ...(ca && { ca }) },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      },
    )
      .on('error', reject)
      .end()
  })
}

test('https serves what http serves, to those who trust the branch, under the same rules', async () => {
  const { dataDir, port } = await start({})
  const { pem } = await authorityOf(dataDir)
  const list = await get(port, '/api/branches/dar/modules/pos/tables/order_types', pem)
  const missing = await get(port, '/nowhere', pem)
  expect([list.status, JSON.parse(list.text).count > 0, missing.status]).toEqual([200, true, 404])
  await expect(get(port, '/healthz')).rejects.toThrow('certificate')
  expect((await get(port, '/api/branches', pem, { Host: 'evil.example' })).status).toBe(403)
  expect((await get(port, '/api/branches', pem, { Origin: 'https://evil.example' })).status).toBe(403)
  expect((await get(port, '/api/branches', pem, { Origin: `https://localhost:${port}` })).status).toBe(200)
})

test('sockets are encrypted too', async () => {
  const { dataDir, port } = await start({})
  const { pem } = await authorityOf(dataDir)
  const socket = new WebSocket(`wss://localhost:${port}/ws`, { ca: pem })
  const hello = await new Promise((resolve, reject) => {
    socket.on('message', (data) => resolve(JSON.parse(String(data))))
    socket.on('error', reject)
  })
  expect(hello).toMatchObject({ type: 'server:hello', protocols: [1, 2] })
  socket.terminate()
})

test('an owner may bring a certificate; a renewed file is served without a restart, a wrong one stops the start', async () => {
  const other = await openAuthority({
    secrets: openSecretFolder(join(root, 'own')),
    clock: { now: Date.now },
    label: 'own',
    ownNames: [],
  })
  const { key, cert } = await other.credentialsFor([])
  const own = { certFile: join(root, 'own.pem'), keyFile: join(root, 'own.key') }
  writeFileSync(own.certFile, cert)
  writeFileSync(own.keyFile, key)
  chmodSync(own.keyFile, 0o644)
  const { port, warnings } = await start({ own })
  expect((await get(port, '/healthz', other.pem)).status).toBe(200)
  expect(warnings).toContain('tls-key-readable')
  chmodSync(own.keyFile, 0o600)
  expect((await start({ own })).warnings).not.toContain('tls-key-readable')

  writeFileSync(own.keyFile, 'nonsense')
  await expect(start({ own })).rejects.toMatchObject({ code: 'certificate-unusable' })
  writeFileSync(
    own.keyFile,
    (
      await (
        await openAuthority({
          secrets: openSecretFolder(join(root, 'own2')),
          clock: { now: Date.now },
          label: 'own',
          ownNames: [],
        })
      ).credentialsFor([])
    ).key,
  )
  await expect(start({ own })).rejects.toThrow('does not belong')
  await expect(start({ own: { ...own, certFile: join(root, 'none.pem') } })).rejects.toThrow('missing')
})

test('a taken https port stops a start that asked for https, and leaves nothing open', async () => {
  const { port } = await start({})
  await expect(start({ port })).rejects.toMatchObject({
    code: 'port-in-use',
    hint: expect.stringContaining('--https-port'),
  })
})

test('a browser that trusts the branch has a secure context, and keeps its socket', async () => {
  const { dataDir, port } = await start({})
  const { keyHash, der } = await authorityOf(dataDir)
  expect(new X509Certificate(der).ca).toBe(true)
  const trusting = await launchChromium({ args: [`--ignore-certificate-errors-spki-list=${keyHash}`] })
  cleanups.push(() => trusting.close())
  const page = await trusting.newPage()
  await page.goto(`https://localhost:${port}/console/`)
  const found = await page.evaluate(`new Promise((resolve, reject) => {
    const socket = new WebSocket('wss://localhost:${port}/ws')
    socket.onerror = () => reject(new Error('no socket'))
    socket.onmessage = ({ data }) => {
      socket.close()
      resolve({ isSecureContext, hasSubtle: 'subtle' in crypto, type: JSON.parse(data).type })
    }
  })`)
  expect(found).toEqual({ isSecureContext: true, hasSubtle: true, type: 'server:hello' })

  const strange = await launchChromium()
  cleanups.push(() => strange.close())
  await expect((await strange.newPage()).goto(`https://localhost:${port}/healthz`)).rejects.toThrow(
    'ERR_CERT_AUTHORITY_INVALID',
  )
})

test('pages that other devices open by http are sent to https, data and /trust are not', async () => {
  const { server, port } = await start({ redirect: true }, { trustProxy: ['127.0.0.1'], openLan: true })
  const ask = async (path: string, headers: Record<string, string>, method = 'GET') => {
    const answer = await fetch(`${server.url}${path}`, {
      method,
      redirect: 'manual',
      headers: { 'X-Forwarded-For': '192.168.1.9', ...headers },
    })
    return [answer.status, answer.headers.get('location')]
  }
  const page = { Accept: 'text/html,application/xhtml+xml' }
  expect(await ask('/console/?a=1', page)).toEqual([307, `https://127.0.0.1:${port}/console/?a=1`])
  expect(await ask('//evil.example/', page)).toEqual([307, `https://127.0.0.1:${port}//evil.example/`])
  expect(await ask('/trust', page)).toEqual([200, null])
  expect(await ask('/api/branches', { Accept: 'application/json' })).toEqual([200, null])
  expect(await ask('/console/', { ...page, 'X-Forwarded-Proto': 'https' })).toEqual([200, null])
  expect((await fetch(`${server.url}/console/`, { headers: page })).status).toBe(200)
})

test('the first manager closes plain http to other devices and opens https, also at the next start', async () => {
  const desktopToken = 'the-window-of-this-machine'
  const options = { desktopToken, trustProxy: ['127.0.0.1'], openLan: false, dataDir: join(root, 'closed') }
  const first = await start({ isAlwaysOn: false }, options)
  expect(first.port).toBe(0)
  const made = await fetch(`${first.server.url}/api/auth/setup`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${desktopToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ password: 'a long enough pass phrase' }),
  })
  expect(made.status).toBe(201)
  await expect.poll(() => first.port).toBeGreaterThan(0)
  await first.server.close()

  const { server, port } = await start({ isAlwaysOn: false }, options)
  const { pem } = await authorityOf(options.dataDir)
  expect((await get(port, '/healthz', pem)).status).toBe(200)
  const tablet = { 'X-Forwarded-For': '192.168.1.9' }
  const codeOf = async (path: string, headers: Record<string, string>) => {
    const answer = await fetch(`${server.url}${path}`, { headers })
    return answer.status === 200 ? 200 : ((await answer.json()) as { error: string }).error
  }
  expect(await codeOf('/api/branches', tablet)).toBe('https-required')
  expect(await codeOf('/pos/', tablet)).toBe('https-required')
  expect(await codeOf('/trust', tablet)).toBe(200)
  expect(await codeOf('/livez', tablet)).toBe(200)
  expect(await codeOf('/api/branches', { ...tablet, 'X-Forwarded-Proto': 'https' })).toBe('unauthorized')
  const refusal = await new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws`, { headers: tablet })
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
    socket.on('open', () => resolve('open'))
    socket.on('error', () => undefined)
  })
  expect(refusal).toBe(403)
})
