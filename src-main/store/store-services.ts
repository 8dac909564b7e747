import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AppError } from '../../src-shared/errors.ts'
import { businessDay, parseDayStart } from '../lib/branch-time.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ArchiveService, Backups, SnapshotFiles, Tasks } from './api.ts'
import { ModuleArchives } from './archive/module-archives.ts'
import { BranchBackups } from './backup/branch-backups.ts'
import type { RuleEntry } from './backup/plan-sequences.ts'
import { finishInterruptedRestore } from './backup/swap-folders.ts'
import type { ModuleContext } from './branch-context.ts'
import type { OpenBranch, Reseed } from './branch-store.ts'
import type { ConfigFiles } from './config-files.ts'
import { FileThread } from './file-work/file-thread.ts'
import { DayScheduler } from './scheduler.ts'
import { RuleBook } from './sequences/rules.ts'
import type { HighWaterMarks } from './sequences/sequence-book.ts'
import { SequenceMarks } from './sequences/sequence-marks.ts'
import { ModuleSnapshotFiles } from './snapshots/snapshot-files.ts'
import { SystemDatabase } from './sqlite/system-database.ts'
import { TaskList } from './tasks/task-list.ts'

export interface ServiceHost {
  dataDir: string
  /** The product's version, for the manifest of backups. */
  version: string
  files: ConfigFiles
  clock: Clock
  log: Log
  branches(): ReadonlyMap<string, OpenBranch>
  /** Of all branches, damaged and closed ones too. */
  branchIds(): string[]
  /** Refuses further writes with `reason`, finishes the accepted ones and closes the branch's files. */
  closeBranch(branchId: string, reason: AppError): Promise<void>
  reopenBranch(branchId: string): Promise<void>
}

/** The services of the whole store that live beside the branches. */
export interface StoreServices {
  readonly backups: Backups
  readonly tasks: Tasks
  readonly system: SystemDatabase
  /** Finishes what a crash interrupted in a branch's folder, makes the folder, and returns it. */
  prepareBranchFolder(branchId: string): string
  marksOf(branchId: string): HighWaterMarks
  /** Moves a database's WAL into its file on another thread. */
  checkpointBeside(path: string): Promise<unknown>
  ofModule(context: ModuleContext, reseed: Reseed): { archives: ArchiveService; snapshots: SnapshotFiles }
  /** Starts what a branch does by the clock, and catches up on what a night switched off left undone. */
  watch(branch: OpenBranch): Promise<void>
  unwatch(branchId: string): Promise<void>
  stop(): Promise<void>
  close(): Promise<void>
}

/** In a bundle the code of threads for files lies beside the server's own file. */
const BUNDLED_THREAD = import.meta.url.endsWith('.ts') ? undefined : new URL('./file-thread.js', import.meta.url)

/** Long work gets this long to end when the store closes; the next start calls it interrupted otherwise. */
const TASK_GRACE_MS = 1000

export function openServices(host: ServiceHost): StoreServices {
  const { dataDir, files, clock, log } = host
  const database = SystemDatabase.open(join(dataDir, 'system.db'))
  const tasks = new TaskList({ database, clock, log })
  const checkpoints = new FileThread(BUNDLED_THREAD)
  const schedulers = new Map<string, DayScheduler>()
  const backups = new BranchBackups({
    dataDir,
    database,
    clock,
    log,
    version: host.version,
    ...(BUNDLED_THREAD && { threadUrl: BUNDLED_THREAD }),
    branches: {
      branchIds: () => host.branchIds(),
      closeBranch: (branchId, reason) => host.closeBranch(branchId, reason),
      reopenBranch: (branchId) => host.reopenBranch(branchId),
      today: (branchId) => businessDayOf(host, branchId),
      sequenceRules: (branchId) => rulesOf(host, branchId),
    },
  })
  return {
    backups,
    tasks,
    system: database,
    prepareBranchFolder(branchId) {
      const folder = files.branchFolder(branchId)
      mkdirSync(folder, { recursive: true })
      finishInterruptedRestore(folder)
      return folder
    },
    checkpointBeside: (path) => checkpoints.run('checkpoint', { path }),
    marksOf: (branchId) => new SequenceMarks(database, branchId),
    ofModule(context, reseed) {
      const snapshots = new ModuleSnapshotFiles(context)
      return { archives: new ModuleArchives(context, snapshots, { reseed }), snapshots }
    },
    async watch(branch) {
      const archives = (moduleId: string): ModuleArchives => branch.getModule(moduleId).archives as ModuleArchives
      const scheduler = new DayScheduler({
        branch: branch.context,
        isDailyResetOn: () => files.readBranches().get(branch.branchId)?.dailyReset ?? false,
        resetModule: (moduleId, input) => archives(moduleId).reset(input),
      })
      schedulers.set(branch.branchId, scheduler)
      await scheduler.start()
    },
    async unwatch(branchId) {
      await schedulers.get(branchId)?.stop()
      schedulers.delete(branchId)
    },
    async stop() {
      const grace = new Promise<void>((resolve) => setTimeout(resolve, TASK_GRACE_MS).unref())
      await Promise.race([tasks.close(), grace])
      await Promise.race([backups.close(), grace])
    },
    async close() {
      await checkpoints.close()
      database.close()
    },
  }
}

/** Asked while the branch is closed for a restore: from its configuration, not from its database. */
function businessDayOf(host: ServiceHost, branchId: string): string {
  const config = host.files.readBranches().get(branchId)
  return businessDay(host.clock.now(), config?.timeZone ?? 'UTC', parseDayStart(config?.dayStart ?? '') ?? 0)
}

function rulesOf(host: ServiceHost, branchId: string): RuleEntry[] {
  const book = new RuleBook(host.files.readSequenceRules(), branchId)
  const modules = host.files.readBranches().get(branchId)?.modules ?? []
  return modules.flatMap((module) => book.list(module).map((entry) => ({ module, ...entry })))
}
