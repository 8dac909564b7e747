import { AppError } from '../../../src-shared/errors.ts'
import type { JsonValue } from '../../../src-shared/json.ts'
import { parseDecimal } from '../../lib/decimal.ts'
import { recordRefOf } from '../events/event-line.ts'
import type { FieldDefinition, TableDefinition } from '../schema/definition.ts'
import { decimalColumnName, fieldColumnName, fieldExpression, quoteName } from '../sqlite/identifiers.ts'
import { needsColumn } from '../sqlite/record-ddl.ts'
import type { RecordTable } from '../sqlite/record-table.ts'
import type { FieldCondition, ListPage, ListQuery, VisibleRecords } from '../types.ts'
import { compileVisible } from './visible-records.ts'

type Parameter = string | number | bigint | null

/** Most records of one page. */
export const MAX_PAGE = 1000

const OPERATORS = new Set(['=', '!=', '>', '>=', '<', '<='])

interface Clause {
  where: string[]
  parameters: Parameter[]
}

/**
 * One page of a table in order of creation (or by fields), straight from stored text. Costs the page, whatever the
 * table's size, unless fields without an index are compared.
 */
export function readPage(records: RecordTable, query: ListQuery): ListPage {
  const table = records.definition
  const limit = Math.max(0, Math.min(query.limit ?? MAX_PAGE, MAX_PAGE))
  const isDescending = query.order === 'desc'
  const clause: Clause = { where: [], parameters: [] }
  if (query.id !== undefined) add(clause, 'id = ?', query.id.normalize('NFC'))
  if (query.createdAfter !== undefined) add(clause, 'created_at > ?', query.createdAfter)
  if (query.updatedAfter !== undefined) add(clause, 'updated_at > ?', query.updatedAfter)
  for (const condition of query.where ?? []) addCondition(clause, table, condition)
  const visible = query.visible && compileVisible(records, query.visible)
  if (visible) add(clause, visible.sql, ...visible.parameters)
  const sort = query.orderBy?.length ? query.orderBy : undefined
  const offset = addCursor(clause, records, query, isDescending, sort !== undefined)
  const direction = isDescending ? 'DESC' : 'ASC'
  const order = sort
    ? [
        ...sort.map((key) => `${orderColumnFor(table, key.field).sql} ${key.direction === 'desc' ? 'DESC' : 'ASC'}`),
        'n ASC',
      ].join(', ')
    : `n ${direction}`
  const where = clause.where.length === 0 ? '' : `WHERE ${clause.where.join(' AND ')}`
  const sql = `SELECT n, id, created_at AS createdAt, ${visible?.doc ?? records.publicDoc} AS doc FROM %t ${where} ORDER BY ${order} LIMIT ?${sort ? ' OFFSET ?' : ''}`
  const rows = records.statement(sql).all(...clause.parameters, limit + 1, ...(sort ? [offset] : [])) as PageRow[]
  const hasMore = rows.length > limit
  if (hasMore) rows.pop()
  const last = rows.at(-1)
  return {
    count: rows.length,
    recordTexts: rows.map((row) => row.doc),
    cursor: last ? cursorOf(table, last) : null,
    ...(hasMore && last && { next: encodeCursor(sort ? { offset: offset + rows.length } : { after: last.n }) }),
  }
}

/** How many records a reader may see. Costs a read of the table unless an index serves the condition. */
export function countVisible(records: RecordTable, visible: VisibleRecords): number {
  const { sql, parameters } = compileVisible(records, visible)
  const row = records.statement(`SELECT count(*) AS total FROM %t WHERE ${sql}`).get(...parameters)
  return (row as { total: number }).total
}

interface PageRow {
  n: number
  id: string
  createdAt: string
  doc: string
}

function cursorOf(table: TableDefinition, row: PageRow): ListPage['cursor'] {
  const record = table.primaryKey.length > 1 ? JSON.parse(row.doc) : undefined
  return { ...recordRefOf(table, row.id, record), lastId: row.id, lastCreatedAt: row.createdAt }
}

/** Puts the place to continue from into the clause; returns the offset of a sorted query. */
function addCursor(
  clause: Clause,
  records: RecordTable,
  query: ListQuery,
  isDescending: boolean,
  isSorted: boolean,
): number {
  const operator = isDescending ? '<' : '>'
  if (query.next !== undefined) {
    const cursor = decodeCursor(query.next)
    if (isSorted !== (cursor.offset !== undefined)) throw invalidCursor()
    if (cursor.offset !== undefined) return cursor.offset
    add(clause, `n ${operator} ?`, cursor.after!)
  } else if (query.afterId !== undefined) {
    // The specification's cursor: an unknown id is ignored.
    const row = records.find(query.afterId.normalize('NFC'))
    if (row) add(clause, `n ${operator} ?`, row.n)
  }
  return 0
}

function encodeCursor(cursor: { after?: number; offset?: number }): string {
  return Buffer.from(cursor.offset === undefined ? `n${cursor.after}` : `o${cursor.offset}`).toString('base64url')
}

function decodeCursor(text: string): { after?: number; offset?: number } {
  const match = /^([no])([0-9]{1,15})$/.exec(text.length < 64 ? Buffer.from(text, 'base64url').toString('latin1') : '')
  if (!match) throw invalidCursor()
  return match[1] === 'n' ? { after: Number(match[2]) } : { offset: Number(match[2]) }
}

function invalidCursor(): AppError {
  return new AppError('invalid-cursor', 'This is not a cursor of this list.')
}

function add(clause: Clause, sql: string, ...parameters: Parameter[]): void {
  clause.where.push(sql)
  clause.parameters.push(...parameters)
}

interface Column {
  sql: string
  field: FieldDefinition | undefined
}

/** SQL for a field's value; the columns that every record has come from the row itself. */
function columnFor(table: TableDefinition, name: string): Column {
  const field = table.fieldByName.get(name)
  if (field?.secret) throw unknownField(table, name)
  if (name === 'createdAt') return { sql: 'created_at', field: undefined }
  if (name === 'updatedAt') return { sql: 'updated_at', field: undefined }
  if (name === 'version') return { sql: 'version', field: undefined }
  if (!field) {
    if (name === 'id') return { sql: 'id', field: undefined }
    throw unknownField(table, name)
  }
  if (field.primaryKey && table.primaryKey.length === 1) return { sql: 'id', field }
  if (field.type === 'decimal') return { sql: quoteName(decimalColumnName(name)), field }
  return { sql: needsColumn(table, field) ? quoteName(fieldColumnName(name)) : fieldExpression(name), field }
}

/** As columnFor, for comparing by size: an integer key is stored as text, in which 10 comes before 9. */
function orderColumnFor(table: TableDefinition, name: string): Column {
  const column = columnFor(table, name)
  return column.sql === 'id' && column.field?.type === 'integer' ? { ...column, sql: 'CAST(id AS INTEGER)' } : column
}

function addCondition(clause: Clause, table: TableDefinition, condition: FieldCondition): void {
  const { operator } = condition
  const isRange = operator.startsWith('<') || operator.startsWith('>')
  const column = isRange ? orderColumnFor(table, condition.field) : columnFor(table, condition.field)
  if (operator === 'is null' || operator === 'is not null') {
    add(clause, `${column.sql} ${operator.toUpperCase()}`)
    return
  }
  if (operator === 'in' || operator === 'not in') {
    addListCondition(clause, column, condition)
    return
  }
  if (operator === 'like') {
    if (typeof condition.value !== 'string' || condition.value.length > 256) {
      throw new AppError('invalid-request', 'A pattern must be a text of at most 256 characters.')
    }
    add(clause, `${column.sql} LIKE ?`, condition.value)
    return
  }
  if (!OPERATORS.has(operator)) throw new AppError('invalid-request', `Unknown operator ${String(operator)}.`)
  const value = condition.value ?? null
  if (value === null) {
    if (operator !== '=' && operator !== '!=')
      throw new AppError('invalid-request', 'null can only be compared with = and !=.')
    add(clause, `${column.sql} IS ${operator === '=' ? '' : 'NOT '}NULL`)
    return
  }
  // IS NOT rather than <>: a record without the field is different from a value.
  add(clause, `${column.sql} ${operator === '!=' ? 'IS NOT' : operator} ?`, parameterOf(column, value))
}

function addListCondition(clause: Clause, column: Column, condition: FieldCondition): void {
  const list = Array.isArray(condition.value) ? condition.value : [condition.value ?? null]
  if (list.length > 500) throw new AppError('invalid-request', 'At most 500 values can be compared at once.')
  // As with = and !=: null stands for an absent value, and an absent value is different from any other.
  const values = list.filter((value) => value !== null).map((value) => parameterOf(column, value))
  const hasNull = values.length < list.length
  const found = `${column.sql} IN (${values.map(() => '?').join(', ')})`
  const isIn = hasNull ? `(${column.sql} IS NULL OR ${found})` : found
  add(clause, condition.operator === 'in' ? isIn : `(${isIn}) IS NOT TRUE`, ...values)
}

function parameterOf(column: Column, value: JsonValue): Parameter {
  if (column.field?.type === 'decimal') {
    const scaled = parseDecimal(value, column.field)
    if (typeof scaled === 'string')
      throw new AppError('invalid-request', `${column.field.name} is compared with a decimal number.`)
    return scaled
  }
  if (typeof value === 'boolean') return value ? 1 : 0
  if (column.sql === 'id') return String(value)
  if (typeof value === 'string' || value === null) return value
  // A JavaScript number binds as REAL, which SQLite compares with integers exactly.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  throw new AppError('invalid-request', 'A field can be compared with a text, a number, a boolean or null.')
}

function unknownField(table: TableDefinition, name: string): AppError {
  return new AppError('invalid-request', `The table ${table.name} has no field "${name.slice(0, 64)}".`)
}
