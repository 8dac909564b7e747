import type { SqliteConnection, Statement } from './connection.ts'

/**
 * The audit log. `entry` is the JSON text that the hash covers; the other columns repeat parts of it, to filter by.
 * Nothing changes an entry; only the oldest may go, when their time is over. `audit_anchor` then holds the hash that the
 * oldest one left builds on.
 */
export const AUDIT_DDL = `
CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY, at TEXT NOT NULL, action TEXT NOT NULL, outcome TEXT NOT NULL,
  actor TEXT, device TEXT, entry TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audit_anchor (only INTEGER PRIMARY KEY CHECK (only = 1), id INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_is_append_only BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_loses_only_its_oldest BEFORE DELETE ON audit
  WHEN old.id > coalesce((SELECT id FROM audit_anchor), 0)
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
`

export interface AuditRow {
  id: number
  at: string
  action: string
  outcome: string
  actor: string | null
  device: string | null
  entry: string
  hash: string
}

export interface AuditFilter {
  action?: string | undefined
  actor?: string | undefined
  device?: string | undefined
  /** ISO 8601, inclusive. */
  from?: string | undefined
  /** ISO 8601, exclusive. */
  to?: string | undefined
  /** Entries before this id. */
  before?: number | undefined
}

export class AuditTable {
  readonly #connection: SqliteConnection
  readonly #add: Statement
  readonly #last: Statement
  readonly #anchor: Statement
  readonly #page: Statement

  constructor(connection: SqliteConnection) {
    this.#connection = connection
    this.#add = connection.prepare('INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    this.#last = connection.prepare('SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1')
    this.#anchor = connection.prepare('SELECT id, hash FROM audit_anchor')
    this.#page = connection.prepare('SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?')
  }

  add(row: AuditRow): void {
    this.#add.run(row.id, row.at, row.action, row.outcome, row.actor, row.device, row.entry, row.hash)
  }

  /** What the next entry builds on. */
  head(): { id: number; hash: string } {
    const last = (this.#last.get() ?? this.#anchor.get()) as { id: number; hash: string } | undefined
    return last ?? { id: 0, hash: '' }
  }

  /** What the oldest entry builds on. */
  anchor(): { id: number; hash: string } {
    return (this.#anchor.get() as { id: number; hash: string } | undefined) ?? { id: 0, hash: '' }
  }

  /** Oldest first. */
  readAfter(id: number, limit: number): AuditRow[] {
    return this.#page.all(id, limit) as AuditRow[]
  }

  /** Newest first. */
  list(filter: AuditFilter, limit: number): AuditRow[] {
    const conditions: string[] = []
    const values: unknown[] = []
    const add = (condition: string, value: unknown): void => {
      if (value === undefined) return
      conditions.push(condition)
      values.push(value)
    }
    add('action = ?', filter.action)
    add('actor = ?', filter.actor)
    add('device = ?', filter.device)
    add('at >= ?', filter.from)
    add('at < ?', filter.to)
    add('id < ?', filter.before)
    const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
    const sql = `SELECT * FROM audit ${where} ORDER BY id DESC LIMIT ?`
    return this.#connection.prepare(sql).all(...values, limit) as AuditRow[]
  }

  /** On how many different days since an instant (ISO 8601) something was written. */
  countDays(since: string): number {
    const found = this.#connection.prepare('SELECT COUNT(DISTINCT substr(at, 1, 10)) AS days FROM audit WHERE at >= ?')
    return (found.get(since) as { days: number }).days
  }

  /** Removes entries older than an instant (ISO 8601), oldest first. Returns how many. */
  trim(before: string): number {
    return this.#connection.transaction(() => {
      const newest = this.#connection
        .prepare('SELECT id, hash FROM audit WHERE at < ? ORDER BY id DESC LIMIT 1')
        .get(before) as { id: number; hash: string } | undefined
      if (!newest) return 0
      this.#connection.prepare('INSERT OR REPLACE INTO audit_anchor VALUES (1, ?, ?)').run(newest.id, newest.hash)
      return this.#connection.prepare('DELETE FROM audit WHERE id <= ?').run(newest.id).changes
    })
  }
}
