import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimalFormOf, formatDecimal, parseDecimal, toWire } from './decimal.ts'

const money = { precision: 15, scale: 2, decimalForm: 'number' as const }
const standard = { precision: 18, scale: 4, decimalForm: 'number' as const }
const wide = { precision: 18, scale: 8, decimalForm: 'text' as const }

describe('parseDecimal', () => {
  test.each([
    [0, 0],
    [-0, 0],
    [1, 100],
    [-1.5, -150],
    [0.1, 10],
    [1.15, 115],
    [286.07, 28607],
    [8.35, 835],
    [1e3, 100000],
    [1e-2, 1],
    ['12.5', 1250],
    ['+12.50', 1250],
    ['-0.01', -1],
    ['-0', 0],
    ['.5', 50],
    ['5.', 500],
    ['00012.500', 1250],
    ['1.25e1', 1250],
    ['125E-1', 1250],
    ['0e9999', 0],
    [9999999999999.99, 999999999999999],
  ])('%s is %s hundredths', (value, scaled) => {
    expect(parseDecimal(value, money)).toBe(scaled)
  })

  test.each([
    ['', 'wrong-type'],
    ['.', 'wrong-type'],
    [' 1', 'wrong-type'],
    ['1,5', 'wrong-type'],
    ['0x10', 'wrong-type'],
    ['1e', 'wrong-type'],
    ['NaN', 'wrong-type'],
    [Number.NaN, 'wrong-type'],
    [Number.POSITIVE_INFINITY, 'wrong-type'],
    [true, 'wrong-type'],
    [null, 'wrong-type'],
    [{}, 'wrong-type'],
    ['1'.repeat(101), 'wrong-type'],
    [0.001, 'too-many-digits'],
    [0.1 + 0.2, 'too-many-digits'],
    ['1.005', 'too-many-digits'],
    ['1e-9999', 'too-many-digits'],
    [1e13, 'out-of-range'],
    ['10000000000000', 'out-of-range'],
    ['1e9999', 'out-of-range'],
    [1e308, 'out-of-range'],
  ])('%s is refused: %s', (value, problem) => {
    expect(parseDecimal(value, money)).toBe(problem)
  })

  test.each([
    [1.005, 101],
    [-1.005, -101],
    [2.675, 268],
    ['1.004999', 100],
    ['0.005', 1],
    ['0.004', 0],
    ['0.0005', 0],
    [0.1 + 0.2, 30],
    [163.01999999999998, 16302],
    ['9.995', 1000],
  ])('%s rounds half away from zero to %s hundredths', (value, scaled) => {
    expect(parseDecimal(value, { ...money, roundExcess: true })).toBe(scaled)
  })

  test('rounding up past the last digit is out of range', () => {
    expect(parseDecimal('99.995', { precision: 4, scale: 2, roundExcess: true })).toBe('out-of-range')
  })

  test('beyond safe integers the scaled value is a bigint', () => {
    expect(parseDecimal('12345678901234.5', standard)).toBe(123456789012345000n)
    expect(parseDecimal(12345678901234.5, standard)).toBe(123456789012345000n)
    expect(parseDecimal('-9999999999.12345678', wide)).toBe(-999999999912345678n)
  })

  test('a field in number form takes at most 15 significant digits, one in text form all 18', () => {
    expect(parseDecimal('12345678901.2345', standard)).toBe(123456789012345)
    expect(parseDecimal('123456789012.3456', standard)).toBe('too-many-digits')
    expect(parseDecimal('1234567890.12345678', wide)).toBe(123456789012345678n)
  })

  test('every text of the format comes back as it was, whatever the size', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }),
        fc.integer({ min: 0, max: 18 }),
        (n, scale) => {
          const text = formatDecimal(n, scale)
          const parsed = parseDecimal(text, { precision: 18, scale })
          expect(BigInt(parsed)).toBe(n)
          expect(typeof parsed).toBe(Number.isSafeInteger(Number(n)) ? 'number' : 'bigint')
        },
      ),
    )
  })

  test('a number is its shortest decimal form: number and text parse alike', () => {
    const format = { precision: 18, scale: 6 }
    const numbers = fc.oneof(fc.double({ noNaN: true }), fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.integer())
    fc.assert(
      fc.property(numbers, (number) => {
        expect(parseDecimal(number, format)).toEqual(parseDecimal(String(number), format))
      }),
      { numRuns: 2000 },
    )
  })

  test('numbers with up to 15 digits survive the way to the column and back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }),
        fc.integer({ min: 0, max: 6 }),
        (n, scale) => {
          const format = { precision: 15, scale, decimalForm: 'number' as const }
          const number = Number(formatDecimal(n, scale))
          const scaled = parseDecimal(number, format)
          expect(scaled).toBe(n + 0)
          expect(toWire(n, format)).toBe(number)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('formatDecimal and toWire', () => {
  test.each([
    [1250, 2, '12.5'],
    [1200, 2, '12'],
    [-5, 2, '-0.05'],
    [0, 2, '0'],
    [-0, 0, '0'],
    [7, 0, '7'],
    [123456789012345678n, 8, '1234567890.12345678'],
    [-1n, 18, '-0.000000000000000001'],
  ])('%s at scale %s is %s', (scaled, scale, text) => {
    expect(formatDecimal(scaled, scale)).toBe(text)
  })

  test('the field decides between number and text', () => {
    expect(toWire(28607, money)).toBe(286.07)
    expect(toWire(123456789012345000n, standard)).toBe(12345678901234.5)
    expect(toWire(150000000, wide)).toBe('1.5')
    expect(Object.is(toWire(-0, money), 0)).toBe(true)
  })

  test('text form: a scale above 6 or a declared precision above 15', () => {
    const forms = [decimalFormOf(4, undefined), decimalFormOf(7, undefined), decimalFormOf(2, 15), decimalFormOf(2, 16)]
    expect(forms).toEqual(['number', 'text', 'number', 'text'])
  })
})
