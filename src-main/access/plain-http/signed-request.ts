import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { AppError } from '../../../src-shared/errors.ts'
import type { Clock } from '../../lib/clock.ts'

/** Name of the header: `v1;<device>;<instance>;<time>;<nonce>;<body hash>;<mac>`. */
export const SIGNATURE_HEADER = 'mishkah-signature'

export interface SignedParts {
  method: string
  /** Path and query as they stand in the request line. */
  target: string
  deviceId: string
  /** Of this run of the server: what was signed for an earlier one is worth nothing now. */
  instanceId: string
  /** Milliseconds since 1970, of the device. */
  timeMs: number
  /** Never used twice by the device; 16 to 64 characters of base64url. */
  nonce: string
  /** SHA-256 of the body as sent, hex; of nothing for a request without one. */
  bodyHash: string
}

export interface VerifiedRequest {
  deviceId: string
  /** What the body must hash to; who reads the body compares. */
  bodyHash: string
}

export interface SignatureVerifier {
  /**
   * Says which device signed the head of the request. The body is vouched for by its hash.
   *
   * @throws AppError `signature-invalid` for a malformed, wrong, stale or repeated signature. `details` has the server's
   * `instanceId` and `now`, so that a device with a wrong clock, or after a restart, signs anew and gets through.
   */
  verify(request: { method: string; target: string; signature: string }): VerifiedRequest
}

export interface VerifierInput {
  clock: Clock
  instanceId: string
  /** Key of a paired device that may sign; undefined for all others. */
  findKey(deviceId: string): Buffer | undefined
}

/** Clocks of tablets are wrong by this much: conventions.md 2. */
const MAX_SKEW_MS = 5 * 60_000
/** A device that needs more in ten minutes is refused, rather than a nonce forgotten that is still worth something. */
const MAX_NONCES_PER_DEVICE = 20_000

const HEADER =
  /^v1;([A-Za-z0-9._:-]{1,64});([A-Za-z0-9-]{8,64});(\d{13});([A-Za-z0-9_-]{16,64});([0-9a-f]{64});([A-Za-z0-9_-]{43})$/

/** The text under the MAC: one part a line; no part can hold a line break. */
function canonicalText(parts: SignedParts): string {
  const { method, target, deviceId, instanceId, timeMs, nonce, bodyHash } = parts
  return ['mishkah-v1', method.toUpperCase(), target, deviceId, instanceId, timeMs, nonce, bodyHash].join('\n')
}

/** What the SDK does: for tests, and as the definition of the format. */
export function signRequest(key: Buffer, parts: SignedParts): string {
  const { deviceId, instanceId, timeMs, nonce, bodyHash } = parts
  const mac = createHmac('sha256', key).update(canonicalText(parts)).digest('base64url')
  return ['v1', deviceId, instanceId, timeMs, nonce, bodyHash, mac].join(';')
}

export function hashBody(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('hex')
}

export function createSignatureVerifier({ clock, instanceId, findKey }: VerifierInput): SignatureVerifier {
  const devices = new Map<string, NonceMemory>()
  // A MAC is computed for unknown devices too, so that time does not tell which ones exist.
  const nobodysKey = Buffer.alloc(32)

  function refuse(message: string): AppError {
    return new AppError('signature-invalid', message, { details: { instanceId, now: clock.now() } })
  }

  return {
    verify({ method, target, signature }) {
      const match = HEADER.exec(signature)
      if (!match) throw refuse('The signature cannot be read.')
      const [, deviceId = '', signedFor = '', time = '', nonce = '', bodyHash = '', mac = ''] = match
      const timeMs = Number(time)
      const key = findKey(deviceId)
      const parts = { method, target, deviceId, instanceId: signedFor, timeMs, nonce, bodyHash }
      const expected = createHmac('sha256', key ?? nobodysKey)
        .update(canonicalText(parts))
        .digest()
      const isRight = timingSafeEqual(expected, Buffer.from(mac, 'base64url')) && key !== undefined
      if (!isRight) throw refuse('The signature is wrong.')
      if (signedFor !== instanceId) throw refuse('The request was signed for an earlier run of the server.')
      const now = clock.now()
      if (Math.abs(now - timeMs) > MAX_SKEW_MS) throw refuse('The request was signed too long ago, or in the future.')
      const memory = devices.get(deviceId) ?? new NonceMemory()
      devices.set(deviceId, memory)
      const answer = memory.use(nonce, timeMs, now)
      if (answer === 'full') throw new AppError('rate-limited', 'The device signed too many requests.')
      if (answer === 'repeated') throw refuse('The request was sent before.')
      return { deviceId, bodyHash }
    },
  }
}

/** Remembers nonces as long as their time would be accepted. Only right signatures come here. */
class NonceMemory {
  readonly #expiryByNonce = new Map<string, number>()

  use(nonce: string, timeMs: number, now: number): 'new' | 'repeated' | 'full' {
    if (this.#expiryByNonce.has(nonce)) return 'repeated'
    if (this.#expiryByNonce.size >= MAX_NONCES_PER_DEVICE) {
      for (const [known, expiresAt] of this.#expiryByNonce) if (expiresAt < now) this.#expiryByNonce.delete(known)
      if (this.#expiryByNonce.size >= MAX_NONCES_PER_DEVICE) return 'full'
    }
    this.#expiryByNonce.set(nonce, timeMs + MAX_SKEW_MS)
    return 'new'
  }
}
