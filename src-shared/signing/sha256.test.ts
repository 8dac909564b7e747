import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { fromBase64Url, hmacSha256, sha256, toBase64Url, toHex } from './sha256.ts'

const RANDOM_INPUTS = 5_000

test('the vectors of FIPS 180-4 and RFC 4231', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
  expect(toHex(sha256(bytes('')))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(toHex(sha256(bytes('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(toHex(hmacSha256(bytes('Jefe'), bytes('what do ya want for nothing?')))).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})

test('every length around the borders of a block', () => {
  for (let length = 0; length <= 300; length++) {
    const message = randomBytes(length)
    expect(toHex(sha256(message)), String(length)).toBe(createHash('sha256').update(message).digest('hex'))
  }
})

test(`${RANDOM_INPUTS} random messages and keys: the same as node:crypto`, () => {
  for (let n = 0; n < RANDOM_INPUTS; n++) {
    const [key, message] = [randomBytes(randomInt(0, 200)), randomBytes(randomInt(0, 2_000))]
    const mac = hmacSha256(key, message)
    expect(Buffer.from(mac).equals(createHmac('sha256', key).update(message).digest())).toBe(true)
    const encoded = toBase64Url(message)
    expect(encoded).toBe(message.toString('base64url'))
    expect(Buffer.from(fromBase64Url(encoded)).equals(message)).toBe(true)
  }
})

test('a message of 16 MiB, and letters that are none', () => {
  const message = randomBytes(16 * 1_048_576)
  expect(toHex(sha256(message))).toBe(createHash('sha256').update(message).digest('hex'))
  expect(() => fromBase64Url('ab+/')).toThrow(RangeError)
})
