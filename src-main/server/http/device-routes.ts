import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { actorOf } from '../../access/audit/audit-log.ts'
import type { Pairing } from '../../access/devices/pairing-desk.ts'
import { originOf } from '../../access/sign-in/lockout.ts'
import { mayManage, meetsIn, requireAtLeast, requireManage } from '../../access/sign-in/may-manage.ts'
import type { DeviceRow } from '../../store/sqlite/access-tables.ts'
import { giveCookie, grantShape, note, notingRefusal, openSession, requireOwnPage } from './auth-routes.ts'
import type { Call } from './call.ts'
import { branchList, reasonText, requireClosed } from './people-routes.ts'
import { type Route, route } from './route.ts'
import { addressesOf } from './trust-routes.ts'

const DEVICES = '/api/manage/devices'
const PAIRINGS = '/api/manage/pairings'

/** Devices of these roles show the kitchen's screen, the others the till. */
const SCREEN_ROLES: ReadonlySet<string> = new Set(['kitchen', 'display'])

const deviceShape = z
  .looseObject({ id: z.string(), name: z.string(), role: z.string(), isLegacy: z.boolean() })
  .meta({ id: 'Device' })
const pairingShape = z.looseObject({ id: z.string(), state: z.string(), expiresAt: z.string() }).meta({ id: 'Pairing' })
const pairedShape = grantShape
  .extend({
    state: z.literal('paired'),
    device: deviceShape,
    signingKey: z.string().describe('Signs what the device sends where plain http has to do; shown this once'),
  })
  .meta({ id: 'Paired' })
const waitingShape = z.object({ state: z.literal('waiting'), claim: z.string(), expiresAt: z.string() })

const planBody = {
  name: z.string().max(100).nullable().optional().describe('The device proposes one when absent'),
  role: z.string().max(64).optional(),
  branches: branchList,
  isLegacy: z.boolean().optional().describe('An older client, which knows nothing of tokens'),
}

/** Devices: inviting, approving, listing and revoking them, and what the device itself asks. */
export const deviceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: DEVICES,
    tag: 'Access',
    permission: 'manage:devices',
    summary: 'Paired and revoked devices',
    answers: { 200: { description: 'Devices', schema: z.object({ devices: z.array(deviceShape) }) } },
    handle(call) {
      requireManage(call.principal, 'devices')
      const devices = call.services.access.devices.list()
      const known = devices.filter(({ branchIds }) => meetsIn(call.principal, branchIds))
      call.send(200, { devices: known.map(toDeviceView) })
    },
  }),
  route({
    method: 'PATCH',
    path: `${DEVICES}/:deviceId`,
    tag: 'Access',
    permission: 'manage:devices',
    summary: 'Renames a device or changes its role, branches or legacy flag',
    body: z.object({ ...planBody, reason: reasonText }),
    answers: { 200: { description: 'The device', schema: deviceShape } },
    errors: ['device-not-found', 'role-not-found', 'forbidden'],
    handle(call, { body }) {
      requireManage(call.principal, 'devices')
      const { access } = call.services
      const before = access.devices.get(call.param('deviceId'))
      const roleIds = [before.roleId, ...(body.role === undefined ? [] : [body.role])]
      requireAtLeast(call.principal, call.services, roleIds, before.branchIds)
      if (body.branches !== undefined) requireAtLeast(call.principal, call.services, [], body.branches)
      const { name, role: roleId, branches: branchIds, isLegacy } = body
      const device = access.devices.change(before.id, { name: name ?? undefined, roleId, branchIds, isLegacy })
      access.noteRights({ isEnded: false, isMeant: ({ deviceId }) => deviceId === device.id })
      note(call, 'device.change', device.name, { reason: body.reason, details: { role: device.roleId } })
      call.send(200, toDeviceView(device))
    },
  }),
  route({
    method: 'DELETE',
    path: `${DEVICES}/:deviceId`,
    tag: 'Access',
    permission: 'manage:devices',
    summary: 'Revokes a device for good: its tokens, everyone signed in on it, and its sockets',
    query: z.object({ reason: reasonText }),
    answers: { 200: { description: 'The device', schema: deviceShape } },
    errors: ['device-not-found', 'forbidden'],
    handle(call, { query }) {
      requireManage(call.principal, 'devices')
      const { access } = call.services
      const before = access.devices.get(call.param('deviceId'))
      requireAtLeast(call.principal, call.services, [before.roleId], before.branchIds)
      const device = access.devices.revoke(before.id, query.reason ?? 'revoked')
      access.sessions.endWhere(({ deviceId }) => deviceId === device.id, 'device-revoked')
      note(call, 'device.revoke', device.name, { reason: query.reason })
      call.send(200, toDeviceView(device))
    },
  }),
  route({
    method: 'GET',
    path: PAIRINGS,
    tag: 'Access',
    permission: 'manage:devices',
    summary: 'Open invitations and devices that wait for approval',
    answers: { 200: { description: 'Pairings', schema: z.object({ pairings: z.array(pairingShape) }) } },
    handle(call) {
      requireManage(call.principal, 'devices')
      const pairings = call.services.access.desk.list()
      const known = pairings.filter(({ branchIds }) => meetsIn(call.principal, branchIds))
      call.send(200, { pairings: known.map(toPairingView) })
    },
  }),
  route({
    method: 'POST',
    path: PAIRINGS,
    tag: 'Access',
    permission: 'manage:devices',
    summary: 'Invites a device: 8 digits to type, or the content of a QR code; good for ten minutes and once',
    body: z.object({ ...planBody, role: z.string().max(64) }),
    answers: {
      201: {
        description: 'The invitation; code and secret are shown this once',
        schema: pairingShape.extend({
          code: z.string(),
          qr: z
            .object({
              urls: z.array(z.string()).describe('Each opens the app and pairs; by https where it is served'),
              trustUrl: z.string().optional().describe('Page that leads to trusting the branch'),
              fingerprint: z
                .string()
                .optional()
                .describe('SHA-256 of the authority, to compare before anything is sent'),
              branchIds: z.array(z.string()).nullable(),
              secret: z.string(),
            })
            .describe('The content of the QR code'),
        }),
      },
    },
    errors: ['role-not-found', 'rate-limited', 'forbidden'],
    async handle(call, { body }) {
      requireClosed(call)
      requireManage(call.principal, 'devices')
      const { access, addresses, network } = call.services
      const branchIds = body.branches ?? null
      access.devices.checkRole(body.role)
      requireAtLeast(call.principal, call.services, [body.role], branchIds)
      const { pairing, code, secret } = access.desk.invite({
        name: body.name ?? null,
        roleId: body.role,
        branchIds,
        isLegacy: body.isLegacy ?? false,
        invitedBy: call.principal.name,
      })
      note(call, 'device.invite', pairing.id, { details: { role: body.role } })
      const { httpsUrls, pageUrl } = addressesOf(call)
      const lanUrls = addresses().flatMap(({ url, kind }) => (kind === 'lan' ? [url] : []))
      const authority = await network().authority()
      const app = SCREEN_ROLES.has(body.role) ? 'kds' : 'pos'
      const qr = {
        urls: (httpsUrls.length > 0 ? httpsUrls : lanUrls).map((url) => `${new URL(`/${app}/`, url)}#pair=${secret}`),
        ...(pageUrl !== undefined && { trustUrl: pageUrl }),
        ...(authority && { fingerprint: authority.fingerprint }),
        ...{ branchIds, secret },
      }
      call.send(201, { ...toPairingView(pairing), code, qr })
    },
  }),
  route({
    method: 'POST',
    path: `${PAIRINGS}/:pairingId/approve`,
    tag: 'Access',
    permission: 'manage:devices',
    summary: 'Lets a waiting device in',
    body: z.object(planBody),
    answers: { 200: { description: 'The pairing', schema: pairingShape } },
    errors: ['pairing-refused', 'role-not-found', 'forbidden'],
    handle(call, { body }) {
      requireManage(call.principal, 'devices')
      const { access } = call.services
      const waiting = access.desk.list().find(({ id }) => id === call.param('pairingId'))
      if (!waiting) throw new AppError('pairing-refused', 'No device waits under this id any more.')
      const roleId = body.role ?? waiting.roleId
      const branchIds = body.branches === undefined ? waiting.branchIds : body.branches
      access.devices.checkRole(roleId)
      requireAtLeast(call.principal, call.services, [roleId], branchIds)
      const change = { name: body.name ?? waiting.name, roleId, branchIds, isLegacy: body.isLegacy ?? waiting.isLegacy }
      const pairing = access.desk.approve(waiting.id, call.principal.name, change)
      note(call, 'device.approve', pairing.name ?? pairing.id, { details: { role: roleId } })
      call.send(200, toPairingView(pairing))
    },
  }),
  route({
    method: 'DELETE',
    path: `${PAIRINGS}/:pairingId`,
    tag: 'Access',
    permission: 'manage:devices',
    summary: 'Takes an invitation back, or turns a waiting device away',
    answers: { 200: { description: 'Whether there was one', schema: z.object({ withdrawn: z.boolean() }) } },
    errors: ['forbidden'],
    handle(call) {
      requireManage(call.principal, 'devices')
      const { desk } = call.services.access
      const open = desk.list().find(({ id }) => id === call.param('pairingId'))
      if (open) requireAtLeast(call.principal, call.services, [open.roleId], open.branchIds)
      const withdrawn = open !== undefined && desk.withdraw(open.id)
      note(call, 'device.turn-away', call.param('pairingId').slice(0, 64))
      call.send(200, { withdrawn })
    },
  }),
  route({
    method: 'POST',
    path: '/api/pair',
    tag: 'Access',
    permission: 'public',
    summary: 'A device shows its code, and waits for approval, or the secret of the QR code, and is paired',
    body: z
      .object({
        code: z.string().max(32).optional(),
        secret: z.string().max(128).optional(),
        name: z.string().max(100).optional(),
        cookie: z.boolean().optional(),
      })
      .refine(({ code, secret }) => (code === undefined) !== (secret === undefined), 'one of code and secret'),
    answers: {
      200: { description: 'Paired', schema: pairedShape },
      202: { description: 'Waiting for approval', schema: waitingShape },
    },
    errors: ['pairing-refused', 'sign-in-locked'],
    async handle(call, { body }) {
      requireOwnPage(call, body.cookie)
      const { access } = call.services
      const { address } = call.network
      const origin = originOf(null, address)
      const shown =
        body.secret === undefined ? { code: (body.code ?? '').replace(/[\s-]/g, '') } : { secret: body.secret }
      const { claim, pairing } = await notingRefusal(call, 'device.pair', () => {
        access.lockout.begin('pairing', origin, true)
        return access.desk.present(shown, { name: body.name?.trim() || null, address })
      })
      access.lockout.succeed('pairing', origin)
      if (pairing.state === 'approved') return await pair(call, claim, body.cookie)
      call.send(202, { state: 'waiting', claim, expiresAt: new Date(pairing.expiresAt).toISOString() })
    },
  }),
  route({
    method: 'POST',
    path: '/api/pair/collect',
    tag: 'Access',
    permission: 'public',
    summary: 'A waiting device asks whether it was approved, and gets its tokens once',
    body: z.object({ claim: z.string().max(128), cookie: z.boolean().optional() }),
    answers: {
      200: { description: 'Paired', schema: pairedShape },
      202: { description: 'Still waiting', schema: waitingShape },
    },
    errors: ['pairing-refused'],
    async handle(call, { body }) {
      requireOwnPage(call, body.cookie)
      const { state, expiresAt } = await waitingFor(call, body.claim)
      if (state === 'approved') return await pair(call, body.claim, body.cookie)
      call.send(202, { state: 'waiting', claim: body.claim, expiresAt: new Date(expiresAt).toISOString() })
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/approve-device',
    tag: 'Access',
    permission: 'public',
    summary: 'A manager approves the waiting device by typing a PIN on it',
    body: z.object({
      claim: z.string().max(128),
      user: z.string().min(1).max(128),
      pin: z.string().min(1).max(64),
      cookie: z.boolean().optional(),
    }),
    answers: { 200: { description: 'Paired', schema: pairedShape } },
    errors: ['pairing-refused', 'sign-in-failed', 'sign-in-locked', 'forbidden'],
    async handle(call, { body }) {
      requireOwnPage(call, body.cookie)
      const { access } = call.services
      const waiting = await waitingFor(call, body.claim)
      const { address } = call.network
      // Tries count for the invitation, wherever they come from: a new address is no new start.
      const deviceId = waiting.id
      const person = await access.signIn.prove({ user: body.user, kind: 'pin', secret: body.pin, deviceId, address })
      const permissions = access.roles.permissionsOf(person.roleId) ?? []
      if (!mayManage({ permissions }, 'devices')) throw new AppError('forbidden', 'This person may not let devices in.')
      requireAtLeast({ ...person, permissions }, call.services, [waiting.roleId], waiting.branchIds)
      access.desk.approve(waiting.id, person.displayName)
      const actor = { id: person.id, name: person.displayName, deviceId: null, address }
      const subject = waiting.name ?? waiting.id
      access.audit.record({ action: 'device.approve', outcome: 'done', actor, subject, details: { by: 'pin' } })
      await pair(call, body.claim, body.cookie)
    },
  }),
]

/** The pairing of a claim. @throws AppError `pairing-refused`, which is written down. */
function waitingFor(call: Call, claim: string): Promise<Pairing> {
  return notingRefusal(call, 'device.pair', () => call.services.access.desk.findByClaim(claim))
}

/** Makes the device of an approved pairing and gives it its tokens. */
async function pair(call: Call, claim: string, wantsCookie: boolean | undefined): Promise<void> {
  const { access } = call.services
  const { name, roleId, branchIds, isLegacy, approvedBy, invitedBy } = access.desk.collect(claim)
  const device = access.devices.add({
    ...{ roleId, branchIds, isLegacy },
    name: name ?? 'Device',
    approvedBy: approvedBy ?? invitedBy,
  })
  access.devices.noteSeen(device.id, call.network.address)
  const opened = openSession(call, { personId: null, deviceId: device.id, method: 'pairing' })
  const actor = actorOf(access.identity.principalOf(opened.session, null), call.network.address)
  const paired = { action: 'device.pair', outcome: 'done', actor, subject: device.name } as const
  access.audit.record({ ...paired, onBehalfOf: device.approvedBy })
  const headers = wantsCookie ? giveCookie(call, opened.session.id) : []
  const signingKey = access.signed.keyFor(device.id)
  const body = { state: 'paired', device: toDeviceView(device), signingKey, ...(await access.grant(opened)) }
  call.send(200, body, headers)
}

function toDeviceView({ roleId, branchIds, ...device }: DeviceRow): object {
  return { ...device, role: roleId, branches: branchIds }
}

function toPairingView({ roleId, branchIds, expiresAt, ...pairing }: Pairing) {
  return { ...pairing, role: roleId, branches: branchIds, expiresAt: new Date(expiresAt).toISOString() }
}
