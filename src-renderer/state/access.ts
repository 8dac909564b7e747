/** Whom the console acts for, as `GET /api/auth/me` tells. */
export interface Me {
  kind: 'setup' | 'desktop' | 'person' | 'device' | 'open-lan'
  name: string
  role: string
  branches: readonly string[] | null
  permissions: readonly string[]
  sessionId: string | null
  user: Person | null
}

export interface AuthState {
  /** The first manager was made: everything is closed. */
  isSetUp: boolean
  oidc?: { label: string }
}

export interface Person {
  id: string
  /** What is typed to sign in. */
  user: string
  name: string
  role: string
  /** null for all. */
  branches: readonly string[] | null
  hasPassword: boolean
  hasPin: boolean
  isDisabled: boolean
  /** Waits after wrong tries that run now. */
  locks?: readonly { origin: string; failures: number; lockedUntil: number }[]
}

export interface Device {
  id: string
  name: string
  role: string
  branches: readonly string[] | null
  isLegacy: boolean
  pairedAt: string
  approvedBy: string
  lastSeenAt: string | null
  lastAddress: string | null
  revokedAt: string | null
  revokedReason: string | null
}

export interface Pairing {
  id: string
  state: 'invited' | 'waiting' | 'approved'
  name: string | null
  role: string
  branches: readonly string[] | null
  isLegacy: boolean
  invitedBy: string
  address: string | null
  expiresAt: string
}

/** Code and secret are told once. */
export interface Invitation extends Pairing {
  code: string
  qr: { urls: readonly string[]; trustUrl?: string; fingerprint?: string; secret: string }
}

export interface Role {
  roleId: string
  label: string
  permissions: readonly string[]
  isBuiltIn: boolean
}

export interface Session {
  id: string
  personId: string | null
  method: 'password' | 'pin' | 'pairing' | 'recovery' | 'oidc'
  person: string | null
  device: string | null
  createdAt: string
  lastSeenAt: string
  address: string
  agent: string
  isCurrent: boolean
}

export interface AuditEntry {
  id: number
  at: string
  action: string
  outcome: 'done' | 'denied'
  actor: { id: string | null; name: string; deviceId: string | null; address: string | null }
  subject?: string | null
  reason?: string | null
  onBehalfOf?: string | null
  details?: Readonly<Record<string, unknown>> | null
  hash: string
}

export interface Explanation {
  isAllowed: boolean
  words: string
  reasons: readonly { rule: string; holds: boolean; words: string }[]
  hiddenFields: readonly { field: string; rule: string }[]
  refusedFields: readonly { field: string; rule: string }[]
}

export interface NetworkFacts {
  addresses: readonly { url: string; kind: 'loopback' | 'lan' }[]
  https: { port: number; notAfter: string; names: readonly string[] } | null
  authority: { fingerprint: string; notAfter: string } | null
  isAnnounced: boolean
  plainHttp: { allowsSigned: boolean }
}

export interface NetworkCheck {
  isReachable: boolean
  steps: readonly {
    step: 'adapter' | 'listen' | 'address' | 'https' | 'certificate' | 'clock'
    result: 'ok' | 'failed' | 'skipped'
    message: string
  }[]
}
