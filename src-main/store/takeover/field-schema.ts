import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'

/** As much of a schema as reading a field folder needs: names, keys and references of its tables. */
export interface SchemaShape {
  form: 'field-list' | 'table-map' | 'column-list'
  tables: ReadonlyMap<string, TableShape>
}

export interface TableShape {
  name: string
  /** API names of the key's fields. */
  primaryKey: string[]
  /** API name to column name. */
  columnOf: ReadonlyMap<string, string>
  /** API names of the fields that refer to another table, in the schema's order. */
  references: string[]
  /** The key is one field that counts. */
  hasIntegerKey: boolean
  aliases: string[]
}

/** Spellings that clients and seeds in the field use and that no rule of plural or case explains. */
const FIELD_ALIASES: ReadonlyMap<string, readonly string[]> = new Map([
  ['orders', ['order_header']],
  ['order', ['order_header']],
  ['orderheader', ['order_header']],
  ['order_lines', ['order_line']],
  ['line_items', ['order_line']],
  ['payments', ['order_payment']],
  ['payment', ['order_payment']],
  ['order_payments', ['order_payment']],
  ['pos_payments', ['order_payment']],
  ['shifts', ['pos_shift']],
  ['shift', ['pos_shift']],
  ['job_orders', ['job_order_header']],
  ['batches', ['job_order_batch']],
  ['deliveries', ['order_delivery']],
  ['order_deliveries', ['order_delivery']],
  ['stores', ['pos_database']],
  ['items', ['menu_items', 'menu_item']],
  ['categories', ['menu_categories', 'menu_category']],
  ['add_ons', ['menu_modifiers', 'menu_modifier']],
  ['removals', ['menu_modifiers', 'menu_modifier']],
  ['drivers', ['delivery_drivers', 'delivery_driver']],
  ['customers', ['customer_profiles', 'customer_profile']],
])

const INTEGER_TYPE = /^(tiny|small|big|medium)?int(eger)?\b|^serial/i

/** All three forms: `schema.tables[].fields[]`, `tables: {name: {fields}}` and `tables[].columns[]`. */
export function readSchemaShape(schema: JsonObject): SchemaShape | undefined {
  const tables = isJsonObject(schema.schema) ? schema.schema.tables : schema.tables
  if (Array.isArray(tables)) {
    const objects = tables.filter(isJsonObject)
    const hasColumns = objects.some((table) => !Array.isArray(table.fields) && Array.isArray(table.columns))
    const shapes = objects.flatMap((table) => {
      const name = tableName(table)
      return name === undefined ? [] : [toShape(name, table, listOf(table.fields ?? table.columns))]
    })
    return { form: hasColumns ? 'column-list' : 'field-list', tables: new Map(shapes.map((one) => [one.name, one])) }
  }
  if (!isJsonObject(tables)) return undefined
  const shapes = Object.entries(tables).flatMap(([name, table]) =>
    isJsonObject(table) ? [toShape(name, table, mapToList(table.fields ?? table.columns))] : [],
  )
  return { form: 'table-map', tables: new Map(shapes.map((one) => [one.name, one])) }
}

/** The canonical table that a client or a seed meant; undefined when the schema has none or two of that name. */
export function resolveTable(schema: SchemaShape, name: string): TableShape | undefined {
  const exact = schema.tables.get(name)
  if (exact) return exact
  const declared = [...schema.tables.values()].filter((table) => table.aliases.includes(name))
  if (declared.length > 0) return declared.length === 1 ? declared[0] : undefined
  const snake = name.replace(/[a-z0-9](?=[A-Z])/g, '$&_').toLowerCase()
  for (const candidate of spellings(snake)) {
    const table = schema.tables.get(candidate)
    if (table) return table
  }
  return undefined
}

/** Primary key values joined by "::"; undefined when one of them is missing. Column spellings count. */
export function readKey(table: TableShape, primaryKey: readonly string[], record: JsonObject): string | undefined {
  const parts: string[] = []
  for (const field of primaryKey) {
    const part = keyText(readField(table, field, record))
    if (part === undefined) return undefined
    parts.push(part)
  }
  return parts.length > 0 ? parts.join('::') : undefined
}

export function readField(table: TableShape, field: string, record: JsonObject): JsonValue | undefined {
  const value = ownValue(record, field)
  if (value !== undefined && value !== null && value !== '') return value
  const column = table.columnOf.get(field)
  return column === undefined ? value : (ownValue(record, column) ?? value)
}

/**
 * The key that tells the rows apart: the declared one, or, where it is not unique and is made of references (a table
 * that joins two others), the declared one with the table's other references.
 *
 * @param rowSets - The table's rows of each branch: a key need only be unique within a branch.
 */
export function findUniqueKey(table: TableShape, rowSets: readonly JsonObject[][]): string[] {
  const { primaryKey, references } = table
  const others = references.filter((field) => !primaryKey.includes(field))
  const isJoin = others.length > 0 && primaryKey.every((field) => references.includes(field))
  if (!isJoin) return primaryKey
  const extended = [...primaryKey, ...others]
  const isComplete = rowSets.flat().every((row) => readKey(table, extended, row) !== undefined)
  const isBetter = rowSets.some((rows) => countKeys(table, extended, rows) > countKeys(table, primaryKey, rows))
  return isComplete && isBetter ? extended : primaryKey
}

function countKeys(table: TableShape, key: readonly string[], rows: readonly JsonObject[]): number {
  return new Set(rows.map((row) => readKey(table, key, row))).size
}

function keyText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  // A reference that a page wrote as {id, name}.
  return isJsonObject(value) ? keyText(ownValue(value, 'id')) : undefined
}

function toShape(name: string, table: JsonObject, fields: JsonObject[]): TableShape {
  const named = fields.flatMap((field) => {
    const fieldName = text(field.name) ?? text(field.columnName)
    return fieldName === undefined ? [] : [{ field, name: fieldName }]
  })
  const declared = named.filter(({ field }) => field.primaryKey === true).map((one) => one.name)
  const hasId = named.some((one) => one.name === 'id')
  const primaryKey = declared.length > 0 ? declared : hasId ? ['id'] : named.slice(0, 1).map((one) => one.name)
  const keyField = primaryKey.length === 1 ? named.find((one) => one.name === primaryKey[0])?.field : undefined
  return {
    name,
    primaryKey,
    columnOf: new Map(
      named.flatMap(({ field, name: fieldName }) => {
        const column = text(field.columnName) ?? snakeCase(fieldName)
        return column === fieldName ? [] : [[fieldName, column] as const]
      }),
    ),
    references: named.filter(({ field }) => isReference(field)).map((one) => one.name),
    hasIntegerKey: INTEGER_TYPE.test(text(keyField?.type) ?? ''),
    aliases: Array.isArray(table.aliases) ? table.aliases.filter((alias) => typeof alias === 'string') : [],
  }
}

function isReference(field: JsonObject): boolean {
  return isJsonObject(field.references) || typeof field.references === 'string'
}

function* spellings(name: string): Generator<string> {
  yield name
  yield* FIELD_ALIASES.get(name) ?? []
  if (name.endsWith('ies')) yield `${name.slice(0, -3)}y`
  if (name.endsWith('s')) yield name.slice(0, -1)
  yield `${name}s`
  if (name.endsWith('y')) yield `${name.slice(0, -1)}ies`
}

function tableName(table: JsonObject): string | undefined {
  return text(table.name) ?? text(table.tableName) ?? text(table.sqlName) ?? text(table.id)
}

function listOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : mapToList(value)
}

function mapToList(value: JsonValue | undefined): JsonObject[] {
  if (Array.isArray(value)) return listOf(value)
  if (!isJsonObject(value)) return []
  return Object.entries(value).map(([name, field]) => (isJsonObject(field) ? { name, ...field } : { name }))
}

function ownValue(record: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
