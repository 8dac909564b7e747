import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { parseName } from '../../../src-shared/ids.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { Principal } from '../../access/principal.ts'
import { explain } from '../../access/rules/explain.ts'
import { ModuleRights } from '../../access/rules/module-rights.ts'
import { mayEnter, meetsIn, requireRole } from '../../access/sign-in/may-manage.ts'
import type { Call } from './call.ts'
import { findBranch } from './full-sync-routes.ts'
import { type Route, route } from './route.ts'
import { recordShape } from './shapes.ts'

const ROLES = '/api/manage/roles'
const roleShape = z
  .object({ roleId: z.string(), label: z.string(), permissions: z.array(z.string()), isBuiltIn: z.boolean() })
  .meta({ id: 'Role' })
const ruleAndField = z.array(z.object({ field: z.string(), rule: z.string() }))

const explainBody = z.strictObject({
  branchId: z.string(),
  moduleId: z.string().optional(),
  table: z.string(),
  action: z.enum(['read', 'insert', 'update', 'delete']),
  role: z.string().optional().describe('A role, or'),
  user: z.string().optional().describe('the name of a person'),
  record: recordShape.optional().describe('The record as it is read, or as it would be after the change'),
  previous: recordShape.optional().describe('The record before the change'),
})

/** Roles, and why they may do what they may do. */
export const roleRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: ROLES,
    tag: 'Access',
    permission: 'manage:roles',
    summary: 'All roles with their permissions',
    answers: { 200: { description: 'Roles', schema: z.object({ roles: z.array(roleShape) }) } },
    handle: (call) => call.send(200, { roles: call.services.roles.list() }),
  }),
  route({
    method: 'PUT',
    path: `${ROLES}/:roleId`,
    tag: 'Access',
    permission: 'manage:roles',
    scope: 'server',
    summary: 'Make a role, or change one that was made here',
    body: z.strictObject({ label: z.string().optional(), permissions: z.array(z.string()) }),
    answers: { 200: { description: 'The role', schema: roleShape } },
    errors: ['invalid-policy', 'forbidden'],
    handle(call, { body }) {
      const { roles, access } = call.services
      const { label, permissions } = body
      const roleId = call.param('roleId')
      // What it may do now as well: nobody takes rights from who has more.
      const now = access.roles.permissionsOf(roleId) ?? []
      requireRole(call.principal, call.services, roleId, [...now, ...permissions])
      const role = roles.save({ roleId, permissions, ...(label !== undefined && { label }) })
      access.noteRights({ isEnded: false, isMeant: ({ roleId }) => roleId === role.roleId })
      call.send(200, role)
    },
  }),
  route({
    method: 'DELETE',
    path: `${ROLES}/:roleId`,
    tag: 'Access',
    permission: 'manage:roles',
    scope: 'server',
    summary: 'Remove a role that nobody has',
    answers: { 200: { description: 'Removed', schema: z.object({ roleId: z.string() }) } },
    errors: ['role-not-found', 'forbidden'],
    handle(call) {
      const { roles, access } = call.services
      const roleId = call.param('roleId')
      const isInUse =
        access.people.list().some(({ role }) => role === roleId) ||
        access.devices.list().some((device) => device.roleId === roleId && device.revokedAt === null)
      if (isInUse) throw new AppError('forbidden', `Somebody has the role ${roleId}.`)
      requireRole(call.principal, call.services, roleId, access.roles.permissionsOf(roleId) ?? [])
      roles.remove(roleId)
      access.noteRights({ isEnded: false, isMeant: (principal) => principal.roleId === roleId })
      call.send(200, { roleId })
    },
  }),
  route({
    method: 'POST',
    path: '/api/manage/explain',
    tag: 'Access',
    permission: 'manage:roles',
    summary: 'Which permission or rule lets a role, or a person, do something, or keeps it from it',
    body: explainBody,
    answers: {
      200: {
        description: 'The verdict with its reasons',
        schema: z.object({
          isAllowed: z.boolean(),
          words: z.string(),
          reasons: z.array(z.object({ rule: z.string(), holds: z.boolean(), words: z.string() })),
          hiddenFields: ruleAndField,
          refusedFields: ruleAndField,
        }),
      },
    },
    errors: ['role-not-found', 'person-not-found', 'table-not-found', 'branch-not-found'],
    handle: (call, { body }) => sendExplanation(call, body),
  }),
]

function sendExplanation(call: Call, body: z.output<typeof explainBody>): void {
  const branch = findBranch(call, body.branchId)
  const module = branch.getModule(body.moduleId)
  const table = module.resolveTable(parseName(body.table, 'table name'))
  const principal = principalOf(call, body)
  if (!mayEnter(principal, branch.branchId)) {
    const words = `${body.user} may not enter the branch ${branch.branchId}.`
    const reasons = [{ rule: 'branches of the account', holds: false, words }]
    call.send(200, { isAllowed: false, words, reasons, hiddenFields: [], refusedFields: [] })
    return
  }
  const { definition } = module
  const { rights: all } = call.services.guard
  const { uid, roleId, deviceId, kind, permissions } = principal
  const auth = { uid, role: roleId, device: deviceId, branch: branch.branchId, kind }
  const rights = new ModuleRights('', definition, { auth, permissions }, all.rulesOf(roleId).rules)
  const given = {
    ...(body.record && { record: body.record as JsonObject }),
    ...(body.previous && { previous: body.previous as JsonObject }),
  }
  call.send(200, explain(rights, rights.of(table.name), body.action, given))
}

/** @throws AppError `person-not-found`, `role-not-found`, `invalid-request` when neither is named. */
function principalOf(call: Call, { role, user }: z.output<typeof explainBody>): Principal {
  const { access, roles } = call.services
  const person = user === undefined ? undefined : access.people.findByLogin(user)
  if (user !== undefined && !(person && meetsIn(call.principal, person.branchIds)))
    throw new AppError('person-not-found', 'There is no such person.')
  const roleId = person?.roleId ?? role
  if (roleId === undefined) throw new AppError('invalid-request', 'The request names neither a role nor a user.')
  const permissions = roles.permissionsOf(roleId)
  if (!permissions) throw new AppError('role-not-found', 'There is no such role.')
  return {
    ...{ kind: 'person', uid: person?.id ?? null, name: user ?? roleId, deviceId: null, roleId, permissions },
    ...{ branchIds: person?.branchIds ?? null, sessionId: null, expiresAt: null },
  }
}
