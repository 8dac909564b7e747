import type { JsonObject } from '../../../src-shared/json.ts'
import { readEventLines } from './event-lines.ts'
import { resolveTable, type SchemaShape, type TableShape } from './field-schema.ts'
import type { HybridRow } from './hybrid-sqlite.ts'
import type { ModuleSource } from './module-source.ts'
import { RecordMerge } from './record-merge.ts'
import { NumberWatch } from './sequence-numbers.ts'
import type { SortedTables } from './table-rows.ts'
import type { FieldModule, FieldRule, FieldTable, TakeoverReport } from './types.ts'

export interface ModuleInput {
  root: string
  source: ModuleSource
  schema: SchemaShape
  /** Keys that the data needs where the declared one is not unique. */
  extendedKeys: ReadonlyMap<string, string[]>
  live: SortedTables
  seed: SortedTables
  hybridRows: readonly HybridRow[]
  rules: readonly FieldRule[]
  sequenceState: JsonObject | undefined
  sequenceStateItem: string
  report: TakeoverReport
}

/** Puts one module of one branch together from all its files. */
export function mergeModule(input: ModuleInput): FieldModule {
  const { source, live, report } = input
  const numbers = new NumberWatch(input.rules, source.branchId)
  const tables = new Map<string, RecordMerge>()
  const written = new Set<string>()
  const mergeOf = (table: TableShape): RecordMerge => {
    const merge = tables.get(table.name) ?? newMerge(table, input)
    tables.set(table.name, merge)
    return merge
  }

  for (const { table, rows, item } of live.lists) {
    mergeOf(table).addRows(rows, item, source.live.savedAt, 'data.json')
    for (const row of rows) numbers.see(table, row)
    if (rows.length > 0) written.add(table.name)
  }
  for (const row of input.hybridRows) addHybridRow(row, input, mergeOf, numbers, written)
  applyEvents(input, mergeOf, numbers, written)
  for (const archive of source.archives) {
    for (const { name, records } of archive.tables) {
      const table = resolveTable(input.schema, name)
      if (table) {
        written.add(table.name)
        for (const record of records) numbers.see(table, record)
      }
    }
  }
  if (input.sequenceState) numbers.readState(input.sequenceState, source.moduleId, input.sequenceStateItem, report)

  return {
    moduleId: source.moduleId,
    schemaOverride: source.schemaOverride,
    tables: [...toTables(tables), ...live.singletons.map(toSingleton('data.json'))],
    seeds: readSeeds(input, written, numbers),
    sequences: numbers.toSequences(),
    archives: source.archives,
    version: source.live.version,
  }
}

function newMerge(table: TableShape, input: ModuleInput): RecordMerge {
  return new RecordMerge(table, input.extendedKeys.get(table.name) ?? table.primaryKey, input.report)
}

function addHybridRow(
  row: HybridRow,
  input: ModuleInput,
  mergeOf: (table: TableShape) => RecordMerge,
  numbers: NumberWatch,
  written: Set<string>,
): void {
  const table = resolveTable(input.schema, row.table)
  if (!table) {
    input.report.refuse(row.item, `the schema has no table ${row.table}`)
    return
  }
  mergeOf(table).addSqlite(row.record, row.item, row.updatedAt)
  numbers.see(table, row.record)
  written.add(table.name)
}

function applyEvents(
  input: ModuleInput,
  mergeOf: (table: TableShape) => RecordMerge,
  numbers: NumberWatch,
  written: Set<string>,
): void {
  const { source, report } = input
  if (source.path === null) return
  const path = `${source.path}/live/events.log`
  for (const { item, table: name, event } of readEventLines(input.root, path, report)) {
    const table = resolveTable(input.schema, name)
    if (!table) {
      report.refuse(`${path}#${name}`, `the schema has no table ${name}`)
      continue
    }
    if (table.name !== name) report.note(`${path}#${name}`, `the events belong to table ${table.name}`)
    written.add(table.name)
    numbers.see(table, event.record)
    const floor = Math.max(source.floors.module, purgeFloor(source, table, name))
    const isHistory = event.createdAt !== undefined && event.createdAt <= floor
    if (!isHistory) mergeOf(table).applyEvent(event, item)
  }
}

function purgeFloor(source: ModuleSource, table: TableShape, name: string): number {
  return Math.max(source.floors.tables.get(table.name) ?? 0, source.floors.tables.get(name) ?? 0)
}

/** A seed counts only for what never was written: a table is seeded once, ever. */
function readSeeds(input: ModuleInput, written: ReadonlySet<string>, numbers: NumberWatch): FieldTable[] {
  const merges = new Map<string, RecordMerge>()
  for (const { table, rows, item } of input.seed.lists) {
    if (written.has(table.name) || rows.length === 0) continue
    const merge = merges.get(table.name) ?? newMerge(table, input)
    merges.set(table.name, merge)
    merge.addRows(rows, item, undefined, 'seed')
    for (const row of rows) numbers.see(table, row)
  }
  const live = new Set(input.live.singletons.map((one) => one.name))
  const singletons = input.seed.singletons.filter((one) => !live.has(one.name))
  return [...toTables(merges), ...singletons.map(toSingleton('seed'))]
}

/** Tables that hold something. */
function toTables(merges: ReadonlyMap<string, RecordMerge>): FieldTable[] {
  return [...merges.values()].map((merge) => merge.toTable()).filter((table) => table.records.length > 0)
}

function toSingleton(source: 'data.json' | 'seed') {
  return ({ name, record }: { name: string; record: JsonObject }): FieldTable => ({
    name,
    isSingleton: true,
    primaryKey: ['id'],
    records: [{ key: name, record, source }],
  })
}
