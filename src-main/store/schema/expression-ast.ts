/** Objects that an expression may look into. */
export type PathRoot = 'record' | 'previous' | 'auth' | 'request'

export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>='

export interface PathExpression {
  kind: 'path'
  root: PathRoot
  path: string[]
}

export interface LiteralExpression {
  kind: 'literal'
  value: string | number | boolean | null
}

export type Expression =
  | LiteralExpression
  | PathExpression
  | { kind: 'list'; items: Expression[] }
  | { kind: 'compare'; operator: CompareOperator; left: Expression; right: Expression }
  | { kind: 'in'; isNegated: boolean; value: Expression; list: Expression }
  | { kind: 'and' | 'or'; items: Expression[] }
  | { kind: 'not'; operand: Expression }
  | { kind: 'kept'; path: PathExpression }
  | { kind: 'size' | 'lower'; argument: Expression }

/** Every path that an expression reads; `isKept` marks the argument of kept(). */
export function listPaths(expression: Expression): (PathExpression & { isKept: boolean })[] {
  switch (expression.kind) {
    case 'literal':
      return []
    case 'path':
      return [{ ...expression, isKept: false }]
    case 'kept':
      return [{ ...expression.path, isKept: true }]
    case 'list':
    case 'and':
    case 'or':
      return expression.items.flatMap(listPaths)
    case 'compare':
      return [...listPaths(expression.left), ...listPaths(expression.right)]
    case 'in':
      return [...listPaths(expression.value), ...listPaths(expression.list)]
    case 'not':
      return listPaths(expression.operand)
    case 'size':
    case 'lower':
      return listPaths(expression.argument)
  }
}
