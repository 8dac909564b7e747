import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { HistorySummary, PurgePreview } from '../../../src-shared/protocol/management.ts'
import type { ArchiveService, PurgeResult, ResetResult, RestoreHistoryResult, SnapshotFiles } from '../api.ts'
import type { ModuleContext } from '../branch-context.ts'
import type { ModuleState } from '../module-state.ts'
import type { RecordPass } from '../types.ts'
import { type Cleared, clearedEntry, TableClearing } from './clear-tables.ts'
import { ArchiveHistory } from './history.ts'
import { countOpenShifts, DEFAULT_PURGE_TABLES, selectPurgeTables, shiftOpenError } from './purge-tables.ts'

/** What the store gives to the archives of a module. */
export interface ArchiveHooks {
  /** Loads the first records of tables again, inside the running transaction; their event has position `seq`. */
  reseed(state: ModuleState, tables: readonly string[], seq: number, nowMs: number): void
  /** True while head office has not received every event of the module: a daily reset then waits. */
  hasUnsentEvents?(): boolean
}

export type ResetInput = Parameters<ArchiveService['reset']>[0] & {
  /** Called inside the transaction of the reset, last. */
  onApplied?: () => void
}

/** Purge, undo and reset of one module. */
export class ModuleArchives implements ArchiveService {
  readonly #context: ModuleContext
  readonly #snapshots: SnapshotFiles
  readonly #hooks: ArchiveHooks
  readonly #history: ArchiveHistory
  readonly #clearing: TableClearing

  constructor(context: ModuleContext, snapshots: SnapshotFiles, hooks: ArchiveHooks) {
    this.#context = context
    this.#snapshots = snapshots
    this.#hooks = hooks
    this.#history = new ArchiveHistory(context)
    this.#clearing = new TableClearing(context)
  }

  previewPurge(names?: string[]): PurgePreview {
    const { state } = this.#context
    const { tables, skipped } = selectPurgeTables(state, names)
    const counted = tables.map(({ name }) => ({ table: name, count: state.count(name) }))
    const openShifts = tables.some(({ name }) => (DEFAULT_PURGE_TABLES as readonly string[]).includes(name))
      ? countOpenShifts(state)
      : 0
    const shiftError = openShifts > 0 ? shiftOpenError(openShifts) : undefined
    return {
      branchId: state.branchId,
      moduleId: state.moduleId,
      tables: [
        ...counted.map((entry) => ({ ...entry, status: entry.count > 0 ? ('ready' as const) : ('empty' as const) })),
        ...skipped.map((entry) => ({ ...entry, count: 0, status: 'skipped' as const })),
      ],
      totalRecords: counted.reduce((sum, entry) => sum + entry.count, 0),
      blocked: shiftError ? [{ code: shiftError.code, message: shiftError.message }] : [],
    }
  }

  /**
   * Archives the records of tables and removes them. The event log stays, whatever `resetEvents` says: it is the audit,
   * and it records the purge. Everybody is told, whatever `broadcast` says: a reader that is not would keep ghosts.
   */
  async purge(input: Parameters<ArchiveService['purge']>[0]): Promise<PurgeResult> {
    const { state } = this.#context
    const { tables, skipped } = selectPurgeTables(state, input.tables)
    const cleared = await this.#clearing.clear({
      type: 'purge',
      action: 'module:purge',
      source: 'purge-live-data',
      tables,
      reason: input.reason ?? null,
      requestedBy: input.requestedBy ?? null,
      alwaysReports: false,
      fields: { resetEvents: false, eventMetaReset: false },
      onProgress: input.onProgress,
    })
    return {
      version: state.head.seq,
      totalRemoved: cleared.total,
      changed: cleared.total > 0,
      tables: [
        ...cleared.removed.map(clearedEntry),
        ...skipped.map((entry) => ({ ...entry, status: 'skipped' as const })),
      ],
      eventMeta: this.#eventMeta(cleared),
      historyEntry: this.#entryOf(cleared),
      event: cleared.event,
    }
  }

  listHistory(): HistorySummary[] {
    return this.#history.list()
  }

  getHistory(entryId: string, pass?: RecordPass): { summary: HistorySummary; entry: JsonObject } {
    return this.#history.get(entryId, pass)
  }

  restoreHistory(input: Parameters<ArchiveService['restoreHistory']>[0]): Promise<RestoreHistoryResult> {
    return this.#history.restore(input)
  }

  /**
   * Takes a snapshot file, archives and clears tables. `all` loads the seeds again; `transactions`, the daily reset,
   * leaves master data alone and refuses while a shift is open or events are unsent. Document numbers never go back.
   *
   * @throws AppError `shift-open`; `concurrency-conflict` while events are unsent.
   */
  async reset(input: ResetInput): Promise<ResetResult> {
    const { state } = this.#context
    const isDaily = input.scope === 'transactions'
    if (isDaily) this.#checkDailyReset(state)
    const all = [...state.definition.tables.values()]
    const tables = isDaily ? all.filter((table) => table.kind === 'transaction') : all
    const { onProgress } = input
    const snapshot = await this.#snapshots.take({
      name: input.reason,
      reason: 'reset',
      ...(onProgress && { onProgress }),
    })
    const cleared = await this.#clearing.clear({
      type: 'reset',
      action: 'module:reset',
      source: isDaily ? 'daily-reset' : 'reset',
      tables,
      reason: input.reason,
      requestedBy: input.requestedBy ?? null,
      alwaysReports: true,
      ...(isDaily && { check: (current: ModuleState) => this.#checkDailyReset(current) }),
      refill: (current, seq, nowMs) => {
        if (!isDaily) {
          this.#hooks.reseed(
            current,
            tables.map((table) => table.name),
            seq,
            nowMs,
          )
        }
        input.onApplied?.()
      },
      fields: { moduleId: state.moduleId, scope: input.scope, snapshotId: snapshot.snapshotId },
      onProgress,
    })
    const event = cleared.event!
    return { version: event.seq, resetAt: event.createdAt, historyEntry: this.#entryOf(cleared), event }
  }

  #checkDailyReset(state: ModuleState): void {
    const openShifts = countOpenShifts(state)
    if (openShifts > 0) throw shiftOpenError(openShifts)
    if (this.#hooks.hasUnsentEvents?.()) {
      throw new AppError('concurrency-conflict', 'Events of this module have not reached head office yet.', {
        details: { moduleId: state.moduleId, reason: 'events-unsent' },
        hint: 'Wait until the connection to head office is back.',
      })
    }
  }

  #entryOf({ archive }: Cleared): HistorySummary | null {
    return archive && this.#history.summaryOf(archive)
  }

  /** The part of the log's metadata that a purge changes. */
  #eventMeta({ event, removed }: Cleared): JsonObject {
    const { head } = this.#context.state
    return {
      lastEventId: head.lastEventId,
      lastEventAt: head.lastEventAt,
      lastAckId: head.lastEventId,
      totalEvents: head.seq,
      isEventLogKept: true,
      ...(event && {
        purgeState: {
          at: event.createdAt,
          reason: (event.meta.reason as string | null) ?? null,
          requestedBy: (event.meta.requestedBy as string | null) ?? null,
          tables: removed.map(clearedEntry),
        },
      }),
    }
  }
}
