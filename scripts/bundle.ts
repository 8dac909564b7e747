import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { APP_NAMES } from '../src-main/config/paths.ts'
import { buildClient } from './build-client.ts'

const root = join(import.meta.dirname, '..')
const mainOut = join(root, 'dist', 'main')

/** Left to be loaded at run time: Electron's own module and the SQLite driver with its native file. */
const EXTERNAL = ['electron', 'better-sqlite3']

/** A server that still runs from an older bundle asks for some of its chunks late, at the first sign-in for example. */
const OLD_CHUNKS_STAY_MS = 24 * 60 * 60 * 1000

/**
 * Bundles the program into dist/main: main.js, server-thread.js and headless.js as ES modules, preload.cjs as CommonJS,
 * because a sandboxed preload script can be nothing else. The bundle starts in half the time of the sources and needs
 * 50 MB less, since nothing has to strip their types.
 */
export async function bundleMain(): Promise<void> {
  const entries = {
    main: 'src-main/main.ts',
    'server-thread': 'src-main/server-thread.ts',
    headless: 'src-main/headless.ts',
    'file-thread': 'src-main/store/file-work/file-thread-entry.ts',
  }
  const startedAt = Date.now()
  await bundle(entries, 'es')
  await bundlePreload()
  mkdirSync(mainOut, { recursive: true })
  for (const name of readdirSync(mainOut)) {
    const path = join(mainOut, name)
    if (statSync(path).mtimeMs < startedAt - OLD_CHUNKS_STAY_MS) rmSync(path, { recursive: true })
  }
}

/** Bundles the program when a source is newer. */
export async function bundleStaleMain(): Promise<void> {
  if (MAIN_OUTPUTS.some((output) => isStale(output, MAIN_SOURCES))) await bundleMain()
}

/** The preload script alone. */
export async function bundlePreload(): Promise<void> {
  await bundle({ preload: 'src-main/preload/preload.ts' }, 'cjs')
}

async function bundle(entries: Record<string, string>, format: 'es' | 'cjs'): Promise<void> {
  const extension = format === 'es' ? 'js' : 'cjs'
  const input = Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)]))
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: true, external: EXTERNAL, target: 'node' },
    build: {
      ssr: true,
      outDir: mainOut,
      emptyOutDir: false,
      target: 'node22',
      minify: false,
      sourcemap: true,
      rolldownOptions: {
        input,
        external: EXTERNAL,
        // A dependency of Koa evaluates a template of its own; nothing of ours does.
        checks: { eval: false },
        // Calls that are there to throw, as decodeURIComponent for a path, would be taken for dead code, twice.
        treeshake: false,
        output: {
          format,
          minify: false,
          // One flat folder: paths.ts and server-host.ts find their neighbours beside themselves.
          entryFileNames: `[name].${extension}`,
          chunkFileNames: `[name]-[hash].${extension}`,
        },
      },
    },
  })
}

/** Builds the console; nothing to do while it has no sources. */
export async function buildConsole(): Promise<void> {
  const configFile = join(root, 'src-renderer', 'vite.config.ts')
  if (existsSync(configFile)) await build({ configFile, logLevel: 'warn' })
}

/**
 * Builds an app for tablets into dist/apps/<name>.
 *
 * @returns False, and nothing is done, while the app has no page.
 */
export async function buildApp(name: (typeof APP_NAMES)[number]): Promise<boolean> {
  const configFile = join(root, 'src-apps', 'vite.config.ts')
  if (!existsSync(configFile) || !existsSync(join(root, 'src-apps', name, 'index.html'))) return false
  // One configuration for all apps; it is read anew at each build.
  process.env.MISHKAH_APP = name
  await build({ configFile, logLevel: 'warn' })
  return true
}

/** A build that could not be made; the one before it goes on being served. */
export class BuildError extends Error {}

/** Something that the server gives to browsers, with its own build. */
export interface PagePart {
  name: string
  /** A file of the build, and what it is made of; relative to the project. */
  output: string
  sources: readonly string[]
  build(): Promise<unknown>
}

/**
 * Builds the console, the SDK and the apps, each only when its sources are newer than its build.
 *
 * @returns What went wrong, one error a part; the other parts are built all the same.
 */
export async function buildPages(parts: readonly PagePart[] = PAGE_PARTS): Promise<BuildError[]> {
  const failures: BuildError[] = []
  for (const { name, output, sources, build } of parts) {
    if (!isStale(output, sources)) continue
    try {
      await build()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      failures.push(new BuildError(`The ${name} could not be built: ${reason}`, { cause }))
    }
  }
  return failures
}

/** True when nothing is built or a source is newer than the build. Costs one look at each file's time. */
export function isStale(output: string, sources: readonly string[]): boolean {
  const built = join(root, output)
  if (!existsSync(built)) return true
  const builtAt = statSync(built).mtimeMs
  return sources.some((source) => newestIn(join(root, source)) > builtAt)
}

const CLIENT_SOURCES = ['src-client', 'src-shared', 'package.json']
const CLIENT_PART: PagePart = {
  name: 'browser SDK',
  // The first file of the build, so that a source that changes meanwhile makes it stale.
  output: 'dist/client/static/lib/mishkah.store.js',
  sources: [...CLIENT_SOURCES, 'scripts/build-client.ts'],
  build: () => buildClient(),
}
const CONSOLE_PART: PagePart = {
  name: 'console',
  output: 'dist/console/index.html',
  sources: ['src-renderer', ...CLIENT_SOURCES],
  build: buildConsole,
}
const APP_PARTS = APP_NAMES.map(
  (name): PagePart => ({
    name: `app "${name}"`,
    output: `dist/apps/${name}/index.html`,
    sources: [`src-apps/${name}`, 'src-apps/shared', 'src-apps/vite.config.ts', 'src-renderer', ...CLIENT_SOURCES],
    build: () => buildApp(name),
  }),
)
const PAGE_PARTS: readonly PagePart[] = [CONSOLE_PART, CLIENT_PART, ...APP_PARTS]

/** The SDK alone, when it is stale. @throws BuildError */
export async function buildStaleClient(): Promise<void> {
  const [failure] = await buildPages([CLIENT_PART])
  if (failure) throw failure
}

/** One file of each of the two builds of the program, and what they are made of. */
const MAIN_OUTPUTS = ['dist/main/headless.js', 'dist/main/preload.cjs']
const MAIN_SOURCES = ['src-main', 'src-shared', 'package.json', 'package-lock.json']

function newestIn(path: string): number {
  if (!existsSync(path)) return 0
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(0, ...readdirSync(path).map((name) => (name === 'node_modules' ? 0 : newestIn(join(path, name)))))
}
