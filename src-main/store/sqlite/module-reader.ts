import type { ModuleDefinition } from '../schema/definition.ts'
import { SqliteConnection } from './connection.ts'
import { eventTableName, quoteName } from './identifiers.ts'
import { RecordTable } from './record-table.ts'

/** Where whole tables are read from: one moment of a module. */
export interface ModuleSource {
  readonly epoch: number
  readonly seq: number
  records(table: string): RecordTable
}

/**
 * A module as it was at one moment, read on a connection of its own inside one read transaction: the writer goes on, and
 * nothing that it commits meanwhile is seen. While it is open the WAL cannot be emptied, so close it soon.
 */
export class ModuleReader implements ModuleSource {
  readonly epoch: number
  readonly seq: number
  readonly #connection: SqliteConnection
  readonly #definition: ModuleDefinition
  readonly #tables = new Map<string, RecordTable>()

  private constructor(connection: SqliteConnection, definition: ModuleDefinition) {
    this.#connection = connection
    this.#definition = definition
    const { moduleId } = definition
    connection.exec('BEGIN')
    // The first read fixes the moment; both values come from it.
    const found = connection
      .prepare(
        `SELECT epoch, max(trimmed_seq, coalesce((SELECT max(seq) FROM ${quoteName(eventTableName(moduleId))}), 0)) AS seq
         FROM modules WHERE module = ?`,
      )
      .get(moduleId) as { epoch: number; seq: number }
    this.epoch = found.epoch
    this.seq = found.seq
  }

  static open(path: string, definition: ModuleDefinition): ModuleReader {
    const connection = SqliteConnection.open(path, { readonly: true })
    try {
      return new ModuleReader(connection, definition)
    } catch (error) {
      connection.close()
      throw error
    }
  }

  records(table: string): RecordTable {
    let records = this.#tables.get(table)
    if (!records) {
      records = new RecordTable(this.#connection, this.#definition.moduleId, this.#definition.tables.get(table)!)
      this.#tables.set(table, records)
    }
    return records
  }

  close(): void {
    this.#connection.close()
  }
}
