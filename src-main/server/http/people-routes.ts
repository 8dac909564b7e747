import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { endSession, endSessionsOf } from '../../access/open-access.ts'
import { toPersonView } from '../../access/people/people.ts'
import { meetsIn, requireAtLeast, requireManage } from '../../access/sign-in/may-manage.ts'
import type { PersonRow, SessionRow } from '../../store/sqlite/access-tables.ts'
import { note, toSessionView } from './auth-routes.ts'
import type { Call } from './call.ts'
import { type Route, route } from './route.ts'

const PEOPLE = '/api/manage/people'
const ONE = `${PEOPLE}/:personId`

const personShape = z
  .looseObject({ id: z.string(), user: z.string(), name: z.string(), role: z.string(), hasPin: z.boolean() })
  .meta({ id: 'Person' })

export const branchList = z.array(z.string().max(64)).max(1_000).nullable().optional().describe('null for all')
export const reasonText = z.string().max(200).optional().describe('For the audit log')
const display = z.string().max(200).optional()
const secret = z.string().max(1_024)

/** Who may sign in, and where they are signed in. */
export const peopleRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: PEOPLE,
    tag: 'Access',
    permission: 'manage:people',
    summary: 'People who may sign in',
    answers: { 200: { description: 'People', schema: z.object({ people: z.array(personShape) }) } },
    handle(call) {
      requireManage(call.principal, 'people')
      const { people, lockout } = call.services.access
      const known = people.list().filter(({ branches }) => meetsIn(call.principal, branches))
      call.send(200, { people: known.map((person) => ({ ...person, locks: lockout.list(person.id) })) })
    },
  }),
  route({
    method: 'POST',
    path: PEOPLE,
    tag: 'Access',
    permission: 'manage:people',
    summary: 'Adds a person',
    body: z.object({
      user: z.string().max(128),
      name: display,
      role: z.string().max(64),
      branches: branchList,
      password: secret.optional(),
      pin: secret.optional(),
      reason: reasonText,
    }),
    answers: { 201: { description: 'The person', schema: personShape } },
    errors: ['person-exists', 'role-not-found', 'weak-secret', 'invalid-name', 'forbidden'],
    async handle(call, { body }) {
      requireClosed(call)
      requireManage(call.principal, 'people')
      const { access } = call.services
      const { reason, ...input } = body
      const check = (): void => requireAtLeast(call.principal, call.services, [input.role], input.branches ?? null)
      check()
      const person = await access.people.add(input, () => {
        access.identity.confirm(call.principal)
        check()
      })
      note(call, 'person.add', person.name, { reason, details: { role: person.roleId } })
      call.send(201, toPersonView(person))
    },
  }),
  route({
    method: 'GET',
    path: ONE,
    tag: 'Access',
    permission: 'manage:people',
    summary: 'One person',
    answers: { 200: { description: 'The person', schema: personShape } },
    errors: ['person-not-found'],
    handle(call) {
      requireManage(call.principal, 'people')
      call.send(200, toPersonView(findPerson(call)))
    },
  }),
  route({
    method: 'PATCH',
    path: ONE,
    tag: 'Access',
    permission: 'manage:people',
    summary: 'Changes a person; rights count at once, a new password ends their sessions',
    body: z.object({
      name: display,
      role: z.string().max(64).optional(),
      branches: branchList,
      isDisabled: z.boolean().optional(),
      password: secret.nullable().optional(),
      pin: secret.nullable().optional(),
      reason: reasonText,
    }),
    answers: { 200: { description: 'The person', schema: personShape } },
    errors: ['person-not-found', 'role-not-found', 'weak-secret', 'last-administrator', 'forbidden'],
    async handle(call, { body }) {
      const { access } = call.services
      const { reason, ...change } = body
      const before = managed(call, [change.role], change.branches)
      const person = await access.people.change(before.id, change, () => {
        access.identity.confirm(call.principal)
        managed(call, [change.role], change.branches)
      })
      tellSockets(call, before, person)
      const isSecretNew = change.password !== undefined || change.pin !== undefined
      if (person.isDisabled || isSecretNew) {
        endSessionsOf(access, person, person.isDisabled ? 'disabled' : 'secret-changed', call.principal.sessionId)
      }
      const changed = Object.keys(change).join(' ')
      note(call, 'person.change', person.name, { reason, details: { changed, role: person.roleId } })
      call.send(200, toPersonView(person))
    },
  }),
  route({
    method: 'DELETE',
    path: ONE,
    tag: 'Access',
    permission: 'manage:people',
    summary: 'Removes a person and ends their sessions',
    query: z.object({ reason: reasonText }),
    answers: { 200: { description: 'Removed', schema: personShape } },
    errors: ['person-not-found', 'last-administrator', 'forbidden'],
    handle(call, { query }) {
      const { access } = call.services
      const person = access.people.remove(managed(call, [], undefined).id)
      endSessionsOf(access, person, 'removed', null)
      access.oidc.forgetRemoved()
      note(call, 'person.remove', person.name, { reason: query.reason })
      call.send(200, toPersonView(person))
    },
  }),
  route({
    method: 'POST',
    path: `${ONE}/unlock`,
    tag: 'Access',
    permission: 'manage:people',
    summary: 'Ends the waits after wrong passwords and PINs',
    answers: { 200: { description: 'Unlocked', schema: z.object({ unlocked: z.int() }) } },
    errors: ['person-not-found', 'forbidden'],
    handle(call) {
      const person = managed(call, [], undefined)
      const unlocked = call.services.access.lockout.unlock(person.id)
      note(call, 'person.unlock', person.name)
      call.send(200, { unlocked })
    },
  }),
  route({
    method: 'GET',
    path: '/api/manage/sessions',
    tag: 'Access',
    permission: 'manage:people',
    summary: 'Who is signed in where',
    answers: {
      200: { description: 'Sessions', schema: z.object({ sessions: z.array(z.looseObject({ id: z.string() })) }) },
    },
    handle(call) {
      requireManage(call.principal, 'people')
      const sessions = call.services.access.sessions.list().filter((session) => isKnown(call, session))
      call.send(200, { sessions: sessions.map((session) => toSessionView(call, session)) })
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/manage/sessions/:sessionId',
    tag: 'Access',
    permission: 'manage:people',
    summary: 'Ends a session: its tokens, its cookie and its sockets',
    query: z.object({ reason: reasonText }),
    answers: { 200: { description: 'Ended', schema: z.object({ ended: z.boolean() }) } },
    errors: ['session-not-found', 'forbidden'],
    handle(call, { query }) {
      requireManage(call.principal, 'people')
      const { access } = call.services
      const sessionId = call.param('sessionId')
      const { personId = null, deviceId = null } = access.sessions.find(sessionId) ?? {}
      for (const holder of [access.people.find(personId ?? ''), access.devices.findActive(deviceId ?? '')]) {
        if (holder) requireAtLeast(call.principal, call.services, [holder.roleId], holder.branchIds)
      }
      endSession(access, sessionId, 'ended-by-manager')
      note(call, 'session.end', sessionId, { reason: query.reason })
      call.send(200, { ended: true })
    },
  }),
]

/** The first person is made by `/api/auth/setup`, which asks for a proof. */
export function requireClosed(call: Call): void {
  if (!call.services.access.identity.isOpen) return
  throw new AppError('forbidden', 'Make the first manager first.', { hint: 'POST /api/auth/setup' })
}

/** The person of the path. @throws AppError `person-not-found`, also for one of branches that the caller may not enter. */
function findPerson(call: Call): PersonRow {
  const { people } = call.services.access
  const id = call.param('personId')
  const person = people.get(id)
  return meetsIn(call.principal, person.branchIds) ? person : people.get('')
}

/** The person of the path, when the caller may change them so. */
function managed(
  call: Call,
  newRoles: readonly (string | undefined)[],
  newBranches: readonly string[] | null | undefined,
): PersonRow {
  requireManage(call.principal, 'people')
  const person = findPerson(call)
  const roleIds = [person.roleId, ...newRoles.flatMap((roleId) => roleId ?? [])]
  requireAtLeast(call.principal, call.services, roleIds, person.branchIds)
  if (newBranches !== undefined) requireAtLeast(call.principal, call.services, roleIds, newBranches)
  return person
}

/** Whether a session belongs to people and devices of the caller's branches. */
function isKnown(call: Call, { personId, deviceId }: SessionRow): boolean {
  const { people, devices } = call.services.access
  const holders = [people.find(personId ?? ''), devices.findActive(deviceId ?? '')]
  return holders.every((holder) => !holder || meetsIn(call.principal, holder.branchIds))
}

/** Sockets of a person whose rights are others now connect again. */
function tellSockets(call: Call, before: PersonRow, person: PersonRow): void {
  const isSame = before.roleId === person.roleId && String(before.branchIds) === String(person.branchIds)
  if (!isSame) call.services.access.noteRights({ isEnded: false, isMeant: ({ uid }) => uid === person.id })
}
