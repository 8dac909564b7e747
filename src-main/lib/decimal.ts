/**
 * Exact decimals. A value is held as an integer scaled by 10^scale: a number while it is a safe integer, a bigint
 * beyond. Binary floating point is never used for arithmetic on the digits.
 */
export type ScaledDecimal = number | bigint

/** `too-many-digits`: more digits after the point, or more significant digits, than the format holds. */
export type DecimalProblem = 'wrong-type' | 'too-many-digits' | 'out-of-range'

export interface DecimalFormat {
  /** All digits, 1 to 18: what a 64-bit integer column holds. */
  precision: number
  /** Digits after the point, 0 to precision. */
  scale: number
  /** `number`: at most 15 significant digits, because a JSON number carries no more. Absent: no such limit. */
  decimalForm?: 'number' | 'text'
  /** Round excess digits after the point half away from zero, instead of refusing them. */
  roundExcess?: boolean
}

/** Digits that every IEEE double keeps. */
const NUMBER_DIGITS = 15
const FAST_LIMIT = 1e15
const MAX_TEXT = 100
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/
const TRAILING_ZEROS = /0+$/
const LEADING_ZEROS = /^0+/

/** Powers of ten that a double holds exactly. */
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18]

/**
 * The scaled integer of a JSON number or a decimal text, or the problem with it (a text, so `typeof` tells them apart).
 * A number counts as its shortest decimal form: 0.1 is one tenth. Text may have a sign and an exponent, no spaces.
 */
export function parseDecimal(value: unknown, format: DecimalFormat): ScaledDecimal | DecimalProblem {
  if (typeof value === 'number') {
    const power = POWERS[format.scale]!
    const scaled = Math.round(value * power)
    // Two decimals of at most 15 digits are never the same double, so equality here proves the digits.
    if (scaled > -FAST_LIMIT && scaled < FAST_LIMIT && scaled / power === value) {
      return Math.abs(scaled) < POWERS[format.precision]! ? scaled + 0 : 'out-of-range'
    }
    return Number.isFinite(value) ? parseDigits(String(value), format) : 'wrong-type'
  }
  return typeof value === 'string' && value.length <= MAX_TEXT ? parseDigits(value, format) : 'wrong-type'
}

function parseDigits(text: string, format: DecimalFormat): ScaledDecimal | DecimalProblem {
  const match = DECIMAL.exec(text)
  if (!match) return 'wrong-type'
  const whole = match[2]!
  const fraction = match[3] ?? ''
  if (whole === '' && fraction === '') return 'wrong-type'
  const padded = whole + fraction
  const digits = padded.replace(LEADING_ZEROS, '')
  if (digits === '') return 0
  /** Digits left of the point; may be negative for 0.00x. */
  const wholeDigits = whole.length - (padded.length - digits.length) + Number(match[4] ?? 0)
  if (wholeDigits > format.precision - format.scale) return 'out-of-range'
  const significant = digits.replace(TRAILING_ZEROS, '')
  const magnitude = scaleDigits(significant, wholeDigits + format.scale, format.roundExcess === true)
  if (magnitude === undefined) return 'too-many-digits'
  const found = magnitude.toString()
  if (found.length > format.precision) return 'out-of-range'
  if (format.decimalForm === 'number' && found.length > NUMBER_DIGITS) {
    if (found.replace(TRAILING_ZEROS, '').length > NUMBER_DIGITS) return 'too-many-digits'
  }
  const scaled = match[1] === '-' ? -magnitude : magnitude
  return found.length <= NUMBER_DIGITS ? Number(scaled) : compact(scaled)
}

/** The first `count` digits as an integer, padded with zeros; undefined when digits remain and may not be rounded. */
function scaleDigits(digits: string, count: number, roundExcess: boolean): bigint | undefined {
  if (digits.length <= count) return BigInt(digits.padEnd(count, '0'))
  if (!roundExcess) return undefined
  if (count < 0) return 0n
  const kept = count === 0 ? 0n : BigInt(digits.slice(0, count))
  return digits.charCodeAt(count) >= 53 /* "5" */ ? kept + 1n : kept
}

function compact(scaled: bigint): ScaledDecimal {
  const number = Number(scaled)
  return Number.isSafeInteger(number) ? number : scaled
}

/** Canonical text: no exponent, no zeros that say nothing, no negative zero. 1250 at scale 2 is "12.5". */
export function formatDecimal(scaled: ScaledDecimal, scale: number): string {
  const text = scaled.toString()
  if (scale === 0) return text === '-0' ? '0' : text
  const isNegative = text.startsWith('-')
  const digits = (isNegative ? text.slice(1) : text).padStart(scale + 1, '0')
  const point = digits.length - scale
  const fraction = digits.slice(point).replace(TRAILING_ZEROS, '')
  const plain = fraction === '' ? digits.slice(0, point) : `${digits.slice(0, point)}.${fraction}`
  return isNegative && plain !== '0' ? `-${plain}` : plain
}

/** What the wire carries for a decimal of this format: a JSON number or a decimal text. */
export function toWire(
  scaled: ScaledDecimal,
  format: { scale: number; decimalForm: 'number' | 'text' },
): number | string {
  if (format.decimalForm === 'text') return formatDecimal(scaled, format.scale)
  // The quotient of two exact doubles is the double nearest to the decimal.
  if (typeof scaled === 'number') return scaled / POWERS[format.scale]! + 0
  return Number(formatDecimal(scaled, format.scale))
}

/**
 * The wire form of a field with this declaration: text when a JSON number could not carry every value that was asked
 * for. An implicit precision promises nothing, so it keeps the number form, limited to 15 significant digits.
 */
export function decimalFormOf(scale: number, declaredPrecision: number | undefined): 'number' | 'text' {
  return scale > 6 || (declaredPrecision !== undefined && declaredPrecision > NUMBER_DIGITS) ? 'text' : 'number'
}
