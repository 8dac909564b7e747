import { z } from 'zod'
import { AppError, isAppError } from '../../../src-shared/errors.ts'
import type { OidcSettings } from '../../access/oidc/oidc-settings.ts'
import { FLOW_MS } from '../../access/oidc/oidc-sign-in.ts'
import { originOf } from '../../access/sign-in/lockout.ts'
import { requireAtLeast } from '../../access/sign-in/may-manage.ts'
import { type HeaderList, writeAnswer } from './answer.ts'
import { giveCookie, note, noteFor, openSession } from './auth-routes.ts'
import type { Call } from './call.ts'
import { reasonText, requireClosed } from './people-routes.ts'
import { type Route, route } from './route.ts'

const SETTINGS = '/api/manage/oidc'
const CALLBACK = '/api/auth/oidc/callback'
const FLOW_COOKIE = 'mishkah_oidc'

const text = z.string().min(1).max(256)
const settingsBody = z.object({
  issuer: z.url().max(512).describe('Address of the provider; https'),
  clientId: text,
  clientSecret: text.optional().describe('Absent keeps the one that is known'),
  label: z.string().min(1).max(60).optional().describe('What the button says'),
  claim: z.enum(['sub', 'email', 'preferred_username', 'upn']).describe('What names the person'),
  people: z.record(z.string().max(256), z.string().max(128)).describe('Value of the claim -> user name'),
  newPersonRole: z.string().max(64).nullable().optional().describe('Makes a person for an unknown value; null: nobody'),
  reason: reasonText,
})
const settingsShape = z
  .looseObject({ issuer: z.string(), clientId: z.string(), hasClientSecret: z.boolean() })
  .nullable()

/** Managers sign in at the OpenID provider of their company. Optional: passwords go on, and need no internet. */
export const oidcRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: SETTINGS,
    tag: 'Access',
    permission: 'manage:people',
    scope: 'server',
    summary: 'The provider at which managers may sign in, without its secret',
    answers: { 200: { description: 'null where none is set up', schema: z.object({ provider: settingsShape }) } },
    handle: (call) => call.send(200, { provider: toView(call.services.access.oidc.find()) }),
  }),
  route({
    method: 'PUT',
    path: SETTINGS,
    tag: 'Access',
    permission: 'manage:people',
    scope: 'server',
    summary: 'Sets the provider up; it is looked up before it is kept',
    body: settingsBody,
    answers: { 200: { description: 'The provider', schema: z.object({ provider: settingsShape }) } },
    errors: ['sign-in-unavailable', 'person-not-found', 'role-not-found', 'forbidden'],
    async handle(call, { body }) {
      requireClosed(call)
      requireAdministrator(call)
      const { reason, label = 'OpenID Connect', newPersonRole = null, ...rest } = body
      const { oidc, identity } = call.services.access
      await oidc.configure({ ...rest, label, newPersonRole }, () => identity.confirm(call.principal))
      note(call, 'oidc.configure', rest.issuer, { reason })
      call.send(200, { provider: toView(oidc.find()) })
    },
  }),
  route({
    method: 'DELETE',
    path: SETTINGS,
    tag: 'Access',
    permission: 'manage:people',
    scope: 'server',
    summary: 'Nobody signs in at a provider any more; sessions that began so go on',
    query: z.object({ reason: reasonText }),
    answers: { 200: { description: 'Removed', schema: z.object({ provider: z.null() }) } },
    errors: ['forbidden'],
    handle(call, { query }) {
      requireAdministrator(call)
      call.services.access.oidc.remove()
      note(call, 'oidc.remove', 'provider', { reason: query.reason })
      call.send(200, { provider: null })
    },
  }),
  route({
    method: 'GET',
    path: '/api/auth/oidc/start',
    tag: 'Access',
    permission: 'public',
    summary: 'Sends the browser to the provider',
    query: z.object({ returnTo: z.string().optional().describe('Path of this server to come back to; /console/') }),
    answers: { 303: { description: 'To the provider' } },
    errors: ['not-found', 'sign-in-unavailable'],
    async handle(call, { query }) {
      const origin = originOf(null, call.network.address)
      const { oidc } = call.services.access
      const { url, flowId } = await oidc.start(callbackUri(call), localPath(query.returnTo), origin)
      redirect(call, url, ['Set-Cookie', flowCookie(call, flowId)])
    },
  }),
  route({
    method: 'GET',
    path: CALLBACK,
    tag: 'Access',
    permission: 'public',
    summary: 'The provider sends the browser back here; gives the cookie of a signed-in session',
    answers: { 303: { description: 'To the page that began it; `signInError` names the code of a failure' } },
    errors: ['sign-in-failed', 'sign-in-unavailable'],
    handle: finish,
  }),
]

async function finish(call: Call): Promise<void> {
  const { oidc, audit } = call.services.access
  const forgetFlow = ['Set-Cookie', flowCookie(call, null)]
  try {
    const { person, returnTo } = await oidc.finish(flowOf(call), call.search)
    const { session } = openSession(call, { personId: person.id, deviceId: null, method: 'oidc' })
    noteFor(call, person, 'person.sign-in', { details: { kind: 'oidc' } })
    redirect(call, returnTo, [...forgetFlow, ...giveCookie(call, session.id)])
  } catch (error) {
    if (!isAppError(error)) throw error
    call.services.log.warn('oidc-sign-in-failed', { code: error.code, reason: reasonOf(error.cause ?? error) })
    const { address } = call.network
    const actor = { id: null, name: '(unknown)', deviceId: null, address }
    audit.recordDenial({ action: 'person.sign-in', actor, reason: error.code, details: { kind: 'oidc' } })
    redirect(call, `/console/?signInError=${error.code}`, forgetFlow)
  }
}

/** For the log: what the library found, never what the provider sent. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown'
  return 'code' in cause ? `${cause.message} (${String(cause.code)})` : cause.message
}

/** Whoever maps accounts to people can become any of them. */
function requireAdministrator(call: Call): void {
  requireAtLeast(call.principal, call.services, ['admin'], null)
}

/** The Host is one of our names: admission has seen to that. */
function callbackUri(call: Call): string {
  return `${call.network.isSecure ? 'https' : 'http'}://${call.header('host')}${CALLBACK}`
}

/** Nothing but a path of ours: a link must not lead elsewhere with our name on it. */
function localPath(path: string | undefined): string {
  if (path === undefined) return '/console/'
  if (path.length <= 200 && /^\/(?!\/)[\w\-./]*$/.test(path)) return path
  throw new AppError('invalid-request', 'returnTo must be a path of this server.')
}

function flowOf(call: Call): string {
  const value = /(?:^|;\s*)mishkah_oidc=([\w-]{43})(?:;|$)/.exec(call.header('cookie') ?? '')?.[1]
  return value ?? ''
}

/** Lax, since the browser comes back from another site; it is worth nothing but the end of its own sign-in. */
function flowCookie(call: Call, flowId: string | null): string {
  const parts = [`${FLOW_COOKIE}=${flowId ?? ''}`, 'Path=/api/auth/oidc', 'HttpOnly', 'SameSite=Lax']
  parts.push(`Max-Age=${flowId === null ? 0 : FLOW_MS / 1000}`)
  if (call.network.isSecure) parts.push('Secure')
  return parts.join('; ')
}

function redirect(call: Call, location: string, headers: HeaderList): void {
  const answer = { status: 303, type: 'text/plain', headers: ['Location', location, ...headers] }
  writeAnswer(call.response, answer, call.common)
}

function toView(settings: OidcSettings | undefined): object | null {
  if (!settings) return null
  const { clientSecret, ...open } = settings
  return { ...open, hasClientSecret: clientSecret !== undefined }
}
