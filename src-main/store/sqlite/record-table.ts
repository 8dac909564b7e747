import { crc32 } from 'node:zlib'
import { compileTable } from '../schema/compile-table.ts'
import type { TableDefinition } from '../schema/definition.ts'
import type { SqliteConnection, Statement } from './connection.ts'
import { decimalColumnName, quoteName, recordTableName } from './identifiers.ts'

export interface StoredRow {
  n: number
  id: string
  seq: number
  born: number
  version: number
  createdAt: string
  updatedAt: string
  doc: string
}

export interface NewRow {
  id: string
  seq: number
  born: number
  version: number
  createdAt: string
  updatedAt: string
  doc: string
  /** UTF-8 of `doc`, where the caller has it. */
  docBytes?: Buffer
  decimals: (number | bigint | null)[]
}

/** The check value of a row: everything a reader can see of it. */
export function rowChecksum(row: Omit<NewRow, 'decimals'>, decimals: readonly (number | bigint | null)[]): number {
  const head = `${row.id}\n${row.seq}\n${row.born}\n${row.version}\n${row.createdAt}\n${row.updatedAt}\n${decimals.join(',')}\n`
  return crc32(row.docBytes ?? row.doc, crc32(head))
}

const SELECT = 'n, id, seq, born, version, created_at AS createdAt, updated_at AS updatedAt, doc'
/** A chunk of a snapshot closes after this many bytes of records. */
const CHUNK_BYTES = 256 * 1024

/** The SQL of one record table; what a write means is decided in store/tables. */
export class RecordTable {
  readonly name: string
  readonly definition: TableDefinition
  /** SQL for the document without its secret fields. */
  readonly publicDoc: string
  readonly #connection: SqliteConnection
  readonly #find: Statement
  readonly #insert: Statement
  readonly #insertNew: Statement
  readonly #update: Statement
  readonly #delete: Statement
  readonly #changedAfter: Statement
  readonly #statements = new Map<string, Statement>()

  constructor(connection: SqliteConnection, moduleId: string, definition: TableDefinition) {
    this.#connection = connection
    this.definition = definition
    this.name = quoteName(recordTableName(moduleId, definition.name))
    // Every spelling: a record keeps a secret under the name that its client sent, too.
    const secrets = compileTable(definition).secretKeys
    this.publicDoc =
      secrets.length === 0 ? 'doc' : `json_remove(doc, ${secrets.map((key) => `'$."${key}"'`).join(', ')})`
    const decimals = definition.decimalFields.map((field) => quoteName(decimalColumnName(field.name)))
    const columns = ['seq', 'version', 'updated_at', 'doc', 'checksum', ...decimals]
    this.#find = connection.prepare(`SELECT ${SELECT} FROM ${this.name} WHERE id = ?`)
    // A text that comes as bytes is bound without being encoded again.
    const places = columns.map((column) => (column === 'doc' ? 'CAST(? AS TEXT)' : '?'))
    const insert = `INSERT INTO ${this.name} (id, born, created_at, ${columns.join(', ')}) VALUES (?, ?, ?, ${places.join(', ')})`
    this.#insert = connection.prepare(insert)
    this.#insertNew = connection.prepare(`${insert} ON CONFLICT (id) DO NOTHING`)
    this.#update = connection.prepare(
      `UPDATE ${this.name} SET ${columns.map((column, index) => `${column} = ${places[index]}`).join(', ')} WHERE n = ?`,
    )
    this.#delete = connection.prepare(`DELETE FROM ${this.name} WHERE n = ?`)
    this.#changedAfter = connection.prepare(
      `SELECT id, seq, born, ${this.publicDoc} AS doc FROM ${this.name} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
    )
  }

  find(id: string): StoredRow | undefined {
    return this.#find.get(id) as StoredRow | undefined
  }

  insert(row: NewRow): void {
    this.#runInsert(this.#insert, row)
  }

  /** False, and nothing done, when the id is there already. */
  insertNew(row: NewRow): boolean {
    return this.#runInsert(this.#insertNew, row) > 0
  }

  #runInsert(statement: Statement, row: NewRow): number {
    const { id, born, createdAt, seq, version, updatedAt, decimals } = row
    const doc = row.docBytes ?? row.doc
    return statement.run(id, born, createdAt, seq, version, updatedAt, doc, rowChecksum(row, decimals), ...decimals)
      .changes
  }

  update(n: number, row: NewRow): void {
    const { seq, version, updatedAt, decimals } = row
    this.#update.run(seq, version, updatedAt, row.docBytes ?? row.doc, rowChecksum(row, decimals), ...decimals, n)
  }

  delete(n: number): void {
    this.#delete.run(n)
  }

  count(): number {
    return (this.statement('SELECT count(*) AS total FROM %t').get() as { total: number }).total
  }

  /** Public records changed after `seq` up to `upTo`, in order of change. */
  changedAfter(seq: number, upTo: number, limit: number): { id: string; seq: number; born: number; doc: string }[] {
    return this.#changedAfter.all(seq, upTo, limit) as { id: string; seq: number; born: number; doc: string }[]
  }

  /** All rows in order of creation, in batches, for archives and checks; secret fields included. */
  *batches(size: number): Generator<StoredRow[]> {
    const statement = this.statement(`SELECT ${SELECT} FROM %t WHERE n > ? ORDER BY n LIMIT ?`)
    let after = 0
    for (;;) {
      const rows = statement.all(after, size) as StoredRow[]
      if (rows.length === 0) return
      after = rows.at(-1)!.n
      yield rows
    }
  }

  /**
   * Public records as chunks of comma-joined JSON, cut at about 256 KiB; made inside SQLite, so that no record becomes
   * a JavaScript string. `where` is SQL over the table's columns, "" for all of them.
   */
  readChunks(
    where: string,
    parameters: readonly (string | number | bigint | null)[],
  ): { chunks: Buffer[]; records: number } {
    const rows = this.statement(
      `SELECT CAST(group_concat(doc, ',') AS BLOB) AS chunk, count(*) AS records FROM (
         SELECT ${this.publicDoc} AS doc, sum(octet_length(doc)) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) / ${CHUNK_BYTES} AS part
         FROM %t ${where && `WHERE ${where}`} ORDER BY n) GROUP BY part ORDER BY part`,
    ).all(...parameters) as { chunk: Buffer; records: number }[]
    let records = 0
    for (const row of rows) records += row.records
    return { chunks: rows.map((row) => row.chunk), records }
  }

  deleteAll(): number {
    return this.statement('DELETE FROM %t').run().changes
  }

  /** A prepared statement by its text, `%t` standing for the table; kept while the connection is open. */
  statement(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (!statement) {
      if (this.#statements.size > 200) this.#statements.clear()
      statement = this.#connection.prepare(sql.replaceAll('%t', this.name))
      this.#statements.set(sql, statement)
    }
    return statement
  }
}
