import { resolve } from 'node:path'
import { build } from 'vite'

/** What the server serves under /console/ is built from the sources of this moment. */
async function buildConsole(): Promise<void> {
  await build({ configFile: resolve(import.meta.dirname, '../../../src-renderer/vite.config.ts'), logLevel: 'warn' })
}

// biome-ignore lint/style/noDefaultExport: Playwright takes the default export
export default buildConsole
