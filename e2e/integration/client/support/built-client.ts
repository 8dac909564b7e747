import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { build } from 'vite'
import { buildClient } from '../../../../scripts/build-client.ts'

/** The browser builds in a folder of their own, and pages that are given them. */
export interface BuiltClient {
  readonly folder: string
  read(path: string): Buffer
  /** Pages of the context get the builds and an empty page `/test.html`, whatever becomes of the server. */
  serveTo(context: BrowserContext): Promise<void>
  remove(): void
}

const PAGE = '<!doctype html><meta charset="utf-8"><title>test</title><body></body>'

export async function buildTestClient(): Promise<BuiltClient> {
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-client-'))
  await buildClient(folder)
  const read = (path: string): Buffer => readFileSync(join(folder, path))
  return {
    folder,
    read,
    async serveTo(context) {
      await context.route('**/static/**', (route) =>
        route.fulfill({ contentType: 'text/javascript', body: read(new URL(route.request().url()).pathname) }),
      )
      await context.route('**/test.html', (route) => route.fulfill({ contentType: 'text/html', body: PAGE }))
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Bundles a source file into a classic script for `page.addScriptTag`. */
export async function bundleScript(entry: string, name: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    build: { write: false, target: 'es2022', lib: { entry, formats: ['iife'], name, fileName: () => 'script.js' } },
  })
  const [bundle] = Array.isArray(result) ? result : [result]
  if (!bundle || !('output' in bundle)) throw new Error('nothing was built')
  return bundle.output[0].code
}

/** Runs an ES module in the page; what it exports as `window.done` comes back. Fails with what the page throws. */
export async function runModule(page: Page, code: string): Promise<unknown> {
  const wrapped = `${code}\n;globalThis.__finished = true`
  const failure = new Promise<never>((_, reject) => {
    page.once('pageerror', (error) => reject(new Error(`in the page: ${error.stack ?? error.message}`)))
  })
  await page.evaluate('globalThis.__finished = false; globalThis.done = undefined')
  const finished = (async () => {
    await page.addScriptTag({ type: 'module', content: wrapped })
    await page.waitForFunction('globalThis.__finished', undefined, { timeout: 20_000 })
    return page.evaluate('globalThis.done')
  })()
  failure.catch(() => undefined)
  return Promise.race([finished, failure])
}

/** Calls with a page's own words: `store`, `db` and whatever a test put on `window`. */
export function inPage(page: Page, expression: string): Promise<unknown> {
  return page.evaluate(`(async () => (${expression}))()`)
}
