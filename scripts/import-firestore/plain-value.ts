import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'

/** A value of an export that JSON, or a branch, has no place for. */
export class ValueError extends Error {}

type Converter = (value: JsonValue) => JsonValue

/** `{stringValue: "x"}` and so on: how Firestore's REST API writes values. */
const TYPED: Readonly<Record<string, Converter>> = {
  stringValue: (value) => value,
  booleanValue: (value) => value,
  nullValue: () => null,
  bytesValue: (value) => value,
  integerValue: toInteger,
  doubleValue: toDouble,
  timestampValue: toTime,
  referenceValue: toReferencedId,
  geoPointValue: toPoint,
  arrayValue: (value) => (isJsonObject(value) && Array.isArray(value.values) ? value.values.map(toPlainValue) : []),
  mapValue: (value) => (isJsonObject(value) && isJsonObject(value.fields!) ? toPlainFields(value.fields) : {}),
}

/** `{__datatype__: "timestamp", value}`: how node-firestore-import-export writes them. */
const NAMED: Readonly<Record<string, Converter>> = {
  timestamp: toTime,
  geopoint: toPoint,
  documentReference: toReferencedId,
}

/**
 * A value of an export as plain JSON: times as ISO 8601 in UTC with milliseconds, references as the id of their document,
 * points as `{latitude, longitude}`, bytes as base64. Whole numbers beyond JavaScript's range stay text.
 *
 * @throws ValueError for numbers that JSON does not have, and for times and references that are none.
 */
export function toPlainValue(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(toPlainValue)
  if (!isJsonObject(value)) return value
  const special = toSpecialValue(value)
  return special === undefined ? toPlainFields(value) : special
}

export function toPlainFields(fields: JsonObject): JsonObject {
  const plain: JsonObject = {}
  for (const [name, value] of Object.entries(fields)) {
    // Assigning to `__proto__` would change the object, not add a field.
    if (name !== '__proto__') plain[name] = toPlainValue(value)
  }
  return plain
}

/** Undefined for a map of the application. */
function toSpecialValue(value: JsonObject): JsonValue | undefined {
  const names = Object.keys(value).sort()
  const [only = ''] = names
  if (names.length === 1 && Object.hasOwn(TYPED, only)) return TYPED[only]!(value[only]!)
  if (typeof value.__datatype__ === 'string' && 'value' in value) {
    const convert = NAMED[value.__datatype__]
    if (!convert) throw new ValueError(`the data type "${value.__datatype__}" is not known`)
    return convert(value.value!)
  }
  const shape = names.join()
  if (shape === '_nanoseconds,_seconds' || isWebTime(value, shape)) return toTime(value)
  if (shape === '_latitude,_longitude') return toPoint(value)
  if (value.type === 'Buffer' && Array.isArray(value.data))
    return Buffer.from(value.data as number[]).toString('base64')
  const path = isJsonObject(value._path!) ? value._path.segments : undefined
  return Array.isArray(path) ? toReferencedId(path.join('/')) : undefined
}

/** `{seconds, nanoseconds}`, as the web SDK writes it, newer ones with a `type`. */
function isWebTime({ type }: JsonObject, shape: string): boolean {
  return (
    shape === 'nanoseconds,seconds' || (shape === 'nanoseconds,seconds,type' && String(type).startsWith('firestore/'))
  )
}

function toInteger(value: JsonValue): JsonValue {
  const number = Number(value)
  if (!Number.isInteger(number)) throw new ValueError(`${JSON.stringify(value)} is no whole number`)
  return Number.isSafeInteger(number) ? number : String(value)
}

function toDouble(value: JsonValue): JsonValue {
  if (typeof value === 'number') return value
  throw new ValueError(`the number ${JSON.stringify(value)} does not exist in JSON`)
}

function toTime(value: JsonValue): string {
  const time = isJsonObject(value) ? timeOfParts(value) : new Date(String(value))
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw new ValueError(`${JSON.stringify(value)} is no time`)
}

function timeOfParts(value: JsonObject): Date {
  const seconds = value._seconds ?? value.seconds
  const nanoseconds = value._nanoseconds ?? value.nanoseconds ?? 0
  if (typeof seconds !== 'number' || typeof nanoseconds !== 'number') return new Date(Number.NaN)
  return new Date(seconds * 1_000 + Math.floor(nanoseconds / 1_000_000))
}

function toPoint(value: JsonValue): JsonObject {
  const point = isJsonObject(value) ? value : {}
  // A coordinate that is 0 is left out by the REST API.
  const latitude = point._latitude ?? point.latitude ?? 0
  const longitude = point._longitude ?? point.longitude ?? 0
  if (typeof latitude === 'number' && typeof longitude === 'number') return { latitude, longitude }
  throw new ValueError(`${JSON.stringify(value)} is no place`)
}

/** `projects/p/databases/(default)/documents/orders/o-1` and `orders/o-1` -> `o-1`. */
function toReferencedId(value: JsonValue): string {
  const id = typeof value === 'string' ? value.split('/').at(-1) : undefined
  if (id !== undefined && id !== '') return id
  throw new ValueError(`${JSON.stringify(value)} refers to no document`)
}
