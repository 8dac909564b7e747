import { Worker } from 'node:worker_threads'
import { AppError } from '../src-shared/errors.ts'
import { releaseDeadThread } from './config/data-folder.ts'
import type { ServerOptions } from './config/options.ts'
import type { ServerNotice } from './config/services.ts'
import type { Log, LogRecord } from './lib/log.ts'
import type { FromServerThread, ServerAddress, ServerFailure, ToServerThread } from './server-thread-messages.ts'

export type ServerState =
  | { kind: 'starting' }
  | { kind: 'ready'; address: ServerAddress }
  /** The thread ended by itself and comes back by itself. */
  | { kind: 'restarting'; delayMs: number; message: string }
  /** It will not come back by itself: the start was refused, or it crashed too often. */
  | { kind: 'failed'; failure: ServerFailure }
  | { kind: 'stopped' }

export interface ServerHostOptions {
  server: ServerOptions
  log: Log
  /** Entries of the server thread, already redacted. */
  writeRecord(record: LogRecord): void
  onNotice?(notice: ServerNotice): void
  onState?(state: ServerState): void
  /** The thread's script; the real one by default. */
  entry?: URL
  now?: () => number
  /** Wait before the first restart; it doubles with each crash. 500 by default. */
  firstDelayMs?: number
  /** How long a clean stop may take before the thread is ended. 2,500 by default. */
  stopTimeoutMs?: number
}

const MAX_CRASHES = 5
/** Twice V8's own choice: what a request leaves is then gone before it is copied, which is a tenth of a write's time. */
const YOUNG_GENERATION_MB = 96
const CRASH_WINDOW_MS = 10 * 60_000

/** From the sources a .ts file, from the bundle the .js file beside it. */
const realEntry = new URL(`./server-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

/**
 * Runs the server thread and brings it back when it crashes: after 0.5 s, 1 s, 2 s and 4 s; the fifth crash within ten
 * minutes is the last.
 *
 *   start() ─> starting ─> ready ─(crash)─> restarting ─> starting ─> ready
 *                 └─(refused: port, folder)─> failed <─(5th crash)─┘
 */
export class ServerHost {
  readonly #options: ServerHostOptions
  readonly #now: () => number
  #state: ServerState = { kind: 'stopped' }
  #thread: ServerThread | undefined
  #crashTimes: number[] = []
  #restartTimer: NodeJS.Timeout | undefined
  #stopping: Promise<'clean' | 'forced'> | undefined
  /** After a crash the same port again, also when the first start picked a free one. */
  #port: number

  constructor(options: ServerHostOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#port = options.server.port
  }

  get state(): ServerState {
    return this.#state
  }

  /** @throws AppError with the code of a refused start; `stopping` when it was stopped meanwhile. */
  async start(): Promise<ServerAddress> {
    if (this.#thread || this.#restartTimer) throw new Error('the server is already running')
    this.#crashTimes = []
    this.#stopping = undefined
    const outcome = await this.#launch()
    if (outcome.type === 'ready') return outcome
    if (outcome.type === 'failed') {
      this.#setState({ kind: 'failed', failure: outcome })
      throw new AppError(outcome.code, outcome.message, outcome.hint ? { hint: outcome.hint } : {})
    }
    if (this.#stopping) throw new AppError('stopping', 'The server was stopped while it started.')
    const failure = {
      code: 'internal',
      message: 'The server stopped while it started; the log has the reason.',
    } as const
    this.#setState({ kind: 'failed', failure })
    throw new AppError(failure.code, failure.message)
  }

  /** Ends within `stopTimeoutMs`; `forced` when the thread had to be ended. May be called twice. */
  stop(): Promise<'clean' | 'forced'> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  /** A clean stop and a new start; also the way back after `failed`. */
  async restart(): Promise<ServerAddress> {
    await this.stop()
    return this.start()
  }

  async #stop(): Promise<'clean' | 'forced'> {
    clearTimeout(this.#restartTimer)
    this.#restartTimer = undefined
    const thread = this.#thread
    const result = thread ? await thread.stop(this.#options.stopTimeoutMs ?? 2_500) : 'clean'
    if (thread && result === 'forced') releaseDeadThread(this.#options.server.dataDir, thread.id)
    this.#thread = undefined
    this.#setState({ kind: 'stopped' })
    return result
  }

  async #launch(): Promise<Outcome> {
    this.#setState({ kind: 'starting' })
    const thread = new ServerThread(this.#options)
    this.#thread = thread
    const outcome = await thread.start({ ...this.#options.server, port: this.#port })
    if (outcome.type === 'ready') {
      this.#port = outcome.port
      if (this.#stopping) return outcome
      const { url, port, serverId, isOpen } = outcome
      this.#setState({ kind: 'ready', address: { url, port, serverId, isOpen } })
      void thread.ended.then((error) => this.#handleCrash(thread, error))
    } else {
      await thread.ended
      releaseDeadThread(this.#options.server.dataDir, thread.id)
      if (this.#thread === thread) this.#thread = undefined
    }
    return outcome
  }

  #handleCrash(thread: ServerThread, error: unknown): void {
    if (this.#thread !== thread || this.#stopping) return
    this.#thread = undefined
    releaseDeadThread(this.#options.server.dataDir, thread.id)
    this.#retry(error)
  }

  #retry(error: unknown): void {
    const now = this.#now()
    this.#crashTimes = [...this.#crashTimes.filter((time) => now - time < CRASH_WINDOW_MS), now]
    const crashes = this.#crashTimes.length
    if (crashes >= MAX_CRASHES) {
      const message = `The server crashed ${crashes} times within ten minutes and stays stopped. The log has the reasons.`
      this.#options.log.error('server-given-up', { message, error })
      const hint = 'Restart the server; when it happens again, send the support bundle.'
      this.#setState({ kind: 'failed', failure: { code: 'internal', message, hint } })
      return
    }
    const delayMs = (this.#options.firstDelayMs ?? 500) * 2 ** (crashes - 1)
    const message = `The server crashed and starts again in ${delayMs / 1_000} s.`
    this.#options.log.error('server-crashed', { message, crashes, error })
    this.#setState({ kind: 'restarting', delayMs, message })
    this.#restartTimer = setTimeout(() => void this.#relaunch(), delayMs)
  }

  async #relaunch(): Promise<void> {
    this.#restartTimer = undefined
    const outcome = await this.#launch()
    if (outcome.type === 'ready' || this.#stopping) return
    this.#retry(outcome.type === 'failed' ? new AppError(outcome.code, outcome.message) : outcome.error)
  }

  #setState(state: ServerState): void {
    this.#state = state
    this.#options.onState?.(state)
  }
}

type Outcome =
  | ({ type: 'ready' } & ServerAddress)
  | ({ type: 'failed' } & ServerFailure)
  | { type: 'ended'; error: unknown }

/** One life of the thread. */
class ServerThread {
  readonly id: number
  /** Resolves with what ended it. */
  readonly ended: Promise<unknown>
  readonly #worker: Worker
  readonly #outcome: Promise<Outcome>

  constructor(options: ServerHostOptions) {
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB }
    const worker = new Worker(options.entry ?? realEntry, { name: 'store-server', resourceLimits })
    this.#worker = worker
    this.id = worker.threadId
    let failure: unknown
    worker.on('error', (error) => {
      failure = error
    })
    this.ended = new Promise((resolve) => {
      worker.on('exit', (code) => resolve(failure ?? new Error(`the server thread ended with code ${code}`)))
    })
    this.#outcome = new Promise((resolve) => {
      worker.on('message', (message: FromServerThread) => {
        if (message.type === 'log') options.writeRecord(message.record)
        else if (message.type === 'notice') options.onNotice?.(message.notice)
        else if (message.type !== 'stopped') resolve(message)
      })
      void this.ended.then((error) => resolve({ type: 'ended', error }))
    })
  }

  start(options: ServerOptions): Promise<Outcome> {
    this.#send({ type: 'start', options })
    return this.#outcome
  }

  async stop(timeoutMs: number): Promise<'clean' | 'forced'> {
    this.#send({ type: 'stop' })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs)
    })
    const first = await Promise.race([this.ended, late])
    clearTimeout(timer)
    if (first !== 'late') return 'clean'
    await this.#worker.terminate()
    return 'forced'
  }

  #send(message: ToServerThread): void {
    this.#worker.postMessage(message)
  }
}
