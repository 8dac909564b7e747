import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { parseRecordId } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import { listOrderHeaders } from '../../store/orders/list-orders.ts'
import { findOrder, readOrders } from '../../store/orders/order-reader.ts'
import { ALL_PARTS, buildOrderView, normalizeOrder, type ViewParts } from '../../store/orders/order-view.ts'
import { orderNotFound, saveOrder } from '../../store/orders/save-order.ts'
import type { Call } from './call.ts'
import { type Method, type Route, route } from './route.ts'
import { flag, nameList, wholeNumber } from './shapes.ts'
import { toIso } from './table-routes.ts'
import { recordEtag } from './write-answer.ts'

const ORDERS_PATH = '/api/branches/:branchId/modules/:moduleId/orders'
const MAX_ORDERS = 1_000

const orderShape = z
  .looseObject({
    id: z.string(),
    shiftId: z.string(),
    version: z.int(),
    lines: z.array(z.looseObject({ id: z.string() })).optional(),
    payments: z.array(z.looseObject({ id: z.string() })).optional(),
    statusLogs: z.array(z.looseObject({})).optional(),
  })
  .meta({ id: 'Order', description: 'Header with lines (each with statusLogs), payments and statusLogs' })

const savedShape = z.object({
  branchId: z.string(),
  moduleId: z.string(),
  orderId: z.string(),
  order: orderShape,
  normalized: z.looseObject({}).describe('The same order in the words of the field pages'),
})

const savedAnswer = { description: 'Saved, or stored already', schema: savedShape }

const orderBody = z.looseObject({
  order: z
    .looseObject({
      id: z.string().optional().describe('Missing or draft-...: the server hands out the next number'),
      shiftId: z.string().optional(),
      version: z.int().optional().describe('The version that was read'),
      lines: z.array(z.looseObject({})).optional(),
      payments: z.array(z.looseObject({})).optional(),
      statusLogs: z.array(z.looseObject({})).optional(),
    })
    .optional(),
  replaceLines: z.boolean().optional().describe('Lines and payments that the order leaves out are removed'),
  actorId: z.string().optional(),
})

const listQuery = z.object({
  onlyActive: flag.describe('Leaves out closed, cancelled, refunded ...; true unless a status is asked for'),
  include: nameList.describe('lines, payments, statusLogs, lineStatusLogs'),
  includeLines: flag,
  includePayments: flag,
  includeStatusLogs: flag,
  includeLineStatus: flag,
  limit: wholeNumber.describe(`At most ${MAX_ORDERS}`),
  status: nameList,
  stage: nameList,
  type: nameList,
  shiftId: nameList,
  updatedAfter: z.string().optional(),
  savedAfter: z.string().optional(),
})

const saveErrors = [
  'missing-order-payload',
  'missing-shift-id',
  'empty-order',
  'order-version-conflict',
  'validation-failed',
] as const

/** Orders as one thing: header, lines, payments and logs are stored and read together. */
export const orderRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: ORDERS_PATH,
    tag: 'Orders',
    permission: 'table',
    summary: 'Orders, latest change first',
    query: listQuery,
    queryAliases: {
      take: 'limit',
      updated_after: 'updatedAfter',
      saved_after: 'savedAfter',
      includeLineStatusLogs: 'includeLineStatus',
    },
    answers: {
      200: {
        description: 'Orders',
        schema: z.object({
          branchId: z.string(),
          moduleId: z.string(),
          orders: z.array(orderShape),
          meta: z.looseObject({ count: z.int(), total: z.int(), onlyActive: z.boolean(), limit: z.int().nullable() }),
        }),
      },
    },
    handle: (call, { query }) => listOrders(call, query),
  }),
  saveRoute('POST', ORDERS_PATH, 'Create an order, or save one that exists'),
  route({
    method: 'GET',
    path: `${ORDERS_PATH}/:orderId`,
    tag: 'Orders',
    permission: 'table',
    summary: 'One order with everything that belongs to it',
    answers: {
      200: {
        description: 'The order',
        schema: z.object({ branchId: z.string(), moduleId: z.string(), orderId: z.string(), order: orderShape }),
      },
    },
    errors: ['order-not-found'],
    handle(call) {
      const module = call.module()
      const { branchId, moduleId } = module
      const orderId = parseRecordId(call.param('orderId'))
      const order = findOrder(module, orderId)
      if (!order) throw orderNotFound(orderId)
      return call.sendReadable(JSON.stringify({ branchId, moduleId, orderId, order: buildOrderView(order) }))
    },
  }),
  saveRoute('PUT', `${ORDERS_PATH}/:orderId`, 'Save an order under this id'),
  saveRoute('PATCH', `${ORDERS_PATH}/:orderId`, 'Change an order; what is not sent stays'),
]

function saveRoute(method: Method, path: string, summary: string): Route {
  return route({
    method,
    path,
    tag: 'Orders',
    permission: 'table',
    summary,
    bodyDoc: orderBody,
    answers:
      method === 'PATCH' ? { 200: savedAnswer } : { 200: savedAnswer, 201: { ...savedAnswer, description: 'Created' } },
    errors: method === 'PATCH' ? [...saveErrors, 'order-not-found'] : saveErrors,
    handle: (call) => save(call, method),
  })
}

async function save(call: Call, method: Method): Promise<void> {
  const branch = call.branch()
  const module = branch.getModule(call.param('moduleId'))
  const body = await call.readBody()
  const order = isJsonObject(body) ? (body.order ?? body.data ?? body.record) : undefined
  if (!isJsonObject(body) || !isJsonObject(order)) {
    throw new AppError('missing-order-payload', 'The request carries no order object.')
  }
  const orderId = method === 'POST' ? undefined : parseRecordId(call.param('orderId'))
  const actorId = body.actorId ?? body.userId
  const requestId = call.idempotencyKey()
  const saved = await saveOrder(module, {
    order,
    caller: call.caller(branch),
    mustExist: method === 'PATCH',
    ...(orderId !== undefined && { orderId }),
    ...(typeof actorId === 'string' && { actorId }),
    ...(body.replaceLines === true && { replaceLines: true }),
    ...(requestId !== undefined && { requestId }),
    ...(isJsonObject(body.meta) && { meta: body.meta }),
  })
  const headers = ['ETag', recordEtag(module.head().epoch, Number(saved.order.header.version))]
  if (saved.outcome === 'unchanged' && requestId !== undefined) headers.push('Idempotency-Replayed', 'true')
  call.send(
    saved.outcome === 'created' ? 201 : 200,
    {
      branchId: module.branchId,
      moduleId: module.moduleId,
      orderId: saved.orderId,
      order: buildOrderView(saved.order),
      normalized: normalizeOrder(saved.order),
    },
    headers,
  )
}

async function listOrders(call: Call, query: z.output<typeof listQuery>): Promise<void> {
  const module = call.module()
  const parts = partsOf(query)
  const onlyActive = query.onlyActive ?? query.status.length === 0
  const { headers, hasMore } = listOrderHeaders(module, {
    onlyActive,
    status: query.status,
    stage: query.stage,
    type: query.type,
    shiftId: query.shiftId,
    limit: Math.min(query.limit || MAX_ORDERS, MAX_ORDERS),
    ...(query.updatedAfter !== undefined && { updatedAfter: toIso(query.updatedAfter, 'updatedAfter') }),
    ...(query.savedAfter !== undefined && { savedAfter: toIso(query.savedAfter, 'savedAfter') }),
  })
  const orders: JsonObject[] = readOrders(module, headers, parts).map((order) => buildOrderView(order, parts))
  const include = Object.entries(parts).flatMap(([name, isWanted]) => (isWanted ? [name] : []))
  const meta = { count: orders.length, total: orders.length, hasMore, onlyActive, include, limit: query.limit || null }
  await call.sendReadable(JSON.stringify({ branchId: module.branchId, moduleId: module.moduleId, orders, meta }))
}

function partsOf(query: z.output<typeof listQuery>): ViewParts {
  const include = new Set(query.include)
  if (include.has('all') || include.has('*')) return ALL_PARTS
  const lineStatusLogs = include.has('lineStatusLogs') || include.has('lineStatus') || query.includeLineStatus === true
  return {
    lines: include.has('lines') || query.includeLines === true || lineStatusLogs,
    payments: include.has('payments') || query.includePayments === true,
    statusLogs: include.has('statusLogs') || query.includeStatusLogs === true,
    lineStatusLogs,
  }
}
