import { describe, expect, test } from 'vitest'
import type { LiveRequest } from '../../src-shared/protocol/management.ts'
import { clockText } from '../components/wait.tsx'
import type { Device, NetworkFacts } from '../state/access.ts'
import { toApiError } from '../state/api-error.ts'
import { mayManage, screensFor } from '../state/permissions.ts'
import { SCREENS } from '../state/route.ts'
import { matchesRequest } from './audit/match-request.ts'
import { deviceState } from './devices/device-state.ts'
import { secureAddresses } from './overview/secure-addresses.ts'
import { covers } from './roles/covers.ts'
import { parsePermission } from './roles/permission-words.ts'

const NOW = Date.parse('2026-01-07T12:00:00.000Z')

describe('what is shown to whom', () => {
  test('everything for who manages everything, each screen by its area, nothing for a waiter', () => {
    for (const word of ['*', 'manage:*']) expect(screensFor({ permissions: [word] })).toEqual(SCREENS)
    expect(screensFor({ permissions: ['read:*', 'manage:status', 'manage:devices'] })).toEqual([
      'overview',
      'tables',
      'devices',
    ])
    expect(screensFor({ permissions: ['read:*', 'write:orders'] })).toEqual([])
  })

  test('a word of another area is none of this one', () => {
    expect(mayManage({ permissions: ['manage:people'] }, 'audit')).toBe(false)
    expect(mayManage({ permissions: ['read:audit'] }, 'audit')).toBe(false)
  })
})

describe('permissions', () => {
  test('wider words cover narrower ones', () => {
    expect(covers(['*'], 'manage:audit')).toBe(true)
    expect(covers(['write:*'], 'delete:order_line')).toBe(true)
    expect(covers(['write:orders'], 'update:orders')).toBe(true)
    expect(covers(['read:*'], 'write:orders')).toBe(false)
    expect(covers(['update:order_line'], 'write:order_line')).toBe(false)
  })

  test('words are read, anything else is left as it is', () => {
    expect(parsePermission('update:order_line')).toEqual({ verb: 'update', what: 'order_line' })
    for (const word of ['*', 'read', 'read:', 'fly:high', '']) expect(parsePermission(word)).toBeUndefined()
  })
})

test('a device runs while it renews its tokens', () => {
  const device = { revokedAt: null, lastSeenAt: '2026-01-07T11:45:00.000Z' } as Device
  expect(deviceState(device, NOW)).toBe('running')
  expect(deviceState({ ...device, lastSeenAt: '2026-01-07T11:30:00.000Z' }, NOW)).toBe('away')
  expect(deviceState({ ...device, lastSeenAt: null }, NOW)).toBe('new')
  expect(deviceState({ ...device, revokedAt: '2026-01-07T11:50:00.000Z' }, NOW)).toBe('revoked')
})

test('requests are found by what is shown of them', () => {
  const request = {
    what: 'PATCH /api/branches/dar/modules/pos/tables/order_header',
    ...{ table: 'order_header', rule: 'own-tables', code: 'forbidden', address: '10.0.0.7', isAllowed: false },
    actor: { uid: 'p', name: 'أحمد', role: 'waiter' },
  } as LiveRequest
  for (const text of ['', 'OWN-tables', 'احمد', '10.0.0', 'patch'])
    expect(matchesRequest(request, text, 'all')).toBe(true)
  expect(matchesRequest(request, 'menu', 'all')).toBe(false)
  expect(matchesRequest(request, '', 'denied')).toBe(true)
  expect(matchesRequest(request, '', 'allowed')).toBe(false)
})

test('https addresses: those of the network, with the other port', () => {
  const facts = {
    addresses: [
      { url: 'http://192.168.1.9:3200/', kind: 'lan' },
      { url: 'http://127.0.0.1:3200/', kind: 'loopback' },
    ],
    https: { port: 3443, notAfter: '', names: [] },
  } as unknown as NetworkFacts
  expect(secureAddresses(facts)).toEqual(['https://192.168.1.9:3443/'])
  expect(secureAddresses({ ...facts, https: null })).toEqual([])
})

test('waits: told by the server in seconds, shown as a clock', () => {
  const body = { error: 'sign-in-locked', message: 'Wait.', details: { retryAfterSeconds: 61 } }
  expect(toApiError(429, body).retryAfterSeconds).toBe(61)
  expect(toApiError(429, { error: 'sign-in-locked', message: '', details: [] }).retryAfterSeconds).toBeUndefined()
  expect([0, 9, 61, 600].map(clockText)).toEqual(['0:00', '0:09', '1:01', '10:00'])
})
