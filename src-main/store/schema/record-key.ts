import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { FieldDefinition, TableDefinition } from './definition.ts'
import { idPrefixOf } from './nouns.ts'

/** Values of a composite key are joined by this. */
export const KEY_SEPARATOR = '::'

/**
 * The key of a record: its key value as text, the values of a composite key joined by "::", the table's name for a
 * table that is one object. Undefined when a key value is missing; text is not checked further (parseRecordId does).
 */
export function recordKey(table: TableDefinition, record: JsonObject): string | undefined {
  if (table.isSingleton) return table.name
  const { primaryKey } = table
  let key = keyText(record[primaryKey[0]!])
  for (let index = 1; index < primaryKey.length && key !== undefined; index++) {
    const part = keyText(record[primaryKey[index]!])
    key = part === undefined ? undefined : key + KEY_SEPARATOR + part
  }
  return key
}

/**
 * Whether two records with the same joined key are one: the values of a composite key may hold the separator. Only what
 * both records name is compared, in Unicode form NFC as the key is: old records may lack a field or its form.
 */
export function isSameKey(table: TableDefinition, one: JsonObject, other: JsonObject): boolean {
  const { primaryKey } = table
  if (table.isSingleton || primaryKey.length === 1) return true
  return primaryKey.every((name) => {
    const [left, right] = [keyText(one[name]), keyText(other[name])]
    return left === undefined || right === undefined || left.normalize('NFC') === right.normalize('NFC')
  })
}

function keyText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** The key fields of a record with their values; a missing one is null. */
export function primaryKeyOf(table: TableDefinition, record: JsonObject): JsonObject {
  const key: JsonObject = {}
  for (const name of table.primaryKey) key[name] = Object.hasOwn(record, name) ? record[name]! : null
  return key
}

/**
 * Fills the missing key values of a new record; changes `record` and returns it.
 *
 * Text keys become `<prefix>-<uuid>`: the prefix is the table's short noun (idPrefixOf), or in a composite key the
 * field's name. Integer keys take `nextInteger()`, uuid keys the bare uuid, times now's ISO text is never invented. A
 * key field that references another table stays missing: no made-up id could point at a record. recordKey then answers
 * undefined.
 */
export function withGeneratedKey(
  table: TableDefinition,
  record: JsonObject,
  newUuid: () => string,
  nextInteger: () => number,
): JsonObject {
  for (const name of table.primaryKey) {
    const value = Object.hasOwn(record, name) ? record[name] : undefined
    if (keyText(value) !== undefined) continue
    const field = table.fieldByName.get(name)!
    const made = table.isSingleton ? table.name : newKeyValue(table, field, newUuid, nextInteger)
    if (made !== undefined) record[name] = made
  }
  return record
}

function newKeyValue(
  table: TableDefinition,
  field: FieldDefinition,
  newUuid: () => string,
  nextInteger: () => number,
): JsonValue | undefined {
  if (field.references) return undefined
  switch (field.type) {
    case 'text': {
      const isComposite = table.primaryKey.length > 1
      const id = `${isComposite ? idPrefixOf(field.name.replace(/Id$/, '')) : idPrefixOf(table.name)}-${newUuid()}`
      return field.maxLength !== undefined && id.length > field.maxLength ? shortId(field, newUuid) : id
    }
    case 'integer':
      return nextInteger()
    case 'uuid':
      return newUuid()
    default:
      return undefined
  }
}

/** A key that holds no prefixed id gets the bare uuid, without dashes where that is needed to fit. */
function shortId(field: FieldDefinition, newUuid: () => string): string {
  const uuid = newUuid()
  const id = uuid.length <= field.maxLength! ? uuid : uuid.replaceAll('-', '')
  if (id.length <= field.maxLength!) return id
  throw new AppError(
    'missing-record-key',
    `Send the key "${field.name}": it is too short for an id made by the server.`,
  )
}
