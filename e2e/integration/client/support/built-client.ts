import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { build } from 'vite'

const CLIENT_DIR = join(import.meta.dirname, '../../../../dist/client')
const PAGE = '<!doctype html><meta charset="utf-8"><title>test</title><body></body>'

/** A file of the browser builds, such as `static/lib/mishkah.store.js`. */
export function readBuild(path: string): Buffer {
  return readFileSync(join(CLIENT_DIR, path))
}

/** Pages of the context find an empty page at `/test.html` of any server. */
export async function serveTestPage(context: BrowserContext): Promise<void> {
  await context.route('**/test.html', (route) => route.fulfill({ contentType: 'text/html', body: PAGE }))
}

/** Pages of the context get the builds whatever becomes of the server, as an app does that is installed on the tablet. */
export async function serveBuilds(context: BrowserContext): Promise<void> {
  await context.route('**/static/**', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: readBuild(new URL(route.request().url()).pathname) }),
  )
}

/** Bundles a source file into a classic script for `page.addScriptTag`. */
export async function bundleScript(entry: string, name: string): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    define: { 'process.env.NODE_ENV': '"development"' },
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
