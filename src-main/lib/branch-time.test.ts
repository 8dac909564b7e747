import { expect, test } from 'vitest'
import { addDays, businessDay, businessDayStart, isTimeZone, parseDayStart } from './branch-time.ts'

const at = (text: string): number => Date.parse(text)

test('the business day begins at dayStart in the branch time zone', () => {
  // Cairo is UTC+2 in November.
  expect(businessDay(at('2026-11-22T02:59:59.000Z'), 'Africa/Cairo', 300)).toBe('2026-11-21')
  expect(businessDay(at('2026-11-22T03:00:00.000Z'), 'Africa/Cairo', 300)).toBe('2026-11-22')
  expect(businessDay(at('2026-11-22T22:30:00.000Z'), 'Africa/Cairo', 0)).toBe('2026-11-23')
})

test('its first instant is found through both changes of summer time', () => {
  for (const zone of ['Africa/Cairo', 'Europe/Berlin', 'America/New_York', 'Asia/Riyadh', 'Australia/Lord_Howe']) {
    for (let day = '2026-01-01'; day < '2027-01-01'; day = addDays(day, 1)) {
      for (const minutes of [0, 150, 300]) {
        const start = businessDayStart(day, zone, minutes)
        expect(businessDay(start, zone, minutes), `${zone} ${day} ${minutes}`).toBe(day)
        expect(businessDay(start - 60_000, zone, minutes), `${zone} ${day} ${minutes} before`).toBe(addDays(day, -1))
      }
    }
  }
})

test('settings are checked', () => {
  expect(parseDayStart('05:00')).toBe(300)
  expect(parseDayStart('24:00')).toBeUndefined()
  expect(parseDayStart('5:00')).toBeUndefined()
  expect(isTimeZone('Africa/Cairo')).toBe(true)
  expect(isTimeZone('Mars/Base')).toBe(false)
})
