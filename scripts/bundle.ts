import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'

const root = join(import.meta.dirname, '..')
const desktopOut = join(root, 'dist', 'main')

/** Left to be loaded at run time: Electron's own module and the SQLite driver with its native file. */
const EXTERNAL = ['electron', 'better-sqlite3']

/**
 * Bundles what Electron runs into dist/main: main.js, server-thread.js and headless.js as ES modules, preload.cjs as
 * CommonJS, because a sandboxed preload script can be nothing else.
 */
export async function bundleDesktop(): Promise<void> {
  const entries = {
    main: 'src-main/main.ts',
    'server-thread': 'src-main/server-thread.ts',
    headless: 'src-main/headless.ts',
    'reader-thread': 'src-main/store/backup/reader-thread.ts',
  }
  await bundle(entries, 'es', true)
  await bundlePreload(false)
}

/** The preload script alone. */
export async function bundlePreload(emptyOutDir = false): Promise<void> {
  await bundle({ preload: 'src-main/preload/preload.ts' }, 'cjs', emptyOutDir)
}

async function bundle(entries: Record<string, string>, format: 'es' | 'cjs', emptyOutDir: boolean): Promise<void> {
  const extension = format === 'es' ? 'js' : 'cjs'
  const input = Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)]))
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: true, external: EXTERNAL, target: 'node' },
    build: {
      ssr: true,
      outDir: desktopOut,
      emptyOutDir,
      target: 'node22',
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        input,
        external: EXTERNAL,
        // A dependency of Koa evaluates a template of its own; nothing of ours does.
        checks: { eval: false },
        // One flat folder: paths.ts and server-host.ts find their neighbours beside themselves.
        output: { format, entryFileNames: `[name].${extension}`, chunkFileNames: `[name]-[hash].${extension}` },
      },
    },
  })
}

/** Builds the console; nothing to do while it has no sources. */
export async function buildConsole(): Promise<void> {
  const configFile = join(root, 'src-renderer', 'vite.config.ts')
  if (existsSync(configFile)) await build({ configFile, logLevel: 'warn' })
}

/** True when nothing is built or a source is newer than the build. Costs one look at each file's time. */
export function isStale(output: string, sources: readonly string[]): boolean {
  const built = join(root, output)
  if (!existsSync(built)) return true
  const builtAt = statSync(built).mtimeMs
  return sources.some((source) => newestIn(join(root, source)) > builtAt)
}

export const CONSOLE_SOURCES = ['src-renderer', 'src-client', 'src-shared', 'package.json']
export const CONSOLE_OUTPUT = 'dist/console/index.html'
export const DESKTOP_SOURCES = ['src-main', 'src-shared', 'package.json']
export const DESKTOP_OUTPUT = 'dist/main/preload.cjs'

function newestIn(path: string): number {
  if (!existsSync(path)) return 0
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(0, ...readdirSync(path).map((name) => (name === 'node_modules' ? 0 : newestIn(join(path, name)))))
}
