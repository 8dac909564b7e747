import { DAY_MS, HOUR_MS } from '../../src-shared/durations.ts'
import { AppError } from '../../src-shared/errors.ts'
import { type Clock, isoTime } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { uuid7 } from '../lib/uuid7.ts'
import type { PersonRow } from '../store/sqlite/access-tables.ts'
import type { SystemDatabase } from '../store/sqlite/system-database.ts'
import { AuditLog, DEFAULT_RETENTION_DAYS, SERVER_ACTOR } from './audit/audit-log.ts'
import { Devices } from './devices/devices.ts'
import { PairingDesk } from './devices/pairing-desk.ts'
import { OidcSettingsStore } from './oidc/oidc-settings.ts'
import { OidcSignIn } from './oidc/oidc-sign-in.ts'
import { type HashCost, SecretHasher } from './people/password-hash.ts'
import { People } from './people/people.ts'
import { RecoveryKit } from './people/recovery-kit.ts'
import { SignedCallers } from './plain-http/signed-callers.ts'
import type { Principal } from './principal.ts'
import { builtInRoles, type RoleCatalogue } from './role-catalogue.ts'
import { FirstManager } from './setup/first-manager.ts'
import { Identity, type OpenLan } from './sign-in/identity.ts'
import { Lockout } from './sign-in/lockout.ts'
import { SignIn } from './sign-in/sign-in.ts'
import { ACCESS_TOKEN_MS, AccessTokens } from './tokens/access-tokens.ts'
import { createSecretBox, deriveKey, openServerKeys } from './tokens/key-file.ts'
import { KEPT_AFTER_END_DAYS, type OpenedSession, Sessions } from './tokens/sessions.ts'

export interface AccessOptions {
  dataDir: string
  database: SystemDatabase
  log: Log
  clock: Clock
  /** The built-in roles unless told. */
  roles?: RoleCatalogue
  openLan: () => OpenLan | null
  /** Devices may sign what they send by plain http, until somebody chose otherwise in the console. */
  signedHttp?: boolean | undefined
  /** Encrypts the keys of this server; base64url of 32 bytes. Without it they lie in a file of mode 0600. */
  secretsKey?: string | undefined
  /** Makes the first manager when there is none. Never logged. */
  adminPassword?: string | undefined
  /** Cheaper than the default only in tests that say so. */
  hashCost?: HashCost | undefined
}

/** Sockets whose principal `isMeant` have lost their rights (`isEnded`), or have others now. */
export interface RightsChange {
  isEnded: boolean
  isMeant(principal: Principal): boolean
}

/** Tokens as `/api/auth/login` and the pairing answer them. */
export interface Grant {
  accessToken: string
  refreshToken: string
  /** Seconds. */
  expiresIn: number
}

/** Everything that decides who may come in. */
export interface Access {
  readonly roles: RoleCatalogue
  readonly people: People
  readonly devices: Devices
  readonly desk: PairingDesk
  readonly sessions: Sessions
  readonly audit: AuditLog
  readonly lockout: Lockout
  readonly signIn: SignIn
  readonly recovery: RecoveryKit
  readonly firstManager: FirstManager
  readonly identity: Identity
  /** Devices that sign what they send by plain http. */
  readonly signed: SignedCallers
  /** Sign-in of managers at the provider of their company. */
  readonly oidc: OidcSignIn
  /** Whether an undeclared caller may be served by the rules of older clients, where the branch allows them. */
  mayBeLegacy(principal: Principal): boolean
  /** Signing in, by any way, ends here. */
  grant(opened: OpenedSession): Promise<Grant>
  /** Tell it after any change of rights; the sockets are told in the same turn. */
  noteRights(change: RightsChange): void
  onRights(listener: (change: RightsChange) => void): () => void
  /** The branch has just been closed: everyone who was admitted without signing in has to do so. */
  noteClosed(): void
  close(): void
}

const ISSUER_SETTING = 'access.issuer'
export const RETENTION_SETTING = 'audit.retentionDays'
const HOUSE_KEEPING_MS = 60_000
const TRIM_EVERY_MS = 6 * HOUR_MS
/** Of a span, on this many days something must have happened before the clock is believed that the span is over. */
const BELIEVED_DAYS = 10

/** Opens people, devices and keys of a data folder. */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const { database, clock, log, roles = builtInRoles } = options
  const tables = database.access
  const audit = new AuditLog(database.audit, clock)
  const hasher = new SecretHasher(options.hashCost)
  const lockout = new Lockout(tables, clock, ({ subject, origin, failures, delayMs }) => {
    const shownSubject = subject.startsWith('nobody ') ? '(unknown)' : subject
    log.warn('sign-in-locked', { subject: shownSubject, origin, failures, delayMs })
  })
  const people = new People({ tables, hasher, roles, clock })
  const devices = new Devices({ tables, roles, clock })
  const keys = openServerKeys(options.dataDir, {
    box: options.secretsKey === undefined ? undefined : createSecretBox(options.secretsKey),
    nowMs: clock.now(),
    warn: (problem) => log.warn(problem, { message: KEY_WARNINGS[problem] }),
  })
  const sessions = new Sessions({ tables, clock, refreshSecret: keys.refreshSecret })
  const tokens = new AccessTokens(keys, issuerOf(database, clock), clock)
  const recovery = new RecoveryKit({ settings: database, people, roles, lockout })
  const firstManager = new FirstManager({ people, recovery, lockout })
  const identity = new Identity({ people, devices, sessions, tokens, roles, openLan: options.openLan })
  const signed = new SignedCallers({
    ...{ settings: database, devices, sessions, identity, clock },
    deviceKey: (deviceId) => deriveKey(keys, `device ${deviceId}`),
    isAllowedAtFirst: options.signedHttp ?? false,
  })
  const oidcBox = createSecretBox(deriveKey(keys, 'oidc client secret').toString('base64url'))
  const oidcSettings = new OidcSettingsStore(database, oidcBox, () =>
    log.warn('oidc-secret-lost', { message: OIDC_LOST }),
  )
  const listeners = new Set<(change: RightsChange) => void>()
  const noteRights = (change: RightsChange): void => {
    for (const listener of listeners) listener(change)
  }
  sessions.onEnd((session) => noteRights({ isEnded: true, isMeant: ({ sessionId }) => sessionId === session.id }))
  if (options.adminPassword !== undefined && !people.hasAny) {
    const { person } = await firstManager.make({ password: options.adminPassword })
    audit.record({ action: 'person.first-manager', outcome: 'done', actor: SERVER_ACTOR, subject: person.name })
  }
  const stopHouseKeeping = keepHouse({ audit, sessions, database, clock, log })
  return {
    ...{
      roles,
      people,
      devices,
      desk: new PairingDesk(clock),
      sessions,
      audit,
      lockout,
      recovery,
      firstManager,
      identity,
      signed,
      oidc: new OidcSignIn({ store: oidcSettings, people, roles, clock }),
    },
    signIn: new SignIn({ people, hasher, lockout, audit }),
    async grant({ session, refreshToken }) {
      return { accessToken: await tokens.issue(session), refreshToken, expiresIn: ACCESS_TOKEN_MS / 1000 }
    },
    mayBeLegacy: ({ deviceId }) => deviceId === null || devices.findActive(deviceId)?.isLegacy === true,
    noteRights,
    onRights(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    noteClosed: () => noteRights({ isEnded: true, isMeant: ({ kind }) => kind === 'setup' }),
    close() {
      stopHouseKeeping()
      audit.flushDenials(true)
    },
  }
}

const KEY_WARNINGS = {
  'keys-in-clear': 'The keys of this server lie in a file that only its user may read; no key store is in use.',
  'keys-made-anew': 'The keys of this server could not be read and were made anew; devices refresh their tokens.',
  'keys-sealed': 'The keys of this server lay in clear and are sealed now; backups of the disk may hold the old file.',
  'keys-left-in-clear':
    'Other keys lay in clear beside the sealed ones and were removed; devices refresh their tokens.',
} as const
const OIDC_LOST = 'The keys of this server were made anew: set up the sign-in at the provider again.'

/** A name of this data folder that outlives restarts. */
function issuerOf(database: SystemDatabase, clock: Clock): string {
  const known = database.findSetting(ISSUER_SETTING)
  if (known !== undefined) return known
  const issuer = `mishkah:${uuid7(clock.now())}`
  database.setSetting(ISSUER_SETTING, issuer)
  return issuer
}

/**
 * Forgets what is old. A clock that is ahead makes everything old at once (an empty battery, a wrong year), so what is
 * said of the past must be borne out by the audit log: it is written on most days, and one wrong start is one day.
 */
function keepHouse(parts: Pick<Access, 'audit' | 'sessions'> & Pick<AccessOptions, 'database' | 'clock' | 'log'>) {
  const { audit, sessions, database, clock, log } = parts
  const isOver = (days: number): boolean =>
    database.audit.countDays(isoTime(clock.now() - days * DAY_MS)) >= Math.min(BELIEVED_DAYS, Math.ceil(days / 2))
  const trim = (): void => {
    const days = Number(database.findSetting(RETENTION_SETTING) ?? DEFAULT_RETENTION_DAYS)
    if (isOver(days)) audit.trim(days)
    else log.debug('audit-not-trimmed', { days })
    if (isOver(KEPT_AFTER_END_DAYS)) sessions.prune()
  }
  trim()
  const flushing = setInterval(() => audit.flushDenials(), HOUSE_KEEPING_MS)
  const trimming = setInterval(trim, TRIM_EVERY_MS)
  flushing.unref()
  trimming.unref()
  return () => {
    clearInterval(flushing)
    clearInterval(trimming)
  }
}

/** Ends the sessions of a person except one, such as after a change of the password. */
export function endSessionsOf(access: Access, person: PersonRow, reason: string, exceptId: string | null): number {
  return access.sessions.endWhere(({ id, personId }) => personId === person.id && id !== exceptId, reason)
}

/** @throws AppError `session-not-found`. */
export function endSession(access: Access, sessionId: string, reason: string): void {
  if (access.sessions.end(sessionId, reason)) return
  throw new AppError('session-not-found', 'There is no such session.', {
    details: { sessionId: sessionId.slice(0, 64) },
  })
}
