import { DAY_MS } from '../../src-shared/durations.ts'

const formatters = new Map<string, Intl.DateTimeFormat>()

interface LocalParts {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

function localParts(ms: number, timeZone: string): LocalParts {
  let formatter = formatters.get(timeZone)
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-CA-u-ca-gregory-nu-latn', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    formatters.set(timeZone, formatter)
  }
  const parts: Record<string, number> = {}
  for (const { type, value } of formatter.formatToParts(ms)) parts[type] = Number(value)
  return parts as unknown as LocalParts
}

export function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text })
    return true
  } catch {
    return false
  }
}

/** "05:00" -> 300. Anything else -> undefined. */
export function parseDayStart(text: string): number | undefined {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  return match ? Number(match[1]) * 60 + Number(match[2]) : undefined
}

/**
 * The business day (YYYY-MM-DD) that an instant belongs to: the local date, one day earlier before `dayStart`. A night
 * shift's sales at 02:00 belong to the day that began the morning before.
 */
export function businessDay(ms: number, timeZone: string, dayStartMinutes: number): string {
  const local = localParts(ms, timeZone)
  const date = new Date(Date.UTC(local.year, local.month - 1, local.day)).toISOString().slice(0, 10)
  return ms >= businessDayStart(date, timeZone, dayStartMinutes) ? date : addDays(date, -1)
}

/**
 * The instant at which a business day begins. Where the clock skips that minute (start of summer time) it is the first
 * instant after the gap; where it comes twice, the earlier one.
 */
export function businessDayStart(day: string, timeZone: string, dayStartMinutes: number): number {
  const target = Date.parse(`${day}T00:00:00.000Z`) + dayStartMinutes * 60_000
  const before = target - offsetAt(target - DAY_MS, timeZone)
  const after = target - offsetAt(target + DAY_MS, timeZone)
  const valid = [before, after].filter((ms) => ms + offsetAt(ms, timeZone) === target)
  if (valid.length > 0) return Math.min(...valid)
  // The minute is skipped: the offset changes between the two guesses, and the change itself is the first instant.
  let low = Math.min(before, after)
  let high = Math.max(before, after)
  const lowOffset = offsetAt(low, timeZone)
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000
    if (offsetAt(middle, timeZone) === lowOffset) low = middle
    else high = middle
  }
  return high
}

/** The day `count` days after (before, when negative) a YYYY-MM-DD day. */
export function addDays(day: string, count: number): string {
  const date = new Date(`${day}T00:00:00.000Z`)
  date.setUTCDate(date.getUTCDate() + count)
  return date.toISOString().slice(0, 10)
}

function offsetAt(ms: number, timeZone: string): number {
  const local = localParts(ms, timeZone)
  const asUtc = Date.UTC(local.year, local.month - 1, local.day, local.hour, local.minute, local.second)
  return asUtc - Math.floor(ms / 1000) * 1000
}
