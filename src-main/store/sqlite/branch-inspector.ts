import type { JsonObject } from '../../../src-shared/json.ts'
import { parseSchema } from '../schema/parse-schema.ts'
import { LAYOUT_VERSION } from './branch-tables.ts'
import type { SqliteConnection } from './connection.ts'
import { EventTable } from './event-table.ts'
import { decimalColumnName, eventTableName, quoteName, recordTableName } from './identifiers.ts'
import type { NewRow } from './record-table.ts'

/** A module's row as the database tells it, without a schema file. */
export interface InspectedModule {
  moduleId: string
  definition: string
  epoch: number
  baseSeq: number
  baseHash: string
  trimmedSeq: number
  trimmedHash: string
  createdAt: string
}

export interface InspectedTable {
  name: string
  sqlName: string
  /** Orders of the decimal columns under which a row's checksum may have been made. */
  decimalOrders: string[][]
}

export interface CheckedRow extends Omit<NewRow, 'decimals'> {
  checksum: number
  decimals: Record<string, bigint | null>
}

export interface SequenceState {
  module: string
  tbl: string
  field: string
  period: string
  last: number
  lastHash: string | null
}

/** Reads a branch database by what stands in it alone: for checks, backups and restores. */
export class BranchInspector {
  readonly #connection: SqliteConnection

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  /** The layout that the file was written with, 0 for a file that is no branch database. */
  layout(): number {
    if (!this.#hasTable('meta') || !this.#hasTable('modules')) return 0
    const row = this.#connection.prepare("SELECT value FROM meta WHERE key = 'layout'").get() as
      | { value: string }
      | undefined
    return Number(row?.value ?? 0)
  }

  get isReadable(): boolean {
    const layout = this.layout()
    return layout >= 1 && layout <= LAYOUT_VERSION
  }

  modules(): InspectedModule[] {
    return this.#connection
      .prepare(
        `SELECT module AS moduleId, definition, epoch, base_seq AS baseSeq, base_hash AS baseHash,
           trimmed_seq AS trimmedSeq, trimmed_hash AS trimmedHash, created_at AS createdAt FROM modules ORDER BY module`,
      )
      .all() as InspectedModule[]
  }

  events(moduleId: string): EventTable {
    return new EventTable(this.#connection, moduleId)
  }

  /** The end of a module's log. */
  head(module: InspectedModule): { seq: number; hash: string } {
    const last = this.#connection
      .prepare(`SELECT seq, hash FROM ${quoteName(eventTableName(module.moduleId))} ORDER BY seq DESC LIMIT 1`)
      .get() as { seq: number; hash: string } | undefined
    return last ?? { seq: module.trimmedSeq, hash: module.trimmedHash }
  }

  /** Every table of a module that holds records; tables that a schema change set aside are left out. */
  tables(module: InspectedModule): InspectedTable[] {
    const prefix = recordTableName(module.moduleId, '')
    const names = this.#connection
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all() as { name: string }[]
    const own = names.map(({ name }) => name).filter((name) => name.startsWith(prefix) && !name.includes('//'))
    const orders = definedOrders(module)
    return own.map((sqlName) => {
      const name = unfold(sqlName.slice(prefix.length))
      const physical = this.#decimalColumns(sqlName)
      const defined = orders.get(name)?.filter((column) => physical.includes(column))
      return { name, sqlName, decimalOrders: defined ? [defined, physical] : [physical] }
    })
  }

  count(table: InspectedTable): number {
    const row = this.#connection.prepare(`SELECT count(*) AS total FROM ${quoteName(table.sqlName)}`).get()
    return (row as { total: number }).total
  }

  /** All rows of a table with their check values, in batches. */
  *rows(table: InspectedTable, size: number): Generator<CheckedRow[]> {
    const columns = table.decimalOrders.at(-1)!
    const statement = this.#connection.prepare(
      `SELECT n, id, seq, born, version, created_at, updated_at, doc, checksum${columns
        .map((column) => `, ${quoteName(column)}`)
        .join('')} FROM ${quoteName(table.sqlName)} WHERE n > ? ORDER BY n LIMIT ?`,
    )
    // Scaled decimals may have more digits than a double holds.
    statement.safeIntegers(true).raw(true)
    for (let after = BigInt(Number.MIN_SAFE_INTEGER); ; ) {
      const rows = statement.all(after, size) as (bigint | string | null)[][]
      if (rows.length === 0) return
      after = rows.at(-1)![0] as bigint
      yield rows.map((row) => checkedRow(row, columns))
    }
  }

  /** "ok", or the first thing that SQLite finds wrong with the file. */
  integrity(): string {
    return String(this.#connection.pragma('integrity_check(1)'))
  }

  sequences(): SequenceState[] {
    return this.#connection
      .prepare(
        `SELECT module, tbl, field, period, last, last_hash AS lastHash FROM sequences
         ORDER BY module, tbl, field, period`,
      )
      .all() as SequenceState[]
  }

  counters(): { module: string; tbl: string; last: number }[] {
    return this.#connection.prepare('SELECT module, tbl, last FROM counters ORDER BY module, tbl').all() as {
      module: string
      tbl: string
      last: number
    }[]
  }

  #hasTable(name: string): boolean {
    return (
      this.#connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined
    )
  }

  #decimalColumns(sqlName: string): string[] {
    const columns = this.#connection.prepare('SELECT name FROM pragma_table_xinfo(?) ORDER BY cid').all(sqlName) as {
      name: string
    }[]
    return columns.map(({ name }) => name).filter((name) => name.startsWith('d.'))
  }
}

/** Orders of decimal columns as the schema last applied declares them; empty when it cannot be read any more. */
function definedOrders({ moduleId, definition }: InspectedModule): Map<string, string[]> {
  const orders = new Map<string, string[]>()
  try {
    const { tables } = parseSchema(JSON.parse(definition) as JsonObject, { moduleId })
    for (const table of tables.values()) {
      orders.set(
        table.name,
        table.decimalFields.map((field) => decimalColumnName(field.name)),
      )
    }
  } catch {
    // The order of the columns in the file is all there is then; a wrong one would show as failed checksums.
  }
  return orders
}

function checkedRow(row: (bigint | string | null)[], columns: readonly string[]): CheckedRow {
  const [, id, seq, born, version, createdAt, updatedAt, doc, checksum, ...values] = row
  const decimals: Record<string, bigint | null> = {}
  columns.forEach((column, index) => {
    decimals[column] = values[index] as bigint | null
  })
  return {
    id: String(id),
    seq: Number(seq),
    born: Number(born),
    version: Number(version),
    createdAt: String(createdAt),
    updatedAt: String(updatedAt),
    doc: String(doc),
    checksum: Number(checksum),
    decimals,
  }
}

/** Back from the case-safe form of identifiers.ts. */
function unfold(name: string): string {
  return name.replace(/\^(.)/g, (_, letter: string) => letter.toUpperCase())
}
