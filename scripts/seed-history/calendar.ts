import type { Random } from './random.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** Share of a day's orders by local hour of arrival; 24 and 25 are the hours after midnight. */
const ARRIVALS: readonly (readonly [hour: number, weight: number])[] = [
  [8, 2],
  [9, 4],
  [10, 4],
  [11, 3],
  [12, 5],
  [13, 9],
  [14, 11],
  [15, 9],
  [16, 5],
  [17, 4],
  [18, 5],
  [19, 8],
  [20, 11],
  [21, 12],
  [22, 9],
  [23, 6],
  [24, 3],
  [25, 1],
]

/** Sunday first: Thursday and Friday are the busy days. Seven days add up to seven. */
const WEEKDAYS = [0.88, 0.86, 0.9, 0.94, 1.16, 1.26, 1.0]

export interface TradingDay {
  /** The local date, YYYY-MM-DD. */
  date: string
  /** Local midnight as epoch milliseconds. */
  midnightMs: number
  weekday: number
}

/** The trading day of a local date. `timeZone` is an IANA name. */
export function tradingDay(date: string, timeZone: string): TradingDay {
  const utcMidnightMs = Date.parse(`${date}T00:00:00.000Z`)
  if (Number.isNaN(utcMidnightMs)) throw new Error(`Not a date: ${date}`)
  const midnightMs = utcMidnightMs - offsetMs(utcMidnightMs + 12 * HOUR_MS, timeZone)
  return { date, midnightMs, weekday: new Date(utcMidnightMs).getUTCDay() }
}

/** The date so many days after (or before) another. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00.000Z`) + days * DAY_MS).toISOString().slice(0, 10)
}

/** How many orders a day gets around the average: busier at the weekend, never quite the same. */
export function ordersOfDay(average: number, weekday: number, random: Random): number {
  return Math.max(1, Math.round(average * (WEEKDAYS[weekday] ?? 1) * (0.92 + 0.16 * random.fraction())))
}

/** Times of arrival through the day, earliest first. */
export function arrivalTimes(count: number, day: TradingDay, random: Random): number[] {
  const hours = ARRIVALS.map(([hour]) => hour)
  const weights = ARRIVALS.map(([, weight]) => weight)
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const hour = random.pickWeighted(hours, weights)
    times.push(day.midnightMs + hour * HOUR_MS + random.integer(0, HOUR_MS / 1000 - 1) * 1000)
  }
  return times.sort((a, b) => a - b)
}

function offsetMs(timeMs: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(timeMs)
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT'
  const match = /^GMT(?:([+-])(\d{2}):(\d{2}))?$/.exec(name)
  if (!match) throw new Error(`Unknown offset ${name} of ${timeZone}`)
  const minutes = Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0)
  return (match[1] === '-' ? -minutes : minutes) * MINUTE_MS
}
