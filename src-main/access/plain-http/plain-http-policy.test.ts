import { expect, test } from 'vitest'
import { judgePlainHttp, type PlainHttpRules, type PlainRequest, type PlainVerdict } from './plain-http-policy.ts'

const READ: PlainRequest = {
  method: 'GET',
  path: '/api/branches',
  isSecure: false,
  isLoopback: false,
  isNavigation: false,
  isSigned: false,
}
const CLOSED: PlainHttpRules = {
  isClosed: true,
  isHttpsServed: true,
  redirect: false,
  allowsSigned: false,
  isOpenLan: false,
}

const rows: [what: string, request: Partial<PlainRequest>, rules: Partial<PlainHttpRules>, verdict: PlainVerdict][] = [
  ['a read', {}, {}, 'refuse'],
  ['a write', { method: 'POST' }, {}, 'refuse'],
  ['a read before a manager exists', {}, { isClosed: false }, 'serve'],
  ['a read by https', { isSecure: true }, {}, 'serve'],
  ['a read on this machine', { isLoopback: true }, {}, 'serve'],
  ['a health check', { path: '/livez' }, {}, 'serve'],
  ['figures', { path: '/metrics' }, {}, 'refuse'],
  ['the page that makes trust', { path: '/trust' }, {}, 'serve'],
  ['the certificate', { path: '/trust/ca.crt' }, {}, 'serve'],
  ['a path that begins like it', { path: '/trusted' }, {}, 'refuse'],
  ['a pairing', { path: '/api/pair/collect', method: 'POST' }, {}, 'serve'],
  ['a path behind dots', { path: '/api/pair/../branches' }, {}, 'serve'],
  ['the approval of a pairing, with a PIN', { path: '/api/auth/approve-device', method: 'POST' }, {}, 'refuse'],
  ['the page of the pairing', { path: '/pair/' }, {}, 'serve'],
  ['the console', { path: '/console/' }, {}, 'refuse'],
  ['signing in', { path: '/api/auth/login', method: 'POST' }, {}, 'refuse'],
  ['a question about CORS', { method: 'OPTIONS' }, {}, 'serve'],
  ['a page', { path: '/pos/', isNavigation: true }, { redirect: true }, 'redirect'],
  ['a page, open', { path: '/pos/', isNavigation: true }, { redirect: true, isClosed: false }, 'redirect'],
  ['a page, without https', { path: '/pos/', isNavigation: true }, { redirect: true, isHttpsServed: false }, 'refuse'],
  ['a form', { method: 'POST', isNavigation: true }, { redirect: true }, 'refuse'],
  ['data', {}, { redirect: true }, 'refuse'],
  ['the page that makes trust, as a page', { path: '/trust', isNavigation: true }, { redirect: true }, 'serve'],
  ['a signed write', { method: 'POST', isSigned: true }, {}, 'refuse'],
  ['a signed write, allowed', { method: 'POST', isSigned: true }, { allowsSigned: true }, 'verify-signature'],
  ['a signed write by https', { isSigned: true, isSecure: true }, { allowsSigned: true }, 'serve'],
  ['a signed write on this machine', { isSigned: true, isLoopback: true }, { allowsSigned: true }, 'verify-signature'],
  [
    'a signed write of the open network',
    { isSigned: true },
    { allowsSigned: true, isOpenLan: true },
    'verify-signature',
  ],
  ['a page of a device that signs', { path: '/pos/' }, { allowsSigned: true }, 'serve'],
  ['its script', { path: '/static/lib/mishkah-sign.js' }, { allowsSigned: true }, 'serve'],
  ['the console, where devices sign', { path: '/console/' }, { allowsSigned: true }, 'refuse'],
  ['a path that begins like a page', { path: '/posts' }, { allowsSigned: true }, 'refuse'],
  ['a write to a page', { path: '/pos/', method: 'POST' }, { allowsSigned: true }, 'refuse'],
  ['a page of a device, where none signs', { path: '/pos/' }, {}, 'refuse'],
  ['a signed PIN', { path: '/api/auth/login', isSigned: true }, { allowsSigned: true }, 'verify-signature'],
  ['a signed refresh', { path: '/api/auth/refresh', isSigned: true }, { allowsSigned: true }, 'refuse'],
  ['a signed refresh, with a slash', { path: '/api/auth/login/', isSigned: true }, { allowsSigned: true }, 'refuse'],
  ['signed management', { path: '/api/manage/people', isSigned: true }, { allowsSigned: true }, 'refuse'],
  ['an unsigned write, where signed ones are', { method: 'POST' }, { allowsSigned: true }, 'refuse'],
  ['an older client of the open network', {}, { isOpenLan: true }, 'serve'],
]

test.each(rows)('plain http: %s', (_what, request, rules, verdict) => {
  expect(judgePlainHttp({ ...READ, ...request }, { ...CLOSED, ...rules })).toBe(verdict)
})
