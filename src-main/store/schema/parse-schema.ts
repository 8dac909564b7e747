import { AppError, isAppError } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { FieldDefinition, IndexDefinition, ModuleDefinition, SnapshotRule, TableDefinition } from './definition.ts'
import { compileToSql, listPaths, parseExpression } from './expression.ts'
import { isSchemaName, parseField, pick, readFlag, readTexts, SchemaReport } from './parse-field.ts'

export interface ParseSchemaOptions {
  moduleId: string
  /** Tables that are one object instead of a list: settings, shift_settings. Made when the schema lacks them. */
  objects?: string[]
  /** Fields that never leave the server, by table; names of tables in any case. */
  secretFields?: Record<string, string[]>
}

const MAX_TABLES = 1000
const MAX_FIELDS = 1000
const MAX_WINDOW_DAYS = 36_500
/** Tables of a point of sale that hold a day's business, for schemas that say nothing about kinds. */
const TRANSACTION_TABLES = new Set(['order_header', 'order_line', 'order_payment', 'pos_shift'])
const STORE_TIMES = new Set(['createdAt', 'updatedAt'])
const TIME_TYPES = new Set(['timestamp', 'datetime', 'date'])

/**
 * Reads a schema file of any of the three forms: `schema.tables[]` with fields, `tables: {name: {fields}}`, and
 * `tables[].columns[]` with SQL types.
 *
 * The key of a table is every field that says primaryKey, else the field `id`, else the first field.
 *
 * @throws AppError `invalid-schema` with one entry in `errors` for every problem of the whole file.
 */
export function parseSchema(raw: unknown, options: ParseSchemaOptions): ModuleDefinition {
  const report = new SchemaReport()
  if (!isJsonObject(raw)) throw new AppError('invalid-schema', 'A schema must be a JSON object.')
  const inner = pick(raw, 'schema')
  const holder = isJsonObject(inner) ? inner : raw
  const tables = new Map<string, TableDefinition>()
  for (const [name, source] of listTables(pick(holder, 'tables') ?? pick(raw, 'tables'), report)) {
    const table = parseTable(name, source, options, report)
    if (table) addTable(tables, table, report)
  }
  for (const name of options.objects ?? []) addObjectTable(tables, name, options, report)
  for (const table of tables.values()) checkTable(table, tables, report)
  if (report.errors.length > 0) throw invalidSchema(report)
  const name = pick(raw, 'name') ?? pick(holder, 'name')
  return {
    moduleId: options.moduleId,
    name: typeof name === 'string' ? name : options.moduleId,
    version: readVersion(pick(holder, 'version') ?? pick(raw, 'version')),
    tables,
    raw,
    notices: report.notices,
  }
}

function invalidSchema(report: SchemaReport): AppError {
  const count = report.errors.length
  const more = count > 1 ? ` (and ${count - 1} more)` : ''
  return new AppError('invalid-schema', `The schema has an error: ${report.errors[0]!.message}${more}.`, {
    errors: report.errors,
  })
}

/** Name and source of each table, from a list or from an object keyed by name. */
function listTables(tables: JsonValue | undefined, report: SchemaReport): [JsonValue | undefined, JsonValue][] {
  if (isJsonObject(tables)) return limited(Object.entries(tables), report)
  if (!Array.isArray(tables)) {
    report.addError('tables', 'required', 'the schema has no list of tables')
    return []
  }
  const named = tables.map((table): [JsonValue | undefined, JsonValue] => [
    isJsonObject(table) ? pick(table, 'name', 'tableName', 'sqlName', 'id', 'key') : undefined,
    table,
  ])
  return limited(named, report)
}

function limited<T>(items: T[], report: SchemaReport): T[] {
  if (items.length > MAX_TABLES) report.addError('tables', 'out-of-range', `a schema has at most ${MAX_TABLES} tables`)
  return items.slice(0, MAX_TABLES)
}

/** Whole numbers as they are; of a text such as "1.2.0" the first number; otherwise 1. */
function readVersion(version: JsonValue | undefined): number {
  const number = typeof version === 'string' ? Number.parseInt(version, 10) : version
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : 1
}

function parseTable(
  name: JsonValue | undefined,
  source: JsonValue,
  options: ParseSchemaOptions,
  report: SchemaReport,
): TableDefinition | undefined {
  const place = typeof name === 'string' ? name.slice(0, 64) : 'tables'
  if (!isSchemaName(name) || !isJsonObject(source)) {
    report.addError(place, 'invalid-name', 'a table must be an object with a valid name')
    return undefined
  }
  const fields = parseFields(pick(source, 'fields') ?? pick(source, 'columns'), place, report)
  markSecrets(name, fields, options)
  const fieldByName = new Map(fields.map((field) => [field.name, field]))
  const label = pick(source, 'label', 'title', 'comment', 'description')
  return {
    name,
    label: typeof label === 'string' ? label : name,
    kind: readKind(name, source, place, report),
    fields,
    fieldByName,
    decimalFields: fields.filter((field) => field.type === 'decimal'),
    secretFields: fields.filter((field) => field.secret),
    primaryKey: markPrimaryKey(fields),
    aliases: readTexts(source, 'aliases', place, report).filter((alias) => alias !== name),
    locking: readLocking(source, place, report),
    snapshot: readSnapshot(source, fieldByName, place, report),
    additionalFields: readFlag(source, place, report, true, 'additionalFields'),
    enforceReferences: readFlag(source, place, report, false, 'enforceReferences'),
    indexes: readIndexes(name, pick(source, 'indexes'), fields, place, report),
    isSingleton: options.objects?.includes(name) ?? false,
  }
}

function parseFields(fields: JsonValue | undefined, place: string, report: SchemaReport): FieldDefinition[] {
  const entries: [JsonValue | undefined, JsonValue][] = Array.isArray(fields)
    ? fields.map((field) => [isJsonObject(field) ? pick(field, 'name', 'columnName') : undefined, field])
    : isJsonObject(fields)
      ? Object.entries(fields)
      : []
  if (entries.length === 0) report.addError(place, 'required', 'a table needs at least one field')
  if (entries.length > MAX_FIELDS) report.addError(place, 'out-of-range', `a table has at most ${MAX_FIELDS} fields`)
  return entries.slice(0, MAX_FIELDS).flatMap(([name, source], index) => {
    const shown = typeof name === 'string' ? name.slice(0, 64) : String(index)
    return parseField(source, name, `${place}.${shown}`, report) ?? []
  })
}

/** Marks the key fields and names them in order. */
function markPrimaryKey(fields: FieldDefinition[]): string[] {
  let keys = fields.filter((field) => field.primaryKey)
  if (keys.length === 0) keys = [fields.find((field) => field.name === 'id') ?? fields[0]].filter((key) => key != null)
  for (const field of keys) field.primaryKey = true
  return keys.map((field) => field.name)
}

/** A secret that the schema does not declare becomes a field, so that it is held back like the others. */
function markSecrets(tableName: string, fields: FieldDefinition[], options: ParseSchemaOptions): void {
  const wanted = Object.entries(options.secretFields ?? {})
    .filter(([table]) => table.toLowerCase() === tableName.toLowerCase())
    .flatMap(([, names]) => names)
  for (const name of wanted) {
    const known = fields.find((field) => field.name === name || field.columnName === name)
    if (known) known.secret = true
    else if (isSchemaName(name)) fields.push({ ...plainField(name, 'json'), secret: true })
  }
}

function plainField(name: string, type: FieldDefinition['type']): FieldDefinition {
  return {
    name,
    columnName: name,
    type,
    precision: 0,
    scale: 0,
    decimalForm: 'number',
    primaryKey: false,
    required: false,
    nullable: true,
    unique: false,
    index: false,
    aliases: [],
    secret: false,
  }
}

function readKind(name: string, source: JsonObject, place: string, report: SchemaReport): TableDefinition['kind'] {
  const kind = pick(source, 'kind')
  if (kind === undefined) return TRANSACTION_TABLES.has(name) ? 'transaction' : 'master'
  if (kind === 'transaction' || kind === 'master') return kind
  report.addError(place, 'not-allowed-value', 'kind must be "transaction" or "master"')
  return 'master'
}

function readLocking(source: JsonObject, place: string, report: SchemaReport): TableDefinition['locking'] {
  const locking = pick(source, 'locking') ?? 'optional'
  if (locking === 'optional' || locking === 'required') return locking
  report.addError(place, 'not-allowed-value', 'locking must be "optional" or "required"')
  return 'optional'
}

function readSnapshot(
  source: JsonObject,
  fields: ReadonlyMap<string, FieldDefinition>,
  place: string,
  report: SchemaReport,
): SnapshotRule {
  const snapshot = pick(source, 'snapshot')
  if (snapshot === undefined) return {}
  const rule: SnapshotRule = {}
  if (!isJsonObject(snapshot)) {
    report.addError(place, 'wrong-type', 'snapshot must be an object with window or keep')
    return rule
  }
  const window = pick(snapshot, 'window')
  if (window !== undefined) {
    const field = isJsonObject(window) ? pick(window, 'field') : undefined
    const days = isJsonObject(window) ? pick(window, 'days') : undefined
    const isTime =
      typeof field === 'string' && (STORE_TIMES.has(field) || TIME_TYPES.has(fields.get(field)?.type ?? ''))
    if (isTime && typeof days === 'number' && Number.isInteger(days) && days > 0 && days <= MAX_WINDOW_DAYS) {
      rule.window = { field, days }
    } else {
      report.addError(place, 'wrong-type', 'snapshot.window needs a field that holds a time, and days from 1')
    }
  }
  const keep = pick(snapshot, 'keep')
  if (keep !== undefined && checkKeep(keep, fields, place, report)) rule.keep = keep
  return rule
}

/** A rule may use the record alone: a snapshot is the same for everyone. */
function checkKeep(
  keep: JsonValue,
  fields: ReadonlyMap<string, FieldDefinition>,
  place: string,
  report: SchemaReport,
): keep is string {
  if (typeof keep !== 'string') {
    report.addError(place, 'wrong-type', 'snapshot.keep must be an expression')
    return false
  }
  const isKnown = (path: string) => {
    const field = path.split('.', 1)[0]!
    return fields.has(field) || STORE_TIMES.has(field)
  }
  try {
    const expression = parseExpression(keep)
    compileToSql(expression, {
      column: (path) => (isKnown(path) ? 'x' : undefined),
      jsonType: (path) => (isKnown(path) ? 'x' : undefined),
      kept: () => '1',
    })
    for (const { path, isKept } of listPaths(expression)) {
      if (isKept && !fields.get(path[0]!)?.references) {
        report.addError(place, 'not-allowed-value', `kept(record.${path[0]}) needs a field that is a reference`)
      }
    }
  } catch (error) {
    if (!isAppError(error)) throw error
    report.addError(place, 'invalid-expression', `snapshot.keep: ${error.message}`)
  }
  return true
}

function readIndexes(
  tableName: string,
  indexes: JsonValue | undefined,
  fields: FieldDefinition[],
  place: string,
  report: SchemaReport,
): IndexDefinition[] {
  if (indexes === undefined) return []
  if (!Array.isArray(indexes)) {
    report.addError(place, 'wrong-type', 'indexes must be a list')
    return []
  }
  const names = new Set<string>()
  return indexes.flatMap((index, position) => {
    const where = `${place}.indexes.${position}`
    const source: JsonObject = isJsonObject(index) ? index : { columns: index }
    const columns = pick(source, 'columns', 'fields')
    const texts = typeof columns === 'string' ? [columns] : Array.isArray(columns) ? columns : []
    const found = texts.map((column) => findColumn(fields, column))
    if (found.length === 0 || found.some((field) => field === undefined)) {
      report.addError(where, 'unknown-field', 'columns must be a list of columns of the table')
      return []
    }
    const fieldNames = [...new Set(found.map((field) => field!.name))]
    const name = pick(source, 'name') ?? `${tableName}_${fieldNames.join('_')}`.slice(0, 64)
    if (!isSchemaName(name) || names.has(name)) {
      report.addError(where, 'invalid-name', 'the name of an index must be valid and used once in its table')
      return []
    }
    names.add(name)
    return { name, fields: fieldNames, unique: readFlag(source, where, report, false, 'unique', 'isUnique') }
  })
}

/** By column name, else by field name; "created_at DESC" counts as created_at. */
function findColumn(fields: FieldDefinition[], column: JsonValue): FieldDefinition | undefined {
  const text = isJsonObject(column) ? pick(column, 'name', 'column') : column
  if (typeof text !== 'string') return undefined
  const name = text.trim().replace(/\s+(?:asc|desc)$/i, '')
  return fields.find((field) => field.columnName === name) ?? fields.find((field) => field.name === name)
}

function addTable(tables: Map<string, TableDefinition>, table: TableDefinition, report: SchemaReport): void {
  const twin = [...tables.keys()].find((name) => name.toLowerCase() === table.name.toLowerCase())
  if (twin === undefined) tables.set(table.name, table)
  else report.addError(table.name, 'duplicate', `the table "${twin}" has the same name, apart from capitals`)
}

function addObjectTable(
  tables: Map<string, TableDefinition>,
  name: string,
  options: ParseSchemaOptions,
  report: SchemaReport,
): void {
  if (tables.has(name)) return
  if (!isSchemaName(name)) {
    report.addError('objects', 'invalid-name', `"${String(name).slice(0, 64)}" is not a valid name`)
    return
  }
  const fields: FieldDefinition[] = [{ ...plainField('id', 'text'), primaryKey: true, nullable: false }]
  markSecrets(name, fields, options)
  const table: TableDefinition = {
    name,
    label: name,
    kind: 'master',
    fields,
    fieldByName: new Map(fields.map((field) => [field.name, field])),
    decimalFields: [],
    secretFields: fields.filter((field) => field.secret),
    primaryKey: ['id'],
    aliases: [],
    locking: 'optional',
    snapshot: {},
    additionalFields: true,
    enforceReferences: false,
    indexes: [],
    isSingleton: true,
  }
  addTable(tables, table, report)
}

/** What only shows when all fields and tables are known. */
function checkTable(table: TableDefinition, tables: Map<string, TableDefinition>, report: SchemaReport): void {
  const spellings = new Map<string, string>()
  const columns = new Map<string, string>()
  for (const field of table.fields) {
    const place = `${table.name}.${field.name}`
    addOnce(spellings, field.name.toLowerCase(), field.name, place, 'the name', report)
    addOnce(columns, field.columnName.toLowerCase(), field.name, place, 'the column name', report)
    if (field.secret && field.primaryKey) report.addError(place, 'not-allowed-value', 'a key field cannot be secret')
    const target = field.references?.table
    if (target !== undefined && !tables.has(target)) {
      const message = `references the table "${target}", which the schema does not have`
      if (table.enforceReferences) report.addError(place, 'unknown-table', message)
      else report.notices.push(`${place} ${message}.`)
    }
  }
  const aliases = new Map<string, string>()
  for (const field of table.fields) {
    field.aliases = field.aliases.filter((alias) => alias !== field.name && alias !== field.columnName)
    for (const alias of field.aliases) {
      const place = `${table.name}.${field.name}`
      addOnce(aliases, alias, field.name, place, `the alias "${alias}"`, report)
      const other = table.fieldByName.get(alias)
      if (other) report.addError(place, 'duplicate', `the alias "${alias}" is the name of another field`)
    }
  }
}

function addOnce(
  seen: Map<string, string>,
  key: string,
  owner: string,
  place: string,
  what: string,
  report: SchemaReport,
): void {
  const first = seen.get(key)
  if (first === undefined) seen.set(key, owner)
  else report.addError(place, 'duplicate', `${what} is used by the field "${first}" too (capitals do not count)`)
}
