/** One line of the result. */
export interface Row {
  name: string
  /** Rows of one budget share it; the name when absent. */
  group?: string
  /** What is done. */
  work: string
  ours: string
  /** What it is compared with, and how that did. */
  limit: string
  ratio: number
  /** The ratio must be at least `least`, or at most `most`. Absent: measured, without a budget. */
  budget?: { least: number } | { most: number }
  /** Rows about the browser SDK stand in a section of their own, with their ratios. */
  section?: 'clients'
  settings: string
  /** What the distance to the limit is made of; printed when the budget is missed. */
  why?: string
}

export interface BenchContext {
  isQuick: boolean
  /** A folder on the disk that is measured; removed at the end. */
  folder: string
  progress(text: string): void
}

export interface Bench {
  name: string
  run(context: BenchContext): Promise<Row[]>
}

/** 1 when the budget is just met, 0.5 when it is missed by a factor of two. */
export function fulfilment({ ratio, budget }: Row): number {
  if (!budget) return Number.POSITIVE_INFINITY
  return 'least' in budget ? ratio / budget.least : budget.most / ratio
}

export function budgetText({ budget }: Row): string {
  if (!budget) return ''
  return 'least' in budget ? `>= ${budget.least}` : `<= ${budget.most}`
}

export function perSecond(rate: number): string {
  return `${Math.round(rate).toLocaleString('en')}/s`
}

export function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(value < 1 ? 3 : 2) : value.toFixed(0)} ms`
}
