import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { buildStaleClient } from '../../../../scripts/bundle.ts'
import { BranchClient } from '../../../support/branch-client.ts'
import { launchChromium } from '../../../support/chromium.ts'
import { startTestServer, type TestServer } from '../../../support/server.ts'
import { serveTestPage } from './built-client.ts'

/** One server with the SDK of these sources under /static, and one browser, for all cases of a file; to be read inside of tests. */
export interface BrowserBench {
  readonly server: TestServer
  readonly branch: BranchClient
  /** A browser profile of its own, gone after the test. */
  newTablet(): Promise<BrowserContext>
  /** An empty page of the server, in a profile of its own. */
  newPage(): Promise<Page>
}

/** Call it at the top of a test file; what it opens is closed after the file. */
export function openBrowserBench(): BrowserBench {
  let server: TestServer | undefined
  let browser: Browser | undefined
  const contexts: BrowserContext[] = []
  beforeAll(async () => {
    await buildStaleClient()
    ;[server, browser] = await Promise.all([startTestServer(), launchChromium()])
  })
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
  })
  const bench: BrowserBench = {
    get server() {
      return server!
    },
    branch: new BranchClient(() => server!.url),
    async newTablet() {
      const context = await browser!.newContext()
      contexts.push(context)
      await serveTestPage(context)
      return context
    },
    async newPage() {
      const page = await (await bench.newTablet()).newPage()
      await page.goto(`${bench.server.url}/test.html`)
      return page
    },
  }
  return bench
}
