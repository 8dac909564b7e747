import { ACCESS_DDL, AccessTables } from './access-tables.ts'
import { AUDIT_DDL, AuditTable } from './audit-table.ts'
import { SqliteConnection, type Statement } from './connection.ts'

/** The layout of system.db. 2 added people, devices, sessions and the audit log: tables only, so making them is all. */
export const SYSTEM_LAYOUT_VERSION = 2

/**
 * What belongs to the whole server and to no branch, so that it outlives the restore of one.
 *
 * settings: texts by key. tasks: long work, as JSON, so that its result outlives the process. sequence_marks: for every
 * sequence a number that is never below one in use; epoch_marks: the highest epoch ever begun. Both only rise.
 */
const SYSTEM_DDL = `
CREATE TABLE IF NOT EXISTS settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tasks (id TEXT PRIMARY KEY, started_at TEXT NOT NULL, state TEXT NOT NULL, task TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tasks_started_at ON tasks (started_at);
CREATE TABLE IF NOT EXISTS sequence_marks (branch TEXT NOT NULL, module TEXT NOT NULL, tbl TEXT NOT NULL, field TEXT NOT NULL,
  period TEXT NOT NULL, value INTEGER NOT NULL, PRIMARY KEY (branch, module, tbl, field, period)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS epoch_marks (branch TEXT NOT NULL, module TEXT NOT NULL, epoch INTEGER NOT NULL,
  PRIMARY KEY (branch, module)) WITHOUT ROWID;
`

export interface SequenceMark {
  module: string
  tbl: string
  field: string
  period: string
  value: number
}

/** system.db: settings, tasks, high-water marks, people and devices, the audit log. */
export class SystemDatabase {
  readonly connection: SqliteConnection
  readonly access: AccessTables
  readonly audit: AuditTable
  readonly #getSetting: Statement
  readonly #setSetting: Statement
  readonly #removeSetting: Statement
  readonly #saveTask: Statement
  readonly #getTask: Statement
  readonly #listTasks: Statement
  readonly #listRunning: Statement
  readonly #pruneTasks: Statement
  readonly #listMarks: Statement
  readonly #raiseMark: Statement
  readonly #getEpoch: Statement
  readonly #raiseEpoch: Statement

  private constructor(connection: SqliteConnection) {
    this.connection = connection
    connection.transaction(() => {
      for (const ddl of [SYSTEM_DDL, ACCESS_DDL, AUDIT_DDL]) connection.exec(ddl)
      connection
        .prepare(
          `INSERT INTO settings (key, value) VALUES ('layout', ?) ON CONFLICT (key)
           DO UPDATE SET value = excluded.value WHERE CAST(value AS INTEGER) < CAST(excluded.value AS INTEGER)`,
        )
        .run(String(SYSTEM_LAYOUT_VERSION))
    })
    connection.assertDurable()
    this.access = new AccessTables(connection)
    this.audit = new AuditTable(connection)
    this.#getSetting = connection.prepare('SELECT value FROM settings WHERE key = ?')
    this.#setSetting = connection.prepare('INSERT OR REPLACE INTO settings VALUES (?, ?)')
    this.#removeSetting = connection.prepare('DELETE FROM settings WHERE key = ?')
    this.#saveTask = connection.prepare('INSERT OR REPLACE INTO tasks VALUES (?, ?, ?, ?)')
    this.#getTask = connection.prepare('SELECT task FROM tasks WHERE id = ?')
    this.#listTasks = connection.prepare('SELECT task FROM tasks ORDER BY started_at DESC, id DESC')
    this.#listRunning = connection.prepare("SELECT task FROM tasks WHERE state = 'running'")
    this.#pruneTasks = connection.prepare(
      `DELETE FROM tasks WHERE state <> 'running' AND id NOT IN (SELECT id FROM tasks ORDER BY started_at DESC, id DESC LIMIT ?)`,
    )
    this.#listMarks = connection.prepare(
      'SELECT module, tbl, field, period, value FROM sequence_marks WHERE branch = ? ORDER BY module, tbl, field, period',
    )
    this.#raiseMark = connection.prepare(
      `INSERT INTO sequence_marks VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = max(value, excluded.value)`,
    )
    this.#getEpoch = connection.prepare('SELECT epoch FROM epoch_marks WHERE branch = ? AND module = ?')
    this.#raiseEpoch = connection.prepare(
      'INSERT INTO epoch_marks VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET epoch = max(epoch, excluded.epoch)',
    )
  }

  static open(path: string): SystemDatabase {
    const connection = SqliteConnection.open(path)
    try {
      return new SystemDatabase(connection)
    } catch (error) {
      connection.close()
      throw error
    }
  }

  findSetting(key: string): string | undefined {
    return (this.#getSetting.get(key) as { value: string } | undefined)?.value
  }

  setSetting(key: string, value: string): void {
    this.#setSetting.run(key, value)
  }

  removeSetting(key: string): void {
    this.#removeSetting.run(key)
  }

  saveTask(id: string, startedAt: string, state: string, text: string): void {
    this.#saveTask.run(id, startedAt, state, text)
  }

  findTask(id: string): string | undefined {
    return (this.#getTask.get(id) as { task: string } | undefined)?.task
  }

  /** Newest first. */
  listTasks(): string[] {
    return (this.#listTasks.all() as { task: string }[]).map((row) => row.task)
  }

  listRunningTasks(): string[] {
    return (this.#listRunning.all() as { task: string }[]).map((row) => row.task)
  }

  pruneTasks(keep: number): void {
    this.#pruneTasks.run(keep)
  }

  listMarks(branchId: string): SequenceMark[] {
    return this.#listMarks.all(branchId) as SequenceMark[]
  }

  /** Never lowers a mark. Synced to the disk when it returns. */
  raiseMark(branchId: string, mark: SequenceMark): void {
    this.#raiseMark.run(branchId, mark.module, mark.tbl, mark.field, mark.period, mark.value)
  }

  /** The highest epoch ever begun; 0 when no restore was made. */
  epochMark(branchId: string, moduleId: string): number {
    return (this.#getEpoch.get(branchId, moduleId) as { epoch: number } | undefined)?.epoch ?? 0
  }

  raiseEpoch(branchId: string, moduleId: string, epoch: number): void {
    this.#raiseEpoch.run(branchId, moduleId, epoch)
  }

  close(): void {
    this.connection.close()
  }
}
