import type { ModuleRow } from '../module-state.ts'
import type { SqliteConnection } from './connection.ts'

/** The `modules` table of a branch database. */
export class ModuleRows {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  find(moduleId: string): { definition: string; row: ModuleRow } | undefined {
    const found = this.#connection
      .prepare(
        `SELECT definition, epoch, base_seq AS baseSeq, base_hash AS baseHash, snapshot_floor AS snapshotFloor,
           trimmed_seq AS trimmedSeq, trimmed_hash AS trimmedHash, live_from AS liveFrom, live_day AS liveDay
         FROM modules WHERE module = ?`,
      )
      .get(moduleId) as (ModuleRow & { definition: string }) | undefined
    if (!found) return undefined
    const { definition, ...row } = found
    return { definition, row }
  }

  add(moduleId: string, definition: string, chainStart: string, day: string, at: string): void {
    this.#connection
      .prepare('INSERT INTO modules VALUES (?, ?, 1, 0, ?, 0, 0, ?, 1, ?, ?)')
      .run(moduleId, definition, chainStart, chainStart, day, at)
  }

  saveDefinition(moduleId: string, definition: string): void {
    this.#connection.prepare('UPDATE modules SET definition = ? WHERE module = ?').run(definition, moduleId)
  }

  save(moduleId: string, row: ModuleRow): void {
    this.#connection
      .prepare(
        `UPDATE modules SET epoch = ?, base_seq = ?, base_hash = ?, snapshot_floor = ?, trimmed_seq = ?, trimmed_hash = ?,
           live_from = ?, live_day = ? WHERE module = ?`,
      )
      .run(
        row.epoch,
        row.baseSeq,
        row.baseHash,
        row.snapshotFloor,
        row.trimmedSeq,
        row.trimmedHash,
        row.liveFrom,
        row.liveDay,
        moduleId,
      )
  }

  list(): string[] {
    return (this.#connection.prepare('SELECT module FROM modules').all() as { module: string }[]).map(
      (row) => row.module,
    )
  }
}

/** Small texts of a branch by key, and which tables were seeded. */
export class BranchMeta {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  get(key: string): string | undefined {
    return (this.#connection.prepare('SELECT value FROM meta WHERE key = ?').get(key) as { value: string } | undefined)
      ?.value
  }

  set(key: string, value: string): void {
    this.#connection.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(key, value)
  }

  seededTables(moduleId: string): Set<string> {
    const rows = this.#connection.prepare('SELECT tbl FROM seeded WHERE module = ?').all(moduleId) as { tbl: string }[]
    return new Set(rows.map((row) => row.tbl))
  }

  markSeeded(moduleId: string, table: string, at: string, records: number): void {
    this.#connection.prepare('INSERT OR REPLACE INTO seeded VALUES (?, ?, ?, ?)').run(moduleId, table, at, records)
  }
}
