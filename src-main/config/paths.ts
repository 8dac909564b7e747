import { readFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'

/**
 * The folder that holds `data/`, `dist/` and `package.json`. This file is two folders below it both in the sources
 * (src-main/config) and in the bundle (dist/main). Packed, the parts that a worker thread reads lie beside the archive,
 * because a thread must not depend on the archive support of the main thread.
 */
const here = resolve(import.meta.dirname, '../..')
export const appRoot = here
  .replace(`app.asar${sep}`, `app.asar.unpacked${sep}`)
  .replace(/app\.asar$/, 'app.asar.unpacked')

/** True when the code comes out of an installed application. */
export const isInstalled = appRoot !== here

/** The built console, served at /console/ and by the window. */
export const consoleDir = join(appRoot, 'dist', 'console')

/** The browser SDK: its folder `static/` is served at /static/. */
export const clientDir = join(appRoot, 'dist', 'client')

/** The apps for tablets: each has a folder of its name here and is served at /<name>/. */
export const appsDir = join(appRoot, 'dist', 'apps')
export const APP_NAMES = ['pos', 'kds'] as const

/** The tracked default data set that fills a new data root. */
export const defaultsDir = join(appRoot, 'data')

/** From the sources: the git-ignored `var/`. */
export const sourceDataDir = join(here, 'var')

/** The version of the product, from package.json. */
export function readAppVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined
  return typeof version === 'string' ? version : '0.0.0'
}

/** Where an installed appliance keeps its data: one folder a machine, never the roaming profile. */
export function installedDataDir(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, home: string): string {
  if (platform === 'win32') return join(env.ProgramData ?? 'C:\\ProgramData', 'Mishkah Branch Server')
  if (platform === 'darwin') return '/Users/Shared/Mishkah Branch Server'
  return join(env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'mishkah-branch-server')
}

/** Bundled by scripts/bundle.ts: a sandboxed preload script must be CommonJS. */
export const preloadScript = join(here, 'dist', 'main', 'preload.cjs')

/** Bundled there too: the server without a window, as services run it. */
export const headlessProgram = join(here, 'dist', 'main', 'headless.js')

export const iconDir = join(here, 'resources', 'icons')
