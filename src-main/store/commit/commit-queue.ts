import { AppError, isAppError } from '../../../src-shared/errors.ts'
import type { Statement } from '../sqlite/connection.ts'
import { type SqliteConnection, toAppError } from '../sqlite/connection.ts'

/** One unit of work inside a group commit. */
export interface Job<Result> {
  /** Runs inside the transaction. Synchronous; may throw to be rolled back alone. */
  run(): Result
  /** `run` changes the database and staged values only, so that it may be rolled back and run once more. */
  isRepeatable?: boolean
  /** After COMMIT, before any job of the group is answered: brings what is kept in memory up to what is stored. */
  applied?(result: Result): void
  /** After COMMIT, in order, before the next job's. */
  committed(result: Result): void
  failed(error: unknown): void
}

/** What a job may change in memory before COMMIT: copied at the savepoint, put back when the job fails. */
export interface Staged {
  mark(): () => void
  /** Rows of the log may wait for each other from here on. */
  hold(): void
  /** Writes what waits; before COMMIT. */
  settle(): void
  /** Makes staged values current. */
  install(): void
  /** Forgets everything staged. */
  discard(): void
}

export interface CommitFigures {
  writes: number
  seconds: number
}

export interface CommitListeners {
  onCommit(figures: CommitFigures): void
  /** A listener of a committed job threw; the write itself stands. */
  onFault(error: unknown): void
}

/** Jobs of one commit; the rest waits for the next turn, so that reads and sockets get theirs. */
const MAX_GROUP = 256
/** Groups that get savepoints at once, after a group in which a job was refused. */
const CAREFUL_GROUPS = 8

/**
 * Group commit. Jobs that arrive in the same turn of the event loop, from any socket or request, share one transaction
 * and one sync of the disk; one refused write does not disturb its neighbours.
 *
 *   socket A ─ job 1 ─┐
 *   socket B ─ job 2 ─┼─ BEGIN IMMEDIATE ─ [savepoint 1] [savepoint 2: refused] [savepoint 3] ─ COMMIT (fsync)
 *   request  ─ job 3 ─┘                                                                          │
 *             ack 1, events of 1  ◄── error 2 ◄── answer 3, events of 3  ◄───────────────────────┘
 *
 * A savepoint makes SQLite copy each page that a job touches, which costs as much as the rows themselves, and a refusal
 * is rare. So a group whose jobs can all be repeated runs without savepoints first; when one is refused, the transaction
 * is rolled back and the whole group runs again, each job in its savepoint.
 *
 * Nothing leaves before COMMIT. Disk full and I/O errors roll the *whole* transaction back inside SQLite; then, and
 * after a failed COMMIT, every job of the group is refused with the code of the failure, and nothing derived from them
 * was kept in memory. A further savepoint would silently open a transaction of its own, hence the checks of
 * `inTransaction`. Source: https://sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction"
 */
export class CommitQueue {
  readonly #connection: SqliteConnection
  readonly #staged: Staged
  readonly #begin: Statement
  readonly #commit: Statement
  readonly #savepoint: Statement
  readonly #release: Statement
  readonly #rollbackTo: Statement
  readonly #listeners: CommitListeners
  #jobs: Job<unknown>[] = []
  #isScheduled = false
  #refusal: AppError | undefined
  #waiters: (() => void)[] = []
  #carefulGroups = 0

  constructor(connection: SqliteConnection, staged: Staged, listeners: CommitListeners) {
    this.#connection = connection
    this.#staged = staged
    this.#listeners = listeners
    this.#begin = connection.prepare('BEGIN IMMEDIATE')
    this.#commit = connection.prepare('COMMIT')
    this.#savepoint = connection.prepare('SAVEPOINT job')
    this.#release = connection.prepare('RELEASE job')
    this.#rollbackTo = connection.prepare('ROLLBACK TO job')
  }

  get depth(): number {
    return this.#jobs.length
  }

  /** Why writes are refused, if they are: a damaged file, a restore, the end of the process. */
  get refusal(): AppError | undefined {
    return this.#refusal
  }

  submit<Result>(job: Job<Result>): void {
    if (this.#refusal) {
      job.failed(this.#refusal)
      return
    }
    this.#jobs.push(job as Job<unknown>)
    this.#schedule()
  }

  /** The same as a promise, for callers that need no order between their answer and the events. `work` may run twice. */
  run<Result>(work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) =>
      this.submit({ run: work, committed: resolve, failed: reject, isRepeatable: true }),
    )
  }

  /** Refuses new jobs with `error` and resolves once the accepted ones are answered. */
  async stop(error: AppError): Promise<void> {
    // The first reason stays: a damaged file is not forgotten because the server stops.
    this.#refusal ??= error
    if (this.#jobs.length === 0) return
    await new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  resume(): void {
    this.#refusal = undefined
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const group = this.#jobs.length > MAX_GROUP ? this.#jobs.splice(0, MAX_GROUP) : this.#jobs
    if (group === this.#jobs) this.#jobs = []
    const startedAt = performance.now()
    const outcomes = this.#runGroup(group)
    this.#listeners.onCommit({ writes: group.length, seconds: (performance.now() - startedAt) / 1000 })
    for (let index = 0; index < group.length; index++) this.#apply(group[index]!, outcomes[index]!)
    for (let index = 0; index < group.length; index++) this.#answer(group[index]!, outcomes[index]!)
    if (this.#jobs.length > 0) this.#schedule()
    else for (const resolve of this.#waiters.splice(0)) resolve()
  }

  /** Whoever is answered first may read what the last job of the group wrote. */
  #apply(job: Job<unknown>, outcome: Outcome): void {
    try {
      if ('result' in outcome) job.applied?.(outcome.result)
    } catch (error) {
      this.#listeners.onFault(error)
    }
  }

  /** An answer that throws is a fault of its listener: it must not cost the other jobs theirs. */
  #answer(job: Job<unknown>, outcome: Outcome): void {
    try {
      if ('error' in outcome) job.failed(outcome.error)
      else job.committed(outcome.result)
    } catch (error) {
      this.#listeners.onFault(error)
    }
  }

  #runGroup(group: Job<unknown>[]): Outcome[] {
    if (this.#carefulGroups > 0) this.#carefulGroups--
    else if (group.every((job) => job.isRepeatable)) {
      const outcomes = this.#runWithoutSavepoints(group)
      if (outcomes) return outcomes
      this.#carefulGroups = CAREFUL_GROUPS
    }
    return this.#runWithSavepoints(group)
  }

  /** Undefined when a job was refused or the transaction failed: then nothing of it is left. */
  #runWithoutSavepoints(group: Job<unknown>[]): Outcome[] | undefined {
    try {
      this.#begin.run()
      this.#staged.mark()
      this.#staged.hold()
      const outcomes = group.map((job) => ({ result: job.run() }))
      this.#staged.settle()
      this.#commit.run()
      this.#staged.install()
      return outcomes
    } catch {
      // The second run meets the same error again and gives it to the job that it belongs to.
      if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK')
      this.#staged.discard()
      return undefined
    }
  }

  #runWithSavepoints(group: Job<unknown>[]): Outcome[] {
    const outcomes: Outcome[] = []
    try {
      this.#begin.run()
      for (const job of group) {
        outcomes.push(this.#runJob(job))
      }
      this.#commit.run()
      this.#staged.install()
      return outcomes
    } catch (error) {
      return this.#refuseGroup(group, outcomes, error)
    }
  }

  /** Throws only when the whole transaction is gone. */
  #runJob(job: Job<unknown>): Outcome {
    this.#savepoint.run()
    const restore = this.#staged.mark()
    try {
      const result = job.run()
      this.#release.run()
      return { result }
    } catch (error) {
      if (!this.#connection.inTransaction) throw error
      this.#rollbackTo.run()
      this.#release.run()
      restore()
      const known = toAppError(error)
      this.#stopWhenDamaged(known)
      return { error: known }
    }
  }

  #refuseGroup(group: Job<unknown>[], outcomes: Outcome[], cause: unknown): Outcome[] {
    if (this.#connection.inTransaction) this.#connection.exec('ROLLBACK')
    this.#staged.discard()
    const known = toAppError(cause)
    const error = isAppError(known)
      ? known
      : new AppError('store-failed', 'The database refused the write; nothing was stored.', { cause })
    this.#stopWhenDamaged(error)
    // A job that was refused for its own reason keeps its own error.
    return group.map((_, index) => {
      const outcome = outcomes[index]
      return outcome && 'error' in outcome ? outcome : { error }
    })
  }

  #stopWhenDamaged(error: unknown): void {
    if (isAppError(error) && error.code === 'store-corrupt') this.#refusal = error
  }
}

type Outcome = { result: unknown } | { error: unknown }
