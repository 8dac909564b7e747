import { addDays, arrivalTimes, HOUR_MS, ordersOfDay, type TradingDay, tradingDay } from './calendar.ts'
import { type Catalogue, parseCatalogue, type SeedTables } from './catalogue.ts'
import { kitchenRecords } from './kitchen-records.ts'
import { type OrderPlan, planOrder } from './order-plan.ts'
import { orderRecords, type WriteContext } from './order-records.ts'
import { Random } from './random.ts'
import type { HistoryRecord } from './records.ts'
import { planReturn, type ReturnPlan } from './return-plan.ts'
import { planShifts, shiftAt } from './shift-plan.ts'
import { shiftRecords } from './shift-records.ts'

export interface HistoryOptions {
  days: number
  /** The average; weekends have more. */
  ordersPerDay: number
  /** Last local day, YYYY-MM-DD: the history then ends at 21:00. Or the exact moment, ISO 8601 with time. */
  endDate: string
  seed: number
  /** The `tables` object of the branch's seed. */
  menu: SeedTables
  branchId: string
  /** Number of the first order. They print as H-000001, which no live sequence draws. */
  startNumber?: number
  /** IANA name; the default is Africa/Cairo. */
  timeZone?: string
  /** Kitchen tickets and line status logs are made for so many of the last days only; the default is all. */
  kitchenDays?: number
}

const RETURN_RATE = 0.007
const LAST_HOUR = 21

/**
 * Makes the orders that a branch would have had: shifts, orders, payments, logs, kitchen tickets, returns.
 *
 * A pure function of its options: the same options give the same records in the same order. It holds one day in memory.
 * A record comes after every record of the history that it refers to. Orders older than the last hour are closed, and
 * every sum holds to the minor unit.
 */
export function* generateOrderHistory(options: HistoryOptions): Generator<HistoryRecord> {
  const timeZone = options.timeZone ?? 'Africa/Cairo'
  const catalogue = parseCatalogue(options.menu)
  const { lastDate, nowMs } = parseEnd(options.endDate, timeZone)
  const counters = { order: options.startNumber ?? 1, return: 1 }
  const branchSeed = hashText(options.branchId)
  for (let index = options.days - 1; index >= 0; index--) {
    const day = tradingDay(addDays(lastDate, -index), timeZone)
    const random = new Random(options.seed, branchSeed, Math.floor(day.midnightMs / HOUR_MS))
    const withKitchen = index < (options.kitchenDays ?? Number.POSITIVE_INFINITY)
    yield* generateDay(day, { catalogue, random, nowMs, withKitchen, counters, ordersPerDay: options.ordersPerDay })
  }
}

interface DayContext {
  catalogue: Catalogue
  random: Random
  nowMs: number
  withKitchen: boolean
  counters: { order: number; return: number }
  ordersPerDay: number
}

function* generateDay(day: TradingDay, context: DayContext): Generator<HistoryRecord> {
  const { catalogue, random, nowMs, counters } = context
  const shifts = planShifts(day, catalogue, random).filter((shift) => shift.openedAt <= nowMs)
  const tableFreeAt = new Map<string, number>()
  const writing: WriteContext = { random, shifts, nowMs, withKitchen: context.withKitchen }
  const records: HistoryRecord[] = []
  const count = ordersOfDay(context.ordersPerDay, day.weekday, random)
  for (const openedAt of arrivalTimes(count, day, random)) {
    if (openedAt > nowMs) break
    const number = `H-${String(counters.order++).padStart(6, '0')}`
    const localHour = Math.floor((openedAt - day.midnightMs) / HOUR_MS)
    const cashierAt = (terminalId: string) => shiftAt(shifts, terminalId, openedAt).cashier
    const plan = planOrder({ catalogue, random, number, openedAt, localHour, tableFreeAt, cashierAt })
    const returned = maybeReturn(plan, context)
    records.push(...orderRecords(plan, returned, writing))
    if (context.withKitchen) records.push(...kitchenRecords(plan, catalogue, writing))
  }
  // Shifts come first because orders refer to them, but their counts are known only now.
  for (const shift of shifts) yield* shiftRecords(shift, nowMs, random)
  yield* records
}

function maybeReturn(plan: OrderPlan, { random, nowMs, counters }: DayContext): ReturnPlan | null {
  if (plan.isCancelled || !random.chance(RETURN_RATE)) return null
  const returned = planReturn(plan, counters.return, random)
  if (returned.at > nowMs) return null
  counters.return += 1
  return returned
}

function parseEnd(endDate: string, timeZone: string): { lastDate: string; nowMs: number } {
  if (/^\d{4}-\d{2}-\d{2}$/.test(endDate)) {
    return { lastDate: endDate, nowMs: tradingDay(endDate, timeZone).midnightMs + LAST_HOUR * HOUR_MS }
  }
  const nowMs = Date.parse(endDate)
  if (Number.isNaN(nowMs)) throw new Error(`Not a date: ${endDate}`)
  // The hours after midnight belong to the day before, as the branch counts its days.
  const local = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(nowMs - 5 * HOUR_MS)
  return { lastDate: local, nowMs }
}

function hashText(value: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < value.length; index++) hash = Math.imul(hash ^ value.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
