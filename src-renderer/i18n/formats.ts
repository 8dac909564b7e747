import { DAY_MS, HOUR_MS } from '../../src-shared/durations.ts'

export type Language = 'en' | 'ar' | 'pseudo'
export type Digits = 'latin' | 'arabic'

/** Numbers and times as the reader writes them. Times are those of the branch, not of the reader's machine. */
export interface Formats {
  localeTag: string
  number(value: number): string
  compact(value: number): string
  percent(share: number): string
  bytes(value: number): string
  dateTime(iso: string): string
  date(iso: string): string
  time(iso: string): string
  /** "5 minutes ago"; from about a month on the date. */
  relative(iso: string, nowMs: number): string
  duration(ms: number): string
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
/** "The backup was made now" is no English. */
const JUST_NOW: Record<Language, string> = { en: 'just now', ar: 'الآن', pseudo: '[júšt ñów~~~]' }
const MINUTE_MS = 60_000

export function localeTagOf(language: Language, digits: Digits): string {
  const numbering = digits === 'arabic' ? 'arab' : 'latn'
  return language === 'ar' ? `ar-EG-u-ca-gregory-nu-${numbering}` : `en-GB-u-ca-gregory-nu-${numbering}`
}

export function createFormats(language: Language, digits: Digits, timeZone: string | undefined): Formats {
  const tag = localeTagOf(language, digits)
  const zone = isTimeZone(timeZone) ? { timeZone } : {}
  const number = new Intl.NumberFormat(tag, { maximumFractionDigits: 2 })
  const compact = new Intl.NumberFormat(tag, { notation: 'compact', maximumFractionDigits: 1 })
  const percent = new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: 0 })
  const date = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', ...zone })
  const time = new Intl.DateTimeFormat(tag, { hour: 'numeric', minute: '2-digit', ...zone })
  const dateTime = new Intl.DateTimeFormat(tag, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    ...zone,
  })
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' })
  return {
    localeTag: tag,
    number: (value) => number.format(value),
    compact: (value) => compact.format(value),
    percent: (share) => percent.format(share),
    bytes: (value) => formatBytes(value, tag),
    dateTime: (iso) => formatTime(dateTime, iso),
    date: (iso) => formatTime(date, iso),
    time: (iso) => formatTime(time, iso),
    relative: (iso, nowMs) => formatRelative({ relative, date, justNow: JUST_NOW[language] }, iso, nowMs),
    duration: (ms) => formatDuration(ms, tag),
  }
}

/** Marks of direction that Intl writes into Arabic dates; `<bdi>` does their work. */
function formatTime(format: Intl.DateTimeFormat, iso: string): string {
  const at = new Date(iso)
  return Number.isNaN(at.getTime()) ? iso : format.format(at).replace(/[\u200e\u200f]/g, '')
}

function formatBytes(value: number, tag: string): string {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), UNITS.length - 1)
  const amount = value / 1000 ** power
  const fraction = power === 0 || amount >= 100 ? 0 : 1
  const options = { style: 'unit', unit: UNITS[power]!, unitDisplay: 'short', maximumFractionDigits: fraction } as const
  return new Intl.NumberFormat(tag, options).format(amount)
}

interface RelativeParts {
  relative: Intl.RelativeTimeFormat
  date: Intl.DateTimeFormat
  justNow: string
}

function formatRelative({ relative: format, date, justNow }: RelativeParts, iso: string, nowMs: number): string {
  const ms = new Date(iso).getTime() - nowMs
  const distance = Math.abs(ms)
  if (Number.isNaN(ms)) return iso
  if (distance < 45_000) return justNow
  if (distance < HOUR_MS) return format.format(Math.round(ms / MINUTE_MS) || -1, 'minute')
  if (distance < DAY_MS) return format.format(Math.round(ms / HOUR_MS), 'hour')
  if (distance < 28 * DAY_MS) return format.format(Math.round(ms / DAY_MS), 'day')
  return formatTime(date, iso)
}

function formatDuration(ms: number, tag: string): string {
  const [amount, unit] =
    ms < MINUTE_MS
      ? [Math.max(ms / 1000, 0.1), 'second']
      : ms < HOUR_MS
        ? [ms / MINUTE_MS, 'minute']
        : ms < 2 * DAY_MS
          ? [ms / HOUR_MS, 'hour']
          : [ms / DAY_MS, 'day']
  const maximumFractionDigits = unit === 'second' && Number(amount) < 10 ? 1 : 0
  return new Intl.NumberFormat(tag, {
    style: 'unit',
    unit: String(unit),
    unitDisplay: 'long',
    maximumFractionDigits,
  }).format(Number(amount))
}

function isTimeZone(zone: string | undefined): zone is string {
  if (!zone) return false
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }))
  } catch {
    return false
  }
}
