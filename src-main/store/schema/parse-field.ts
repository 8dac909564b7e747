import type { FieldError } from '../../../src-shared/errors.ts'
import { isName } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import { decimalFormOf } from '../../lib/decimal.ts'
import { copyJson } from '../../lib/json-text.ts'
import { coercionOf, ValueProblem } from './coerce-value.ts'
import type { FieldDefinition } from './definition.ts'
import { parseWrittenType, type WrittenType } from './field-types.ts'
import { toColumnName } from './nouns.ts'

/** Collects every problem of a schema with its place in the file, and what was read in a narrower sense. */
export class SchemaReport {
  readonly errors: FieldError[] = []
  readonly notices: string[] = []

  addError(place: string, code: string, message: string): void {
    this.errors.push({ field: place, code, message: `${place}: ${message}` })
  }
}

const DEFAULT_PRECISION = 18
const DEFAULT_SCALE = 4
/** A 64-bit integer column holds 18 digits whatever they are. */
const MAX_PRECISION = 18
const MAX_TEXT_LENGTH = 1_000_000
const SHAPES = new Set(['discount', 'text-or-list'])
/** Defaults that only a database could work out: GETDATE(), now(), CURRENT_TIMESTAMP, NEWID(). */
const SQL_FUNCTION = /^\(*(?:[a-z_][a-z0-9_]*\(.*\)|current_(?:timestamp|date|time))\)*$/i
/** `N'open'`, `((0))`: literals as a SQL Server script writes them. */
const SQL_LITERAL = /^(?:\(*N?'.*'\)*|\(+-?\d+(?:\.\d+)?\)+)$/s

/** The first of these keys that the object has and that is not null; own keys only. */
export function pick(source: JsonObject, ...names: string[]): JsonValue | undefined {
  for (const name of names) {
    if (Object.hasOwn(source, name) && source[name] !== null && source[name] !== undefined) return source[name]
  }
  return undefined
}

/** Names of tables, fields and columns: parseName's rule without the one name that JavaScript objects reserve. */
export function isSchemaName(name: unknown): name is string {
  return isName(name) && name !== '__proto__'
}

/**
 * One field of any schema form. Problems go to the report; the answer is undefined when nothing useful is left.
 *
 * @param name - Its name where the form keeps names as keys.
 * @param place - Where it stands, for messages: `order_header.fields.id`.
 */
export function parseField(
  raw: JsonValue | undefined,
  name: JsonValue | undefined,
  place: string,
  report: SchemaReport,
): FieldDefinition | undefined {
  const source: JsonObject | undefined = typeof raw === 'string' ? { type: raw } : isJsonObject(raw) ? raw : undefined
  if (source === undefined) {
    report.addError(place, 'wrong-type', 'a field must be an object')
    return undefined
  }
  if (!isSchemaName(name)) {
    report.addError(place, 'invalid-name', 'the name must be 1 to 64 characters of A-Z, a-z, 0-9, ".", "_", ":" or "-"')
    return undefined
  }
  const written = readType(source, place, report)
  const columnName = pick(source, 'columnName', 'column', 'sqlName') ?? toColumnName(name)
  if (!isSchemaName(columnName)) report.addError(place, 'invalid-name', 'columnName is not a valid name')
  const isKey = readFlag(source, place, report, false, 'primaryKey', 'isPrimaryKey', 'pk')
  const required = readFlag(source, place, report, false, 'required')
  const references = readReferences(source, place, report)
  const field: FieldDefinition = {
    name,
    columnName: typeof columnName === 'string' ? columnName : name,
    type: written.type,
    ...readDigits(source, written, place, report),
    primaryKey: isKey,
    required,
    nullable: readFlag(source, place, report, !isKey && !required, 'nullable', 'isNullable', 'allowNull'),
    unique: readFlag(source, place, report, false, 'unique', 'isUnique'),
    index: readFlag(source, place, report, references !== undefined, 'index', 'indexed'),
    aliases: readTexts(source, 'aliases', place, report),
    secret: readFlag(source, place, report, false, 'secret'),
  }
  if (references) field.references = references
  readLimits(field, source, written, place, report)
  checkAliases(field, place, report)
  return field
}

function readType(source: JsonObject, place: string, report: SchemaReport): WrittenType {
  const type = pick(source, 'type', 'dataType')
  const written = type === undefined ? { type: 'text' as const } : typeof type === 'string' && parseWrittenType(type)
  if (written) return written
  report.addError(place, 'unknown-type', `${JSON.stringify(type).slice(0, 60)} is not a type that this server knows`)
  return { type: 'json' }
}

export function readFlag(
  source: JsonObject,
  place: string,
  report: SchemaReport,
  fallback: boolean,
  ...names: string[]
): boolean {
  const value = pick(source, ...names)
  if (value === undefined) return fallback
  if (value === true || value === 1 || value === 'true') return true
  if (value !== false && value !== 0 && value !== 'false') {
    report.addError(place, 'wrong-type', `${names[0]} must be true or false`)
  }
  return false
}

/** A list of texts; a single text counts as a list of one. */
export function readTexts(source: JsonObject, name: string, place: string, report: SchemaReport): string[] {
  const value = pick(source, name)
  if (value === undefined) return []
  const items = typeof value === 'string' ? [value] : value
  if (Array.isArray(items) && items.every((item) => typeof item === 'string')) return [...new Set(items)] as string[]
  report.addError(place, 'wrong-type', `${name} must be a list of texts`)
  return []
}

function readDigits(
  source: JsonObject,
  written: WrittenType,
  place: string,
  report: SchemaReport,
): Pick<FieldDefinition, 'precision' | 'scale' | 'decimalForm'> {
  if (written.type !== 'decimal') return { precision: 0, scale: 0, decimalForm: 'number' }
  const declared = pick(source, 'precision') ?? written.precision
  const scaleValue = pick(source, 'scale') ?? written.scale
  if (!isCountOrAbsent(declared) || !isCountOrAbsent(scaleValue) || declared === 0) {
    report.addError(place, 'out-of-range', 'precision must be a whole number from 1, scale one from 0')
    return { precision: DEFAULT_PRECISION, scale: DEFAULT_SCALE, decimalForm: 'number' }
  }
  const scale = scaleValue ?? (declared === undefined ? DEFAULT_SCALE : Math.min(DEFAULT_SCALE, declared))
  const precision = Math.min(declared ?? DEFAULT_PRECISION, MAX_PRECISION)
  if (declared !== undefined && declared > MAX_PRECISION) {
    report.notices.push(`${place}: precision ${declared} is limited to ${MAX_PRECISION} digits.`)
  }
  if (scale > precision) report.addError(place, 'out-of-range', `scale ${scale} is larger than precision ${precision}`)
  return { precision, scale: Math.min(scale, precision), decimalForm: decimalFormOf(scale, declared) }
}

function isCountOrAbsent(value: JsonValue | undefined): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)
}

function readReferences(
  source: JsonObject,
  place: string,
  report: SchemaReport,
): FieldDefinition['references'] | undefined {
  const value = pick(source, 'references', 'foreignKey')
  if (value === undefined) return undefined
  const [table, column] =
    typeof value === 'string'
      ? value.split('.')
      : isJsonObject(value)
        ? [pick(value, 'table'), pick(value, 'column', 'field') ?? 'id']
        : []
  if (isSchemaName(table) && (column === undefined || isSchemaName(column))) return { table, column: column ?? 'id' }
  report.addError(place, 'wrong-type', 'references must be an object with table and column')
  return undefined
}

/** maxLength, values, shape and the default, which is stored in the form that the type gives it. */
function readLimits(
  field: FieldDefinition,
  source: JsonObject,
  written: WrittenType,
  place: string,
  report: SchemaReport,
): void {
  const maxLength = pick(source, 'maxLength', 'length') ?? written.maxLength
  if (maxLength !== undefined && field.type === 'text') {
    if (isCountOrAbsent(maxLength) && maxLength > 0 && maxLength <= MAX_TEXT_LENGTH) field.maxLength = maxLength
    else report.addError(place, 'out-of-range', `maxLength must be a whole number from 1 to ${MAX_TEXT_LENGTH}`)
  }
  const shape = pick(source, 'shape')
  if (shape !== undefined) {
    if (field.type === 'json' && typeof shape === 'string' && SHAPES.has(shape)) {
      field.shape = shape as 'discount' | 'text-or-list'
    } else {
      report.addError(place, 'not-allowed-value', 'shape is for json fields: "discount" or "text-or-list"')
    }
  }
  const values = pick(source, 'values', 'enum', 'options')
  if (values !== undefined) {
    const listed = Array.isArray(values) ? coerceAll(field, values) : undefined
    if (listed && listed.length > 0) field.values = listed
    else report.addError(place, 'not-allowed-value', `values must be a list of ${field.type} values`)
  }
  readDefault(field, source, place, report)
}

function coerceAll(field: FieldDefinition, values: JsonValue[]): JsonValue[] | undefined {
  const coerce = coercionOf(field)
  const coerced = values.filter((value) => value !== null).map((value) => coerce(value))
  return coerced.some((value) => value instanceof ValueProblem) ? undefined : (coerced as JsonValue[])
}

function readDefault(field: FieldDefinition, source: JsonObject, place: string, report: SchemaReport): void {
  const value = pick(source, 'defaultValue', 'default')
  if (value === undefined) return
  if (typeof value === 'string' && SQL_FUNCTION.test(value) && field.type !== 'json') {
    report.notices.push(`${place}: the default ${value.slice(0, 40)} is worked out by no database here and is ignored.`)
    return
  }
  const isQuoted = typeof value === 'string' && SQL_LITERAL.test(value)
  const coerced = coercionOf(field)(isQuoted ? withoutSqlQuotes(value) : value)
  if (coerced instanceof ValueProblem) {
    report.addError(place, coerced.code, `the default ${JSON.stringify(value).slice(0, 60)} ${coerced.message}`)
  } else {
    field.defaultValue = copyJson(coerced)
  }
}

function withoutSqlQuotes(text: string): string {
  const bare = text.replace(/^\(+|\)+$/g, '')
  return /^N?'.*'$/s.test(bare) ? bare.replace(/^N?'|'$/g, '').replaceAll("''", "'") : bare
}

/** An alias is a name, or a path of names through nested objects. */
function checkAliases(field: FieldDefinition, place: string, report: SchemaReport): void {
  for (const alias of field.aliases) {
    if (!alias.split('.').every(isSchemaName)) {
      report.addError(place, 'invalid-name', `the alias "${alias.slice(0, 64)}" is not a valid name or path`)
    } else if (field.secret && alias.includes('.')) {
      report.addError(place, 'not-allowed-value', `a secret field cannot have the nested alias "${alias}"`)
    }
  }
}
