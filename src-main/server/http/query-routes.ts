import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { parseName } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { ModuleStore } from '../../store/api.ts'
import type { FieldCondition, ListQuery } from '../../store/types.ts'
import type { Call } from './call.ts'
import { findBranch } from './full-sync-routes.ts'
import { textIn } from './names.ts'
import { type Route, route } from './route.ts'
import { recordShape } from './shapes.ts'
import { translatedTexts } from './table-routes.ts'

const MAX_ROWS = 1_000
const MAX_OFFSET = 100_000

type Operator = FieldCondition['operator']

/** Spellings of the operators, lower case. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  '=': '=',
  '==': '=',
  eq: '=',
  '!=': '!=',
  '<>': '!=',
  ne: '!=',
  '>': '>',
  gt: '>',
  '>=': '>=',
  gte: '>=',
  '<': '<',
  lt: '<',
  '<=': '<=',
  lte: '<=',
  in: 'in',
  'not in': 'not in',
  nin: 'not in',
  like: 'like',
  'is null': 'is null',
  'is not null': 'is not null',
}

const queryBody = z.looseObject({
  branchId: z.string().optional(),
  moduleId: z.string().optional(),
  table: z.string().optional(),
  where: z
    .unknown()
    .optional()
    .describe('{field: value} or {field: {operator, value}}, or a list of such; all must hold'),
  orderBy: z.unknown().optional().describe('A field, [field, "desc"], {field, direction}, or a list of such'),
  limit: z.int().optional().describe(`At most ${MAX_ROWS}`),
  offset: z.int().min(0).max(MAX_OFFSET).optional(),
  lang: z.string().optional(),
  fallbackLang: z.string().optional(),
})

/** Filtered reads of one table. */
export const queryRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/api/query/module',
    tag: 'Query',
    permission: 'table',
    summary: 'Records of a table that meet conditions on its fields',
    body: queryBody,
    answers: {
      200: {
        description: 'Records',
        schema: z.object({
          branchId: z.string(),
          moduleId: z.string(),
          table: z.string(),
          count: z.int(),
          rows: z.array(recordShape),
          meta: z.looseObject({ queryTime: z.number(), limit: z.int(), offset: z.int() }),
        }),
      },
    },
    errors: ['missing-table-name', 'table-not-found', 'invalid-request'],
    handle: (call, { body }) => runQuery(call, body),
  }),
  ...notBuilt('/api/query', 'Query', 'Queries with joins and aggregation'),
  ...notBuilt('/api/query/raw', 'Query', 'Raw SQL'),
  ...notBuilt('/api/uploads', 'Files', 'Uploads'),
]

/** Named by the field's contract and not built: said as such, so that nobody takes it for a wrong path. */
function notBuilt(path: string, tag: string, what: string): Route[] {
  return [
    route({
      method: 'POST',
      path,
      tag,
      permission: 'signed-in',
      summary: `${what}: not built yet`,
      answers: {},
      errors: ['not-implemented'],
      handle() {
        throw new AppError('not-implemented', `${what} are not built yet.`)
      },
    }),
  ]
}

async function runQuery(call: Call, body: z.output<typeof queryBody>): Promise<void> {
  const startedAt = performance.now()
  const branch = findBranch(call, textIn(body, 'branchId', 'branch_id'))
  const module = branch.getModule(textIn(body, 'moduleId', 'module_id'))
  const named = textIn(body, 'table', 'tableName', 'targetTable')
  if (named === undefined) throw new AppError('missing-table-name', 'The query names no table.')
  const table = module.resolveTable(parseName(named, 'table name'))
  const limit = Math.min(body.limit && body.limit > 0 ? body.limit : MAX_ROWS, MAX_ROWS)
  const offset = body.offset ?? 0
  const query: ListQuery = {
    where: parseConditions((body.where ?? body.filter) as JsonValue | undefined),
    orderBy: parseOrder((body.orderBy ?? body.sortBy) as JsonValue | undefined),
  }
  const page = readRows(module, table.name, query, { limit, offset })
  const lang = textIn(body, 'lang', 'locale')
  const fallback = textIn(body, 'fallbackLang', 'fallback')
  const rows = translatedTexts(module, table, page, { lang, fallback })
  const head = JSON.stringify({
    branchId: module.branchId,
    moduleId: module.moduleId,
    table: table.name,
    count: rows.length,
  })
  const queryTime = Math.round((performance.now() - startedAt) * 100) / 100
  const meta = JSON.stringify({ queryTime, limit, offset, lang: lang ?? null, fallbackLang: fallback ?? null })
  await call.sendReadable(`${head.slice(0, -1)},"rows":[${rows.join(',')}],"meta":${meta}}`)
}

/** Skips by reading: an offset is only for small tables, which is why it is bounded. */
function readRows(
  module: ModuleStore,
  table: string,
  query: ListQuery,
  { limit, offset }: { limit: number; offset: number },
): string[] {
  const rows: string[] = []
  let skip = offset
  let next: string | undefined
  do {
    const page = module.list(table, {
      ...query,
      limit: Math.min(MAX_ROWS, skip + limit),
      ...(next !== undefined && { next }),
    })
    rows.push(...page.recordTexts.slice(skip, skip + limit - rows.length))
    skip = Math.max(0, skip - page.recordTexts.length)
    next = page.next
  } while (next !== undefined && rows.length < limit)
  return rows
}

function parseConditions(where: JsonValue | undefined): FieldCondition[] {
  if (where === undefined || where === null) return []
  if (Array.isArray(where)) return where.flatMap(parseConditions)
  if (!isJsonObject(where)) throw wrong('where', 'must be an object or a list of objects')
  if (typeof where.field === 'string' && (where.operator !== undefined || where.value !== undefined)) {
    return [condition(where.field, where)]
  }
  return Object.entries(where).map(([field, value]) => {
    if (isJsonObject(value) && (value.operator !== undefined || value.op !== undefined)) return condition(field, value)
    if (Array.isArray(value)) return { field, operator: 'in', value }
    return value === null ? { field, operator: 'is null' } : { field, operator: '=', value }
  })
}

function condition(field: string, spec: JsonObject): FieldCondition {
  const name = String(spec.operator ?? spec.op ?? '=')
    .toLowerCase()
    .trim()
  const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined
  if (!operator) throw wrong(`where.${field}`, `has an unknown operator ${name}`)
  if (operator === 'is null' || operator === 'is not null') return { field, operator }
  const { value = null } = spec
  if ((operator === 'in' || operator === 'not in') && !Array.isArray(value))
    throw wrong(`where.${field}`, 'needs a list')
  if (value === null && operator === '=') return { field, operator: 'is null' }
  if (value === null && operator === '!=') return { field, operator: 'is not null' }
  return { field, operator, value }
}

type Order = NonNullable<ListQuery['orderBy']>[number]

/** `"f"`, `["f", "desc"]`, `{field, direction}`, or a list of such. */
function parseOrder(order: JsonValue | undefined): Order[] {
  if (order === undefined || order === null) return []
  if (typeof order === 'string') return [{ field: order, direction: 'asc' }]
  if (isJsonObject(order)) {
    if (typeof order.field !== 'string') throw wrong('orderBy', 'names no field')
    return [{ field: order.field, direction: directionOf(order.direction ?? order.dir) }]
  }
  if (!Array.isArray(order)) throw wrong('orderBy', 'must name a field')
  const [field, direction] = order
  const isPair = order.length === 2 && typeof field === 'string' && /^(asc|desc)$/i.test(String(direction))
  return isPair ? [{ field, direction: directionOf(direction) }] : order.flatMap(parseOrder)
}

function directionOf(value: JsonValue | undefined): 'asc' | 'desc' {
  return String(value ?? 'asc').toLowerCase() === 'desc' ? 'desc' : 'asc'
}

function wrong(field: string, message: string): AppError {
  return new AppError('invalid-request', `${field} ${message}.`, { errors: [{ field, code: 'invalid', message }] })
}
