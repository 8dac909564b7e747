import type { IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { isAppError } from '../../../src-shared/errors.ts'
import { trustProxies } from './trusted-proxy.ts'

const proxies = trustProxies(['127.0.0.1', '10.0.0.0/24', '2001:db8::/64'])

function read(headers: IncomingHttpHeaders): unknown {
  try {
    return proxies.read(headers)
  } catch (error) {
    return isAppError(error) ? error.code : error
  }
}

const client = (address: string, isSecure = false) => ({ address, isSecure })

const rows: [what: string, headers: IncomingHttpHeaders, expected: unknown][] = [
  ['nobody', {}, undefined],
  ['one client', { 'x-forwarded-for': '192.168.1.9' }, client('192.168.1.9')],
  ['a client with a port', { 'x-forwarded-for': '192.168.1.9:4711' }, client('192.168.1.9')],
  ['a client of version 6', { 'x-forwarded-for': '[fd00::1]:4711' }, client('fd00::1')],
  ['a client of version 6, bare', { 'x-forwarded-for': 'FD00::1' }, client('fd00::1')],
  ['a client of version 4 in 6', { 'x-forwarded-for': '::ffff:192.168.1.9' }, client('192.168.1.9')],
  ['a client that invents a hop', { 'x-forwarded-for': '127.0.0.1, 8.8.8.8' }, client('8.8.8.8')],
  ['a client that invents ten', { 'x-forwarded-for': `${'192.168.1.1, '.repeat(10)}8.8.8.8` }, client('8.8.8.8')],
  ['two proxies of ours', { 'x-forwarded-for': '1.2.3.4, 8.8.8.8, 10.0.0.7' }, client('8.8.8.8')],
  ['only proxies of ours', { 'x-forwarded-for': '10.0.0.9, 10.0.0.7' }, client('10.0.0.9')],
  ['https', { 'x-forwarded-for': '8.8.8.8', 'x-forwarded-proto': 'https' }, client('8.8.8.8', true)],
  ['http', { 'x-forwarded-for': '8.8.8.8', 'x-forwarded-proto': 'HTTP' }, client('8.8.8.8')],
  ['both, added to', { 'x-forwarded-for': '8.8.8.8', 'x-forwarded-proto': 'https, http' }, 'invalid-request'],
  ['another scheme', { 'x-forwarded-for': '8.8.8.8', 'x-forwarded-proto': 'wss' }, 'invalid-request'],
  ['the standard header', { forwarded: 'for=8.8.8.8;proto=https' }, client('8.8.8.8', true)],
  ['the standard header, quoted', { forwarded: 'For="[2001:db9::1]:8080"; Proto=http' }, client('2001:db9::1')],
  ['its last hop', { forwarded: 'for=1.1.1.1;proto=https, for=8.8.8.8;proto=http, for=10.0.0.7' }, client('8.8.8.8')],
  ['an element without for', { forwarded: 'by=10.0.0.7;proto=https' }, undefined],
  ['a hidden name', { forwarded: 'for=_secret' }, 'invalid-request'],
  ['an unknown client', { forwarded: 'for=unknown' }, 'invalid-request'],
  ['a pair twice', { forwarded: 'for=1.1.1.1;for=2.2.2.2' }, 'invalid-request'],
  ['a torn quote', { forwarded: 'for="1.1.1.1' }, 'invalid-request'],
  ['a name instead of an address', { 'x-forwarded-for': 'localhost' }, 'invalid-request'],
  ['nothing between commas', { 'x-forwarded-for': '8.8.8.8,,10.0.0.7' }, 'invalid-request'],
  ['an address too many', { 'x-forwarded-for': '8.8.8.8 10.0.0.7' }, 'invalid-request'],
  ['two headers that agree', { forwarded: 'for=8.8.8.8', 'x-forwarded-for': '8.8.8.8' }, client('8.8.8.8')],
  ['two headers that disagree', { forwarded: 'for=127.0.0.1', 'x-forwarded-for': '8.8.8.8' }, 'invalid-request'],
]

test.each(rows)('%s', (_what, headers, expected) => {
  expect(read(headers)).toEqual(expected)
})

test('only what is configured is trusted', () => {
  const asked = ['127.0.0.1', '127.0.0.2', '10.0.0.255', '10.0.1.0', '2001:db8::9', '2001:db8:0:1::9', '', 'localhost']
  expect(asked.map(proxies.includes)).toEqual([true, false, true, false, true, false, false, false])
  expect(asked.map(trustProxies([]).includes)).not.toContain(true)
})
