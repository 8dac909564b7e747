import { fromMinor, type Minor } from './money.ts'
import type { LinePlan, OrderPlan } from './order-plan.ts'
import type { Random } from './random.ts'
import { type HistoryRecord, iso, isoIfPast } from './records.ts'
import { type ReturnPlan, returnRecords } from './return-plan.ts'
import { type ShiftPlan, shiftAt } from './shift-plan.ts'

export interface WriteContext {
  random: Random
  shifts: readonly ShiftPlan[]
  /** Nothing after this moment has happened yet. */
  nowMs: number
  /** Also kitchen tickets and the status log of each line. */
  withKitchen: boolean
}

/** An order and all that hangs on it, except kitchen tickets; also counts it into its shifts. */
export function* orderRecords(
  plan: OrderPlan,
  returned: ReturnPlan | null,
  context: WriteContext,
): Generator<HistoryRecord> {
  const { nowMs, shifts } = context
  const shift = shiftAt(shifts, plan.terminal.id, plan.openedAt)
  const payments = plan.payments.filter((payment) => payment.capturedAt <= nowMs)
  const steps = plan.steps.filter((step) => step.at <= nowMs)
  const totalPaid = payments.reduce((sum, payment) => sum + payment.amount, 0)
  yield { table: 'order_header', record: headerRecord(plan, returned, shift, totalPaid, nowMs) }
  for (const line of plan.lines) yield* lineRecords(plan, line, returned, context)
  for (const payment of payments) {
    const taking = shiftAt(shifts, plan.terminal.id, payment.capturedAt)
    countPayment(taking, payment.methodId, payment.amount, payment.isCash)
    yield {
      table: 'order_payment',
      record: {
        id: payment.id,
        orderId: plan.id,
        paymentMethodId: payment.methodId,
        amount: fromMinor(payment.amount),
        capturedAt: iso(payment.capturedAt),
        reference: payment.reference,
        shiftId: taking.id,
        createdAt: iso(payment.capturedAt),
        updatedAt: iso(payment.capturedAt),
      },
    }
  }
  for (const step of steps) {
    yield {
      table: 'order_status_log',
      record: {
        id: context.random.recordId('status-log', step.at),
        orderId: plan.id,
        statusId: step.statusId,
        stageId: step.stageId,
        paymentStateId: paymentStateAt(plan, step.at),
        actorId: step.actorId,
        changedAt: iso(step.at),
        source: 'pos',
        reason: step.statusId === 'cancelled' ? 'طلب العميل الإلغاء' : null,
        metadata: {},
        createdAt: iso(step.at),
        updatedAt: iso(step.at),
      },
    }
  }
  if (plan.typeId === 'delivery' && !plan.isCancelled) yield deliveryRecord(plan, nowMs)
  if (returned) yield* returnRecords(plan, returned, context)
  if (!plan.isCancelled) countOrder(shift, plan)
}

function headerRecord(
  plan: OrderPlan,
  returned: ReturnPlan | null,
  shift: ShiftPlan,
  totalPaid: Minor,
  nowMs: number,
): Record<string, unknown> {
  const step = plan.steps.findLast((candidate) => candidate.at <= nowMs)!
  const isFullReturn = returned?.isFull === true
  let paymentStateId = totalPaid === 0 ? 'unpaid' : totalPaid < plan.totalDue ? 'partial' : 'paid'
  if (returned) paymentStateId = isFullReturn ? 'refunded' : 'partially_refunded'
  return {
    id: plan.id,
    orderNumber: plan.number,
    shiftId: shift.id,
    posId: plan.terminal.id,
    posNumber: plan.terminal.number,
    posLabel: plan.terminal.label,
    orderTypeId: plan.typeId,
    serviceMode: plan.typeId,
    statusId: isFullReturn ? 'refunded' : step.statusId,
    stageId: step.stageId,
    paymentStateId,
    tableId: plan.table?.id ?? null,
    tableLabel: plan.table?.label ?? null,
    customerId: plan.customer?.id ?? null,
    customerName: plan.customer?.name ?? null,
    customerAddressId: plan.typeId === 'delivery' ? (plan.customer?.addressId ?? null) : null,
    driverId: plan.handedAt <= nowMs && !plan.isCancelled ? plan.driverId : null,
    openedBy: plan.waiter.id,
    closedBy: plan.closedAt <= nowMs ? plan.cashier.id : null,
    openedAt: iso(plan.openedAt),
    closedAt: isoIfPast(plan.closedAt, nowMs),
    guests: plan.guests,
    notes: [],
    subtotal: fromMinor(plan.subtotal),
    discount: plan.discount ?? 0,
    discountAmount: fromMinor(plan.discountAmount),
    service: fromMinor(plan.service),
    tax: fromMinor(plan.tax),
    deliveryFee: fromMinor(plan.deliveryFee),
    totalDue: fromMinor(plan.totalDue),
    totalPaid: fromMinor(totalPaid),
    metadata: { source: 'seed-history' },
    createdAt: iso(plan.openedAt),
    updatedAt: iso(returned ? returned.at : step.at),
  }
}

function* lineRecords(
  plan: OrderPlan,
  line: LinePlan,
  returned: ReturnPlan | null,
  context: WriteContext,
): Generator<HistoryRecord> {
  const steps = lineSteps(plan, line).filter((step) => step.at <= context.nowMs)
  const last = steps.at(-1)!
  const isReturned = returned?.lines.some((part) => part.line === line && part.quantity === line.quantity) === true
  yield {
    table: 'order_line',
    record: {
      id: line.id,
      orderId: plan.id,
      itemId: line.item.id,
      name: { ar: line.item.nameAr, en: line.item.nameEn },
      kitchenSectionId: line.item.sectionId,
      parentLineId: null,
      quantity: line.quantity,
      unitPrice: fromMinor(line.item.price),
      total: fromMinor(line.total),
      statusId: isReturned ? 'returned' : last.statusId,
      notes: line.note === null ? [] : [line.note],
      metadata: {},
      createdAt: iso(plan.openedAt),
      updatedAt: iso(isReturned ? returned.at : last.at),
    },
  }
  for (const modifier of line.modifiers) {
    yield {
      table: 'order_line_modifier',
      record: {
        id: context.random.recordId('line-modifier', plan.openedAt),
        lineId: line.id,
        modifierId: modifier.id,
        modifierType: modifier.type,
        priceChange: fromMinor(modifier.priceChange),
        createdAt: iso(plan.openedAt),
        updatedAt: iso(plan.openedAt),
      },
    }
  }
  if (!context.withKitchen) return
  for (const step of steps) {
    yield {
      table: 'order_line_status_log',
      record: {
        id: context.random.recordId('line-status-log', step.at),
        orderId: plan.id,
        orderLineId: line.id,
        statusId: step.statusId,
        stationId: line.item.sectionId,
        actorId: plan.waiter.id,
        changedAt: iso(step.at),
        source: step.statusId === 'queued' ? 'pos' : 'kds',
        metadata: {},
        createdAt: iso(step.at),
        updatedAt: iso(step.at),
      },
    }
  }
}

function lineSteps(plan: OrderPlan, line: LinePlan): { at: number; statusId: string }[] {
  const queued = { at: plan.openedAt, statusId: 'queued' }
  if (plan.isCancelled) return [queued, { at: plan.closedAt, statusId: 'cancelled' }]
  return [
    queued,
    { at: plan.cookingAt, statusId: 'cooking' },
    { at: line.readyAt, statusId: 'ready' },
    { at: plan.handedAt, statusId: 'served' },
  ]
}

function deliveryRecord(plan: OrderPlan, nowMs: number): HistoryRecord {
  const isOut = plan.handedAt <= nowMs
  const isDone = plan.closedAt <= nowMs
  return {
    table: 'order_delivery',
    record: {
      orderId: plan.id,
      driverId: isOut ? plan.driverId : null,
      status: isDone ? 'delivered' : isOut ? 'dispatched' : 'pending',
      dispatchedAt: isoIfPast(plan.handedAt, nowMs),
      deliveredAt: isoIfPast(plan.closedAt, nowMs),
      notes: null,
      createdAt: iso(plan.openedAt),
      updatedAt: iso(isDone ? plan.closedAt : isOut ? plan.handedAt : plan.openedAt),
    },
  }
}

function paymentStateAt(plan: OrderPlan, timeMs: number): string {
  return plan.payments.length > 0 && plan.payments.every((payment) => payment.capturedAt <= timeMs) ? 'paid' : 'unpaid'
}

function countOrder(shift: ShiftPlan, plan: OrderPlan): void {
  shift.ordersCount += 1
  shift.totalSales += plan.totalDue
  shift.countsByType.set(plan.typeId, (shift.countsByType.get(plan.typeId) ?? 0) + 1)
  shift.totalsByType.set(plan.typeId, (shift.totalsByType.get(plan.typeId) ?? 0) + plan.totalDue)
  shift.orderIds.push(plan.id)
}

function countPayment(shift: ShiftPlan, methodId: string, amount: Minor, isCash: boolean): void {
  const entry = shift.payments.get(methodId) ?? { count: 0, amount: 0 }
  shift.payments.set(methodId, { count: entry.count + 1, amount: entry.amount + amount })
  if (isCash) shift.cashTaken += amount
}
