import { fromMinor, type Minor, shareOf, toMinor } from './money.ts'
import type { AppOrder, Discount, Settings } from './tables.ts'

/** What a line costs before its discount: the item with its modifiers, for one piece. */
export interface PricedLine {
  unit: Minor
  /** Whole pieces as a rule; weights work too. */
  quantity: number
  discount: Discount | null
}

export interface TotalsInput {
  lines: readonly PricedLine[]
  /** Of the whole order, over the sum of the lines. */
  discount: Discount | null
  orderTypeId: string
  /** Minor units. */
  deliveryFee: Minor
}

export interface OrderTotals {
  /** What each line costs, its discount taken off. */
  lines: Minor[]
  subtotal: Minor
  discountAmount: Minor
  service: Minor
  tax: Minor
  deliveryFee: Minor
  /** subtotal - discountAmount + service + tax + deliveryFee. */
  totalDue: Minor
}

export interface TotalsRules {
  taxRate: number
  /** For what is eaten here. */
  serviceRate: number
  decimals: number
}

export function totalsRules(settings: Settings, decimals: number): TotalsRules {
  return { taxRate: settings.tax_rate ?? 0, serviceRate: settings.service_charge_rate ?? 0, decimals }
}

/** What a discount takes off: never more than there is. */
export function discountOf(amount: Minor, discount: Discount | null, decimals: number): Minor {
  if (!discount) return 0
  const { type, value } = discount
  const wanted = type === 'percent' ? shareOf(amount, `${value}e-2`) : toMinor(value, decimals)
  return Math.min(Math.max(wanted, 0), amount)
}

export function lineTotal({ unit, quantity, discount }: PricedLine, decimals: number): Minor {
  const gross = shareOf(unit, quantity)
  return gross - discountOf(gross, discount, decimals)
}

/**
 * What an order costs. Service is on what is left after discounts, for guests at a table only; tax is on that and the
 * service; the delivery fee carries no tax.
 */
export function orderTotals(input: TotalsInput, rules: TotalsRules): OrderTotals {
  const lines = input.lines.map((line) => lineTotal(line, rules.decimals))
  const subtotal = lines.reduce((sum, total) => sum + total, 0)
  return { lines, ...totalsOfSum(subtotal, input, rules) }
}

function totalsOfSum(
  subtotal: Minor,
  { discount, orderTypeId, deliveryFee }: Omit<TotalsInput, 'lines'>,
  { taxRate, serviceRate, decimals }: TotalsRules,
): Omit<OrderTotals, 'lines'> {
  const discountAmount = discountOf(subtotal, discount, decimals)
  const net = subtotal - discountAmount
  const service = orderTypeId === 'dine_in' ? shareOf(net, serviceRate) : 0
  const tax = shareOf(net + service, taxRate)
  return { subtotal, discountAmount, service, tax, deliveryFee, totalDue: net + service + tax + deliveryFee }
}

export type PaymentState = 'unpaid' | 'partial' | 'paid'

export function paymentState(totalDue: Minor, totalPaid: Minor): PaymentState {
  if (totalPaid >= totalDue) return 'paid'
  return totalPaid > 0 ? 'partial' : 'unpaid'
}

/** `discount` of a record: 0, an amount, or `{type, value}`. */
export function readDiscount(value: unknown): Discount | null {
  if (typeof value === 'number') return value > 0 ? { type: 'amount', value } : null
  const { type, value: size } = Object(value) as Partial<Discount>
  return (type === 'percent' || type === 'amount') && typeof size === 'number' && size > 0
    ? { type, value: size }
    : null
}

/** An order moves forward: what is over stays over, and of two steps in the kitchen the earlier one is true. */
const STATUS_ORDER = ['open', 'held', 'cooking', 'ready', 'served']
const OVER = ['cancelled', 'void', 'closed', 'completed', 'refunded', 'returned']

const MONEY: readonly (keyof AppOrder)[] = [
  ...(['subtotal', 'discountAmount', 'service', 'tax'] as const),
  ...(['deliveryFee', 'totalDue', 'totalPaid', 'paymentStateId'] as const),
]
const STEP: readonly (keyof AppOrder)[] = ['statusId', 'stageId', 'closedAt', 'closedBy']
/** Reckoned anew, or not a client's to write. */
const NOT_COPIED: readonly string[] = ['id', ...MONEY, ...STEP, 'version', 'createdAt', 'updatedAt', 'branchId']

function isOver(status: string | undefined): boolean {
  return OVER.includes(status ?? '')
}

/**
 * Two tablets changed one order: what both added counts. Lines and payments are records of their own and are both there,
 * so sums grow by what each of the two added, and what follows from the sums is reckoned anew. Of everything else the
 * last one counts.
 *
 * @returns Undefined, for a person to decide, when lines or money were added to an order that is over by now, or when the
 *   order as it was before is not known.
 */
export function mergeOrders(
  mine: Partial<AppOrder>,
  base: AppOrder | undefined,
  current: AppOrder,
  rules: TotalsRules,
): Partial<AppOrder> | undefined {
  if (!base) return undefined
  const { decimals } = rules
  const read = (value: number | undefined) => toMinor(value, decimals)
  const merged: Record<string, unknown> = { id: current.id }
  for (const [name, value] of Object.entries(mine)) {
    if (NOT_COPIED.includes(name)) continue
    if (JSON.stringify(value) !== JSON.stringify((base as unknown as Record<string, unknown>)[name]))
      merged[name] = value
  }
  const added = (name: 'subtotal' | 'totalPaid') =>
    name in mine ? read(mine[name]) - read(base[name]) + read(current[name]) : read(current[name])
  const changesMoney = MONEY.some((name) => name in mine && mine[name] !== base[name])
  if (changesMoney && isOver(current.statusId)) return undefined
  if (changesMoney) {
    const after = { ...current, ...merged } as AppOrder
    const deliveryFee = read(mine.deliveryFee ?? current.deliveryFee)
    const discount = readDiscount(after.discount)
    const totals = totalsOfSum(
      added('subtotal'),
      { discount, orderTypeId: after.orderTypeId ?? '', deliveryFee },
      rules,
    )
    const totalPaid = added('totalPaid')
    const amounts = { ...totals, totalPaid }
    for (const [name, amount] of Object.entries(amounts)) merged[name] = fromMinor(amount, decimals)
    merged.paymentStateId = paymentState(totals.totalDue, totalPaid)
  }
  if (mine.statusId !== undefined) Object.assign(merged, pickStep(mine, base, current))
  return merged as Partial<AppOrder>
}

function pickStep(mine: Partial<AppOrder>, base: AppOrder, current: AppOrder): Partial<AppOrder> {
  const rank = (status: string | undefined) => STATUS_ORDER.indexOf(status ?? 'open')
  if (isOver(current.statusId)) return {}
  const isTheirs = current.statusId !== base.statusId && current.statusId !== 'open'
  if (isTheirs && !isOver(mine.statusId) && rank(current.statusId) < rank(mine.statusId)) return {}
  return Object.fromEntries(STEP.filter((name) => name in mine).map((name) => [name, mine[name]]))
}
