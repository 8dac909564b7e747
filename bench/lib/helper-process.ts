import { type ChildProcess, fork } from 'node:child_process'
import { resolve } from 'node:path'

const ANSWER_MS = 240_000

type Reply = { id: number; result?: unknown; error?: string }

/** A script of bench/ in a process of its own, asked by name; see `serveHelper`. */
export class HelperProcess<Methods extends HelperMethods> {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #asked = 0

  /** @param script - Relative to bench/. */
  constructor(script: string, execArgv: string[] = []) {
    this.#child = fork(resolve(import.meta.dirname, '..', script), {
      execArgv,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child.on('message', (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id)
      this.#waiting.delete(reply.id)
      if (reply.error === undefined) waiting?.resolve(reply.result)
      else waiting?.reject(new Error(reply.error))
    })
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${script} ended (${signal ?? code})`))
    })
  }

  /** @throws Error of the helper, or after four minutes. */
  async ask<Name extends keyof Methods & string>(
    method: Name,
    input: Parameters<Methods[Name]>[0],
  ): Promise<Awaited<ReturnType<Methods[Name]>>> {
    const id = ++this.#asked
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answer)
    const deadline = setTimeout(() => answer.reject(new Error(`no answer to ${method}`)), ANSWER_MS)
    try {
      this.#child.send({ id, method, input })
      return (await answer.promise) as Awaited<ReturnType<Methods[Name]>>
    } finally {
      clearTimeout(deadline)
      this.#waiting.delete(id)
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((done) => this.#child.once('exit', done))
    this.#child.kill('SIGKILL')
    await ended
  }
}

export type HelperMethods = Record<string, (input: never) => unknown>

/** The helper's side: answers `ask` with what the method of that name returns. */
export function serveHelper(methods: HelperMethods): void {
  process.on('message', async ({ id, method, input }: { id: number; method: string; input: never }) => {
    try {
      process.send!({ id, result: await methods[method]!(input) })
    } catch (error) {
      process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    }
  })
  process.on('disconnect', () => process.exit(0))
}
