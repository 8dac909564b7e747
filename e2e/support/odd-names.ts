const DEPTHS = [1, 2, 3, 8]
const TARGETS = ['etc/passwd', 'system.db', 'keys/server-keys.json', 'config/tls/ca.key', 'windows\\win.ini']
/** Ways to write "one folder up". The second half is written as it goes into the address. */
const UPS = ['../', '..\\', './../', '....//', '..;/', '..\u2215', '\uff0e\uff0e\uff0f', '..\u0000/']
const ENCODED_UPS = [
  '%2e%2e%2f',
  '..%2f',
  '..%5c',
  '%2e%2e/',
  '%252e%252e%252f',
  '%c0%ae%c0%ae/',
  '..%c0%af',
  '%uff0e%uff0e/',
]
const DEVICES = [
  'CON',
  'PRN',
  'AUX',
  'NUL',
  'CLOCK$',
  ...Array.from({ length: 9 }, (_, n) => [`COM${n + 1}`, `LPT${n + 1}`]).flat(),
]
const TAILS = ['', '.', '. ', '.txt', '::$DATA', ' ', '.json.']
const HIDDEN = [
  '\u202e',
  '\u200b',
  '\ufeff',
  '\u2066',
  '\u00ad',
  '\u0301',
  '\u0000',
  '\u0007',
  '\u001b[2J',
  '\u007f',
  '\u0085',
  '\u2028',
]
const MEMBERS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'then',
  'length',
]
const PHRASES = [
  "' OR 1=1--",
  '"; DROP TABLE people;--',
  "x' UNION SELECT password_hash FROM people--",
  "'||(SELECT 1)||'",
  '%',
  '_',
  '*',
  '?',
  '#',
  '$(id)',
  '`id`',
  '|id',
  ';id',
  '&id',
  '$' + '{7*7}',
  '{{7*7}}',
  '<%= 7*7 %>',
  '<script>alert(1)</script>',
  'javascript:alert(1)',
  '\r\nSet-Cookie: odd=1',
  '\nHTTP/1.1 200 OK',
  'null',
  'undefined',
  'NaN',
  'true',
  '-1',
  '1e309',
  '9'.repeat(400),
  '0x10',
  '[]',
  '{}',
  '[object Object]',
  'a,b',
  'a b',
  '~root',
  '~',
  '.',
  '..',
  '...',
  ' ',
  '-',
  '--help',
  'file:///etc/passwd',
  'http://169.254.169.254/',
  '//evil.example',
  '\\\\server\\share',
  'C:\\Windows\\win.ini',
  'C:',
  '/etc/passwd',
  '/dev/zero',
  '/proc/self/environ',
  'COM¹',
  'é',
  'e\u0301',
  'ﬁ',
  'İ',
  'ß',
  '😀',
  'ﷺ'.repeat(20),
  '\u{10ffff}',
]
const LONG = [
  'a'.repeat(4_096),
  '../'.repeat(1_365),
  '%2e'.repeat(1_365),
  'é'.repeat(2_048),
  '\u202e'.repeat(1_000),
  '.'.repeat(4_096),
  'a/'.repeat(2_048),
]

/** A name as it stands in an address: percent-encoded, or as an attacker writes it. */
export interface OddName {
  readonly text: string
  readonly inPath: string
}

/** reliability.md T18: names that lead elsewhere, mean something to a system, hide something or are huge; all different. */
export function oddNames(): OddName[] {
  const texts = [
    ...TARGETS.flatMap((target) => UPS.flatMap((up) => DEPTHS.map((depth) => `${up.repeat(depth)}${target}`))),
    ...DEVICES.flatMap((device) => TAILS.map((tail) => `${device}${tail}`)),
    ...HIDDEN.flatMap((hidden) => [hidden, `dar${hidden}`, `${hidden}dar`, `d${hidden}ar`]),
    ...MEMBERS,
    ...PHRASES,
    ...LONG,
  ]
  const encoded = texts.map((text) => ({ text, inPath: encodeURIComponent(text) }))
  const raw = TARGETS.flatMap((target) =>
    ENCODED_UPS.flatMap((up) => DEPTHS.map((depth) => `${up.repeat(depth)}${target.replace('\\', '%5c')}`)),
  )
  const broken = ['%', '%zz', '%e9', '%ed%a0%80', '%f5%80%80%80', '%00', 'a%00b', '%0d%0a', '%c3%28', '%2', 'dar%']
  const names = [...encoded, ...[...raw, ...broken].map((text) => ({ text, inPath: text }))]
  return [...new Map(names.map((name) => [name.inPath, name])).values()]
}
