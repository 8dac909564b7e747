import { AppError } from '../../../src-shared/errors.ts'
import { compileTable } from '../../store/schema/compile-table.ts'
import type { FieldDefinition, TableDefinition } from '../../store/schema/definition.ts'
import { type Expression, listPaths, type PathExpression } from '../../store/schema/expression.ts'

/** Names of `auth` and `request`; all are texts or null. */
const AUTH_NAMES = new Set(['uid', 'role', 'device', 'branch', 'kind'])
const REQUEST_NAMES = new Set(['action', 'table', 'module'])

/** Types as comparisons see them; true and false compare as 1 and 0. */
type ValueType = 'text' | 'number' | 'null' | 'any'

export interface RuleContext {
  rule: string
  table: TableDefinition
  /** Only writes know what was there before. */
  allowsPrevious: boolean
}

/**
 * The expression with its fields under their canonical names, once it is certain that it can be evaluated on every
 * record of the table and that no comparison in it is between types that are never equal.
 *
 * @throws AppError `invalid-policy`.
 */
export function checkRule(expression: Expression, context: RuleContext): Expression {
  for (const path of listPaths(expression)) {
    if (path.isKept) throw wrong(context, 'kept() belongs to snapshots, not to rules')
  }
  const checked = withCanonicalNames(expression, context)
  checkCondition(checked, context)
  return checked
}

function checkCondition(expression: Expression, context: RuleContext): void {
  switch (expression.kind) {
    case 'and':
    case 'or':
      for (const item of expression.items) checkCondition(item, context)
      return
    case 'not':
      checkCondition(expression.operand, context)
      return
    case 'literal':
      if (typeof expression.value !== 'boolean') throw wrong(context, 'a bare value is no condition')
      return
    case 'path':
    case 'size':
    case 'lower':
      if (typeOf(expression, context) === 'text') throw wrong(context, 'a text is no condition; compare it')
      return
    default:
      typeOf(expression, context)
  }
}

function typeOf(expression: Expression, context: RuleContext): ValueType {
  switch (expression.kind) {
    case 'literal':
      return expression.value === null ? 'null' : typeof expression.value === 'string' ? 'text' : 'number'
    case 'path':
      return typeOfPath(expression, context)
    case 'lower':
      if (typeOf(expression.argument, context) === 'number') throw wrong(context, 'lower() takes a text')
      return 'text'
    case 'size':
      typeOf(expression.argument, context)
      return 'number'
    case 'compare': {
      const types = [typeOf(expression.left, context), typeOf(expression.right, context)] as const
      checkComparable(types[0], types[1], context)
      const isOrder = expression.operator !== '==' && expression.operator !== '!='
      if (isOrder && types.includes('null')) throw wrong(context, 'null is neither smaller nor larger than anything')
      return 'number'
    }
    case 'in':
      checkIn(expression.value, expression.list, context)
      return 'number'
    default:
      checkCondition(expression, context)
      return 'number'
  }
}

function checkIn(value: Expression, list: Expression, context: RuleContext): void {
  const type = typeOf(value, context)
  if (list.kind === 'list') {
    for (const item of list.items) checkComparable(type, typeOf(item, context), context)
    return
  }
  if (typeOf(list, context) !== 'any') throw wrong(context, 'after "in" comes a list, or a field that may hold one')
}

function checkComparable(left: ValueType, right: ValueType, context: RuleContext): void {
  const isMixed = (left === 'text' && right === 'number') || (left === 'number' && right === 'text')
  if (isMixed) throw wrong(context, 'it compares a text with a number, which are never equal')
}

function typeOfPath(expression: PathExpression, context: RuleContext): ValueType {
  const [name = '', ...rest] = expression.path
  if (expression.root === 'auth' || expression.root === 'request') return 'text'
  if (rest.length > 0) return 'any'
  if (name === 'version') return 'number'
  if (name === 'createdAt' || name === 'updatedAt' || name === 'branchId') return 'text'
  const field = context.table.fieldByName.get(name)
  return field ? typeOfField(field) : 'any'
}

/** Lenient writes of field clients keep values of another type, so this is what a field should hold, no more. */
function typeOfField(field: FieldDefinition): ValueType {
  if (field.type === 'json') return 'any'
  if (field.type === 'decimal') return field.decimalForm === 'number' ? 'number' : 'text'
  return field.type === 'integer' || field.type === 'boolean' ? 'number' : 'text'
}

/** Every path, with its field as the table calls it. */
function withCanonicalNames(expression: Expression, context: RuleContext): Expression {
  const recur = <T extends Expression>(item: T): T => withCanonicalNames(item, context) as T
  switch (expression.kind) {
    case 'path':
      return canonicalPath(expression, context)
    case 'list':
    case 'and':
    case 'or':
      return { ...expression, items: expression.items.map(recur) }
    case 'compare':
      return { ...expression, left: recur(expression.left), right: recur(expression.right) }
    case 'in':
      return { ...expression, value: recur(expression.value), list: recur(expression.list) }
    case 'not':
      return { ...expression, operand: recur(expression.operand) }
    case 'size':
    case 'lower':
      return { ...expression, argument: recur(expression.argument) }
    default:
      return expression
  }
}

function canonicalPath(path: PathExpression, context: RuleContext): PathExpression {
  const { root } = path
  const [name = '', ...rest] = path.path
  if (root === 'auth' || root === 'request') {
    const names = root === 'auth' ? AUTH_NAMES : REQUEST_NAMES
    if (names.has(name) && rest.length === 0) return path
    throw wrong(context, `there is no ${root}.${path.path.join('.')}; ${root} has ${[...names].join(', ')}`)
  }
  if (root === 'previous' && !context.allowsPrevious) {
    throw wrong(context, 'previous is known to writes only')
  }
  const field = fieldName(name, context)
  // An answer that depends on it would tell of it.
  if (context.table.fieldByName.get(field)?.secret) throw wrong(context, `${name} is secret and cannot be asked for`)
  return { ...path, path: [field, ...rest] }
}

/** @throws AppError `invalid-policy` for a field that the table does not have. */
export function fieldName(name: string, context: RuleContext): string {
  const { table } = context
  const slot = compileTable(table).slots.get(name)
  const canonical = slot?.field?.name ?? slot?.serverField
  if (canonical !== undefined) return canonical
  if (name === 'id' || table.additionalFields) return name
  throw wrong(context, `the table ${table.name} has no field "${name}"`)
}

export function wrong({ rule, table }: RuleContext, problem: string): AppError {
  return new AppError('invalid-policy', `The rule ${rule}, on the table ${table.name}: ${problem}.`, {
    details: { rule, table: table.name },
  })
}
