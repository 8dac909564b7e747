import { describe, expect, test } from 'vitest'
import type { AppOrder } from '../../shared/tables.ts'
import { buildFloor, type FloorTables } from './floor.ts'
import { closeShiftWrites, openShiftWrite, type ShiftTables, summarizeShift } from './shift.ts'

const own = { version: 1, createdAt: '', updatedAt: '' }
const shift = { ...own, id: 's1', openingFloat: 500, version: 4 }
const order = (id: string, totalDue: number, statusId: string, more: Partial<AppOrder> = {}): AppOrder => ({
  ...own,
  ...{ id, totalDue, statusId, shiftId: 's1', orderTypeId: 'takeaway' },
  ...more,
})
const pay = (id: string, method: string, amount: number, shiftId = 's1') => ({
  ...{ ...own, id, paymentMethodId: method, amount, shiftId, orderId: 'o' },
})
const tables: ShiftTables = {
  order_header: [
    order('a', 100.1, 'closed'),
    order('b', 50.2, 'open', { orderTypeId: 'dine_in' }),
    order('c', 999, 'cancelled'),
    order('d', 70, 'held'),
    order('e', 70, 'closed', { shiftId: 'other' }),
  ],
  order_payment: [
    pay('p1', 'cash', 100.1),
    pay('p2', 'card', 20.2),
    pay('p3', 'cash', 30),
    pay('p4', 'cash', 9, 'other'),
  ],
  order_refund: [{ ...own, id: 'r', paymentId: 'p3', amount: 5.5, shiftId: 's1' }],
  payment_methods: [
    { ...own, id: 'cash', type: 'cash' },
    { ...own, id: 'card', type: 'card' },
    { ...own, id: 'wallet', type: 'wallet' },
  ],
}

describe('a shift', () => {
  const summary = summarizeShift(shift, tables, 2)

  test('expects the float, what was taken and not what was given back; only what was used is listed', () => {
    expect(summary.methods).toEqual([
      { methodId: 'cash', isCash: true, count: 2, taken: 13_010, expected: 62_460 },
      { methodId: 'card', isCash: false, count: 1, taken: 2_020, expected: 2_020 },
    ])
    expect(summary.totalSales).toBe(15_030)
    expect(summary.open.map(({ id }) => id)).toEqual(['b', 'd'])
  })

  test('is closed with what was counted beside what was expected', () => {
    const context = { at: 'now', closedBy: 'emp', newId: (table: string) => `${table}-1` }
    const counted = new Map([
      ['cash', 62_000],
      ['card', 2_020],
    ])
    const [closed, ...summaries] = closeShiftWrites(shift, summary, counted, context, 2)
    expect(closed!.record).toMatchObject({
      ...{ id: 's1', version: 4, isClosed: true, status: 'closed', closedAt: 'now', closingCash: 620 },
      ...{ ordersCount: 2, totalSales: 150.3, orders: ['a', 'b'] },
      countsByType: { takeaway: 1, dine_in: 1 },
      totalsByType: { takeaway: 100.1, dine_in: 50.2 },
      paymentsByMethod: { cash: 130.1, card: 20.2 },
      countedByMethod: { cash: 620, card: 20.2 },
      expectedByMethod: { cash: 624.6, card: 20.2 },
    })
    expect(summaries.map(({ record }) => record)).toMatchObject([
      { paymentMethodId: 'cash', paymentsCount: 2, totalAmount: 130.1 },
      { paymentMethodId: 'card', paymentsCount: 1, totalAmount: 20.2 },
    ])
  })

  test('begins with who, where and how much', () => {
    const terminal = { ...own, id: 'pos-1', label: 'Main', number: 1 }
    const cashier = { ...own, id: 'emp', fullName: 'Mina Adel', role: 'cashier' }
    const write = openShiftWrite({ id: 's2', terminal, cashier, openingFloat: 50_050, at: 'now' }, 2)
    expect(write.record).toMatchObject({
      posId: 'pos-1',
      cashierName: 'Mina Adel',
      openingFloat: 500.5,
      isClosed: false,
    })
  })
})

test('the floor: taken, reserved soon, locked, out of use, and free tables by area', () => {
  const table = (id: string, more = {}) => ({ ...own, id, name: id, zone: 'hall', state: 'active', ...more })
  const at = Date.parse('2026-05-01T18:00:00Z')
  const reservation = (id: string, time: string, status = 'booked') => ({
    ...own,
    id,
    status,
    scheduledAt: `2026-05-01T${time}:00Z`,
  })
  const floor: FloorTables = {
    dining_tables: [
      table('T3', { displayOrder: 3, zone: 'garden', zone_name: { en: 'Garden' } }),
      table('T1', { displayOrder: 1 }),
      table('T2', { displayOrder: 2 }),
      table('T4', { displayOrder: 4 }),
      table('T5', { displayOrder: 5, state: 'maintenance' }),
      table('T6', { displayOrder: 6 }),
    ],
    order_header: [
      order('late', 1, 'cooking', { tableId: 'T1', openedAt: '2026-05-01T17:30:00Z' }),
      order('early', 1, 'open', { tableId: 'T1', openedAt: '2026-05-01T17:00:00Z' }),
      order('over', 1, 'closed', { tableId: 'T2' }),
    ],
    reservations: [reservation('r1', '19:00'), reservation('r2', '22:00'), reservation('r3', '18:30', 'cancelled')],
    reservation_table: [
      { ...own, reservationId: 'r1', tableId: 'T3' },
      { ...own, reservationId: 'r2', tableId: 'T3' },
      { ...own, reservationId: 'r3', tableId: 'T2' },
    ],
    table_lock: [
      { ...own, id: 'l1', tableId: 'T4', active: true },
      { ...own, id: 'l2', tableId: 'T6', active: true, expiresAt: '2026-05-01T17:00:00Z' },
    ],
  }
  const areas = buildFloor(floor, at)
  expect(areas.map(({ id, name }) => [id, name.en])).toEqual([
    ['hall', 'hall'],
    ['garden', 'Garden'],
  ])
  expect(areas.flatMap(({ tables: own }) => own.map(({ id, state }) => `${id} ${state}`))).toEqual([
    ...['T1 busy', 'T2 free', 'T4 locked', 'T5 off', 'T6 free', 'T3 reserved'],
  ])
  expect(areas[0]!.tables[0]!.orders.map(({ id }) => id)).toEqual(['early', 'late'])
})
