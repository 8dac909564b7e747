/**
 * An amount in minor units (piastres, halalas): an integer, so that sums are exact. Nothing here adds or multiplies
 * fractions.
 */
export type Minor = number

/** How many decimals a currency has, by ISO 4217. An unknown one has 2. */
export function currencyDecimals(currency: string): number {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
  } catch {
    return 2
  }
}

const DECIMAL = /^(-?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i

/** A decimal as two integers: 12.5 is 125 of 10^1. */
interface Scaled {
  digits: bigint
  scale: number
}

/** Undefined when the text is no plain decimal. */
function parseDecimal(value: number | string): Scaled | undefined {
  const match = DECIMAL.exec(String(value).trim())
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', power = '0'] = match
  if (whole + fraction === '') return undefined
  const scale = fraction.length - Number(power)
  const digits = BigInt(`${sign}${whole}${fraction}`)
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 }
}

/** Half up, away from zero for negative amounts. */
function divideHalfUp(value: bigint, divisor: bigint): bigint {
  const isNegative = value < 0n
  const size = isNegative ? -value : value
  const result = (2n * size + divisor) / (2n * divisor)
  return isNegative ? -result : result
}

/** Reads an amount of a record or of a person; what has more decimals than the currency is rounded half up. */
export function toMinor(amount: number | string | null | undefined, decimals = 2): Minor {
  const parsed = parseDecimal(amount ?? 0)
  if (!parsed) return 0
  const { digits, scale } = parsed
  if (scale <= decimals) return Number(digits * 10n ** BigInt(decimals - scale))
  return Number(divideHalfUp(digits, 10n ** BigInt(scale - decimals)))
}

/** The amount as a decimal text: 1250 is "12.50". */
export function minorToText(amount: Minor, decimals = 2): string {
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  return `${amount < 0 ? '-' : ''}${whole}${decimals > 0 ? `.${digits.slice(-decimals)}` : ''}`
}

/** The amount as it stands in a record: the JSON number whose shortest text is the exact decimal. */
export function fromMinor(amount: Minor, decimals = 2): number {
  return Number(minorToText(amount, decimals))
}

/** `amount` times `rate` (0.14 is 14 percent), rounded half up to the minor unit. */
export function shareOf(amount: Minor, rate: number | string): Minor {
  const parsed = parseDecimal(rate)
  if (!parsed) return 0
  return Number(divideHalfUp(BigInt(amount) * parsed.digits, 10n ** BigInt(parsed.scale)))
}

/** Parts that differ by one unit at most and sum up to the amount; the larger ones come first. */
export function splitEvenly(amount: Minor, parts: number): Minor[] {
  const base = Math.trunc(amount / parts)
  const rest = Math.abs(amount - base * parts)
  return Array.from({ length: parts }, (_, index) => base + (index < rest ? Math.sign(amount) : 0))
}

/**
 * Splits an amount by weights (the largest remainders get the units that are left). The parts always sum up to the
 * amount. With no weight at all the first gets everything.
 */
export function splitByWeight(amount: Minor, weights: readonly number[]): Minor[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total <= 0) return weights.map((_, index) => (index === 0 ? amount : 0))
  const shares = weights.map((weight) => {
    const product = BigInt(amount) * BigInt(weight)
    return { part: Number(product / BigInt(total)), rest: Number(product % BigInt(total)) }
  })
  let left = amount - shares.reduce((sum, { part }) => sum + part, 0)
  const order = shares.map((_, index) => index).sort((a, b) => Math.abs(shares[b]!.rest) - Math.abs(shares[a]!.rest))
  for (const index of order) {
    if (left === 0) break
    shares[index]!.part += Math.sign(left)
    left -= Math.sign(left)
  }
  return shares.map(({ part }) => part)
}

/** Money of one branch, for reading and showing. */
export interface Currency {
  code: string
  decimals: number
  /** The sign in the reader's language. */
  symbol: string
}

/** The amount in the digits and separators of a locale, always with all decimals of the currency. */
export function formatAmount(amount: Minor, currency: Currency, localeTag: string): string {
  const { decimals } = currency
  const format = new Intl.NumberFormat(localeTag, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  })
  // Text keeps every digit where a number might not.
  return format.format(minorToText(amount, decimals) as Intl.StringNumericLiteral).replace(/[\u200e\u200f\u061c]/g, '')
}
