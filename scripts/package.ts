import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { APP_NAMES } from '../src-main/config/paths.ts'
import { buildClient } from './build-client.ts'
import { buildApp, buildConsole, bundleMain } from './bundle.ts'

/**
 * `npm run package`: console, SDK, apps and bundle, then electron-builder with electron-builder.yml. What follows `--` goes to
 * electron-builder, such as `npm run package -- --linux AppImage --dir`. The first run downloads Electron.
 */
const root = join(import.meta.dirname, '..')

await buildConsole()
await buildClient()
for (const name of APP_NAMES) await buildApp(name)
await bundleMain()
const pages = ['console/index.html', ...APP_NAMES.map((name) => `apps/${name}/index.html`)]
const missing = pages.filter((page) => !existsSync(join(root, 'dist', page)))
if (missing.length > 0) {
  console.error(`Not everything was built: ${missing.map((page) => `dist/${page}`).join(', ')} is missing.`)
  process.exit(1)
}
const builder = join(root, 'node_modules', 'electron-builder', 'cli.js')
const args = [builder, '--config', join(root, 'electron-builder.yml'), '--publish', 'never', ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)
