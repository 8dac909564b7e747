import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  currencyDecimals,
  formatAmount,
  fromMinor,
  minorToText,
  shareOf,
  splitByWeight,
  splitEvenly,
  toMinor,
} from './money.ts'

const amount = fc.integer({ min: -1_000_000_000_000, max: 1_000_000_000_000 })
const sum = (parts: readonly number[]) => parts.reduce((total, part) => total + part, 0)

test('decimals of currencies', () => {
  expect(['EGP', 'SAR', 'KWD', 'JPY', 'no currency'].map(currencyDecimals)).toEqual([2, 2, 3, 0, 2])
})

describe('reading and writing', () => {
  test.each([
    [35, 3500],
    [1.005, 101],
    [0.1 + 0.2, 30],
    ['12.50', 1250],
    ['.5', 50],
    [1e21, 1e23],
    [1e-7, 0],
    [-2.345, -235],
    [null, 0],
    [undefined, 0],
    ['abc', 0],
    ['', 0],
  ])('%s is %i minor units', (value, minor) => expect(toMinor(value)).toBe(minor))

  test('what is written is read again, whatever the currency', () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 0, max: 3 }), (minor, decimals) => {
        expect(toMinor(fromMinor(minor, decimals), decimals)).toBe(minor)
        expect(toMinor(minorToText(minor, decimals), decimals)).toBe(minor)
      }),
    )
  })

  test('amounts show all decimals, in the digits of the locale', () => {
    const pounds = { code: 'EGP', decimals: 2, symbol: 'EGP' }
    expect(formatAmount(123_450, pounds, 'en-GB-u-nu-latn')).toBe('1,234.50')
    expect(formatAmount(-5, pounds, 'ar-EG-u-nu-latn')).toBe('-0.05')
    expect(formatAmount(123_450, pounds, 'ar-EG-u-nu-arab')).toBe('١٬٢٣٤٫٥٠')
    expect(formatAmount(1_500, { ...pounds, decimals: 3 }, 'en-GB')).toBe('1.500')
  })
})

describe('shares and splits', () => {
  test('a share is rounded half up', () => {
    expect([shareOf(1050, 0.05), shareOf(1049, 0.05), shareOf(100, 0.145), shareOf(-1050, 0.05)]).toEqual([
      53, 52, 15, -53,
    ])
    expect(shareOf(100_000_000_000_003, '0.14')).toBe(14_000_000_000_000)
    expect(shareOf(100, 'much')).toBe(0)
  })

  test('even parts lose no unit and differ by one at most', () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 1, max: 40 }), (minor, count) => {
        const parts = splitEvenly(minor, count)
        expect(parts).toHaveLength(count)
        expect(sum(parts)).toBe(minor)
        expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('parts by weight lose no unit, and none is further than one unit from its exact share', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(amount, weights, (minor, sizes) => {
        const parts = splitByWeight(minor, sizes)
        const total = sum(sizes)
        expect(sum(parts)).toBe(minor)
        if (total === 0) return
        for (const [index, part] of parts.entries()) {
          expect(Math.abs(part - (minor * sizes[index]!) / total)).toBeLessThanOrEqual(1.001)
        }
      }),
    )
  })
})
