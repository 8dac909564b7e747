import { createHmac, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../../src-shared/errors.ts'
import { FRAME_MAC_LENGTH, frameTextToSign, socketKeyText } from '../../../src-shared/signing/signed-text.ts'

/** Keys of one signed socket: made from the device's key and the signature that opened it. */
export function socketKey(deviceKey: Buffer, openingSignature: string): Buffer {
  const mac = openingSignature.slice(openingSignature.lastIndexOf(';') + 1)
  return createHmac('sha256', deviceKey).update(socketKeyText(mac)).digest()
}

/**
 * Checks every message after the first: `<mac>.<frame>`. The MAC covers the number of the message, so that one which is
 * changed, left out, repeated or moved is noticed, and so are all behind it.
 */
export class SignedFrames {
  readonly #key: Buffer
  #count = 0

  constructor(key: Buffer) {
    this.#key = key
  }

  /** The frame. @throws AppError `signature-invalid`; the socket has to end then. */
  open(message: Buffer): Buffer {
    const frame = message.subarray(FRAME_MAC_LENGTH + 1)
    const given = Buffer.from(message.toString('latin1', 0, FRAME_MAC_LENGTH), 'base64url')
    const expected = createHmac('sha256', this.#key)
      .update(frameTextToSign(++this.#count, frame.toString('utf8')))
      .digest()
    const isRight = message[FRAME_MAC_LENGTH] === DOT && given.length === expected.length
    if (isRight && timingSafeEqual(given, expected)) return frame
    throw new AppError('signature-invalid', 'A message of this socket is not signed by its device.')
  }
}

const DOT = 0x2e
