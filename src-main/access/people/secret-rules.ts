import { AppError } from '../../../src-shared/errors.ts'

const MIN_PASSWORD = 8
const MAX_PASSWORD = 256

/** @throws AppError `weak-secret`; the message never repeats what was sent. */
export function checkPassword(password: string, userName: string): void {
  const length = [...password].length
  if (length < MIN_PASSWORD || length > MAX_PASSWORD) {
    throw new AppError('weak-secret', `A password has ${MIN_PASSWORD} to ${MAX_PASSWORD} characters.`)
  }
  if (new Set(password).size < 4 || password.toLowerCase() === userName) {
    throw new AppError('weak-secret', 'This password is too easy to guess.')
  }
}

/**
 * 4 to 8 digits, and none of the twenty or so that are tried first: one digit repeated, or a run up or down.
 *
 * @throws AppError `weak-secret`.
 */
export function checkPin(pin: string): void {
  if (!/^\d{4,8}$/.test(pin)) throw new AppError('weak-secret', 'A PIN has 4 to 8 digits.')
  const steps = new Set([...pin].slice(1).map((digit, index) => Number(digit) - Number(pin[index])))
  const [step] = steps
  if (steps.size === 1 && step !== undefined && Math.abs(step) <= 1) {
    throw new AppError('weak-secret', 'This PIN is among the first that somebody would try.')
  }
}
