import { expect, test } from 'vitest'
import { isAppError } from '../../../src-shared/errors.ts'
import { type Principal, SETUP_PRINCIPAL } from '../../access/principal.ts'
import { createRateLimiter, limitOf, SOCKET_POLICY } from './rate-limit.ts'

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

test('a refusal carries the fields too, and says when the next request may come', () => {
  let now = 0
  const limiter = createRateLimiter(2, () => now, SOCKET_POLICY)
  const fields = (): unknown[] => {
    const { headers, refusal } = limiter.tryTake('10.0.0.1')
    return [headers[1], headers[3], refusal?.details?.retryAfterSeconds]
  }
  expect(fields()).toEqual(['"sockets";q=2;w=60', '"sockets";r=1;t=30', undefined])
  expect(fields()).toEqual(['"sockets";q=2;w=60', '"sockets";r=0;t=60', undefined])
  expect(fields()).toEqual(['"sockets";q=2;w=60', '"sockets";r=0;t=30', 30])
  now += 29_000
  expect(fields()).toEqual(['"sockets";q=2;w=60', '"sockets";r=0;t=1', 1])
  now += 1_000
  expect(fields()[2]).toBeUndefined()
})

test('strangers share their address, a paired device has a larger share of its own, the desktop is not counted', () => {
  const device: Principal = { ...SETUP_PRINCIPAL, kind: 'device', deviceId: 'till-1' }
  const person: Principal = { ...device, kind: 'person', uid: 'sara' }
  const remote: Principal = { ...person, deviceId: null, sessionId: 'session-1' }
  const openLan: Principal = { ...SETUP_PRINCIPAL, kind: 'open-lan', deviceId: 'claimed' }
  const shares = [SETUP_PRINCIPAL, openLan, device, person, remote].map((one) => limitOf(one, '10.0.0.1'))
  expect(shares).toEqual([
    { key: '10.0.0.1', factor: 1 },
    { key: '10.0.0.1', factor: 1 },
    { key: 'proven till-1', factor: 20 },
    { key: 'proven till-1', factor: 20 },
    { key: 'proven session-1', factor: 20 },
  ])
  expect(limitOf({ ...SETUP_PRINCIPAL, kind: 'desktop' }, '127.0.0.1').factor).toBe(Number.POSITIVE_INFINITY)
})

test('ten thousand callers more forget the oldest, not the memory', () => {
  const limiter = createRateLimiter(1, () => 0)
  expect([limiter.tryTake('first').refusal, limiter.tryTake('first').refusal?.code]).toEqual([
    undefined,
    'rate-limited',
  ])
  for (let index = 0; index < 10_000; index++) limiter.tryTake(`10.0.${index}`)
  expect(limiter.tryTake('first').refusal).toBeUndefined()
})
