import { HOUR_MS, type TradingDay } from './calendar.ts'
import type { Catalogue, Person } from './catalogue.ts'
import type { Minor } from './money.ts'
import type { Random } from './random.ts'

/** A cashier's shift at one terminal, with what was counted while it was open. */
export interface ShiftPlan {
  id: string
  terminal: Catalogue['terminals'][number]
  cashier: Person
  openedAt: number
  closedAt: number
  openingFloat: Minor
  ordersCount: number
  totalSales: Minor
  countsByType: Map<string, number>
  totalsByType: Map<string, Minor>
  payments: Map<string, { count: number; amount: Minor }>
  cashTaken: Minor
  cashRefunded: Minor
  orderIds: string[]
}

/** Hours after local midnight: a morning shift, and one that ends after the last guest has left. */
const SPANS = [
  { from: 7.5, to: 17 },
  { from: 17, to: 27.5 },
]
const STAFFED_TERMINALS = 2

/** The shifts of a day: two at each of the first terminals, earliest first. */
export function planShifts(day: TradingDay, catalogue: Catalogue, random: Random): ShiftPlan[] {
  const shifts: ShiftPlan[] = []
  const start = random.integer(0, catalogue.cashiers.length - 1)
  for (const span of SPANS) {
    for (const terminal of catalogue.terminals.slice(0, STAFFED_TERMINALS)) {
      const openedAt = day.midnightMs + span.from * HOUR_MS
      shifts.push({
        id: random.recordId('shift', openedAt),
        terminal,
        cashier: catalogue.cashiers[(start + shifts.length) % catalogue.cashiers.length]!,
        openedAt,
        closedAt: day.midnightMs + span.to * HOUR_MS,
        openingFloat: catalogue.openingFloat,
        ordersCount: 0,
        totalSales: 0,
        countsByType: new Map(),
        totalsByType: new Map(),
        payments: new Map(),
        cashTaken: 0,
        cashRefunded: 0,
        orderIds: [],
      })
    }
  }
  return shifts
}

/** The shift that is open at a terminal at a time. */
export function shiftAt(shifts: readonly ShiftPlan[], terminalId: string, timeMs: number): ShiftPlan {
  const own = shifts.filter((shift) => shift.terminal.id === terminalId)
  const open = own.find((shift) => timeMs >= shift.openedAt && timeMs < shift.closedAt)
  if (!open) throw new Error(`No shift at ${terminalId} at ${new Date(timeMs).toISOString()}`)
  return open
}
