import type { JsonObject, JsonValue } from '../json.ts'

/** What a write does. The wire says `module:insert` and so on; `module:update` is read as merge. */
export type WriteAction = 'insert' | 'merge' | 'save' | 'delete'
export type EventAction = `module:${'insert' | 'merge' | 'delete' | 'reset' | 'purge' | 'restore' | 'import'}`

/** A table as clients name one of its records. */
export interface RecordRef {
  table: string
  /** Primary key values joined by "::". */
  key: string
  primaryKey: Record<string, JsonValue>
  id?: JsonValue
}

/** All records of a module's tables (its window, see docs/sync.md) at one position. */
export interface ModuleSnapshot {
  moduleId: string
  branchId: string
  version: number
  tables: Record<string, JsonObject[] | JsonObject>
  meta: SnapshotMeta
}

export interface SnapshotMeta {
  lastUpdatedAt: string | null
  counter: number
  labCounter: number
  epoch: number
  partial?: Record<string, { from: string | null }>
}

/** A full-sync flag: clients whose cursor is before `position` must read the module anew. */
export interface FullSyncFlag {
  id: string
  branchId: string
  moduleId: string
  enabled: boolean
  reason: string | null
  requestedBy: string | null
  updatedAt: string
  meta: JsonObject
  clearedBy: string | null
}
