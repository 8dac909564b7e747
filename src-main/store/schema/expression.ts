/**
 * The rule language of schemas and policies, whole: parse a text once, then evaluate it on records or compile it to SQL.
 * Both give the same answer for the same record.
 */
export { type Expression, listPaths, type PathExpression, type PathRoot } from './expression-ast.ts'
export { type ExpressionScope, evaluateExpression } from './expression-evaluate.ts'
export { parseExpression } from './expression-parser.ts'
export { compileToSql, type SqlExpression, type SqlNames } from './expression-sql.ts'
