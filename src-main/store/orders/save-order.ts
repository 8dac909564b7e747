import { createHash } from 'node:crypto'
import { AppError } from '../../../src-shared/errors.ts'
import { parseRecordId } from '../../../src-shared/ids.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import type { ModuleStore } from '../api.ts'
import type { Caller, WriteOperation } from '../types.ts'
import { buildOrderCommand, ORDER_TABLES, type StoredOrder } from './order-command.ts'
import { type OrderPayload, parseOrder } from './order-payload.ts'
import { findOrder } from './order-reader.ts'
import { buildOrderView } from './order-view.ts'

export interface SaveOrderRequest {
  /** The order in any spelling of the clients. */
  order: JsonObject
  /** From a path: the order that is meant. */
  orderId?: string
  /** The order must exist (PATCH). */
  mustExist?: boolean
  actorId?: string
  replaceLines?: boolean
  caller: Caller
  /** Identity of the request: a number that it drew before is not drawn again. */
  requestId?: string
  meta?: JsonObject
  source?: string
}

export interface SavedOrder {
  orderId: string
  /** `unchanged`: everything was stored already, nothing was written. */
  outcome: 'created' | 'updated' | 'unchanged'
  order: StoredOrder
}

/**
 * Stores an order with all its parts in one transaction, or not at all. A save that arrives twice is answered with the
 * stored order.
 *
 * @throws AppError `order-version-conflict` (details.order is the stored order), `order-not-found`, `missing-shift-id`,
 *   `empty-order`, `validation-failed`.
 */
export async function saveOrder(module: ModuleStore, request: SaveOrderRequest): Promise<SavedOrder> {
  const named = request.orderId ?? idOf(request.order)
  const stored = named === undefined ? undefined : findOrder(module, parseRecordId(named))
  if (!stored && request.mustExist) throw orderNotFound(named ?? '')
  const storedShift = stored?.header.shiftId
  const payload = parseOrder(request.order, {
    ...(request.orderId !== undefined && { orderId: request.orderId }),
    ...(request.actorId !== undefined && { actorId: request.actorId }),
    ...(typeof storedShift === 'string' && { storedShiftId: storedShift }),
  })
  if (!stored && (payload.lines ?? []).length === 0) {
    throw new AppError('empty-order', 'An order needs at least one line.')
  }
  const orderId = payload.orderId ?? (await drawOrderId(module, request, payload))
  // A number drawn for this very request before may have its order by now.
  const current = stored ?? (payload.orderId === undefined ? findOrder(module, orderId) : undefined)
  const operations = commandFor(module, request, payload, orderId, current)
  if (operations.length === 0) return { orderId, outcome: 'unchanged', order: current! }
  try {
    await write(module, request, operations)
  } catch (error) {
    return answerConflict(module, request, payload, orderId, error)
  }
  return { orderId, outcome: current ? 'updated' : 'created', order: findOrder(module, orderId)! }
}

function commandFor(
  module: ModuleStore,
  request: SaveOrderRequest,
  payload: OrderPayload,
  orderId: string,
  stored: StoredOrder | undefined,
): WriteOperation[] {
  const { isLegacy } = request.caller
  const replaceLines = request.replaceLines ?? request.order.replaceLines === true
  const { definition } = module
  // Field clients always send the whole order, and their version is checked with it.
  return buildOrderCommand({ definition, orderId, payload, stored, isLegacy, replaceLines: replaceLines || isLegacy })
}

async function write(module: ModuleStore, request: SaveOrderRequest, operations: WriteOperation[]): Promise<void> {
  await module.writeAsync({
    operations,
    caller: request.caller,
    source: request.source ?? 'pos-order-api',
    ...(request.meta && { meta: request.meta }),
  })
}

/** Two equal saves at the same moment: the one that comes second finds what it wanted to store. */
function answerConflict(
  module: ModuleStore,
  request: SaveOrderRequest,
  payload: OrderPayload,
  orderId: string,
  error: unknown,
): SavedOrder {
  if (!(error instanceof AppError) || error.code !== 'version-conflict') throw error
  const order = findOrder(module, orderId)
  if (order && commandFor(module, request, payload, orderId, order).length === 0) {
    return { orderId, outcome: 'unchanged', order }
  }
  throw new AppError('order-version-conflict', error.message, {
    cause: error,
    details: { ...error.details, orderId, ...(order && { order: buildOrderView(order) }) },
  })
}

/** Numbers drawn for a request, so that its retry finds its order instead of making a second one. */
const drawnIds = new WeakMap<ModuleStore, Map<string, { order: string; id: Promise<string> }>>()
const MAX_DRAWN = 10_000

/**
 * The number for this request: the one it drew before, or the next.
 *
 * @throws AppError `idempotency-key-reused` when the same request id came with another order.
 */
function drawOrderId(module: ModuleStore, request: SaveOrderRequest, payload: OrderPayload): Promise<string> {
  const { clientId } = request.caller
  if (request.requestId === undefined || clientId === undefined) return nextOrderId(module, request, payload)
  const known = drawnIds.get(module) ?? new Map<string, { order: string; id: Promise<string> }>()
  drawnIds.set(module, known)
  const name = JSON.stringify([clientId, request.requestId])
  const order = createHash('sha256').update(JSON.stringify(request.order)).digest('base64')
  const earlier = known.get(name)
  if (earlier) {
    if (earlier.order === order) return earlier.id
    throw new AppError('idempotency-key-reused', 'The same request id came with another order.')
  }
  const id = nextOrderId(module, request, payload)
  known.set(name, { order, id })
  id.catch(() => known.delete(name))
  for (const oldest of known.keys()) {
    if (known.size <= MAX_DRAWN) break
    known.delete(oldest)
  }
  return id
}

/** The next number of the branch's sequence, or an id of our own where orders have none. */
async function nextOrderId(module: ModuleStore, request: SaveOrderRequest, payload: OrderPayload): Promise<string> {
  const { clientId } = request.caller
  try {
    const { id } = await module.sequences.allocate({
      table: ORDER_TABLES.header,
      field: 'id',
      record: payload.header,
      ...(request.requestId !== undefined && { requestId: request.requestId }),
      ...(clientId !== undefined && { clientId }),
    })
    return id
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'sequence-not-configured') throw error
    return `${ORDER_TABLES.header}-${uuid7(Date.now())}`
  }
}

function idOf(order: JsonObject): string | undefined {
  const id = order.id ?? order.orderId ?? order.order_id
  if (typeof id === 'number') return String(id)
  return typeof id === 'string' && id !== '' && !id.startsWith('draft-') ? id : undefined
}

export function orderNotFound(orderId: string): AppError {
  return new AppError('order-not-found', `There is no order ${orderId}.`, { details: { orderId } })
}
