import type { JsonObject } from '../../src-shared/json.ts'
import type { Device, Explanation, Invitation, NetworkCheck, Pairing, Person, Role } from './access.ts'
import { ACCESS_KEYS } from './access-queries.ts'
import { useChange } from './mutations.ts'

const PEOPLE = [ACCESS_KEYS.people, ACCESS_KEYS.sessions]
const DEVICES = [ACCESS_KEYS.devices, ACCESS_KEYS.pairings, ACCESS_KEYS.sessions]

function personPath(id: string): string {
  return `/api/manage/people/${encodeURIComponent(id)}`
}

function pairingPath(id: string): string {
  return `/api/manage/pairings/${encodeURIComponent(id)}`
}

function devicePath(id: string): string {
  return `/api/manage/devices/${encodeURIComponent(id)}`
}

/** Leaves a reason out that nobody gave. */
function withReason(reason: string): string {
  return reason === '' ? '' : `?${new URLSearchParams({ reason }).toString()}`
}

export interface PersonInput {
  user: string
  name: string
  role: string
  branches: string[] | null
  password?: string
  pin?: string
}

export const useAddPerson = () =>
  useChange<PersonInput, Person>(({ api }, input) => api.send('POST', '/api/manage/people', { ...input }), PEOPLE)

export interface PersonChange {
  id: string
  name?: string
  role?: string
  branches?: string[] | null
  isDisabled?: boolean
  password?: string
  pin?: string | null
}

export const useChangePerson = () =>
  useChange<PersonChange, Person>(({ api }, { id, ...change }) => api.send('PATCH', personPath(id), change), PEOPLE)

export const useRemovePerson = () =>
  useChange<{ id: string; reason: string }, Person>(
    ({ api }, { id, reason }) => api.send('DELETE', personPath(id) + withReason(reason)),
    PEOPLE,
  )

export const useUnlockPerson = () =>
  useChange<{ id: string }, JsonObject>(({ api }, { id }) => api.send('POST', `${personPath(id)}/unlock`), PEOPLE)

export const useEndSession = (whose: 'own' | 'all') =>
  useChange<{ id: string }, JsonObject>(
    ({ api }, { id }) =>
      api.send(
        'DELETE',
        `${whose === 'own' ? '/api/auth/sessions' : '/api/manage/sessions'}/${encodeURIComponent(id)}`,
      ),
    [ACCESS_KEYS.sessions, ACCESS_KEYS.ownSessions],
  )

export const useChangeOwnSecret = () =>
  useChange<{ current: string; password?: string; pin?: string }, { endedSessions: number }>(
    ({ api }, body) => api.send('POST', '/api/auth/password', { ...body }),
    [ACCESS_KEYS.ownSessions],
  )

export interface InvitationInput {
  role: string
  name: string | null
  isLegacy: boolean
}

export const useInvite = () =>
  useChange<InvitationInput, Invitation>(
    ({ api }, input) => api.send('POST', '/api/manage/pairings', { ...input }),
    [ACCESS_KEYS.pairings],
  )

export const useApprovePairing = () =>
  useChange<{ id: string }, Pairing>(({ api }, { id }) => api.send('POST', `${pairingPath(id)}/approve`, {}), DEVICES)

export const useWithdrawPairing = () =>
  useChange<{ id: string }, JsonObject>(
    ({ api }, { id }) => api.send('DELETE', pairingPath(id)),
    [ACCESS_KEYS.pairings],
  )

export interface DeviceChange {
  id: string
  name: string
  role: string
  isLegacy: boolean
}

export const useChangeDevice = () =>
  useChange<DeviceChange, Device>(({ api }, { id, ...change }) => api.send('PATCH', devicePath(id), change), DEVICES)

export const useRevokeDevice = () =>
  useChange<{ id: string; reason: string }, Device>(
    ({ api }, { id, reason }) => api.send('DELETE', devicePath(id) + withReason(reason)),
    DEVICES,
  )

export const useSaveRole = () =>
  useChange<{ roleId: string; label: string; permissions: string[] }, Role>(
    ({ api }, { roleId, ...body }) => api.send('PUT', `/api/manage/roles/${encodeURIComponent(roleId)}`, body),
    [ACCESS_KEYS.roles],
  )

export const useRemoveRole = () =>
  useChange<{ roleId: string }, JsonObject>(
    ({ api }, { roleId }) => api.send('DELETE', `/api/manage/roles/${encodeURIComponent(roleId)}`),
    [ACCESS_KEYS.roles],
  )

export const useExplain = () =>
  useChange<JsonObject, Explanation>(({ api }, question) => api.send('POST', '/api/manage/explain', question), [])

export const useVerifyAudit = () =>
  useChange<void, { entries: number; headHash: string }>(({ api }) => api.send('POST', '/api/manage/audit/verify'), [])

export const useNetworkCheck = () =>
  useChange<void, NetworkCheck>(({ api }) => api.send('POST', '/api/manage/network-check'), [ACCESS_KEYS.network])

export const useAllowSignedHttp = () =>
  useChange<{ allowsSigned: boolean }, JsonObject>(
    ({ api }, body) => api.send('PUT', '/api/manage/network/plain-http', body),
    [ACCESS_KEYS.network, ['status']],
  )
