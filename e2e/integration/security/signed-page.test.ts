import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildClient } from '../../../scripts/build-client.ts'
import { CHEAP_COST } from '../../../src-main/access/testing.ts'
import { type Reply, startTestServer, type TestServer } from '../../../src-main/server/http/testing.ts'
import { launchChromium } from '../../support/chromium.ts'

/** A tablet's page by plain http, in a real Chromium, at an address of the network: no secure context, no crypto.subtle. */
const PASSWORD = 'a long password'
const address = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

// biome-ignore lint/suspicious/noExplicitAny: tests read members of answers as they come
type Body = Record<string, any>

const root = mkdtempSync(join(tmpdir(), 'mishkah-signed-page-'))
let server: TestServer
let browser: Browser
let token: string

beforeAll(async () => {
  const [clientDir, appsDir] = [join(root, 'client'), join(root, 'apps')]
  await buildClient(clientDir)
  mkdirSync(join(appsDir, 'pos'), { recursive: true })
  writeFileSync(join(appsDir, 'pos', 'index.html'), '<!doctype html><title>Till</title>')
  server = await startTestServer({
    ...{ host: '0.0.0.0', dataDir: join(root, 'data'), clientDir, appsDir },
    ...{ hashCost: CHEAP_COST, adminPassword: PASSWORD, signedHttp: true },
  })
  const login = { method: 'POST', path: '/api/auth/login', body: { user: 'admin', password: PASSWORD } }
  token = (await server.ask(login)).body.accessToken as string
  browser = await launchChromium()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await server?.close()
  rmSync(root, { recursive: true, force: true })
})

async function manage(method: string, path: string, body?: object): Promise<Reply> {
  return await server.ask({ method, path, headers: { Authorization: `Bearer ${token}` }, ...(body && { body }) })
}

test.skipIf(address === undefined)(
  'a page without crypto.subtle is paired, reads, writes and is heard; what it writes is on the server',
  { timeout: 60_000 },
  async () => {
    const invited = (await manage('POST', '/api/manage/pairings', { role: 'cashier', name: 'Tablet' })).body as Body
    const page = await browser.newPage()
    const problems: string[] = []
    page.on('pageerror', ({ message }) => problems.push(message))
    const opened = await page.goto(`http://${address}:${server.port}/pos/`)
    expect(opened?.status()).toBe(200)
    const told = (await page.evaluate(
      `(async (secret) => {
        const { createSigner, signedFetch, signedPlatform } = await import('/static/lib/mishkah-sign.js')
        const { createStore } = await import('/static/lib/mishkah.store.js')
        const headers = { 'Content-Type': 'application/json' }
        const body = JSON.stringify({ secret })
        const paired = await (await fetch('/api/pair', { method: 'POST', headers, body })).json()
        const unsigned = (await fetch('/api/branches/dar/modules/pos/tables/order_line')).status
        const signer = createSigner({ signer: paired.device.id, key: paired.signingKey })
        const store = createStore({ branchId: 'dar', platform: signedPlatform(signer) })
        await store.connect()
        const ack = await store.insert('order_line', { id: 'of-the-page', orderId: 'o', itemId: 'tea', quantity: 2 })
        const read = await signedFetch(signer)(location.origin + '/api/branches/dar/modules/pos/tables/order_line?id=of-the-page')
        const { record } = await read.json()
        const seen = store.listTable('order_line').find(({ id }) => id === 'of-the-page')
        return { isSecure: isSecureContext, subtle: typeof crypto.subtle, unsigned, ack: Boolean(ack),
          read: [read.status, record.quantity], seen: seen?.quantity }
      })(${JSON.stringify(invited.qr.secret)})`,
    )) as Body
    expect(told).toEqual({
      ...{ isSecure: false, subtle: 'undefined', unsigned: 403, ack: true },
      ...{ read: [200, 2], seen: 2 },
    })
    expect(problems).toEqual([])
    expect((await manage('GET', 'tables/order_line?id=of-the-page')).body.record).toMatchObject({ quantity: 2 })
    // Only the pages of devices come by plain http: the console does not.
    const comesTo = async (path: string): Promise<string> => {
      const answer = await page.goto(`http://${address}:${server.port}${path}`)
      const { pathname } = new URL(page.url())
      return answer?.status() === 403 || pathname === '/trust' ? 'refused' : pathname
    }
    expect([await comesTo('/pos/'), await comesTo('/console/')]).toEqual(['/pos/', 'refused'])
    await manage('PUT', '/api/manage/network/plain-http', { allowsSigned: false })
    expect(await comesTo('/pos/')).toBe('refused')
  },
)
