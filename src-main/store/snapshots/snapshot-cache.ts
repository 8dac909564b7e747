import type { SnapshotMeta } from '../../../src-shared/protocol/records.ts'
import { addDays } from '../../lib/branch-time.ts'
import type { SnapshotBuffers } from '../api.ts'
import type { ModuleState } from '../module-state.ts'
import type { TableDefinition } from '../schema/definition.ts'
import { compileToSql, parseExpression } from '../schema/expression.ts'
import { fieldColumnName, fieldExpression, quoteName } from '../sqlite/identifiers.ts'
import { needsColumn } from '../sqlite/record-ddl.ts'

type Parameter = string | number | bigint | null

interface TableEntry {
  changedAt: number
  windowDay: string
  chunks: Buffer[]
  bytes: number
  records: number
}

interface Condition {
  sql: string
  parameters: Parameter[]
}

/**
 * A module's snapshot, built once for each version and shared by everybody who asks: 200 tablets that reconnect after a
 * power cut cost one build. Each table's buffers live until that table changes (or its window moves on a day), so a
 * write to one table does not rebuild the others. It can not be stale: it is keyed by the positions of the changes.
 */
export class SnapshotCache {
  readonly #module: ModuleState
  /** First instant of a business day. */
  readonly #dayStart: (day: string) => string
  readonly #today: () => string
  readonly #entries = new Map<string, TableEntry>()
  #current: SnapshotBuffers | undefined
  #currentDay = ''

  constructor(module: ModuleState, today: () => string, dayStart: (day: string) => string) {
    this.#module = module
    this.#today = today
    this.#dayStart = dayStart
  }

  get(): SnapshotBuffers {
    const module = this.#module
    const today = this.#today()
    if (
      this.#current?.seq === module.head.seq &&
      this.#currentDay === today &&
      this.#current.epoch === module.row.epoch
    ) {
      return this.#current
    }
    const tables: SnapshotBuffers['tables'] = []
    const partial: NonNullable<SnapshotMeta['partial']> = {}
    let isPartial = false
    for (const table of module.definition.tables.values()) {
      const entry = this.#table(table, today)
      tables.push({
        name: table.name,
        isSingleton: table.isSingleton,
        chunks: entry.chunks,
        bytes: entry.bytes,
        records: entry.records,
      })
      if (table.snapshot.window || table.snapshot.keep) {
        isPartial = true
        partial[table.name] = { from: table.snapshot.window ? this.#windowStart(table, today) : null }
      }
    }
    const counter = module.totalCount()
    const meta: SnapshotMeta = {
      lastUpdatedAt: module.head.lastEventAt,
      counter,
      labCounter: counter,
      epoch: module.row.epoch,
      ...(isPartial && { partial }),
    }
    this.#current = { epoch: module.row.epoch, seq: module.head.seq, meta, tables }
    this.#currentDay = today
    return this.#current
  }

  /** Gives the memory back; the next reader builds anew. */
  clear(): void {
    this.#entries.clear()
    this.#current = undefined
  }

  #table(table: TableDefinition, today: string): TableEntry {
    const windowDay = table.snapshot.window || table.snapshot.keep ? today : ''
    // A child table follows its parents, so it changes when any of them does.
    const changedAt = this.#lastChange(table, new Set())
    const known = this.#entries.get(table.name)
    if (known && known.changedAt === changedAt && known.windowDay === windowDay) return known
    const condition = this.#condition(table, today, 0)
    const { chunks, records } = this.#module
      .records(table.name)
      .readChunks(condition?.sql ?? '', condition?.parameters ?? [])
    const isEmptyObject = table.isSingleton && chunks.length === 0
    const entry: TableEntry = {
      changedAt,
      windowDay,
      chunks: isEmptyObject ? [Buffer.from('{}')] : chunks,
      bytes: chunks.reduce((sum, chunk) => sum + chunk.length + 1, 2),
      records,
    }
    this.#entries.set(table.name, entry)
    return entry
  }

  #lastChange(table: TableDefinition, seen: Set<string>): number {
    seen.add(table.name)
    let last = this.#module.changedAt(table.name)
    if (!table.snapshot.keep) return last
    for (const field of table.fields) {
      const parent = field.references && this.#module.definition.tables.get(field.references.table)
      if (parent && !seen.has(parent.name)) last = Math.max(last, this.#lastChange(parent, seen))
    }
    return last
  }

  #windowStart(table: TableDefinition, today: string): string {
    return this.#dayStart(addDays(today, 1 - table.snapshot.window!.days))
  }

  /** SQL for the records that a snapshot holds; undefined for all of them. */
  #condition(table: TableDefinition, today: string, depth: number): Condition | undefined {
    const { window, keep } = table.snapshot
    if (!window && !keep) return undefined
    const parts: string[] = []
    const parameters: Parameter[] = []
    if (window) {
      parts.push(`${this.#column(table, window.field)} >= ?`)
      parameters.push(this.#windowStart(table, today))
    }
    if (keep) {
      const compiled = compileToSql(parseExpression(keep), {
        column: (path) => this.#column(table, path),
        kept: (path) => this.#kept(table, path, today, depth),
      })
      parts.push(`(${compiled.sql})`)
      parameters.push(...(compiled.parameters as Parameter[]))
    }
    return { sql: parts.join(' OR '), parameters }
  }

  /** "The record that this reference points at is in the snapshot." */
  #kept(table: TableDefinition, field: string, today: string, depth: number): string {
    const target = table.fieldByName.get(field)?.references?.table
    const parent = target === undefined ? undefined : this.#module.definition.tables.get(target)
    if (!parent || depth > 4) return '1'
    const condition = this.#condition(parent, today, depth + 1)
    if (!condition) return '1'
    return `${this.#column(table, field)} IN (SELECT id FROM ${this.#module.records(parent.name).name} WHERE ${inlined(condition)})`
  }

  #column(table: TableDefinition, field: string): string {
    if (field === 'updatedAt') return 'updated_at'
    if (field === 'createdAt') return 'created_at'
    const definition = table.fieldByName.get(field)
    return definition && needsColumn(table, definition) ? quoteName(fieldColumnName(field)) : fieldExpression(field)
  }
}

/** A condition whose parameters stand in its text, so that it can be nested anywhere. */
function inlined({ sql, parameters }: Condition): string {
  let index = 0
  // Texts of an inner condition stand in it already and may hold a "?".
  return sql.replace(/'(?:[^']|'')*'|\?/g, (found) => {
    if (found !== '?') return found
    const value = parameters[index++] ?? null
    if (value === null) return 'NULL'
    return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
  })
}
