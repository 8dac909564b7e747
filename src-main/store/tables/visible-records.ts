import type { TableDefinition } from '../schema/definition.ts'
import { compileToSql, type Expression } from '../schema/expression.ts'
import { fieldColumnName, quoteName } from '../sqlite/identifiers.ts'
import { needsColumn } from '../sqlite/record-ddl.ts'
import type { RecordTable } from '../sqlite/record-table.ts'
import type { VisibleRecords } from '../types.ts'

interface VisibleSql {
  /** A condition that is 1 or 0. */
  sql: string
  parameters: (string | number)[]
  /** SQL of the document without its hidden fields. */
  doc: string
}

const compiled = new WeakMap<VisibleRecords, WeakMap<TableDefinition, VisibleSql>>()

/**
 * What a reader may see, as SQL. The condition reads the document itself, as the evaluator does, and never a column whose
 * affinity could turn a number into a text.
 */
export function compileVisible(records: RecordTable, visible: VisibleRecords): VisibleSql {
  const { definition } = records
  let tables = compiled.get(visible)
  if (!tables) {
    tables = new WeakMap()
    compiled.set(visible, tables)
  }
  let known = tables.get(definition)
  if (!known) {
    known = compile(records, visible)
    tables.set(definition, known)
  }
  return known
}

function compile(records: RecordTable, { condition, scope, hidden }: VisibleRecords): VisibleSql {
  const { definition, publicDoc } = records
  const { sql, parameters } = compileToSql(condition, {
    column: (path) => `(doc ->> ${jsonPath(path.split('.'))})`,
    kept: () => '0',
    jsonType: (path) => `json_type(doc, ${jsonPath(path.split('.'))})`,
    items: (path) => `json_each(doc, ${jsonPath(path.split('.'))})`,
    scope,
  })
  const hints = indexHints(definition, condition)
  const doc = hidden.length === 0 ? publicDoc : `json_remove(${publicDoc}, ${hidden.map(jsonPath).join(', ')})`
  return {
    sql: [...hints.map((hint) => hint.sql), sql].join(' AND '),
    parameters: [...hints.map((hint) => hint.parameter), ...parameters],
    doc,
  }
}

function jsonPath(keys: readonly string[]): string {
  return `'$${keys.map((key) => `."${key.replaceAll("'", "''")}"`).join('')}'`
}

/**
 * Conditions that follow from the whole one and that an index can serve: a field that has to be a certain text. A column
 * of text affinity equals the text wherever the document does, so nothing that may be seen is lost.
 */
function indexHints(table: TableDefinition, condition: Expression): { sql: string; parameter: string }[] {
  const items = condition.kind === 'and' ? condition.items : [condition]
  return items.flatMap((item) => {
    if (item.kind !== 'compare' || item.operator !== '==') return []
    const [path, literal] = item.left.kind === 'path' ? [item.left, item.right] : [item.right, item.left]
    if (path.kind !== 'path' || path.root !== 'record' || path.path.length !== 1) return []
    const field = table.fieldByName.get(path.path[0]!)
    if (literal.kind !== 'literal' || typeof literal.value !== 'string' || !field) return []
    if (field.type === 'json' || field.type === 'integer' || field.type === 'boolean' || !needsColumn(table, field))
      return []
    return [{ sql: `${quoteName(fieldColumnName(field.name))} = ?`, parameter: literal.value }]
  })
}
