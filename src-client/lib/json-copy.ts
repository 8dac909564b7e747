import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'
import { StoreError } from './store-error.ts'

/**
 * A copy as it will be on the wire: dates become text, undefined members disappear.
 *
 * @throws StoreError `invalid-record` for anything else than an object that JSON can hold.
 */
export function copyRecord(record: object): JsonObject {
  let copy: unknown
  try {
    copy = JSON.parse(JSON.stringify(record))
  } catch (error) {
    throw new StoreError('invalid-record', `The record is no JSON: ${String(error)}`)
  }
  if (isJsonObject(copy)) return copy
  throw new StoreError('invalid-record', 'A record must be an object.')
}

/** Equal as JSON values; the order of members does not matter. */
export function isSameJson(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false
    return one.every((value, index) => isSameJson(value, other[index]))
  }
  if (one === undefined || other === undefined) return false
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => isSameJson(one[name], other[name]))
}
