import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** What an attacker knows: a token of their own, and the server's public key. */
export interface Known {
  token: string
  /** Of the server's signing key, base64url. */
  publicX: string
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const decode = (part = ''): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString())

/** Order of the group of Ed25519, for signatures that are the same modulo it. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/**
 * Tokens that a careless verifier takes: no signature, another algorithm, the public key as a secret, keys that the token
 * brings along, changed claims, and signatures that are almost right. All different.
 */
export function forgeTokens({ token, publicX }: Known): [what: string, token: string][] {
  const [headPart = '', bodyPart = '', signature = ''] = token.split('.')
  const head = decode(headPart)
  const body = decode(bodyPart)
  const forged = new Map<string, string>()
  const add = (what: string, value: string): void => void forged.set(what, value)
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: publicX }
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' })

  for (const alg of [
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    'null',
    'EdDSA ',
    'eddsa',
    'Ed25519',
    'Ed448',
    null,
    0,
    [],
    {},
  ]) {
    const start = `${encode({ ...head, alg })}.${bodyPart}`
    for (const end of ['', signature, encode('x')])
      add(`alg ${JSON.stringify(alg)} with "${end.slice(0, 4)}"`, `${start}.${end}`)
    add(`alg ${JSON.stringify(alg)} without a signature`, start)
  }
  const secrets: Record<string, string | Buffer> = {
    'the letters of the key': publicX,
    'the bytes of the key': Buffer.from(publicX, 'base64url'),
    'the JWK': JSON.stringify(jwk),
    'the PEM': publicKey.export({ type: 'spki', format: 'pem' }) as string,
    'the DER': publicKey.export({ type: 'spki', format: 'der' }),
    nothing: '',
  }
  for (const [bits, hash] of [
    ['256', 'sha256'],
    ['384', 'sha384'],
    ['512', 'sha512'],
  ] as const) {
    for (const [what, secret] of Object.entries(secrets)) {
      const text = `${encode({ ...head, alg: `HS${bits}` })}.${bodyPart}`
      add(`HS${bits} with ${what}`, `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`)
    }
  }
  const own = generateKeyPairSync('ed25519')
  const ownJwk = own.publicKey.export({ format: 'jwk' })
  const bySelf = (header: object, claims: object = body, key: KeyObject = own.privateKey): string => {
    const text = `${encode({ ...head, ...header })}.${encode(claims)}`
    return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`
  }
  add('a key of their own', bySelf({}))
  for (const header of [
    { jwk: ownJwk },
    { jku: 'https://evil.example/keys' },
    { x5u: 'https://evil.example/cert' },
    { x5c: ['MIIB'] },
    { kid: 'unknown' },
    { kid: '../../../../dev/null' },
    { kid: "' OR 1=1--" },
    { kid: '' },
    { kid: null },
    { kid: ['one'] },
    { kid: 0 },
    { kid: '__proto__' },
    { crit: ['exp'] },
    { crit: ['b64'], b64: false },
    { zip: 'DEF' },
    { enc: 'A256GCM' },
    { typ: 'JWT' },
    { typ: 'refresh+jwt' },
    { cty: 'JWT' },
  ]) {
    add(`signed by themselves, ${JSON.stringify(header)}`, bySelf({ jwk: ownJwk, ...header }))
    add(`head changed, ${JSON.stringify(header)}`, `${encode({ ...head, ...header })}.${bodyPart}.${signature}`)
  }
  for (const claims of [
    { sub: 'admin' },
    { sub: ['admin'] },
    { sid: 'session-1' },
    { sid: null },
    { did: 'device-1' },
    { exp: 9_999_999_999 },
    { exp: '9999999999' },
    { exp: -1 },
    { exp: null },
    { iat: 0 },
    { nbf: 9_999_999_999 },
    { iss: 'mishkah:other' },
    { aud: ['mishkah', 'other'] },
    { aud: '*' },
    { permissions: ['*'] },
    { role: 'admin' },
    { __proto__: null, admin: true },
  ]) {
    const changed = { ...body, ...claims }
    add(`claims ${JSON.stringify(claims)}`, `${headPart}.${encode(changed)}.${signature}`)
    add(`claims ${JSON.stringify(claims)}, signed by themselves`, bySelf({}, changed))
  }
  const bytes = Buffer.from(signature, 'base64url')
  for (let index = 0; index < 64; index++) {
    const flipped = Buffer.from(bytes)
    flipped[index]! ^= 1 << (index % 8)
    add(`a bit of byte ${index}`, `${headPart}.${bodyPart}.${flipped.toString('base64url')}`)
  }
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + ORDER
  const big = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
  const ends: Record<string, Buffer> = {
    'S + L': Buffer.concat([bytes.subarray(0, 32), big]),
    zeros: Buffer.alloc(64),
    half: bytes.subarray(0, 32),
    'one more byte': Buffer.concat([bytes, Buffer.from([0])]),
    twice: Buffer.concat([bytes, bytes]),
    random: randomBytes(64),
  }
  for (const [what, end] of Object.entries(ends))
    add(`signature ${what}`, `${headPart}.${bodyPart}.${end.toString('base64url')}`)
  for (const shape of [
    '',
    '.',
    '..',
    '...',
    `${token}.`,
    `.${token}`,
    `${token}.x.y`,
    `${headPart}.${bodyPart}`,
    headPart,
    'null',
    '{}',
  ]) {
    add(`the shape ${shape.slice(-12)} of ${shape.length}`, shape)
  }
  forged.delete('the shape  of 0')
  return [...forged]
}
