import { AppError } from '../../../src-shared/errors.ts'
import type { Principal } from '../principal.ts'
import type { SignedCallers } from './signed-callers.ts'
import type { SignedFrames } from './signed-socket.ts'

/**
 * Where a socket of plain http comes in. Its first message may be a signature, and must be one where nothing else is
 * served; then every message behind it is signed too, and the rest of the server sees frames as from anybody.
 */
export class SignedDoor {
  readonly #signed: Pick<SignedCallers, 'openSocket'>
  readonly #target: string
  readonly mustSign: boolean
  #frames: SignedFrames | undefined
  #isOpen = false

  /** @param target - Of the upgrade: path and query. */
  constructor(signed: Pick<SignedCallers, 'openSocket'>, target: string, mustSign: boolean) {
    this.#signed = signed
    this.#target = target
    this.mustSign = mustSign
  }

  /** Every message is signed by the device: tokens in frames count for nothing. */
  get isSigned(): boolean {
    return this.#frames !== undefined
  }

  /**
   * @returns The frame, or whom the socket acts for from now on.
   * @throws AppError `signature-invalid`, `clock-wrong`, `session-ended`, `rate-limited`; the socket has to end then.
   */
  pass(message: Buffer): Buffer | Principal {
    if (this.#frames) return this.#frames.open(message)
    const isFirst = !this.#isOpen
    this.#isOpen = true
    if (isFirst && message.toString('latin1', 0, 3) === 'v1;') {
      const { principal, frames } = this.#signed.openSocket(this.#target, message.toString('latin1', 0, MAX_SIGNATURE))
      this.#frames = frames
      return principal
    }
    if (!this.mustSign) return message
    throw new AppError('signature-invalid', 'Sign the first message of this socket, or use https.')
  }
}

const MAX_SIGNATURE = 512
