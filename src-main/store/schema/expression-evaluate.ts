import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { CompareOperator, Expression, PathExpression } from './expression-ast.ts'

/** What an expression may see. An absent object reads as one without fields. */
export interface ExpressionScope {
  record?: JsonObject
  previous?: JsonObject
  auth?: JsonObject
  request?: JsonObject
  /** Whether the record that this field of `record` refers to is kept; absent: nothing is. */
  kept?: (path: string) => boolean
}

/** A value as comparisons see it, which is how SQLite sees it. */
export type Comparable = string | number | null

/**
 * Whether the expression holds. There is no third truth value: a missing field is null, null equals null, and an order
 * comparison with null is false. true and false compare as 1 and 0; texts and numbers are never equal and never
 * ordered; texts are ordered by code point; lists and objects compare as their compact JSON text. As a condition of
 * its own a value holds when it is true or a number other than 0.
 */
export function evaluateExpression(expression: Expression, scope: ExpressionScope): boolean {
  switch (expression.kind) {
    case 'and':
      return expression.items.every((item) => evaluateExpression(item, scope))
    case 'or':
      return expression.items.some((item) => evaluateExpression(item, scope))
    case 'not':
      return !evaluateExpression(expression.operand, scope)
    case 'compare':
      return compare(expression.operator, comparableOf(expression.left, scope), comparableOf(expression.right, scope))
    case 'in':
      return isIn(comparableOf(expression.value, scope), expression.list, scope) !== expression.isNegated
    case 'kept':
      return scope.kept?.(expression.path.path.join('.')) ?? false
    default: {
      const value = comparableOf(expression, scope)
      return typeof value === 'number' && value !== 0
    }
  }
}

function comparableOf(expression: Expression, scope: ExpressionScope): Comparable {
  switch (expression.kind) {
    case 'literal':
      return toComparable(expression.value)
    case 'path':
      return toComparable(readPath(expression, scope))
    case 'size':
      return sizeOf(expression.argument, scope)
    case 'lower': {
      const value = comparableOf(expression.argument, scope)
      return typeof value === 'string' ? lowerAscii(value) : null
    }
    default:
      return evaluateExpression(expression, scope) ? 1 : 0
  }
}

/** The value at a path, own keys only; null when there is none. */
export function readPath(expression: PathExpression, scope: ExpressionScope): JsonValue {
  let value: JsonValue | undefined = scope[expression.root]
  for (const name of expression.path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return null
    value = value[name]
  }
  return value ?? null
}

export function toComparable(value: JsonValue): Comparable {
  if (typeof value === 'boolean') return value ? 1 : 0
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value
}

/** Whether a comparison of two values holds; never more than true or false. */
export function compare(operator: CompareOperator, left: Comparable, right: Comparable): boolean {
  if (operator === '==') return left === right
  if (operator === '!=') return left !== right
  if (left === null || right === null) return false
  if (typeof left === 'number') return typeof right === 'number' && isOrdered(operator, left - right)
  return typeof right === 'string' && isOrdered(operator, compareTexts(left, right))
}

function isOrdered(operator: '<' | '<=' | '>' | '>=', order: number): boolean {
  switch (operator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

/** By code point, as UTF-8 bytes compare; JavaScript's own order puts U+E000 to U+FFFF behind the other planes. */
function compareTexts(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at++) {
    const leftUnit = left.charCodeAt(at)
    const rightUnit = right.charCodeAt(at)
    if (leftUnit === rightUnit) continue
    const isLeftPair = leftUnit >= 0xd800 && leftUnit <= 0xdfff
    const isRightPair = rightUnit >= 0xd800 && rightUnit <= 0xdfff
    if (isLeftPair !== isRightPair && leftUnit >= 0xd800 && rightUnit >= 0xd800) return isLeftPair ? 1 : -1
    return leftUnit - rightUnit
  }
  return left.length - right.length
}

function isIn(value: Comparable, list: Expression, scope: ExpressionScope): boolean {
  if (list.kind === 'list') return list.items.some((item) => comparableOf(item, scope) === value)
  const items = list.kind === 'path' ? readPath(list, scope) : null
  return Array.isArray(items) && items.some((item) => toComparable(item) === value)
}

/** Characters of a text, items of a list, keys of an object, 0 of anything else. */
export function sizeOf(argument: Expression, scope: ExpressionScope): number {
  const value = argument.kind === 'path' ? readPath(argument, scope) : comparableOf(argument, scope)
  if (typeof value === 'string') return [...value].length
  if (Array.isArray(value)) return value.length
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0
}

/** SQLite's lower() knows the letters A to Z only. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
