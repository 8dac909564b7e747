import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  agree,
  bumpItem,
  bumpOrder,
  bumpTicket,
  callNumber,
  cancelTickets,
  handOver,
  type KitchenContext,
  type KitchenOrder,
  type KitchenTables,
  type KitchenWrite,
  kitchenOrders,
  recallItem,
  recallTicket,
  sendToKitchen,
  startTicket,
} from './kitchen.ts'
import type { AppOrder } from './tables.ts'

type Row = Record<string, unknown> & { id: string; version: number }
type Tables = Record<string, Row[]>

let nextId = 0
let minute = 0
const context = (): KitchenContext => ({
  actor: { id: 'emp-1', name: 'Grill', role: 'kitchen' },
  at: `2026-05-01T10:${String(minute++ % 60).padStart(2, '0')}:00.000Z`,
  newId: (table) => `${table}-${++nextId}`,
})

beforeEach(() => {
  nextId = 0
  minute = 0
})

/** The writes as the server carries them out: locked tables want the version that was read. */
function apply(tables: Tables, writes: readonly KitchenWrite[]): void {
  for (const { action, table, record } of writes) {
    tables[table] ??= []
    const rows = tables[table]
    const index = rows.findIndex(({ id }) => id === record.id)
    if (action === 'insert') {
      if (index >= 0) throw new Error(`${table} ${record.id} exists`)
      rows.push({ ...record, version: 1 } as Row)
      continue
    }
    const row = rows[index]
    if (!row) throw new Error(`${table} ${record.id} is missing`)
    const isLocked = table === 'order_header' || table === 'order_line'
    if (isLocked && record.version !== row.version)
      throw new Error(`${table}: version ${record.version} of ${row.version}`)
    rows[index] = { ...row, ...record, id: row.id, version: row.version + 1 }
  }
}

const view = (tables: Tables): KitchenOrder =>
  kitchenOrders({
    order_header: tables.order_header ?? [],
    order_line: tables.order_line ?? [],
    job_order_batch: tables.job_order_batch ?? [],
    job_order_header: tables.job_order_header ?? [],
    job_order_detail: tables.job_order_detail ?? [],
    expo_pass_ticket: tables.expo_pass_ticket ?? [],
  } as unknown as KitchenTables).get('o1')!

const LINES = [
  { id: 'l1', section: 'section-grill', quantity: 2 },
  { id: 'l2', section: 'section-grill', quantity: 1 },
  { id: 'l3', section: 'section-bar', quantity: 3 },
]

/** An order with three lines in two sections, just sent. */
function sentOrder(header: Partial<AppOrder> = {}): Tables {
  const order = {
    ...{ id: 'o1', version: 1, orderNumber: 'DAR-10000', orderTypeId: 'dine_in', statusId: 'open', stageId: 'new' },
    ...{ paymentStateId: 'unpaid', tableLabel: 'T5', createdAt: '', updatedAt: '' },
    ...header,
  }
  const lines = LINES.map(({ id, quantity }) => ({ id, orderId: 'o1', quantity, statusId: 'queued', version: 1 }))
  const tables: Tables = { order_header: [order as unknown as Row], order_line: lines }
  const sent = LINES.map(({ id, section, quantity }) => ({
    ...{ id, sectionId: section, quantity, note: id === 'l2' ? 'no salt' : null },
    item: { id: `item-${id}`, nameAr: 'كفتة', nameEn: 'Kofta', categoryId: 'cat' },
    modifiers:
      id === 'l1' ? [{ modifier: { nameAr: 'حار', nameEn: 'Spicy', modifierType: 'option' }, quantity: 1 }] : [],
  }))
  apply(tables, sendToKitchen(order, sent, 'initial', context()))
  return tables
}

/** What is seen of an order at a glance. */
function glance(tables: Tables) {
  const { order, lines, batches, tickets, details, passes } = view(tables)
  return {
    order: `${order.statusId}/${order.stageId}`,
    lines: lines.map(({ statusId }) => statusId).join(' '),
    details: details.map(({ status }) => status).join(' '),
    tickets: tickets.map(
      ({ status, completedItems, remainingItems }) => `${status} ${completedItems}+${remainingItems}`,
    ),
    batches: batches.map(({ status, readyJobs }) => `${status} ${readyJobs}`),
    passes: passes.map(({ status, readyItems }) => `${status} ${readyItems}`),
  }
}

const ticketOf = (tables: Tables, section: string) =>
  view(tables).tickets.find(({ stationId }) => stationId === section)!.id
const detailOf = (tables: Tables, line: string) =>
  view(tables).details.find(({ orderLineId }) => orderLineId === line)!.id

test('sending makes a ticket a section, a detail a line, a pass for more than one section, and logs', () => {
  const tables = sentOrder()
  expect(glance(tables)).toEqual({
    order: 'open/new',
    lines: 'queued queued queued',
    details: 'queued queued queued',
    tickets: ['queued 0+3', 'queued 0+3'],
    batches: ['queued 0'],
    passes: ['awaiting 0'],
  })
  const [grill, bar] = view(tables).tickets
  expect(grill).toMatchObject({ stationCode: 'GRILL', tableLabel: 'T5', hasAlerts: true, orderNumber: 'DAR-10000' })
  expect(grill!.dueAt).toBe('2026-05-01T10:20:00.000Z')
  expect(bar).toMatchObject({ stationCode: 'BAR', hasAlerts: false })
  expect(tables.job_order_detail_modifier).toMatchObject([{ nameEn: 'Spicy', quantity: 1 }])
  expect(tables.order_line_status_log!.map(({ orderLineId, source }) => [orderLineId, source])).toEqual([
    ['l1', 'pos'],
    ['l2', 'pos'],
    ['l3', 'pos'],
  ])
  expect(tables.job_order_status_history).toHaveLength(2)
})

test('lines of no section are nobody’s work; one section needs no pass', () => {
  const line = { id: 'l1', item: { id: 'i' }, quantity: 1, note: null, modifiers: [] }
  const order = { id: 'o1', orderTypeId: 'takeaway' }
  expect(sendToKitchen(order, [{ ...line, sectionId: null }], 'initial', context())).toEqual([])
  const writes = sendToKitchen(order, [{ ...line, sectionId: 'section-bar' }], 'initial', context())
  expect(writes.map(({ table }) => table)).not.toContain('expo_pass_ticket')
})

describe('the way of an order', () => {
  test('start, bump item by item, hand over', () => {
    const tables = sentOrder()
    apply(tables, startTicket(view(tables), ticketOf(tables, 'section-grill'), context()))
    expect(glance(tables)).toMatchObject({
      order: 'cooking/preparing',
      lines: 'cooking cooking queued',
      tickets: ['cooking 0+3', 'queued 0+3'],
      batches: ['cooking 0'],
    })
    apply(tables, bumpItem(view(tables), detailOf(tables, 'l1'), context()))
    expect(glance(tables)).toMatchObject({ lines: 'ready cooking queued', tickets: ['cooking 2+1', 'queued 0+3'] })
    apply(tables, bumpItem(view(tables), detailOf(tables, 'l2'), context()))
    apply(tables, bumpTicket(view(tables), ticketOf(tables, 'section-bar'), context()))
    expect(glance(tables)).toEqual({
      order: 'ready/ready',
      lines: 'ready ready ready',
      details: 'ready ready ready',
      tickets: ['ready 3+0', 'ready 3+0'],
      batches: ['ready 2'],
      passes: ['ready 6'],
    })
    apply(tables, handOver(view(tables), context()))
    expect(glance(tables)).toMatchObject({
      order: 'served/delivered',
      lines: 'served served served',
      tickets: ['completed 3+0', 'completed 3+0'],
      passes: ['delivered 6'],
    })
    expect(tables.order_status_log!.map(({ statusId }) => statusId)).toEqual(['cooking', 'ready', 'served'])
    expect(agree(view(tables), context())).toEqual([])
  })

  test('a paid order is closed when it is handed over; a delivery is only dispatched', () => {
    const paid = sentOrder({ paymentStateId: 'paid', orderTypeId: 'takeaway' })
    apply(paid, handOver(view(paid), context()))
    expect(view(paid).order).toMatchObject({ statusId: 'closed', stageId: 'paid', closedBy: 'emp-1' })
    const delivery = sentOrder({ paymentStateId: 'paid', orderTypeId: 'delivery' })
    apply(delivery, handOver(view(delivery), context()))
    expect(view(delivery).order).toMatchObject({ statusId: 'served', stageId: 'dispatched' })
  })

  test('a second sending is a batch of its own and takes the order back to the stove', () => {
    const tables = sentOrder()
    apply(tables, bumpOrder(view(tables), context()))
    apply(tables, [
      { action: 'insert', table: 'order_line', record: { id: 'l4', orderId: 'o1', quantity: 1, statusId: 'queued' } },
      ...sendToKitchen(
        view(tables).order,
        [{ id: 'l4', item: { id: 'i' }, sectionId: 'section-bar', quantity: 1, note: null, modifiers: [] }],
        'addition',
        context(),
      ),
    ])
    apply(tables, agree(view(tables), context()))
    expect(glance(tables)).toMatchObject({
      order: 'cooking/preparing',
      batches: ['ready 2', 'queued 0'],
      passes: ['ready 6'],
    })
  })
})

describe('recall', () => {
  test('takes an item or a ticket back, with everything that hangs on it', () => {
    const tables = sentOrder()
    apply(tables, handOver(view(tables), context()))
    apply(tables, recallItem(view(tables), detailOf(tables, 'l1'), context()))
    expect(glance(tables)).toMatchObject({
      order: 'cooking/preparing',
      lines: 'cooking served served',
      tickets: ['cooking 1+2', 'completed 3+0'],
      passes: ['awaiting 4'],
    })
    expect(view(tables).tickets[0]).toMatchObject({ readyAt: null, completedAt: null })
    apply(tables, bumpOrder(view(tables), context()))
    apply(tables, recallTicket(view(tables), ticketOf(tables, 'section-bar'), context()))
    expect(glance(tables)).toMatchObject({ lines: 'ready served cooking', tickets: ['ready 3+0', 'cooking 0+3'] })
  })

  test('not of an order that is over', () => {
    const tables = sentOrder({ statusId: 'cancelled' })
    apply(tables, bumpOrder(view(tables), context()))
    expect(recallTicket(view(tables), ticketOf(tables, 'section-bar'), context())).toEqual([])
    expect(view(tables).order.statusId).toBe('cancelled')
  })
})

test('called off: nothing is cooked any more, and the order is left to the till', () => {
  const tables = sentOrder()
  apply(tables, bumpItem(view(tables), detailOf(tables, 'l1'), context()))
  apply(tables, cancelTickets(view(tables), context()))
  expect(glance(tables)).toEqual({
    order: 'cooking/preparing',
    lines: 'cancelled cancelled cancelled',
    details: 'cancelled cancelled cancelled',
    tickets: ['cancelled 0+0', 'cancelled 0+0'],
    batches: ['cancelled 0'],
    passes: ['cancelled 0'],
  })
  expect(view(tables).tickets[0]).toMatchObject({ readyAt: null, completedAt: null })
})

test('an action that changes nothing writes nothing', () => {
  const tables = sentOrder()
  apply(tables, bumpOrder(view(tables), context()))
  expect(bumpOrder(view(tables), context())).toEqual([])
  expect(startTicket(view(tables), ticketOf(tables, 'section-grill'), context())).toEqual([])
  expect(bumpItem(view(tables), 'nothing', context())).toEqual([])
})

test('two sections that bump in the same second: the order follows with the next look', () => {
  const tables = sentOrder()
  const seen = view(tables)
  const grill = bumpTicket(seen, ticketOf(tables, 'section-grill'), context())
  const bar = bumpTicket(seen, ticketOf(tables, 'section-bar'), context())
  apply(tables, grill)
  // The order's own fields are the same in both; the store sends what is left of the second without them.
  apply(
    tables,
    bar.filter(({ table }) => table !== 'order_header' && table !== 'order_status_log'),
  )
  expect(glance(tables)).toMatchObject({ order: 'cooking/preparing', details: 'ready ready ready' })
  apply(tables, agree(view(tables), context()))
  expect(glance(tables)).toMatchObject({ order: 'ready/ready', batches: ['ready 2'], passes: ['ready 6'] })
})

test('whatever is pressed in whatever order, everything agrees with the details', () => {
  const step = fc.tuple(fc.constantFrom('start', 'item', 'ticket', 'order', 'hand', 'recall', 'recallItem'), fc.nat(2))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.boolean(), (steps, isPaid) => {
      const tables = sentOrder({ paymentStateId: isPaid ? 'paid' : 'unpaid' })
      for (const [action, which] of steps) {
        const kitchen = view(tables)
        const detail = kitchen.details[which]!.id
        const ticket = kitchen.details[which]!.jobOrderId!
        const writes = {
          start: () => startTicket(kitchen, ticket, context()),
          item: () => bumpItem(kitchen, detail, context()),
          ticket: () => bumpTicket(kitchen, ticket, context()),
          order: () => bumpOrder(kitchen, context()),
          hand: () => handOver(kitchen, context()),
          recall: () => recallTicket(kitchen, ticket, context()),
          recallItem: () => recallItem(kitchen, detail, context()),
        }[action]!()
        const ids = writes.map(({ table, record }) => `${table} ${record.id}`)
        expect(new Set(ids).size, 'a record is written once').toBe(ids.length)
        apply(tables, writes)
      }
      const { lines, details, order } = view(tables)
      for (const { orderLineId, status } of details) {
        const line = lines.find(({ id }) => id === orderLineId)
        expect(line?.statusId).toBe(status === 'completed' ? 'served' : status)
      }
      if (order.statusId !== 'closed') expect(agree(view(tables), context())).toEqual([])
    }),
  )
})

test('a person calls the number out, or the end of the id until there is one', () => {
  expect(callNumber({ id: 'order_header-abcd', orderNumber: 'DAR-10001' })).toBe('DAR-10001')
  expect(callNumber({ id: 'order_header-abcd', orderNumber: null })).toBe('#ABCD')
})
