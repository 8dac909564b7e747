/**
 * SHA-256 (FIPS 180-4) and HMAC (RFC 2104) in plain JavaScript, for pages that came by plain http: browsers keep
 * `crypto.subtle` from them. The server uses node:crypto; a test holds the two equal.
 */

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32
const [INITIAL_STATE, ROUND_CONSTANTS] = makeConstants()

/** 32 bytes. */
export function sha256(message: Uint8Array): Uint8Array {
  const state = INITIAL_STATE.slice()
  const words = new Uint32Array(64)
  const padded = pad(message)
  for (let offset = 0; offset < padded.byteLength; offset += BLOCK_BYTES) compress(state, words, padded, offset)
  const digest = new DataView(new ArrayBuffer(DIGEST_BYTES))
  for (let index = 0; index < 8; index++) digest.setUint32(index * 4, state[index]!)
  return new Uint8Array(digest.buffer)
}

/** 32 bytes. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES)
  block.set(key.length > BLOCK_BYTES ? sha256(key) : key)
  const inner = sha256(join(block.map(xorWith(0x36)), message))
  return sha256(join(block.map(xorWith(0x5c)), inner))
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** RFC 4648 section 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let index = 0; index < bytes.length; index += 3) {
    const group = (bytes[index]! << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    const letters = Math.min(4, bytes.length - index + 1)
    for (let letter = 0; letter < letters; letter++) text += LETTERS[(group >> (18 - 6 * letter)) & 63]
  }
  return text
}

/** @throws RangeError for a letter that is none of base64url. */
export function fromBase64Url(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let group = 0
  let count = 0
  for (let index = 0; index < text.length; index++) {
    const value = LETTERS.indexOf(text[index]!)
    if (value < 0) throw new RangeError('not base64url')
    group = ((group << 6) | value) & 0xffffff
    // Every letter but the first of four completes a byte.
    if (index % 4 !== 0) bytes[count++] = group >> (2 * (3 - (index % 4)))
  }
  return bytes
}

const xorWith =
  (mask: number) =>
  (byte: number): number =>
    byte ^ mask

function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + right.length)
  joined.set(left)
  joined.set(right, left.length)
  return joined
}

/** The message, one bit, zeros, and its length in bits as 64-bit number: whole blocks. */
function pad(message: Uint8Array): DataView {
  const { length } = message
  const padded = new Uint8Array((Math.floor((length + 8) / BLOCK_BYTES) + 1) * BLOCK_BYTES)
  padded.set(message)
  padded[length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(length / 0x2000_0000))
  view.setUint32(padded.length - 4, length * 8)
  return view
}

function compress(state: Uint32Array, words: Uint32Array, message: DataView, offset: number): void {
  for (let t = 0; t < 16; t++) words[t] = message.getUint32(offset + t * 4)
  for (let t = 16; t < 64; t++) {
    const [late, early] = [words[t - 2]!, words[t - 15]!]
    const sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
    const sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
    words[t] = sigma1 + words[t - 7]! + sigma0 + words[t - 16]!
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let t = 0; t < 64; t++) {
    const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const choice = (e & f) ^ (~e & g)
    const first = h + sum1 + choice + ROUND_CONSTANTS[t]! + words[t]!
    const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const second = sum0 + majority
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + second) | 0
  }
  const worked = [a, b, c, d, e, f, g, h]
  for (let index = 0; index < 8; index++) state[index] = state[index]! + worked[index]!
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

/** The first 32 bits of the fractions of the square roots of 8 primes and of the cube roots of 64. */
function makeConstants(): [Uint32Array, Uint32Array] {
  const primes: number[] = []
  for (let candidate = 2; primes.length < 64; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  const fractionOf = (value: number): number => (value % 1) * 2 ** 32
  return [
    Uint32Array.from(primes.slice(0, 8), (prime) => fractionOf(Math.sqrt(prime))),
    Uint32Array.from(primes, (prime) => fractionOf(Math.cbrt(prime))),
  ]
}
