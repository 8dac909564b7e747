import type { Log } from '../../lib/log.ts'
import type { SqliteConnection } from './connection.ts'

/** Pages of the WAL at which it is moved into the database file: 16 MB. */
const START_PAGES = 4_000
/** The rest that a thread left, because writes went on, and that the next round on this thread takes along. */
const REST_PAGES = 500
const MAX_ROUNDS = 3
/** How long after a commit the WAL is measured. */
const MEASURE_MS = 100
/** After a round that brought nothing: a reader still needs the pages, or the disk refuses them. */
const PAUSE_MS = 5_000

/** Pages of the WAL that a commit itself moves when the thread does not keep up: 64 MB. */
export const LAST_RESORT_PAGES = 16_000

export interface CheckpointerOptions {
  branchId: string
  connection: SqliteConnection
  log: Log
  /** Checkpoints the database on another thread, beside the writes. */
  checkpointBeside(path: string): Promise<unknown>
}

/**
 * Keeps the WAL short without a commit that waits for it. A checkpoint reads thousands of pages and syncs the database
 * file; done by a commit, as SQLite does by itself, tens of milliseconds are added to the answer of every till that
 * happens to write then.
 *
 *   commits:  ──▪──▪──▪──▪──▪──▪──▪──▪──▫──▪──▪     ▫ the rest, written meanwhile, and the WAL begins anew
 *   thread:            └─ 4,000 pages ─┘
 *
 * Commits stay as durable as they are: they sync the WAL themselves. Source: https://sqlite.org/wal.html#ckpt
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions
  #timer: NodeJS.Timeout | undefined
  #pauseMs = MEASURE_MS
  #running: Promise<void> | undefined
  #isStopped = false

  constructor(options: CheckpointerOptions) {
    this.#options = options
  }

  /** After a commit: the WAL is measured a moment later, which takes microseconds. */
  noteCommit(): void {
    if (this.#timer !== undefined || this.#running !== undefined || this.#isStopped) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#running = this.#shorten().finally(() => {
        this.#running = undefined
      })
    }, this.#pauseMs).unref()
  }

  /** Resolves when nothing of it touches the database any more. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  /** Never rejects: the WAL of a checkpoint that failed stays as it is and grows, nothing is lost. */
  async #shorten(): Promise<void> {
    const { connection, log, branchId, checkpointBeside } = this.#options
    this.#pauseMs = MEASURE_MS
    try {
      let left = connection.walPagesLeft()
      if (left < START_PAGES) return
      for (let round = 0; round < MAX_ROUNDS && left > REST_PAGES; round++) {
        await checkpointBeside(connection.path)
        if (this.#isStopped) return
        const rest = connection.walPagesLeft()
        if (rest >= left) this.#pauseMs = PAUSE_MS
        left = rest
      }
      if (left <= REST_PAGES) connection.checkpointBeside()
    } catch (error) {
      this.#pauseMs = PAUSE_MS
      log.warn('checkpoint-failed', { branchId, error })
    }
  }
}
