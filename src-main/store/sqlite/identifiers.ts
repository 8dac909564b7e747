/** SQL spelling of our names. Names may hold capitals, dots, colons and dashes, and SQLite folds ASCII case. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A case-safe form: capitals become `^` and the small letter, which no name of ours contains. */
function foldSafe(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `^${letter.toLowerCase()}`)
}

export const recordTableName = (moduleId: string, table: string): string => `${foldSafe(moduleId)}/${foldSafe(table)}`
export const eventTableName = (moduleId: string): string => `${foldSafe(moduleId)}//events`
export const tombstoneTableName = (moduleId: string): string => `${foldSafe(moduleId)}//tombstones`
export const fieldColumnName = (field: string): string => `f.${foldSafe(field)}`
export const decimalColumnName = (field: string): string => `d.${foldSafe(field)}`
export const indexName = (table: string, suffix: string): string => `${table}/${foldSafe(suffix)}`

/** The value of a field inside the stored JSON document. */
export function fieldExpression(field: string): string {
  return `(doc ->> '$."${field.replaceAll("'", "''")}"')`
}
