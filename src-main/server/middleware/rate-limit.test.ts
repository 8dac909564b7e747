import { expect, test } from 'vitest'
import { isAppError } from '../../../src-shared/errors.ts'
import { createRateLimiter } from './rate-limit.ts'

const MINUTE_MS = 60_000

test('an address may spend its requests at once, then gets them back evenly', () => {
  let now = 0
  const limiter = createRateLimiter(15, () => now)
  const take = (address = '10.0.0.1'): string[] | string => {
    try {
      return limiter.take(address)
    } catch (error) {
      return isAppError(error) ? `${error.code} ${JSON.stringify(error.details)}` : String(error)
    }
  }
  for (let count = 0; count < 15; count++) expect(take()).toHaveLength(4)
  expect(take()).toBe('rate-limited {"retryAfterSeconds":60}')
  expect(take('10.0.0.2')).toEqual(['RateLimit-Policy', '"default";q=15;w=900', 'RateLimit', '"default";r=14;t=60'])
  now += MINUTE_MS
  expect([take()[3], take()]).toEqual(['"default";r=0;t=900', 'rate-limited {"retryAfterSeconds":60}'])
  now += 15 * MINUTE_MS
  expect(take()[3]).toBe('"default";r=14;t=60')
})
