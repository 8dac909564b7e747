import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../src-shared/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ArchiveService, Backups, SnapshotFiles, Tasks } from './api.ts'
import { ModuleArchives } from './archive/module-archives.ts'
import type { ModuleContext } from './branch-context.ts'
import type { OpenBranch, Reseed } from './branch-store.ts'
import type { ConfigFiles } from './config-files.ts'
import type { HighWaterMarks } from './sequences/sequence-book.ts'
import { SequenceMarks } from './sequences/sequence-marks.ts'
import { ModuleSnapshotFiles } from './snapshots/snapshot-files.ts'
import { SystemDatabase } from './sqlite/system-database.ts'
import { TaskList } from './tasks/task-list.ts'

export interface ServiceHost {
  dataDir: string
  files: ConfigFiles
  clock: Clock
  log: Log
  branches(): ReadonlyMap<string, OpenBranch>
  /** Refuses further writes with `reason`, finishes the accepted ones and closes the branch's files. */
  closeBranch(branchId: string, reason: AppError): Promise<void>
  reopenBranch(branchId: string): Promise<void>
}

/** The services of the whole store that live beside the branches. */
export interface StoreServices {
  readonly backups: Backups
  readonly tasks: Tasks
  /** Finishes what a crash interrupted in a branch's folder, makes the folder, and returns it. */
  prepareBranchFolder(branchId: string): string
  marksOf(branchId: string): HighWaterMarks
  ofModule(context: ModuleContext, reseed: Reseed): { archives: ArchiveService; snapshots: SnapshotFiles }
  /** After every branch is open: schedules. */
  start(): Promise<void>
  stop(): Promise<void>
  close(): void
}

/** Long work gets this long to end when the store closes; the next start calls it interrupted otherwise. */
const TASK_GRACE_MS = 1000

export function openServices(host: ServiceHost): StoreServices {
  const { dataDir, files, clock, log } = host
  const database = SystemDatabase.open(join(dataDir, 'system.db'))
  const tasks = new TaskList({ database, clock, log })
  return {
    get backups(): Backups {
      throw new AppError('not-implemented', 'Backups are not wired yet.')
    },
    tasks,
    prepareBranchFolder(branchId) {
      const folder = files.branchFolder(branchId)
      mkdirSync(folder, { recursive: true })
      return folder
    },
    marksOf: (branchId) => new SequenceMarks(database, branchId),
    ofModule(context, reseed) {
      const snapshots = new ModuleSnapshotFiles(context)
      return { archives: new ModuleArchives(context, snapshots, { reseed }), snapshots }
    },
    start: async () => undefined,
    async stop() {
      const grace = new Promise<void>((resolve) => setTimeout(resolve, TASK_GRACE_MS).unref())
      await Promise.race([tasks.close(), grace])
    },
    close: () => database.close(),
  }
}
