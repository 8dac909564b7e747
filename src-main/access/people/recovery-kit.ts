import { AppError } from '../../../src-shared/errors.ts'
import type { PersonRow } from '../../store/sqlite/access-tables.ts'
import type { SystemDatabase } from '../../store/sqlite/system-database.ts'
import { isAdministrator, type RoleCatalogue } from '../role-catalogue.ts'
import type { Lockout } from '../sign-in/lockout.ts'
import type { People } from './people.ts'
import { digest, isSameSecret, makeLetterCode, normalizeLetterCode } from './secret-codes.ts'

const SETTING = 'access.recovery'
/** 6 groups of 4 letters are 120 bits. */
const GROUPS = 6

interface RecoveryParts {
  settings: Pick<SystemDatabase, 'findSetting' | 'setSetting'>
  people: People
  roles: RoleCatalogue
  lockout: Lockout
}

/** The code on the sheet of paper that brings a manager back who forgot the password. Only its hash is kept. */
export class RecoveryKit {
  readonly #parts: RecoveryParts
  /** The code is good once: also while the new password is hashed. */
  #isInUse = false

  constructor(parts: RecoveryParts) {
    this.#parts = parts
  }

  /** A new code; the one before it is good no longer. */
  renew(): string {
    const code = makeLetterCode(GROUPS)
    this.#parts.settings.setSetting(SETTING, digest(normalizeLetterCode(code)))
    return code
  }

  /**
   * Gives an administrator a new password.
   *
   * @param user - The first one by name when absent.
   * @returns The person and the next code.
   * @throws AppError `sign-in-failed`, `sign-in-locked`, `weak-secret`.
   */
  async recover(input: { code: string; user: string | undefined; password: string; origin: string }) {
    const { settings, people, roles, lockout } = this.#parts
    lockout.begin('recovery', input.origin, true)
    const expected = settings.findSetting(SETTING)
    const isRight = isSameSecret(digest(normalizeLetterCode(input.code)), expected ?? '')
    const person = input.user === undefined ? this.#firstAdministrator() : people.findByLogin(input.user)
    if (!isRight || expected === undefined || !person || this.#isInUse) throw wrong()
    const check = (): void => {
      const isSame = settings.findSetting(SETTING) === expected
      if (!isSame || !isAdministrator(roles.permissionsOf(people.find(person.id)?.roleId ?? ''))) throw wrong()
    }
    check()
    lockout.succeed('recovery', input.origin)
    this.#isInUse = true
    try {
      const changed = await people.change(person.id, { password: input.password, isDisabled: false }, check)
      lockout.unlock(person.id)
      return { person: changed, recoveryCode: this.renew() }
    } finally {
      this.#isInUse = false
    }
  }

  #firstAdministrator(): PersonRow | undefined {
    const { people, roles } = this.#parts
    const first = people.list().find(({ role }) => isAdministrator(roles.permissionsOf(role)))
    return first && people.find(first.id)
  }
}

function wrong(): AppError {
  return new AppError('sign-in-failed', 'The recovery code or the user is wrong.')
}
