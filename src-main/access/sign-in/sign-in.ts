import { AppError } from '../../../src-shared/errors.ts'
import type { PersonRow } from '../../store/sqlite/access-tables.ts'
import type { AuditActor, AuditLog } from '../audit/audit-log.ts'
import type { SecretHasher } from '../people/password-hash.ts'
import { normalizeUser, type People } from '../people/people.ts'
import { FREE_TRIES_OF_A_STRANGER, type Lockout, originOf } from './lockout.ts'

export type SecretKind = 'password' | 'pin'

export interface SignInAttempt {
  user: string
  kind: SecretKind
  secret: string
  /** Of a paired device; null for a stranger. */
  deviceId: string | null
  address: string
}

interface SignInParts {
  people: People
  hasher: SecretHasher
  lockout: Lockout
  audit: AuditLog
}

const MAX_USER = 128
const MAX_SECRET = 1_024
/** Whom a stranger tried, whoever it was. */
const ANYONE = 'anyone'

/** Proves a person by a password or a PIN. What it opens is up to the caller. */
export class SignIn {
  readonly #parts: SignInParts

  constructor(parts: SignInParts) {
    this.#parts = parts
  }

  /**
   * The person, when the secret is right. A wrong name and a wrong secret look and take the same.
   *
   * @throws AppError `sign-in-failed`, `sign-in-locked`, `device-required` for a PIN without a device, `rate-limited`.
   */
  async prove(attempt: SignInAttempt): Promise<PersonRow> {
    const { people, hasher, lockout, audit } = this.#parts
    const { kind, secret, deviceId, address } = attempt
    const user = normalizeUser(attempt.user.slice(0, MAX_USER))
    const person = people.findByLogin(user)
    const subject = person?.id ?? `nobody ${user}`
    const origin = originOf(deviceId, address)
    const isStranger = deviceId === null
    // People type their password into the wrong field: a name that nobody has is not written down.
    const shownName = person?.name ?? '(unknown)'
    const actor: AuditActor = { id: person?.id ?? null, name: shownName, deviceId, address }
    try {
      if (kind === 'pin' && deviceId === null) {
        throw new AppError('device-required', 'A PIN is taken on a paired device only; sign in with the password.')
      }
      // Before the try is counted: with a full queue nobody looks at the secret.
      const guest = { place: origin, isStranger }
      hasher.requireRoom(guest)
      this.#count(subject, origin, { isKnown: person !== undefined, isStranger })
      const hash = hashOf(person, kind)
      const isRight = await hasher.verify(secret.slice(0, MAX_SECRET), hash, guest)
      // Looked up again: the person may have been disabled, or the secret changed, while the hash was made.
      const now = person && people.find(person.id)
      if (!isRight || now === undefined || now.isDisabled || hashOf(now, kind) !== hash) {
        throw new AppError('sign-in-failed', `The user or the ${kind === 'pin' ? 'PIN' : 'password'} is wrong.`)
      }
      lockout.succeed(subject, origin)
      if (isStranger) lockout.succeed(ANYONE, origin)
      return now
    } catch (error) {
      if (error instanceof AppError) {
        audit.recordDenial({
          action: 'person.sign-in',
          actor,
          subject: shownName,
          reason: error.code,
          details: { kind },
        })
      }
      throw error
    }
  }

  /** Tries at one person, and a stranger's tries at anybody. @throws AppError `sign-in-locked`. */
  #count(subject: string, origin: string, { isKnown, isStranger }: { isKnown: boolean; isStranger: boolean }): void {
    const { lockout } = this.#parts
    if (isStranger) lockout.check(ANYONE, origin, FREE_TRIES_OF_A_STRANGER)
    lockout.begin(subject, origin, isKnown)
    if (isStranger) lockout.begin(ANYONE, origin, false, FREE_TRIES_OF_A_STRANGER)
  }
}

function hashOf(person: PersonRow | undefined, kind: SecretKind): string | null {
  return (kind === 'pin' ? person?.pinHash : person?.passwordHash) ?? null
}
