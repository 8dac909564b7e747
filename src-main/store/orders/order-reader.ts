import type { JsonObject } from '../../../src-shared/json.ts'
import type { ModuleStore } from '../api.ts'
import type { FieldCondition } from '../types.ts'
import { ORDER_TABLES, type StoredOrder } from './order-command.ts'
import { ALL_PARTS, type ViewParts } from './order-view.ts'

const PAGE = 1_000
/** Orders whose children are read with one query. */
const ORDERS_A_QUERY = 200

/** An order with everything that belongs to it; undefined when there is none. */
export function findOrder(module: ModuleStore, orderId: string): StoredOrder | undefined {
  const header = module.find(ORDER_TABLES.header, orderId)
  if (!header) return undefined
  return readOrders(module, [JSON.parse(header.text) as JsonObject])[0]
}

/** The orders of these headers, in the same order, with the wanted parts; others are left empty. */
export function readOrders(
  module: ModuleStore,
  headers: readonly JsonObject[],
  parts: ViewParts = ALL_PARTS,
): StoredOrder[] {
  const orders = new Map<string, StoredOrder>()
  for (const header of headers) {
    orders.set(String(header.id), { header, lines: [], payments: [], statusLogs: [], lineStatusLogs: [] })
  }
  const ids = [...orders.keys()]
  const read = (isWanted: boolean, table: string, pick: (order: StoredOrder) => JsonObject[]): void => {
    if (!isWanted || !module.definition.tables.has(table)) return
    for (let start = 0; start < ids.length; start += ORDERS_A_QUERY) {
      const where: FieldCondition[] = [
        { field: 'orderId', operator: 'in', value: ids.slice(start, start + ORDERS_A_QUERY) },
      ]
      for (const record of readAll(module, table, where)) {
        const order = orders.get(String(record.orderId))
        if (order) pick(order).push(record)
      }
    }
  }
  read(parts.lines, ORDER_TABLES.line, (order) => order.lines)
  read(parts.payments, ORDER_TABLES.payment, (order) => order.payments)
  read(parts.statusLogs, ORDER_TABLES.statusLog, (order) => order.statusLogs)
  read(parts.lineStatusLogs, ORDER_TABLES.lineStatusLog, (order) => order.lineStatusLogs)
  return [...orders.values()]
}

/** Every record that meets the conditions, page by page. */
export function readAll(module: ModuleStore, table: string, where: FieldCondition[]): JsonObject[] {
  const records: JsonObject[] = []
  let next: string | undefined
  do {
    const page = module.list(table, { where, limit: PAGE, ...(next !== undefined && { next }) })
    for (const text of page.recordTexts) records.push(JSON.parse(text) as JsonObject)
    next = page.next
  } while (next !== undefined)
  return records
}
