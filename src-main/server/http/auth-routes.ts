import { z } from 'zod'
import { AppError, isAppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { actorOf } from '../../access/audit/audit-log.ts'
import { endSession, endSessionsOf } from '../../access/open-access.ts'
import { toPersonView } from '../../access/people/people.ts'
import { httpsRequired } from '../../access/plain-http/plain-http-policy.ts'
import type { Principal } from '../../access/principal.ts'
import { cookieHeader } from '../../access/sign-in/credentials.ts'
import { originOf } from '../../access/sign-in/lockout.ts'
import type { OpenedSession, SessionMethod } from '../../access/tokens/sessions.ts'
import type { PersonRow, SessionRow } from '../../store/sqlite/access-tables.ts'
import type { HeaderList } from './answer.ts'
import type { Call } from './call.ts'
import { type Route, route } from './route.ts'

const secretText = z.string().min(1).max(1_024)
const userName = z.string().min(1).max(128)
const wantsCookie = z.boolean().optional().describe('Also set the HttpOnly cookie of pages of this server')

export const grantShape = z.looseObject({
  accessToken: z.string().describe('JWT, 15 minutes; `Authorization: Bearer`'),
  refreshToken: z.string().describe('Good once, for /api/auth/refresh'),
  expiresIn: z.int().describe('Seconds'),
})
const signedInShape = grantShape
  .partial()
  .extend({
    user: z.looseObject({ id: z.string(), user: z.string() }),
    permissions: z.array(z.string()),
    sessionId: z.string().describe('A device that signs its requests names it as the signer; it gets no tokens'),
  })
  .meta({ id: 'SignedIn' })

/** Signing in and out. The first five are open to whoever can name the server. */
export const authRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/auth/state',
    tag: 'Access',
    permission: 'public',
    summary: 'Whether the first manager was made',
    answers: {
      200: {
        description: 'The state; `oidc` where managers may sign in at a provider',
        schema: z.object({ isSetUp: z.boolean(), oidc: z.object({ label: z.string() }).optional() }),
      },
    },
    handle(call) {
      const { identity, oidc } = call.services.access
      const { label } = oidc
      call.send(200, { isSetUp: !identity.isOpen, ...(label !== undefined && { oidc: { label } }) })
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/setup',
    tag: 'Access',
    permission: 'public',
    summary: 'Makes the first manager, with the code that the terminal shows or from the window of this machine',
    body: z.object({
      code: z.string().max(64).optional(),
      user: userName.optional().describe('admin unless told'),
      name: z.string().max(200).optional(),
      password: secretText,
      pin: z.string().max(16).optional(),
      cookie: wantsCookie,
    }),
    answers: {
      201: {
        description: 'Signed in, with the code of the recovery kit to print',
        schema: signedInShape.extend({ recoveryCode: z.string() }),
      },
    },
    errors: ['setup-done', 'sign-in-failed', 'sign-in-locked', 'weak-secret', 'invalid-name'],
    async handle(call, { body }) {
      requireOwnPage(call, body.cookie)
      const { access } = call.services
      const origin = originOf(null, call.network.address)
      const { code, user, name, password, pin } = body
      const input = { code, user, name, password, pin, isDesktop: call.network.isDesktop, origin }
      const { person, recoveryCode } = await notingRefusal(call, 'person.first-manager', () =>
        access.firstManager.create(input),
      )
      noteFor(call, person, 'person.first-manager')
      access.noteClosed()
      await signInAs(call, person, 'password', { status: 201, wantsCookie: body.cookie, more: { recoveryCode } })
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/login',
    tag: 'Access',
    permission: 'public',
    summary: 'Signs in with a password, or on a paired device with a PIN',
    body: z
      .object({ user: userName, password: secretText.optional(), pin: secretText.optional(), cookie: wantsCookie })
      .refine(({ password, pin }) => (password === undefined) !== (pin === undefined), 'one of password and pin'),
    answers: { 200: { description: 'Signed in', schema: signedInShape } },
    errors: ['sign-in-failed', 'sign-in-locked', 'device-required', 'token-expired', 'token-invalid'],
    async handle(call, { body }) {
      const kind = body.pin === undefined ? 'password' : 'pin'
      // A signature hides nothing: no password and no cookie is for plain http. A PIN is good on this device only.
      if (call.signedBodyHash !== undefined && (kind === 'password' || body.cookie)) throw httpsRequired()
      requireOwnPage(call, body.cookie)
      // A device whose token has run out is told that, not that it was never paired.
      if (kind === 'pin' && call.identityError) throw call.identityError
      const deviceId = call.principalOrNone?.deviceId ?? null
      const { address } = call.network
      const secret = body.pin ?? body.password ?? ''
      const { signIn } = call.services.access
      const person = await signIn.prove({ user: body.user, kind, secret, deviceId, address })
      noteFor(call, person, 'person.sign-in')
      await signInAs(call, person, kind, { status: 200, wantsCookie: body.cookie })
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/refresh',
    tag: 'Access',
    permission: 'public',
    summary: 'A new access token for a refresh token, which is used up and replaced',
    body: z.object({
      refreshToken: z.string().max(256),
      requestId: z
        .string()
        .min(16)
        .max(128)
        .optional()
        .describe('Random; repeats the request when its answer was lost'),
    }),
    answers: { 200: { description: 'New tokens', schema: grantShape } },
    errors: ['token-invalid', 'refresh-reused', 'session-ended'],
    async handle(call, { body }) {
      const { access } = call.services
      const opened = access.sessions.refresh(body.refreshToken, body.requestId)
      // Also refuses when the person or the device is gone.
      const { deviceId } = access.identity.principalOf(opened.session, null)
      if (deviceId !== null) access.devices.noteSeen(deviceId, call.network.address)
      call.send(200, await access.grant(opened))
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/recover',
    tag: 'Access',
    permission: 'public',
    summary: 'A new password for an administrator, with the code of the recovery kit',
    body: z.object({ recoveryCode: z.string().max(128), user: userName.optional(), password: secretText }),
    answers: {
      200: {
        description: 'Signed in, with the next recovery code to print',
        schema: signedInShape.extend({ recoveryCode: z.string() }),
      },
    },
    errors: ['sign-in-failed', 'sign-in-locked', 'weak-secret'],
    async handle(call, { body }) {
      const { access } = call.services
      const origin = originOf(null, call.network.address)
      const input = { code: body.recoveryCode, user: body.user, password: body.password, origin }
      const { person, recoveryCode } = await notingRefusal(call, 'person.recover', () => access.recovery.recover(input))
      endSessionsOf(access, person, 'recovered', null)
      noteFor(call, person, 'person.recover')
      await signInAs(call, person, 'recovery', { status: 200, more: { recoveryCode } })
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/logout',
    tag: 'Access',
    permission: 'signed-in',
    summary: 'Ends this session: its tokens, its cookie and its sockets',
    answers: { 200: { description: 'Signed out', schema: z.object({ signedOut: z.boolean() }) } },
    handle(call) {
      const { sessionId } = call.principal
      const signedOut = sessionId !== null && call.services.access.sessions.end(sessionId, 'signed-out')
      if (signedOut) note(call, 'person.sign-out', call.principal.name)
      call.send(200, { signedOut }, ['Set-Cookie', cookieHeader(null, call.network.isSecure)])
    },
  }),
  route({
    method: 'GET',
    path: '/api/auth/me',
    tag: 'Access',
    permission: 'signed-in',
    summary: 'Whom this request acts for, and what it may do',
    answers: {
      200: { description: 'The caller', schema: z.looseObject({ kind: z.string(), permissions: z.array(z.string()) }) },
    },
    handle(call) {
      const { kind, uid, name, deviceId, roleId, branchIds, permissions, sessionId } = call.principal
      const person = uid === null ? undefined : call.services.access.people.find(uid)
      call.send(200, {
        ...{ kind, name, role: roleId, branches: branchIds, permissions, deviceId, sessionId },
        user: person ? toPersonView(person) : null,
        now: new Date().toISOString(),
      })
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/password',
    tag: 'Access',
    permission: 'signed-in',
    summary: 'Changes the own password or PIN; other sessions of the person end with a new password',
    body: z
      .object({
        current: secretText.describe('The password of now'),
        password: secretText.optional(),
        pin: secretText.optional(),
      })
      .refine(({ password, pin }) => password !== undefined || pin !== undefined, 'a password or a pin'),
    answers: { 200: { description: 'Changed', schema: z.object({ endedSessions: z.int() }) } },
    errors: ['sign-in-failed', 'sign-in-locked', 'weak-secret', 'forbidden'],
    async handle(call, { body }) {
      const { access } = call.services
      const { uid, deviceId, sessionId } = call.principal
      if (uid === null) throw new AppError('forbidden', 'Only a person who signed in has a password to change.')
      const { name } = access.people.get(uid)
      const { address } = call.network
      await access.signIn.prove({ user: name, kind: 'password', secret: body.current, deviceId, address })
      const change = { password: body.password, pin: body.pin }
      const person = await access.people.change(uid, change, () => access.identity.confirm(call.principal))
      const isNew = body.password !== undefined
      const endedSessions = isNew ? endSessionsOf(access, person, 'password-changed', sessionId) : 0
      note(call, isNew ? 'person.change-password' : 'person.change-pin', person.name)
      call.send(200, { endedSessions })
    },
  }),
  route({
    method: 'GET',
    path: '/api/auth/sessions',
    tag: 'Access',
    permission: 'signed-in',
    summary: 'Where the person is signed in',
    answers: {
      200: { description: 'Sessions', schema: z.object({ sessions: z.array(z.looseObject({ id: z.string() })) }) },
    },
    handle(call) {
      const { principal } = call
      const own = call.services.access.sessions.list().filter((session) => isOwn(session, principal))
      call.send(200, { sessions: own.map((session) => toSessionView(call, session)) })
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/auth/sessions/:sessionId',
    tag: 'Access',
    permission: 'signed-in',
    summary: 'Ends one of the own sessions',
    answers: { 200: { description: 'Ended', schema: z.object({ ended: z.boolean() }) } },
    errors: ['session-not-found'],
    handle(call) {
      const { access } = call.services
      const sessionId = call.param('sessionId')
      const session = access.sessions.find(sessionId)
      if (!session || !isOwn(session, call.principal))
        throw new AppError('session-not-found', 'There is no such session.')
      endSession(access, sessionId, 'signed-out')
      note(call, 'session.end', sessionId)
      call.send(200, { ended: true })
    },
  }),
]

function isOwn(session: SessionRow, { uid, sessionId }: Principal): boolean {
  return session.id === sessionId || (uid !== null && session.personId === uid)
}

/** Opens a session of the person, on the device that asks if it is a paired one. */
async function signInAs(
  call: Call,
  person: PersonRow,
  method: SessionMethod,
  options: { status: number; wantsCookie?: boolean | undefined; more?: object },
): Promise<void> {
  const { access } = call.services
  const opened = openSession(call, { personId: person.id, deviceId: call.principalOrNone?.deviceId ?? null, method })
  const { permissions } = access.identity.principalOf(opened.session, null)
  const tokens = call.signedBodyHash === undefined ? await access.grant(opened) : {}
  const sessionId = opened.session.id
  const body = { ...tokens, sessionId, user: toPersonView(person), permissions, ...options.more }
  call.send(options.status, body, options.wantsCookie ? giveCookie(call, opened.session.id) : [])
}

export function openSession(
  call: Call,
  input: { personId: string | null; deviceId: string | null; method: SessionMethod },
): OpenedSession {
  const { address } = call.network
  return call.services.access.sessions.open({ ...input, address, agent: call.header('user-agent') ?? '' })
}

/**
 * The cookie is only for pages of this server: another origin gets tokens, which its page has to keep itself. Asked before
 * anything is used up or made: codes and claims are good once.
 *
 * @throws AppError `cross-site-refused`.
 */
export function requireOwnPage(call: Call, wantsCookie: boolean | undefined): void {
  if (!wantsCookie || call.network.isSameOrigin) return
  throw new AppError('cross-site-refused', 'The cookie is for pages of this server; take the tokens.')
}

export function giveCookie(call: Call, sessionId: string): HeaderList {
  requireOwnPage(call, true)
  return ['Set-Cookie', cookieHeader(call.services.access.sessions.giveCookie(sessionId), call.network.isSecure)]
}

export function toSessionView(call: Call, session: SessionRow): object {
  const { people, devices } = call.services.access
  const { id, personId, deviceId, method, createdAt, lastSeenAt, expiresAt, address, agent } = session
  return {
    ...{ id, personId, deviceId, method, createdAt, lastSeenAt, address, agent },
    person: personId === null ? null : (people.find(personId)?.displayName ?? null),
    device: deviceId === null ? null : (devices.findActive(deviceId)?.name ?? null),
    expiresAt: new Date(expiresAt).toISOString(),
    isCurrent: id === call.principalOrNone?.sessionId,
  }
}

/** An entry of the audit log in the name of the caller. */
export function note(
  call: Call,
  action: string,
  subject: string,
  more: {
    reason?: string | undefined
    onBehalfOf?: string | undefined
    details?: Record<string, string | boolean>
  } = {},
): void {
  const actor = actorOf(call.principal, call.network.address)
  call.isNoted = true
  call.services.access.audit.record({ action, outcome: 'done', actor, subject, ...more })
}

/**
 * Does what a public door asks for with a code; a refusal of the code goes into the audit log, equal ones counted. The code
 * itself, which may be nearly right, does not.
 */
export async function notingRefusal<T>(call: Call, action: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isAppError(error) && [401, 403, 429].includes(error.status)) {
      const deviceId = call.principalOrNone?.deviceId ?? null
      const actor = { id: null, name: '(caller)', deviceId, address: call.network.address }
      call.services.access.audit.recordDenial({ action, actor, reason: error.code })
    }
    throw error
  }
}

/** In the name of a person who has just proven to be one. */
export function noteFor(call: Call, person: PersonRow, action: string, more: { details?: JsonObject } = {}): void {
  const deviceId = call.principalOrNone?.deviceId ?? null
  const actor = { id: person.id, name: person.displayName, deviceId, address: call.network.address }
  call.services.access.audit.record({ action, outcome: 'done', actor, subject: person.name, ...more })
}
