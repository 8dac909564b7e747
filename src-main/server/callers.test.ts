import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { type CallerSettings, createCallers, hostNameOf, isPrivateAddress } from './callers.ts'

const TOKEN = 'a-desktop-token'

interface Asked {
  from?: string
  method?: string
  headers?: Record<string, string>
}

function admit(
  settings: Partial<CallerSettings>,
  { from = '192.168.1.20', method = 'GET', headers = {} }: Asked,
): string {
  const callers = createCallers({
    host: '0.0.0.0',
    openLan: true,
    ownNames: () => ['branch-pc', '192.168.1.5'],
    ...settings,
  })
  callers.setPort(3200)
  const sent = { host: '192.168.1.5:3200', ...headers }
  const request = {
    method,
    headers: sent,
    rawHeaders: Object.entries(sent).flat(),
    socket: { remoteAddress: from },
  } as unknown as IncomingMessage
  const admission = callers.admit(request)
  return admission.kind === 'refused' ? admission.error.code : 'admitted'
}

const rows: [what: string, settings: Partial<CallerSettings>, asked: Asked, expected: string][] = [
  ['a tablet of the open network', {}, {}, 'admitted'],
  ['a tablet as version 6 writes it', {}, { from: '::ffff:192.168.1.20' }, 'admitted'],
  ['a tablet with a link-local address', {}, { from: 'fe80::1%eth0' }, 'admitted'],
  ['a tablet of a network that is listened on', { openLan: false }, {}, 'admitted'],
  ['a tablet, with the server on loopback', { openLan: false, host: '127.0.0.1' }, {}, 'unauthorized'],
  ['the internet', {}, { from: '8.8.8.8' }, 'unauthorized'],
  ['the internet, once people sign in: the token decides', { isOpen: () => false }, { from: '8.8.8.8' }, 'admitted'],
  [
    'the internet behind a proxy here',
    {},
    { from: '127.0.0.1', headers: { 'x-forwarded-for': '192.168.1.9' } },
    'unauthorized',
  ],
  [
    'a tablet behind a trusted proxy',
    { trustProxy: ['127.0.0.1'] },
    { from: '127.0.0.1', headers: { 'x-forwarded-for': '192.168.1.9' } },
    'admitted',
  ],
  [
    'the internet behind a trusted proxy',
    { trustProxy: ['127.0.0.1'] },
    { from: '127.0.0.1', headers: { 'x-forwarded-for': '192.168.1.9, 8.8.8.8' } },
    'unauthorized',
  ],
  [
    'this machine behind a trusted proxy, which is not this machine',
    { trustProxy: ['127.0.0.1'], host: '127.0.0.1', openLan: false },
    { from: '127.0.0.1', headers: { 'x-forwarded-for': '127.0.0.1' } },
    'unauthorized',
  ],
  [
    'a proxy that is not the trusted one',
    { trustProxy: ['10.0.0.1'] },
    { from: '127.0.0.1', headers: { 'x-forwarded-for': '192.168.1.9' } },
    'unauthorized',
  ],
  [
    'a trusted proxy that writes nonsense',
    { trustProxy: ['127.0.0.1'] },
    { from: '127.0.0.1', headers: { forwarded: 'for=localhost' } },
    'invalid-request',
  ],
  ['this machine', { openLan: false }, { from: '127.0.0.1' }, 'admitted'],
  ['this machine by name', {}, { headers: { host: 'branch-pc:3200' } }, 'admitted'],
  ['a name in capitals', {}, { headers: { host: 'BRANCH-PC' } }, 'admitted'],
  ['a rebound name', {}, { headers: { host: 'evil.example:3200' } }, 'host-not-allowed'],
  ['another address', {}, { headers: { host: '192.168.1.6:3200' } }, 'host-not-allowed'],
  ['every address', {}, { headers: { host: '0.0.0.0:3200' } }, 'host-not-allowed'],
  ['a host with a path', {}, { headers: { host: '192.168.1.5/x' } }, 'host-not-allowed'],
  ['a configured name', { allowedHosts: ['pos.shop'] }, { headers: { host: 'pos.shop' } }, 'admitted'],
  ['our own page', {}, { headers: { origin: 'http://192.168.1.5:3200' } }, 'admitted'],
  ['our own page under another of our names', {}, { headers: { origin: 'http://branch-pc:3200' } }, 'admitted'],
  ['our name with another port', {}, { headers: { origin: 'http://192.168.1.5:8080' } }, 'origin-not-allowed'],
  [
    'a page that looks like ours',
    {},
    { headers: { origin: 'http://192.168.1.5.evil.example:3200' } },
    'origin-not-allowed',
  ],
  ['a file', {}, { headers: { origin: 'null' } }, 'origin-not-allowed'],
  [
    'a configured page',
    { allowedOrigins: ['http://pos.shop/'] },
    { headers: { origin: 'http://pos.shop' } },
    'admitted',
  ],
  [
    'the window with its token',
    { desktopToken: TOKEN },
    { from: '127.0.0.1', headers: { origin: 'app://console', authorization: `Bearer ${TOKEN}` } },
    'admitted',
  ],
  [
    'the window on a socket',
    { desktopToken: TOKEN },
    { from: '127.0.0.1', headers: { origin: 'app://console', 'sec-websocket-protocol': `mishkah, bearer.${TOKEN}` } },
    'admitted',
  ],
  [
    'the window with another token',
    { desktopToken: TOKEN },
    { from: '127.0.0.1', headers: { origin: 'app://console', authorization: 'Bearer other' } },
    'origin-not-allowed',
  ],
  [
    'the window asking whether it may',
    { desktopToken: TOKEN },
    { from: '127.0.0.1', method: 'OPTIONS', headers: { origin: 'app://console' } },
    'admitted',
  ],
  [
    'the window where no desktop is',
    {},
    { from: '127.0.0.1', headers: { origin: 'app://console', authorization: 'Bearer undefined' } },
    'origin-not-allowed',
  ],
]

test.each(rows)('%s', (_what, settings, asked, expected) => {
  expect(admit(settings, asked)).toBe(expected)
})

test('hosts and addresses are read strictly', () => {
  expect(['LOCALHOST:1', '[::1]:3200', '1.2.3.4', 'a..b', 'a b', 'x:y', '', 'user@host'].map(hostNameOf)).toEqual([
    'localhost',
    '::1',
    '1.2.3.4',
    'a..b',
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  const addresses = [
    '10.1.2.3',
    '172.16.0.1',
    '172.32.0.1',
    '192.168.0.1',
    '169.254.1.1',
    '127.0.0.1',
    '::1',
    'fd00::1',
    'fe80::1',
    '2001:db8::1',
    '11.0.0.1',
  ]
  expect(addresses.filter(isPrivateAddress)).toEqual([
    '10.1.2.3',
    '172.16.0.1',
    '192.168.0.1',
    '169.254.1.1',
    '127.0.0.1',
    '::1',
    'fd00::1',
    'fe80::1',
  ])
})
