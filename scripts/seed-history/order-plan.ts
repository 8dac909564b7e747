import { MINUTE_MS } from './calendar.ts'
import type { Catalogue, CatalogueItem, CatalogueModifier, Customer, Person } from './catalogue.ts'
import { type Minor, shareOf } from './money.ts'
import type { Random } from './random.ts'

export interface LinePlan {
  id: string
  item: CatalogueItem
  quantity: number
  modifiers: CatalogueModifier[]
  total: Minor
  readyAt: number
  note: string | null
}

export interface PaymentPlan {
  id: string
  methodId: string
  isCash: boolean
  amount: Minor
  reference: string | null
  capturedAt: number
}

/** A moment in an order's life; the last one that has happened is where the order stands. */
export interface Step {
  at: number
  statusId: string
  stageId: string
  actorId: string
}

/** Everything about an order before it is written as records. Times are epoch milliseconds. */
export interface OrderPlan {
  id: string
  number: string
  typeId: string
  openedAt: number
  cookingAt: number
  readyAt: number
  /** Served, dispatched or handed over the counter. */
  handedAt: number
  closedAt: number
  isCancelled: boolean
  table: { id: string; label: string; seats: number } | null
  guests: number
  customer: Customer | null
  driverId: number | null
  terminal: Catalogue['terminals'][number]
  waiter: Person
  cashier: Person
  lines: LinePlan[]
  payments: PaymentPlan[]
  steps: Step[]
  subtotal: Minor
  discount: { type: 'percent' | 'amount'; value: number } | null
  discountAmount: Minor
  service: Minor
  tax: Minor
  deliveryFee: Minor
  totalDue: Minor
}

export interface OrderContext {
  catalogue: Catalogue
  random: Random
  number: string
  openedAt: number
  localHour: number
  /** When each table is free again; dining in takes a table and sets it. */
  tableFreeAt: Map<string, number>
  /** Who stands at a terminal when the order is opened. */
  cashierAt: (terminalId: string) => Person
}

/** How the share of dining in, takeaway, delivery and pickup is drawn. */
const TYPE_WEIGHTS: Record<string, number> = { dine_in: 46, takeaway: 29, delivery: 20, pickup: 5 }
const LINE_COUNTS = [1, 2, 3, 4, 5, 6, 7, 8]
const LINE_COUNT_WEIGHTS = [16, 24, 24, 15, 10, 6, 3, 2]
const NOTES = [
  'بدون ملح زيادة',
  'من فضلكم بسرعة',
  'الصوص على جنب',
  'Sauce on the side',
  'Extra napkins please',
  'حساسية من المكسرات',
]

/** Plans one order: what is ordered, when it moves on, what is paid. */
export function planOrder(context: OrderContext): OrderPlan {
  const { catalogue, random, openedAt } = context
  const table = takeTable(context)
  const typeId = table ? 'dine_in' : pickType(context)
  const isCancelled = random.chance(0.018)
  const times = planTimes(typeId, openedAt, random)
  if (table) context.tableFreeAt.set(table.id, isCancelled ? openedAt + 8 * MINUTE_MS : times.closedAt)
  const lines = planLines(context, times)
  const terminal = pickTerminal(catalogue, typeId)
  const cashier = context.cashierAt(terminal.id)
  const waiter = typeId === 'dine_in' ? random.pick(catalogue.waiters) : cashier
  const isDelivery = typeId === 'delivery'
  const customer = isDelivery || random.chance(0.06) ? pickCustomer(catalogue, random) : null
  const plan: OrderPlan = {
    id: random.recordId('order', openedAt),
    number: context.number,
    typeId,
    openedAt,
    ...times,
    isCancelled,
    table,
    guests: table ? random.integer(1, Math.max(1, table.seats)) : 1,
    customer,
    driverId: isDelivery && catalogue.drivers.length > 0 ? random.pick(catalogue.drivers).id : null,
    terminal,
    waiter,
    cashier,
    lines,
    payments: [],
    steps: [],
    ...planTotals(lines, typeId, catalogue, random),
  }
  if (isCancelled) plan.closedAt = openedAt + random.integer(2, 8) * MINUTE_MS
  else plan.payments = planPayments(plan, catalogue, random)
  plan.steps = planSteps(plan)
  return plan
}

function takeTable(context: OrderContext): OrderPlan['table'] {
  const { catalogue, random, openedAt, tableFreeAt } = context
  if (!catalogue.orderTypes.includes('dine_in') || !random.chance(TYPE_WEIGHTS.dine_in! / 100)) return null
  const free = catalogue.tables.filter((table) => (tableFreeAt.get(table.id) ?? 0) <= openedAt)
  return free.length > 0 ? random.pick(free) : null
}

function pickType({ catalogue, random }: OrderContext): string {
  const others = catalogue.orderTypes.filter((id) => id !== 'dine_in')
  if (others.length === 0) return catalogue.orderTypes[0]!
  return random.pickWeighted(
    others,
    others.map((id) => TYPE_WEIGHTS[id] ?? 1),
  )
}

function pickTerminal(catalogue: Catalogue, typeId: string): OrderPlan['terminal'] {
  const counter = typeId === 'takeaway' || typeId === 'pickup' ? catalogue.terminals[1] : undefined
  return counter ?? catalogue.terminals[0]!
}

function pickCustomer(catalogue: Catalogue, random: Random): Customer | null {
  return catalogue.customers.length > 0 ? random.pick(catalogue.customers) : null
}

/** No order lives longer than 59 minutes, so that only the last hour of a history is open. */
function planTimes(typeId: string, openedAt: number, random: Random) {
  const minutes = (min: number, max: number) => random.integer(min * 60, max * 60) * 1000
  const cookingAt = openedAt + minutes(1, 3)
  if (typeId === 'dine_in') {
    const readyAt = cookingAt + minutes(8, 17)
    const handedAt = readyAt + minutes(1, 3)
    return { cookingAt, readyAt, handedAt, closedAt: handedAt + minutes(12, 35) }
  }
  if (typeId === 'delivery') {
    const readyAt = cookingAt + minutes(9, 19)
    const handedAt = readyAt + minutes(2, 8)
    return { cookingAt, readyAt, handedAt, closedAt: handedAt + minutes(12, 28) }
  }
  const readyAt = cookingAt + minutes(5, 15)
  const handedAt = readyAt + minutes(1, typeId === 'pickup' ? 15 : 5)
  return { cookingAt, readyAt, handedAt, closedAt: handedAt + minutes(0, 1) }
}

function planLines(context: OrderContext, times: { cookingAt: number; readyAt: number }): LinePlan[] {
  const { catalogue, random, openedAt, localHour } = context
  const count = random.pickWeighted(LINE_COUNTS, LINE_COUNT_WEIGHTS)
  const weights = catalogue.items.map((item) => item.popularity * categoryWeight(item.categoryId, localHour))
  const lines: LinePlan[] = []
  for (let index = 0; index < count; index++) {
    const item = random.pickWeighted(catalogue.items, weights)
    if (lines.some((line) => line.item.id === item.id)) continue
    const quantity = random.pickWeighted([1, 2, 3, 4], [70, 21, 6, 3])
    const modifiers = pickModifiers(item, random)
    const unit = item.price + modifiers.reduce((sum, modifier) => sum + modifier.priceChange, 0)
    lines.push({
      id: random.recordId('line', openedAt),
      item,
      quantity,
      modifiers,
      total: unit * quantity,
      readyAt: times.cookingAt + Math.floor((times.readyAt - times.cookingAt) * (0.5 + random.fraction() / 2)),
      note: random.chance(0.04) ? random.pick(NOTES) : null,
    })
  }
  const last = random.pick(lines)
  last.readyAt = times.readyAt
  return lines
}

function pickModifiers(item: CatalogueItem, random: Random): CatalogueModifier[] {
  if (item.modifiers.length === 0 || !random.chance(0.26)) return []
  const first = random.pick(item.modifiers)
  if (!random.chance(0.25)) return [first]
  const second = random.pick(item.modifiers)
  return second.id === first.id ? [first] : [first, second]
}

/** What sells when: weights in the morning, from noon, and from 18:00. Other categories are ORDINARY. */
const CATEGORY_WEIGHTS: Record<string, readonly [morning: number, day: number, evening: number]> = {
  'cat-breakfast': [12, 0.6, 0.4],
  'cat-hot-drinks': [4, 2, 3.5],
  'cat-coffee': [4, 2, 3.5],
  'cat-cold-drinks': [3, 3, 3],
  'cat-cold': [3, 3, 3],
  'cat-desserts': [1, 1, 2.5],
  'cat-sweets': [1, 1, 2.5],
  'cat-family': [0.1, 0.4, 0.6],
  'cat-grills': [0.1, 1.6, 2],
  'cat-mains': [0.1, 1.8, 1.4],
  'cat-seafood': [0.1, 1.4, 1.4],
  'cat-soups': [0.1, 1.2, 1],
  'cat-shawarma': [0.2, 2, 3.5],
}
const ORDINARY: readonly [number, number, number] = [0.8, 1.6, 1.6]

function categoryWeight(categoryId: string, hour: number): number {
  const [morning, day, evening] = CATEGORY_WEIGHTS[categoryId] ?? ORDINARY
  return hour < 12 ? morning : hour < 18 ? day : evening
}

function planTotals(lines: LinePlan[], typeId: string, catalogue: Catalogue, random: Random) {
  const subtotal = lines.reduce((sum, line) => sum + line.total, 0)
  const discount = planDiscount(subtotal, random)
  let discountAmount = 0
  if (discount)
    discountAmount = discount.type === 'percent' ? shareOf(subtotal, discount.value / 100) : discount.value * 100
  const net = subtotal - discountAmount
  const service = typeId === 'dine_in' ? shareOf(net, catalogue.serviceRate) : 0
  const tax = shareOf(net + service, catalogue.taxRate)
  const deliveryFee = typeId === 'delivery' ? catalogue.deliveryFee : 0
  return { subtotal, discount, discountAmount, service, tax, deliveryFee, totalDue: net + service + tax + deliveryFee }
}

function planDiscount(subtotal: Minor, random: Random): OrderPlan['discount'] {
  if (!random.chance(0.065)) return null
  if (random.chance(0.7)) return { type: 'percent', value: random.pick([5, 10, 10, 15, 20]) }
  const value = random.pick([10, 20, 25, 50])
  return value * 100 * 2 <= subtotal ? { type: 'amount', value } : null
}

function planPayments(plan: OrderPlan, catalogue: Catalogue, random: Random): PaymentPlan[] {
  const isPaidFirst = plan.typeId === 'takeaway'
  const at = isPaidFirst ? plan.openedAt + random.integer(5, 55) * 1000 : plan.closedAt
  const cash = catalogue.paymentMethods.find((method) => method.isCash)
  const others = catalogue.paymentMethods.filter((method) => !method.isCash)
  const pay = (method: Catalogue['paymentMethods'][number], amount: Minor): PaymentPlan => ({
    id: random.recordId('payment', at),
    methodId: method.id,
    isCash: method.isCash,
    amount,
    reference: method.needsReference ? String(random.integer(100_000, 999_999)) : null,
    capturedAt: at,
  })
  const other = () =>
    random.pickWeighted(
      others,
      others.map((_, index) => 1 / (index + 1)),
    )
  if (!cash) return [pay(other(), plan.totalDue)]
  if (others.length === 0) return [pay(cash, plan.totalDue)]
  if (plan.totalDue > 10_000 && random.chance(0.06)) {
    const inCash = Math.max(500, Math.floor((plan.totalDue * (0.2 + 0.6 * random.fraction())) / 500) * 500)
    return [pay(cash, inCash), pay(other(), plan.totalDue - inCash)]
  }
  return [pay(random.chance(0.58) ? cash : other(), plan.totalDue)]
}

function planSteps(plan: OrderPlan): Step[] {
  const steps: Step[] = [{ at: plan.openedAt, statusId: 'open', stageId: 'new', actorId: plan.waiter.id }]
  if (plan.isCancelled) {
    steps.push({ at: plan.closedAt, statusId: 'cancelled', stageId: 'cancelled', actorId: plan.cashier.id })
    return steps
  }
  steps.push({ at: plan.cookingAt, statusId: 'cooking', stageId: 'preparing', actorId: plan.waiter.id })
  steps.push({ at: plan.readyAt, statusId: 'ready', stageId: 'ready', actorId: plan.waiter.id })
  const handed = plan.typeId === 'delivery' ? 'dispatched' : 'delivered'
  steps.push({ at: plan.handedAt, statusId: 'served', stageId: handed, actorId: plan.waiter.id })
  steps.push({ at: plan.closedAt, statusId: 'closed', stageId: 'paid', actorId: plan.cashier.id })
  return steps
}
