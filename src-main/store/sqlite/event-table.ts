import type { SqliteConnection, Statement } from './connection.ts'
import { eventTableName, quoteName, tombstoneTableName } from './identifiers.ts'

export interface EventRow {
  seq: number
  id: string
  epoch: number
  action: string
  tbl: string | null
  key: string | null
  record: string | null
  private: string | null
  fields: string | null
  meta: string
  grp: string | null
  /** 1 created, 2 deleted. */
  flags: number
  at: string
  hash: string
}

export interface Tombstone {
  tbl: string
  key: string
  seq: number
  version: number
}

/** Events that one statement inserts while a group commit runs: a quarter less time an event than one by one. */
const ROWS_AT_ONCE = 8
/** Of an event of one record, as nearly all are: each bound value costs. */
const PLAIN_COLUMNS = ['seq', 'id', 'epoch', 'action', 'tbl', 'key', 'record', 'meta', 'flags', 'at', 'hash']

/** The SQL of a module's event log and tombstones. */
export class EventTable {
  readonly #insert: Statement
  readonly #insertPlain: Statement
  readonly #insertPlainRows: Statement
  readonly #after: Statement
  readonly #before: Statement
  readonly #byId: Statement
  readonly #bySeq: Statement
  readonly #last: Statement
  readonly #trim: Statement
  readonly #count: Statement
  readonly #tombstoneAny: Statement
  readonly #tombstoneFind: Statement
  readonly #tombstoneSet: Statement
  readonly #tombstoneDelete: Statement
  readonly #tombstonesAfter: Statement
  readonly #tombstonesTrim: Statement
  readonly #tombstoneName: string
  readonly #connection: SqliteConnection
  /** Values of the rows that wait for their statement, while they may; otherwise undefined. */
  #held: (string | number | Buffer | null)[] | undefined
  /** Whether a table may have tombstones; most never have one. */
  readonly #buried = new Map<string, boolean>()

  constructor(connection: SqliteConnection, moduleId: string) {
    const events = quoteName(eventTableName(moduleId))
    const tombstones = quoteName(tombstoneTableName(moduleId))
    this.#connection = connection
    this.#tombstoneName = tombstones
    this.#insert = connection.prepare(
      `INSERT INTO ${events} VALUES (?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?, ?)`,
    )
    const places = PLAIN_COLUMNS.map((column) => (column === 'record' ? 'CAST(? AS TEXT)' : '?'))
    const insertPlain = `INSERT INTO ${events} (${PLAIN_COLUMNS.join(', ')}) VALUES `
    const row = `(${places.join(', ')})`
    this.#insertPlain = connection.prepare(insertPlain + row)
    this.#insertPlainRows = connection.prepare(insertPlain + Array(ROWS_AT_ONCE).fill(row).join(', '))
    this.#after = connection.prepare(`SELECT * FROM ${events} WHERE seq > ? ORDER BY seq LIMIT ?`)
    this.#before = connection.prepare(`SELECT * FROM ${events} WHERE seq <= ? ORDER BY seq DESC LIMIT ?`)
    this.#byId = connection.prepare(`SELECT * FROM ${events} WHERE id = ?`)
    this.#bySeq = connection.prepare(`SELECT * FROM ${events} WHERE seq = ?`)
    this.#last = connection.prepare(`SELECT * FROM ${events} ORDER BY seq DESC LIMIT 1`)
    this.#trim = connection.prepare(`DELETE FROM ${events} WHERE seq <= ?`)
    this.#count = connection.prepare(`SELECT count(*) AS total FROM ${events}`)
    this.#tombstoneAny = connection.prepare(`SELECT 1 FROM ${tombstones} WHERE tbl = ? LIMIT 1`)
    this.#tombstoneFind = connection.prepare(
      `SELECT tbl, key, seq, version FROM ${tombstones} WHERE tbl = ? AND key = ?`,
    )
    this.#tombstoneSet = connection.prepare(`INSERT OR REPLACE INTO ${tombstones} VALUES (?, ?, ?, ?, ?)`)
    this.#tombstoneDelete = connection.prepare(`DELETE FROM ${tombstones} WHERE tbl = ? AND key = ?`)
    this.#tombstonesAfter = connection.prepare(
      `SELECT tbl, key, seq, version FROM ${tombstones} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
    )
    this.#tombstonesTrim = connection.prepare(`DELETE FROM ${tombstones} WHERE seq <= ?`)
  }

  /**
   * Lets plain rows wait for others, until `settle` or `discard`: for a group of jobs in one transaction. Whatever reads
   * the log meanwhile finds them.
   */
  hold(): void {
    this.#held = []
  }

  /** Inserts what waits; before COMMIT. @throws what the database says to one of the rows. */
  settle(): void {
    this.#insertHeld()
    this.#held = undefined
  }

  /** Forgets what waits: the transaction was rolled back. */
  discard(): void {
    this.#held = undefined
  }

  #insertHeld(): void {
    const held = this.#held
    if (held === undefined || held.length === 0) return
    this.#held = []
    const size = PLAIN_COLUMNS.length
    if (held.length === size * ROWS_AT_ONCE) this.#insertPlainRows.run(held)
    else for (let at = 0; at < held.length; at += size) this.#insertPlain.run(held.slice(at, at + size))
  }

  /** @param recordBytes - UTF-8 of `row.record`, where the caller has it: it need not be encoded again. */
  append(row: EventRow, recordBytes?: Buffer): void {
    const { seq, id, epoch, action, tbl, key, fields, meta, grp, flags, at, hash } = row
    const record = recordBytes ?? row.record
    const isPlain = row.private === null && fields === null && grp === null
    if (isPlain && this.#held) {
      this.#held.push(seq, id, epoch, action, tbl, key, record, meta, flags, at, hash)
      if (this.#held.length === PLAIN_COLUMNS.length * ROWS_AT_ONCE) this.#insertHeld()
      return
    }
    if (isPlain) {
      this.#insertPlain.run(seq, id, epoch, action, tbl, key, record, meta, flags, at, hash)
      return
    }
    this.#insertHeld()
    this.#insert.run(seq, id, epoch, action, tbl, key, record, row.private, fields, meta, grp, flags, at, hash)
  }

  readAfter(seq: number, limit: number): EventRow[] {
    this.#insertHeld()
    return this.#after.all(seq, limit) as EventRow[]
  }

  /** Newest first. */
  readBefore(seq: number, limit: number): EventRow[] {
    this.#insertHeld()
    return this.#before.all(seq, limit) as EventRow[]
  }

  findById(id: string): EventRow | undefined {
    this.#insertHeld()
    return this.#byId.get(id) as EventRow | undefined
  }

  findBySeq(seq: number): EventRow | undefined {
    this.#insertHeld()
    return this.#bySeq.get(seq) as EventRow | undefined
  }

  last(): EventRow | undefined {
    this.#insertHeld()
    return this.#last.get() as EventRow | undefined
  }

  count(): number {
    this.#insertHeld()
    return (this.#count.get() as { total: number }).total
  }

  /**
   * The last event recorded before an instant, among those after `after` up to `upTo`; `after` when there is none.
   *
   * Halves the range each time, so that a million events cost twenty lookups: their times ascend, but for a clock that
   * was set back.
   */
  lastSeqBefore(at: string, after: number, upTo: number): number {
    let low = after
    let high = upTo
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      const event = this.findBySeq(middle)
      if (event !== undefined && event.at < at) low = middle
      else high = middle - 1
    }
    return low
  }

  trim(seq: number): void {
    this.#insertHeld()
    this.#trim.run(seq)
    this.#tombstonesTrim.run(seq)
  }

  findTombstone(table: string, key: string): Tombstone | undefined {
    let hasBuried = this.#buried.get(table)
    if (hasBuried === undefined) {
      hasBuried = this.#tombstoneAny.get(table) !== undefined
      this.#buried.set(table, hasBuried)
    }
    return hasBuried ? (this.#tombstoneFind.get(table, key) as Tombstone | undefined) : undefined
  }

  setTombstone(table: string, key: string, seq: number, version: number, at: string): void {
    this.#buried.set(table, true)
    this.#tombstoneSet.run(table, key, seq, version, at)
  }

  deleteTombstone(table: string, key: string): void {
    this.#tombstoneDelete.run(table, key)
  }

  /** Leaves a tombstone for every record of a table that is about to be cleared. */
  buryTable(recordTable: string, table: string, seq: number, at: string): void {
    this.#buried.set(table, true)
    this.#connection
      .prepare(`INSERT OR REPLACE INTO ${this.#tombstoneName} SELECT ?, id, ?, version, ? FROM ${recordTable}`)
      .run(table, seq, at)
  }

  tombstonesAfter(seq: number, upTo: number, limit: number): Tombstone[] {
    return this.#tombstonesAfter.all(seq, upTo, limit) as Tombstone[]
  }
}
