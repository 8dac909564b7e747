import { MINUTE_MS } from './calendar.ts'
import type { Catalogue, Person } from './catalogue.ts'
import { fromMinor } from './money.ts'
import type { LinePlan, OrderPlan } from './order-plan.ts'
import type { WriteContext } from './order-records.ts'
import { type HistoryRecord, iso, isoIfPast } from './records.ts'

/** The kitchen's side of an order: one batch, one ticket a station with its items, and the pass. */
export function* kitchenRecords(
  plan: OrderPlan,
  catalogue: Catalogue,
  context: WriteContext,
): Generator<HistoryRecord> {
  if (plan.isCancelled) return
  const { random, nowMs } = context
  const stations = Map.groupBy(plan.lines, (line) => line.item.sectionId)
  const batchId = random.recordId('batch', plan.openedAt)
  const tickets = [...stations].map(([stationId, lines]) => ({
    id: random.recordId('job', plan.openedAt),
    stationId,
    lines,
    cook: random.pick(catalogue.cooks),
    readyAt: lines.reduce((latest, line) => Math.max(latest, line.readyAt), 0),
  }))
  const readyJobs = tickets.filter((ticket) => ticket.readyAt <= nowMs).length
  yield {
    table: 'job_order_batch',
    record: {
      id: batchId,
      orderId: plan.id,
      orderNumber: plan.number,
      status: statusAt(plan, plan.readyAt, nowMs),
      totalJobs: tickets.length,
      readyJobs,
      batchType: 'initial',
      assembledAt: isoIfPast(plan.readyAt, nowMs),
      servedAt: isoIfPast(plan.handedAt, nowMs),
      notes: null,
      meta: {},
      createdAt: iso(plan.openedAt),
      updatedAt: iso(lastChange(plan, plan.readyAt, nowMs)),
    },
  }
  for (const ticket of tickets) yield* ticketRecords(plan, ticket, batchId, context)
  if (tickets.length > 1) yield passRecord(plan, tickets, context)
}

interface Ticket {
  id: string
  stationId: string
  lines: LinePlan[]
  cook: Person
  readyAt: number
}

function* ticketRecords(
  plan: OrderPlan,
  ticket: Ticket,
  batchId: string,
  { random, nowMs }: WriteContext,
): Generator<HistoryRecord> {
  const status = statusAt(plan, ticket.readyAt, nowMs)
  const totalItems = ticket.lines.reduce((sum, line) => sum + line.quantity, 0)
  const doneLines = ticket.lines.filter((line) => line.readyAt <= nowMs)
  const completedItems = doneLines.reduce((sum, line) => sum + line.quantity, 0)
  yield {
    table: 'job_order_header',
    record: {
      id: ticket.id,
      orderId: plan.id,
      orderNumber: plan.number,
      posRevision: '1',
      orderTypeId: plan.typeId,
      serviceMode: plan.typeId,
      stationId: ticket.stationId,
      stationCode: ticket.stationId.replace(/^section-/, '').toUpperCase(),
      status,
      progressState: PROGRESS[status],
      totalItems,
      completedItems,
      remainingItems: totalItems - completedItems,
      hasAlerts: ticket.lines.some((line) => line.note !== null),
      isExpedite: false,
      tableLabel: plan.table?.label ?? null,
      customerName: plan.customer?.name ?? null,
      dueAt: iso(plan.openedAt + 20 * MINUTE_MS),
      acceptedAt: isoIfPast(plan.cookingAt, nowMs),
      startedAt: isoIfPast(plan.cookingAt, nowMs),
      readyAt: isoIfPast(ticket.readyAt, nowMs),
      completedAt: isoIfPast(plan.handedAt, nowMs),
      expoAt: isoIfPast(plan.readyAt, nowMs),
      syncChecksum: null,
      notes: null,
      batchId,
      meta: {},
      createdAt: iso(plan.openedAt),
      updatedAt: iso(lastChange(plan, ticket.readyAt, nowMs)),
    },
  }
  for (const line of ticket.lines) {
    const detailId = random.recordId('job-item', plan.openedAt)
    yield { table: 'job_order_detail', record: detailRecord(plan, ticket, line, detailId, nowMs) }
    for (const modifier of line.modifiers) {
      yield {
        table: 'job_order_detail_modifier',
        record: {
          id: random.recordId('job-modifier', plan.openedAt),
          detailId,
          nameAr: modifier.nameAr,
          nameEn: modifier.nameEn,
          modifierType: modifier.type,
          quantity: 1,
          isRequired: false,
          notes: null,
          meta: { priceChange: fromMinor(modifier.priceChange) },
          createdAt: iso(plan.openedAt),
          updatedAt: iso(plan.openedAt),
        },
      }
    }
  }
  const history: [number, TicketStatus][] = [
    [plan.openedAt, 'queued'],
    [plan.cookingAt, 'cooking'],
    [ticket.readyAt, 'ready'],
    [plan.handedAt, 'completed'],
  ]
  for (const [at, past] of history) {
    if (at > nowMs) break
    yield {
      table: 'job_order_status_history',
      record: {
        id: random.recordId('job-history', at),
        jobOrderId: ticket.id,
        status: past,
        actorId: past === 'queued' ? plan.waiter.id : ticket.cook.id,
        actorName: past === 'queued' ? plan.waiter.name : ticket.cook.name,
        actorRole: past === 'queued' ? plan.waiter.role : ticket.cook.role,
        changedAt: iso(at),
        reason: null,
        meta: {},
        createdAt: iso(at),
        updatedAt: iso(at),
      },
    }
  }
}

function detailRecord(plan: OrderPlan, ticket: Ticket, line: LinePlan, id: string, nowMs: number) {
  return {
    id,
    jobOrderId: ticket.id,
    orderLineId: line.id,
    posLineRevision: '1',
    itemId: line.item.id,
    itemSku: line.item.sku,
    itemNameAr: line.item.nameAr,
    itemNameEn: line.item.nameEn,
    categoryId: line.item.categoryId,
    quantity: line.quantity,
    unit: null,
    status: statusAt(plan, line.readyAt, nowMs),
    priority: 0,
    allergens: [],
    prepNotes: line.note,
    startAt: isoIfPast(plan.cookingAt, nowMs),
    finishAt: isoIfPast(line.readyAt, nowMs),
    lastActionBy: ticket.cook.id,
    meta: {},
    createdAt: iso(plan.openedAt),
    updatedAt: iso(lastChange(plan, line.readyAt, nowMs)),
  }
}

function passRecord(plan: OrderPlan, tickets: Ticket[], { random, nowMs }: WriteContext): HistoryRecord {
  const quantityOf = (lines: LinePlan[]) => lines.reduce((sum, line) => sum + line.quantity, 0)
  const status = statusAt(plan, plan.readyAt, nowMs)
  return {
    table: 'expo_pass_ticket',
    record: {
      id: random.recordId('pass', plan.openedAt),
      orderId: plan.id,
      orderNumber: plan.number,
      jobOrderIds: tickets.map((ticket) => ticket.id),
      status: status === 'completed' ? 'delivered' : status === 'ready' ? 'ready' : 'awaiting',
      totalItems: quantityOf(plan.lines),
      readyItems: quantityOf(plan.lines.filter((line) => line.readyAt <= nowMs)),
      holdReason: null,
      runnerId: plan.waiter.id,
      runnerName: plan.waiter.name,
      callAt: isoIfPast(plan.readyAt, nowMs),
      deliveredAt: isoIfPast(plan.handedAt, nowMs),
      meta: {},
      createdAt: iso(plan.openedAt),
      updatedAt: iso(lastChange(plan, plan.readyAt, nowMs)),
    },
  }
}

type TicketStatus = 'queued' | 'cooking' | 'ready' | 'completed'

const PROGRESS: Record<TicketStatus, string> = {
  queued: 'awaiting',
  cooking: 'cooking',
  ready: 'ready',
  completed: 'completed',
}

function statusAt(plan: OrderPlan, readyAt: number, nowMs: number): TicketStatus {
  if (plan.handedAt <= nowMs) return 'completed'
  if (readyAt <= nowMs) return 'ready'
  return plan.cookingAt <= nowMs ? 'cooking' : 'queued'
}

function lastChange(plan: OrderPlan, readyAt: number, nowMs: number): number {
  return [plan.handedAt, readyAt, plan.cookingAt].find((at) => at <= nowMs) ?? plan.openedAt
}
