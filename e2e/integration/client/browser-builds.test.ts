import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STORAGE_CONTRACT } from '../../../src-client/storage/storage-contract.ts'
import { launchChromium } from '../../support/chromium.ts'
import { startTestServer, type TestServer } from '../../support/server.ts'
import { type BuiltClient, buildTestClient, bundleScript, inPage, runModule } from './support/built-client.ts'

const MAX_CORE_BYTES = 15 * 1_024

let client: BuiltClient
let server: TestServer
let browser: Browser

beforeAll(async () => {
  ;[client, server, browser] = await Promise.all([buildTestClient(), startTestServer(), launchChromium()])
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
  client?.remove()
})

async function openPage(): Promise<Page> {
  const context = await browser.newContext()
  await client.serveTo(context)
  const page = await context.newPage()
  await page.goto(`${server.url}/test.html`)
  return page
}

test('the core is smaller than 15 kB', () => {
  const sizes = ['mishkah.store.js', 'mishkah.store.global.js'].map((name) => {
    return gzipSync(client.read(join('static/lib', name)), { level: 9 }).length
  })
  for (const size of sizes) expect(size).toBeLessThan(MAX_CORE_BYTES)
})

const BUILDS: readonly [string, readonly string[]][] = [
  ['/static/lib/mishkah.store', ['createStore']],
  ['/static/lib/mishkah.simple-store', ['createDB', 'createDBAuto']],
  ['/static/lib/mishkah-indexeddb', ['MishkahIndexedDB']],
  ['/static/pos/pos-mini-db', ['createPosDb']],
]

test.each(BUILDS)('%s loads as a module and as a classic script', async (path, names) => {
  const page = await openPage()
  const expected = names.map((name) => (name === 'MishkahIndexedDB' ? 'object' : 'function'))
  const exported = await runModule(
    page,
    `import { ${names.join(', ')} } from '${path}.js'\nwindow.done = [${names.map((name) => `typeof ${name}`).join()}]`,
  )
  expect(exported).toEqual(expected)
  expect(await inPage(page, `[${names.map((name) => `typeof globalThis.${name}`).join()}]`)).toEqual(
    names.map(() => 'undefined'),
  )
  await page.addScriptTag({ url: `${path}.global.js` })
  expect(await inPage(page, `[${names.map((name) => `typeof globalThis.${name}`).join()}]`)).toEqual(expected)
  await page.context().close()
})

describe('storage contract in the browser', () => {
  let page: Page
  beforeAll(async () => {
    page = await openPage()
    const entry = join(import.meta.dirname, 'support/storage-contract-page.ts')
    await page.addScriptTag({ content: await bundleScript(entry, 'contract') })
  })

  test.each(STORAGE_CONTRACT)('IndexedDB storage: $title', async ({ title }) => {
    expect(await inPage(page, `contract.run(${JSON.stringify(title)})`)).toBe('ok')
  })

  test('goes on after the site data was wiped', async () => {
    expect(await inPage(page, 'contract.surviveWipe()')).toBe('[null,2,true]')
  })
})
