import type { Minor } from '../../shared/money.ts'
import { type PricedLine, readDiscount } from '../../shared/order-totals.ts'
import type { OrderLineModifier } from '../../shared/pos-tables.ts'
import type { AppLine, AppOrder, Bilingual, Discount } from '../../shared/tables.ts'
import type { MenuItem } from './menu.ts'

export interface CartModifier {
  id: number
  type: string
  /** For one piece. */
  quantity: number
  price: Minor
}

export interface CartLine {
  id: string
  itemId: string
  name: Bilingual
  sectionId: string | null
  /** Of one piece without modifiers, as it was when the line was made. */
  price: Minor
  quantity: number
  modifiers: readonly CartModifier[]
  note: string
  discount: Discount | null
  /** `order_line.statusId`; before the kitchen has heard of it `draft` or `held`. */
  statusId: string
  /** The order has this line already. */
  isStored: boolean
}

/** An order on the till's counter. Plain data: it survives a reload as JSON. */
export interface Cart {
  orderId: string
  /** The order exists: it was held, sent or paid in part. */
  isStored: boolean
  orderTypeId: string
  tableId: string | null
  guests: number
  customerId: string | null
  addressId: string | null
  note: string
  discount: Discount | null
  lines: readonly CartLine[]
  /** Lines of the stored order that were taken off the counter. */
  removedLineIds: readonly string[]
}

export const UNSENT = new Set(['draft', 'held'])
const GONE = new Set(['cancelled', 'void', 'returned'])
export const MAX_QUANTITY = 999

export function isSent(line: Pick<CartLine, 'statusId'>): boolean {
  return !UNSENT.has(line.statusId)
}

export function emptyCart(orderId: string, orderTypeId: string): Cart {
  return {
    ...{ orderId, isStored: false, orderTypeId, tableId: null, guests: 1, customerId: null, addressId: null },
    ...{ note: '', discount: null, lines: [], removedLineIds: [] },
  }
}

/** The stored order with its lines, to go on with. Money is read by `read`. */
export function cartOfOrder(
  order: AppOrder,
  lines: readonly AppLine[],
  modifiers: readonly OrderLineModifier[],
  read: (value: number | undefined) => Minor,
): Cart {
  const ofLine = Map.groupBy(modifiers, ({ lineId }) => lineId ?? '')
  return {
    ...emptyCart(order.id, order.orderTypeId ?? 'takeaway'),
    isStored: true,
    tableId: order.tableId ?? null,
    guests: order.guests ?? 1,
    customerId: order.customerId ?? null,
    addressId: order.customerAddressId ?? null,
    note: noteText(order.notes),
    discount: readDiscount(order.discount),
    lines: lines
      .filter(({ statusId }) => !GONE.has(statusId ?? ''))
      .sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id))
      .map((line) => ({
        id: line.id,
        itemId: line.itemId ?? '',
        name: line.name ?? {},
        sectionId: line.kitchenSectionId ?? null,
        price: read(line.unitPrice),
        quantity: line.quantity ?? 1,
        modifiers: countModifiers(ofLine.get(line.id) ?? [], read),
        note: noteText(line.notes),
        discount: readDiscount(line.discount),
        statusId: line.statusId ?? 'draft',
        isStored: true,
      })),
  }
}

/** Notes are a text, a list of texts, or a list of `{message}`. */
function noteText(notes: unknown): string {
  const list = Array.isArray(notes) ? notes : [notes]
  const texts = list.map((note) => (typeof note === 'string' ? note : (Object(note) as { message?: string }).message))
  return texts.filter((text) => typeof text === 'string' && text !== '').join('\n')
}

/** One record a piece becomes one entry with its quantity. */
function countModifiers(
  records: readonly OrderLineModifier[],
  read: (value: number | undefined) => Minor,
): CartModifier[] {
  return [...Map.groupBy(records, ({ modifierId }) => modifierId ?? 0)].map(([id, own]) => ({
    ...{ id, type: own[0]!.modifierType ?? 'add_on', quantity: own.length, price: read(own[0]!.priceChange) },
  }))
}

/** Price of one piece with its modifiers; removals may make it cheaper, but never cheaper than nothing. */
export function unitPrice({ price, modifiers }: Pick<CartLine, 'price' | 'modifiers'>): Minor {
  return Math.max(
    0,
    modifiers.reduce((sum, modifier) => sum + modifier.price * modifier.quantity, price),
  )
}

export function toPriced(line: CartLine): PricedLine {
  return { unit: unitPrice(line), quantity: line.quantity, discount: line.discount }
}

export function lineOfItem(item: MenuItem, id: string): CartLine {
  const { record, price, sectionId, groups } = item
  return {
    ...{ id, itemId: item.id, sectionId, price, quantity: 1, note: '', discount: null },
    name: { ar: record.nameAr ?? '', en: record.nameEn ?? '' },
    modifiers: groups
      .flatMap(({ modifiers }) => modifiers)
      .filter(({ isDefault }) => isDefault)
      .map(({ id: modifierId, type, price: change }) => ({ id: modifierId, type, quantity: 1, price: change })),
    statusId: 'draft',
    isStored: false,
  }
}

/** Kinds of modifiers of which one must be chosen and none is. */
export function missingGroups(item: MenuItem | undefined, line: Pick<CartLine, 'modifiers'>): string[] {
  const groups = item?.groups ?? []
  return groups
    .filter(({ isRequired, type }) => isRequired && !line.modifiers.some((modifier) => modifier.type === type))
    .map(({ type }) => type)
}

/** A second press on the same item makes two of it, as long as nothing else was said about the first. */
export function addLine(cart: Cart, line: CartLine): Cart {
  const same = cart.lines.find((known) => !isSent(known) && isSameThing(known, line))
  if (same) return changeLine(cart, same.id, { quantity: Math.min(same.quantity + line.quantity, MAX_QUANTITY) })
  return { ...cart, lines: [...cart.lines, line] }
}

function isSameThing(a: CartLine, b: CartLine): boolean {
  const word = ({ itemId, price, modifiers, note, discount }: CartLine) =>
    JSON.stringify([itemId, price, note, discount, modifiers.map(({ id, quantity }) => [id, quantity]).sort()])
  return word(a) === word(b)
}

/** Changes a line that the kitchen has not heard of; a quantity of 0 takes it off. Others stay as they are. */
export function changeLine(cart: Cart, id: string, change: Partial<CartLine>): Cart {
  const line = cart.lines.find((known) => known.id === id)
  if (!line || isSent(line)) return cart
  const changed = { ...line, ...change }
  if (changed.quantity > 0) return { ...cart, lines: cart.lines.map((known) => (known === line ? changed : known)) }
  return {
    ...cart,
    lines: cart.lines.filter((known) => known !== line),
    removedLineIds: line.isStored ? [...cart.removedLineIds, id] : cart.removedLineIds,
  }
}

/** Puts a modifier on a line or takes it off; `quantity` 0 takes it off. Of a required option only one can be chosen. */
export function setModifier(
  modifiers: readonly CartModifier[],
  wanted: Omit<CartModifier, 'quantity'>,
  quantity: number,
  isOneOf: boolean,
): CartModifier[] {
  const others = modifiers.filter(({ id, type }) => id !== wanted.id && !(isOneOf && type === wanted.type))
  return quantity > 0 ? [...others, { ...wanted, quantity }] : others
}

/** A share of 1: the largest discount that an employee may give, as the data has it. */
export function isDiscountAllowed(discount: Discount, amount: Minor, taken: Minor, allowedRate: number): boolean {
  if (discount.type === 'percent') return discount.value <= allowedRate * 100 + 1e-9
  return taken <= amount * allowedRate + 1e-6
}

export function hasUnsent(cart: Cart): boolean {
  return cart.lines.some((line) => !isSent(line)) || cart.removedLineIds.length > 0
}
