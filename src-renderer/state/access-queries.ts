import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { LiveRequest } from '../../src-shared/protocol/management.ts'
import type { AuditEntry, AuthState, Device, Me, NetworkFacts, Pairing, Person, Role, Session } from './access.ts'
import type { ApiClient } from './api-client.ts'
import { useConsole } from './console-state.tsx'

const ME_EVERY_MS = 60_000
const DEVICES_EVERY_MS = 10_000
/** Somebody stands beside the tablet and waits. */
const PAIRINGS_EVERY_MS = 1_500
const REQUESTS_EVERY_MS = 2_000
const REQUESTS_AT_ONCE = 500
const REQUESTS_SHOWN = 500

export const ACCESS_KEYS = {
  me: ['me'],
  authState: ['auth-state'],
  people: ['people'],
  devices: ['devices'],
  pairings: ['pairings'],
  roles: ['roles'],
  sessions: ['sessions'],
  ownSessions: ['own-sessions'],
  audit: ['audit'],
  network: ['network'],
  requests: ['requests'],
} as const

interface Asked {
  signal: AbortSignal
}

export function meQuery(api: ApiClient | undefined) {
  return {
    queryKey: ACCESS_KEYS.me,
    queryFn: ({ signal }: Asked) => api!.get<Me>('/api/auth/me', { signal }),
    enabled: api !== undefined,
    refetchInterval: ME_EVERY_MS,
  }
}

export function authStateQuery(api: ApiClient | undefined) {
  return {
    queryKey: ACCESS_KEYS.authState,
    queryFn: ({ signal }: Asked) => api!.get<AuthState>('/api/auth/state', { signal }),
    enabled: api !== undefined,
  }
}

export function useAuthState() {
  return useQuery(authStateQuery(useConsole().api))
}

export function usePeople(isEnabled = true) {
  const { api } = useConsole()
  return useQuery({
    queryKey: ACCESS_KEYS.people,
    queryFn: async ({ signal }) => (await api.get<{ people: Person[] }>('/api/manage/people', { signal })).people,
    enabled: isEnabled,
    refetchInterval: DEVICES_EVERY_MS,
  })
}

export function useDevices(isEnabled = true) {
  const { api } = useConsole()
  return useQuery({
    queryKey: ACCESS_KEYS.devices,
    queryFn: async ({ signal }) => (await api.get<{ devices: Device[] }>('/api/manage/devices', { signal })).devices,
    enabled: isEnabled,
    refetchInterval: DEVICES_EVERY_MS,
  })
}

export function usePairings() {
  const { api } = useConsole()
  return useQuery({
    queryKey: ACCESS_KEYS.pairings,
    queryFn: async ({ signal }) =>
      (await api.get<{ pairings: Pairing[] }>('/api/manage/pairings', { signal })).pairings,
    refetchInterval: PAIRINGS_EVERY_MS,
  })
}

export function useRoles(isEnabled = true) {
  const { api } = useConsole()
  return useQuery({
    queryKey: ACCESS_KEYS.roles,
    queryFn: async ({ signal }) => (await api.get<{ roles: Role[] }>('/api/manage/roles', { signal })).roles,
    enabled: isEnabled,
  })
}

/** `own`: those of the reader; `all`: everybody's, for who manages people. */
export function useSessions(whose: 'own' | 'all') {
  const { api } = useConsole()
  const path = whose === 'own' ? '/api/auth/sessions' : '/api/manage/sessions'
  return useQuery({
    queryKey: whose === 'own' ? ACCESS_KEYS.ownSessions : ACCESS_KEYS.sessions,
    queryFn: async ({ signal }) => (await api.get<{ sessions: Session[] }>(path, { signal })).sessions,
  })
}

export interface AuditFilter {
  action?: string
  actor?: string
  device?: string
  from?: string
  to?: string
}

export function useAudit(filter: AuditFilter, before: string | null, limit: number) {
  const { api } = useConsole()
  const query = { ...filter, before: before ?? undefined, limit }
  return useQuery({
    queryKey: [...ACCESS_KEYS.audit, query],
    queryFn: ({ signal }) =>
      api.get<{ entries: AuditEntry[]; next: number | null }>('/api/manage/audit', { query, signal }),
    placeholderData: keepPreviousData,
  })
}

export function useNetworkFacts(isEnabled = true) {
  const { api } = useConsole()
  return useQuery({
    queryKey: ACCESS_KEYS.network,
    queryFn: ({ signal }) => api.get<NetworkFacts>('/api/manage/network', { signal }),
    enabled: isEnabled,
    refetchInterval: DEVICES_EVERY_MS,
  })
}

interface LiveList {
  next: number
  /** Newest first. */
  requests: readonly LiveRequest[]
}

/** Asks for what is new, and keeps the newest ones. A server that started again counts from the beginning. */
export function useLiveRequests(isPaused: boolean) {
  const { api } = useConsole()
  return useQuery({
    queryKey: ACCESS_KEYS.requests,
    queryFn: async ({ signal, client }): Promise<LiveList> => {
      const known = client.getQueryData<LiveList>(ACCESS_KEYS.requests)
      const query = { after: known?.next, limit: REQUESTS_AT_ONCE }
      const found = await api.get<{ requests: LiveRequest[]; next: number }>('/api/manage/requests', { query, signal })
      const isSame = known !== undefined && found.next >= known.next
      const requests = [...found.requests.toReversed(), ...(isSame ? known.requests : [])]
      return { next: found.next, requests: requests.slice(0, REQUESTS_SHOWN) }
    },
    enabled: !isPaused,
    staleTime: 0,
    refetchInterval: REQUESTS_EVERY_MS,
  })
}
