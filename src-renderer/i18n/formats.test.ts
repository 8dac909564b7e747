import { expect, test } from 'vitest'
import { createFormats } from './formats.ts'

const english = createFormats('en', 'latin', 'Africa/Cairo')
const arabic = createFormats('ar', 'latin', 'Africa/Cairo')
const arabicDigits = createFormats('ar', 'arabic', 'Africa/Cairo')
const NOON = '2026-01-07T10:30:00.000Z'

test('digits follow the choice', () => {
  expect(english.number(12345.678)).toBe('12,345.68')
  expect(arabic.number(12345)).toBe('12,345')
  expect(arabicDigits.number(12345)).toBe('١٢٬٣٤٥')
})

test('times are those of the branch', () => {
  expect(english.dateTime(NOON)).toBe('7 Jan 2026, 12:30')
  expect(createFormats('en', 'latin', 'Asia/Riyadh').time(NOON)).toBe('13:30')
  expect(arabic.dateTime(NOON)).toMatch(/^7 يناير 2026/)
  expect(arabicDigits.dateTime(NOON)).toMatch(/^٧ يناير ٢٠٢٦/)
})

test('a time zone or a time that is none does no harm', () => {
  expect(createFormats('en', 'latin', 'Nowhere/City').number(1)).toBe('1')
  expect(english.dateTime('yesterday')).toBe('yesterday')
  expect(english.relative('yesterday', 0)).toBe('yesterday')
})

test('distances in time', () => {
  const now = Date.parse(NOON)
  const ago = (ms: number) => english.relative(new Date(now - ms).toISOString(), now)
  expect([2_000, 60_000, 5 * 60_000, 3_600_000, 26 * 3_600_000, 40 * 86_400_000].map(ago)).toEqual([
    'just now',
    '1 minute ago',
    '5 minutes ago',
    '1 hour ago',
    'yesterday',
    '28 Nov 2025',
  ])
  expect(arabic.relative(new Date(now - 3 * 60_000).toISOString(), now)).toBe('قبل 3 دقائق')
})

test('sizes', () => {
  expect([0, 999, 1_500, 17_900_000, 271_000_000_000].map(english.bytes)).toEqual([
    '0 byte',
    '999 byte',
    '1.5 kB',
    '17.9 MB',
    '271 GB',
  ])
  expect(arabic.bytes(17_900_000)).toMatch(/^17\.9 /)
})
