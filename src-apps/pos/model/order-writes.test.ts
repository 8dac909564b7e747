import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { KitchenContext } from '../../shared/kitchen.ts'
import { toMinor } from '../../shared/money.ts'
import type { WriteRequest } from '../../shared/sdk.ts'
import type { AppLine, AppOrder } from '../../shared/tables.ts'
import { type Cart, type CartLine, cartOfOrder, changeLine, emptyCart } from './cart.ts'
import { combine } from './combine.ts'
import type { Menu } from './menu.ts'
import { cancelWrites, cartTotals, type Desk, type OrderStep, orderWrites, type StoredOrder } from './order-writes.ts'
import type { TakenPayment } from './payments.ts'

type Row = Record<string, unknown> & { id: string; version: number }
const own = { version: 1, createdAt: '', updatedAt: '' }
const DESK: Desk = {
  shift: { ...own, id: 'shift-1' },
  terminal: { ...own, id: 'pos-1', number: 1, label: 'Main' },
  menu: { categories: [], items: [], byId: new Map(), modifiers: new Map() } as Menu,
  rules: { taxRate: 0.14, serviceRate: 0.12, decimals: 2 },
  deliveryFee: 3_500,
  tableName: (id) => (id === null ? null : `Table ${id}`),
  customerName: () => null,
}

/** The branch's tables, changed by writes as the server changes them: a batch, or nothing. */
class Tables {
  readonly rows = new Map<string, Map<string, Row>>()
  nextId = 0

  list(table: string): Row[] {
    return [...(this.rows.get(table)?.values() ?? [])]
  }

  apply(writes: readonly WriteRequest[]): void {
    const named = writes.map(({ table, record }) => `${table} ${keyOf(record)}`)
    expect(new Set(named).size, 'a batch names a record once').toBe(named.length)
    for (const { action, table, record } of writes) {
      const rows = this.rows.get(table) ?? new Map<string, Row>()
      this.rows.set(table, rows)
      const key = keyOf(record)
      const row = rows.get(key)
      if (action === 'insert') expect(row, `${table} ${key} is new`).toBeUndefined()
      if (action === 'merge') expect(row, `${table} ${key} exists`).toBeDefined()
      const isLocked = table === 'order_header' || table === 'order_line'
      if (isLocked && action === 'merge') expect((record as Row).version).toBe(row!.version)
      if (action === 'delete') rows.delete(key)
      else rows.set(key, { ...row, ...record, id: key, version: (row?.version ?? 0) + 1 } as Row)
    }
  }

  stored(orderId: string): StoredOrder {
    const lines = this.list('order_line').filter((line) => line.orderId === orderId) as unknown as AppLine[]
    const modifiers = Map.groupBy(this.list('order_line_modifier'), ({ lineId }) => String(lineId))
    return {
      order: this.rows.get('order_header')?.get(orderId) as unknown as AppOrder,
      lines: lines.map((line) => ({ ...line, createdAt: line.id })),
      modifierIds: new Map([...modifiers].map(([lineId, rows]) => [lineId, rows.map(({ id }) => id)])),
    }
  }

  context(): KitchenContext {
    const actor = { id: 'emp-1', name: 'Mina', role: 'cashier' }
    return { actor, at: '2026-05-01T10:00:00.000Z', newId: (table) => `${table}-${++this.nextId}` }
  }

  step(
    cart: Cart,
    kind: OrderStep['kind'],
    payments: readonly TakenPayment[] = [],
    more: Partial<OrderStep> = {},
  ): WriteRequest[] {
    const writes = orderWrites(cart, this.stored(cart.orderId), { kind, payments, ...more }, DESK, this.context())
    this.apply(writes)
    return writes
  }

  cart(orderId: string): Cart {
    const { order, lines } = this.stored(orderId)
    const modifiers = this.list('order_line_modifier') as never[]
    return cartOfOrder(order!, lines, modifiers, (value) => toMinor(value))
  }

  order(id = 'o1'): AppOrder {
    return this.stored(id).order!
  }
}

const keyOf = (record: object) => String((record as { id?: string }).id ?? (record as { orderId?: string }).orderId)

function line(id: string, price: number, more: Partial<CartLine> = {}): CartLine {
  return {
    ...{ id, itemId: `item-${id}`, name: { ar: 'ا', en: 'a' }, sectionId: 'section-grill', price, quantity: 1 },
    ...{ modifiers: [], note: '', discount: null, statusId: 'draft', isStored: false },
    ...more,
  }
}

const cash = (amount: number, tendered = amount): TakenPayment => ({
  ...{ methodId: 'cash', isCash: true, amount, tendered, reference: '' },
})

let tables: Tables
beforeEach(() => {
  tables = new Tables()
})

const CART: Cart = {
  ...emptyCart('o1', 'takeaway'),
  lines: [
    line('l1', 14_300, { quantity: 2, modifiers: [{ id: 26, type: 'add_on', quantity: 2, price: 500 }] }),
    line('l2', 4_550, { sectionId: 'section-bar', note: 'no ice', discount: { type: 'percent', value: 10 } }),
  ],
}

test('a sale: order, lines, one modifier record a piece, tickets, payments with change, all in one batch', () => {
  const { totalDue } = cartTotals(CART, DESK)
  const half = Math.floor(totalDue / 2)
  const card: TakenPayment = { methodId: 'card', isCash: false, amount: half, tendered: half, reference: '4711' }
  tables.step(CART, 'pay', [card, cash(totalDue - half, totalDue)])
  expect(tables.order()).toMatchObject({
    ...{ orderTypeId: 'takeaway', statusId: 'open', stageId: 'new', paymentStateId: 'paid', shiftId: 'shift-1' },
    ...{ subtotal: 346.95, tax: 48.57, service: 0, totalDue: 395.52, totalPaid: 395.52, posLabel: 'Main' },
  })
  expect(tables.list('order_line')).toMatchObject([
    { quantity: 2, unitPrice: 143, total: 306, statusId: 'queued', name: { en: 'a' } },
    { total: 40.95, notes: ['no ice'], discount: { type: 'percent', value: 10 } },
  ])
  expect(tables.list('order_line_modifier').map(({ lineId, priceChange }) => [lineId, priceChange])).toEqual([
    ['l1', 5],
    ['l1', 5],
  ])
  expect(tables.list('job_order_header').map(({ stationId }) => stationId)).toEqual(['section-grill', 'section-bar'])
  expect(tables.list('order_payment')).toMatchObject([
    { amount: 197.76, reference: '4711', shiftId: 'shift-1' },
    { amount: 197.76, tendered: 395.52 },
  ])
  expect(tables.list('order_payment')[0]).not.toHaveProperty('tendered')
})

test('held: the kitchen hears nothing; resumed, changed and sent it hears everything once', () => {
  tables.step({ ...CART, orderTypeId: 'dine_in', tableId: 'T5' }, 'hold')
  expect(tables.order()).toMatchObject({
    statusId: 'held',
    tableLabel: 'Table T5',
    totalPaid: 0,
    paymentStateId: 'unpaid',
  })
  expect(tables.list('job_order_header')).toEqual([])

  const resumed = tables.cart('o1')
  expect(resumed.lines.map(({ id, modifiers }) => [id, modifiers.length])).toEqual([
    ['l1', 1],
    ['l2', 0],
  ])
  const changed = changeLine(changeLine(resumed, 'l1', { quantity: 3, modifiers: [] }), 'l2', { quantity: 0 })
  tables.step({ ...changed, lines: [...changed.lines, line('l3', 1_000)] }, 'send')
  expect(tables.list('order_line')).toMatchObject([
    { id: 'l1', quantity: 3, statusId: 'queued', version: 2 },
    { id: 'l3', statusId: 'queued' },
  ])
  expect(tables.list('order_line_modifier')).toEqual([])
  expect(tables.order()).toMatchObject({ statusId: 'open', subtotal: 439 })
  expect(tables.list('job_order_batch')).toMatchObject([{ batchType: 'initial' }])
  expect(tables.list('order_status_log').map(({ statusId }) => statusId)).toEqual(['held', 'open'])
})

test('lines added later are a batch of their own and take a ready order back to the stove', () => {
  tables.step({ ...CART, orderTypeId: 'dine_in' }, 'send')
  tables.rows.get('order_header')!.get('o1')!.statusId = 'ready'
  const cart = tables.cart('o1')
  tables.step({ ...cart, lines: [...cart.lines, line('l3', 1_000)] }, 'send')
  expect(tables.order()).toMatchObject({ statusId: 'cooking', stageId: 'preparing' })
  expect(tables.list('job_order_batch').map(({ batchType }) => batchType)).toEqual(['initial', 'addition'])
  expect(tables.list('job_order_detail')).toHaveLength(3)
})

describe('paying', () => {
  test('in parts: partial first, then paid; the second part does not send anything again', () => {
    const { totalDue } = cartTotals(CART, DESK)
    tables.step(CART, 'pay', [cash(10_000)])
    expect(tables.order()).toMatchObject({ paymentStateId: 'partial', totalPaid: 100 })
    const writes = tables.step(tables.cart('o1'), 'pay', [cash(totalDue - 10_000)])
    expect(writes.map(({ table }) => table)).toEqual(['order_header', 'order_payment'])
    expect(tables.order()).toMatchObject({ paymentStateId: 'paid', totalPaid: 395.52, statusId: 'open' })
  })

  test('the last money for what is served closes the order; a delivery is closed when it arrives', () => {
    for (const [orderTypeId, statusId] of [
      ['dine_in', 'closed'],
      ['delivery', 'served'],
    ] as const) {
      tables = new Tables()
      tables.step({ ...CART, orderTypeId }, 'send')
      tables.rows.get('order_header')!.get('o1')!.statusId = 'served'
      for (const row of tables.list('order_line')) row.statusId = 'served'
      const cart = tables.cart('o1')
      tables.step(cart, 'pay', [cash(cartTotals(cart, DESK).totalDue)])
      expect(tables.order()).toMatchObject({ statusId, paymentStateId: 'paid' })
    }
  })

  test('what costs nothing is paid by saying so', () => {
    tables.step({ ...CART, discount: { type: 'percent', value: 100 } }, 'pay')
    expect(tables.order()).toMatchObject({ totalDue: 0, paymentStateId: 'paid' })
    expect(tables.list('order_payment')).toEqual([])
  })
})

test('a number of the device’s block goes into a new order and its tickets; without one the server gives it', () => {
  tables.step(CART, 'pay', [], { orderNumber: 'DAR-10007' })
  expect(tables.order().orderNumber).toBe('DAR-10007')
  expect(tables.list('job_order_header')[0]).toMatchObject({ orderNumber: 'DAR-10007' })
  tables.step({ ...CART, orderId: 'o2', lines: [line('x', 100)] }, 'hold')
  expect(tables.order('o2')).not.toHaveProperty('orderNumber')
})

test('what no section makes is served at once', () => {
  tables.step({ ...emptyCart('o1', 'takeaway'), lines: [line('l1', 500, { sectionId: null })] }, 'pay', [cash(570)])
  expect(tables.list('order_line')).toMatchObject([{ statusId: 'served' }])
  expect(tables.order()).toMatchObject({ statusId: 'closed' })
  expect(tables.list('job_order_batch')).toEqual([])
})

test('a delivery has its record and its fee', () => {
  tables.step({ ...CART, orderTypeId: 'delivery', customerId: 'c1', addressId: 'a1' }, 'send')
  expect(tables.order()).toMatchObject({ deliveryFee: 35, customerAddressId: 'a1', service: 0 })
  expect(tables.list('order_delivery')).toMatchObject([{ orderId: 'o1', status: 'pending' }])
})

test('called off: the order and every line', () => {
  tables.step(CART, 'hold')
  const { order, lines } = tables.stored('o1')
  tables.apply(cancelWrites(order!, lines, tables.context()))
  expect(tables.order()).toMatchObject({ statusId: 'cancelled', closedBy: 'emp-1' })
  expect(tables.list('order_line').map(({ statusId }) => statusId)).toEqual(['cancelled', 'cancelled'])
})

test('whatever is ordered, held, sent and paid: the records add up to what the guest pays', () => {
  const lines = fc.array(
    fc.record({ price: fc.integer({ min: 0, max: 100_000 }), quantity: fc.integer({ min: 1, max: 9 }) }),
    { minLength: 1, maxLength: 8 },
  )
  const kinds = fc.array(fc.constantFrom('hold' as const, 'send' as const), { maxLength: 3 })
  fc.assert(
    fc.property(lines, kinds, fc.integer({ min: 0, max: 30 }), (wanted, steps, percent) => {
      tables = new Tables()
      let cart: Cart = {
        ...emptyCart('o1', 'dine_in'),
        discount: percent > 0 ? { type: 'percent', value: percent } : null,
        lines: wanted.map(({ price, quantity }, index) => line(`l${index}`, price, { quantity })),
      }
      for (const kind of steps) {
        tables.step(cart, kind)
        cart = tables.cart('o1')
      }
      const due = cartTotals(cart, DESK).totalDue
      const first = Math.floor(due / 3)
      tables.step(
        cart,
        'pay',
        [cash(first), cash(due - first)].filter(({ amount }) => amount > 0),
      )
      const order = tables.order()
      const sum = (table: string, field: string) =>
        tables.list(table).reduce((total, row) => total + toMinor(row[field] as number), 0)
      expect(sum('order_line', 'total')).toBe(toMinor(order.subtotal))
      expect(sum('order_payment', 'amount')).toBe(toMinor(order.totalDue))
      expect([order.totalPaid, order.paymentStateId]).toEqual([order.totalDue, 'paid'])
      expect(tables.list('job_order_detail')).toHaveLength(wanted.length)
    }),
    { numRuns: 60 },
  )
})

test('changes of one record become one: later fields win, the version read first counts', () => {
  const merge = (id: string, fields: object): WriteRequest => ({
    action: 'merge',
    table: 't',
    record: { id, ...fields },
  })
  const insert: WriteRequest = { action: 'insert', table: 't', record: { id: 'b', x: 1 } }
  expect(
    combine([merge('a', { x: 1, version: 3 }), insert, merge('a', { y: 2, version: 9 }), merge('b', { x: 2 })]),
  ).toEqual([merge('a', { x: 1, version: 3, y: 2 }), { ...insert, record: { id: 'b', x: 2 } }])
})
