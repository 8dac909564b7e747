import type { IncomingMessage } from 'node:http'
import { AppError } from '../../../src-shared/errors.ts'
import type { SessionRow } from '../../store/sqlite/access-tables.ts'
import type { Devices } from '../devices/devices.ts'
import type { People } from '../people/people.ts'
import { type Principal, SETUP_PRINCIPAL } from '../principal.ts'
import type { RoleCatalogue } from '../role-catalogue.ts'
import type { AccessClaims, AccessTokens } from '../tokens/access-tokens.ts'
import type { Sessions } from '../tokens/sessions.ts'
import { isFromOwnPage, readCredential } from './credentials.ts'

/** What admission found out about the sender; callers.ts makes it. */
export interface Sender {
  isDesktop: boolean
  isPrivate: boolean
  isSameOrigin: boolean
}

/** Devices that are admitted without a token; null where no branch wants that. */
export interface OpenLan {
  roleId: string
  branchIds: readonly string[]
}

interface IdentityParts {
  people: People
  devices: Devices
  sessions: Sessions
  tokens: AccessTokens
  roles: RoleCatalogue
  openLan: () => OpenLan | null
}

const NOBODY: Omit<Principal, 'kind' | 'name' | 'roleId' | 'permissions'> = {
  uid: null,
  deviceId: null,
  branchIds: null,
  sessionId: null,
  expiresAt: null,
}

export const DESKTOP_PRINCIPAL: Principal = {
  ...NOBODY,
  kind: 'desktop',
  name: 'desktop',
  roleId: 'admin',
  permissions: ['*'],
}

/** Says whom a request or a socket acts for. Rights are looked up each time, so that taking one away works at once. */
export class Identity {
  readonly #parts: IdentityParts

  constructor(parts: IdentityParts) {
    this.#parts = parts
  }

  /** Until the first manager is made everyone who is admitted is one. */
  get isOpen(): boolean {
    return !this.#parts.people.hasAny
  }

  /**
   * Undefined when the request shows nothing and needs to sign in. A promise only for a token that was not seen before.
   *
   * @throws AppError `token-invalid`, `token-expired`, `session-ended`, `cross-site-refused`; also as a rejection.
   */
  judge(request: IncomingMessage, sender: Sender): Principal | undefined | Promise<Principal> {
    if (sender.isDesktop) return DESKTOP_PRINCIPAL
    if (this.isOpen) return SETUP_PRINCIPAL
    const credential = readCredential(request)
    if (credential?.kind === 'bearer') return this.judgeToken(credential.token)
    if (credential?.kind === 'cookie') {
      const session = this.#parts.sessions.findByCookie(credential.value)
      if (session) {
        if (isFromOwnPage(request, sender.isSameOrigin)) return this.principalOf(session, session.expiresAt)
        throw new AppError('cross-site-refused', 'A write with the cookie must come from a page of this server.')
      }
    }
    return sender.isPrivate ? this.#openLanPrincipal() : undefined
  }

  /** @throws AppError `token-invalid`, `token-expired`, `session-ended`; also as a rejection. */
  judgeToken(token: string): Principal | Promise<Principal> {
    const { tokens } = this.#parts
    const known = tokens.findVerified(token)
    return known ? this.#claimed(known) : tokens.verify(token).then((claims) => this.#claimed(claims))
  }

  /**
   * The principal of a session as its person, device and role are now.
   *
   * @throws AppError `session-ended`.
   */
  principalOf(session: SessionRow, expiresAt: number | null): Principal {
    const { people, devices, roles } = this.#parts
    const device = session.deviceId === null ? undefined : devices.findActive(session.deviceId)
    const person = session.personId === null ? undefined : people.find(session.personId)
    const isGone = (session.deviceId !== null && !device) || (session.personId !== null && !person)
    const roleId = person?.roleId ?? device?.roleId
    if (isGone || person?.isDisabled || roleId === undefined) throw ended()
    return {
      kind: person ? 'person' : 'device',
      uid: person?.id ?? null,
      name: person?.displayName ?? device?.name ?? '',
      deviceId: session.deviceId,
      roleId,
      branchIds: intersect(person?.branchIds ?? null, device?.branchIds ?? null),
      permissions: roles.permissionsOf(roleId) ?? [],
      sessionId: session.id,
      expiresAt,
    }
  }

  /**
   * Asks again whom a request acts for, after a wait: bodies may take their time, and rights are taken away meanwhile.
   *
   * @throws AppError `unauthorized`, `session-ended`; `forbidden` when the rights are others now.
   */
  confirm(principal: Principal): void {
    const now = this.#principalNow(principal)
    if (!now) throw new AppError('unauthorized', 'Sign in first.')
    if (now === principal || hasSameRights(principal, now)) return
    throw new AppError('forbidden', 'Your rights changed while the request was under way; nothing was done.', {
      details: { rule: 'rights as they are now' },
      hint: 'Send it again.',
    })
  }

  #principalNow(principal: Principal): Principal | undefined {
    const { kind, sessionId, expiresAt } = principal
    if (kind === 'desktop') return principal
    if (kind === 'setup') return this.isOpen ? principal : undefined
    if (kind === 'open-lan') return this.#openLanPrincipal()
    const session = this.#parts.sessions.find(sessionId ?? '')
    if (!session) throw ended()
    return this.principalOf(session, expiresAt)
  }

  #claimed({ sessionId, deviceId, expiresAt }: AccessClaims): Principal {
    const session = this.#parts.sessions.find(sessionId)
    if (!session || session.deviceId !== deviceId) throw ended()
    return this.principalOf(session, expiresAt)
  }

  #openLanPrincipal(): Principal | undefined {
    const { openLan, roles } = this.#parts
    const allowed = openLan()
    if (!allowed) return undefined
    const { roleId, branchIds } = allowed
    const permissions = roles.permissionsOf(roleId) ?? []
    return { ...NOBODY, kind: 'open-lan', name: 'open network', roleId, branchIds, permissions }
  }
}

function hasSameRights(before: Principal, now: Principal): boolean {
  return (
    before.kind === now.kind &&
    before.uid === now.uid &&
    before.roleId === now.roleId &&
    isSameList(before.branchIds, now.branchIds) &&
    isSameList(before.permissions, now.permissions)
  )
}

function isSameList(left: readonly string[] | null, right: readonly string[] | null): boolean {
  if (left === right) return true
  return left?.length === right?.length && left?.every((item, index) => item === right?.[index]) === true
}

function ended(): AppError {
  return new AppError('session-ended', 'The session has ended; sign in again.')
}

function intersect(left: readonly string[] | null, right: readonly string[] | null): readonly string[] | null {
  if (left === null || right === null) return left ?? right
  return left.filter((branchId) => right.includes(branchId))
}
