import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromMinor, toMinor } from './money.ts'
import {
  discountOf,
  lineTotal,
  mergeOrders,
  orderTotals,
  type PricedLine,
  paymentState,
  readDiscount,
  type TotalsInput,
} from './order-totals.ts'
import type { AppOrder, Discount } from './tables.ts'

const RULES = { taxRate: 0.14, serviceRate: 0.12, decimals: 2 }
const line = (unit: number, quantity = 1, discount: Discount | null = null): PricedLine => ({
  unit,
  quantity,
  discount,
})
const order = (lines: PricedLine[], more: Partial<TotalsInput> = {}) =>
  orderTotals({ lines, discount: null, orderTypeId: 'takeaway', deliveryFee: 0, ...more }, RULES)

test('an order at a table: discounts first, then service, then tax on both', () => {
  const lines = [
    line(14_300, 2),
    line(4_550, 1, { type: 'percent', value: 10 }),
    line(1_050, 3, { type: 'amount', value: 5 }),
  ]
  expect(order(lines, { orderTypeId: 'dine_in', discount: { type: 'percent', value: 5 } })).toEqual({
    lines: [28_600, 4_095, 2_650],
    subtotal: 35_345,
    discountAmount: 1_767,
    service: 4_029,
    tax: 5_265,
    deliveryFee: 0,
    totalDue: 42_872,
  })
})

test('no service is taken for what leaves the house, and no tax on the way there', () => {
  expect(order([line(10_000)], { orderTypeId: 'delivery', deliveryFee: 3_500 })).toMatchObject({
    service: 0,
    tax: 1_400,
    totalDue: 14_900,
  })
})

test('a discount takes off what there is at most, and nothing when it is nonsense', () => {
  expect(discountOf(1_000, { type: 'amount', value: 99 }, 2)).toBe(1_000)
  expect(discountOf(1_000, { type: 'percent', value: 250 }, 2)).toBe(1_000)
  expect(discountOf(1_000, { type: 'percent', value: -5 }, 2)).toBe(0)
  expect(discountOf(999, { type: 'percent', value: 33.3 }, 2)).toBe(333)
  expect([0, 12.5, { type: 'percent', value: 10 }, { type: 'half', value: 1 }, null, 'x'].map(readDiscount)).toEqual([
    null,
    { type: 'amount', value: 12.5 },
    { type: 'percent', value: 10 },
    null,
    null,
    null,
  ])
})

test('half a kilo costs half', () => expect(lineTotal(line(12_345, 0.5), 2)).toBe(6_173))

describe('whatever is sold', () => {
  const discount = fc.option(
    fc.record({
      type: fc.constantFrom('percent' as const, 'amount' as const),
      value: fc.integer({ min: 1, max: 20_000 }).map((value) => value / 100),
    }),
  )
  const lines = fc.array(
    fc.record({ unit: fc.integer({ min: 0, max: 5_000_000 }), quantity: fc.integer({ min: 1, max: 99 }), discount }),
    { minLength: 1, maxLength: 30 },
  )
  const orderTypeId = fc.constantFrom('dine_in', 'takeaway', 'delivery')
  const deliveryFee = fc.integer({ min: 0, max: 10_000 })

  test('the parts are whole units, add up, and never go below nothing', () => {
    fc.assert(
      fc.property(fc.record({ lines, discount, orderTypeId, deliveryFee }), (input) => {
        const totals = orderTotals(input, RULES)
        expect(totals.lines.reduce((sum, total) => sum + total, 0)).toBe(totals.subtotal)
        const { subtotal, discountAmount, service, tax, totalDue } = totals
        expect(subtotal - discountAmount + service + tax + totals.deliveryFee).toBe(totalDue)
        for (const amount of [...totals.lines, discountAmount, subtotal - discountAmount, service, tax, totalDue]) {
          expect(Number.isSafeInteger(amount) && amount >= 0).toBe(true)
        }
      }),
    )
  })

  test('what a record keeps of the totals still adds up when it is read again', () => {
    fc.assert(
      fc.property(fc.record({ lines, discount, orderTypeId, deliveryFee }), (input) => {
        const totals = orderTotals(input, RULES)
        const kept = JSON.parse(
          JSON.stringify(totals, (_, value) => (typeof value === 'number' ? fromMinor(value) : value)),
        )
        const { subtotal, discountAmount, service, tax, deliveryFee: fee, totalDue } = kept as typeof totals
        const read = (value: number) => toMinor(value)
        expect(read(subtotal) - read(discountAmount) + read(service) + read(tax) + read(fee)).toBe(read(totalDue))
      }),
    )
  })
})

test('paid, partly, not', () => {
  expect([paymentState(100, 0), paymentState(100, 99), paymentState(100, 100), paymentState(0, 0)]).toEqual([
    'unpaid',
    'partial',
    'paid',
    'paid',
  ])
})

describe('two tablets on one order', () => {
  const record = (subtotal: number, more: Partial<AppOrder> = {}): AppOrder => {
    const totals = order([line(subtotal)], { orderTypeId: 'dine_in' })
    const amounts = Object.fromEntries(Object.entries(totals).map(([name, value]) => [name, fromMinor(Number(value))]))
    const { lines: _lines, ...header } = amounts
    return {
      ...{
        id: 'o',
        version: 1,
        createdAt: '',
        updatedAt: '',
        orderTypeId: 'dine_in',
        statusId: 'open',
        stageId: 'new',
      },
      ...{ paymentStateId: 'unpaid', totalPaid: 0, discount: 0 },
      ...header,
      ...more,
    }
  }

  test('what both added is on the bill', () => {
    const mine = { ...record(15_000), guests: 4 }
    const merged = mergeOrders(mine, record(10_000), record(12_500, { note: 'theirs' } as object), RULES)
    expect(merged).toMatchObject({
      guests: 4,
      subtotal: 175,
      totalDue: record(17_500).totalDue!,
      paymentStateId: 'unpaid',
    })
    expect(merged).not.toHaveProperty('note')
    expect(merged).not.toHaveProperty('version')
  })

  test('two payments both count; the order is paid by the second', () => {
    const base = record(10_000)
    const half = base.totalDue! / 2
    const mine = { id: 'o', totalPaid: half, paymentStateId: 'partial', version: 1 }
    expect(mergeOrders(mine, base, { ...base, totalPaid: half, paymentStateId: 'partial' }, RULES)).toMatchObject({
      totalPaid: base.totalDue!,
      paymentStateId: 'paid',
    })
  })

  test('the kitchen and the till do not disturb each other', () => {
    const base = record(10_000)
    const bump = { id: 'o', statusId: 'ready', stageId: 'ready', version: 1 }
    const paid = { ...base, totalPaid: base.totalDue!, paymentStateId: 'paid' }
    expect(mergeOrders(bump, { ...base, statusId: 'cooking' }, { ...paid, statusId: 'cooking' }, RULES)).toEqual({
      ...{ id: 'o', statusId: 'ready', stageId: 'ready' },
    })
  })

  test('of two steps in the kitchen the earlier one is true; what is over stays over', () => {
    const step = (mine: string, current: string) =>
      mergeOrders({ id: 'o', statusId: mine }, record(1), record(1, { statusId: current }), RULES)?.statusId ?? current
    expect([step('ready', 'cooking'), step('cooking', 'ready'), step('cooking', 'open')]).toEqual([
      'cooking',
      'cooking',
      'cooking',
    ])
    expect([step('served', 'closed'), step('closed', 'served'), step('ready', 'cancelled')]).toEqual([
      'closed',
      'closed',
      'cancelled',
    ])
  })

  test('money for an order that is over, or one that was not here, is for a person to decide', () => {
    const base = record(10_000)
    expect(mergeOrders(record(15_000), base, { ...base, statusId: 'closed' }, RULES)).toBeUndefined()
    expect(mergeOrders(record(15_000), undefined, base, RULES)).toBeUndefined()
  })
})
