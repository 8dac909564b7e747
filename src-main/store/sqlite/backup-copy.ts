import { SqliteConnection } from './connection.ts'

/**
 * Writes a consistent copy of a database that is being written to: one read transaction, one moment.
 *
 * VACUUM INTO and not the backup API: that one starts again from the beginning whenever another connection commits, so
 * under steady writing it would never end; VACUUM INTO reads one snapshot of the WAL while the writer goes on, and its
 * copy holds no free pages. The WAL cannot be emptied meanwhile. The copy is not synced: the caller does that.
 * Source: https://sqlite.org/lang_vacuum.html, "VACUUM with an INTO clause"; https://sqlite.org/backup.html
 */
export function copyDatabase(source: string, target: string): void {
  const connection = SqliteConnection.open(source, { readonly: true })
  try {
    connection.prepare('VACUUM INTO ?').run(target)
  } finally {
    connection.close()
  }
}

/** "ok", or the first thing that SQLite finds wrong with the file. */
export function checkDatabaseFile(path: string): string {
  const connection = SqliteConnection.open(path, { readonly: true })
  try {
    return String(connection.pragma('integrity_check(1)'))
  } finally {
    connection.close()
  }
}

/** High-water marks in a copy of system.db, by branch. */
export function readMarks(
  path: string,
): { branch: string; module: string; tbl: string; field: string; period: string; value: number }[] {
  const connection = SqliteConnection.open(path, { readonly: true })
  try {
    return connection
      .prepare('SELECT branch, module, tbl, field, period, value FROM sequence_marks')
      .all() as ReturnType<typeof readMarks>
  } finally {
    connection.close()
  }
}
