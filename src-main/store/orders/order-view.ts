import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { StoredOrder } from './order-command.ts'

/** The parts of an order that a view can have. */
export interface ViewParts {
  lines: boolean
  payments: boolean
  statusLogs: boolean
  lineStatusLogs: boolean
}

export const ALL_PARTS: ViewParts = { lines: true, payments: true, statusLogs: true, lineStatusLogs: true }

/** The stored order as one object: the header with its lines (each with its status logs), payments and status logs. */
export function buildOrderView(order: StoredOrder, parts: ViewParts = ALL_PARTS): JsonObject {
  const logsByLine = Map.groupBy(order.lineStatusLogs, ({ orderLineId }) => String(orderLineId))
  const lines = order.lines.map((line): JsonObject => {
    return parts.lineStatusLogs ? { ...line, statusLogs: logsByLine.get(String(line.id)) ?? [] } : line
  })
  return {
    ...order.header,
    ...(parts.lines && { lines }),
    ...(parts.payments && { payments: order.payments }),
    ...(parts.statusLogs && { statusLogs: order.statusLogs }),
  }
}

/** The same order in the words of the field pages: status, qty, price, totals, times in milliseconds. */
export function normalizeOrder(order: StoredOrder): JsonObject {
  const { header } = order
  const view = buildOrderView(order)
  const lines = order.lines.map((line) => normalizeLine(line, order.lineStatusLogs))
  return {
    ...view,
    type: header.orderTypeId ?? null,
    status: header.statusId ?? null,
    fulfillmentStage: header.stageId ?? null,
    paymentState: header.paymentStateId ?? null,
    tableIds: tableIds(header),
    totals: {
      subtotal: header.subtotal ?? 0,
      service: header.service ?? 0,
      vat: header.tax ?? 0,
      discount: header.discount ?? 0,
      deliveryFee: header.deliveryFee ?? 0,
      due: header.totalDue ?? 0,
      paid: header.totalPaid ?? 0,
    },
    createdAt: milliseconds(header.createdAt),
    updatedAt: milliseconds(header.updatedAt),
    lines,
    payments: order.payments.map((payment) => ({ ...payment, method: payment.paymentMethodId ?? null })),
  }
}

function normalizeLine(line: JsonObject, logs: readonly JsonObject[]): JsonObject {
  return {
    ...line,
    uid: line.id ?? null,
    qty: line.quantity ?? null,
    price: line.unitPrice ?? null,
    status: line.statusId ?? null,
    stage: line.stageId ?? line.stage ?? null,
    statusLogs: logs.filter((log) => String(log.orderLineId) === String(line.id)),
  }
}

function tableIds(header: JsonObject): JsonValue {
  if (Array.isArray(header.tableIds)) return header.tableIds
  return typeof header.tableId === 'string' ? [header.tableId] : []
}

function milliseconds(value: JsonValue | undefined): number | null {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? null : time
}
