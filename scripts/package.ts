import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildConsole, bundleDesktop } from './bundle.ts'

/**
 * `npm run package`: console and bundle, then electron-builder with electron-builder.yml. What follows `--` goes to
 * electron-builder, such as `npm run package -- --linux AppImage --dir`. The first run downloads Electron.
 */
const root = join(import.meta.dirname, '..')

await buildConsole()
await bundleDesktop()
if (!existsSync(join(root, 'dist', 'console', 'index.html'))) {
  console.error('The console was not built: dist/console/index.html is missing.')
  process.exit(1)
}
const builder = join(root, 'node_modules', 'electron-builder', 'cli.js')
const args = [builder, '--config', join(root, 'electron-builder.yml'), '--publish', 'never', ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)
