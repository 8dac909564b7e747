import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../../src-shared/errors.ts'
import { formatSignature, type SignedParts, textToSign } from '../../../src-shared/signing/signed-text.ts'
import { type Clock, elapsedMs } from '../../lib/clock.ts'

export interface VerifiedRequest {
  /** As signed: a device or a session. */
  signer: string
  /** What the body must hash to; who reads the body compares. */
  bodyHash: string
}

export interface SignatureVerifier {
  /** What a device needs to sign for us: which run of the server this is, and the right time. */
  readonly terms: () => { instanceId: string; now: number }
  /**
   * Says who signed the head of the request. The body is vouched for by its hash.
   *
   * @throws AppError `signature-invalid` for a malformed, wrong or repeated signature, or one for an earlier run of the
   * server; `clock-wrong` for a time that is too far from ours. `details` has the server's `instanceId` and `now`, so that
   * the device signs anew and gets through.
   */
  verify(request: { method: string; target: string; signature: string }): VerifiedRequest
}

export interface VerifierInput {
  clock: Clock
  instanceId: string
  /** Key of a signer, with the device that it belongs to; undefined for all who may not sign. */
  findKey(signer: string): { deviceId: string; key: Buffer } | undefined
}

/** Clocks of tablets are wrong by this much: conventions.md 2. */
const MAX_SKEW_MS = 5 * 60_000
/** A device that needs more in ten minutes is refused, rather than a nonce forgotten that is still worth something. */
const MAX_NONCES_PER_DEVICE = 20_000

const HEADER =
  /^v1;([A-Za-z0-9._:-]{1,64});([A-Za-z0-9-]{8,64});(\d{13});([A-Za-z0-9_-]{16,64});([0-9a-f]{64});([A-Za-z0-9_-]{43})$/

/** What the SDK does: for tests, and as the definition of the format. */
export function signRequest(key: Buffer, parts: SignedParts): string {
  return formatSignature(parts, createHmac('sha256', key).update(textToSign(parts)).digest('base64url'))
}

export function hashBody(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('hex')
}

export function createSignatureVerifier({ clock, instanceId, findKey }: VerifierInput): SignatureVerifier {
  const devices = new Map<string, NonceMemory>()
  // A MAC is computed for unknown signers too, so that time does not tell which ones exist.
  const nobodysKey = Buffer.alloc(32)
  const nowMs = neverBack(clock)
  const terms = () => ({ instanceId, now: nowMs() })

  function refuse(message: string, code: 'signature-invalid' | 'clock-wrong' = 'signature-invalid'): AppError {
    return new AppError(code, message, { details: terms() })
  }

  return {
    terms,
    verify({ method, target, signature }) {
      const match = HEADER.exec(signature)
      if (!match) throw refuse('The signature cannot be read.')
      const [, signer = '', signedFor = '', time = '', nonce = '', bodyHash = '', mac = ''] = match
      const timeMs = Number(time)
      const known = findKey(signer)
      const parts = { method, target, signer, instanceId: signedFor, timeMs, nonce, bodyHash }
      const expected = createHmac('sha256', known?.key ?? nobodysKey)
        .update(textToSign(parts))
        .digest()
      if (!timingSafeEqual(expected, Buffer.from(mac, 'base64url')) || !known) throw refuse('The signature is wrong.')
      if (signedFor !== instanceId) throw refuse('The request was signed for an earlier run of the server.')
      const now = nowMs()
      if (Math.abs(now - timeMs) > MAX_SKEW_MS) {
        throw refuse('The clock of the device is wrong by more than five minutes.', 'clock-wrong')
      }
      const memory = devices.get(known.deviceId) ?? new NonceMemory()
      devices.set(known.deviceId, memory)
      const answer = memory.use(nonce, timeMs, now)
      if (answer === 'full') throw new AppError('rate-limited', 'The device signed too many requests.')
      if (answer === 'repeated') throw refuse('The request was sent before.')
      return { signer, bodyHash }
    },
  }
}

/**
 * The time, except that it goes on when the clock is set back: otherwise signatures would be good again whose nonces are
 * forgotten. Devices are told this time, and sign with it.
 */
function neverBack(clock: Clock): () => number {
  let startedAt = clock.now() - elapsedMs(clock)
  return () => {
    const elapsed = elapsedMs(clock)
    startedAt = Math.max(startedAt, clock.now() - elapsed)
    return Math.floor(startedAt + elapsed)
  }
}

/** Remembers nonces as long as their time would be accepted. Only right signatures come here. */
class NonceMemory {
  readonly #expiryByNonce = new Map<string, number>()

  use(nonce: string, timeMs: number, now: number): 'new' | 'repeated' | 'full' {
    if (this.#expiryByNonce.has(nonce)) return 'repeated'
    // The oldest are in front; one that expires later than its followers keeps them for ten minutes at most.
    for (const [known, expiresAt] of this.#expiryByNonce) {
      if (expiresAt >= now) break
      this.#expiryByNonce.delete(known)
    }
    if (this.#expiryByNonce.size >= MAX_NONCES_PER_DEVICE) {
      for (const [known, expiresAt] of this.#expiryByNonce) if (expiresAt < now) this.#expiryByNonce.delete(known)
      if (this.#expiryByNonce.size >= MAX_NONCES_PER_DEVICE) return 'full'
    }
    this.#expiryByNonce.set(nonce, timeMs + MAX_SKEW_MS)
    return 'new'
  }
}
