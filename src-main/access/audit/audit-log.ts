import { createHash } from 'node:crypto'
import { DAY_MS } from '../../../src-shared/durations.ts'
import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { type Clock, elapsedMs, isoTime } from '../../lib/clock.ts'
import { redactText } from '../../lib/log.ts'
import type { AuditFilter, AuditRow, AuditTable } from '../../store/sqlite/audit-table.ts'
import type { Principal } from '../principal.ts'
import { originOf } from '../sign-in/lockout.ts'

/** Who did something and from where; what nobody can claim for themselves. */
export interface AuditActor {
  id: string | null
  name: string
  deviceId: string | null
  address: string | null
}

/** What happened. Never a secret: names of users and devices, ids, paths, codes. */
export interface AuditInput {
  /** `noun.verb`: `person.sign-in`, `device.revoke`, `manage.purge`. */
  action: string
  outcome: 'done' | 'denied'
  actor: AuditActor
  /** Whom or what it was done to. */
  subject?: string | undefined
  /** The manager's words, or the code of the refusal. */
  reason?: string | undefined
  /** For somebody else, such as a manager whose PIN let a device in. */
  onBehalfOf?: string | undefined
  details?: JsonObject | undefined
}

/** An entry as it is listed and exported. */
export interface AuditEntry extends Omit<AuditInput, 'actor'> {
  id: number
  /** ISO 8601, UTC. */
  at: string
  actor: AuditActor
  previous: string
  hash: string
}

/** The same refusal of the same caller is one entry a minute, with a count: guesses must not fill the disk. */
const DENIAL_WINDOW_MS = 60_000
/** Different refusals in a minute, of requests and of signing in apart: a flood of one kind must not hide the other. */
const MAX_OPEN_DENIALS = 200
/** Of them from one place, so that nobody uses up the entries of the others. */
const MAX_OF_ONE_PLACE = 20
const MAX_TEXT = 200
export const DEFAULT_RETENTION_DAYS = 400

/**
 * Who did what. Each entry's hash covers the one before, so that nobody can change or take out one unseen.
 *
 *     hash(n) = sha256(hash(n - 1) + "\n" + entry(n))
 */
export class AuditLog {
  readonly #table: AuditTable
  readonly #clock: Clock
  readonly #denials = new Map<string, OpenDenial>()

  constructor(table: AuditTable, clock: Clock) {
    this.#table = table
    this.#clock = clock
  }

  /** Synced to the disk when it returns. */
  record(input: AuditInput): AuditEntry {
    const head = this.#table.head()
    const id = head.id + 1
    const at = isoTime(this.#clock.now())
    const { action, outcome, actor, subject, reason, onBehalfOf, details } = input
    const entry = JSON.stringify({
      ...{ id, at, action, outcome },
      actor: { ...actor, name: cut(actor.name) },
      ...(subject !== undefined && { subject: cut(subject) }),
      ...(reason !== undefined && { reason: cut(reason) }),
      ...(onBehalfOf !== undefined && { onBehalfOf: cut(onBehalfOf) }),
      ...(details && { details }),
    })
    const row = {
      id,
      at,
      action,
      outcome,
      actor: actor.id,
      device: actor.deviceId,
      entry,
      hash: link(head.hash, entry),
    }
    this.#table.add(row)
    return toEntry(row, head.hash)
  }

  /**
   * A refusal: written at once the first time, then counted for a minute. Beyond 20 of one place, and 200 of all, different
   * ones are counted together, so that what somebody invents leaves a bounded number of entries.
   */
  recordDenial(input: Denial): void {
    if (this.#count(keyOf(input))) return
    this.flushDenials()
    const kind = kindOf(input)
    const place = placeOf(input)
    const open = [...this.#denials.values()].filter((denial) => denial.kind === kind)
    const { action, actor } = input
    let denied = input
    if (open.filter((denial) => denial.place === place).length >= MAX_OF_ONE_PLACE) {
      denied = { action, actor: { ...actor, id: null, name: '(several)' } }
    }
    if (open.length >= MAX_OPEN_DENIALS) denied = { action, actor: MANY }
    const key = keyOf(denied)
    if (denied !== input && this.#count(key)) return
    const entry: AuditInput = { ...denied, outcome: 'denied' }
    this.#denials.set(key, { input: entry, kind, place, since: elapsedMs(this.#clock), repeated: 0 })
    this.record(entry)
  }

  /** False when there is no such refusal of this minute. */
  #count(key: string): boolean {
    const open = this.#denials.get(key)
    if (!open || elapsedMs(this.#clock) - open.since >= DENIAL_WINDOW_MS) return false
    open.repeated++
    return true
  }

  /** Writes the counts of refusals whose minute is over; all of them with `isEnding`. */
  flushDenials(isEnding = false): void {
    const now = elapsedMs(this.#clock)
    for (const [key, { since }] of [...this.#denials]) {
      if (isEnding || now - since >= DENIAL_WINDOW_MS) this.#close(key)
    }
  }

  #close(key: string): void {
    const open = this.#denials.get(key)
    this.#denials.delete(key)
    if (!open || open.repeated === 0) return
    this.record({ ...open.input, details: { ...open.input.details, repeated: open.repeated } })
  }

  /** Newest first. */
  list(filter: AuditFilter, limit: number): AuditEntry[] {
    return this.#table.list(filter, limit).map((row) => toEntry(row))
  }

  /** Oldest first, a thousand at a time: a log of years is never in memory as a whole. */
  *readAll(): Generator<AuditEntry> {
    let { id, hash } = this.#table.anchor()
    for (;;) {
      const rows = this.#table.readAfter(id, 1_000)
      if (rows.length === 0) return
      for (const row of rows) {
        yield toEntry(row, hash)
        hash = row.hash
        id = row.id
      }
    }
  }

  /**
   * Checks every link of the chain.
   *
   * @throws AppError `chain-broken` with the id of the first entry that does not fit.
   */
  verify(): { entries: number; headHash: string } {
    let { id, hash } = this.#table.anchor()
    let entries = 0
    for (;;) {
      const rows = this.#table.readAfter(id, 1_000)
      if (rows.length === 0) return { entries, headHash: hash }
      for (const row of rows) {
        if (row.id !== id + 1 || row.hash !== link(hash, row.entry) || !repeatsEntry(row)) {
          throw new AppError('chain-broken', 'The audit log was changed.', { details: { entryId: row.id } })
        }
        hash = row.hash
        id = row.id
        entries++
      }
    }
  }

  /** Forgets entries older than so many days. Returns how many. */
  trim(retentionDays: number): number {
    return this.#table.trim(isoTime(this.#clock.now() - retentionDays * DAY_MS))
  }
}

/** The server itself, such as at its start. */
export const SERVER_ACTOR: AuditActor = { id: null, name: 'server', deviceId: null, address: null }

/** Too many callers to name each. */
const MANY: AuditActor = { id: null, name: '(many)', deviceId: null, address: null }

type Denial = Omit<AuditInput, 'outcome'>

interface OpenDenial {
  input: AuditInput
  kind: string
  place: string
  /** By the clock that nobody sets. */
  since: number
  repeated: number
}

/** Which refusals are equal. A stranger asks for what they like: their entry names the first thing and counts the others. */
function keyOf(denial: Denial): string {
  const { action, actor, subject, reason } = denial
  const isStranger = actor.id === null && actor.deviceId === null
  return JSON.stringify([action, actor.id, placeOf(denial), isStranger ? undefined : subject, reason])
}

/** A device with its address; of IPv6 the network. */
function placeOf({ actor: { deviceId, address } }: Denial): string {
  return JSON.stringify([deviceId, address === null ? null : originOf(null, address)])
}

/** Refused requests and refused sign-ins have a budget each. */
function kindOf({ action }: Denial): 'request' | 'sign-in' {
  return action === 'request' ? 'request' : 'sign-in'
}

export function actorOf(principal: Principal, address: string): AuditActor {
  return { id: principal.uid, name: principal.name, deviceId: principal.deviceId, address }
}

function link(previous: string, entry: string): string {
  return createHash('sha256').update(`${previous}\n${entry}`).digest('hex')
}

function toEntry({ entry, hash }: AuditRow, previous = ''): AuditEntry {
  return { ...(JSON.parse(entry) as Omit<AuditEntry, 'hash' | 'previous'>), previous, hash }
}

function repeatsEntry(row: AuditRow): boolean {
  const { id, at, action, outcome, actor } = JSON.parse(row.entry) as AuditEntry
  return (
    id === row.id &&
    at === row.at &&
    action === row.action &&
    outcome === row.outcome &&
    actor.id === row.actor &&
    actor.deviceId === row.device
  )
}

/** People paste tokens into addresses: those are not written down either. */
function cut(whole: string): string {
  const text = redactText(whole)
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}
