import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { CommitQueue } from './commit/commit-queue.ts'
import type { StoredMeta } from './events/event-line.ts'
import type { EventMirror } from './events/event-mirror.ts'
import type { AppendedEvent } from './events/event-writer.ts'
import type { ModuleState } from './module-state.ts'
import type { SequenceBook, SequenceContext } from './sequences/sequence-book.ts'
import type { SnapshotCache } from './snapshots/snapshot-cache.ts'
import type { SqliteConnection } from './sqlite/connection.ts'
import type { ModuleNotice } from './types.ts'

/** One module as the services of a branch (archives, snapshots, sync) work on it. */
export interface ModuleContext {
  readonly branch: BranchContext
  readonly state: ModuleState
  readonly snapshots: SnapshotCache
  readonly mirror: EventMirror
  /** `<data root>/branches/{branch}/modules/{module}`. */
  readonly folder: string
}

/** What the services of one branch share. Replaced as a whole when the branch is restored. */
export interface BranchContext {
  readonly branchId: string
  readonly serverId: string
  /** `<data root>/branches/{branch}`. */
  readonly folder: string
  readonly timeZone: string
  readonly dayStartMinutes: number
  readonly clock: Clock
  readonly log: Log
  readonly connection: SqliteConnection
  readonly queue: CommitQueue
  readonly sequences: SequenceBook
  readonly modules: ReadonlyMap<string, ModuleContext>
  /** The business day now, YYYY-MM-DD. */
  today(): string
  sequenceContext(): SequenceContext
  eventMeta(source: string, extra?: Partial<StoredMeta>): StoredMeta
  /**
   * Runs `work` as one job of the group commit; then, after COMMIT, publishes its events as module-wide notices (or as
   * ordinary events when `directive` is absent) and returns its result. `work` may return appended events.
   */
  commitNotice<Result>(
    work: () => { result: Result; events: AppendedEvent[] },
    directive?: ModuleNotice['directive'],
  ): Promise<Result>
  /** Stores the changed columns of a module's row, inside the running transaction. */
  saveModuleRow(state: ModuleState): void
}
