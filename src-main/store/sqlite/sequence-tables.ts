import type { SqliteConnection, Statement } from './connection.ts'

export interface SequenceRow {
  tbl: string
  field: string
  period: string
  last: number
  last_hash: string | null
  updated_at: string
}

export interface LedgerRow {
  entry: number
  tbl: string
  field: string
  period: string
  first: number
  last: number
  text: string | null
  reason: string
  request: string | null
  client: string | null
  at: string
  record_key: string | null
}

/** The SQL of a branch's sequences and their ledger. */
export class SequenceTables {
  readonly #find: Statement
  readonly #set: Statement
  readonly #list: Statement
  readonly #addEntry: Statement
  readonly #claim: Statement
  readonly #reserved: Statement
  readonly #gaps: Statement
  readonly #gapTotal: Statement
  readonly #rules: Statement
  readonly #setRule: Statement
  readonly #counter: Statement
  readonly #startCounter: Statement

  constructor(connection: SqliteConnection) {
    this.#find = connection.prepare(
      'SELECT tbl, field, period, last, last_hash, updated_at FROM sequences WHERE module = ? AND tbl = ? AND field = ? AND period = ?',
    )
    this.#set = connection.prepare('INSERT OR REPLACE INTO sequences VALUES (?, ?, ?, ?, ?, ?, ?)')
    this.#list = connection.prepare(
      'SELECT tbl, field, period, last, last_hash, updated_at FROM sequences WHERE module = ?',
    )
    this.#addEntry = connection.prepare(
      `INSERT INTO sequence_ledger (module, tbl, field, period, first, last, text, reason, request, client, at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#claim = connection.prepare(
      `UPDATE sequence_ledger SET record_key = ? WHERE module = ? AND tbl = ? AND field = ? AND text = ? AND record_key IS NULL`,
    )
    // INDEXED BY: by their number of columns SQLite would take the index by number, and read the whole ledger.
    this.#reserved = connection.prepare(
      `SELECT * FROM sequence_ledger INDEXED BY sequence_ledger_request
       WHERE module = ? AND request = ? AND tbl = ? AND field = ? AND client IS ? AND reason = 'reserved'`,
    )
    const open = `module = ? AND (? IS NULL OR tbl = ?) AND (? IS NULL OR field = ?) AND record_key IS NULL`
    this.#gaps = connection.prepare(`SELECT * FROM sequence_ledger WHERE ${open} ORDER BY entry DESC LIMIT ?`)
    this.#gapTotal = connection.prepare(`SELECT count(*) AS total FROM sequence_ledger WHERE ${open}`)
    this.#rules = connection.prepare('SELECT tbl, field, rule FROM sequence_rules WHERE module = ?')
    this.#setRule = connection.prepare('INSERT OR REPLACE INTO sequence_rules VALUES (?, ?, ?, ?, ?)')
    this.#counter = connection.prepare(
      'UPDATE counters SET last = last + 1 WHERE module = ? AND tbl = ? RETURNING last',
    )
    this.#startCounter = connection.prepare('INSERT INTO counters VALUES (?, ?, ?)')
  }

  find(module: string, table: string, field: string, period: string): SequenceRow | undefined {
    return this.#find.get(module, table, field, period) as SequenceRow | undefined
  }

  set(
    module: string,
    table: string,
    field: string,
    period: string,
    last: number,
    hash: string | null,
    at: string,
  ): void {
    this.#set.run(module, table, field, period, last, hash, at)
  }

  list(module: string): SequenceRow[] {
    return this.#list.all(module) as SequenceRow[]
  }

  addEntry(module: string, entry: Omit<LedgerRow, 'entry' | 'record_key'>): void {
    const { tbl, field, period, first, last, text, reason, request, client, at } = entry
    this.#addEntry.run(module, tbl, field, period, first, last, text, reason, request, client, at)
  }

  /** The number that a request of a client was given before. */
  findReserved(
    module: string,
    table: string,
    field: string,
    client: string | null,
    request: string,
  ): LedgerRow | undefined {
    return this.#reserved.get(module, request, table, field, client) as LedgerRow | undefined
  }

  /** Notes that a record now carries a number that had been handed out. */
  claim(module: string, table: string, field: string, text: string, recordKey: string): void {
    this.#claim.run(recordKey, module, table, field, text)
  }

  /** Entries that no record carries, newest first. */
  gaps(module: string, table: string | null, field: string | null, limit: number): LedgerRow[] {
    return this.#gaps.all(module, table, table, field, field, limit) as LedgerRow[]
  }

  gapTotal(module: string, table: string | null, field: string | null): number {
    return (this.#gapTotal.get(module, table, table, field, field) as { total: number }).total
  }

  rules(module: string): { tbl: string; field: string; rule: string }[] {
    return this.#rules.all(module) as { tbl: string; field: string; rule: string }[]
  }

  setRule(module: string, table: string, field: string, rule: string, at: string): void {
    this.#setRule.run(module, table, field, rule, at)
  }

  /** The next integer key of a table; `first` is asked once, when the table has no counter yet. */
  nextKey(module: string, table: string, first: () => number): number {
    const next = this.#counter.get(module, table) as { last: number } | undefined
    if (next) return next.last
    const start = first()
    this.#startCounter.run(module, table, start)
    return start
  }
}
