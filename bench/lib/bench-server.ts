import { startTestServer, type TestServer } from '../../e2e/support/server.ts'
import { bundleStaleMain } from '../../scripts/bundle.ts'

/** The server as `npm start` and services run it: bundled, in a process of its own, without rate limits. */
export async function startBenchServer(dataDir: string): Promise<TestServer> {
  await bundleStaleMain()
  return startTestServer({ dataDir, args: ['--log-level', 'warn'] })
}
