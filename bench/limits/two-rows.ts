import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import Database from 'better-sqlite3'

type Value = string | number | bigint | Buffer | null

interface Template {
  insert: Database.Statement<Value[], unknown>
  values: Value[]
  /** Places of the values that differ from row to row. */
  id: number
  seq: number
  times: number[]
}

/**
 * The least that a durable write of ours costs: the record with its indexes and the event, inserted by SQLite alone into
 * a copy of our own database, with our own settings. The rows are the last ones that the server wrote, with new ids.
 */
export class TwoRows {
  readonly #db: Database.Database
  readonly #record: Template
  readonly #event: Template
  readonly #recordDoc: number
  readonly #eventDoc: number
  readonly #eventKey: number
  readonly #begin: Database.Statement
  readonly #commit: Database.Statement
  readonly #sampleKey: string
  readonly #sampleEventId: string
  readonly #doc: string[]
  readonly #sample: Record<string, unknown>
  readonly #meta: string
  readonly #eventHash: number
  readonly #checksum: number
  #lastHash = ''
  #next: number

  constructor(path: string) {
    this.#db = new Database(path)
    for (const pragma of [
      'journal_mode = WAL',
      'synchronous = FULL',
      'wal_autocheckpoint = 4000',
      'cache_size = -24576',
      'temp_store = MEMORY',
      'mmap_size = 0',
    ]) {
      this.#db.pragma(pragma)
    }
    const event = this.#db
      .prepare(`SELECT * FROM "pos//events" WHERE tbl = 'order_line' ORDER BY seq DESC LIMIT 1`)
      .get()
    const row = event as Record<string, Value>
    this.#sampleKey = String(row.key)
    this.#sampleEventId = String(row.id)
    const record = this.#db.prepare('SELECT * FROM "pos/order_line" WHERE id = ?').get(this.#sampleKey)
    const { n: _n, ...stored } = record as Record<string, Value>
    this.#record = this.#template('pos/order_line', withoutVirtual(stored), 'id')
    this.#event = this.#template('pos//events', row, 'id')
    this.#recordDoc = Object.keys(withoutVirtual(stored)).indexOf('doc')
    this.#eventDoc = Object.keys(row).indexOf('record')
    this.#eventKey = Object.keys(row).indexOf('key')
    this.#doc = String(stored.doc).split(this.#sampleKey)
    this.#sample = JSON.parse(String(stored.doc)) as Record<string, unknown>
    this.#meta = String(row.meta)
    this.#eventHash = Object.keys(row).indexOf('hash')
    this.#checksum = Object.keys(withoutVirtual(stored)).indexOf('checksum')
    this.#begin = this.#db.prepare('BEGIN IMMEDIATE')
    this.#commit = this.#db.prepare('COMMIT')
    this.#next = Number(row.seq)
  }

  /** One durable transaction of `size` writes. */
  writeGroup(size: number): void {
    const now = new Date().toISOString()
    for (const { values, times } of [this.#record, this.#event]) for (const place of times) values[place] = now
    this.#begin.run()
    for (let index = 0; index < size; index++) {
      const key = `${this.#sampleKey.slice(0, -8)}r${(this.#next + 1).toString(36).padStart(7, '0')}`
      this.#write(key, this.#doc.join(key))
    }
    this.#commit.run()
  }

  /** The same with what no such row can do without: its JSON text, its checksum, the hash over the event before it. */
  writeGroupInFull(size: number): void {
    this.#begin.run()
    for (let index = 0; index < size; index++) {
      const key = `${this.#sampleKey.slice(0, -8)}r${(this.#next + 1).toString(36).padStart(7, '0')}`
      const doc = JSON.stringify({ ...this.#sample, id: key, orderId: `order-${key}` })
      this.#lastHash = hash('sha256', `${this.#lastHash}\n${doc}${this.#meta}`, 'hex')
      this.#event.values[this.#eventHash] = this.#lastHash
      this.#record.values[this.#checksum] = crc32(doc)
      this.#write(key, doc)
    }
    this.#commit.run()
  }

  /** One durable transaction with these records. */
  writeRecords(records: readonly { key: string; doc: string }[]): void {
    this.#begin.run()
    for (const { key, doc } of records) this.#write(key, doc)
    this.#commit.run()
  }

  #write(key: string, doc: string): void {
    const seq = ++this.#next
    const { insert, values, id, seq: seqPlace } = this.#record
    values[id] = key
    values[seqPlace] = seq
    values[this.#recordDoc] = doc
    insert.run(...values)
    const event = this.#event
    // As long as the id of the row that it stands for: its index is a part of what is measured.
    event.values[event.id] = `${this.#sampleEventId.slice(0, -8)}${key.slice(-8)}`
    event.values[event.seq] = seq
    event.values[this.#eventDoc] = doc
    event.values[this.#eventKey] = key
    event.insert.run(...event.values)
  }

  #template(table: string, row: Record<string, Value>, idColumn: string): Template {
    const columns = Object.keys(row)
    const names = columns.map((column) => `"${column}"`).join(', ')
    const places = columns.map(() => '?').join(', ')
    return {
      insert: this.#db.prepare(`INSERT INTO "${table}" (${names}) VALUES (${places})`),
      values: Object.values(row),
      id: columns.indexOf(idColumn),
      seq: columns.indexOf('seq'),
      times: columns.flatMap((column, index) => (/^(?:at|created_at|updated_at)$/.test(column) ? [index] : [])),
    }
  }
}

/** Generated columns cannot be inserted. */
function withoutVirtual(row: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(row).filter(([column]) => !column.startsWith('f.')))
}
