import { expect, test } from 'vitest'
import { API_POLICY, contentPolicy, PAGE_FORBIDS, SECURITY_HEADERS } from './security-headers.ts'

test('every answer forbids sniffing, framing, referrers and loading by other sites', () => {
  expect(SECURITY_HEADERS).toEqual([
    'Cross-Origin-Resource-Policy',
    'same-origin',
    'Referrer-Policy',
    'no-referrer',
    'X-Content-Type-Options',
    'nosniff',
    'X-Frame-Options',
    'DENY',
    'X-Permitted-Cross-Domain-Policies',
    'none',
  ])
  expect(API_POLICY).toEqual(['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"])
})

test('a policy is written as given, and a broken one never leaves the house', () => {
  expect(contentPolicy({ 'script-src': ["'self'", 'blob:'], ...PAGE_FORBIDS })).toEqual([
    'Content-Security-Policy',
    "script-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  ])
  expect(() => contentPolicy({ 'script-src': ["'self'; script-src-elem *"] })).toThrow()
  expect(() => contentPolicy({ 'Script Src': ["'self'"] })).toThrow()
})
