import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'

/** A database that somebody else's program made, opened for reading. Every call throws the driver's error as it is. */
export interface ForeignDatabase {
  tableNames(): string[]
  columnNames(table: string): string[]
  /** Rows in no promised order; integers beyond 2^53 lose digits. Reads one row at a time. */
  readRows(table: string): IterableIterator<Record<string, unknown>>
  /** Also removes the copy. May be called twice. */
  close(): void
}

/**
 * Copies the database and its write-ahead log into a temporary folder and opens the copy read-only: the original keeps
 * every byte, its shared-memory file and its modification times. Costs the size of the database on the temporary disk
 * until `close()`.
 *
 * @throws the driver's error when the file is not a database.
 */
export function openForeignDatabase(path: string): ForeignDatabase {
  const dir = mkdtempSync(join(tmpdir(), 'mishkah-foreign-'))
  const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  let db: Database.Database
  try {
    const copy = join(dir, 'copy.sqlite')
    copyFileSync(path, copy)
    // The shared-memory file is left behind on purpose: SQLite makes it anew from the log.
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`)
    db = new Database(copy, { readonly: true, fileMustExist: true })
    db.pragma('schema_version')
  } catch (error) {
    remove()
    throw error
  }
  let isClosed = false
  return {
    tableNames: () =>
      db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck().all().map(String),
    columnNames: (table) => db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table).map(String),
    readRows: (table) =>
      db.prepare(`SELECT * FROM "${table.replaceAll('"', '""')}"`).iterate() as IterableIterator<
        Record<string, unknown>
      >,
    close: () => {
      if (isClosed) return
      isClosed = true
      db.close()
      remove()
    },
  }
}
