import { AppError } from '../../../src-shared/errors.ts'

/** What cannot be taken back asks for a name, typed by hand. Throws `confirmation-required`. */
export function confirmTyped(typed: string | undefined, expected: string): void {
  if (typed === expected) return
  throw new AppError('confirmation-required', `Confirm by sending "confirm": ${JSON.stringify(expected)}.`, {
    details: { expected },
  })
}
