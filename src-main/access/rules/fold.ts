import {
  type Expression,
  type ExpressionScope,
  evaluateExpression,
  listPaths,
  type PathExpression,
} from '../../store/schema/expression.ts'

export const ALWAYS: Expression = { kind: 'literal', value: true }
export const NEVER: Expression = { kind: 'literal', value: false }

/**
 * The expression with everything worked out that depends on the caller alone: conditions without a field of the record
 * become true or false, and with them the ands and ors around; what else names the caller names a value now. What is
 * left is what has to be asked of each record.
 *
 * @param scope - `auth` and `request`, whose members are texts or null.
 */
export function foldExpression(expression: Expression, scope: ExpressionScope): Expression {
  switch (expression.kind) {
    case 'and':
    case 'or':
      return foldSeries(expression.kind, expression.items, scope)
    case 'not': {
      const operand = foldExpression(expression.operand, scope)
      if (operand === ALWAYS) return NEVER
      return operand === NEVER ? ALWAYS : { kind: 'not', operand }
    }
    default: {
      if (listPaths(expression).some(isOfRecord)) return withValues(expression, scope)
      return evaluateExpression(expression, scope) ? ALWAYS : NEVER
    }
  }
}

function foldSeries(kind: 'and' | 'or', series: readonly Expression[], scope: ExpressionScope): Expression {
  const [neutral, deciding] = kind === 'and' ? [ALWAYS, NEVER] : [NEVER, ALWAYS]
  const items: Expression[] = []
  for (const item of series) {
    const folded = foldExpression(item, scope)
    if (folded === deciding) return deciding
    if (folded !== neutral) items.push(folded)
  }
  if (items.length === 0) return neutral
  return items.length === 1 ? items[0]! : { kind, items }
}

function isOfRecord({ root }: PathExpression): boolean {
  return root === 'record' || root === 'previous'
}

/** Paths of the caller become their values. */
function withValues(expression: Expression, scope: ExpressionScope): Expression {
  const recur = (item: Expression): Expression => withValues(item, scope)
  switch (expression.kind) {
    case 'path': {
      if (isOfRecord(expression)) return expression
      const value = scope[expression.root]?.[expression.path[0]!]
      return { kind: 'literal', value: typeof value === 'string' ? value : null }
    }
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

export function allOf(items: readonly Expression[]): Expression {
  if (items.length === 0) return ALWAYS
  return items.length === 1 ? items[0]! : { kind: 'and', items: [...items] }
}
