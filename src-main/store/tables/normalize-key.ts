import type { JsonObject } from '../../../src-shared/json.ts'
import type { TableDefinition } from '../schema/definition.ts'

/** Such a text is in form NFC. */
const ASCII = /^[ -~]*$/

/**
 * Puts the key fields of a record into Unicode form NFC, as its key is: clients find a record by either, so both must be
 * the same text. Changes `record`.
 */
export function normalizeKey(table: TableDefinition, record: JsonObject): void {
  for (const field of table.primaryKey) {
    const value = record[field]
    if (typeof value === 'string' && !ASCII.test(value)) record[field] = value.normalize('NFC')
  }
}
