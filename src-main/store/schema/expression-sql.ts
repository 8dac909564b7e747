import { AppError } from '../../../src-shared/errors.ts'
import type { CompareOperator, Expression, PathExpression } from './expression-ast.ts'
import {
  type Comparable,
  compare,
  type ExpressionScope,
  readPath,
  sizeOf,
  toComparable,
} from './expression-evaluate.ts'

export interface SqlExpression {
  /** A condition that is 1 or 0, never NULL. */
  sql: string
  /** For the question marks, in order. */
  parameters: (string | number)[]
}

/** How a table's SQL names what the expression names. */
export interface SqlNames {
  /** SQL for the value of `record.<path>` (dotted): text, number, 1 or 0, JSON text, or NULL; undefined: no such field. */
  column: (path: string) => string | undefined
  /** SQL condition for kept(record.<path>). */
  kept: (path: string) => string
  /** SQL for the JSON type of `record.<path>` (json_type); needed by size() only. */
  jsonType?: (path: string) => string | undefined
  /** SQL of a table-valued function with the items of the list at `record.<path>`, in `value`; needed by `x in record.y`. */
  items?: (path: string) => string | undefined
  /** Values of paths other than record. Without it such a path is an error. */
  scope?: ExpressionScope
}

/** SQL of a value. `type` is known for constants and results of functions. */
interface SqlValue extends SqlExpression {
  type?: 'text' | 'number' | 'null'
  constant?: Comparable
}

const MIRRORED: Record<CompareOperator, CompareOperator> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
}
const NEVER: SqlExpression = { sql: '0', parameters: [] }
const ALWAYS: SqlExpression = { sql: '1', parameters: [] }

/**
 * A SQL condition that holds exactly when evaluateExpression holds, nulls and types included. A comparison of a column
 * with a constant stays a plain `=`, `<` or `IN (...)`, which an index can serve, beside a guard on the column's type:
 * it keeps SQLite from converting texts to numbers, and makes the condition 0 where the column is NULL.
 *
 * @throws AppError `invalid-schema` when the table has no such field, or for what SQL cannot see.
 */
export function compileToSql(expression: Expression, names: SqlNames): SqlExpression {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return join(
        expression.items.map((item) => compileToSql(item, names)),
        expression.kind === 'and' ? ' AND ' : ' OR ',
      )
    case 'not':
      return negate(compileToSql(expression.operand, names))
    case 'compare':
      return compileCompare(expression.operator, valueSql(expression.left, names), valueSql(expression.right, names))
    case 'in':
      return compileIn(expression.value, expression.list, expression.isNegated, names)
    case 'kept':
      return { sql: `(${names.kept(expression.path.path.join('.'))})`, parameters: [] }
    default:
      return compileTruth(valueSql(expression, names))
  }
}

function negate({ sql, parameters }: SqlExpression): SqlExpression {
  return { sql: `(NOT ${sql})`, parameters }
}

function join(parts: SqlExpression[], separator: string): SqlExpression {
  return {
    sql: `(${parts.map((part) => part.sql).join(separator)})`,
    parameters: parts.flatMap((part) => part.parameters),
  }
}

/** Puts fragments in the place of `$1`, `$2` ... of a template, with their parameters in the right order. */
function fill(template: string, ...values: SqlExpression[]): SqlExpression {
  const parameters: (string | number)[] = []
  const sql = template.replace(/\$(\d)/g, (_, index: string) => {
    const value = values[Number(index) - 1]!
    parameters.push(...value.parameters)
    return value.sql
  })
  return { sql, parameters }
}

function constantSql(constant: Comparable): SqlValue {
  if (constant === null) return { sql: 'NULL', parameters: [], type: 'null', constant }
  return { sql: '?', parameters: [constant], type: typeof constant === 'string' ? 'text' : 'number', constant }
}

function valueSql(expression: Expression, names: SqlNames): SqlValue {
  switch (expression.kind) {
    case 'literal':
      return constantSql(toComparable(expression.value))
    case 'path':
      if (expression.root !== 'record')
        return constantSql(toComparable(readPath(expression, scopeOf(expression, names))))
      return { sql: columnSql(expression, names), parameters: [] }
    case 'lower': {
      const value = valueSql(expression.argument, names)
      if (value.type !== undefined && value.type !== 'text') return constantSql(null)
      return fill(`CASE WHEN typeof($1) = 'text' THEN lower($1) END`, value)
    }
    case 'size':
      return sizeSql(expression.argument, names)
    default:
      return { ...compileToSql(expression, names), type: 'number' }
  }
}

function columnSql({ path }: PathExpression, names: SqlNames): string {
  const sql = names.column(path.join('.'))
  if (sql !== undefined) return sql
  throw new AppError('invalid-schema', `The expression uses record.${path.join('.')}, which the table does not have.`)
}

function scopeOf({ root, path }: PathExpression, names: SqlNames): ExpressionScope {
  if (names.scope) return names.scope
  throw new AppError('invalid-schema', `The expression uses ${root}.${path.join('.')}, which is not known here.`)
}

function sizeSql(argument: Expression, names: SqlNames): SqlValue {
  if (argument.kind !== 'path' || argument.root !== 'record') {
    const value = valueSql(argument, names)
    if (value.constant === undefined)
      return { ...fill(`CASE WHEN typeof($1) = 'text' THEN length($1) ELSE 0 END`, value), type: 'number' }
    return constantSql(sizeOf(argument, names.scope ?? {}))
  }
  const column = columnSql(argument, names)
  const type = names.jsonType?.(argument.path.join('.'))
  if (type === undefined) throw new AppError('invalid-schema', 'size() of a field cannot be used in this expression.')
  const sql =
    `CASE ${type} WHEN 'text' THEN length(${column}) WHEN 'array' THEN json_array_length(${column}) ` +
    `WHEN 'object' THEN (SELECT count(*) FROM json_each(${column})) ELSE 0 END`
  return { sql, parameters: [], type: 'number' }
}

/** A value as a condition: true, or a number other than 0. */
function compileTruth(value: SqlValue): SqlExpression {
  if (value.constant !== undefined) return typeof value.constant === 'number' && value.constant !== 0 ? ALWAYS : NEVER
  return fill(`(typeof($1) IN ('integer', 'real') AND $1 <> 0)`, value)
}

function compileCompare(operator: CompareOperator, left: SqlValue, right: SqlValue): SqlExpression {
  if (left.constant !== undefined && right.constant !== undefined) {
    return compare(operator, left.constant, right.constant) ? ALWAYS : NEVER
  }
  if (right.constant !== undefined) return compareWithConstant(operator, left, right)
  if (left.constant !== undefined) return compareWithConstant(MIRRORED[operator], right, left)
  const sameType = `(typeof($1) = 'text') = (typeof($2) = 'text')`
  if (operator === '==') return fill(`($1 IS $2 AND ${sameType})`, left, right)
  if (operator === '!=') return fill(`(NOT ($1 IS $2 AND ${sameType}))`, left, right)
  return fill(`($1 ${operator} $2 AND ${sameType} AND $1 IS NOT NULL AND $2 IS NOT NULL)`, left, right)
}

function compareWithConstant(operator: CompareOperator, value: SqlValue, constant: SqlValue): SqlExpression {
  if (operator === '!=') {
    return negate(compareWithConstant('==', value, constant))
  }
  if (constant.type === 'null') return operator === '==' ? fill('($1 IS NULL)', value) : NEVER
  return fill(`($1 ${operator === '==' ? '=' : operator} $2 AND ${typeGuard(constant)})`, value, constant)
}

function typeGuard(constant: SqlValue): string {
  return constant.type === 'text' ? `typeof($1) = 'text'` : `typeof($1) IN ('integer', 'real')`
}

function compileIn(value: Expression, list: Expression, isNegated: boolean, names: SqlNames): SqlExpression {
  const operand = valueSql(value, names)
  if (list.kind === 'path' && list.root === 'record') {
    const found = findInRecord(operand, list, names)
    return isNegated ? negate(found) : found
  }
  const items = listValues(list, names)
  const parts: SqlExpression[] = []
  for (const type of ['text', 'number'] as const) {
    const constants = items.filter((item) => item.type === type && item.constant !== undefined)
    if (constants.length === 0) continue
    const all = join(constants, ', ')
    parts.push(fill(`($1 IN $2 AND ${typeGuard(constants[0]!)})`, operand, all))
  }
  if (items.some((item) => item.type === 'null')) parts.push(fill('($1 IS NULL)', operand))
  for (const item of items) {
    if (item.constant === undefined) parts.push(compileCompare('==', operand, item))
  }
  const found = parts.length === 0 ? NEVER : join(parts, ' OR ')
  return isNegated ? negate(found) : found
}

/** Whether a list that is a field of the record has the value; a field that is no list has nothing. */
function findInRecord(operand: SqlValue, list: PathExpression, names: SqlNames): SqlExpression {
  const path = list.path.join('.')
  const items = names.items?.(path)
  const type = names.jsonType?.(path)
  if (items === undefined || type === undefined) {
    throw new AppError('invalid-schema', 'A list that is a field of the record cannot be searched in this expression.')
  }
  const isSame = compileCompare('==', operand, { sql: 'item.value', parameters: [] })
  const sql = `(EXISTS (SELECT 1 FROM ${items} AS item WHERE ${isSame.sql}) AND ${type} IS 'array')`
  return { sql, parameters: isSame.parameters }
}

function listValues(list: Expression, names: SqlNames): SqlValue[] {
  if (list.kind === 'list') return list.items.map((item) => valueSql(item, names))
  if (list.kind === 'path' && list.root !== 'record') {
    const items = readPath(list, scopeOf(list, names))
    return Array.isArray(items) ? items.map((item) => constantSql(toComparable(item))) : []
  }
  throw new AppError('invalid-schema', 'A list that is a field of the record cannot be searched in this expression.')
}
