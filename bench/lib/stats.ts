export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** @param share - 0 to 1. The nearest rank; NaN for no values. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
}

export interface Compared {
  ours: number
  limit: number
  /** Median of the ratios of neighbouring measurements, so that a machine that slows down slows both. */
  ratio: number
}

/** Measures A B A B ...; the first pair warms up and is not counted. */
export async function alternate(
  rounds: number,
  ours: () => Promise<number> | number,
  limit: () => Promise<number> | number,
): Promise<Compared> {
  const left: number[] = []
  const right: number[] = []
  const ratios: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const a = await ours()
    const b = await limit()
    if (round === 0) continue
    left.push(a)
    right.push(b)
    ratios.push(a / b)
  }
  return { ours: median(left), limit: median(right), ratio: median(ratios) }
}
