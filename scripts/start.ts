import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EXIT_CODES, type Launch, OptionsError, parseLaunch } from '../src-main/config/options.ts'
import { headlessProgram, readAppVersion, sourceDataDir } from '../src-main/config/paths.ts'
import type { runHeadless } from '../src-main/headless.ts'
import { buildPages, bundleStaleMain } from './bundle.ts'
import { findElectron, whyNoWindow } from './electron-program.ts'

/** `npm start`: builds what changed, then opens the desktop app, or runs headless and says why. */
const root = join(import.meta.dirname, '..')
const argv = process.argv.slice(2)

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

/** The branch must run even when a page of its own cannot be built; an older build goes on being served. */
async function tryBuildPages(): Promise<void> {
  for (const { message } of await buildPages()) console.error(`${message}\nThe server starts without a new one.`)
}

async function serveFromSources(): Promise<number> {
  return (await import('../src-main/headless.ts')).runHeadless(argv)
}

/** The server of the bundle; of the sources when there is none, which needs more time and memory. */
async function serve(): Promise<number> {
  try {
    await bundleStaleMain()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    console.error(`The program could not be bundled: ${reason}\nIt runs from its sources.`)
    return serveFromSources()
  }
  const program: { runHeadless: typeof runHeadless } = await import(pathToFileURL(headlessProgram).href)
  return program.runHeadless(argv)
}

async function start(): Promise<number> {
  const launch = readLaunch()
  if (!launch) return serveFromSources()
  await tryBuildPages()
  if (launch.headless) return serve()
  const electron = findElectron()
  const reason = whyNoWindow(electron)
  if (reason || !electron) {
    console.log(reason)
    return serve()
  }
  await bundleStaleMain()
  return runElectron(electron)
}

process.exit(await start())
