import type { AppStore } from '../shared/branch.tsx'
import {
  type Actor,
  agree,
  bumpItem,
  bumpTicket,
  type KitchenContext,
  type KitchenOrder,
  type KitchenWrite,
  kitchenOrders,
  recallItem,
  recallTicket,
  startTicket,
} from '../shared/kitchen.ts'
import { newId, StoreError } from '../shared/sdk.ts'
import { joinWrites, type KitchenData, missingTickets, withRecords } from './adopt.ts'
import type { KitchenClock } from './clock.ts'
import { isOpen, itemsOf, STALE_AFTER_MS, type Ticket } from './tickets.ts'

type Plan = (kitchen: KitchenOrder, context: KitchenContext) => KitchenWrite[]

/** What a bump has done, for its undo. */
export interface Bumped {
  ticket: Ticket
  itemIds: readonly string[]
}

const MOST_TRIES = 3
const AGREE_WITHIN_MS = 10 * 60_000

/** What the buttons do. Every action shows at once and goes through the queue of the SDK, with a server or without. */
export class KitchenActions {
  readonly #store: AppStore
  readonly #clock: KitchenClock
  readonly #actor: () => Actor
  #disagreeing = new Set<string>()

  constructor(store: AppStore, clock: KitchenClock, actor: () => Actor) {
    this.#store = store
    this.#clock = clock
    this.#actor = actor
  }

  start({ orderId, parts }: Ticket): void {
    for (const { ticketId } of parts) this.#do(orderId, (kitchen, context) => startTicket(kitchen, ticketId, context))
  }

  bumpItem(ticket: Ticket, itemId: string): Bumped {
    this.#do(ticket.orderId, (kitchen, context) => bumpItem(kitchen, itemId, context))
    return { ticket, itemIds: [itemId] }
  }

  /** Everything that the card shows. */
  bump(ticket: Ticket): Bumped {
    const itemIds = itemsOf(ticket)
      .filter(isOpen)
      .map(({ id }) => id)
    for (const { ticketId } of ticket.parts) {
      this.#do(ticket.orderId, (kitchen, context) => bumpTicket(kitchen, ticketId, context))
    }
    return { ticket, itemIds }
  }

  recallItem({ orderId }: Ticket, itemId: string): void {
    this.#do(orderId, (kitchen, context) => recallItem(kitchen, itemId, context))
  }

  recall({ orderId, parts }: Ticket): void {
    for (const { ticketId } of parts) this.#do(orderId, (kitchen, context) => recallTicket(kitchen, ticketId, context))
  }

  /** Only what that bump has moved. */
  undo({ ticket, itemIds }: Bumped): void {
    const wholes = ticket.parts.filter(({ items }) => items.every(({ id }) => itemIds.includes(id)))
    this.recall({ ...ticket, parts: wholes })
    const done = new Set(wholes.flatMap(({ items }) => items.map(({ id }) => id)))
    for (const id of itemIds) if (!done.has(id)) this.recallItem(ticket, id)
  }

  /**
   * Corrects orders whose header does not agree with their details: two sections that bumped in the same second each saw
   * the other's work as open. Only what disagreed at the call before too, so that nobody corrects a write under way.
   */
  agreeAll(): void {
    if (this.#store.status !== 'ready' || this.#store.pending().length > 0) return
    const data = this.#readAll()
    const now = this.#clock.now()
    const unknown = new Set([...this.#missing(data).values()].flat().map(({ record }) => record.orderId))
    const found = new Set<string>()
    for (const [orderId, kitchen] of kitchenOrders(data)) {
      const isRecent = kitchen.tickets.some(({ updatedAt }) => now - Date.parse(updatedAt) < AGREE_WITHIN_MS)
      if (!isRecent || unknown.has(orderId) || agree(kitchen, this.#context()).length === 0) continue
      found.add(orderId)
      if (this.#disagreeing.has(orderId)) this.#do(orderId, agree)
    }
    this.#disagreeing = found
  }

  #do(orderId: string, plan: Plan): void {
    void this.#perform(orderId, plan, 1)
  }

  /** The write is in the queue when this returns its promise: the next action sees what it changed. */
  async #perform(orderId: string, plan: Plan, attempt: number): Promise<void> {
    const data = this.#readOrder(orderId)
    const missing = this.#missing(data)
    const kitchen = kitchenOrders(withRecords(data, [...missing.values()].flat())).get(orderId)
    if (!kitchen) return
    const moves = plan(kitchen, this.#context())
    const touched = moves.flatMap(({ table, record }) => (table === 'job_order_header' ? [String(record.id)] : []))
    const writes = joinWrites(
      touched.flatMap((id) => missing.get(id) ?? []),
      moves,
    )
    if (writes.length === 0) return
    try {
      await this.#store.batch(writes)
    } catch (error) {
      // Other refusals stay where the badge shows them.
      if (!(error instanceof StoreError) || error.code !== 'version-conflict' || attempt >= MOST_TRIES) return
      if (error.writeId) await this.#store.discardParked(error.writeId)
      await this.#perform(orderId, plan, attempt + 1)
    }
  }

  #context(): KitchenContext {
    return { actor: this.#actor(), at: new Date(this.#clock.now()).toISOString(), newId }
  }

  #missing(data: KitchenData): Map<string, KitchenWrite[]> {
    return missingTickets(data, this.#clock.now() - STALE_AFTER_MS)
  }

  #readAll(): KitchenData {
    const read = this.#store.listTable
    return {
      order_header: read('order_header'),
      order_line: read('order_line'),
      order_line_modifier: read('order_line_modifier'),
      job_order_batch: read('job_order_batch'),
      job_order_header: read('job_order_header'),
      job_order_detail: read('job_order_detail'),
      job_order_detail_modifier: read('job_order_detail_modifier'),
      expo_pass_ticket: read('expo_pass_ticket'),
      menu_items: read('menu_items'),
      menu_categories: read('menu_categories'),
      menu_modifiers: read('menu_modifiers'),
    }
  }

  #readOrder(id: string): KitchenData {
    const all = this.#readAll()
    const isOwn = ({ orderId }: { orderId?: string }) => orderId === id
    const job_order_header = all.job_order_header.filter(isOwn)
    const tickets = new Set(job_order_header.map((ticket) => ticket.id))
    return {
      ...all,
      order_header: all.order_header.filter((order) => order.id === id),
      order_line: all.order_line.filter(isOwn),
      job_order_batch: all.job_order_batch.filter(isOwn),
      job_order_header,
      job_order_detail: all.job_order_detail.filter(({ jobOrderId }) => tickets.has(jobOrderId ?? '')),
      expo_pass_ticket: all.expo_pass_ticket.filter(isOwn),
    }
  }
}
