import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type Relay, startRelay } from '../../e2e/integration/client/support/relay.ts'
import { BranchClient } from '../../e2e/support/branch-client.ts'
import { launchChromium } from '../../e2e/support/chromium.ts'
import type { TestServer } from '../../e2e/support/server.ts'
import { buildStaleClient } from '../../scripts/bundle.ts'
import type { JsonObject } from '../../src-shared/json.ts'
import { startBenchServer } from '../lib/bench-server.ts'
import { BENCH_PAGE } from './page.ts'

/** A server, a network that can be cut, and a browser. */
export interface ClientBench {
  readonly server: TestServer
  readonly relay: Relay
  readonly branch: BranchClient
  /** A browser profile of its own. */
  newTablet(): Promise<BrowserContext>
  /** The bench page, loaded. */
  open(tablet: BrowserContext, path?: string): Promise<Page>
  /** Position of the module's log. */
  head(): Promise<{ epoch: number; seq: number }>
}

/** Runs the work with a server on the data folder; what was opened is closed afterwards. */
export async function withClientBench<T>(
  dataDir: string,
  work: (bench: ClientBench) => Promise<T>,
  browserArgs: string[] = [],
): Promise<T> {
  await buildStaleClient()
  const server = await startBenchServer(dataDir)
  let relay: Relay | undefined
  let browser: Browser | undefined
  try {
    relay = await startRelay(() => server.url)
    browser = await launchChromium({ args: browserArgs })
    const [network, chromium] = [relay, browser]
    const branch = new BranchClient(() => server.url)
    return await work({
      server,
      relay: network,
      branch,
      async newTablet() {
        const tablet = await chromium.newContext()
        await tablet.route('**/bench.html*', (route) => route.fulfill({ contentType: 'text/html', body: BENCH_PAGE }))
        return tablet
      },
      async open(tablet, path = '/bench.html') {
        const page = await tablet.newPage()
        await page.goto(network.url + path)
        return page
      },
      async head() {
        const { version, epoch } = (await branch.send('GET', 'events?limit=1')).body as {
          version: number
          epoch: number
        }
        return { epoch, seq: version }
      },
    })
  } finally {
    await browser?.close()
    await relay?.close()
    await server.stop()
  }
}

/** Runs in the page; what it returns comes back. */
export async function inBenchPage<T>(page: Page, body: string, input: JsonObject = {}): Promise<T> {
  return (await page.evaluate(`(async (input) => {${body}})(${JSON.stringify(input)})`)) as T
}
