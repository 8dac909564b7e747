import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { LoadCommand, LoadReply } from './load/mixed-load.ts'

const ENTRY = join(import.meta.dirname, 'load', 'mixed-load.ts')
const ANSWER_MS = 60_000

/** The process that loads the server and keeps the journal. */
export class LoadProcess {
  readonly #child: ChildProcess
  acknowledged = 0
  problems: string[] = []

  constructor() {
    this.#child = fork(ENTRY, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  }

  /** @throws Error when the process reports a failure, ends, or does not answer within a minute. */
  async ask(command: LoadCommand): Promise<void> {
    const reply = Promise.withResolvers<LoadReply>()
    const handleExit = (): void => reply.reject(new Error('the load process ended'))
    this.#child.once('message', reply.resolve as (message: unknown) => void)
    this.#child.once('exit', handleExit)
    const deadline = setTimeout(() => reply.reject(new Error(`no answer to ${command.type}`)), ANSWER_MS)
    try {
      this.#child.send(command)
      const answer = await reply.promise
      if (answer.type === 'failed') throw new Error(answer.message)
      this.acknowledged = answer.acknowledged
      this.problems = answer.problems
    } finally {
      clearTimeout(deadline)
      this.#child.off('exit', handleExit)
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
