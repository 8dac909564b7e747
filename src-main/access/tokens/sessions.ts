import { createHmac } from 'node:crypto'
import { DAY_MS } from '../../../src-shared/durations.ts'
import { AppError } from '../../../src-shared/errors.ts'
import { type Clock, isoTime } from '../../lib/clock.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import type { AccessTables, SessionRow } from '../../store/sqlite/access-tables.ts'
import { digest, isSameSecret, makeSecret } from '../people/secret-codes.ts'

export type SessionMethod = SessionRow['method']

/** How long a session lasts without a refresh. A PIN is short, so its session ends after a long shift. */
export const SESSION_LIFE_MS: Readonly<Record<SessionMethod, number>> = {
  password: 30 * DAY_MS,
  recovery: DAY_MS,
  pin: DAY_MS,
  oidc: DAY_MS,
  pairing: 180 * DAY_MS,
}
/** Sessions, and used refresh tokens. */
export const KEPT_AFTER_END_DAYS = 30
const MAX_AGENT = 120

export interface NewSession {
  personId: string | null
  deviceId: string | null
  method: SessionMethod
  address: string
  /** User-Agent, to tell sessions apart. */
  agent: string
}

export interface OpenedSession {
  session: SessionRow
  refreshToken: string
}

/** Told after a session has ended, in the same turn. */
export type OnEnd = (session: SessionRow) => void

interface SessionParts {
  tables: AccessTables
  clock: Clock
  /** Of the server's keys. */
  refreshSecret: string
}

/**
 * Who is signed in where. A session is a family of refresh tokens: each is good for one use, which gives the next one.
 *
 *     T1 --use--> T2 --use--> T3            a used token that comes again means that two hold the family:
 *     T1 again ----------------> the session ends for both
 *
 * One exception keeps tablets on bad Wi-Fi signed in: the same token with the same request id, while its successor is
 * unused, gets the same successor again, however long the tablet was away. Whoever stole only the token does not know the
 * request id; whoever stole both could as well have used the token first.
 */
export class Sessions {
  readonly #parts: SessionParts
  readonly #live = new Map<string, SessionRow>()
  readonly #byCookie = new Map<string, SessionRow>()
  readonly #listeners = new Set<OnEnd>()

  constructor(parts: SessionParts) {
    this.#parts = parts
    for (const session of parts.tables.listLiveSessions()) this.#keep(session)
  }

  /**
   * Forgets what is over since a month: sessions, and refresh tokens that were used. Not sooner, and only when the clock is
   * known to be right: expired sessions count for nothing meanwhile, and a clock that ran ahead must sign nobody out.
   */
  prune(): void {
    const before = this.#parts.clock.now() - KEPT_AFTER_END_DAYS * DAY_MS
    this.endWhere(({ expiresAt }) => expiresAt <= before, 'expired')
    this.#parts.tables.pruneSessions(isoTime(before))
  }

  onEnd(listener: OnEnd): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Undefined when it has ended or was never. */
  find(id: string): SessionRow | undefined {
    const session = this.#live.get(id)
    return session && session.expiresAt > this.#parts.clock.now() ? session : undefined
  }

  list(): SessionRow[] {
    return [...this.#live.values()].filter(({ id }) => this.find(id))
  }

  open(input: NewSession): OpenedSession {
    const { tables, clock } = this.#parts
    const now = clock.now()
    const session: SessionRow = {
      ...input,
      id: `session-${uuid7(now)}`,
      agent: input.agent.slice(0, MAX_AGENT),
      createdAt: isoTime(now),
      lastSeenAt: isoTime(now),
      expiresAt: now + SESSION_LIFE_MS[input.method],
      cookieHash: null,
      endedAt: null,
      endReason: null,
    }
    const refreshToken = `mrt_${makeSecret()}`
    tables.transaction(() => {
      tables.saveSession(session)
      tables.addRefresh(digest(refreshToken), session.id)
    })
    this.#keep(session)
    return { session, refreshToken }
  }

  /**
   * Uses a refresh token up.
   *
   * @param requestId - Of the request, so that a lost answer can be asked for again.
   * @throws AppError `token-invalid` for one that was never made, `refresh-reused` (the session has ended then),
   *   `session-ended`.
   */
  refresh(refreshToken: string, requestId: string | undefined): OpenedSession {
    const { tables, clock } = this.#parts
    const hash = digest(refreshToken)
    const known = tables.findRefresh(hash)
    // A guess tells nothing of a session, so it ends none.
    if (!known) throw new AppError('token-invalid', 'The refresh token is not one of this server.')
    const session = this.find(known.sessionId)
    if (!session) throw new AppError('session-ended', 'The session has ended; sign in again.')
    const now = clock.now()
    const successor = this.#successorOf(refreshToken, requestId)
    if (known.usedAt !== null) {
      const isRetry = requestId !== undefined && known.requestHash !== null
      const isSame = isRetry && isSameSecret(digest(requestId), known.requestHash!)
      if (isSame && tables.findRefresh(digest(successor))?.usedAt === null) return { session, refreshToken: successor }
      this.end(session.id, 'refresh-reused')
      throw new AppError('refresh-reused', 'The refresh token was used before; the session has been ended.')
    }
    const next: SessionRow = {
      ...session,
      lastSeenAt: isoTime(now),
      expiresAt: now + SESSION_LIFE_MS[session.method],
    }
    tables.transaction(() => {
      tables.useRefresh(hash, now, requestId === undefined ? null : digest(requestId))
      tables.addRefresh(digest(successor), session.id)
      tables.saveSession(next)
    })
    this.#keep(next)
    return { session: next, refreshToken: successor }
  }

  /** A cookie for pages that know nothing of tokens; the one before it is taken back. */
  giveCookie(sessionId: string): string {
    const session = this.find(sessionId)
    if (!session) throw new AppError('session-ended', 'The session has ended; sign in again.')
    const cookie = makeSecret()
    this.#forgetCookie(session)
    const next = { ...session, cookieHash: digest(cookie) }
    this.#parts.tables.saveSession(next)
    this.#keep(next)
    return cookie
  }

  /** Using it is what a refresh is for tokens; written down when half of the session's life is over. */
  findByCookie(cookie: string): SessionRow | undefined {
    const known = this.#byCookie.get(digest(cookie))
    return this.#use(known && this.find(known.id))
  }

  /** The device's own one, in which nobody signed in; a device that signs its requests never refreshes it. */
  findOfDevice(deviceId: string): SessionRow | undefined {
    for (const session of this.#live.values()) {
      if (session.deviceId === deviceId && session.personId === null) return this.#use(this.find(session.id))
    }
    return undefined
  }

  #use(session: SessionRow | undefined): SessionRow | undefined {
    const now = this.#parts.clock.now()
    if (!session || session.expiresAt - now > SESSION_LIFE_MS[session.method] / 2) return session
    const next = { ...session, lastSeenAt: isoTime(now), expiresAt: now + SESSION_LIFE_MS[session.method] }
    this.#parts.tables.saveSession(next)
    this.#keep(next)
    return next
  }

  /** False when it had ended before. */
  end(id: string, reason: string): boolean {
    const session = this.#live.get(id)
    if (!session) return false
    const { tables, clock } = this.#parts
    const ended = { ...session, cookieHash: null, endedAt: isoTime(clock.now()), endReason: reason }
    this.#live.delete(id)
    this.#forgetCookie(session)
    tables.saveSession(ended)
    for (const listener of this.#listeners) listener(ended)
    return true
  }

  /** Ends every session that `isMeant`. Returns how many. */
  endWhere(isMeant: (session: SessionRow) => boolean, reason: string): number {
    let count = 0
    for (const session of [...this.#live.values()]) if (isMeant(session) && this.end(session.id, reason)) count++
    return count
  }

  #successorOf(refreshToken: string, requestId: string | undefined): string {
    if (requestId === undefined) return `mrt_${makeSecret()}`
    const { refreshSecret } = this.#parts
    const text = JSON.stringify([refreshToken, requestId])
    return `mrt_${createHmac('sha256', refreshSecret).update(text).digest('base64url')}`
  }

  #keep(session: SessionRow): void {
    this.#live.set(session.id, session)
    if (session.cookieHash !== null) this.#byCookie.set(session.cookieHash, session)
  }

  #forgetCookie({ cookieHash }: SessionRow): void {
    if (cookieHash !== null) this.#byCookie.delete(cookieHash)
  }
}
