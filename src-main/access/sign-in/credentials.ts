import type { IncomingMessage } from 'node:http'

/** What a request shows of itself. */
export type Credential = { kind: 'bearer'; token: string } | { kind: 'cookie'; value: string }

/** Of browsers on our own origin, whose pages know nothing of tokens. */
export const COOKIE_NAME = 'mishkah_session'
const COOKIE_DAYS = 180

/** `Authorization: Bearer`, the sub-protocol `bearer.<token>` of an upgrade, or the cookie; in this order. */
export function readCredential({ headers }: IncomingMessage): Credential | undefined {
  const { authorization, cookie } = headers
  const protocols = headers['sec-websocket-protocol']
  const token =
    (authorization && /^Bearer +(\S+)$/i.exec(authorization)?.[1]) ??
    (protocols && /(?:^|[\s,])bearer\.([^\s,]+)/.exec(protocols)?.[1])
  if (token) return { kind: 'bearer', token }
  const value = cookie && /(?:^|;\s*)mishkah_session=([\w-]{1,128})(?:;|$)/.exec(cookie)?.[1]
  return value ? { kind: 'cookie', value } : undefined
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Whether a request that only the cookie proves comes from a page of ours: browsers add the cookie by themselves, also
 * for a page on another port of this machine, which SameSite lets pass.
 *
 * A write needs our own Origin, or a header that pages of other origins cannot send without asking (which we refuse
 * them). A socket always has an Origin.
 */
export function isFromOwnPage(request: IncomingMessage, isOwnOrigin: boolean): boolean {
  const { headers, method = '' } = request
  if (headers.upgrade !== undefined) return isOwnOrigin && headers.origin !== undefined
  if (SAFE_METHODS.has(method)) return true
  return isOwnOrigin && (headers.origin !== undefined || headers['mishkah-protocol'] !== undefined)
}

/** Set-Cookie that gives, or with null takes, the cookie. */
export function cookieHeader(value: string | null, isSecure: boolean): string {
  const parts = [`${COOKIE_NAME}=${value ?? ''}`, 'Path=/', 'HttpOnly', 'SameSite=Strict']
  parts.push(`Max-Age=${value === null ? 0 : COOKIE_DAYS * 86_400}`)
  if (isSecure) parts.push('Secure')
  return parts.join('; ')
}
