import { DAY_MS } from '../../src-shared/durations.ts'
import { isAppError } from '../../src-shared/errors.ts'
import { addDays, businessDayStart } from '../lib/branch-time.ts'
import { isoTime } from '../lib/clock.ts'
import { nextTurn } from './archive/durable-file.ts'
import type { ResetInput } from './archive/module-archives.ts'
import type { BranchContext, ModuleContext } from './branch-context.ts'
import { trimIdempotency } from './sqlite/house-keeping.ts'
import { BranchMeta } from './sqlite/module-rows.ts'
import { dailyResetKey } from './sqlite/restore-stage.ts'

export interface Timers {
  /** Calls `work` once after `ms`; the returned function calls it off. */
  after(ms: number, work: () => void): () => void
}

export const systemTimers: Timers = {
  after(ms, work) {
    const timer = setTimeout(work, ms).unref()
    return () => clearTimeout(timer)
  },
}

export interface SchedulerOptions {
  branch: BranchContext
  /** Whether the branch's configuration asks for a daily reset. Asked each time. */
  isDailyResetOn(): boolean
  resetModule(moduleId: string, input: ResetInput): Promise<unknown>
  /** The first event that somebody still has to read (head office); nothing from there on is trimmed. */
  neededFrom?(moduleId: string): number | undefined
  timers?: Timers
  /** Events that are kept whatever their age. */
  keptEvents?: number
}

/** The clock of the machine may be set at any moment: looked at again at least this often. */
const LOOK_AGAIN_MS = 15 * 60_000
const KEPT_EVENTS = 1_000_000
const KEPT_MS = 7 * DAY_MS
const BATCH = 500

/**
 * The days of one branch. At the start of each business day, or at the next start of the server, once:
 *
 * 1. the day's mirror moves to history/events/{date}.log,
 * 2. transaction tables are reset, where the configuration asks for it,
 * 3. old events and old answers to requests are forgotten in small batches.
 *
 * What was done is remembered in the database in the transaction that does it, so a day is never done twice, however
 * the clock jumps. A clock that was far ahead and is set right again starts no day of its own.
 */
export class DayScheduler {
  readonly #options: SchedulerOptions
  readonly #timers: Timers
  readonly #meta: BranchMeta
  #callOff: (() => void) | undefined
  #running: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    this.#meta = new BranchMeta(options.branch.connection)
  }

  /** Catches up on what a night switched off left undone, and waits for the next day. */
  async start(): Promise<void> {
    await this.#tick()
  }

  /** Resolves once nothing runs any more. May be called twice. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#callOff?.()
    await this.#running
  }

  async #tick(): Promise<void> {
    this.#running = this.#runDay()
    await this.#running
    if (this.#isStopped) return
    this.#callOff = this.#timers.after(this.#delayMs(), () => void this.#tick())
  }

  #delayMs(): number {
    const { clock, timeZone, dayStartMinutes, today } = this.#options.branch
    const next = businessDayStart(addDays(today(), 1), timeZone, dayStartMinutes)
    return Math.max(1000, Math.min(next - clock.now(), LOOK_AGAIN_MS))
  }

  async #runDay(): Promise<void> {
    const { branch } = this.#options
    const today = branch.today()
    for (const module of branch.modules.values()) {
      const { moduleId } = module.state
      const steps: [string, () => Promise<void>][] = [
        ['rotate', () => this.#rotate(module, today)],
        ['daily-reset', () => this.#resetDaily(moduleId, today)],
        ['trim-events', () => this.#trimEvents(module)],
      ]
      for (const [step, work] of steps) await this.#attempt(step, moduleId, work)
    }
    await this.#attempt('trim-answers', null, () => this.#trimAnswers())
  }

  /** One step that fails keeps no other from its turn; it is tried again at the next look. */
  async #attempt(step: string, moduleId: string | null, work: () => Promise<void>): Promise<void> {
    if (this.#isStopped) return
    try {
      await work()
    } catch (error) {
      this.#options.branch.log.error('day-step-failed', { step, moduleId, error })
    }
  }

  /**
   * The new day is saved first, then the file moves. The move begins right after COMMIT, before any event of the new
   * day reaches the mirror; a crash between the two is mended by `completeRotation`.
   */
  #rotate(module: ModuleContext, today: string): Promise<void> {
    const { state, branch, mirror } = module
    const day = state.row.liveDay
    // One day back is a clock set right at midnight; more is a clock that was wrong for a while.
    if (day === today || (today < day && today >= addDays(day, -1))) return Promise.resolve()
    const isNewDay = today > day
    return new Promise((resolve, reject) =>
      branch.queue.submit({
        run: () => {
          if (isNewDay) state.row.liveFrom = (state.staged ?? state.head).seq + 1
          state.row.liveDay = today
          branch.saveModuleRow(state)
        },
        committed: () => {
          if (isNewDay) mirror.rotate(day).then(() => resolve(), reject)
          else resolve()
        },
        failed: reject,
      }),
    )
  }

  async #resetDaily(moduleId: string, today: string): Promise<void> {
    const { branch, resetModule, isDailyResetOn } = this.#options
    const key = dailyResetKey(moduleId)
    const last = this.#meta.get(key)
    const markDone = (): void => this.#meta.set(key, today)
    if (last === today || (last !== undefined && last > today && last <= addDays(today, 1))) return
    if (last === undefined || last > today || !isDailyResetOn()) {
      await branch.queue.run(markDone)
      return
    }
    try {
      await resetModule(moduleId, {
        scope: 'transactions',
        reason: 'daily-reset',
        requestedBy: 'scheduler',
        onApplied: markDone,
      })
    } catch (error) {
      // Not tried again on this day: later in the day it would take the day's own orders away.
      const level = isAppError(error) ? 'warn' : 'error'
      branch.log[level]('daily-reset-skipped', { moduleId, day: today, error })
      await branch.queue.run(markDone)
    }
  }

  /** Kept: seven days or a million events, whichever is more, and whatever head office still needs. */
  async #trimEvents({ state, branch }: ModuleContext): Promise<void> {
    const { keptEvents = KEPT_EVENTS, neededFrom } = this.#options
    const { events, row } = state
    const excess = state.head.seq - keptEvents
    if (excess <= row.trimmedSeq) return
    const cutoff = isoTime(branch.clock.now() - KEPT_MS)
    const isOld = (events.findBySeq(excess)?.at ?? cutoff) < cutoff
    const needed = neededFrom?.(state.moduleId) ?? Number.MAX_SAFE_INTEGER
    const target = Math.min(isOld ? excess : events.lastSeqBefore(cutoff, row.trimmedSeq, excess), needed - 1)
    while (row.trimmedSeq < target && !this.#isStopped) {
      await branch.queue.run(() => {
        const next = Math.min(row.trimmedSeq + BATCH, target)
        row.trimmedHash = events.findBySeq(next)!.hash
        row.trimmedSeq = next
        events.trim(next)
        branch.saveModuleRow(state)
      })
      await nextTurn()
    }
  }

  async #trimAnswers(): Promise<void> {
    const { branch } = this.#options
    const before = branch.clock.now() - KEPT_MS
    while (!this.#isStopped) {
      const forgotten = await branch.queue.run(() => trimIdempotency(branch.connection, before, BATCH))
      if (forgotten < BATCH) return
      await nextTurn()
    }
  }
}
