import {
  closeOrder,
  type KitchenContext,
  type KitchenLine,
  lineLog,
  orderLog,
  sendToKitchen,
} from '../../shared/kitchen.ts'
import { fromMinor, type Minor, toMinor } from '../../shared/money.ts'
import { type OrderTotals, orderTotals, paymentState, type TotalsRules } from '../../shared/order-totals.ts'
import type { PosShift, PosTerminals } from '../../shared/pos-tables.ts'
import type { WriteRequest } from '../../shared/sdk.ts'
import type { AppLine, AppOrder } from '../../shared/tables.ts'
import { type Cart, type CartLine, isSent, toPriced, unitPrice } from './cart.ts'
import { combine } from './combine.ts'
import type { Menu } from './menu.ts'
import type { TakenPayment } from './payments.ts'

/** What the till knows when an order is written. */
export interface Desk {
  shift: PosShift
  terminal: PosTerminals
  menu: Menu
  rules: TotalsRules
  /** Minor units, for deliveries. */
  deliveryFee: Minor
  tableName: (id: string | null) => string | null
  customerName: (id: string | null) => string | null
}

/** What the branch has of the order now; nothing for a new one. */
export interface StoredOrder {
  order: AppOrder | undefined
  lines: readonly AppLine[]
  /** Ids of `order_line_modifier` by line. */
  modifierIds: ReadonlyMap<string, readonly string[]>
}

export interface OrderStep {
  /** hold: kept for later, the kitchen hears nothing. send: to the kitchen. pay: money is taken, and the rest is sent. */
  kind: 'hold' | 'send' | 'pay'
  payments: readonly TakenPayment[]
  /** A number of this device's block, when the server is away. */
  orderNumber?: string
}

export function cartTotals(cart: Cart, desk: Pick<Desk, 'rules' | 'deliveryFee'>): OrderTotals {
  const { orderTypeId, discount } = cart
  const deliveryFee = orderTypeId === 'delivery' ? desk.deliveryFee : 0
  return orderTotals({ lines: cart.lines.map(toPriced), discount, orderTypeId, deliveryFee }, desk.rules)
}

/** Everything that one action at the till writes: all of it, or nothing. */
export function orderWrites(
  cart: Cart,
  stored: StoredOrder,
  step: OrderStep,
  desk: Desk,
  context: KitchenContext,
): WriteRequest[] {
  const totals = cartTotals(cart, desk)
  const before = stored.order
  const unsent = cart.lines.filter((line) => !isSent(line))
  const isHeld = step.kind === 'hold'
  const paidNow = step.payments.reduce((sum, { amount }) => sum + amount, 0)
  const money = (amount: Minor) => fromMinor(amount, desk.rules.decimals)
  const totalPaid = paidNow + readPaid(before, desk.rules.decimals)
  const state = paymentState(totals.totalDue, totalPaid)
  const status = nextStatus(before, isHeld, unsent.length > 0)

  const header = {
    id: cart.orderId,
    orderTypeId: cart.orderTypeId,
    serviceMode: cart.orderTypeId,
    ...status,
    paymentStateId: step.kind === 'pay' || totalPaid > 0 ? state : 'unpaid',
    ...{ tableId: cart.tableId, tableLabel: desk.tableName(cart.tableId), guests: cart.guests },
    ...{ customerId: cart.customerId, customerName: desk.customerName(cart.customerId) },
    customerAddressId: cart.addressId,
    notes: cart.note === '' ? [] : [cart.note],
    discount: cart.discount ?? 0,
    ...{ subtotal: money(totals.subtotal), discountAmount: money(totals.discountAmount) },
    ...{ service: money(totals.service), tax: money(totals.tax), deliveryFee: money(totals.deliveryFee) },
    ...{ totalDue: money(totals.totalDue), totalPaid: money(totalPaid) },
  }
  const writes: WriteRequest[] = [headerWrite(header, before, step, desk, context)]
  if (status.statusId !== before?.statusId) {
    const log = { ...status, paymentStateId: header.paymentStateId, source: 'pos' as const }
    writes.push(orderLog({ id: cart.orderId }, log, context))
  }
  for (const [index, line] of cart.lines.entries()) {
    if (!isSent(line)) writes.push(...lineWrites(cart, line, totals.lines[index]!, stored, isHeld, desk, context))
  }
  for (const id of cart.removedLineIds) writes.push(...removeLine(id, stored))
  if (!isHeld && unsent.length > 0) {
    const batchType = isInKitchen(before) ? 'addition' : 'initial'
    const named = { ...header, orderNumber: before?.orderNumber ?? step.orderNumber ?? null }
    const lines = unsent.map((line) => kitchenLine(line, desk.menu))
    writes.push(...sendToKitchen(named, lines, batchType, context))
    for (const line of unsent.filter(({ sectionId }) => !sectionId)) {
      const gone = { orderId: cart.orderId, lineId: line.id, sectionId: null, statusId: 'served' }
      writes.push(lineLog({ ...gone, source: 'pos' }, context))
    }
  }
  if (!isHeld && cart.orderTypeId === 'delivery' && !isInKitchen(before)) writes.push(deliveryWrite(cart.orderId))
  for (const payment of step.payments) writes.push(paymentWrite(cart.orderId, payment, desk, context))
  const order = { id: cart.orderId, version: before?.version ?? 1, paymentStateId: header.paymentStateId }
  const isOver = step.kind === 'pay' && state === 'paid' && isAllServed(cart, unsent)
  if (isOver && cart.orderTypeId !== 'delivery') writes.push(...closeOrder(order, context, 'pos'))
  return combine(writes)
}

function readPaid(order: AppOrder | undefined, decimals: number): Minor {
  return toMinor(order?.totalPaid, decimals)
}

/** Held, new for the kitchen, or back to the stove when lines are added to an order that was begun. */
function nextStatus(order: AppOrder | undefined, isHeld: boolean, hasNew: boolean) {
  if (isHeld) return isInKitchen(order) ? keptStatus(order!) : { statusId: 'held', stageId: 'new' }
  if (!isInKitchen(order)) return { statusId: 'open', stageId: 'new' }
  const isBegun = order!.statusId !== 'open' && order!.statusId !== 'pending'
  return hasNew && isBegun ? { statusId: 'cooking', stageId: 'preparing' } : keptStatus(order!)
}

function keptStatus({ statusId = 'open', stageId = 'new' }: AppOrder) {
  return { statusId, stageId }
}

function isInKitchen(order: AppOrder | undefined): boolean {
  return order !== undefined && order.statusId !== 'held'
}

function isAllServed(cart: Cart, unsent: readonly CartLine[]): boolean {
  const isDone = ({ statusId }: CartLine) => statusId === 'served' || statusId === 'completed'
  return unsent.every(({ sectionId }) => !sectionId) && cart.lines.filter(isSent).every(isDone)
}

function headerWrite(
  header: { id: string } & Record<string, unknown>,
  before: AppOrder | undefined,
  step: OrderStep,
  { shift, terminal }: Desk,
  { actor, at }: KitchenContext,
): WriteRequest {
  if (before) return { action: 'merge', table: 'order_header', record: { ...header, version: before.version } }
  return {
    action: 'insert',
    table: 'order_header',
    record: {
      ...header,
      ...(step.orderNumber !== undefined && { orderNumber: step.orderNumber }),
      ...{ shiftId: shift.id, posId: terminal.id, posNumber: terminal.number ?? 0, posLabel: terminal.label ?? '' },
      ...{ driverId: null, openedBy: actor.id, closedBy: null, openedAt: at, closedAt: null, metadata: {} },
    },
  }
}

function lineWrites(
  cart: Cart,
  line: CartLine,
  total: Minor,
  stored: StoredOrder,
  isHeld: boolean,
  desk: Desk,
  context: KitchenContext,
): WriteRequest[] {
  const { decimals } = desk.rules
  const before = stored.lines.find(({ id }) => id === line.id)
  const fields = {
    ...{ id: line.id, quantity: line.quantity, unitPrice: fromMinor(line.price, decimals) },
    total: fromMinor(total, decimals),
    discount: line.discount,
    notes: line.note === '' ? [] : [line.note],
    statusId: isHeld ? 'held' : line.sectionId ? 'queued' : 'served',
    metadata: { unitWithModifiers: fromMinor(unitPrice(line), decimals) },
  }
  const own = { orderId: cart.orderId, itemId: line.itemId, name: line.name, parentLineId: null }
  const write: WriteRequest = before
    ? { action: 'merge', table: 'order_line', record: { ...fields, version: before.version } }
    : { action: 'insert', table: 'order_line', record: { ...fields, ...own, kitchenSectionId: line.sectionId } }
  return [
    write,
    ...removeModifiers(line.id, stored),
    ...line.modifiers.flatMap(({ id: modifierId, type, price, quantity }) =>
      // One record a piece: the table has no quantity.
      Array.from({ length: quantity }, (): WriteRequest => {
        const id = context.newId('order_line_modifier')
        const change = { modifierType: type, priceChange: fromMinor(price, decimals) }
        return {
          action: 'insert',
          table: 'order_line_modifier',
          record: { id, lineId: line.id, modifierId, ...change },
        }
      }),
    ),
  ]
}

function removeLine(id: string, stored: StoredOrder): WriteRequest[] {
  const line = stored.lines.find((known) => known.id === id)
  if (!line) return []
  return [
    { action: 'delete', table: 'order_line', record: { id, version: line.version } },
    ...removeModifiers(id, stored),
  ]
}

function removeModifiers(lineId: string, { modifierIds }: StoredOrder): WriteRequest[] {
  const ids = modifierIds.get(lineId) ?? []
  return ids.map((id) => ({ action: 'delete', table: 'order_line_modifier', record: { id } }))
}

function kitchenLine(line: CartLine, menu: Menu): KitchenLine {
  const item = menu.byId.get(line.itemId)?.record
  return {
    ...{ id: line.id, sectionId: line.sectionId, quantity: line.quantity, note: line.note === '' ? null : line.note },
    item: item ?? { id: line.itemId, nameAr: line.name.ar ?? '', nameEn: line.name.en ?? '' },
    modifiers: line.modifiers.map(({ id, quantity }) => ({ quantity, modifier: menu.modifiers.get(id) ?? {} })),
  }
}

function paymentWrite(orderId: string, payment: TakenPayment, desk: Desk, context: KitchenContext): WriteRequest {
  const { decimals } = desk.rules
  const isMore = payment.tendered > payment.amount
  return {
    action: 'insert',
    table: 'order_payment',
    record: {
      ...{ id: context.newId('order_payment'), orderId, paymentMethodId: payment.methodId, shiftId: desk.shift.id },
      amount: fromMinor(payment.amount, decimals),
      capturedAt: context.at,
      reference: payment.reference === '' ? null : payment.reference,
      ...(isMore && { tendered: fromMinor(payment.tendered, decimals) }),
    },
  }
}

function deliveryWrite(orderId: string): WriteRequest {
  const times = { dispatchedAt: null, deliveredAt: null, notes: null }
  return { action: 'save', table: 'order_delivery', record: { orderId, status: 'pending', driverId: null, ...times } }
}

/** The order and its lines are called off; the kitchen has not begun with them. */
export function cancelWrites(order: AppOrder, lines: readonly AppLine[], context: KitchenContext): WriteRequest[] {
  const step = { statusId: 'cancelled', stageId: 'cancelled' }
  const over = { closedAt: context.at, closedBy: context.actor.id, version: order.version }
  return [
    { action: 'merge', table: 'order_header', record: { id: order.id, ...step, ...over } },
    orderLog(order, { ...step, paymentStateId: order.paymentStateId ?? null, source: 'pos' }, context),
    ...lines.map(
      ({ id, version }): WriteRequest => ({
        ...{ action: 'merge', table: 'order_line', record: { id, statusId: 'cancelled', version } },
      }),
    ),
  ]
}
