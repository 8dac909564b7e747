import { isJsonObject, type JsonObject } from '../../src-shared/json.ts'
import { findTables, readFields, readSchema } from '../replica/schema-names.ts'

/**
 * The types of a schema's tables, as the text of a TypeScript module: one interface a table and `Tables`, the parameter of
 * `createStore`. Aliases are left out, so that a page uses one name for one thing.
 *
 * @param name - Name of the type of all tables, such as `PosTables`.
 */
export function schemaTypes(schema: unknown, name = 'Tables'): string {
  const tables = tablesOf(schema)
  const interfaces = tables.map(({ table, definition }) => interfaceText(table, definition))
  const members = tables.map(({ table }) => `  ${memberName(table)}: ${typeName(table)}`)
  const head = '// Made from the schema; changes are lost.\n'
  return `${head}\n${interfaces.join('\n')}\nexport type ${name} = {\n${members.join('\n')}\n}\n`
}

function tablesOf(schema: unknown): { table: string; definition: JsonObject }[] {
  const found = findTables(schema)
  const definitions = Array.isArray(found)
    ? found.filter(isJsonObject)
    : Object.values(found).filter((one) => isJsonObject(one))
  return readSchema(schema).map(({ name }, index) => ({ table: name, definition: definitions[index]! }))
}

function interfaceText(table: string, definition: JsonObject): string {
  const fields = readFields(definition.fields ?? definition.columns)
  // The server gives them to every record, whatever the schema says.
  const own = ['  version: number', '  createdAt: string', '  updatedAt: string']
  const lines = [...fields.filter(({ name }) => !OWN_FIELDS.has(String(name))).map(fieldText), ...own]
  return `export interface ${typeName(table)} {\n${lines.join('\n')}\n}\n`
}

const OWN_FIELDS = new Set(['version', 'createdAt', 'updatedAt'])

function fieldText(field: JsonObject): string {
  const isSure = field.primaryKey === true || field.primary === true || field.required === true
  const isNullable = !isSure && field.nullable !== false
  return `  ${memberName(String(field.name))}${isSure ? '' : '?'}: ${typeText(field)}${isNullable ? ' | null' : ''}`
}

const NUMBERS = /^(int|integer|bigint|smallint|serial|float|double|real|number)$/
const DECIMALS = /^(decimal|numeric|money)$/

function typeText(field: JsonObject): string {
  const type = String(field.type).toLowerCase()
  if (Array.isArray(field.values))
    return field.values.map((value) => (typeof value === 'string' ? quote(value) : JSON.stringify(value))).join(' | ')
  if (NUMBERS.test(type)) return 'number'
  // Decimals that a JSON number cannot hold exactly are text on the wire.
  if (DECIMALS.test(type))
    return Number(field.scale ?? 0) > 6 || Number(field.precision ?? 0) > 15 ? 'string' : 'number'
  if (type === 'boolean' || type === 'bool') return 'boolean'
  return type === 'json' || type === 'jsonb' ? 'unknown' : 'string'
}

/** order_header -> OrderHeader */
function typeName(table: string): string {
  const words = table.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  const name = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  return /^[A-Za-z]/.test(name) ? name : `Table${name}`
}

function memberName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name)
}

/** Text in single quotes, as our formatter has it. */
function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
