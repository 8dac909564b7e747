import type { ErrorBody } from '../errors.ts'
import type { JsonObject } from '../json.ts'
import type { RecordRef } from './records.ts'

/**
 * Shapes of the management endpoints that are ours (the specification's own endpoints keep the specification's shapes).
 * The console and the server both import this file.
 *
 * GET    /api/manage/status                                        -> BranchServerStatus
 * GET    /api/manage/tables?branch=&module=                        -> { tables: TableSummary[] }
 * GET    /api/branches/:b/modules/:m/snapshots                     -> { snapshots: SnapshotSummary[] }
 * POST   /api/branches/:b/modules/:m/snapshots {name?}             -> 202 { task: Task }   (result: SnapshotSummary)
 * GET    /api/branches/:b/modules/:m/snapshots/:id                 -> the snapshot file, streamed (secret fields removed)
 * DELETE /api/branches/:b/modules/:m/snapshots/:id                 -> { status: "deleted" }
 * POST   /api/branches/:b/modules/:m/snapshots/:id/restore {confirm: branchId} -> 202 { task: Task }
 * POST   /api/manage/purge-live-data {..., dryRun: true}           -> PurgePreview (nothing is changed)
 * GET    /api/branches/:b/modules/:m/sequences                     -> { sequences: SequenceSummary[] }
 * GET    /api/branches/:b/modules/:m/sequences/gaps?table=&field=&limit= -> { gaps: SequenceGap[], total }
 * PUT    /api/branches/:b/modules/:m/sequences {table, field, rule} -> SequenceSummary
 * POST   /api/branches/:b/modules/:m/sequences/preview {rule}      -> { examples: string[] } or 422
 * POST   /api/branches/:b/modules/:m/sequences/skip {table, field, to, confirm: branchId} -> SequenceSummary
 * POST   /api/branches/:b/modules/:m/sequences/lease {table, field, size, deviceId} -> SequenceLease
 * GET    /api/manage/backups                                       -> { folder, backups: BackupSummary[] }
 * POST   /api/manage/backups {folder?, note?}                      -> 202 { task: Task }   (result: BackupSummary)
 * POST   /api/manage/restore {backupId, branchId?, confirm: branchId or "all"} -> 202 { task: Task } (result: RestoreProof)
 * GET    /api/manage/tasks                                         -> { tasks: Task[] }, newest first
 * GET    /api/manage/tasks/:id                                     -> Task
 */
export interface BranchServerStatus {
  state: 'working' | 'attention' | 'restoring' | 'stopping'
  serverId: string
  version: string
  startedAt: string
  now: string
  /** What tablets may open, best first. */
  addresses: { url: string; kind: 'loopback' | 'lan' }[]
  sockets: number
  branches: BranchSummary[]
  disk: { freeBytes: number; totalBytes: number; dataBytes: number }
  /** The last 60 whole minutes and the running one, oldest first. */
  writesPerMinute: { minute: string; count: number }[]
  lastBackup: { backupId: string; createdAt: string; isVerified: boolean } | null
  /** What a person should look at: open LAN, legacy mode, no backup yet, low disk ... */
  warnings: { code: string; message: string; hint?: string }[]
}

export interface BranchSummary {
  branchId: string
  label: string
  labels?: { en?: string; ar?: string }
  timeZone: string
  dayStart: string
  modules: {
    moduleId: string
    version: number
    epoch: number
    records: number
    events: number
    lastEventAt: string | null
  }[]
}

export interface TableSummary {
  name: string
  label: string
  kind: 'transaction' | 'master'
  count: number
  isSingleton: boolean
  primaryKey: string[]
  fields: { name: string; type: string; isSecret: boolean }[]
}

export interface SnapshotSummary {
  snapshotId: string
  branchId: string
  moduleId: string
  /** What the manager called it; snapshots made by a reset are named after their reason. */
  name: string
  reason: 'manual' | 'reset' | 'restore'
  createdAt: string
  epoch: number
  seq: number
  sizeBytes: number
  records: number
  tables: { name: string; count: number }[]
}

export interface PurgePreview {
  branchId: string
  moduleId: string
  tables: { table: string; count: number; status: 'ready' | 'empty' | 'skipped'; reason?: string }[]
  totalRecords: number
  /** Reasons why the purge would be refused: open shifts and the like. */
  blocked: { code: string; message: string }[]
}

/** History entries as the specification's purge-history answers them. */
export interface HistorySummary {
  id: string
  branchId: string
  moduleId: string
  createdAt: string
  reason: string | null
  requestedBy: string | null
  totalRecords: number
  tables: { name: string; count: number; sample: RecordRef[] }[]
  /** When this entry was restored, if it was. */
  restoredAt?: string
}

export interface SequenceRule {
  prefix?: string
  suffix?: string
  delimiter?: string
  start?: number
  padding?: number
  padChar?: string
  counterField?: string
  /** "{prefix}-{number:05d}", also {branch} {year} {month} {day} {shift}; wins over prefix, delimiter and padding. */
  format?: string
  reset?: 'never' | 'daily' | 'monthly' | 'yearly'
  /** Fiscal chain: each number stores the hash of the one before. */
  chain?: boolean
}

export interface SequenceSummary {
  table: string
  field: string
  rule: SequenceRule
  /** The running period, "" for a rule that never resets. */
  period: string
  last: number | null
  next: { value: number; id: string }
  gaps: number
  updatedAt: string | null
}

/** Numbers that no record carries, and what took them. */
export interface SequenceGap {
  table: string
  field: string
  period: string
  from: number
  to: number
  reason: 'reserved' | 'lease' | 'restore' | 'skip' | 'takeover' | 'released'
  requestId: string | null
  clientId: string | null
  at: string
}

export interface SequenceLease {
  table: string
  field: string
  period: string
  from: number
  to: number
  ids: string[]
  deviceId: string
  expiresAt: string | null
}

export interface BackupSummary {
  backupId: string
  createdAt: string
  /** Folder that holds the backup, as the server sees it. */
  folder: string
  note: string | null
  reason: 'manual' | 'before-restore' | 'schedule'
  sizeBytes: number
  isVerified: boolean
  /** Why the check failed. */
  problem?: string
  branches: {
    branchId: string
    modules: { moduleId: string; epoch: number; seq: number; records: number; headHash: string }[]
  }[]
}

/** What a restore proves before it says success. */
export interface RestoreProof {
  backupId: string
  safetyBackupId: string
  branches: {
    branchId: string
    modules: {
      moduleId: string
      before: { epoch: number; seq: number; records: number }
      after: { epoch: number; seq: number; records: number; headHash: string }
    }[]
  }[]
  sequences: { branchId: string; moduleId: string; table: string; field: string; next: number }[]
}

export type TaskKind =
  | 'backup'
  | 'restore'
  | 'snapshot'
  | 'snapshot-restore'
  | 'purge'
  | 'purge-restore'
  | 'reset'
  | 'import'

/** Long work: it goes on when the console closes, and its result stays until it is read. */
export interface Task {
  taskId: string
  kind: TaskKind
  state: 'running' | 'done' | 'failed' | 'interrupted'
  branchId: string | null
  startedAt: string
  finishedAt: string | null
  /** The step under way, a key the console translates: copying, verifying, archiving, deleting, staging, swapping ... */
  step: string
  /** Known totals only. */
  progress: { done: number; total: number; unit: 'records' | 'bytes' | 'steps' } | null
  result: JsonObject | null
  error: ErrorBody | null
}

/** An answered request or frame, as `GET /api/manage/requests` tells it. */
export interface LiveRequest {
  n: number
  at: string
  kind: 'http' | 'socket'
  what: string
  branchId: string | null
  table: string | null
  status: number
  code: string | null
  ms: number
  actor: { uid: string | null; name: string; role: string } | null
  deviceId: string | null
  address: string
  isAllowed: boolean
  rule: string | null
}
