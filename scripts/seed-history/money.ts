/** An amount in minor units (piastres, halalas): an integer, so that sums are exact. */
export type Minor = number

/** Reads an amount with at most two decimals. */
export function toMinor(amount: number): Minor {
  return Math.round(amount * 100)
}

/** The amount as it stands in a record: a JSON number with at most two decimals. */
export function fromMinor(minor: Minor): number {
  return minor / 100
}

/** `amount` times `rate` (0.14 is 14 percent, four decimals count), rounded half up to the minor unit. */
export function shareOf(amount: Minor, rate: number): Minor {
  return divideHalfUp(amount * Math.round(rate * 10_000), 10_000)
}

/** `amount * numerator / denominator`, rounded half up; none of them negative. */
export function proportionOf(amount: Minor, numerator: number, denominator: number): Minor {
  return denominator === 0 ? 0 : divideHalfUp(amount * numerator, denominator)
}

function divideHalfUp(value: number, divisor: number): number {
  return Math.floor((2 * value + divisor) / (2 * divisor))
}
