import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { headlessProgram } from '../../src-main/config/paths.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const NODE = join(ROOT, 'node_modules/.bin/node')
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 10_000
const URL_LINE = /https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)/

export interface TestServerOptions {
  /** A data folder of the caller, which stays after `stop()`; a new temporary one without it. */
  dataDir?: string
  /** More environment, such as MISHKAH_LEGACY_CLIENTS. */
  env?: Record<string, string>
  /** More command-line options. */
  args?: string[]
}

/** A real server in a process of its own. */
export interface TestServer {
  /** Base URL; another port after `restart()`. */
  readonly url: string
  /** Address of the sockets. */
  readonly wsUrl: string
  readonly dataDir: string
  /** Process id; another one after `restart()`. */
  readonly pid: number
  /** Everything it has printed since its last start. */
  output(): string
  isRunning(): boolean
  /** Ends it cleanly and removes a temporary data folder. May be called twice. */
  stop(): Promise<void>
  /** SIGKILL; the data folder stays. */
  kill(): Promise<void>
  /** Starts again on the same data folder, after a clean stop if it still runs. */
  restart(): Promise<void>
}

/**
 * Starts the server, bundled as it is shipped, on a free port of loopback, without rate limits.
 *
 * @throws Error with the output when the server does not say its address within 30 s, or ends before.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'mishkah-e2e-'))
  let running = await launch(dataDir, options).catch((error: unknown) => {
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
    throw error
  })
  return {
    get url() {
      return running.url
    },
    get wsUrl() {
      return `${running.url.replace(/^http/, 'ws')}/ws`
    },
    dataDir,
    get pid() {
      return running.child.pid ?? 0
    },
    output: () => running.output(),
    isRunning: () => isAlive(running.child),
    stop: async () => {
      await end(running.child, 'SIGTERM')
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
    },
    kill: () => end(running.child, 'SIGKILL'),
    restart: async () => {
      await end(running.child, 'SIGTERM')
      running = await launch(dataDir, options)
    },
  }
}

interface Running {
  child: ChildProcess
  url: string
  output(): string
}

async function launch(dataDir: string, options: TestServerOptions): Promise<Running> {
  const args = [headlessProgram, '--port', '0', '--data', dataDir, ...(options.args ?? [])]
  const env = { ...process.env, MISHKAH_RATE_LIMIT: 'off', ...options.env }
  const child = spawn(NODE, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  // The helper dies with its test, never before its server.
  const killOnExit = () => child.kill('SIGKILL')
  process.once('exit', killOnExit)
  child.once('exit', () => process.removeListener('exit', killOnExit))

  let text = ''
  const ready = Promise.withResolvers<string>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (chunk: string) => {
      text += chunk
      const match = URL_LINE.exec(text)
      if (match) ready.resolve(`http://127.0.0.1:${match[1]}`)
    })
  }
  child.once('error', ready.reject)
  child.once('exit', (code, signal) => ready.reject(new Error(`the server ended (${signal ?? code})\n${text}`)))
  const deadline = setTimeout(() => ready.reject(new Error(`the server did not start\n${text}`)), START_TIMEOUT_MS)
  try {
    const url = await ready.promise
    return { child, url, output: () => text }
  } catch (error) {
    await end(child, 'SIGKILL')
    throw error
  } finally {
    clearTimeout(deadline)
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

/** Waits for the end; what does not stop in time is killed. */
async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (!isAlive(child)) return
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  child.kill(signal)
  const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(deadline)
}
