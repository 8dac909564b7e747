import { fromMinor, type Minor } from './money.ts'
import type { Random } from './random.ts'
import { type HistoryRecord, iso } from './records.ts'
import type { ShiftPlan } from './shift-plan.ts'

/** Notes and coins of a drawer count, in minor units, largest first. */
const DENOMINATIONS: readonly Minor[] = [20_000, 10_000, 5000, 2000, 1000, 500, 100, 50, 25, 10, 5, 1]

/** A shift with its counts and, once it is closed, its payment summary and the count of its drawer. */
export function* shiftRecords(shift: ShiftPlan, nowMs: number, random: Random): Generator<HistoryRecord> {
  const isClosed = shift.closedAt <= nowMs
  const closingCash = shift.openingFloat + shift.cashTaken - shift.cashRefunded
  const at = iso(isClosed ? shift.closedAt : nowMs)
  yield {
    table: 'pos_shift',
    record: {
      id: shift.id,
      posId: shift.terminal.id,
      posLabel: shift.terminal.label,
      posNumber: shift.terminal.number,
      cashierId: shift.cashier.id,
      cashierName: shift.cashier.name,
      cashierRole: shift.cashier.role,
      employeeId: shift.cashier.id,
      status: isClosed ? 'closed' : 'open',
      isClosed,
      openedAt: iso(shift.openedAt),
      closedAt: isClosed ? iso(shift.closedAt) : null,
      openingFloat: fromMinor(shift.openingFloat),
      closingCash: isClosed ? fromMinor(closingCash) : null,
      ordersCount: shift.ordersCount,
      totalSales: fromMinor(shift.totalSales),
      countsByType: Object.fromEntries(shift.countsByType),
      totalsByType: amounts(shift.totalsByType),
      paymentsByMethod: amounts(new Map([...shift.payments].map(([method, entry]) => [method, entry.amount]))),
      orders: shift.orderIds,
      createdAt: iso(shift.openedAt),
      updatedAt: at,
    },
  }
  if (!isClosed) return
  for (const [paymentMethodId, entry] of shift.payments) {
    yield {
      table: 'shift_payment_summary',
      record: {
        id: random.recordId('summary', shift.closedAt),
        shiftId: shift.id,
        paymentMethodId,
        paymentsCount: entry.count,
        totalAmount: fromMinor(entry.amount),
        createdAt: at,
        updatedAt: at,
      },
    }
  }
  for (const part of countDrawer(closingCash)) {
    yield {
      table: 'shift_cash_audit',
      record: {
        id: random.recordId('audit', shift.closedAt),
        shiftId: shift.id,
        denomination: fromMinor(part.denomination),
        count: part.count,
        amount: fromMinor(part.denomination * part.count),
        capturedAt: at,
        createdAt: at,
        updatedAt: at,
      },
    }
  }
}

function amounts(map: ReadonlyMap<string, Minor>): Record<string, number> {
  return Object.fromEntries([...map].map(([key, amount]) => [key, fromMinor(amount)]))
}

function countDrawer(cash: Minor): { denomination: Minor; count: number }[] {
  const parts: { denomination: Minor; count: number }[] = []
  let left = cash
  for (const denomination of DENOMINATIONS) {
    const count = Math.floor(left / denomination)
    if (count <= 0) continue
    parts.push({ denomination, count })
    left -= count * denomination
  }
  return parts
}
