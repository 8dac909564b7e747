import { mkdirSync } from 'node:fs'
import { AppError } from '../../src-shared/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ArchiveService, Backups, SnapshotFiles, Tasks } from './api.ts'
import type { ModuleContext } from './branch-context.ts'
import type { OpenBranch, Reseed } from './branch-store.ts'
import type { ConfigFiles } from './config-files.ts'
import type { HighWaterMarks } from './sequences/sequence-book.ts'

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

export function openServices(host: ServiceHost): StoreServices {
  const missing = (): never => {
    throw new AppError('not-implemented', 'This service is not wired yet.')
  }
  return {
    get backups(): Backups {
      return missing()
    },
    get tasks(): Tasks {
      return missing()
    },
    prepareBranchFolder(branchId) {
      const folder = host.files.branchFolder(branchId)
      mkdirSync(folder, { recursive: true })
      return folder
    },
    marksOf: () => ({ raise: () => undefined }),
    ofModule: () => ({ archives: {} as ArchiveService, snapshots: {} as SnapshotFiles }),
    start: async () => undefined,
    stop: async () => undefined,
    close: () => undefined,
  }
}
