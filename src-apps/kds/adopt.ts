import {
  type Actor,
  callNumber,
  type KitchenLine,
  type KitchenTables,
  type KitchenWrite,
  sendToKitchen,
} from '../shared/kitchen.ts'
import type {
  JobOrderBatch,
  JobOrderDetail,
  JobOrderDetailModifier,
  JobOrderHeader,
  MenuCategories,
  MenuItems,
  MenuModifiers,
  OrderLineModifier,
} from '../shared/pos-tables.ts'
import type { AppLine, AppOrder } from '../shared/tables.ts'
import { noteTexts } from './notes.ts'

/** What the kitchen screen reads. */
export interface KitchenData extends KitchenTables {
  job_order_detail_modifier: readonly JobOrderDetailModifier[]
  order_line_modifier: readonly OrderLineModifier[]
  menu_items: readonly MenuItems[]
  menu_categories: readonly MenuCategories[]
  menu_modifiers: readonly MenuModifiers[]
}

/** The tables that a kitchen screen follows. */
export const KITCHEN_TABLES = [
  'order_header',
  'order_line',
  'order_line_modifier',
  'job_order_batch',
  'job_order_header',
  'job_order_detail',
  'job_order_detail_modifier',
  'expo_pass_ticket',
  'menu_items',
  'menu_categories',
  'menu_modifiers',
] as const satisfies readonly (keyof KitchenData)[]

/** Lines that wait for the kitchen: the till says `queued`; over REST a line may come without a status. */
const WAITING = new Set(['', 'queued', 'cooking'])
const WAITING_ORDERS = new Set(['', 'open', 'pending', 'cooking', 'ready', 'served'])
const NOBODY: Actor = { id: null, name: '', role: 'kitchen' }

/** Lines of an order that come within this time were sent together. */
const SENDING_MS = 5 * 60_000

/**
 * Orders may come without kitchen tickets, from `POST …/orders` or from a program that knows none. Their lines get the
 * tickets that the till would have written, here in memory; the first press on such a ticket writes them. All ids are made
 * of the order's and its lines', so that two screens that press at once write the same records.
 *
 * @param since - Lines before this are no work of today. Milliseconds since 1970.
 * @returns The writes of each ticket, by the ticket's id.
 */
export function missingTickets(data: KitchenData, since: number): Map<string, KitchenWrite[]> {
  const known = new Set(data.job_order_detail.map(({ orderLineId }) => orderLineId))
  const waiting = data.order_line.filter(
    ({ id, statusId, createdAt }) => !known.has(id) && WAITING.has(statusId ?? '') && !(Date.parse(createdAt) < since),
  )
  const found = new Map<string, KitchenWrite[]>()
  if (waiting.length === 0) return found
  const orders = new Map(data.order_header.map((order) => [order.id, order]))
  const withTickets = new Set(data.job_order_header.map(({ orderId }) => orderId))
  const batches = new Set(data.job_order_batch.map(({ id }) => id))
  const makeLine = lineMaker(data)
  for (const [orderId, lines] of Map.groupBy(waiting, (line) => line.orderId)) {
    const order = orders.get(orderId)
    if (!order || !WAITING_ORDERS.has(order.statusId ?? '')) continue
    const type = withTickets.has(orderId) ? 'addition' : 'initial'
    const tickets = Map.groupBy(lines, (line) => `${batchIdOf(line)} ${makeLine(line).sectionId ?? ''}`)
    for (const own of tickets.values()) {
      const writes = sendLines(order, own, own.map(makeLine), type).filter(
        ({ table, record }) => table !== 'job_order_batch' || !batches.has(String(record.id)),
      )
      const ticket = writes.find(({ table }) => table === 'job_order_header')
      if (ticket) found.set(String(ticket.record.id), writes)
    }
  }
  return found
}

function batchIdOf({ orderId, createdAt }: AppLine): string {
  return `job_order_batch-${orderId}-${Math.floor((Date.parse(createdAt) || 0) / SENDING_MS)}`
}

/** One section's lines of one sending. The ticket is as old as its lines. */
function sendLines(
  order: AppOrder,
  lines: readonly AppLine[],
  own: readonly KitchenLine[],
  type: 'initial' | 'addition',
): KitchenWrite[] {
  const [first] = lines
  const { id: base, createdAt } = first!
  let count = 0
  const newId = (table: string) => (table === 'job_order_batch' ? batchIdOf(first!) : `${table}-${base}-${count++}`)
  const at = new Date(Date.parse(createdAt) || 0).toISOString()
  const writes = sendToKitchen({ ...order, orderNumber: callNumber(order) }, own, type, { actor: NOBODY, at, newId })
  return writes.map(({ action, table, record }) => {
    const isTicket = table === 'job_order_header'
    return { action, table, record: { ...record, createdAt: at, ...(isTicket && { meta: { receivedAt: at } }) } }
  })
}

function lineMaker(data: KitchenData): (line: AppLine) => KitchenLine {
  const items = new Map(data.menu_items.map((item) => [item.id, item]))
  const sections = new Map(data.menu_categories.map(({ id, sectionId }) => [id, sectionId]))
  const modifiers = new Map(data.menu_modifiers.map((modifier) => [String(modifier.id), modifier]))
  const chosen = Map.groupBy(data.order_line_modifier, ({ lineId }) => lineId)
  return (line) => {
    const item = items.get(line.itemId ?? '')
    const { ar: nameAr, en: nameEn } = line.name ?? {}
    const named = { ...(nameAr !== undefined && { nameAr }), ...(nameEn !== undefined && { nameEn }) }
    return {
      id: line.id,
      item: { id: line.itemId ?? '', nameEn: line.itemId ?? '', ...item, ...named },
      sectionId: line.kitchenSectionId || item?.kitchenSectionId || sections.get(item?.categoryId ?? ''),
      quantity: line.quantity ?? 1,
      note: noteTexts(line.notes).join(' · ') || null,
      modifiers: (chosen.get(line.id) ?? []).flatMap(({ modifierId }) => {
        const modifier = modifiers.get(String(modifierId))
        return modifier ? [{ modifier, quantity: 1 }] : []
      }),
    }
  }
}

/** The records that the writes make, beside those that are there. */
export function withRecords(data: KitchenData, writes: readonly KitchenWrite[]): KitchenData {
  if (writes.length === 0) return data
  const made = <T>(table: string): T[] =>
    writes
      .filter((write) => write.table === table)
      .map(({ record }) => ({ updatedAt: record.createdAt, version: 1, ...record }) as T)
  return {
    ...data,
    job_order_batch: [...data.job_order_batch, ...made<JobOrderBatch>('job_order_batch')],
    job_order_header: [...data.job_order_header, ...made<JobOrderHeader>('job_order_header')],
    job_order_detail: [...data.job_order_detail, ...made<JobOrderDetail>('job_order_detail')],
    job_order_detail_modifier: [
      ...data.job_order_detail_modifier,
      ...made<JobOrderDetailModifier>('job_order_detail_modifier'),
    ],
  }
}

/** The first press: the missing records together with what the press changes in them, each once. */
export function joinWrites(missing: readonly KitchenWrite[], moves: readonly KitchenWrite[]) {
  const own = new Map(missing.map(({ table, record }) => [`${table} ${record.id}`, { table, record }]))
  const rest: KitchenWrite[] = []
  for (const move of moves) {
    const key = `${move.table} ${move.record.id}`
    const made = own.get(key)
    if (made) own.set(key, { ...made, record: { ...made.record, ...move.record } })
    else rest.push(move)
  }
  // Another screen may have been quicker: its records are the same.
  return [...[...own.values()].map((write) => ({ ...write, action: 'save' as const })), ...rest]
}
