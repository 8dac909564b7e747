import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT_CODES, type Launch, OptionsError, parseLaunch } from '../src-main/config/options.ts'
import { readAppVersion, sourceDataDir } from '../src-main/config/paths.ts'
import { runHeadless } from '../src-main/headless.ts'
import {
  buildConsole,
  bundleDesktop,
  CONSOLE_OUTPUT,
  CONSOLE_SOURCES,
  DESKTOP_OUTPUT,
  DESKTOP_SOURCES,
  isStale,
} from './bundle.ts'

/** `npm start`: builds what changed, then opens the desktop app, or runs headless and says why. */
const root = join(import.meta.dirname, '..')
const argv = process.argv.slice(2)

/** Where `npx install-electron` puts the program. Only looked at: asking the package itself would start a download. */
function findElectron(): string | undefined {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(root, 'node_modules', 'electron', 'dist')
  const pathFile = join(root, 'node_modules', 'electron', 'path.txt')
  const program = existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : defaultProgram()
  const path = join(folder, program)
  return existsSync(path) ? path : undefined
}

function defaultProgram(): string {
  if (process.platform === 'win32') return 'electron.exe'
  return process.platform === 'darwin' ? 'Electron.app/Contents/MacOS/Electron' : 'electron'
}

/** @returns One sentence when there is no way to open a window here. */
function whyNoWindow(electron: string | undefined): string | undefined {
  if (!electron) return 'Running without a window: Electron is not installed ("npx install-electron" downloads it).'
  const needsDisplay = process.platform !== 'win32' && process.platform !== 'darwin'
  if (needsDisplay && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    return 'Running without a window: there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set).'
  }
  return undefined
}

function runElectron(electron: string): Promise<number> {
  const isRoot = process.getuid?.() === 0
  const switches = isRoot && process.platform === 'linux' ? ['--no-sandbox'] : []
  const child = spawn(electron, [...switches, root, ...argv], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => forward(child, signal))
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`Electron could not be started: ${error.message}`)
      resolve(EXIT_CODES.unexpected)
    })
    child.on('exit', (code, signal) => resolve(code ?? (signal ? EXIT_CODES.unexpected : EXIT_CODES.clean)))
  })
}

function forward(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.exitCode === null) child.kill(signal)
}

/** Undefined for options that headless.ts answers itself: a mistake, --help, --version. */
function readLaunch(): Launch | undefined {
  const input = { argv, env: process.env, cwd: process.cwd(), defaultDataDir: sourceDataDir, version: readAppVersion() }
  try {
    const launch = parseLaunch(input)
    return launch.help || launch.version ? undefined : launch
  } catch (error) {
    if (error instanceof OptionsError) return undefined
    throw error
  }
}

async function start(): Promise<number> {
  const launch = readLaunch()
  if (!launch) return runHeadless(argv)
  if (isStale(CONSOLE_OUTPUT, CONSOLE_SOURCES)) await buildConsole()
  if (launch.headless) return runHeadless(argv)
  const electron = findElectron()
  const reason = whyNoWindow(electron)
  if (reason || !electron) {
    console.log(reason)
    return runHeadless(argv)
  }
  if (isStale(DESKTOP_OUTPUT, DESKTOP_SOURCES)) await bundleDesktop()
  return runElectron(electron)
}

process.exit(await start())
