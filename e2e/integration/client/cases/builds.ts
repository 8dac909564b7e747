import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { STORAGE_CONTRACT } from '../../../../src-client/storage/storage-contract.ts'
import type { BrowserBench } from '../support/browser-bench.ts'
import { bundleScript, inPage, readBuild, runModule } from '../support/built-client.ts'

const MAX_CORE_BYTES = 15 * 1_024
const MAX_AUTH_BYTES = 5 * 1_024
const MAX_SIGN_BYTES = 5 * 1_024

const BUILDS: readonly [string, readonly string[]][] = [
  ['/static/lib/mishkah.store', ['createStore']],
  ['/static/lib/mishkah.simple-store', ['createDB', 'createDBAuto']],
  ['/static/lib/mishkah-indexeddb', ['MishkahIndexedDB']],
  ['/static/lib/mishkah-auth', ['createDeviceSession', 'pairingSecretOf']],
  ['/static/lib/mishkah-sign', ['createSigner', 'signedFetch', 'signSocket', 'signedPlatform']],
  ['/static/pos/pos-mini-db', ['createPosDb']],
]

/** What the builds export, how large they are, and the storage contract over a real IndexedDB. */
export function buildCases(bench: BrowserBench): void {
  test.each([
    ['the core', 'mishkah.store', MAX_CORE_BYTES],
    ['the session of a device', 'mishkah-auth', MAX_AUTH_BYTES],
    ['signing', 'mishkah-sign', MAX_SIGN_BYTES],
  ])('%s (%s) is smaller than %i bytes, compressed', (_, name, most) => {
    for (const end of ['.js', '.global.js']) {
      expect(gzipSync(readBuild(join('static/lib', name + end)), { level: 9 }).length).toBeLessThan(most)
    }
  })

  test.each(BUILDS)('%s loads as a module and as a classic script', async (path, names) => {
    const page = await bench.newPage()
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
  })

  test('what the page loads are the files of the branch server', async () => {
    const answer = await fetch(`${bench.server.url}/static/lib/mishkah.store.js`)
    expect(answer.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(readBuild('static/lib/mishkah.store.js'))
  })

  describe('storage contract in the browser', () => {
    let script: string
    beforeAll(async () => {
      script = await bundleScript(join(import.meta.dirname, '../support/storage-contract-page.ts'), 'contract')
    })
    async function openContract(): Promise<Page> {
      const page = await bench.newPage()
      await page.addScriptTag({ content: script })
      return page
    }

    test.each(STORAGE_CONTRACT)('IndexedDB storage: $title', async ({ title }) => {
      expect(await inPage(await openContract(), `contract.run(${JSON.stringify(title)})`)).toBe('ok')
    })

    test('goes on after the site data was wiped', async () => {
      expect(await inPage(await openContract(), 'contract.surviveWipe()')).toBe('[null,2,true]')
    })
  })
}
