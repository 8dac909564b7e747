import { AppError } from '../../../src-shared/errors.ts'
import type { PersonRow } from '../../store/sqlite/access-tables.ts'
import type { People } from '../people/people.ts'
import type { RecoveryKit } from '../people/recovery-kit.ts'
import { isSameSecret, makeLetterCode, normalizeLetterCode } from '../people/secret-codes.ts'
import type { Lockout } from '../sign-in/lockout.ts'

export const FIRST_ROLE = 'admin'
export const FIRST_USER = 'admin'

export interface FirstManagerInput {
  /** What the terminal showed; not needed with the desktop's token. */
  code: string | undefined
  isDesktop: boolean
  user: string | undefined
  name: string | undefined
  password: string
  pin: string | undefined
  origin: string
}

interface FirstManagerParts {
  people: People
  recovery: RecoveryKit
  lockout: Lockout
}

/**
 * Makes the first manager, never for whoever comes first: it takes the window of this machine, or the code that the
 * terminal showed at this start. From then on the branch is closed.
 */
export class FirstManager {
  readonly #parts: FirstManagerParts
  readonly #code: string | undefined
  #isMaking = false

  constructor(parts: FirstManagerParts) {
    this.#parts = parts
    this.#code = parts.people.hasAny ? undefined : makeLetterCode(2, 5)
  }

  /** To be shown on the terminal and nowhere else; undefined once there is a manager. */
  get code(): string | undefined {
    return this.#parts.people.hasAny ? undefined : this.#code
  }

  /** @throws AppError `setup-done`, `sign-in-failed`, `sign-in-locked`, and what People.add throws. */
  async create(input: FirstManagerInput): Promise<{ person: PersonRow; recoveryCode: string }> {
    const { lockout } = this.#parts
    this.#checkOpen()
    if (!input.isDesktop) {
      lockout.begin('set-up', input.origin, true)
      const given = normalizeLetterCode(input.code ?? '')
      if (!isSameSecret(given, normalizeLetterCode(this.#code ?? '')) || given === '') {
        throw new AppError(
          'sign-in-failed',
          'The set-up code is wrong; the terminal showed it when the server started.',
        )
      }
      lockout.succeed('set-up', input.origin)
    }
    return await this.make(input)
  }

  /** Without a proof: for MISHKAH_ADMIN_PASSWORD. @throws AppError `setup-done`, and what People.add throws. */
  async make(input: Pick<FirstManagerInput, 'password'> & Partial<FirstManagerInput>) {
    const { people, recovery } = this.#parts
    this.#checkOpen()
    this.#isMaking = true
    try {
      const { user = FIRST_USER, name, password, pin } = input
      const person = await people.add({ user, name, role: FIRST_ROLE, password, pin })
      return { person, recoveryCode: recovery.renew() }
    } finally {
      this.#isMaking = false
    }
  }

  #checkOpen(): void {
    if (this.#parts.people.hasAny || this.#isMaking)
      throw new AppError('setup-done', 'The first manager was made already.')
  }
}
