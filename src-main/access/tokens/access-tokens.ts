import { AppError } from '../../../src-shared/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ServerKeys } from './key-file.ts'

export const ACCESS_TOKEN_MS = 15 * 60_000
/** Clocks of a branch go wrong by minutes. */
export const CLOCK_LEEWAY_MS = 5 * 60_000

/** The only algorithm that is made or taken. RFC 8725, 3.1. */
const ALGORITHM = 'EdDSA'
const AUDIENCE = 'mishkah'
const TYPE = 'at+jwt'
const MAX_TOKEN = 2_048
const MAX_REMEMBERED = 5_000

/** What a token proves: that the server opened this session for this device. Rights are looked up at each request. */
export interface AccessClaims {
  sessionId: string
  deviceId: string | null
  /** Milliseconds since 1970. */
  expiresAt: number
}

type Jose = typeof import('jose')
type Key = Awaited<ReturnType<Jose['importJWK']>>

let loading: Promise<Jose> | undefined
/** Loaded with the first token: a branch without people has none, and it costs a start 15 MB and a tenth of a second. */
function loadJose(): Promise<Jose> {
  loading ??= import('jose')
  return loading
}

/** Makes and checks access tokens: JWTs signed with Ed25519. */
export class AccessTokens {
  readonly #issuer: string
  readonly #clock: Clock
  readonly #keys: ServerKeys['signing']
  readonly #imported = new Map<string, Promise<Key>>()
  /** Tokens whose signature was checked. Oldest first. */
  readonly #verified = new Map<string, AccessClaims>()

  /** @param issuer - Of this data folder, so that tokens of another branch are not taken. */
  constructor(keys: ServerKeys, issuer: string, clock: Clock) {
    if (keys.signing.length === 0) throw new Error('there is no key to sign with')
    this.#keys = keys.signing
    this.#issuer = issuer
    this.#clock = clock
  }

  async issue(session: { id: string; personId: string | null; deviceId: string | null }): Promise<string> {
    const { kid, jwk } = this.#keys[0]!
    const { importJWK, SignJWT } = await loadJose()
    const key = await importJWK(jwk, ALGORITHM)
    const seconds = Math.floor(this.#clock.now() / 1000)
    return await new SignJWT({ sid: session.id, ...(session.deviceId !== null && { did: session.deviceId }) })
      .setProtectedHeader({ alg: ALGORITHM, kid, typ: TYPE })
      .setIssuer(this.#issuer)
      .setAudience(AUDIENCE)
      .setSubject(session.personId ?? session.deviceId ?? session.id)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + ACCESS_TOKEN_MS / 1000)
      .sign(key)
  }

  /**
   * The claims of a token that was checked before and still holds; undefined asks for `verify`. Needs no cryptography, so
   * that a till's hundredth request costs a look into a map.
   */
  findVerified(token: string): AccessClaims | undefined {
    const claims = this.#verified.get(token)
    if (!claims) return undefined
    if (claims.expiresAt + CLOCK_LEEWAY_MS > this.#clock.now()) return claims
    this.#verified.delete(token)
    return undefined
  }

  /** @throws AppError `token-invalid`, `token-expired`. */
  async verify(token: string): Promise<AccessClaims> {
    const known = this.findVerified(token)
    if (known) return known
    if (token.length > MAX_TOKEN) throw invalid()
    const { errors, jwtVerify } = await loadJose()
    try {
      const { payload } = await jwtVerify(token, (header) => this.#keyOf(header.kid), {
        algorithms: [ALGORITHM],
        issuer: this.#issuer,
        audience: AUDIENCE,
        typ: TYPE,
        requiredClaims: ['sid', 'sub', 'exp', 'iat'],
        clockTolerance: CLOCK_LEEWAY_MS / 1000,
        currentDate: new Date(this.#clock.now()),
      })
      const { sid, did, exp } = payload
      if (typeof sid !== 'string' || (did !== undefined && typeof did !== 'string')) throw invalid()
      const claims = { sessionId: sid, deviceId: did ?? null, expiresAt: exp! * 1000 }
      this.#remember(token, claims)
      return claims
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new AppError('token-expired', 'The access token has expired.')
      if (error instanceof errors.JOSEError || error instanceof AppError) throw invalid(error)
      throw error
    }
  }

  async #keyOf(kid: string | undefined): Promise<Key> {
    const known = this.#keys.find((key) => key.kid === kid)
    if (!known) throw invalid()
    let key = this.#imported.get(known.kid)
    if (!key) {
      const { d: _private, ...jwk } = known.jwk
      key = loadJose().then(({ importJWK }) => importJWK(jwk, ALGORITHM))
      this.#imported.set(known.kid, key)
    }
    return await key
  }

  #remember(token: string, claims: AccessClaims): void {
    if (this.#verified.size >= MAX_REMEMBERED) this.#verified.delete(this.#verified.keys().next().value!)
    this.#verified.set(token, claims)
  }
}

function invalid(cause?: unknown): AppError {
  return new AppError('token-invalid', 'The access token is not one of this server.', { cause })
}
