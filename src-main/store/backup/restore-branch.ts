import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError, isAppError } from '../../../src-shared/errors.ts'
import type { RestoreProof } from '../../../src-shared/protocol/management.ts'
import { type Clock, isoTime } from '../../lib/clock.ts'
import { folderName } from '../../lib/folder-name.ts'
import type { Log } from '../../lib/log.ts'
import type { Progress } from '../api.ts'
import { syncFile, syncFolder } from '../archive/durable-file.ts'
import type { FileThread } from '../file-work/file-thread.ts'
import { toDiskError } from '../file-work/file-work.ts'
import { nextNumber } from '../sequences/rules.ts'
import { BranchInspector } from '../sqlite/branch-inspector.ts'
import { SqliteConnection } from '../sqlite/connection.ts'
import { prepareStage, raiseStage, type StageChange } from '../sqlite/restore-stage.ts'
import type { SystemDatabase } from '../sqlite/system-database.ts'
import { type BackupBranch, invalid } from './manifest.ts'
import { planSequences, type RuleEntry } from './plan-sequences.ts'
import {
  CrashPoint,
  newSwap,
  pruneReplaced,
  reverseSwap,
  type Swap,
  type SwapPoint,
  swapFolders,
  undoSwap,
} from './swap-folders.ts'
import { type BranchFigures, type ModuleFigures, readBranchFigures } from './verify-branch.ts'

/** How a restore takes a branch out of service and brings it back. The owner of the store implements it. */
export interface BranchSwitch {
  branchIds(): string[]
  /** Refuses further requests with `reason`, finishes the accepted writes and closes every file of the branch. */
  closeBranch(branchId: string, reason: AppError): Promise<void>
  /** Opens the branch again and tells every reader to read it anew. */
  reopenBranch(branchId: string): Promise<void>
  /** The branch's business day now, YYYY-MM-DD. */
  today(branchId: string): string
  /** Sequence rules of the branch's modules. */
  sequenceRules(branchId: string): RuleEntry[]
}

export type RestorePoint = SwapPoint | 'copied' | 'prepared' | 'verified' | 'closed' | 'numbers-raised' | 'reopened'

export interface RestoreParts {
  dataDir: string
  database: SystemDatabase
  branches: BranchSwitch
  fileThread: FileThread
  clock: Clock
  log: Log
  failAt?: (point: RestorePoint) => void
}

export interface BranchRestoreResult {
  proof: RestoreProof['branches'][number]
  sequences: RestoreProof['sequences']
  /** The folder with the database that was replaced. */
  replaced: string
}

interface LiveState {
  figures: BranchFigures
  counters: StageChange['counters']
}

/**
 * Restores one branch from a checked backup.
 *
 *   stage beside the live data ─ new epoch, numbers ─ full check        (the branch works on)
 *   close ─ numbers of its last moment ─ swap folders ─ compare ─ open  (writes answer `restoring`)
 *
 * Until the swap nothing of the live data is touched; after it the old data stays in `replaced-…`. Whatever fails brings
 * the old data back; a crash is finished by `finishInterruptedRestore`.
 */
export class BranchRestore {
  readonly #parts: RestoreParts
  readonly #branchId: string
  readonly #folder: string
  readonly #backup: { path: string; branch: BackupBranch }
  readonly #swap: Swap

  constructor(parts: RestoreParts, backup: { path: string; branch: BackupBranch }) {
    this.#parts = parts
    this.#backup = backup
    this.#branchId = backup.branch.branchId
    this.#folder = join(parts.dataDir, 'branches', folderName(this.#branchId))
    this.#swap = newSwap(this.#folder, isoTime(parts.clock.now()))
  }

  /** @throws AppError `backup-invalid`, `disk-full`; the live data is then what it was. */
  async run(onProgress: Progress): Promise<BranchRestoreResult> {
    const staged = await this.#tidied(() => this.#stage(onProgress))
    const { branches } = this.#parts
    onProgress('swapping')
    await this.#tidied(() => this.#close())
    let live: LiveState | undefined
    try {
      this.#reach('closed')
      live = this.#readLive()
      this.#raiseNumbers(live)
      this.#reach('numbers-raised')
      swapFolders(this.#folder, this.#swap, (point) => this.#reach(point))
    } catch (error) {
      if (error instanceof CrashPoint) throw error
      undoSwap(this.#folder, this.#swap)
      await branches.reopenBranch(this.#branchId)
      throw error
    }
    try {
      const after = this.#prove(staged)
      await branches.reopenBranch(this.#branchId)
      this.#reach('reopened')
      this.#proveReopened(after)
      pruneReplaced(this.#folder)
      return this.#result(live, after)
    } catch (error) {
      if (!(error instanceof CrashPoint)) await this.#goBack(error)
      throw error
    }
  }

  async #stage(onProgress: Progress): Promise<BranchFigures> {
    const { fileThread } = this.#parts
    const { path, branch } = this.#backup
    const folder = join(this.#folder, this.#swap.staged)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    onProgress('staging')
    await copyFile(join(path, branch.path), this.#stagedFile)
    chmodSync(this.#stagedFile, 0o600)
    syncFile(this.#stagedFile)
    this.#reach('copied')
    prepareStage(this.#stagedFile, this.#change(this.#readLive(), this.#newEpochs()))
    syncFile(this.#stagedFile)
    syncFolder(folder)
    syncFolder(this.#folder)
    this.#reach('prepared')
    const args = { path: this.#stagedFile, branchId: this.#branchId }
    const figures = await fileThread.run('verify-branch', args, (done, total) => onProgress('verifying', done, total))
    compareFigures(path, branch, figures)
    this.#reach('verified')
    return figures
  }

  /** Runs a step before the swap; a failure leaves no stage behind. */
  async #tidied<Result>(step: () => Promise<Result>): Promise<Result> {
    try {
      return await step()
    } catch (error) {
      if (!(error instanceof CrashPoint)) {
        rmSync(join(this.#folder, this.#swap.staged), { recursive: true, force: true, maxRetries: 3 })
      }
      throw toDiskError(error)
    }
  }

  async #close(): Promise<void> {
    const reason = new AppError('restoring', 'A backup is being restored; try again in a moment.')
    try {
      await this.#parts.branches.closeBranch(this.#branchId, reason)
    } catch (error) {
      if (isAppError(error) && error.code === 'task-running') throw error
      // A damaged database may not close cleanly; replacing it is the remedy.
      this.#parts.log.warn('close-before-restore-failed', { branchId: this.#branchId, error })
    }
  }

  /** Epochs above every one that was ever begun; remembered before the first of them can be seen. */
  #newEpochs(): Map<string, number> {
    const { database } = this.#parts
    const live = new Map(this.#readLive()?.figures.modules.map(({ moduleId, epoch }) => [moduleId, epoch]))
    return new Map(
      this.#backup.branch.modules.map(({ moduleId, epoch }) => {
        const next = Math.max(epoch, live.get(moduleId) ?? 0, database.epochMark(this.#branchId, moduleId)) + 1
        database.raiseEpoch(this.#branchId, moduleId, next)
        return [moduleId, next]
      }),
    )
  }

  #raiseNumbers(live: LiveState | undefined): void {
    const { database } = this.#parts
    const change = this.#change(live, new Map())
    for (const { module, tbl, field, period, last, isRaised } of change.sequences) {
      if (isRaised) database.raiseMark(this.#branchId, { module, tbl, field, period, value: last })
    }
    raiseStage(this.#stagedFile, change)
    syncFile(this.#stagedFile)
    syncFolder(join(this.#folder, this.#swap.staged))
  }

  #change(live: LiveState | undefined, epochs: Map<string, number>): StageChange {
    const { branches, clock, database } = this.#parts
    const { branch } = this.#backup
    const today = branches.today(this.#branchId)
    const sequences = planSequences({
      staged: branch.sequences,
      live: live?.figures.sequences,
      marks: database.listMarks(this.#branchId),
      backupMarks: branch.marks,
      descended: descendedModules(branch.modules, live?.figures.modules ?? []),
      rules: branches.sequenceRules(this.#branchId),
      today,
    })
    return { epochs, sequences, counters: live?.counters ?? [], today, at: isoTime(clock.now()) }
  }

  /** The running database on a connection of its own; undefined when it cannot be read. */
  #readLive(): LiveState | undefined {
    try {
      return readFile(this.#liveFile, (connection) => ({
        figures: readBranchFigures(connection),
        counters: new BranchInspector(connection).counters(),
      }))
    } catch (error) {
      this.#parts.log.warn('live-database-unreadable', { branchId: this.#branchId, error })
      return undefined
    }
  }

  /** The swapped database holds what was staged: counts, positions and hashes. */
  #prove(staged: BranchFigures): BranchFigures {
    const after = readFile(this.#liveFile, readBranchFigures)
    compareFigures(this.#backup.path, { ...this.#backup.branch, modules: staged.modules }, after)
    return after
  }

  /** Once clients are back the log may have grown, but the proven head must still be in it. */
  #proveReopened(after: BranchFigures): void {
    readFile(this.#liveFile, (connection) => {
      const inspector = new BranchInspector(connection)
      const running = new Map(inspector.modules().map((module) => [module.moduleId, module]))
      for (const { moduleId, seq, headHash, epoch } of after.modules) {
        const module = running.get(moduleId)
        if (!module || module.epoch !== epoch || module.baseSeq !== seq || module.baseHash !== headHash) {
          throw invalid(this.#backup.path, `the branch ${this.#branchId} did not open as it was restored`)
        }
      }
    })
  }

  /** The branch did not come back with the restored data: the old data takes its place again. */
  async #goBack(cause: unknown): Promise<void> {
    const { branches, clock, log } = this.#parts
    log.error('restore-taken-back', { branchId: this.#branchId, error: cause })
    await this.#close()
    swapFolders(this.#folder, reverseSwap(this.#folder, this.#swap, isoTime(clock.now())), () => undefined)
    await branches.reopenBranch(this.#branchId)
  }

  #result(live: LiveState | undefined, after: BranchFigures): BranchRestoreResult {
    const before = new Map(live?.figures.modules.map((module) => [module.moduleId, module]))
    const rules = this.#parts.branches.sequenceRules(this.#branchId)
    const today = this.#parts.branches.today(this.#branchId)
    return {
      replaced: this.#swap.replaced,
      proof: {
        branchId: this.#branchId,
        modules: after.modules.map(({ moduleId, epoch, seq, records, headHash }) => ({
          moduleId,
          before: {
            epoch: before.get(moduleId)?.epoch ?? 0,
            seq: before.get(moduleId)?.seq ?? 0,
            records: before.get(moduleId)?.records ?? 0,
          },
          after: { epoch, seq, records, headHash },
        })),
      },
      sequences: after.sequences
        .filter(({ period }) => period === today.slice(0, period.length))
        .map(({ module, tbl, field, last }) => {
          const entry = rules.find((rule) => rule.module === module && rule.table === tbl && rule.field === field)
          const next = nextNumber(entry?.rule ?? {}, last)
          return { branchId: this.#branchId, moduleId: module, table: tbl, field, next }
        }),
    }
  }

  get #liveFile(): string {
    return join(this.#folder, 'sqlite', 'branch.db')
  }

  get #stagedFile(): string {
    return join(this.#folder, this.#swap.staged, 'branch.db')
  }

  #reach(point: RestorePoint): void {
    this.#parts.failAt?.(point)
  }
}

function readFile<Result>(path: string, read: (connection: SqliteConnection) => Result): Result {
  const connection = SqliteConnection.open(path, { readonly: true })
  try {
    return read(connection)
  } finally {
    connection.close()
  }
}

/** Modules whose running log is a later state of the backup's: the same installation, and at least as far. */
function descendedModules(backup: readonly ModuleFigures[], live: readonly ModuleFigures[]): Set<string> {
  const running = new Map(live.map((module) => [module.moduleId, module]))
  const descended = backup.filter(({ moduleId, createdAt, epoch, seq }) => {
    const module = running.get(moduleId)
    if (!module || module.createdAt !== createdAt) return false
    return module.epoch > epoch || (module.epoch === epoch && module.seq >= seq)
  })
  return new Set(descended.map(({ moduleId }) => moduleId))
}

/** @throws AppError `backup-invalid` unless both hold the same records up to the same event. */
function compareFigures(path: string, expected: BackupBranch, found: BranchFigures): void {
  const text = (modules: readonly ModuleFigures[]): string =>
    JSON.stringify(modules.map(({ moduleId, seq, headHash, tables }) => [moduleId, seq, headHash, tables]))
  if (text(expected.modules) === text(found.modules)) return
  throw invalid(path, `the data of branch ${expected.branchId} is not what its manifest says`)
}

export function isDamage(error: unknown): boolean {
  return isAppError(error) && (error.code === 'store-corrupt' || error.code === 'chain-broken')
}
