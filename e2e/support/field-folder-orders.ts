import type { JsonObject } from '../../src-shared/json.ts'
import type { FieldExpectations } from './field-folder-expectations.ts'
import type { HybridRow, LoggedEvent, SeededRandom } from './field-folder-files.ts'

/** Where the states of an order lie, oldest state first, and what becomes of it. */
const CASES = [
  'only-data',
  'only-sqlite',
  'only-events',
  'newest-in-data',
  'newest-in-sqlite',
  'newest-in-events',
  'tie-of-data-and-sqlite',
  'merged-by-event',
  'deleted-by-event',
  'deleted-then-written-again',
] as const
type Case = (typeof CASES)[number]

interface Orders {
  data: { order_header: JsonObject[]; order_line: JsonObject[]; order_payment: JsonObject[] }
  hybrid: HybridRow[]
  events: LoggedEvent[]
}

const FIRST_NUMBER = 2001
const LAST_NUMBER = 2040

/** Orders of a branch, each with states of different age in data.json, SQLite and the event log. */
export function writeOrders(
  random: SeededRandom,
  expected: FieldExpectations,
  module: { branchId: string; moduleId: string },
): Orders {
  const orders: Orders = { data: { order_header: [], order_line: [], order_payment: [] }, hybrid: [], events: [] }
  for (let number = FIRST_NUMBER; number <= LAST_NUMBER; number++) {
    const kind = CASES[(number - FIRST_NUMBER) % CASES.length]!
    addOrder(kind, `REM-${String(number).padStart(6, '0')}`, random, orders, expected, module)
  }
  addUntimed(random, orders, expected, module)
  orders.events.sort((one, other) => one.at.localeCompare(other.at))
  return orders
}

function addOrder(
  kind: Case,
  id: string,
  random: SeededRandom,
  orders: Orders,
  expected: FieldExpectations,
  module: { branchId: string; moduleId: string },
): void {
  const minute = random.between(60, 600)
  const state = (step: number): JsonObject => ({
    id,
    shiftId: 'P1-S1',
    statusId: ['open', 'cooking', 'closed'][step]!,
    totalDue: random.amount(),
    customerNote: `${kind} ${step}`,
    metadata: { steps: [step, { at: minute }], مفتاح: random.next() < 0.5 },
    version: step + 1,
    updatedAt: timeAt(minute + step),
  })
  const [oldest, older, newest] = [state(0), state(1), state(2)]
  const inData = (record: JsonObject) => orders.data.order_header.push(record)
  const inSqlite = (record: JsonObject) => orders.hybrid.push({ table: 'order_header', ...module, record })
  const inEvents = (action: LoggedEvent['action'], record: JsonObject, at = String(record.updatedAt)) =>
    orders.events.push({ action, table: random.pick(['order_header', 'orders']), record, at })

  inEvents('module:insert', oldest)
  const isKept = kind !== 'deleted-by-event'
  let survivor = newest
  if (kind === 'only-data') inData(newest)
  if (kind === 'only-sqlite') inSqlite(newest)
  if (kind === 'only-events') inEvents('module:insert', newest)
  if (kind === 'newest-in-data') {
    inSqlite(older)
    inData(newest)
  }
  if (kind === 'newest-in-sqlite') {
    inData(older)
    inSqlite(newest)
  }
  if (kind === 'newest-in-events') {
    inData(oldest)
    inSqlite(older)
    inEvents('module:insert', newest)
  }
  if (kind === 'tie-of-data-and-sqlite') {
    inData({ ...newest, totalDue: random.amount(), customerNote: 'data.json on a tie' })
    inSqlite(newest)
  }
  if (kind === 'merged-by-event') {
    inSqlite(older)
    inEvents('module:merge', { id, statusId: 'paid', updatedAt: timeAt(minute + 3) })
    survivor = { ...older, statusId: 'paid', updatedAt: timeAt(minute + 3) }
  }
  if (kind === 'deleted-by-event') {
    inData(older)
    inEvents('module:delete', older, timeAt(minute + 5))
  }
  if (kind === 'deleted-then-written-again') {
    inEvents('module:delete', older, timeAt(minute + 1.5))
    inSqlite(newest)
  }
  if (isKept) expected.record(module, 'order_header', id, survivor)
  else expected.absent(module, 'order_header', id)
}

/** Lines and payments carry no time of their own: the higher version counts, then SQLite. */
function addUntimed(
  random: SeededRandom,
  orders: Orders,
  expected: FieldExpectations,
  module: { branchId: string; moduleId: string },
): void {
  const line = (version: number) => ({
    id: 'line-1',
    orderId: 'REM-002001',
    itemId: 'espresso',
    quantity: version,
    notes: ['بدون سكر'],
    version,
  })
  orders.data.order_line.push(line(2))
  orders.hybrid.push({ table: 'order_line', ...module, record: line(3) })
  expected.record(module, 'order_line', 'line-1', line(3))

  const payment = { id: 'pay-1', orderId: 'REM-002001', paymentMethodId: 'cash', capturedAt: timeAt(610) }
  const stored = { ...payment, amount: random.amount() }
  orders.data.order_payment.push({ ...payment, amount: random.amount() })
  orders.hybrid.push({ table: 'order_payment', ...module, record: stored })
  expected.record(module, 'order_payment', 'pay-1', stored)
}

function timeAt(minute: number): string {
  return new Date(Date.UTC(2025, 0, 7, 2) + minute * 60_000).toISOString()
}
