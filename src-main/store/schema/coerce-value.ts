import { isJsonObject, type JsonValue } from '../../../src-shared/json.ts'
import { type DecimalProblem, parseDecimal, toWire } from '../../lib/decimal.ts'
import { isSameJson, parseJsonContainer } from '../../lib/json-text.ts'
import type { FieldDefinition } from './definition.ts'

export type ValueProblemCode =
  | 'wrong-type'
  | 'too-long'
  | 'too-many-digits'
  | 'out-of-range'
  | 'not-allowed-value'
  | 'required'

/** Why a value does not fit its field. Returned, not thrown: a lenient caller goes on with the next field. */
export class ValueProblem {
  readonly code: ValueProblemCode
  readonly message: string

  constructor(code: ValueProblemCode, message: string) {
    this.code = code
    this.message = message
  }
}

/** Turns a value that is not null into the field's stored form. */
export type Coercion = (value: JsonValue) => JsonValue | ValueProblem

/** Lists and objects inside a JSON text that is given for a json field. */
const MAX_JSON_DEPTH = 64
const INTEGER = /^[+-]?\d{1,17}$/
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const DATE = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/
const DATE_TIME =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,]\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?$/
const MAX_EPOCH_MS = 8.64e15
const TRUE_WORDS = new Set(['true', '1', 'yes', 'on'])
const FALSE_WORDS = new Set(['false', '0', 'no', 'off'])

/**
 * The coercion of one field, chosen once: safe conversions of the type ("2" -> 2, "true" -> true, {id} of a reference
 * -> its id), then maximum length and listed values. Null never reaches it.
 */
export function coercionOf(field: FieldDefinition): Coercion {
  const typed = withReferenceObject(field, typedCoercion(field))
  return field.values === undefined ? typed : withAllowedValues(field.values, typed)
}

function typedCoercion(field: FieldDefinition): Coercion {
  switch (field.type) {
    case 'text':
      return textCoercion(field.maxLength)
    case 'integer':
      return coerceInteger
    case 'decimal':
      return decimalCoercion(field)
    case 'boolean':
      return coerceBoolean
    case 'timestamp':
    case 'datetime':
      return coerceTimestamp
    case 'date':
      return coerceDate
    case 'uuid':
      return coerceUuid
    case 'json':
      return field.shape === 'discount' ? coerceDiscount : field.shape ? coerceTextOrList : coerceJson
  }
}

function textCoercion(maxLength: number | undefined): Coercion {
  const limit = maxLength ?? Number.POSITIVE_INFINITY
  return (value) => {
    const text = typeof value === 'string' ? value : isScalar(value) ? String(value) : undefined
    if (text === undefined) return new ValueProblem('wrong-type', 'must be text')
    // A character outside the basic plane is two units of a JavaScript text.
    if (text.length > limit && [...text].length > limit) {
      return new ValueProblem('too-long', `must be at most ${maxLength} characters`)
    }
    return text
  }
}

function isScalar(value: JsonValue): value is number | boolean {
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}

function coerceInteger(value: JsonValue): JsonValue | ValueProblem {
  const isWritten = typeof value === 'string' && INTEGER.test(value)
  const number = isWritten ? Number(value) : value
  if (typeof number !== 'number') return new ValueProblem('wrong-type', 'must be a whole number')
  if (Number.isSafeInteger(number)) return number + 0
  if (isWritten || Number.isInteger(number)) {
    return new ValueProblem('out-of-range', 'must be between -9007199254740991 and 9007199254740991')
  }
  return new ValueProblem('wrong-type', 'must be a whole number')
}

function decimalCoercion(field: FieldDefinition): Coercion {
  return (value) => {
    const scaled = parseDecimal(value, field)
    return typeof scaled === 'string' ? decimalProblem(scaled, field) : toWire(scaled, field)
  }
}

function decimalProblem(problem: DecimalProblem, field: FieldDefinition): ValueProblem {
  switch (problem) {
    case 'wrong-type':
      return new ValueProblem(problem, 'must be a decimal number')
    case 'too-many-digits':
      return new ValueProblem(problem, `must have at most ${field.scale} digits after the point${limitOf(field)}`)
    case 'out-of-range':
      return new ValueProblem(problem, `must have at most ${field.precision - field.scale} digits before the point`)
  }
}

function limitOf(field: FieldDefinition): string {
  return field.decimalForm === 'number' && field.precision > 15 ? ' and 15 digits in all' : ''
}

/** Excess digits after the point rounded half away from zero; undefined when that does not help. */
export function roundedDecimal(value: JsonValue, field: FieldDefinition): number | string | undefined {
  const { precision, scale, decimalForm } = field
  const scaled = parseDecimal(value, { precision, scale, decimalForm, roundExcess: true })
  return typeof scaled === 'string' ? undefined : toWire(scaled, field)
}

function coerceBoolean(value: JsonValue): JsonValue | ValueProblem {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number' || typeof value === 'string') {
    const word = String(value).toLowerCase()
    if (TRUE_WORDS.has(word)) return true
    if (FALSE_WORDS.has(word)) return false
  }
  return new ValueProblem('wrong-type', 'must be true or false')
}

/** ISO 8601 text stays as it was sent; a number is milliseconds since 1970 and becomes ISO text in UTC. */
export function coerceTimestamp(value: JsonValue): JsonValue | ValueProblem {
  if (typeof value === 'string' && DATE_TIME.test(value) && isDayOfMonth(value)) return value
  if (typeof value === 'number' && Math.abs(value) <= MAX_EPOCH_MS) return new Date(value).toISOString()
  return new ValueProblem('wrong-type', 'must be an ISO 8601 time or milliseconds since 1970')
}

function coerceDate(value: JsonValue): JsonValue | ValueProblem {
  if (typeof value === 'string' && DATE.test(value) && isDayOfMonth(value)) return value
  return new ValueProblem('wrong-type', 'must be a date such as 2026-01-31')
}

/** Whether the day exists in the month, for text that starts with YYYY-MM-DD. */
function isDayOfMonth(text: string): boolean {
  const day = twoDigits(text, 8)
  if (day <= 28) return true
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2)
  const month = twoDigits(text, 5)
  if (month === 2) return day === 29 && (year % 4 === 0 ? year % 100 !== 0 || year % 400 === 0 : false)
  return day <= 30 || (month !== 4 && month !== 6 && month !== 9 && month !== 11)
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48
}

function coerceUuid(value: JsonValue): JsonValue | ValueProblem {
  if (typeof value === 'string' && UUID.test(value)) return value
  return new ValueProblem('wrong-type', 'must be a UUID')
}

function coerceJson(value: JsonValue): JsonValue {
  return typeof value === 'string' ? (parseJsonContainer(value, MAX_JSON_DEPTH) ?? value) : value
}

function coerceTextOrList(value: JsonValue): JsonValue | ValueProblem {
  if (typeof value === 'string') {
    const parsed = parseJsonContainer(value, MAX_JSON_DEPTH)
    return Array.isArray(parsed) ? parsed : value
  }
  if (Array.isArray(value)) return value
  return isScalar(value) ? String(value) : new ValueProblem('wrong-type', 'must be text or a list')
}

/** A number, or an object {type, value}; a number written as text becomes a number. */
function coerceDiscount(value: JsonValue): JsonValue | ValueProblem {
  const given = typeof value === 'string' ? (parseJsonContainer(value, MAX_JSON_DEPTH) ?? toNumber(value)) : value
  if (typeof given === 'number' && Number.isFinite(given)) return given
  if (isJsonObject(given) && typeof own(given, 'type') === 'string') {
    const amount = own(given, 'value')
    if (typeof amount === 'number' || (typeof amount === 'string' && toNumber(amount) !== undefined)) return given
  }
  return new ValueProblem('wrong-type', 'must be a number or an object with type and value')
}

function toNumber(text: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text) && text.length <= 20 ? Number(text) : undefined
}

function own(object: { [key: string]: JsonValue }, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** Field clients send the whole referenced record where its id belongs. */
function withReferenceObject(field: FieldDefinition, coercion: Coercion): Coercion {
  if (!field.references || field.type === 'json') return coercion
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return coercion(value)
    const id = own(value, 'id')
    return typeof id === 'string' || typeof id === 'number' ? coercion(id) : coercion(value)
  }
}

function withAllowedValues(values: JsonValue[], coercion: Coercion): Coercion {
  const scalars = new Set(values.filter((value) => typeof value !== 'object'))
  const others = values.filter((value) => typeof value === 'object' && value !== null)
  return (value) => {
    const coerced = coercion(value)
    if (coerced instanceof ValueProblem || scalars.has(coerced as string)) return coerced
    if (others.some((other) => isSameJson(other, coerced))) return coerced
    return new ValueProblem('not-allowed-value', `must be one of ${JSON.stringify(values).slice(1, -1).slice(0, 200)}`)
  }
}
