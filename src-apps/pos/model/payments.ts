import type { Minor } from '../../shared/money.ts'

/** A part of the bill as it is taken; `reference` is the slip's number. */
export interface TakenPayment {
  methodId: string
  isCash: boolean
  /** What counts towards the bill. */
  amount: Minor
  /** What was handed over; more than the amount is given back. */
  tendered: Minor
  reference: string
}

export interface Settlement {
  paid: Minor
  left: Minor
  change: Minor
}

export function settle(due: Minor, payments: readonly TakenPayment[]): Settlement {
  const paid = payments.reduce((sum, { amount }) => sum + amount, 0)
  const change = payments.reduce((sum, { tendered, amount }) => sum + tendered - amount, 0)
  return { paid, left: Math.max(0, due - paid), change }
}

/** Takes money: of cash what is over is given back, of anything else no more than what is left can be taken. */
export function takePayment(
  left: Minor,
  tendered: Minor,
  method: { methodId: string; isCash: boolean; reference?: string },
): TakenPayment | 'nothing' | 'too-much' {
  if (tendered <= 0 || left <= 0) return 'nothing'
  if (!method.isCash && tendered > left) return 'too-much'
  const { methodId, isCash, reference = '' } = method
  return { methodId, isCash, reference, tendered, amount: Math.min(tendered, left) }
}

/** Notes that a guest is likely to give: the exact amount and the next round ones, three at most. */
export function likelyNotes(left: Minor, decimals: number): Minor[] {
  const unit = 10 ** decimals
  const steps = [10, 50, 100, 200, 500, 1000].map((step) => step * unit)
  const rounds = steps.map((step) => Math.ceil(left / step) * step).filter((amount) => amount > left)
  return [...new Set(rounds)].sort((a, b) => a - b).slice(0, 3)
}

/** The next share when the rest is split evenly between people who have not paid yet. */
export function nextShare(left: Minor, people: number): Minor {
  return people <= 1 ? left : Math.ceil(left / people)
}
