import { AppError, type ErrorBody, isAppError, toErrorBody } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { Task, TaskKind } from '../../../src-shared/protocol/management.ts'
import { type Clock, isoTime } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import type { Progress, Tasks } from '../api.ts'
import type { SystemDatabase } from '../sqlite/system-database.ts'

/** Finished tasks that are kept. */
const KEPT = 200
/** Progress is written to the disk at most this often; readers see every step at once. */
const SAVE_EVERY_MS = 1000

const BYTE_STEPS = new Set(['copying', 'hashing', 'staging'])
const COUNTED_STEPS = new Set(['branches', 'swapping'])

/**
 * Long work of the server. A task is recorded before it begins and its result stays until it is pushed out by newer
 * ones; after a restart, tasks that were running are `interrupted`: whether their work was done is for the log to say.
 */
export class TaskList implements Tasks {
  readonly #database: SystemDatabase
  readonly #clock: Clock
  readonly #log: Log
  readonly #running = new Map<string, { task: Task; savedAt: number }>()
  /** Finished tasks whose end the disk refused to take. */
  readonly #unsaved = new Map<string, Task>()
  readonly #work = new Set<Promise<void>>()
  #isClosed = false

  constructor(options: { database: SystemDatabase; clock: Clock; log: Log }) {
    this.#database = options.database
    this.#clock = options.clock
    this.#log = options.log
    this.#interruptLeftOver()
  }

  /** Newest first. */
  list(): Task[] {
    return this.#database.listTasks().map((text) => {
      const stored = JSON.parse(text) as Task
      return this.#running.get(stored.taskId)?.task ?? this.#unsaved.get(stored.taskId) ?? stored
    })
  }

  get(taskId: string): Task {
    const known = this.#running.get(taskId)?.task ?? this.#unsaved.get(taskId)
    if (known) return known
    const text = this.#database.findTask(taskId)
    if (text !== undefined) return JSON.parse(text) as Task
    throw new AppError('task-not-found', 'There is no such task.', { details: { taskId: taskId.slice(0, 64) } })
  }

  /** @throws AppError `task-running` while a task of the same kind runs. */
  start<Result extends object>(
    kind: TaskKind,
    branchId: string | null,
    work: (progress: Progress) => Promise<Result>,
  ): Task {
    if (this.#isClosed) throw new AppError('stopping', 'The server is stopping.')
    for (const { task } of this.#running.values()) {
      if (task.kind !== kind) continue
      throw new AppError('task-running', 'Work of this kind is already running.', {
        details: { taskId: task.taskId, kind },
      })
    }
    const now = this.#clock.now()
    const task: Task = {
      taskId: `task-${uuid7(now)}`,
      kind,
      state: 'running',
      branchId,
      startedAt: isoTime(now),
      finishedAt: null,
      step: 'starting',
      progress: null,
      result: null,
      error: null,
    }
    this.#database.saveTask(task.taskId, task.startedAt, task.state, JSON.stringify(task))
    this.#database.pruneTasks(KEPT)
    this.#running.set(task.taskId, { task, savedAt: now })
    const done = this.#run(task.taskId, work).finally(() => this.#work.delete(done))
    this.#work.add(done)
    return task
  }

  /** Resolves once everything that runs has ended. */
  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.all(this.#work)
  }

  /** Starts nothing more and waits for what runs. May be called twice. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.settled()
  }

  async #run<Result extends object>(taskId: string, work: (progress: Progress) => Promise<Result>): Promise<void> {
    // The caller gets the recorded task before its work begins.
    await Promise.resolve()
    try {
      const result = await work((step, done, total) => this.#note(taskId, step, done, total))
      this.#finish(taskId, { state: 'done', result: result as JsonObject, error: null })
    } catch (error) {
      if (!isAppError(error)) this.#log.error('task-failed', { taskId, error })
      this.#finish(taskId, { state: 'failed', result: null, error: toErrorBody(error) })
    }
  }

  #note(taskId: string, step: string, done?: number, total?: number): void {
    const running = this.#running.get(taskId)
    if (!running) return
    const progress = done === undefined || total === undefined ? null : { done, total, unit: unitOf(step) }
    running.task = { ...running.task, step, progress }
    const now = this.#clock.now()
    if (Math.abs(now - running.savedAt) < SAVE_EVERY_MS) return
    running.savedAt = now
    this.#save(running.task)
  }

  #finish(taskId: string, end: { state: Task['state']; result: JsonObject | null; error: ErrorBody | null }): void {
    const { task } = this.#running.get(taskId)!
    const finished: Task = { ...task, ...end, finishedAt: isoTime(this.#clock.now()) }
    this.#running.delete(taskId)
    if (!this.#save(finished)) this.#unsaved.set(taskId, finished)
  }

  /** False when the disk refused. */
  #save(task: Task): boolean {
    try {
      this.#database.saveTask(task.taskId, task.startedAt, task.state, JSON.stringify(task))
      return true
    } catch (error) {
      // A full disk must not turn finished work into failed work; the next start will call it interrupted.
      this.#log.error('task-not-saved', { taskId: task.taskId, error })
      return false
    }
  }

  #interruptLeftOver(): void {
    for (const text of this.#database.listRunningTasks()) {
      const task = JSON.parse(text) as Task
      this.#save({ ...task, state: 'interrupted', finishedAt: isoTime(this.#clock.now()) })
      this.#log.warn('task-interrupted', { taskId: task.taskId, kind: task.kind, step: task.step })
    }
  }
}

function unitOf(step: string): NonNullable<Task['progress']>['unit'] {
  if (BYTE_STEPS.has(step)) return 'bytes'
  return COUNTED_STEPS.has(step) ? 'steps' : 'records'
}
