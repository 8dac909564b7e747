import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ControlRequest, Controls } from './stand-in/control.ts'

const root = join(import.meta.dirname, '..', '..')
const hook = (path: string): string[] => ['--import', pathToFileURL(join(import.meta.dirname, path)).href]

export interface ProgramOptions {
  args: string[]
  env?: NodeJS.ProcessEnv
  /** Replaces the branch server by the small one of the tests, which crashes on demand. */
  testServer?: boolean
}

/** A program of ours in a process of its own: what it prints, how it ends. */
export class Program {
  readonly child: ChildProcess
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  output = ''
  #waiters: { pattern: RegExp; resolve(match: RegExpExecArray): void; reject(error: Error): void }[] = []

  constructor(script: string, options: ProgramOptions, hooks: string[] = [], ipc = false) {
    const testServer = options.testServer === false ? [] : hook('test-server/hook.ts')
    this.child = spawn(process.execPath, [...hooks, ...testServer, join(root, script), ...options.args], {
      cwd: root,
      env: { ...cleanEnvironment(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe', ...(ipc ? (['ipc'] as const) : [])],
    })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8')
      stream?.on('data', (text: string) => this.#handleOutput(text))
    }
    this.exited = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        for (const waiter of this.#waiters.splice(0)) {
          waiter.reject(new Error(`ended with ${code ?? signal} before ${waiter.pattern}:\n${this.output}`))
        }
        resolve({ code, signal })
      })
    })
  }

  /** Resolves when the output matches, with what matched. */
  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    const match = pattern.exec(this.output)
    if (match) return match
    return new Promise((resolve, reject) => this.#waiters.push({ pattern, resolve, reject }))
  }

  /** The address for this machine, once the server listens. */
  async waitForUrl(): Promise<string> {
    return (await this.waitFor(/Console: (http:\/\/\S+)\/console\//))[1] ?? ''
  }

  /** Ends it whatever it does; for the end of a test. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL')
    await this.exited
  }

  #handleOutput(text: string): void {
    this.output += text
    this.#waiters = this.#waiters.filter((waiter) => {
      const match = waiter.pattern.exec(this.output)
      if (match) waiter.resolve(match)
      return !match
    })
  }
}

export function startHeadless(options: ProgramOptions): Program {
  return new Program('src-main/headless.ts', options)
}

/** main.ts itself with the stand-in for Electron; a person's and a page's actions go over the control channel. */
export class Desktop extends Program {
  #nextId = 1
  readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()

  constructor(options: ProgramOptions) {
    super('src-main/main.ts', options, hook('stand-in/hook.ts'), true)
    this.child.on('message', (reply: { id: number; value?: unknown; error?: string }) => {
      const pending = this.#pending.get(reply.id)
      this.#pending.delete(reply.id)
      if (reply.error === undefined) pending?.resolve(reply.value)
      else pending?.reject(new Error(reply.error))
    })
  }

  control<C extends keyof Controls>(control: C, ...args: Controls[C]['args']): Promise<Controls[C]['result']> {
    const request: ControlRequest = { id: this.#nextId++, control, args }
    return new Promise((resolve, reject) => {
      this.#pending.set(request.id, { resolve: (value) => resolve(value as Controls[C]['result']), reject })
      this.child.send(request)
    })
  }
}

/** Without what the test's own process was given. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith('MISHKAH_') && !name.startsWith('VITEST') && name !== 'NODE_OPTIONS',
    ),
  )
}
