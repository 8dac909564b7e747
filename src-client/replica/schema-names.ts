import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'

/** What the store needs to know of a table; the schema is optional, much is learned from the server's frames. */
export interface TableShape {
  name: string
  /** Names of the key's fields, in order; empty when the schema does not say. */
  keyFields: string[]
  /** Keys that the server counts: a client makes none. */
  isIntegerKey: boolean
  aliases: string[]
}

/**
 * Reads the tables of a schema: a list or an object of them, at `tables`, `schema.tables` or `schema.schema.tables`, with
 * fields or columns as list or object. What is not readable is left out.
 */
export function readSchema(schema: unknown): TableShape[] {
  const tables = findTables(schema)
  if (Array.isArray(tables)) return tables.filter(isJsonObject).flatMap((table) => readTable(table, undefined))
  return Object.entries(tables).flatMap(([name, table]) => (isJsonObject(table) ? readTable(table, name) : []))
}

/** The list or object of tables, wherever the schema has it. */
export function findTables(schema: unknown): JsonValue[] | JsonObject {
  let place: unknown = schema
  for (let depth = 0; depth < 3 && isJsonObject(place); depth++) {
    const { tables } = place
    if (Array.isArray(tables) || (tables !== undefined && isJsonObject(tables))) return tables
    place = place.schema
  }
  return []
}

function readTable(table: JsonObject, name: string | undefined): TableShape[] {
  const own = [name, table.name, table.tableName, table.sqlName, table.id].find(isText)
  if (own === undefined) return []
  const fields = readFields(table.fields ?? table.columns)
  const keys = fields.filter((field) => field.primaryKey === true || field.primary === true)
  const declared = Array.isArray(table.primaryKey) ? table.primaryKey : [table.primaryKey]
  const keyFields = keys.length > 0 ? keys.map((field) => String(field.name)) : declared.filter(isText)
  const aliases = Array.isArray(table.aliases) ? table.aliases.filter(isText) : []
  const isIntegerKey = keys.length === 1 && /^(int|integer|bigint|serial)$/.test(String(keys[0]!.type))
  return [{ name: own, keyFields, isIntegerKey, aliases }]
}

/** Fields with their names, whether they were a list or an object. */
export function readFields(fields: JsonValue | undefined): JsonObject[] {
  if (Array.isArray(fields)) return fields.filter(isJsonObject)
  if (fields === undefined || !isJsonObject(fields)) return []
  return Object.entries(fields).flatMap(([name, field]) => (isJsonObject(field) ? [{ ...field, name }] : []))
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** Canonical table names by every other spelling. */
export class TableNames {
  readonly #shapes = new Map<string, TableShape>()
  readonly #canonical = new Map<string, string>()

  add(shapes: readonly TableShape[]): void {
    for (const shape of shapes) this.#shapes.set(shape.name, shape)
    for (const { name, aliases } of shapes) for (const alias of aliases) this.learn(alias, name)
  }

  /** The server called `alias` by this name. */
  learn(alias: string, name: string): void {
    if (alias !== name && !this.#shapes.has(alias) && !this.#canonical.has(alias)) this.#canonical.set(alias, name)
  }

  /** Unknown names are taken as they are: the server knows better. */
  resolve(name: string): string {
    return this.#canonical.get(name) ?? name
  }

  find(name: string): TableShape | undefined {
    return this.#shapes.get(this.resolve(name))
  }

  has(name: string): boolean {
    return this.find(name) !== undefined
  }

  names(): string[] {
    return [...this.#shapes.keys()]
  }
}
