import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { SeedTables } from './catalogue.ts'
import { readExpectedFields } from './expected-fields.ts'
import { generateOrderHistory, type HistoryOptions } from './generate.ts'
import { toMinor } from './money.ts'
import type { HistoryRecord } from './records.ts'

type Row = Record<string, unknown>

const dataDir = join(import.meta.dirname, '..', '..', 'data')
const nowText = '2025-03-21T19:00:00.000Z' // a Friday, 21:00 in Cairo

function readMenu(branchId: string): SeedTables {
  const path = join(dataDir, 'branches', branchId, 'modules', 'pos', 'seeds', 'initial.json')
  return (JSON.parse(readFileSync(path, 'utf8')) as { tables: SeedTables }).tables
}

function options(changes: Partial<HistoryOptions> = {}): HistoryOptions {
  const menu = readMenu('dar')
  return { days: 6, ordersPerDay: 150, endDate: '2025-03-21', seed: 42, menu, branchId: 'dar', ...changes }
}

function byTable(records: Iterable<HistoryRecord>): (table: string) => Row[] {
  const groups = new Map<string, Row[]>()
  for (const { table, record } of records) {
    const rows = groups.get(table)
    if (rows) rows.push(record)
    else groups.set(table, [record])
  }
  return (table) => groups.get(table) ?? []
}

const money = (value: unknown) => toMinor(value as number)
const sum = (rows: Row[], field: string) => rows.reduce((total, row) => total + money(row[field]), 0)

describe('a history', () => {
  const records = [...generateOrderHistory(options())]
  const rows = byTable(records)
  const orders = rows('order_header')
  const linesOf = Map.groupBy(rows('order_line'), (line) => line.orderId)
  const modifiersOf = Map.groupBy(rows('order_line_modifier'), (modifier) => modifier.lineId)
  const paymentsOf = Map.groupBy(rows('order_payment'), (payment) => payment.orderId)

  test('is the same for the same options, another for another seed or branch', () => {
    const text = (changes: Partial<HistoryOptions>) =>
      JSON.stringify([...generateOrderHistory(options({ days: 1, ...changes }))])
    expect(text({})).toBe(text({}))
    expect(text({ seed: 43 })).not.toBe(text({}))
    expect(text({ branchId: 'remal' })).not.toBe(text({}))
  })

  test('is made as it is read, and needs nothing but its options', () => {
    const first = generateOrderHistory(options({ days: 10_000 })).next()
    expect(first.value).toMatchObject({ table: 'pos_shift' })
  })

  test('lines add up: quantity times the price with its modifiers', () => {
    for (const line of rows('order_line')) {
      const unit = money(line.unitPrice) + sum(modifiersOf.get(line.id) ?? [], 'priceChange')
      expect(money(line.total)).toBe(unit * (line.quantity as number))
    }
  })

  test('orders add up to the minor unit: subtotal, discount, service, tax, fee, due and paid', () => {
    const share = (amount: number, percent: number) => Math.floor((2 * amount * percent + 100) / 200)
    for (const order of orders) {
      const subtotal = money(order.subtotal)
      expect(subtotal).toBe(sum(linesOf.get(order.id)!, 'total'))
      const discount = order.discount as 0 | { type: string; value: number }
      let expectedDiscount = 0
      if (discount !== 0) {
        expectedDiscount = discount.type === 'percent' ? share(subtotal, discount.value) : money(discount.value)
      }
      expect(money(order.discountAmount)).toBe(expectedDiscount)
      const net = subtotal - expectedDiscount
      expect(money(order.service)).toBe(order.orderTypeId === 'dine_in' ? share(net, 12) : 0)
      expect(money(order.tax)).toBe(share(net + money(order.service), 14))
      expect(money(order.deliveryFee)).toBe(order.orderTypeId === 'delivery' ? 3500 : 0)
      expect(money(order.totalDue)).toBe(net + money(order.service) + money(order.tax) + money(order.deliveryFee))
      expect(money(order.totalPaid)).toBe(sum(paymentsOf.get(order.id) ?? [], 'amount'))
      if (order.statusId === 'closed') expect(order.totalPaid).toBe(order.totalDue)
      if (order.statusId === 'cancelled') expect(order.totalPaid).toBe(0)
    }
  })

  test('amounts are written with at most two decimals', () => {
    for (const { table, record } of records) {
      for (const [name, value] of Object.entries(record)) {
        if (typeof value === 'number') expect(`${value}`, `${table}.${name}`).toMatch(/^\d+(\.\d{1,2})?$/)
      }
    }
  })

  test('closed shifts add up: sales, methods, the drawer and its count', () => {
    const refundsOf = Map.groupBy(rows('order_refund'), (refund) => refund.shiftId)
    const isCash = new Map(rows('order_payment').map((payment) => [payment.id, payment.paymentMethodId === 'cash']))
    const sold = Map.groupBy(
      orders.filter((order) => order.statusId !== 'cancelled'),
      (order) => order.shiftId,
    )
    for (const shift of rows('pos_shift')) {
      expect(money(shift.totalSales)).toBe(sum(sold.get(shift.id) ?? [], 'totalDue'))
      expect(shift.ordersCount).toBe(sold.get(shift.id)?.length ?? 0)
      const taken = rows('order_payment').filter((payment) => payment.shiftId === shift.id)
      const cash = taken.filter((payment) => payment.paymentMethodId === 'cash')
      const cashBack = (refundsOf.get(shift.id) ?? []).filter((refund) => isCash.get(refund.paymentId))
      const closing = money(shift.openingFloat) + sum(cash, 'amount') - sum(cashBack, 'amount')
      const summary = rows('shift_payment_summary').filter((row) => row.shiftId === shift.id)
      const drawer = rows('shift_cash_audit').filter((row) => row.shiftId === shift.id)
      if (shift.isClosed) {
        expect(money(shift.closingCash)).toBe(closing)
        expect(sum(summary, 'totalAmount')).toBe(sum(taken, 'amount'))
        expect(sum(drawer, 'amount')).toBe(closing)
      } else expect([shift.closingCash, shift.closedAt, summary, drawer]).toEqual([null, null, [], []])
    }
  })

  test('returns and refunds never exceed what was sold and paid', () => {
    const payments = new Map(rows('order_payment').map((payment) => [payment.id, payment]))
    const byReturn = Map.groupBy(rows('order_return_line'), (line) => line.returnId)
    expect(rows('order_return_header').length).toBeGreaterThan(0)
    for (const returned of rows('order_return_header')) {
      const lines = byReturn.get(returned.id)!
      const goods = lines.reduce((total, line) => total + money(line.unitPrice) * (line.quantity as number), 0)
      expect(money(returned.total)).toBe(goods)
      const order = orders.find((candidate) => candidate.id === returned.orderId)!
      expect(money(returned.totalAmount)).toBeLessThanOrEqual(money(order.totalPaid))
      expect(order.paymentStateId).toMatch(/refunded$/)
    }
    for (const refund of rows('order_refund')) {
      expect(money(refund.amount)).toBeLessThanOrEqual(money(payments.get(refund.paymentId)!.amount))
    }
  })

  test('only the last hour is open, and nothing lies in the future', () => {
    const open = orders.filter((order) => order.closedAt === null)
    expect(open.length).toBeGreaterThan(0)
    for (const order of open)
      expect(Date.parse(order.openedAt as string)).toBeGreaterThan(Date.parse(nowText) - 3_600_000)
    for (const order of orders) {
      const isFinal = ['closed', 'cancelled', 'refunded'].includes(order.statusId as string)
      expect(isFinal, String(order.statusId)).toBe(order.closedAt !== null)
    }
    for (const { table, record } of records) {
      for (const [name, value] of Object.entries(record)) {
        if (!name.endsWith('At') || value === null || name === 'dueAt') continue
        expect((value as string) <= nowText, `${table}.${name}`).toBe(true)
      }
    }
  })

  test('a record comes after those it refers to, no id stands twice, tables and fields are those of the schema', () => {
    const expected = readExpectedFields()
    const ids = new Set<string>()
    const mustExist: Record<string, string[]> = {
      order_header: ['shiftId'],
      order_line: ['orderId'],
      order_line_modifier: ['lineId'],
      order_payment: ['orderId', 'shiftId'],
      order_status_log: ['orderId'],
      order_line_status_log: ['orderId', 'orderLineId'],
      order_delivery: ['orderId'],
      order_refund: ['paymentId', 'shiftId'],
      order_return_header: ['orderId', 'shiftId'],
      order_return_line: ['returnId', 'orderLineId'],
      job_order_header: ['orderId', 'batchId'],
      job_order_detail: ['jobOrderId', 'orderLineId'],
      job_order_detail_modifier: ['detailId'],
      job_order_status_history: ['jobOrderId'],
      shift_cash_audit: ['shiftId'],
      shift_payment_summary: ['shiftId'],
    }
    for (const { table, record } of records) {
      const missing = expected.get(table)!.filter((field) => !(field.name in record))
      expect(missing, table).toEqual([])
      for (const field of mustExist[table] ?? [])
        expect(ids.has(record[field] as string), `${table}.${field}`).toBe(true)
      if (record.id === undefined) continue
      expect(ids.has(record.id as string), `${table} ${String(record.id)}`).toBe(false)
      ids.add(record.id as string)
    }
  })

  test('points only at master records of the seed', () => {
    const menu = readMenu('dar')
    const idsOf = (table: string) => new Set((menu[table] as Row[]).map((row) => row.id))
    const checks: [table: string, field: string, target: string][] = [
      ['order_header', 'posId', 'pos_terminals'],
      ['order_header', 'orderTypeId', 'order_types'],
      ['order_header', 'statusId', 'order_statuses'],
      ['order_header', 'stageId', 'order_stages'],
      ['order_header', 'paymentStateId', 'order_payment_state'],
      ['order_header', 'tableId', 'dining_tables'],
      ['order_header', 'customerId', 'customer_profiles'],
      ['order_header', 'customerAddressId', 'customer_addresses'],
      ['order_header', 'driverId', 'delivery_drivers'],
      ['order_header', 'openedBy', 'employees'],
      ['order_line', 'itemId', 'menu_items'],
      ['order_line', 'statusId', 'order_line_statuses'],
      ['order_line', 'kitchenSectionId', 'kitchen_sections'],
      ['order_line_modifier', 'modifierId', 'menu_modifiers'],
      ['order_line_status_log', 'statusId', 'order_line_statuses'],
      ['order_payment', 'paymentMethodId', 'payment_methods'],
      ['order_status_log', 'stageId', 'order_stages'],
    ]
    for (const [table, field, target] of checks) {
      const ids = idsOf(target)
      const unknown = rows(table).filter((row) => row[field] !== null && !ids.has(row[field]))
      expect(unknown, `${table}.${field}`).toEqual([])
    }
  })

  test('looks like a restaurant: rush hours, all order types, one to eight lines, cash, cards and split bills', () => {
    const hours = Map.groupBy(orders, (order) => (new Date(order.openedAt as string).getUTCHours() + 2) % 24)
    expect(hours.get(14)!.length).toBeGreaterThan(2 * hours.get(11)!.length)
    expect(hours.get(20)!.length).toBeGreaterThan(hours.get(17)!.length)
    expect(new Set(orders.map((order) => order.orderTypeId)).size).toBe(4)
    const counts = [...linesOf.values()].map((lines) => lines.length)
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([1, 8])
    expect([...paymentsOf.values()].some((payments) => payments.length === 2)).toBe(true)
    expect(new Set(rows('order_payment').map((payment) => payment.paymentMethodId)).size).toBeGreaterThanOrEqual(4)
    expect(orders.length).toBeGreaterThan(5 * 150 * 0.85)
  })

  test('no table seats two orders at once', () => {
    const seated = Map.groupBy(
      orders.filter((order) => order.tableId !== null && order.statusId !== 'cancelled'),
      (order) => order.tableId,
    )
    for (const visits of seated.values()) {
      visits.forEach((visit, index) => {
        const before = visits[index - 1]
        if (before) expect((before.closedAt as string) <= (visit.openedAt as string)).toBe(true)
      })
    }
  })
})

test('numbers start where they are told to, and kitchen tickets only cover the days asked for', () => {
  const rows = byTable(generateOrderHistory(options({ days: 3, ordersPerDay: 20, startNumber: 501, kitchenDays: 1 })))
  expect(rows('order_header')[0]!.orderNumber).toBe('H-000501')
  const kitchenDays = new Set(rows('job_order_header').map((row) => (row.createdAt as string).slice(0, 10)))
  expect([...kitchenDays]).toEqual(['2025-03-21'])
})

test('an end given as a moment counts the hours after midnight to the day before', () => {
  const rows = byTable(generateOrderHistory(options({ days: 1, endDate: '2025-03-21T23:30:00.000Z' })))
  const days = new Set(rows('pos_shift').map((shift) => (shift.openedAt as string).slice(0, 10)))
  expect([...days]).toEqual(['2025-03-21'])
})

test('a café with one counter and no waiters works too', () => {
  const menu = readMenu('remal')
  const rows = byTable(generateOrderHistory(options({ menu, branchId: 'remal', timeZone: 'Asia/Riyadh', days: 2 })))
  expect(rows('order_header').length).toBeGreaterThan(100)
  expect(sum(rows('order_header'), 'service')).toBe(0)
})
