import { AppError } from '../../../src-shared/errors.ts'

/** What is asked without encryption. */
export interface PlainRequest {
  method: string
  /** Without query. */
  path: string
  /** TLS with this server, or with a trusted proxy in front of it. */
  isSecure: boolean
  /** From this machine, no proxy in between. */
  isLoopback: boolean
  /** A person opens a page: the browser says so. */
  isNavigation: boolean
  /** Carries a signature (signed-request.ts), which is still to be verified. */
  isSigned: boolean
}

export interface PlainHttpRules {
  /** The first manager exists. */
  isClosed: boolean
  /** https is served: there is somewhere to send pages to. */
  isHttpsServed: boolean
  redirect: boolean
  /** Setting with a warning: devices that sign each request with their key from the pairing. */
  allowsSigned: boolean
  /** Setting with a warning: older clients of private addresses, which know nothing of https. */
  isOpenLan: boolean
}

export type PlainVerdict = 'serve' | 'redirect' | 'verify-signature' | 'refuse'

const PUBLIC_PATHS = new Set(['/healthz', '/livez', '/readyz', '/trust', '/pair', '/api/pair'])
const PUBLIC_FOLDERS = ['/trust/', '/pair/', '/api/pair/']
/** A signature hides nothing: what carries passwords or hands tokens out is not for plain http, nor is management. */
const NEVER_SIGNED = ['/api/auth/', '/api/manage/']
/** Files without data, which a device that signs has to come by. The console is not for plain http. */
const PAGES_OF_DEVICES = /^\/(?:pos|kds|static)(?:\/|$)/
const SIGNED_ALL_THE_SAME = new Set(['/api/auth/login', '/api/auth/logout', '/api/auth/me', '/api/auth/state'])

/**
 * What plain http may serve once a manager exists: this machine, health, and how a device comes to be paired and to trust
 * the branch. Everything else could be read and changed by whoever shares the Wi-Fi.
 *
 * Pages are sent to https where that is asked for, before a manager exists too; data never is: its request, and the token
 * in it, would have been on the air already.
 */
export function judgePlainHttp(request: PlainRequest, rules: PlainHttpRules): PlainVerdict {
  if (request.isSecure || isPublicPath(request.path) || request.method === 'OPTIONS') return 'serve'
  if (rules.isClosed && rules.allowsSigned && request.isSigned && maySign(request.path)) return 'verify-signature'
  if (request.isLoopback) return 'serve'
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  const isPage = request.isNavigation && isRead
  if (rules.redirect && rules.isHttpsServed && isPage) return 'redirect'
  if (!rules.isClosed || rules.isOpenLan) return 'serve'
  return rules.allowsSigned && isRead && PAGES_OF_DEVICES.test(request.path) ? 'serve' : 'refuse'
}

function maySign(path: string): boolean {
  return SIGNED_ALL_THE_SAME.has(path) || !NEVER_SIGNED.some((folder) => path.startsWith(folder))
}

function isPublicPath(path: string): boolean {
  return PUBLIC_PATHS.has(path) || PUBLIC_FOLDERS.some((folder) => path.startsWith(folder))
}

/** @param signing - What a device needs to sign; where that is allowed. */
export function httpsRequired(signing?: { instanceId: string; now: number }): AppError {
  return new AppError('https-required', 'The branch serves this to other devices by https only.', {
    ...(signing && { details: { signing } }),
    hint: 'Open /trust on this device and follow it, then use the https address.',
  })
}
