import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import type {
  BackupSummary,
  BranchSummary,
  HistorySummary,
  PurgePreview,
  RestoreProof,
  SequenceGap,
  SequenceLease,
  SequenceRule,
  SequenceSummary,
  SnapshotSummary,
  TableSummary,
  Task,
  TaskKind,
} from '../../src-shared/protocol/management.ts'
import type { FullSyncFlag, SnapshotMeta } from '../../src-shared/protocol/records.ts'
import type { MigrationPlan, ModuleDefinition, TableDefinition } from './schema/definition.ts'
import type { SystemDatabase } from './sqlite/system-database.ts'
import type {
  Delta,
  DeltaRequest,
  ListPage,
  ListQuery,
  ModuleNotice,
  RecordPass,
  RecordView,
  StoredEvent,
  VisibleRecords,
  WriteCommand,
  WriteResult,
} from './types.ts'

/** What the servers (HTTP, sockets) see of the store. Every `get…` throws a coded AppError when the thing is missing. */
export interface Store {
  readonly serverId: string
  branchIds(): string[]
  listBranches(): BranchSummary[]
  getBranch(branchId: string): BranchStore
  createBranch(input: { branchId: string; label?: string; modules?: string[] }): BranchSummary
  attachModule(branchId: string, moduleId: string): string[]
  listModuleTypes(): { id: string; label: string; description: string; tables: string[] }[]
  createModuleType(input: { moduleId: string; label?: string; description?: string; schema?: JsonObject }): {
    moduleId: string
    label: string
    tables: string[]
  }
  readonly schemas: SchemaFiles
  readonly backups: Backups
  readonly tasks: Tasks
  /** People, devices, sessions and the audit log, which belong to no branch. */
  readonly system: SystemDatabase
  /** Committed events, in commit order, right after their sender's `onCommitted`; and module-wide changes. */
  onEvent(listener: (event: StoredEvent) => void): () => void
  onNotice(listener: (notice: ModuleNotice) => void): () => void
  /** Seconds since start-up, commit figures and file sizes for /metrics and /readyz. */
  readonly figures: StoreFigures
  close(): Promise<void>
}

export interface StoreFigures {
  /** Called with the size and duration of each commit. */
  onCommit(listener: (commit: { branchId: string; writes: number; seconds: number }) => void): () => void
  walBytes(): number
  databaseBytes(): number
  queueDepth(): number
  /** Health checks by name; `ok: false` carries the reason. */
  checks(): { name: string; ok: boolean; reason?: string }[]
}

export interface BranchStore {
  readonly branchId: string
  readonly label: string
  readonly timeZone: string
  readonly isLegacyAllowed: boolean
  /** Devices with private addresses are admitted without signing in. */
  readonly isOpenLan: boolean
  moduleIds(): string[]
  /** Throws module-not-found; without an id the only or default module (missing-module-id when there are several). */
  getModule(moduleId?: string): ModuleStore
  summary(): BranchSummary
  fullSyncFlags(moduleId?: string): FullSyncFlag[]
  setFullSyncFlag(input: {
    moduleId: string
    isEnabled: boolean
    reason?: string
    requestedBy?: string
    meta?: JsonObject
  }): Promise<FullSyncFlag>
}

export interface ModuleStore {
  readonly branchId: string
  readonly moduleId: string
  readonly definition: ModuleDefinition
  /** The head of the event log; `version` on the wire is its seq. */
  head(): { epoch: number; seq: number; lastEventId: string | null; lastEventAt: string | null }
  resolveTable(name: string): TableDefinition
  listTables(): TableSummary[]

  /**
   * Carries out a command in the running group commit. `onCommitted` runs synchronously after COMMIT and before any
   * event of this command is published, so that the sender's ack goes out first.
   */
  write(command: WriteCommand, onCommitted: (result: WriteResult) => void, onFailed: (error: unknown) => void): void
  writeAsync(command: WriteCommand): Promise<WriteResult>

  find(table: string, key: string): RecordView | undefined
  list(table: string, query: ListQuery): ListPage
  /** @param visible - Counts only these. */
  count(table: string, visible?: VisibleRecords): number
  /** Parsed records with secret fields removed (domain routes, translations). */
  listRecords(table: string, query: ListQuery): JsonObject[]
  translations(language: string, fallback?: string): Map<string, Map<string, Record<string, JsonValue>>>

  /** The module's snapshot (its window) as shared buffers; the same buffers until the module changes. */
  snapshot(): SnapshotBuffers
  delta(request: DeltaRequest): Delta
  /** Events after a position, oldest first, at most 1,000; throws cursor-expired as `requiresFullSync` in delta. */
  readEvents(afterSeq: number, limit: number): StoredEvent[]
  findEvent(eventId: string): StoredEvent | undefined
  eventLogMeta(): JsonObject
  verifyChain(): { events: number; headHash: string }

  sequences: SequenceService
  archives: ArchiveService
  snapshots: SnapshotFiles

  /** Replaces the listed tables (POST /api/sync): one import event, a new snapshot floor. */
  importSnapshot(input: {
    tables: Record<string, JsonObject[]>
    version?: number
    requestedBy?: string
    reason?: string
  }): Promise<StoredEvent>
}

export interface SnapshotBuffers {
  epoch: number
  seq: number
  meta: SnapshotMeta
  /**
   * UTF-8 JSON by table, every table of the module, empty ones too. Each chunk holds whole records joined by commas and
   * no brackets, about 256 KiB: the table's array is `[` + chunks joined by `,` + `]`. A singleton's only chunk is its
   * object (`{}` when nothing is stored).
   */
  tables: { name: string; isSingleton: boolean; chunks: Buffer[]; bytes: number; records: number }[]
}

export interface SequenceService {
  list(): SequenceSummary[]
  gaps(query: { table?: string; field?: string; limit?: number }): { gaps: SequenceGap[]; total: number }
  allocate(input: {
    table: string
    field: string
    record?: JsonObject
    requestId?: string
    clientId?: string
  }): Promise<{ value: number; id: string; rule: SequenceRule }>
  lease(input: {
    table: string
    field: string
    size: number
    deviceId: string
    requestId?: string
  }): Promise<SequenceLease>
  skip(input: { table: string; field: string; to: number; requestedBy?: string }): Promise<SequenceSummary>
  setRule(input: { table: string; field: string; rule: SequenceRule }): Promise<SequenceSummary>
  preview(rule: SequenceRule): string[]
}

export interface ArchiveService {
  previewPurge(tables?: string[]): PurgePreview
  purge(input: {
    tables?: string[]
    requestedBy?: string
    reason?: string
    resetEvents?: boolean
    broadcast?: boolean
    onProgress?: Progress
  }): Promise<PurgeResult>
  listHistory(): HistorySummary[]
  /** Throws history-entry-not-found. `entry` is the archive file without secret fields. */
  getHistory(entryId: string, pass?: RecordPass): { summary: HistorySummary; entry: JsonObject }
  restoreHistory(input: {
    entryId: string
    mode: 'append' | 'replace'
    requestedBy?: string
    reason?: string
    broadcast?: boolean
    onProgress?: Progress
  }): Promise<RestoreHistoryResult>
  /** Archives, clears and re-seeds: transaction tables only for the daily reset, everything for an explicit one. */
  reset(input: {
    scope: 'all' | 'transactions'
    requestedBy?: string
    reason: string
    onProgress?: Progress
  }): Promise<ResetResult>
}

export type Progress = (step: string, done?: number, total?: number) => void

export interface PurgeResult {
  version: number
  totalRemoved: number
  changed: boolean
  tables: { table: string; status: 'cleared' | 'empty' | 'skipped'; removed?: number; reason?: string }[]
  eventMeta: JsonObject
  historyEntry: HistorySummary | null
  event: StoredEvent | null
}

export interface RestoreHistoryResult {
  restored: { table: string; mode: string; restored: number; duplicates: number; skipped: number }[]
  totalRestored: number
  changed: boolean
  historyEntry: HistorySummary
  event: StoredEvent | null
}

export interface ResetResult {
  version: number
  resetAt: string
  historyEntry: HistorySummary | null
  event: StoredEvent
}

export interface SnapshotFiles {
  list(): SnapshotSummary[]
  take(input: { name?: string; reason?: SnapshotSummary['reason']; onProgress?: Progress }): Promise<SnapshotSummary>
  get(snapshotId: string): SnapshotSummary
  /** The file as it may leave the server: secret fields removed, valid JSON, read line by line. */
  readPublicLines(snapshotId: string, pass?: RecordPass): AsyncIterable<string>
  restore(snapshotId: string, input: { requestedBy?: string; onProgress?: Progress }): Promise<StoredEvent>
  remove(snapshotId: string): void
}

export interface SchemaFiles {
  list(): { global: string[]; branches: Record<string, string[]> }
  getGlobal(name: string): {
    schema: JsonObject
    pending: { branchId: string; moduleId: string; plan: MigrationPlan }[]
  }
  getBranch(branchId: string, moduleId: string): { schema: JsonObject; pending: MigrationPlan | null }
  /** Writes the file, migrates every branch that uses it, sends reload-schema. `dryRun` only plans. Dangerous steps need `force`. */
  saveGlobal(
    name: string,
    schema: JsonObject,
    options: { dryRun?: boolean; force?: boolean },
  ): Promise<{ plans: { branchId: string; moduleId: string; plan: MigrationPlan }[] }>
  saveBranch(
    branchId: string,
    moduleId: string,
    schema: JsonObject,
    options: { dryRun?: boolean; force?: boolean },
  ): Promise<{ plan: MigrationPlan }>
  /** Reads schema files again from disk. */
  reload(): Promise<void>
  /** Saves a seed file beside the others; `npm run seed:import` or an explicit reset loads it. */
  saveSeed(
    branchId: string,
    moduleId: string,
    tables: Record<string, JsonObject[]>,
  ): { file: string; recordCount: number; tables: string[] }
}

export interface Backups {
  readonly folder: string
  list(): BackupSummary[]
  create(input: {
    folder?: string
    note?: string
    reason: BackupSummary['reason']
    onProgress?: Progress
  }): Promise<BackupSummary>
  restore(input: { backupId: string; branchId?: string; onProgress?: Progress }): Promise<RestoreProof>
}

export interface Tasks {
  list(): Task[]
  get(taskId: string): Task
  /** Starts long work; one task of a kind at a time (task-running). The returned task is already recorded. */
  start<Result extends object>(
    kind: TaskKind,
    branchId: string | null,
    work: (progress: Progress) => Promise<Result>,
  ): Task
}
