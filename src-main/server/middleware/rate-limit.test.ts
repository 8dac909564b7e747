import { expect, test } from 'vitest'
import { createRateLimiter } from './rate-limit.ts'

const QUARTER_HOUR_MS = 15 * 60_000

function newLimiter(limit: number) {
  let nowMs = 0
  const limiter = createRateLimiter(limit, () => nowMs)
  const take = (address: string) => {
    try {
      return limiter.take(address)
    } catch (error) {
      return error
    }
  }
  return { take, pass: (ms: number) => (nowMs += ms) }
}

const refused = expect.objectContaining({ code: 'rate-limited', status: 429 })

test('an address may ask 1,000 times at once; the next request is refused and told when to come back', () => {
  const { take } = newLimiter(1_000)
  for (let n = 0; n < 1_000; n++) expect(take('192.168.1.20')).toEqual(expect.any(Array))
  const error = take('192.168.1.20')
  expect(error).toEqual(refused)
  expect(error).toMatchObject({ details: { retryAfterSeconds: 1 } })
  expect(take('192.168.1.21')).toEqual(expect.any(Array))
})

test('what was used comes back evenly over 15 minutes, and never more than the limit', () => {
  const { take, pass } = newLimiter(10)
  for (let n = 0; n < 10; n++) take('a')
  pass(QUARTER_HOUR_MS / 10 - 1)
  expect(take('a')).toEqual(refused)
  pass(2)
  expect(take('a')).toEqual(expect.any(Array))
  expect(take('a')).toEqual(refused)
  pass(QUARTER_HOUR_MS * 5)
  const answers = Array.from({ length: 11 }, () => take('a'))
  expect(answers.map((answer) => Array.isArray(answer))).toEqual([...Array(10).fill(true), false])
})

test('each answer says the policy and what is left of it', () => {
  const { take } = newLimiter(10)
  expect(take('a')).toEqual(['RateLimit-Policy', '"default";q=10;w=900', 'RateLimit', '"default";r=9;t=90'])
})
