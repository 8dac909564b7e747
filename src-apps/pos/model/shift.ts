import { fromMinor, type Minor, toMinor } from '../../shared/money.ts'
import type {
  Employees,
  OrderPayment,
  OrderRefund,
  PaymentMethods,
  PosShift,
  PosTerminals,
} from '../../shared/pos-tables.ts'
import type { WriteRequest } from '../../shared/sdk.ts'
import type { AppOrder } from '../../shared/tables.ts'

/** What one way of paying brought in a shift. `expected` of cash counts the float that was in the drawer. */
export interface MethodTotal {
  methodId: string
  isCash: boolean
  count: number
  taken: Minor
  expected: Minor
}

export interface ShiftSummary {
  methods: MethodTotal[]
  orders: AppOrder[]
  totalSales: Minor
  /** Orders of this shift that are neither closed nor cancelled. */
  open: AppOrder[]
}

export interface ShiftTables {
  order_header: readonly AppOrder[]
  order_payment: readonly OrderPayment[]
  order_refund: readonly OrderRefund[]
  payment_methods: readonly PaymentMethods[]
}

const OVER = new Set(['closed', 'completed', 'cancelled', 'void', 'refunded', 'returned'])
const NOT_SOLD = new Set(['cancelled', 'void', 'held'])

export function isOrderOver({ statusId }: Pick<AppOrder, 'statusId'>): boolean {
  return OVER.has(statusId ?? '')
}

export function isCash({ type, id }: Pick<PaymentMethods, 'type' | 'id'>): boolean {
  return (type ?? id) === 'cash'
}

/** What the drawer and the slips of a shift should add up to. Cash is always listed, other ways when they were used. */
export function summarizeShift(shift: PosShift, tables: ShiftTables, decimals: number): ShiftSummary {
  const read = (value: number | undefined) => toMinor(value, decimals)
  const payments = tables.order_payment.filter(({ shiftId }) => shiftId === shift.id)
  const methodOf = new Map(tables.order_payment.map(({ id, paymentMethodId }) => [id, paymentMethodId]))
  const refunds = tables.order_refund.filter(({ shiftId }) => shiftId === shift.id)
  const methods = tables.payment_methods
    .map((method): MethodTotal => {
      const own = payments.filter(({ paymentMethodId }) => paymentMethodId === method.id)
      const taken = own.reduce((sum, { amount }) => sum + read(amount), 0)
      const refunded = refunds
        .filter(({ paymentId }) => methodOf.get(paymentId ?? '') === method.id)
        .reduce((sum, { amount }) => sum + read(amount), 0)
      const float = isCash(method) ? read(shift.openingFloat) : 0
      return {
        methodId: method.id,
        isCash: isCash(method),
        count: own.length,
        taken,
        expected: float + taken - refunded,
      }
    })
    .filter(({ isCash: cash, count, expected }) => cash || count > 0 || expected !== 0)
  const orders = tables.order_header.filter(({ shiftId }) => shiftId === shift.id)
  const sold = orders.filter(({ statusId }) => !NOT_SOLD.has(statusId ?? ''))
  return {
    methods,
    orders: sold,
    totalSales: sold.reduce((sum, { totalDue }) => sum + read(totalDue), 0),
    open: orders.filter((order) => !isOrderOver(order)),
  }
}

export function openShiftWrite(
  input: { id: string; terminal: PosTerminals; cashier: Employees; openingFloat: Minor; at: string },
  decimals: number,
): WriteRequest {
  const { id, terminal, cashier, openingFloat, at } = input
  return {
    action: 'insert',
    table: 'pos_shift',
    record: {
      ...{ id, posId: terminal.id, posLabel: terminal.label ?? '', posNumber: terminal.number ?? 0 },
      ...{ cashierId: cashier.id, cashierName: cashier.fullName ?? '', cashierRole: cashier.role ?? 'cashier' },
      ...{ employeeId: cashier.id, status: 'open', isClosed: false, openedAt: at, closedAt: null },
      ...{ openingFloat: fromMinor(openingFloat, decimals), closingCash: null, ordersCount: 0, totalSales: 0 },
      ...{ countsByType: {}, totalsByType: {}, paymentsByMethod: {}, orders: [] },
    },
  }
}

/** @param counted - By method, what a person counted. */
export function closeShiftWrites(
  shift: PosShift,
  summary: ShiftSummary,
  counted: ReadonlyMap<string, Minor>,
  context: { at: string; closedBy: string; newId(table: string): string },
  decimals: number,
): WriteRequest[] {
  const money = (amount: Minor) => fromMinor(amount, decimals)
  const byType = Map.groupBy(summary.orders, ({ orderTypeId }) => orderTypeId ?? '')
  const sumOf = (orders: readonly AppOrder[]) =>
    money(orders.reduce((sum, { totalDue }) => sum + toMinor(totalDue, decimals), 0))
  const cash = summary.methods.find(({ isCash: isCashMethod }) => isCashMethod)
  return [
    {
      action: 'merge',
      table: 'pos_shift',
      record: {
        ...{ id: shift.id, version: shift.version, status: 'closed', isClosed: true },
        ...{ closedAt: context.at, closedBy: context.closedBy },
        closingCash: money(counted.get(cash?.methodId ?? '') ?? 0),
        ...{ ordersCount: summary.orders.length, totalSales: money(summary.totalSales) },
        orders: summary.orders.map(({ id }) => id),
        countsByType: Object.fromEntries([...byType].map(([type, orders]) => [type, orders.length])),
        totalsByType: Object.fromEntries([...byType].map(([type, orders]) => [type, sumOf(orders)])),
        paymentsByMethod: Object.fromEntries(summary.methods.map(({ methodId, taken }) => [methodId, money(taken)])),
        countedByMethod: Object.fromEntries([...counted].map(([methodId, amount]) => [methodId, money(amount)])),
        expectedByMethod: Object.fromEntries(
          summary.methods.map(({ methodId, expected }) => [methodId, money(expected)]),
        ),
      },
    },
    ...summary.methods
      .filter(({ count }) => count > 0)
      .map(({ methodId, count, taken }): WriteRequest => {
        const own = { shiftId: shift.id, paymentMethodId: methodId, paymentsCount: count, totalAmount: money(taken) }
        return {
          action: 'insert',
          table: 'shift_payment_summary',
          record: { id: context.newId('shift_payment_summary'), ...own },
        }
      }),
  ]
}
