import { AppError } from '../../../src-shared/errors.ts'

export interface RateLimiter {
  /**
   * Takes one request from the address.
   *
   * @returns The RateLimit headers of the answer (draft-ietf-httpapi-ratelimit-headers).
   * @throws AppError `rate-limited` with `details.retryAfterSeconds`.
   */
  take(address: string): string[]
}

interface Bucket {
  tokens: number
  refilledAt: number
}

const WINDOW_SECONDS = 900
const MAX_ADDRESSES = 10_000

/** A token bucket an address: a full bucket at once, then evenly over 15 minutes. Loopback callers never come here. */
export function createRateLimiter(requestsPerWindow: number, now: () => number = () => performance.now()): RateLimiter {
  const buckets = new Map<string, Bucket>()
  const perMs = requestsPerWindow / (WINDOW_SECONDS * 1000)
  const policy = `"default";q=${requestsPerWindow};w=${WINDOW_SECONDS}`

  function bucketOf(address: string, at: number): Bucket {
    const known = buckets.get(address)
    if (known) {
      known.tokens = Math.min(requestsPerWindow, known.tokens + (at - known.refilledAt) * perMs)
      known.refilledAt = at
      return known
    }
    if (buckets.size >= MAX_ADDRESSES) {
      const oldest = buckets.keys().next().value
      if (oldest !== undefined) buckets.delete(oldest)
    }
    const fresh = { tokens: requestsPerWindow, refilledAt: at }
    buckets.set(address, fresh)
    return fresh
  }

  return {
    take(address) {
      const bucket = bucketOf(address, now())
      if (bucket.tokens < 1) {
        const retryAfterSeconds = Math.ceil((1 - bucket.tokens) / perMs / 1000)
        throw new AppError('rate-limited', 'Too many requests from this address.', { details: { retryAfterSeconds } })
      }
      bucket.tokens -= 1
      const resetSeconds = Math.ceil((requestsPerWindow - bucket.tokens) / perMs / 1000)
      return ['RateLimit-Policy', policy, 'RateLimit', `"default";r=${Math.floor(bucket.tokens)};t=${resetSeconds}`]
    },
  }
}
