import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import { resolveTable, type SchemaShape, type TableShape } from './field-schema.ts'
import type { TakeoverReport } from './types.ts'

export interface NamedRows {
  table: TableShape
  rows: JsonObject[]
  /** Where they lie: file#tables.name. */
  item: string
}

export interface SortedTables {
  lists: NamedRows[]
  /** Objects that stand where a list is expected: settings and the like, by their own name. */
  singletons: { name: string; record: JsonObject }[]
}

/** A table's value as rows: a list, or an object that holds one in `rows`; undefined for any other object. */
export function rowsOf(value: JsonValue): JsonObject[] | undefined {
  if (Array.isArray(value)) return value.filter(isJsonObject)
  return isJsonObject(value) && Array.isArray(value.rows) ? value.rows.filter(isJsonObject) : undefined
}

/** Sorts the tables of a snapshot or a seed by what they are; what is neither is reported. */
export function sortTables(
  tables: readonly [string, JsonValue][],
  file: string,
  schema: SchemaShape,
  report: TakeoverReport,
): SortedTables {
  const sorted: SortedTables = { lists: [], singletons: [] }
  for (const [name, value] of tables) {
    const item = `${file}#tables.${name}`
    const table = resolveTable(schema, name)
    const rows = rowsOf(value)
    if (rows && table) {
      sorted.lists.push({ table, rows, item })
      if (table.name !== name) report.note(item, `the records belong to table ${table.name}`)
      const others = Array.isArray(value) ? value.length - rows.length : 0
      if (others > 0) report.refuse(item, `${others} entries are not objects`)
    } else if (rows) {
      if (rows.length > 0) report.refuse(item, `the schema has no table ${name}; it holds ${rows.length} records`)
    } else if (isJsonObject(value) && !schema.tables.has(name)) {
      sorted.singletons.push({ name, record: value })
    } else {
      report.refuse(item, 'neither a list of records nor an object')
    }
  }
  return sorted
}
