import { MINUTE_MS } from './calendar.ts'
import { fromMinor, type Minor, proportionOf } from './money.ts'
import type { LinePlan, OrderPlan, PaymentPlan } from './order-plan.ts'
import type { WriteContext } from './order-records.ts'
import type { Random } from './random.ts'
import { type HistoryRecord, iso } from './records.ts'
import { shiftAt } from './shift-plan.ts'

/** What came back, and the money that went back for it. */
export interface ReturnPlan {
  at: number
  number: string
  branchSequence: number
  isFull: boolean
  lines: { line: LinePlan; quantity: number; unitPrice: Minor }[]
  /** Value of the goods as sold. */
  goods: Minor
  refunds: { payment: PaymentPlan; amount: Minor }[]
}

const REASONS = ['الطلب وصل باردًا', 'صنف خاطئ', 'تأخر الطلب', 'Wrong item', 'Guest changed their mind']

/** Plans a return of a closed order; about a third of them return everything. */
export function planReturn(plan: OrderPlan, branchSequence: number, random: Random): ReturnPlan {
  const isFull = random.chance(0.3)
  const chosen = isFull ? plan.lines : [random.pick(plan.lines)]
  const lines = chosen.map((line) => ({
    line,
    quantity: isFull ? line.quantity : random.integer(1, line.quantity),
    unitPrice: line.total / line.quantity,
  }))
  const goods = lines.reduce((sum, part) => sum + part.quantity * part.unitPrice, 0)
  const largest = plan.payments.reduce((best, payment) => (payment.amount > best.amount ? payment : best))
  const share = proportionOf(plan.totalDue - plan.deliveryFee, goods, plan.subtotal)
  return {
    at: plan.closedAt + random.integer(3, 25) * MINUTE_MS,
    number: `RET-H${String(branchSequence).padStart(6, '0')}`,
    branchSequence,
    isFull,
    lines,
    goods,
    refunds: isFull
      ? plan.payments.map((payment) => ({ payment, amount: payment.amount }))
      : [{ payment: largest, amount: Math.min(share, largest.amount) }],
  }
}

/** The return, its lines and the refunds; also counts cash that left the drawer. */
export function* returnRecords(
  plan: OrderPlan,
  returned: ReturnPlan,
  { random, shifts }: WriteContext,
): Generator<HistoryRecord> {
  const shift = shiftAt(shifts, plan.terminal.id, returned.at)
  const at = iso(returned.at)
  const returnId = random.recordId('return', returned.at)
  const totalAmount = returned.refunds.reduce((sum, refund) => sum + refund.amount, 0)
  yield {
    table: 'order_return_header',
    record: {
      id: returnId,
      number: returned.number,
      branchSequence: returned.branchSequence,
      orderSequence: 1,
      orderId: plan.id,
      shiftId: shift.id,
      posId: plan.terminal.id,
      createdBy: shift.cashier.id,
      total: fromMinor(returned.goods),
      totalAmount: fromMinor(totalAmount),
      meta: {},
      createdAt: at,
      updatedAt: at,
    },
  }
  for (const part of returned.lines) {
    yield {
      table: 'order_return_line',
      record: {
        id: random.recordId('return-line', returned.at),
        returnId,
        orderLineId: part.line.id,
        quantity: part.quantity,
        unitPrice: fromMinor(part.unitPrice),
        meta: {},
        createdAt: at,
        updatedAt: at,
      },
    }
  }
  for (const refund of returned.refunds) {
    if (refund.payment.isCash) shift.cashRefunded += refund.amount
    yield {
      table: 'order_refund',
      record: {
        id: random.recordId('refund', returned.at),
        paymentId: refund.payment.id,
        shiftId: shift.id,
        amount: fromMinor(refund.amount),
        reason: random.pick(REASONS),
        refundedAt: at,
        createdAt: at,
        updatedAt: at,
      },
    }
  }
}
