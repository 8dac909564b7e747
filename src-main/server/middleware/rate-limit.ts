import { AppError } from '../../../src-shared/errors.ts'
import type { Principal } from '../../access/principal.ts'

export interface RateLimiter {
  /**
   * Takes one request from the caller's bucket.
   *
   * @returns The RateLimit headers of the answer (draft-ietf-httpapi-ratelimit-headers).
   * @throws AppError `rate-limited` with `details.retryAfterSeconds`.
   */
  take(key: string, requestsPerWindow?: number): string[]
  /** The same without throwing: a refusal carries the headers too. */
  tryTake(key: string, requestsPerWindow?: number): Taken
}

export interface Taken {
  headers: string[]
  /** Present when the request is refused. */
  refusal?: AppError
}

interface Bucket {
  tokens: number
  refilledAt: number
}

export interface RatePolicy {
  /** In the header fields. */
  name: string
  windowSeconds: number
}

/** The specification's window for the API. */
const API_POLICY: RatePolicy = { name: 'default', windowSeconds: 900 }
/** The specification's window for opening sockets. */
export const SOCKET_POLICY: RatePolicy = { name: 'sockets', windowSeconds: 60 }

const MAX_BUCKETS = 10_000

/** A bucket a caller: full at once, then evenly over the window. Loopback callers never come here. */
export function createRateLimiter(
  requestsPerWindow: number,
  now: () => number = () => performance.now(),
  { name, windowSeconds }: RatePolicy = API_POLICY,
): RateLimiter {
  const buckets = new Map<string, Bucket>()

  function bucketOf(key: string, size: number, at: number): Bucket {
    const known = buckets.get(key)
    if (known) {
      known.tokens = Math.min(size, known.tokens + ((at - known.refilledAt) * size) / (windowSeconds * 1000))
      known.refilledAt = at
      return known
    }
    if (buckets.size >= MAX_BUCKETS) {
      const oldest = buckets.keys().next().value
      if (oldest !== undefined) buckets.delete(oldest)
    }
    const fresh = { tokens: size, refilledAt: at }
    buckets.set(key, fresh)
    return fresh
  }

  function tryTake(key: string, size = requestsPerWindow): Taken {
    const bucket = bucketOf(key, size, now())
    const isRefused = bucket.tokens < 1
    if (!isRefused) bucket.tokens -= 1
    const secondsUntil = (tokens: number): number => Math.ceil(((tokens - bucket.tokens) * windowSeconds) / size)
    const headers = [
      'RateLimit-Policy',
      `"${name}";q=${size};w=${windowSeconds}`,
      'RateLimit',
      `"${name}";r=${Math.floor(bucket.tokens)};t=${secondsUntil(isRefused ? 1 : size)}`,
    ]
    if (!isRefused) return { headers }
    const details = { retryAfterSeconds: secondsUntil(1) }
    return { headers, refusal: new AppError('rate-limited', 'Too many requests from this address.', { details }) }
  }

  return {
    tryTake,
    take(key, size) {
      const { headers, refusal } = tryTake(key, size)
      if (refusal) throw refusal
      return headers
    },
  }
}

/** Whose bucket a request is taken from. */
export interface Share {
  key: string
  /** Times the share of an unknown caller; Infinity is not counted. */
  factor: number
}

/** A till sends a request for each line of an order and reads lists anew; twenty of them share no bucket. */
const SIGNED_IN_FACTOR = 20

/**
 * Strangers share the bucket of their address, since behind one may stand anybody; a paired device has its own, so that
 * a noisy neighbour behind the same router cannot starve it.
 *
 * @param address - Of the client, as admission saw it.
 */
export function limitOf(principal: Principal | undefined, address: string): Share {
  if (!principal) return { key: address, factor: 1 }
  const { kind, deviceId, sessionId, uid } = principal
  if (kind === 'desktop') return { key: 'desktop', factor: Number.POSITIVE_INFINITY }
  const proven = kind === 'device' || kind === 'person' ? (deviceId ?? sessionId ?? uid) : null
  return proven === null ? { key: address, factor: 1 } : { key: `proven ${proven}`, factor: SIGNED_IN_FACTOR }
}
