import type { JsonObject } from '../../../src-shared/json.ts'
import type { FullSyncFlag } from '../../../src-shared/protocol/records.ts'
import type { SqliteConnection, Statement } from './connection.ts'

interface FlagRow {
  id: string
  module: string
  enabled: number
  seqs: string
  reason: string | null
  requested_by: string | null
  cleared_by: string | null
  meta: string
  updated_at: string
}

/** A stored flag: the wire's fields and the position of each module when it was set. */
export interface StoredFlag {
  flag: FullSyncFlag
  positions: Record<string, number>
}

/** Full-sync flags outlive restarts. */
export class FlagTable {
  readonly #all: Statement
  readonly #set: Statement
  readonly #branchId: string

  constructor(connection: SqliteConnection, branchId: string) {
    this.#branchId = branchId
    this.#all = connection.prepare('SELECT * FROM full_sync_flags ORDER BY updated_at')
    this.#set = connection.prepare('INSERT OR REPLACE INTO full_sync_flags VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
  }

  list(): StoredFlag[] {
    return (this.#all.all() as FlagRow[]).map((row) => ({
      flag: {
        id: row.id,
        branchId: this.#branchId,
        moduleId: row.module,
        enabled: row.enabled === 1,
        reason: row.reason,
        requestedBy: row.requested_by,
        updatedAt: row.updated_at,
        meta: JSON.parse(row.meta) as JsonObject,
        clearedBy: row.cleared_by,
      },
      positions: JSON.parse(row.seqs) as Record<string, number>,
    }))
  }

  set({ flag, positions }: StoredFlag): void {
    const { id, moduleId, enabled, reason, requestedBy, clearedBy, meta, updatedAt } = flag
    const row = [
      id,
      moduleId,
      enabled ? 1 : 0,
      JSON.stringify(positions),
      reason,
      requestedBy,
      clearedBy,
      JSON.stringify(meta),
      updatedAt,
    ]
    this.#set.run(...row)
  }
}
