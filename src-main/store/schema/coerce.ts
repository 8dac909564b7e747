import { AppError, type FieldError } from '../../../src-shared/errors.ts'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import { parseDecimal, type ScaledDecimal } from '../../lib/decimal.ts'
import { copyJson, isSameJson } from '../../lib/json-text.ts'
import { coerceTimestamp, roundedDecimal, ValueProblem } from './coerce-value.ts'
import {
  type CompiledField,
  type CompiledTable,
  compileTable,
  type KeySlot,
  type NestedAlias,
} from './compile-table.ts'
import type { FieldDefinition, TableDefinition } from './definition.ts'

export { type CompiledTable, compileTable } from './compile-table.ts'
export { primaryKeyOf, recordKey, withGeneratedKey } from './record-key.ts'

export interface ReadOptions {
  /** A value that cannot be coerced is kept as sent and named in the warnings; decimals are rounded half-up. */
  isLenient: boolean
  /** Seeds, imports, take-over: createdAt and updatedAt are kept when they are valid times, as ISO text in UTC. */
  keepServerFields?: boolean
}

export interface PatchResult {
  patch: JsonObject
  warnings: string[]
}

/** A spelling other than the canonical one, met in the input. */
interface AliasHit {
  field: CompiledField
  rank: number
  /** As the client wrote it: `qty`, `totals.due`. */
  spelling: string
  /** Top-level key that holds exactly this value; absent for a nested path. */
  key?: string
  value: JsonValue
}

interface Reading {
  isLenient: boolean
  patch: JsonObject
  warnings: string[]
  errors: FieldError[]
}

const MAX_FIELD_ERRORS = 100
const HAS_ZONE = /(?:Z|[+-]\d\d(?::?\d\d)?)$/

/**
 * What a client's record says in the table's own terms: each declared field under its canonical name, whatever spelling
 * was sent, in its stored form. Spellings that were sent stay beside it (completeRecord keeps them equal), unknown
 * fields stay as they are, fields that the store owns are left out. When spellings differ the canonical name wins, then
 * the column name, then the aliases in their order, and a warning says so.
 *
 * Lenience covers values that cannot be converted. Constraints (required, maxLength, values, additionalFields: false)
 * hold for everyone.
 *
 * @throws AppError `validation-failed` with one error for each bad field: wrong-type, too-long, too-many-digits,
 * out-of-range, not-allowed-value, required, unknown-field.
 */
export function readPatch(table: TableDefinition, input: JsonObject, options: ReadOptions): PatchResult {
  const compiled = compileTable(table)
  const patch: JsonObject = {}
  const reading: Reading = { isLenient: options.isLenient, patch, warnings: [], errors: [] }
  let hits: AliasHit[] | undefined
  for (const key in input) {
    const value = input[key]
    if (value === undefined) continue
    const slot = compiled.slots.get(key)
    if (slot === undefined) {
      keepUnknown(table, reading, key, value)
      continue
    }
    if (slot.nested !== undefined) hits = addNestedHits(slot.nested, key, value, hits)
    if (slot.serverField !== undefined) {
      if (options.keepServerFields) keepServerField(reading, slot, slot.serverField, value)
    } else if (slot.field === undefined) {
      keepUnknown(table, reading, key, value)
    } else if (slot.rank === 0) {
      patch[key] = coerceField(slot.field, key, value, reading)
    } else {
      hits ??= []
      hits.push({ field: slot.field, rank: slot.rank, spelling: key, key, value })
    }
  }
  if (hits !== undefined) applyAliases(hits, reading)
  if (reading.errors.length > 0) throw validationFailed(table, reading.errors)
  return { patch, warnings: reading.warnings }
}

function keepUnknown(table: TableDefinition, reading: Reading, key: string, value: JsonValue): void {
  // Assigning to `__proto__` would replace the prototype of whatever object the record is copied into.
  if (key === '__proto__') return
  if (table.additionalFields) reading.patch[key] = value
  else addError(reading, key, 'unknown-field', 'is not a field of this table')
}

function coerceField(field: CompiledField, spelling: string, value: JsonValue, reading: Reading): JsonValue {
  if (value === null) {
    if (field.isRequired) addError(reading, field.name, 'required', 'must not be empty')
    return null
  }
  const coerced = field.coerce(value)
  return coerced instanceof ValueProblem ? handleProblem(field, spelling, value, coerced, reading) : coerced
}

function handleProblem(
  field: CompiledField,
  spelling: string,
  value: JsonValue,
  problem: ValueProblem,
  reading: Reading,
): JsonValue {
  const isConversion = problem.code !== 'too-long' && problem.code !== 'not-allowed-value'
  if (!reading.isLenient || !isConversion) {
    addError(reading, field.name, problem.code, problem.message)
    return value
  }
  const rounded = field.definition.type === 'decimal' ? roundedDecimal(value, field.definition) : undefined
  if (rounded === undefined) {
    reading.warnings.push(`${spelling} is stored as sent: it ${problem.message}.`)
    return value
  }
  reading.warnings.push(`${spelling} was rounded to ${rounded}: it ${problem.message}.`)
  return rounded
}

function keepServerField(reading: Reading, slot: KeySlot, name: string, value: JsonValue): void {
  if (name !== 'createdAt' && name !== 'updatedAt') return
  if (slot.rank > 0 && Object.hasOwn(reading.patch, name)) return
  const time = coerceTimestamp(value)
  const text = typeof time === 'string' ? toUtc(time) : undefined
  if (text !== undefined) reading.patch[name] = text
  else if (value !== null) reading.warnings.push(`${name} is not a valid time and was left out.`)
}

/** ISO text in UTC with milliseconds, so that times compare as texts; a time without a zone counts as UTC. */
function toUtc(text: string): string | undefined {
  const hasTime = text.length > 10
  const time = new Date(hasTime && !HAS_ZONE.test(text.slice(10)) ? `${text}Z` : text)
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}

function addNestedHits(
  nested: NestedAlias[],
  key: string,
  parent: JsonValue,
  hits: AliasHit[] | undefined,
): AliasHit[] | undefined {
  let all = hits
  for (const alias of nested) {
    const value = valueAt(parent, alias.path)
    if (value === undefined) continue
    all ??= []
    all.push({ field: alias.field, rank: alias.rank, spelling: `${key}.${alias.path.join('.')}`, value })
  }
  return all
}

/** Own keys only; undefined when the path leads nowhere. */
function valueAt(start: JsonValue, path: string[]): JsonValue | undefined {
  let value: JsonValue | undefined = start
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
      return undefined
    }
    value = value[name]
  }
  return value
}

function applyAliases(hits: AliasHit[], reading: Reading): void {
  const { patch } = reading
  if (hits.length > 1) hits.sort((left, right) => left.rank - right.rank)
  for (const { field, spelling, key, value } of hits) {
    if (!Object.hasOwn(patch, field.name)) {
      patch[field.name] = coerceField(field, spelling, value, reading)
    } else if (!meansTheSame(field, value, patch[field.name]!)) {
      reading.warnings.push(`${spelling} differs from ${field.name}, which was used.`)
    }
    if (key !== undefined) patch[key] = patch[field.name]!
  }
}

function meansTheSame(field: CompiledField, value: JsonValue, stored: JsonValue): boolean {
  if (value === stored) return true
  if (value === null || stored === null) return false
  const coerced = field.coerce(value)
  return !(coerced instanceof ValueProblem) && isSameJson(coerced, stored)
}

function addError(reading: Reading, field: string, code: string, message: string): void {
  if (reading.errors.length < MAX_FIELD_ERRORS) reading.errors.push({ field, code, message: `${field} ${message}.` })
}

function validationFailed(table: TableDefinition, errors: FieldError[]): AppError {
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  return new AppError(
    'validation-failed',
    `The record does not fit table ${table.name}: ${errors[0]!.message}${more}`,
    {
      details: { table: table.name },
      errors,
    },
  )
}

/**
 * Gives a new record the declared defaults of the fields that it lacks; an explicit null stays. Changes `record` and
 * returns it. Fields that the store owns get nothing.
 */
export function applyDefaults(table: TableDefinition, record: JsonObject): JsonObject {
  for (const { name, value } of compileTable(table).defaults) {
    if (!Object.hasOwn(record, name)) record[name] = copyJson(value)
  }
  return record
}

/**
 * Last step before a record is stored, on the merged record: every spelling in it, nested ones too, is set to the value
 * of its canonical field, so that no reader sees an old one. Changes `record` and returns it; nested objects are
 * replaced, never changed, because they may belong to the stored record.
 *
 * @throws AppError `validation-failed` (code required) when a required field is absent or null.
 */
export function completeRecord(table: TableDefinition, record: JsonObject): JsonObject {
  const compiled = compileTable(table)
  rewriteAliases(compiled, record)
  let errors: FieldError[] | undefined
  for (const { name } of compiled.required) {
    if (Object.hasOwn(record, name) && record[name] !== null && record[name] !== undefined) continue
    errors ??= []
    errors.push({ field: name, code: 'required', message: `${name} is required.` })
  }
  if (errors !== undefined) throw validationFailed(table, errors)
  return record
}

function rewriteAliases(compiled: CompiledTable, record: JsonObject): void {
  for (const key in record) {
    const slot = compiled.slots.get(key)
    if (slot === undefined) continue
    if (slot.rank > 0) {
      const name = slot.field?.name ?? slot.serverField
      if (name !== undefined && Object.hasOwn(record, name)) record[key] = record[name]!
    }
    if (slot.nested === undefined) continue
    for (const { field, path } of slot.nested) {
      if (!Object.hasOwn(record, field.name)) continue
      record[key] = withValueAt(record[key]!, path, 0, record[field.name]!)
    }
  }
}

/** `parent` with the value at the path replaced where the path exists; the same object when nothing changes. */
function withValueAt(parent: JsonValue, path: string[], depth: number, value: JsonValue): JsonValue {
  if (depth === path.length) return value
  const name = path[depth]!
  if (typeof parent !== 'object' || parent === null || Array.isArray(parent) || !Object.hasOwn(parent, name)) {
    return parent
  }
  const current = parent[name]!
  const changed = withValueAt(current, path, depth + 1, value)
  return changed === current ? parent : { ...parent, [name]: changed }
}

/** Scaled integers in the order of table.decimalFields; null for an absent value or one that is no decimal. */
export function decimalColumns(table: TableDefinition, record: JsonObject): (ScaledDecimal | null)[] {
  return table.decimalFields.map((field) => decimalColumn(field, record[field.name]))
}

function decimalColumn(field: FieldDefinition, value: JsonValue | undefined): ScaledDecimal | null {
  if (value === undefined || value === null) return null
  const scaled = parseDecimal(value, field)
  return typeof scaled === 'string' ? null : scaled
}

/**
 * Splits off what must never leave the server: every spelling of the secret fields. `{...publicRecord, ...secretPart}`
 * is the whole record. Without a secret the record itself comes back and null.
 */
export function removeSecrets(table: TableDefinition, record: JsonObject): [JsonObject, JsonObject | null] {
  if (table.secretFields.length === 0) return [record, null]
  let publicRecord: JsonObject | undefined
  const secretPart: JsonObject = {}
  for (const key of compileTable(table).secretKeys) {
    if (!Object.hasOwn(record, key)) continue
    publicRecord ??= { ...record }
    secretPart[key] = record[key]!
    delete publicRecord[key]
  }
  return publicRecord ? [publicRecord, secretPart] : [record, null]
}

/**
 * Whether an insert says what is stored already: the retry of an insert that was carried out. `sent` is what readPatch
 * gave for it; defaults count as sent, fields that the store owns do not count.
 *
 * @param assigned - Fields that the server filled in at the first insert (a document number): ignored when not sent.
 */
export function sameContent(
  table: TableDefinition,
  stored: JsonObject,
  sent: JsonObject,
  assigned: readonly string[] = [],
): boolean {
  const compiled = compileTable(table)
  const expected = applyDefaults(table, { ...sent })
  rewriteAliases(compiled, expected)
  for (const key of Object.keys(expected)) {
    if (compiled.slots.get(key)?.serverField !== undefined) continue
    if (!Object.hasOwn(stored, key) || !isSameJson(expected[key], stored[key])) return false
  }
  for (const key of Object.keys(stored)) {
    if (Object.hasOwn(expected, key) || compiled.slots.get(key)?.serverField !== undefined) continue
    if (!assigned.includes(key)) return false
  }
  return true
}
