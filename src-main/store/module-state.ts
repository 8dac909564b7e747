import type { ModuleDefinition, TableDefinition } from './schema/definition.ts'
import { createTableResolver } from './schema/resolve-table.ts'
import type { SqliteConnection } from './sqlite/connection.ts'
import { EventTable } from './sqlite/event-table.ts'
import { RecordTable } from './sqlite/record-table.ts'
import type { StoredEvent } from './types.ts'

/** The end of a module's event log. */
export interface Head {
  seq: number
  hash: string
  lastEventId: string | null
  lastEventAt: string | null
}

/** The row of `modules` that changes at run time. */
export interface ModuleRow {
  epoch: number
  baseSeq: number
  baseHash: string
  snapshotFloor: number
  trimmedSeq: number
  trimmedHash: string
  liveFrom: number
  liveDay: string
}

/**
 * A module's tables, statements and the end of its log. `head` is the committed end; a running group commit appends to
 * `staged`, which becomes the head only after COMMIT.
 */
export class ModuleState {
  readonly branchId: string
  readonly moduleId: string
  readonly definition: ModuleDefinition
  readonly resolveTable: (name: string) => TableDefinition
  readonly events: EventTable
  readonly row: ModuleRow
  head: Head
  staged: Head | undefined
  readonly #tables = new Map<string, RecordTable>()
  readonly #counts = new Map<string, number>()
  readonly #changedAt = new Map<string, number>()

  constructor(connection: SqliteConnection, branchId: string, definition: ModuleDefinition, row: ModuleRow) {
    this.branchId = branchId
    this.moduleId = definition.moduleId
    this.definition = definition
    this.resolveTable = createTableResolver(definition)
    this.row = row
    this.events = new EventTable(connection, definition.moduleId)
    for (const table of definition.tables.values()) {
      this.#tables.set(table.name, new RecordTable(connection, definition.moduleId, table))
    }
    const last = this.events.last()
    this.head = last
      ? { seq: last.seq, hash: last.hash, lastEventId: last.id, lastEventAt: last.at }
      : { seq: row.trimmedSeq, hash: row.trimmedHash, lastEventId: null, lastEventAt: null }
  }

  records(table: string): RecordTable {
    return this.#tables.get(table)!
  }

  /** Records in a table; counted once, then kept by the committed events. */
  count(table: string): number {
    let count = this.#counts.get(table)
    if (count === undefined) {
      count = this.records(table).count()
      this.#counts.set(table, count)
    }
    return count
  }

  totalCount(): number {
    let total = 0
    for (const table of this.definition.tables.keys()) total += this.count(table)
    return total
  }

  /** Position of the last committed change of a table in this process; 0 when it has not changed since the start. */
  changedAt(table: string): number {
    return this.#changedAt.get(table) ?? 0
  }

  /** After COMMIT, for each committed event of a record. */
  noteEvent({ table, seq, isCreated, isDeleted }: StoredEvent): void {
    if (table === null) return
    this.#changedAt.set(table, seq)
    const count = this.#counts.get(table)
    if (count !== undefined) this.#counts.set(table, count + (isCreated ? 1 : isDeleted ? -1 : 0))
  }

  /** After a change of whole tables. */
  forgetCounts(seq: number): void {
    this.#counts.clear()
    for (const table of this.definition.tables.keys()) this.#changedAt.set(table, seq)
  }
}
