import { callNumber, canRecall, type DetailStatus, DUE_AFTER_MS, kitchenOrders, statusOf } from '../shared/kitchen.ts'
import type { JobOrderDetail, JobOrderDetailModifier, JobOrderHeader } from '../shared/pos-tables.ts'
import type { AppLine, AppOrder, Bilingual } from '../shared/tables.ts'
import type { KitchenData } from './adopt.ts'
import { isAllergy, noteTexts } from './notes.ts'

/** The sections that a screen shows. */
export type SectionChoice = 'all' | readonly string[]

export interface ItemModifier {
  id: string
  name: Bilingual
  kind: 'add' | 'remove' | 'option'
  quantity: number
}

export interface Note {
  text: string
  isAllergy: boolean
}

/** One detail of a ticket: what a cook makes. */
export interface TicketItem {
  id: string
  itemId: string
  name: Bilingual
  quantity: number
  status: DetailStatus
  modifiers: readonly ItemModifier[]
  notes: readonly Note[]
}

/** The items of one section: a `job_order_header`. */
export interface TicketPart {
  ticketId: string
  sectionId: string
  items: readonly TicketItem[]
}

/** One card of the screen: what was sent of an order at one time, as far as the chosen sections make it. */
export interface Ticket {
  /** Stays while the ticket is there. */
  id: string
  orderId: string
  /** As it is called out. */
  number: string
  orderTypeId: string
  tableLabel: string
  customerName: string
  /** Sent after the order's first ticket. */
  isAddition: boolean
  isStarted: boolean
  /** Every item of it was taken back; shown until somebody has seen it. */
  isCancelled: boolean
  /** By the server's clock, milliseconds since 1970. */
  sentAt: number
  /** When the last item was bumped; 0 while one is open. */
  doneAt: number
  /** Notes of the whole order. */
  notes: readonly Note[]
  parts: readonly TicketPart[]
  /** Items of the same sending that other sections still have to make, by section. */
  elsewhere: readonly { sectionId: string; open: number }[]
}

export interface AllDayCount {
  itemId: string
  name: Bilingual
  quantity: number
}

export interface Board {
  /** Open tickets, oldest first. */
  tickets: readonly Ticket[]
  /** Bumped ones that can be recalled, newest first. */
  recent: readonly Ticket[]
  /** What is still to be made, most first. */
  allDay: readonly AllDayCount[]
  /** Open tickets of every section, chosen or not. */
  openBySection: ReadonlyMap<string, number>
}

export interface BoardView {
  sections: SectionChoice
  /** By the server's clock. */
  now: number
  /** Cancelled tickets that somebody has put away. */
  seen: ReadonlySet<string>
}

/** What was sent before the last day's service is nobody's work any more. */
export const STALE_AFTER_MS = 18 * 3_600_000
export const RECALL_FOR_MS = 2 * 3_600_000
const RECALL_MOST = 24
const CANCELLED_FOR_MS = 15 * 60_000
const GONE_ORDERS = new Set(['cancelled', 'void', 'refunded', 'returned'])
const GONE_LINES = new Set(['cancelled', 'void', 'returned'])

export const isOpen = ({ status }: { status: DetailStatus }) => status === 'queued' || status === 'cooking'

export const itemsOf = (ticket: Ticket): TicketItem[] => ticket.parts.flatMap(({ items }) => items)

/** Everything that the screen shows of the kitchen's records. Pure. */
export function buildBoard(data: KitchenData, view: BoardView): Board {
  const modifiers = Map.groupBy(data.job_order_detail_modifier, ({ detailId }) => detailId ?? '')
  const open: Ticket[] = []
  const recent: Ticket[] = []
  const allDay = new Map<string, AllDayCount>()
  const openBySection = new Map<string, number>()
  for (const kitchen of kitchenOrders(recentOnly(data, view.now)).values()) {
    const { order, tickets, details } = kitchen
    const lines = new Map(kitchen.lines.map((line) => [line.id, line]))
    const facts: OrderFacts = { order, lines, details, modifiers, firstAt: Math.min(...tickets.map(sentTime)) }
    for (const sending of Map.groupBy(tickets, sendingOf).values()) {
      const parts = sending.map((ticket) => makePart(ticket, facts))
      for (const { sectionId, items } of parts) {
        if (items.some(isOpen)) openBySection.set(sectionId, (openBySection.get(sectionId) ?? 0) + 1)
      }
      const ticket = makeTicket(sending, parts, facts, view)
      if (!ticket) continue
      countAllDay(allDay, itemsOf(ticket))
      if (itemsOf(ticket).some(isOpen) || isToBeSeen(ticket, facts, view)) open.push(ticket)
      else if (canRecall(kitchen) && !ticket.isCancelled && view.now - ticket.doneAt < RECALL_FOR_MS)
        recent.push(ticket)
    }
  }
  return {
    tickets: open.sort((a, b) => a.sentAt - b.sentAt || (a.id < b.id ? -1 : 1)),
    recent: recent.sort((a, b) => b.doneAt - a.doneAt || (a.id < b.id ? -1 : 1)).slice(0, RECALL_MOST),
    allDay: [...allDay.values()].sort((a, b) => b.quantity - a.quantity || (a.itemId < b.itemId ? -1 : 1)),
    openBySection,
  }
}

/** Taken back a moment ago, and nobody has said that they know. */
function isToBeSeen(ticket: Ticket, { order, lines, details }: OrderFacts, { now, seen }: BoardView): boolean {
  if (!ticket.isCancelled || seen.has(ticket.id)) return false
  const changedAt = Math.max(
    ...[order, ...lines.values(), ...details].map(({ updatedAt }) => Date.parse(updatedAt) || 0),
  )
  return now - changedAt < CANCELLED_FOR_MS
}

interface OrderFacts {
  order: AppOrder
  lines: ReadonlyMap<string, AppLine>
  details: readonly JobOrderDetail[]
  modifiers: ReadonlyMap<string, readonly JobOrderDetailModifier[]>
  firstAt: number
}

/** A day's tickets are a few of the thousands of records that the device holds. */
function recentOnly(data: KitchenData, now: number): KitchenData {
  const job_order_header = data.job_order_header.filter((ticket) => now - sentTime(ticket) < STALE_AFTER_MS)
  const orders = new Set(job_order_header.map(({ orderId }) => orderId))
  const order_line = data.order_line.filter(({ orderId }) => orders.has(orderId))
  return { ...data, job_order_header, order_line }
}

/**
 * When the server (or this device, while it is away) wrote it down: the till's own clock may be wrong by a day. A ticket
 * that was made later than its lines came in says when that was.
 */
function sentTime({ createdAt, meta }: JobOrderHeader): number {
  const { receivedAt } = (meta ?? {}) as { receivedAt?: string }
  return Date.parse(receivedAt ?? createdAt) || Date.parse(createdAt) || 0
}

/** Tickets of one batch were sent together; those without one stand alone. */
const sendingOf = ({ id, batchId }: JobOrderHeader): string => batchId || id

function makePart(ticket: JobOrderHeader, facts: OrderFacts): TicketPart {
  const items = facts.details
    .filter(({ jobOrderId }) => jobOrderId === ticket.id)
    .map((detail) => makeItem(detail, facts))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  return { ticketId: ticket.id, sectionId: ticket.stationId ?? '', items }
}

function makeItem(detail: JobOrderDetail, { order, lines, modifiers }: OrderFacts): TicketItem {
  const line = lines.get(detail.orderLineId ?? '')
  const isGone = GONE_ORDERS.has(order.statusId ?? '') || GONE_LINES.has(line?.statusId ?? '')
  const { allergens, prepNotes } = detail
  const texts = new Set([...noteTexts(prepNotes ?? line?.notes)])
  return {
    id: detail.id,
    itemId: detail.itemId || (detail.itemNameEn ?? detail.id),
    name: { ar: detail.itemNameAr ?? '', en: detail.itemNameEn ?? '' },
    quantity: detail.quantity ?? 1,
    status: isGone ? 'cancelled' : statusOf(detail),
    modifiers: (modifiers.get(detail.id) ?? []).map((modifier) => ({
      id: modifier.id,
      name: { ar: modifier.nameAr ?? '', en: modifier.nameEn ?? '' },
      kind: KINDS[modifier.modifierType ?? ''] ?? 'option',
      quantity: modifier.quantity ?? 1,
    })),
    notes: [
      ...noteTexts(allergens).map((text) => ({ text, isAllergy: true })),
      ...[...texts].map((text) => ({ text, isAllergy: isAllergy(text) })),
    ],
  }
}

const KINDS: Readonly<Record<string, ItemModifier['kind']>> = { add_on: 'add', removal: 'remove', option: 'option' }

/** Undefined when the chosen sections have nothing to do with it. */
function makeTicket(
  sending: readonly JobOrderHeader[],
  parts: readonly TicketPart[],
  { order, firstAt }: OrderFacts,
  { sections }: BoardView,
): Ticket | undefined {
  const isChosen = ({ sectionId }: TicketPart) => sections === 'all' || sections.includes(sectionId)
  const own = parts.filter((part) => isChosen(part) && part.items.length > 0)
  if (own.length === 0) return undefined
  const items = own.flatMap((part) => part.items)
  const ownIds = new Set(own.map(({ ticketId }) => ticketId))
  const sentAt = Math.min(...sending.map(sentTime))
  const doneTimes = sending
    .filter(({ id }) => ownIds.has(id))
    .map((ticket) => Date.parse(ticket.readyAt ?? ticket.completedAt ?? ticket.updatedAt) || 0)
  return {
    id: sendingOf(sending[0]!),
    orderId: order.id,
    number: callNumber(order),
    orderTypeId: order.orderTypeId ?? '',
    tableLabel: order.tableLabel ?? sending[0]!.tableLabel ?? order.tableId ?? '',
    customerName: order.customerName ?? sending[0]!.customerName ?? '',
    isAddition: sentAt > firstAt,
    isStarted: items.some(({ status }) => status !== 'queued'),
    isCancelled: !items.some(isOpen) && items.every(({ status }) => status === 'cancelled'),
    sentAt,
    doneAt: items.some(isOpen) ? 0 : Math.max(...doneTimes),
    notes: noteTexts(order.notes).map((text) => ({ text, isAllergy: isAllergy(text) })),
    parts: own,
    elsewhere: parts
      .filter((part) => !ownIds.has(part.ticketId))
      .map(({ sectionId, items: others }) => ({ sectionId, open: others.filter(isOpen).length }))
      .filter(({ open }) => open > 0),
  }
}

function countAllDay(counts: Map<string, AllDayCount>, items: readonly TicketItem[]): void {
  for (const { itemId, name, quantity } of items.filter(isOpen)) {
    const known = counts.get(itemId)?.quantity ?? 0
    counts.set(itemId, { itemId, name, quantity: known + quantity })
  }
}

/**
 * The new board, with the old one's tickets wherever they have not changed: what is the same object is not drawn again.
 */
export function shareTickets(previous: Board | undefined, next: Board): Board {
  if (!previous) return next
  const known = new Map([...previous.tickets, ...previous.recent].map((ticket) => [ticket.id, ticket]))
  const share = (list: readonly Ticket[], before: readonly Ticket[]): readonly Ticket[] => {
    const shared = list.map((ticket) => {
      const old = known.get(ticket.id)
      return old && JSON.stringify(old) === JSON.stringify(ticket) ? old : ticket
    })
    return shared.length === before.length && shared.every((ticket, index) => ticket === before[index])
      ? before
      : shared
  }
  return {
    ...next,
    tickets: share(next.tickets, previous.tickets),
    recent: share(next.recent, previous.recent),
  }
}

export type AgeLevel = 'fresh' | 'due' | 'late'

export interface AgeLimits {
  dueAfterMs: number
  lateAfterMs: number
}

const MINUTE_MS = 60_000
const LATE_SHARE = 0.5

/** Settings of the branch, in minutes: `kitchen_due_minutes` and `kitchen_late_minutes`. */
export function readLimits(settings: object): AgeLimits {
  const { kitchen_due_minutes: due, kitchen_late_minutes: late } = settings as Record<string, unknown>
  const lateAfterMs = isPositive(late) ? late * MINUTE_MS : DUE_AFTER_MS
  const dueAfterMs = isPositive(due) ? due * MINUTE_MS : lateAfterMs * LATE_SHARE
  return { dueAfterMs: Math.min(dueAfterMs, lateAfterMs), lateAfterMs }
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0
}

/** A clock that is behind makes no negative age, one that is a day ahead no absurd one. */
export function ageOf(sentAt: number, now: number): number {
  return Math.min(Math.max(now - sentAt, 0), STALE_AFTER_MS)
}

export function levelOf(age: number, { dueAfterMs, lateAfterMs }: AgeLimits): AgeLevel {
  return age >= lateAfterMs ? 'late' : age >= dueAfterMs ? 'due' : 'fresh'
}
