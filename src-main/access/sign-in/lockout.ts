import { isIPv6 } from 'node:net'
import { DAY_MS, HOUR_MS } from '../../../src-shared/durations.ts'
import { AppError } from '../../../src-shared/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { AccessTables, FailureRow } from '../../store/sqlite/access-tables.ts'

/** Wrong tries that cost nothing but the try. */
export const FREE_TRIES = 5
/** The same for one stranger's tries at whatever names: inventing names is no new start. */
export const FREE_TRIES_OF_A_STRANGER = 100
const FIRST_DELAY_MS = 30_000
const LONGEST_DELAY_MS = HOUR_MS
/** After this time without a try the past is forgotten. */
const FORGIVEN_MS = DAY_MS
const MAX_REMEMBERED = 10_000

/** The wait after so many wrong tries in a row: none up to 4, then 30 s, doubling to an hour. */
export function delayAfter(failures: number, freeTries = FREE_TRIES): number {
  return failures < freeTries ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - freeTries))
}

/** A device by its id, a stranger by the address; of IPv6 the network, since a machine has as many as it likes. */
export function originOf(deviceId: string | null, address: string): string {
  if (deviceId !== null) return `device ${deviceId}`
  return `address ${isIPv6(address) ? networkOf(address) : address}`
}

/** The first four groups. */
function networkOf(address: string): string {
  const [head = '', tail = ''] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const rest = tail === '' ? [] : tail.split(':')
  const zeros = address.includes('::') ? Array(Math.max(0, 8 - groups.length - rest.length)).fill('0') : []
  return `${[...groups, ...zeros, ...rest].slice(0, 4).join(':')}::/64`
}

/** Told when a wrong try begins a wait. */
export type OnLock = (lock: { subject: string; origin: string; failures: number; delayMs: number }) => void

/**
 * Counts wrong tries for each (subject, origin), so that whoever guesses delays only the guesses from where they stand:
 * the same person signs in elsewhere as before.
 *
 * A try is counted before its secret is looked at and taken back when it was right. A thousand tries at once are then
 * refused like a thousand in a row.
 */
export class Lockout {
  readonly #tables: AccessTables
  readonly #clock: Clock
  readonly #onLock: OnLock
  /** Least recently tried first. */
  readonly #failures = new Map<string, FailureRow & { isStored: boolean }>()

  constructor(tables: AccessTables, clock: Clock, onLock: OnLock = () => undefined) {
    this.#tables = tables
    this.#clock = clock
    this.#onLock = onLock
    const now = clock.now()
    for (const row of tables.listFailures()) {
      if (now - row.lastAt > FORGIVEN_MS) tables.removeFailure(row.subject, row.origin)
      else this.#failures.set(keyOf(row.subject, row.origin), { ...row, isStored: true })
    }
  }

  /**
   * Counts a try as wrong until `succeed` says otherwise.
   *
   * @param isKnown - Tries at names that nobody has are kept in memory only: there are as many as an attacker likes.
   * @param freeTries - The last of them begins the first wait.
   * @throws AppError `sign-in-locked` with `details.retryAfterSeconds`.
   */
  begin(subject: string, origin: string, isKnown: boolean, freeTries = FREE_TRIES): void {
    const now = this.#clock.now()
    this.check(subject, origin, freeTries)
    const key = keyOf(subject, origin)
    const known = this.#failures.get(key)
    const isForgiven = known !== undefined && now - known.lastAt > FORGIVEN_MS
    const failures = (isForgiven ? 0 : (known?.failures ?? 0)) + 1
    const delayMs = delayAfter(failures, freeTries)
    const row: FailureRow = { subject, origin, failures, lockedUntil: now + delayMs, lastAt: now }
    this.#failures.delete(key)
    this.#failures.set(key, { ...row, isStored: isKnown })
    if (isKnown) this.#tables.saveFailure(row)
    if (delayMs > 0) this.#onLock({ subject, origin, failures, delayMs })
    if (this.#failures.size > MAX_REMEMBERED) this.#forgetOldest()
  }

  /** Counts nothing. @throws AppError `sign-in-locked` while there is a wait. */
  check(subject: string, origin: string, freeTries = FREE_TRIES): void {
    const now = this.#clock.now()
    const known = this.#failures.get(keyOf(subject, origin))
    if (known && now < known.lastAt) {
      // The clock was set back: that must not lock for longer than the delay itself.
      known.lastAt = now
      known.lockedUntil = now + delayAfter(known.failures, freeTries)
    }
    if (known && known.lockedUntil > now) {
      const waitMs = known.lockedUntil - now
      throw new AppError('sign-in-locked', 'Too many wrong tries from this device; wait before the next one.', {
        details: { retryAfterSeconds: Math.ceil(waitMs / 1000) },
      })
    }
  }

  /** The secret was right. */
  succeed(subject: string, origin: string): void {
    const known = this.#failures.get(keyOf(subject, origin))
    this.#failures.delete(keyOf(subject, origin))
    if (known?.isStored) this.#tables.removeFailure(subject, origin)
  }

  /** A manager ends every wait of a person. Returns how many there were. */
  unlock(subject: string): number {
    let count = 0
    for (const row of [...this.#failures.values()]) {
      if (row.subject !== subject) continue
      if (row.lockedUntil > this.#clock.now()) count++
      this.succeed(row.subject, row.origin)
    }
    return count
  }

  /** Waits that run now, for the console. */
  list(subject: string): { origin: string; failures: number; lockedUntil: number }[] {
    const now = this.#clock.now()
    return [...this.#failures.values()]
      .filter((row) => row.subject === subject && row.lockedUntil > now)
      .map(({ origin, failures, lockedUntil }) => ({ origin, failures, lockedUntil }))
  }

  /** Names that nobody has go first: inventing some must not end the wait of a real one. */
  #forgetOldest(): void {
    const rows = [...this.#failures.values()]
    const oldest = rows.find((row) => !row.isStored) ?? rows[0]
    if (oldest) this.succeed(oldest.subject, oldest.origin)
  }
}

function keyOf(subject: string, origin: string): string {
  return `${subject}\n${origin}`
}
