import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { ModuleState } from '../module-state.ts'
import type { TableDefinition } from '../schema/definition.ts'

/** Bookkeeping of the translation record itself; never laid over the translated one. */
const OWN_FIELDS = new Set([
  'id',
  'lang',
  'version',
  'branchId',
  'createdAt',
  'updatedAt',
  'created_date',
  'modified_date',
  'key',
])

/**
 * Texts of one language: table -> record key -> fields to lay over the record. They come from tables named `<table>_lang`
 * whose records have `lang` and a reference to the translated record, `<table>Id` or `<table>_id`. Where the language
 * lacks a field the fallback language gives it.
 */
export function readTranslations(
  state: ModuleState,
  language: string,
  fallback?: string,
): Map<string, Map<string, Record<string, JsonValue>>> {
  const result = new Map<string, Map<string, Record<string, JsonValue>>>()
  for (const table of state.definition.tables.values()) {
    if (!table.name.endsWith('_lang')) continue
    const base = state.definition.tables.get(table.name.slice(0, -'_lang'.length))
    const reference = base && referenceField(table, base.name)
    if (!base || !reference) continue
    const texts = new Map<string, Record<string, JsonValue>>()
    for (const lang of fallback && fallback !== language ? [fallback, language] : [language]) {
      collect(state, table, reference, lang, texts)
    }
    result.set(base.name, texts)
  }
  return result
}

function collect(
  state: ModuleState,
  table: TableDefinition,
  reference: string,
  language: string,
  texts: Map<string, Record<string, JsonValue>>,
): void {
  for (const batch of state.records(table.name).batches(1000)) {
    for (const row of batch) {
      const record = JSON.parse(row.doc) as JsonObject
      const key = record[reference]
      if (record.lang !== language || key === undefined || key === null) continue
      const overlay = texts.get(String(key)) ?? {}
      for (const [field, value] of Object.entries(record)) {
        const isSecret = table.fieldByName.get(field)?.secret === true
        if (value !== null && !isSecret && field !== reference && !OWN_FIELDS.has(field)) overlay[field] = value
      }
      texts.set(String(key), overlay)
    }
  }
}

/** The field that names the translated record: by the base table's name, plural or singular, else by its reference. */
function referenceField(table: TableDefinition, base: string): string | undefined {
  const singular = base.replace(/s$/, '')
  const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const names = [`${base}_id`, `${camel(base)}Id`, `${singular}_id`, `${camel(singular)}Id`]
  for (const field of table.fields)
    if (names.includes(field.name) || names.includes(field.columnName)) return field.name
  return table.fields.find((field) => field.references?.table === base)?.name
}
