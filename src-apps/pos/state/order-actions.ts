import { useBranch, useMoney } from '../../shared/branch.tsx'
import {
  agree,
  cancelTickets,
  handOver,
  type KitchenContext,
  type KitchenWrite,
  kitchenOrders,
} from '../../shared/kitchen.ts'
import { newId, type WriteHandle } from '../../shared/sdk.ts'
import type { AppOrder } from '../../shared/tables.ts'
import { type Cart, cartOfOrder } from '../model/cart.ts'
import { combine } from '../model/combine.ts'
import { cancelWrites, type Desk, type OrderStep, orderWrites, type StoredOrder } from '../model/order-writes.ts'
import type { TakenPayment } from '../model/payments.ts'
import { useTill } from './till.tsx'

export interface Saved {
  /** Resolves when the order survives whatever happens to this page: on its disk, or, where it keeps nothing, at the server. */
  isSafe: Promise<void>
}

export interface OrderActions {
  /** Writes the cart in one batch; resolves once it is in the queue of this device. */
  save(cart: Cart, kind: OrderStep['kind'], payments?: readonly TakenPayment[]): Promise<Saved>
  /** The stored order as a cart, to go on with. */
  open(order: AppOrder): Cart
  handOver(order: AppOrder, driverId?: number): Promise<void>
  /** A delivery that has arrived. */
  deliver(order: AppOrder): Promise<void>
  cancel(order: AppOrder): Promise<void>
  /** Writes that make the order agree with its kitchen tickets; none as a rule. */
  repair(order: AppOrder): Promise<void>
}

/** What a press does to an order. Reads the tables at that moment: a press never works with what was shown a second ago. */
export function useOrderActions(): OrderActions {
  const { store } = useBranch()
  const { read } = useMoney()
  const till = useTill()
  const context = (): KitchenContext => ({ actor: till.actor, at: new Date().toISOString(), newId })
  const linesOf = (orderId: string) => store.query('order_line', (line) => line.orderId === orderId)
  const modifiersOf = (orderId: string) => {
    const ids = new Set(linesOf(orderId).map(({ id }) => id))
    return store.query('order_line_modifier', ({ lineId }) => ids.has(lineId ?? ''))
  }
  const kitchenOf = (orderId: string) => {
    const own = <R extends { orderId?: string }>(records: R[]) => records.filter((record) => record.orderId === orderId)
    const tickets = own(store.listTable('job_order_header'))
    const ticketIds = new Set(tickets.map(({ id }) => id))
    return kitchenOrders({
      order_header: store.query('order_header', ({ id }) => id === orderId),
      order_line: linesOf(orderId),
      job_order_batch: own(store.listTable('job_order_batch')),
      job_order_header: tickets,
      job_order_detail: store.query('job_order_detail', ({ jobOrderId }) => ticketIds.has(jobOrderId ?? '')),
      expo_pass_ticket: own(store.listTable('expo_pass_ticket')),
    }).get(orderId)
  }
  const storedOrder = (orderId: string): StoredOrder => ({
    order: store.read('order_header', orderId),
    lines: linesOf(orderId),
    modifierIds: new Map(
      [...Map.groupBy(modifiersOf(orderId), ({ lineId }) => lineId ?? '')].map(([lineId, own]) => [
        lineId,
        own.map(({ id }) => id),
      ]),
    ),
  })
  const desk = (): Desk => ({
    ...{
      shift: till.shift,
      terminal: till.terminal,
      menu: till.menu,
      rules: till.rules,
      deliveryFee: till.deliveryFee,
    },
    tableName: (id) => (id === null ? null : (store.read('dining_tables', id)?.name ?? id)),
    customerName: (id) => (id === null ? null : (store.read('customer_profiles', id)?.name ?? null)),
  })
  const write = async (writes: readonly (KitchenWrite | Parameters<typeof store.batch>[0][number])[]) => {
    if (writes.length > 0) await keep(store.batch(writes))
  }

  return {
    async save(cart, kind, payments = []) {
      const stored = storedOrder(cart.orderId)
      const isNew = stored.order === undefined
      const epoch = store.snapshot().cursor?.epoch
      // The server numbers what reaches it at once; without it this device has numbers of its own.
      const isAlone = isNew && store.status !== 'ready' && epoch !== undefined
      const orderNumber = isAlone ? await till.numbers.take(epoch) : undefined
      const step = { kind, payments, ...(orderNumber !== undefined && { orderNumber }) }
      return keep(store.batch(orderWrites(cart, stored, step, desk(), context())))
    },
    open: (order) => cartOfOrder(order, linesOf(order.id), modifiersOf(order.id), read),
    async handOver(order, driverId) {
      const kitchen = kitchenOf(order.id)
      const own = context()
      const moves = kitchen ? handOver(kitchen, own) : []
      if (driverId === undefined) return write(moves)
      const delivery = { orderId: order.id, driverId, status: 'dispatched', dispatchedAt: own.at }
      await write([
        ...withHeader(moves, order, { driverId }),
        { action: 'save', table: 'order_delivery', record: delivery },
      ])
    },
    async deliver(order) {
      const { at, actor } = context()
      const over = order.paymentStateId === 'paid' && { statusId: 'closed', closedAt: at, closedBy: actor.id }
      const header = { id: order.id, stageId: 'delivered', ...over, version: order.version }
      await write([
        { action: 'merge', table: 'order_header', record: header },
        {
          action: 'save',
          table: 'order_delivery',
          record: { orderId: order.id, status: 'delivered', deliveredAt: at },
        },
      ])
    },
    cancel(order) {
      const kitchen = kitchenOf(order.id)
      const own = context()
      const tickets = kitchen ? cancelTickets(kitchen, own) : []
      return write(combine([...cancelWrites(order, linesOf(order.id), own), ...tickets]))
    },
    async repair(order) {
      const kitchen = kitchenOf(order.id)
      if (kitchen) await write(agree(kitchen, context()))
    },
  }
}

/** One more field of the order, in the write that it has already or in one of its own. */
function withHeader(moves: readonly KitchenWrite[], order: AppOrder, fields: Record<string, unknown>): KitchenWrite[] {
  const isHeader = ({ table, action }: KitchenWrite) => table === 'order_header' && action === 'merge'
  if (!moves.some(isHeader)) {
    const record = { id: order.id, ...fields, version: order.version }
    return [...moves, { action: 'merge', table: 'order_header', record }]
  }
  return moves.map((move) => (isHeader(move) ? { ...move, record: { ...move.record, ...fields } } : move))
}

/** The server's answer is not waited for: the badge shows what is under way, the list what was refused. */
async function keep(write: WriteHandle): Promise<Saved> {
  write.catch(() => undefined)
  const { isDurable } = await write.queued
  const isSafe = isDurable ? Promise.resolve() : write.then(() => undefined)
  isSafe.catch(() => undefined)
  return { isSafe }
}
