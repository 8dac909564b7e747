import Database from 'better-sqlite3'
import { AppError, isAppError } from '../../../src-shared/errors.ts'

export type Statement = Database.Statement<unknown[], unknown>

export interface OpenOptions {
  readonly?: boolean
  /** Pages the WAL may grow to before a commit moves them into the database file. */
  checkpointPages?: number
}

/**
 * One SQLite connection, set so that an acknowledged write survives `kill -9` and power loss: WAL and FULL.
 *
 * The driver is compiled so that WAL quietly means NORMAL until the pragma is given; FULL is therefore set after the
 * switch to WAL and asserted, at opening and again after the first write (`assertDurable`).
 * Source: https://sqlite.org/pragma.html#pragma_synchronous
 */
export class SqliteConnection {
  readonly path: string
  readonly #db: Database.Database
  #walState: Statement | undefined
  #isClosed = false

  private constructor(path: string, db: Database.Database) {
    this.path = path
    this.#db = db
  }

  static open(path: string, options: OpenOptions = {}): SqliteConnection {
    let db: Database.Database | undefined
    try {
      db = new Database(path, { readonly: options.readonly ?? false, timeout: 5000 })
      if (!options.readonly) {
        db.pragma('journal_mode = WAL')
        db.pragma('synchronous = FULL')
        db.pragma(`wal_autocheckpoint = ${options.checkpointPages ?? 4000}`)
        if (process.platform === 'darwin') {
          db.pragma('fullfsync = ON')
          db.pragma('checkpoint_fullfsync = ON')
        }
      }
      db.pragma('cache_size = -24576')
      db.pragma('temp_store = MEMORY')
      db.pragma('mmap_size = 0')
      const connection = new SqliteConnection(path, db)
      if (!options.readonly) connection.assertDurable()
      return connection
    } catch (error) {
      db?.close()
      throw toAppError(error)
    }
  }

  /** Throws unless commits are synced to the disk. */
  assertDurable(): void {
    const journal = this.#db.pragma('journal_mode', { simple: true })
    const synchronous = this.#db.pragma('synchronous', { simple: true })
    if (journal !== 'wal' || synchronous !== 2) {
      throw new AppError('store-failed', 'The database cannot promise durable commits on this disk.', {
        details: { journal, synchronous },
        hint: 'The data folder must be on a local disk, not on a network share.',
      })
    }
  }

  prepare(sql: string): Statement {
    return this.#db.prepare(sql)
  }

  exec(sql: string): void {
    this.#db.exec(sql)
  }

  pragma(text: string): unknown {
    return this.#db.pragma(text, { simple: true })
  }

  /** False after SQLite itself rolled the transaction back: disk full and I/O errors take all of it. */
  get inTransaction(): boolean {
    return this.#db.inTransaction
  }

  /** Runs `work` in one transaction of its own. */
  transaction<Result>(work: () => Result): Result {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#db.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK')
      throw toAppError(error)
    }
  }

  /** Moves the WAL into the database file and empties it. */
  checkpoint(): void {
    this.#db.pragma('wal_checkpoint(TRUNCATE)')
  }

  /** Moves what no reader needs any more and waits for nobody; the next write begins the WAL anew if that was all. */
  checkpointBeside(): void {
    this.#db.pragma('wal_checkpoint(PASSIVE)')
  }

  /** Pages of the WAL that are not in the database file yet. Not inside a transaction. */
  walPagesLeft(): number {
    this.#walState ??= this.#db.prepare('PRAGMA wal_checkpoint(NOOP)')
    const { log, checkpointed } = this.#walState.get() as { log: number; checkpointed: number }
    return log - checkpointed
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#db.close()
  }
}

/** What the driver says to a reader that still holds a branch from before it was restored or got another schema. */
const CLOSED_MESSAGE = 'The database connection is not open'

/**
 * Maps a driver error to a code of ours; anything else passes. A full disk and a failing disk are the operator's to
 * mend, a damaged file must stop the writing, a constraint belongs to the one write that broke it.
 */
export function toAppError(error: unknown): unknown {
  if (error instanceof TypeError && error.message === CLOSED_MESSAGE) {
    return new AppError('restoring', 'The branch was opened anew meanwhile; try again.', { cause: error })
  }
  if (isAppError(error) || !(error instanceof Database.SqliteError)) return error
  const code = error.code
  if (code === 'SQLITE_FULL') {
    return new AppError('disk-full', 'The disk is full; nothing was stored.', {
      cause: error,
      hint: 'Free some space on the disk of the data folder; the server goes on by itself.',
    })
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new AppError('store-busy', 'The database is busy; try again.', { cause: error })
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    return new AppError('store-corrupt', 'A database file is damaged; writing has stopped.', {
      cause: error,
      hint: 'Restore the newest verified backup.',
    })
  }
  if (code.startsWith('SQLITE_CONSTRAINT_UNIQUE') || code.startsWith('SQLITE_CONSTRAINT_PRIMARYKEY')) {
    return new AppError('unique-violation', 'Another record has the same value in a unique field.', { cause: error })
  }
  if (code.startsWith('SQLITE_CONSTRAINT')) {
    return new AppError('validation-failed', 'The record breaks a constraint of its table.', { cause: error })
  }
  if (
    code.startsWith('SQLITE_IOERR') ||
    code.startsWith('SQLITE_READONLY') ||
    code === 'SQLITE_CANTOPEN' ||
    code === 'SQLITE_PERM'
  ) {
    return new AppError('store-failed', 'The disk refused the write; nothing was stored.', {
      cause: error,
      hint: 'Check the disk and the permissions of the data folder.',
    })
  }
  return new AppError('store-failed', 'The database refused the write; nothing was stored.', { cause: error })
}
