import type {
  ExpoPassTicket,
  JobOrderBatch,
  JobOrderDetail,
  JobOrderHeader,
  MenuItems,
  MenuModifiers,
} from './pos-tables.ts'
import type { AppLine, AppOrder } from './tables.ts'

/**
 * The kitchen's side of an order: which records say where it stands, and the writes that move it on. Pure: records in,
 * writes out, for one `store.batch`.
 *
 * ```
 *                      till: send          kitchen: start       kitchen: bump         hand over
 *  order_line     draft, held ──► queued ──────────► cooking ──────────► ready ──────────► served
 *  job_order_detail               queued ──────────► cooking ──────────► ready ──────────► completed   (one a line)
 *  job_order_header               queued ──────────► cooking ──────────► ready ──────────► completed   (one a section)
 *  job_order_batch                queued ──────────► cooking ──────────► ready ──────────► completed   (one a sending)
 *  expo_pass_ticket               awaiting ────────────────────────────► ready ──────────► delivered   (if sections > 1)
 *  order_header   open            open ────────────► cooking ──────────► ready ──────────► served ──► closed
 *     .stageId    new             new ─────────────► preparing ────────► ready ──────────► delivered ──► paid
 *                                                         ◄──── recall ────┴────────────────┘
 *  called off at the till: `cancelled` everywhere
 * ```
 *
 * What is written down is the status of each detail. Ticket, batch, pass and order follow from their details, and every
 * action corrects them all: two sections that bump their last ticket in the same second each see the other's as open, and
 * the next action, or `agree`, puts it right. Each step is also logged: `order_line_status_log` for lines,
 * `job_order_status_history` for tickets, `order_status_log` for orders.
 */
export type DetailStatus = 'queued' | 'cooking' | 'ready' | 'completed' | 'cancelled'
export type TicketStatus = DetailStatus

/** Everything that the kitchen knows about one order. */
export interface KitchenOrder {
  order: AppOrder
  lines: readonly AppLine[]
  batches: readonly JobOrderBatch[]
  tickets: readonly JobOrderHeader[]
  details: readonly JobOrderDetail[]
  passes: readonly ExpoPassTicket[]
}

/** Who did it: an employee, or a screen of the kitchen that nobody signed in at. */
export interface Actor {
  id: string | null
  name: string
  role: string
}

/** What an action needs beside the records. */
export interface KitchenContext {
  actor: Actor
  /** ISO time by this device's clock. */
  at: string
  newId(table: string): string
}

/** As `store.batch` takes it. */
export interface KitchenWrite {
  action: 'insert' | 'merge'
  table: string
  record: Record<string, unknown>
}

/** A ticket should be ready this long after it was sent. */
export const DUE_AFTER_MS = 20 * 60_000

const RANK: Readonly<Record<DetailStatus, number>> = { queued: 0, cooking: 1, ready: 2, completed: 3, cancelled: 4 }
const LINE_STATUS: Readonly<Record<DetailStatus, string>> = {
  queued: 'queued',
  cooking: 'cooking',
  ready: 'ready',
  completed: 'served',
  cancelled: 'cancelled',
}
const PROGRESS: Readonly<Record<TicketStatus, string>> = {
  queued: 'awaiting',
  cooking: 'cooking',
  ready: 'ready',
  completed: 'completed',
  cancelled: 'cancelled',
}
/** Orders in other statuses (held, closed, cancelled, …) are not the kitchen's to move. */
const KITCHEN_ORDER_STATUSES = new Set(['open', 'pending', 'cooking', 'ready', 'served'])

/** A record without a status counts as new; one that we do not know is left alone. */
export function statusOf(record: { status?: string }): DetailStatus {
  const { status = 'queued' } = record
  return status in RANK ? (status as DetailStatus) : 'queued'
}

export interface KitchenTables {
  order_header: readonly AppOrder[]
  order_line: readonly AppLine[]
  job_order_batch: readonly JobOrderBatch[]
  job_order_header: readonly JobOrderHeader[]
  job_order_detail: readonly JobOrderDetail[]
  expo_pass_ticket: readonly ExpoPassTicket[]
}

/** Brings the tables together by order; only orders that the kitchen has heard of. */
export function kitchenOrders(tables: KitchenTables): Map<string, KitchenOrder> {
  const tickets = Map.groupBy(tables.job_order_header, (ticket) => ticket.orderId ?? '')
  const lines = Map.groupBy(tables.order_line, (line) => line.orderId)
  const batches = Map.groupBy(tables.job_order_batch, (batch) => batch.orderId ?? '')
  const details = Map.groupBy(tables.job_order_detail, (detail) => detail.jobOrderId ?? '')
  const passes = Map.groupBy(tables.expo_pass_ticket, (pass) => pass.orderId ?? '')
  const found = new Map<string, KitchenOrder>()
  for (const order of tables.order_header) {
    const own = tickets.get(order.id)
    if (!own) continue
    found.set(order.id, {
      order,
      lines: lines.get(order.id) ?? [],
      batches: batches.get(order.id) ?? [],
      tickets: own,
      details: own.flatMap((ticket) => details.get(ticket.id) ?? []),
      passes: passes.get(order.id) ?? [],
    })
  }
  return found
}

/** The number that a person calls out: the order's own, else the end of its id until the server has given one. */
export function callNumber(order: { id: string; orderNumber?: string | null }): string {
  return order.orderNumber || `#${order.id.slice(-4).toUpperCase()}`
}

// ---- sending -------------------------------------------------------------------------------------------------------

export interface KitchenLine {
  id: string
  item: Pick<MenuItems, 'id' | 'sku' | 'nameAr' | 'nameEn' | 'categoryId'>
  /** `kitchenSectionId` of the item, else of its category. Lines without one are nobody's work and get no ticket. */
  sectionId: string | null | undefined
  quantity: number
  note: string | null
  modifiers: readonly {
    modifier: Pick<MenuModifiers, 'nameAr' | 'nameEn' | 'modifierType' | 'priceChange'>
    quantity: number
  }[]
}

type SentOrder = Pick<AppOrder, 'id' | 'orderNumber' | 'orderTypeId' | 'tableLabel' | 'customerName'>

/**
 * What the till writes when lines go to the kitchen: a batch, a ticket a section, a detail a line, and the logs. The till
 * itself writes the `order_line` records with `statusId: 'queued'`, in the same `store.batch`.
 *
 * @param batchType - `addition` when the order was sent to the kitchen before.
 */
export function sendToKitchen(
  order: SentOrder,
  lines: readonly KitchenLine[],
  batchType: 'initial' | 'addition',
  context: KitchenContext,
): KitchenWrite[] {
  const { at, actor, newId } = context
  const sections = Map.groupBy(
    lines.filter(({ sectionId }) => sectionId),
    ({ sectionId }) => sectionId!,
  )
  if (sections.size === 0) return []
  const batchId = newId('job_order_batch')
  const orderNumber = order.orderNumber ?? ''
  const writes: KitchenWrite[] = [
    insert('job_order_batch', {
      id: batchId,
      ...{ orderId: order.id, orderNumber, status: 'queued', totalJobs: sections.size, readyJobs: 0, batchType },
      ...{ assembledAt: null, servedAt: null, notes: null, meta: {} },
    }),
  ]
  const ticketIds: string[] = []
  for (const [sectionId, own] of sections) {
    const id = newId('job_order_header')
    ticketIds.push(id)
    const totalItems = countItems(own)
    writes.push(
      insert('job_order_header', {
        ...{ id, orderId: order.id, orderNumber, posRevision: '1', batchId },
        ...{ orderTypeId: order.orderTypeId ?? '', serviceMode: order.orderTypeId ?? '' },
        ...{ stationId: sectionId, stationCode: sectionId.replace(/^section-/, '').toUpperCase() },
        ...{ status: 'queued', progressState: PROGRESS.queued },
        ...{ totalItems, completedItems: 0, remainingItems: totalItems },
        ...{ hasAlerts: own.some(({ note }) => note), isExpedite: false },
        ...{ tableLabel: order.tableLabel ?? null, customerName: order.customerName ?? null },
        dueAt: new Date(Date.parse(at) + DUE_AFTER_MS).toISOString(),
        ...{ acceptedAt: null, startedAt: null, readyAt: null, completedAt: null, expoAt: null },
        ...{ syncChecksum: null, notes: null, meta: { sentAt: at } },
      }),
      ticketLog(id, 'queued', context),
    )
    for (const line of own) writes.push(...detailWrites(order.id, id, sectionId, line, context))
  }
  if (sections.size > 1) {
    writes.push(
      insert('expo_pass_ticket', {
        ...{
          id: newId('expo_pass_ticket'),
          orderId: order.id,
          orderNumber,
          jobOrderIds: ticketIds,
          status: 'awaiting',
        },
        ...{ totalItems: countItems([...sections.values()].flat()), readyItems: 0, holdReason: null },
        ...{ runnerId: actor.id, runnerName: actor.name, callAt: null, deliveredAt: null, meta: {} },
      }),
    )
  }
  return writes
}

function detailWrites(
  orderId: string,
  jobOrderId: string,
  sectionId: string,
  line: KitchenLine,
  context: KitchenContext,
): KitchenWrite[] {
  const { item, quantity, note } = line
  const id = context.newId('job_order_detail')
  return [
    insert('job_order_detail', {
      ...{ id, jobOrderId, orderLineId: line.id, posLineRevision: '1', quantity, unit: null },
      ...{ itemId: item.id, itemSku: item.sku ?? null, categoryId: item.categoryId ?? '' },
      ...{ itemNameAr: item.nameAr ?? '', itemNameEn: item.nameEn ?? '' },
      ...{ status: 'queued', priority: 0, allergens: [], prepNotes: note, startAt: null, finishAt: null },
      ...{ lastActionBy: context.actor.id, meta: {} },
    }),
    ...line.modifiers.map(({ modifier, quantity: count }) =>
      insert('job_order_detail_modifier', {
        ...{ id: context.newId('job_order_detail_modifier'), detailId: id, quantity: count, isRequired: false },
        ...{ nameAr: modifier.nameAr ?? '', nameEn: modifier.nameEn ?? '', notes: null },
        ...{ modifierType: modifier.modifierType ?? 'add_on', meta: { priceChange: modifier.priceChange ?? 0 } },
      }),
    ),
    lineLog({ orderId, lineId: line.id, sectionId, statusId: LINE_STATUS.queued, source: 'pos' }, context),
  ]
}

// ---- moving --------------------------------------------------------------------------------------------------------

/** The section begins: what waits on the ticket is cooking. */
export function startTicket(kitchen: KitchenOrder, ticketId: string, context: KitchenContext): KitchenWrite[] {
  return moveDetails(kitchen, onTicket(ticketId), 'cooking', ['queued'], context)
}

/** One item of a ticket is ready; with the last one so is the ticket. */
export function bumpItem(kitchen: KitchenOrder, detailId: string, context: KitchenContext): KitchenWrite[] {
  return moveDetails(kitchen, ({ id }) => id === detailId, 'ready', ['queued', 'cooking'], context)
}

/** Everything on the ticket is ready. */
export function bumpTicket(kitchen: KitchenOrder, ticketId: string, context: KitchenContext): KitchenWrite[] {
  return moveDetails(kitchen, onTicket(ticketId), 'ready', ['queued', 'cooking'], context)
}

/** Everything of the order is ready, in all sections. */
export function bumpOrder(kitchen: KitchenOrder, context: KitchenContext): KitchenWrite[] {
  return moveDetails(kitchen, () => true, 'ready', ['queued', 'cooking'], context)
}

/** The order is with the guest, or with the driver. A paid one is closed by that, except a delivery. */
export function handOver(kitchen: KitchenOrder, context: KitchenContext): KitchenWrite[] {
  return moveDetails(kitchen, () => true, 'completed', ['queued', 'cooking', 'ready'], context)
}

/** A bump by mistake: the item goes back to the stove. An order that is closed or cancelled stays as it is. */
export function recallItem(kitchen: KitchenOrder, detailId: string, context: KitchenContext): KitchenWrite[] {
  if (!canRecall(kitchen)) return []
  return moveDetails(kitchen, ({ id }) => id === detailId, 'cooking', ['ready', 'completed'], context)
}

/** The same for all items of a ticket. */
export function recallTicket(kitchen: KitchenOrder, ticketId: string, context: KitchenContext): KitchenWrite[] {
  if (!canRecall(kitchen)) return []
  return moveDetails(kitchen, onTicket(ticketId), 'cooking', ['ready', 'completed'], context)
}

/** Nothing of the order is to be cooked any more. The till ends the order itself, in the same batch. */
export function cancelTickets(kitchen: KitchenOrder, context: KitchenContext): KitchenWrite[] {
  return moveDetails(kitchen, () => true, 'cancelled', ['queued', 'cooking', 'ready'], context)
}

export function canRecall({ order }: KitchenOrder): boolean {
  return KITCHEN_ORDER_STATUSES.has(order.statusId ?? 'open')
}

/** Corrects what does not agree with the details; no writes when everything does. */
export function agree(kitchen: KitchenOrder, context: KitchenContext): KitchenWrite[] {
  return applyStatuses(kitchen, new Map(), context)
}

const onTicket = (ticketId: string) => (detail: JobOrderDetail) => detail.jobOrderId === ticketId

function moveDetails(
  kitchen: KitchenOrder,
  isMeant: (detail: JobOrderDetail) => boolean,
  to: DetailStatus,
  from: readonly DetailStatus[],
  context: KitchenContext,
): KitchenWrite[] {
  const moved = kitchen.details.filter((detail) => isMeant(detail) && from.includes(statusOf(detail)))
  if (moved.length === 0) return []
  return applyStatuses(kitchen, new Map(moved.map(({ id }) => [id, to])), context)
}

function applyStatuses(
  kitchen: KitchenOrder,
  moves: ReadonlyMap<string, DetailStatus>,
  context: KitchenContext,
): KitchenWrite[] {
  const { order, lines, batches, tickets, details, passes } = kitchen
  const writes: KitchenWrite[] = []
  const statuses = new Map(details.map((detail) => [detail.id, moves.get(detail.id) ?? statusOf(detail)]))
  const sectionOf = new Map(tickets.map(({ id, stationId }) => [id, stationId]))

  for (const detail of details) {
    const to = moves.get(detail.id)
    if (to === undefined) continue
    writes.push(detailMove(detail, to, context))
    const line = lines.find(({ id }) => id === detail.orderLineId)
    if (!line) continue
    const statusId = LINE_STATUS[to]
    if (line.statusId !== statusId) {
      writes.push(merge('order_line', { id: line.id, statusId, version: line.version }))
      const sectionId = sectionOf.get(detail.jobOrderId ?? '') ?? null
      writes.push(lineLog({ orderId: order.id, lineId: line.id, sectionId, statusId, source: 'kds' }, context))
    }
  }

  const ofTicket = Map.groupBy(details, ({ jobOrderId }) => jobOrderId ?? '')
  const ticketStatuses = new Map<string, TicketStatus>()
  for (const ticket of tickets) {
    const own = ofTicket.get(ticket.id) ?? []
    // A ticket whose details are not here (older than the snapshot's window) keeps what it has.
    const status = own.length === 0 ? statusOf(ticket) : lowest(own.map(({ id }) => statuses.get(id)!))
    ticketStatuses.set(ticket.id, status)
    if (own.length > 0) writes.push(...ticketMove(ticket, own, statuses, status, context))
  }
  for (const batch of batches) {
    const own = tickets.filter(({ batchId }) => batchId === batch.id)
    writes.push(
      ...batchMove(
        batch,
        own.map(({ id }) => ticketStatuses.get(id)!),
        context,
      ),
    )
  }
  for (const pass of passes) writes.push(...passMove(pass, details, statuses, ticketStatuses, context))
  writes.push(...orderMove(order, lowest([...ticketStatuses.values()]), context))
  return writes
}

/** The status of the whole: nothing is ready before all is, anything begun is a beginning. */
function lowest(statuses: readonly TicketStatus[]): TicketStatus {
  const living = statuses.filter((status) => status !== 'cancelled')
  if (living.length === 0) return statuses.length === 0 ? 'queued' : 'cancelled'
  const least = living.reduce((low, status) => (RANK[status] < RANK[low] ? status : low))
  return least === 'queued' && living.some((status) => status !== 'queued') ? 'cooking' : least
}

function detailMove(detail: JobOrderDetail, status: DetailStatus, { at, actor }: KitchenContext): KitchenWrite {
  const isDone = isReadyOrServed(status)
  return merge('job_order_detail', {
    id: detail.id,
    status,
    ...(status !== 'queued' && !detail.startAt && { startAt: at }),
    ...(isDone ? !detail.finishAt && { finishAt: at } : { finishAt: null }),
    lastActionBy: actor.id,
  })
}

function ticketMove(
  ticket: JobOrderHeader,
  details: readonly JobOrderDetail[],
  statuses: ReadonlyMap<string, DetailStatus>,
  status: TicketStatus,
  context: KitchenContext,
): KitchenWrite[] {
  const { at } = context
  const living = details.filter(({ id }) => statuses.get(id) !== 'cancelled')
  const done = living.filter(({ id }) => isReadyOrServed(statuses.get(id)!))
  const totalItems = countItems(living)
  const completedItems = countItems(done)
  const isChanged = status !== ticket.status
  if (!isChanged && completedItems === ticket.completedItems && totalItems === ticket.totalItems) return []
  const isBegun = status !== 'queued'
  const isReady = isReadyOrServed(status)
  const update = merge('job_order_header', {
    ...{ id: ticket.id, status, progressState: PROGRESS[status] },
    ...{ totalItems, completedItems, remainingItems: totalItems - completedItems },
    ...(isBegun && !ticket.startedAt && { acceptedAt: ticket.acceptedAt ?? at, startedAt: at }),
    readyAt: isReady ? (ticket.readyAt ?? at) : null,
    completedAt: status === 'completed' ? (ticket.completedAt ?? at) : null,
  })
  return isChanged ? [update, ticketLog(ticket.id, status, context)] : [update]
}

function batchMove(batch: JobOrderBatch, tickets: readonly TicketStatus[], { at }: KitchenContext): KitchenWrite[] {
  if (tickets.length === 0) return []
  const status = lowest(tickets)
  const readyJobs = tickets.filter(isReadyOrServed).length
  if (status === batch.status && readyJobs === batch.readyJobs) return []
  return [
    merge('job_order_batch', {
      ...{ id: batch.id, status, readyJobs },
      assembledAt: isReadyOrServed(status) ? (batch.assembledAt ?? at) : null,
      servedAt: status === 'completed' ? (batch.servedAt ?? at) : null,
    }),
  ]
}

function passMove(
  pass: ExpoPassTicket,
  details: readonly JobOrderDetail[],
  statuses: ReadonlyMap<string, DetailStatus>,
  ticketStatuses: ReadonlyMap<string, TicketStatus>,
  { at }: KitchenContext,
): KitchenWrite[] {
  const ticketIds = new Set(Array.isArray(pass.jobOrderIds) ? pass.jobOrderIds : [])
  const own = details.filter(({ jobOrderId }) => ticketIds.has(jobOrderId))
  if (own.length === 0) return []
  const readyItems = countItems(own.filter(({ id }) => isReadyOrServed(statuses.get(id)!)))
  const whole = lowest([...ticketStatuses].filter(([id]) => ticketIds.has(id)).map(([, status]) => status))
  const status = PASS_STATUS[whole]
  if (status === pass.status && readyItems === pass.readyItems) return []
  return [
    merge('expo_pass_ticket', {
      ...{ id: pass.id, status, readyItems },
      callAt: isReadyOrServed(whole) ? (pass.callAt ?? at) : null,
      deliveredAt: status === 'delivered' ? (pass.deliveredAt ?? at) : null,
    }),
  ]
}

const PASS_STATUS: Readonly<Record<TicketStatus, string>> = {
  queued: 'awaiting',
  cooking: 'awaiting',
  ready: 'ready',
  completed: 'delivered',
  cancelled: 'cancelled',
}

function isReadyOrServed(status: DetailStatus): boolean {
  return status === 'ready' || status === 'completed'
}

const ORDER_STEP: Readonly<Record<TicketStatus, { statusId: string; stageId: string }>> = {
  queued: { statusId: 'open', stageId: 'new' },
  cooking: { statusId: 'cooking', stageId: 'preparing' },
  ready: { statusId: 'ready', stageId: 'ready' },
  completed: { statusId: 'served', stageId: 'delivered' },
  cancelled: { statusId: 'open', stageId: 'new' },
}

function orderMove(order: AppOrder, status: TicketStatus, context: KitchenContext): KitchenWrite[] {
  if (!KITCHEN_ORDER_STATUSES.has(order.statusId ?? 'open') || status === 'cancelled') return []
  const isDelivery = order.orderTypeId === 'delivery'
  let step = ORDER_STEP[status]
  if (status === 'completed' && isDelivery) step = { statusId: 'served', stageId: 'dispatched' }
  if (status === 'completed' && !isDelivery && order.paymentStateId === 'paid') return closeOrder(order, context)
  if (step.statusId === order.statusId && step.stageId === order.stageId) return []
  return [
    merge('order_header', { id: order.id, ...step, version: order.version }),
    orderLog(order, { ...step, paymentStateId: order.paymentStateId ?? null, source: 'kds' }, context),
  ]
}

/** The end of an order that is paid and handed over; also for the till, when the money comes last. */
export function closeOrder(
  order: Pick<AppOrder, 'id' | 'version' | 'paymentStateId'>,
  context: KitchenContext,
  source: 'pos' | 'kds' = 'kds',
): KitchenWrite[] {
  const step = { statusId: 'closed', stageId: 'paid' }
  return [
    merge('order_header', {
      ...{ id: order.id, ...step, version: order.version },
      ...{ closedAt: context.at, closedBy: context.actor.id },
    }),
    orderLog(order, { ...step, paymentStateId: order.paymentStateId ?? null, source }, context),
  ]
}

// ---- records -------------------------------------------------------------------------------------------------------

function countItems(rows: readonly { quantity?: number }[]): number {
  return rows.reduce((sum, { quantity = 1 }) => sum + quantity, 0)
}

function insert(table: string, record: Record<string, unknown>): KitchenWrite {
  return { action: 'insert', table, record }
}

function merge(table: string, record: Record<string, unknown>): KitchenWrite {
  return { action: 'merge', table, record }
}

interface LineStep {
  orderId: string
  lineId: string
  sectionId: string | null
  statusId: string
  source: 'pos' | 'kds'
}

/** A line's step, in `order_line_status_log`. */
export function lineLog(step: LineStep, { actor, at, newId }: KitchenContext): KitchenWrite {
  const { orderId, lineId, sectionId, statusId, source } = step
  return insert('order_line_status_log', {
    ...{ id: newId('order_line_status_log'), orderId, orderLineId: lineId, statusId, stationId: sectionId },
    ...{ actorId: actor.id, changedAt: at, source, metadata: {} },
  })
}

interface OrderStep {
  statusId: string
  stageId: string
  paymentStateId: string | null
  source: 'pos' | 'kds'
  reason?: string | null
}

/** An order's step, in `order_status_log`. */
export function orderLog(order: { id: string }, step: OrderStep, { actor, at, newId }: KitchenContext): KitchenWrite {
  return insert('order_status_log', {
    ...{ id: newId('order_status_log'), orderId: order.id, reason: null, ...step },
    ...{ actorId: actor.id, changedAt: at, metadata: {} },
  })
}

function ticketLog(jobOrderId: string, status: TicketStatus, { actor, at, newId }: KitchenContext): KitchenWrite {
  return insert('job_order_status_history', {
    ...{ id: newId('job_order_status_history'), jobOrderId, status, changedAt: at, reason: null, meta: {} },
    ...{ actorId: actor.id, actorName: actor.name, actorRole: actor.role },
  })
}
