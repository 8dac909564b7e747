import type { SqliteConnection, Statement } from './connection.ts'

/**
 * People, devices and what proves them. They belong to system.db, so that the restore of a branch changes nobody's rights.
 *
 * people: `branches` is a JSON list or null for all; the two hashes carry their own parameters (password-hash.ts).
 * sessions: a person on a device, a person without one, or a device alone; ended ones are kept for the console.
 * refresh_tokens: only hashes; used ones are kept as long as their session, so that a second use is recognised.
 * sign_in_failures: wrong tries of one person from one device or address.
 */
export const ACCESS_DDL = `
CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL,
  role TEXT NOT NULL, branches TEXT, password_hash TEXT, pin_hash TEXT, is_disabled INTEGER NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS devices (id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, branches TEXT,
  is_legacy INTEGER NOT NULL, paired_at TEXT NOT NULL, approved_by TEXT NOT NULL, last_seen_at TEXT, last_address TEXT,
  revoked_at TEXT, revoked_reason TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, person TEXT, device TEXT, method TEXT NOT NULL,
  created_at TEXT NOT NULL, last_seen_at TEXT NOT NULL, expires_at INTEGER NOT NULL, address TEXT NOT NULL,
  agent TEXT NOT NULL, cookie_hash TEXT UNIQUE, ended_at TEXT, end_reason TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_ended_at ON sessions (ended_at);
CREATE TABLE IF NOT EXISTS refresh_tokens (hash TEXT PRIMARY KEY, session TEXT NOT NULL, used_at INTEGER,
  request_hash TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS refresh_tokens_session ON refresh_tokens (session);
CREATE TABLE IF NOT EXISTS sign_in_failures (subject TEXT NOT NULL, origin TEXT NOT NULL, failures INTEGER NOT NULL,
  locked_until INTEGER NOT NULL, last_at INTEGER NOT NULL, PRIMARY KEY (subject, origin)) WITHOUT ROWID;
`

export interface PersonRow {
  id: string
  /** What is typed to sign in: lower case, NFC. */
  name: string
  displayName: string
  roleId: string
  branchIds: readonly string[] | null
  passwordHash: string | null
  pinHash: string | null
  isDisabled: boolean
  createdAt: string
  updatedAt: string
}

export interface DeviceRow {
  id: string
  name: string
  roleId: string
  branchIds: readonly string[] | null
  isLegacy: boolean
  pairedAt: string
  /** Name of the person who let it in. */
  approvedBy: string
  lastSeenAt: string | null
  lastAddress: string | null
  revokedAt: string | null
  revokedReason: string | null
}

export interface SessionRow {
  id: string
  personId: string | null
  deviceId: string | null
  method: 'password' | 'pin' | 'pairing' | 'recovery' | 'oidc'
  createdAt: string
  lastSeenAt: string
  /** Milliseconds since 1970; each refresh moves it. */
  expiresAt: number
  address: string
  agent: string
  cookieHash: string | null
  endedAt: string | null
  endReason: string | null
}

export interface RefreshRow {
  sessionId: string
  /** Milliseconds since 1970; null while it is the one to use. */
  usedAt: number | null
  requestHash: string | null
}

export interface FailureRow {
  subject: string
  origin: string
  failures: number
  lockedUntil: number
  lastAt: number
}

const SESSION_COLUMNS = `id, person AS personId, device AS deviceId, method, created_at AS createdAt,
  last_seen_at AS lastSeenAt, expires_at AS expiresAt, address, agent, cookie_hash AS cookieHash, ended_at AS endedAt,
  end_reason AS endReason`

/** Reads and writes of the tables above; what they mean is in src-main/access. */
export class AccessTables {
  readonly #connection: SqliteConnection
  readonly #prepared = new Map<string, Statement>()

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  transaction<Result>(work: () => Result): Result {
    return this.#connection.transaction(work)
  }

  listPeople(): PersonRow[] {
    const rows = this.#statement('SELECT * FROM people ORDER BY name').all() as Record<string, unknown>[]
    return rows.map((row) => ({
      id: String(row.id),
      name: String(row.name),
      displayName: String(row.display_name),
      roleId: String(row.role),
      branchIds: parseList(row.branches),
      passwordHash: row.password_hash as string | null,
      pinHash: row.pin_hash as string | null,
      isDisabled: row.is_disabled === 1,
      createdAt: String(row.created_at),
      updatedAt: String(row.updated_at),
    }))
  }

  savePerson(person: PersonRow): void {
    this.#statement('INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      person.id,
      person.name,
      person.displayName,
      person.roleId,
      person.branchIds && JSON.stringify(person.branchIds),
      person.passwordHash,
      person.pinHash,
      person.isDisabled ? 1 : 0,
      person.createdAt,
      person.updatedAt,
    )
  }

  removePerson(id: string): void {
    this.#statement('DELETE FROM people WHERE id = ?').run(id)
  }

  listDevices(): DeviceRow[] {
    const rows = this.#statement('SELECT * FROM devices ORDER BY paired_at, id').all() as Record<string, unknown>[]
    return rows.map((row) => ({
      id: String(row.id),
      name: String(row.name),
      roleId: String(row.role),
      branchIds: parseList(row.branches),
      isLegacy: row.is_legacy === 1,
      pairedAt: String(row.paired_at),
      approvedBy: String(row.approved_by),
      lastSeenAt: row.last_seen_at as string | null,
      lastAddress: row.last_address as string | null,
      revokedAt: row.revoked_at as string | null,
      revokedReason: row.revoked_reason as string | null,
    }))
  }

  saveDevice(device: DeviceRow): void {
    this.#statement('INSERT OR REPLACE INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      device.id,
      device.name,
      device.roleId,
      device.branchIds && JSON.stringify(device.branchIds),
      device.isLegacy ? 1 : 0,
      device.pairedAt,
      device.approvedBy,
      device.lastSeenAt,
      device.lastAddress,
      device.revokedAt,
      device.revokedReason,
    )
  }

  listLiveSessions(): SessionRow[] {
    return this.#statement(
      `SELECT ${SESSION_COLUMNS} FROM sessions WHERE ended_at IS NULL ORDER BY created_at, id`,
    ).all() as SessionRow[]
  }

  saveSession(session: SessionRow): void {
    this.#statement('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      session.id,
      session.personId,
      session.deviceId,
      session.method,
      session.createdAt,
      session.lastSeenAt,
      session.expiresAt,
      session.address,
      session.agent,
      session.cookieHash,
      session.endedAt,
      session.endReason,
    )
  }

  /**
   * Forgets sessions that ended before an instant (ISO 8601), and refresh tokens that were used before it. The last used
   * one of a session stays: a device whose answer was lost comes with it, however long it was away.
   */
  pruneSessions(before: string): void {
    this.#statement(
      'DELETE FROM refresh_tokens WHERE session IN (SELECT id FROM sessions WHERE ended_at IS NOT NULL AND ended_at < ?)',
    ).run(before)
    this.#statement('DELETE FROM sessions WHERE ended_at IS NOT NULL AND ended_at < ?').run(before)
    this.#statement(
      `DELETE FROM refresh_tokens WHERE used_at < ?
        AND used_at < (SELECT MAX(used_at) FROM refresh_tokens AS later WHERE later.session = refresh_tokens.session)`,
    ).run(Date.parse(before))
  }

  findRefresh(hash: string): RefreshRow | undefined {
    return this.#statement(
      'SELECT session AS sessionId, used_at AS usedAt, request_hash AS requestHash FROM refresh_tokens WHERE hash = ?',
    ).get(hash) as RefreshRow | undefined
  }

  addRefresh(hash: string, sessionId: string): void {
    this.#statement('INSERT INTO refresh_tokens VALUES (?, ?, NULL, NULL)').run(hash, sessionId)
  }

  useRefresh(hash: string, usedAt: number, requestHash: string | null): void {
    this.#statement('UPDATE refresh_tokens SET used_at = ?, request_hash = ? WHERE hash = ?').run(
      usedAt,
      requestHash,
      hash,
    )
  }

  listFailures(): FailureRow[] {
    return this.#statement(
      `SELECT subject, origin, failures, locked_until AS lockedUntil, last_at AS lastAt FROM sign_in_failures
       ORDER BY last_at`,
    ).all() as FailureRow[]
  }

  saveFailure({ subject, origin, failures, lockedUntil, lastAt }: FailureRow): void {
    this.#statement('INSERT OR REPLACE INTO sign_in_failures VALUES (?, ?, ?, ?, ?)').run(
      subject,
      origin,
      failures,
      lockedUntil,
      lastAt,
    )
  }

  removeFailure(subject: string, origin: string): void {
    this.#statement('DELETE FROM sign_in_failures WHERE subject = ? AND origin = ?').run(subject, origin)
  }

  #statement(sql: string): Statement {
    const known = this.#prepared.get(sql)
    if (known) return known
    const statement = this.#connection.prepare(sql)
    this.#prepared.set(sql, statement)
    return statement
  }
}

function parseList(text: unknown): string[] | null {
  return typeof text === 'string' ? (JSON.parse(text) as string[]) : null
}
