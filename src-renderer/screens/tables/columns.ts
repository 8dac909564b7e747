import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { TableSummary } from '../../../src-shared/protocol/management.ts'

const DEFAULT_COUNT = 6
/** The same in every record of a branch, or too long for a cell. */
const RARELY_READ = new Set(['branchId', 'createdAt', 'version'])

/** What a reader wants first: the key, then short fields in the schema's order, then when it changed. */
export function defaultColumns(table: Pick<TableSummary, 'fields' | 'primaryKey'>): string[] {
  const short = table.fields
    .filter(
      ({ name, type, isSecret }) => type !== 'json' && !isSecret && !RARELY_READ.has(name) && name !== 'updatedAt',
    )
    .map(({ name }) => name)
  const names = [...table.primaryKey, ...short.filter((name) => !table.primaryKey.includes(name))]
  const hasTime = table.fields.some(({ name }) => name === 'updatedAt')
  return hasTime ? [...names.slice(0, DEFAULT_COUNT - 1), 'updatedAt'] : names.slice(0, DEFAULT_COUNT)
}

/** The key as the address of the record names it. */
export function keyOfRecord(table: Pick<TableSummary, 'primaryKey'>, record: JsonObject): string {
  return table.primaryKey.map((field) => plainText(record[field])).join('::')
}

/** A value as one line. */
export function plainText(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

export function isTimeField(type: string | undefined): boolean {
  return type === 'timestamp' || type === 'datetime'
}
