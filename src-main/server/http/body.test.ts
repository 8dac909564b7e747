import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { isAppError } from '../../../src-shared/errors.ts'
import { readJsonBody } from './body.ts'

const limits = { maxBytes: 2_000, maxDepth: 64 }
let server: Server | undefined
afterEach(() => new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined))))

interface Sent {
  headers?: Record<string, string>
  chunks: (string | Buffer)[]
}

/** What a server makes of a body that arrives in exactly these chunks. */
async function read(sent: Sent): Promise<unknown> {
  let seen: (value: unknown) => void
  const answer = new Promise<unknown>((resolve) => {
    seen = resolve
  })
  server = createServer((incoming: IncomingMessage, response) => {
    readJsonBody(incoming, limits).then(
      (value) => seen({ value }),
      (error: unknown) => seen(isAppError(error) ? error.code : error),
    )
    void answer.then(() => response.setHeader('connection', 'close').end())
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const outgoing = httpRequest({
    port,
    method: 'POST',
    headers: { 'content-type': 'application/json', ...sent.headers },
  })
  outgoing.on('error', () => undefined)
  outgoing.on('response', (response) => response.resume())
  for (const chunk of sent.chunks) {
    outgoing.write(chunk)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  outgoing.end()
  return answer
}

const arabic = Buffer.from(JSON.stringify({ name: 'قهوة عربية' }))
const rows: [string, Sent, unknown][] = [
  ['an object', { chunks: ['{"a":1}'] }, { value: { a: 1 } }],
  ['nothing', { headers: { 'content-length': '0' }, chunks: [] }, { value: undefined }],
  [
    'a chunk border inside a letter',
    { chunks: [arabic.subarray(0, 10), arabic.subarray(10, 11), arabic.subarray(11)] },
    { value: { name: 'قهوة عربية' } },
  ],
  ['a byte order mark', { chunks: ['\ufeff{"a":1}'] }, { value: { a: 1 } }],
  ['bytes that are no UTF-8', { chunks: [Buffer.from([0x22, 0xc3, 0x28, 0x22])] }, 'invalid-json'],
  ['no JSON', { chunks: ['{"a":'] }, 'invalid-json'],
  [
    'a form',
    { headers: { 'content-type': 'application/x-www-form-urlencoded' }, chunks: ['a=1'] },
    'unsupported-media-type',
  ],
  [
    'another charset',
    { headers: { 'content-type': 'application/json; charset=utf-16' }, chunks: ['{}'] },
    'unsupported-media-type',
  ],
  [
    'a named charset',
    { headers: { 'content-type': 'application/json; charset=UTF-8' }, chunks: ['{}'] },
    { value: {} },
  ],
  ['a compressed body', { headers: { 'content-encoding': 'gzip' }, chunks: ['{}'] }, 'unsupported-media-type'],
  ['too much, announced', { headers: { 'content-length': '5000' }, chunks: [] }, 'body-too-large'],
  ['too much, in chunks', { chunks: ['"', 'x'.repeat(1500), 'x'.repeat(1500)] }, 'body-too-large'],
  ['64 levels', { chunks: ['['.repeat(64) + ']'.repeat(64)] }, { value: expect.anything() }],
  ['65 levels', { chunks: ['['.repeat(65) + ']'.repeat(65)] }, 'body-too-deep'],
  ['900 open brackets', { chunks: ['['.repeat(900)] }, 'body-too-deep'],
  ['brackets in text', { chunks: [`"${'[{'.repeat(90)}\\"["`] }, { value: `${'[{'.repeat(90)}"[` }],
]

test.each(rows)('a body with %s', async (_what, sent, expected) => {
  expect(await read(sent)).toEqual(expected)
})

test('keys that would change a prototype are dropped, however they are spelled', async () => {
  const chunks = ['{"a":{"__proto__":{"evil":1}},"\\u005f_proto__":{"evil":2},"b":[{"__proto__":1,"c":2}]}']
  const { value } = (await read({ chunks })) as { value: Record<string, unknown> }
  expect(value).toStrictEqual({ a: {}, b: [{ c: 2 }] })
  expect(Object.assign({}, value)).not.toHaveProperty('evil')
})
