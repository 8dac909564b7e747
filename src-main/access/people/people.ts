import { AppError } from '../../../src-shared/errors.ts'
import { type Clock, isoTime } from '../../lib/clock.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import type { AccessTables, PersonRow } from '../../store/sqlite/access-tables.ts'
import { isAdministrator, type RoleCatalogue } from '../role-catalogue.ts'
import type { SecretHasher } from './password-hash.ts'
import { checkPassword, checkPin } from './secret-rules.ts'

/** A person as others may see them: never a hash. */
export interface PersonView {
  id: string
  user: string
  name: string
  role: string
  branches: readonly string[] | null
  hasPassword: boolean
  hasPin: boolean
  isDisabled: boolean
  createdAt: string
  updatedAt: string
}

export interface NewPerson {
  /** What is typed to sign in. */
  user: string
  name?: string | undefined
  role: string
  branches?: readonly string[] | null | undefined
  password?: string | undefined
  pin?: string | undefined
}

/** Members that are absent stay; `pin: null` and `password: null` take that way of signing in. */
export interface PersonChange {
  name?: string | undefined
  role?: string | undefined
  branches?: readonly string[] | null | undefined
  isDisabled?: boolean | undefined
  password?: string | null | undefined
  pin?: string | null | undefined
}

/** Throws when what was allowed before the hashing, which takes a while, is not any more. */
type Confirm = () => void

interface PeopleParts {
  tables: AccessTables
  hasher: SecretHasher
  roles: RoleCatalogue
  clock: Clock
}

const USER_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._@-]{0,63}$/u

/** Who may sign in. All of them are in memory: a branch has some dozens. */
export class People {
  readonly #parts: PeopleParts
  readonly #byId = new Map<string, PersonRow>()
  readonly #byName = new Map<string, PersonRow>()

  constructor(parts: PeopleParts) {
    this.#parts = parts
    for (const person of parts.tables.listPeople()) this.#keep(person)
  }

  /** False until the first manager is made; then the branch is closed. */
  get hasAny(): boolean {
    return this.#byId.size > 0
  }

  list(): PersonView[] {
    return [...this.#byId.values()].sort((a, b) => a.name.localeCompare(b.name)).map(toPersonView)
  }

  find(id: string): PersonRow | undefined {
    return this.#byId.get(id)
  }

  /** By id or by the name that is typed. */
  findByLogin(user: string): PersonRow | undefined {
    return this.#byName.get(normalizeUser(user)) ?? this.#byId.get(user)
  }

  /** @throws AppError `person-not-found`. */
  get(id: string): PersonRow {
    const person = this.#byId.get(id)
    if (person) return person
    throw new AppError('person-not-found', 'There is no such person.', { details: { personId: id.slice(0, 64) } })
  }

  /** @throws AppError `invalid-name`, `person-exists`, `role-not-found`, `weak-secret`. */
  async add(input: NewPerson, confirm: Confirm = () => undefined): Promise<PersonRow> {
    const name = normalizeUser(input.user)
    if (!USER_NAME.test(name)) {
      throw new AppError('invalid-name', 'A user name has 1 to 64 letters, digits, dots, dashes or @.')
    }
    this.#checkFree(name)
    this.#checkRole(input.role)
    if (input.password !== undefined) checkPassword(input.password, name)
    if (input.pin !== undefined) checkPin(input.pin)
    const { hasher, clock } = this.#parts
    const passwordHash = input.password === undefined ? null : await hasher.hash(input.password)
    const pinHash = input.pin === undefined ? null : await hasher.hash(input.pin)
    confirm()
    this.#checkFree(name)
    this.#checkRole(input.role)
    const now = clock.now()
    const person: PersonRow = {
      id: `person-${uuid7(now)}`,
      name,
      displayName: input.name?.trim() || input.user.trim(),
      roleId: input.role,
      branchIds: input.branches ?? null,
      passwordHash,
      pinHash,
      isDisabled: false,
      createdAt: isoTime(now),
      updatedAt: isoTime(now),
    }
    this.#save(person)
    return person
  }

  /** @throws AppError `person-not-found`, `role-not-found`, `weak-secret`, `last-administrator`. */
  async change(id: string, change: PersonChange, confirm: Confirm = () => undefined): Promise<PersonRow> {
    const { hasher, clock } = this.#parts
    const { name } = this.get(id)
    if (change.role !== undefined) this.#checkRole(change.role)
    if (typeof change.password === 'string') checkPassword(change.password, name)
    if (typeof change.pin === 'string') checkPin(change.pin)
    const passwordHash = typeof change.password === 'string' ? await hasher.hash(change.password) : change.password
    const pinHash = typeof change.pin === 'string' ? await hasher.hash(change.pin) : change.pin
    confirm()
    const person = this.get(id) // as it is after the hashing
    if (change.role !== undefined) this.#checkRole(change.role)
    const next: PersonRow = {
      ...person,
      displayName: change.name?.trim() || person.displayName,
      roleId: change.role ?? person.roleId,
      branchIds: change.branches === undefined ? person.branchIds : change.branches,
      isDisabled: change.isDisabled ?? person.isDisabled,
      passwordHash: passwordHash === undefined ? person.passwordHash : passwordHash,
      pinHash: pinHash === undefined ? person.pinHash : pinHash,
      updatedAt: isoTime(clock.now()),
    }
    if (!this.#isAdministrator(next)) this.#checkNotLast(person)
    this.#save(next)
    return next
  }

  /** @throws AppError `person-not-found`, `last-administrator`. */
  remove(id: string): PersonRow {
    const person = this.get(id)
    this.#checkNotLast(person)
    this.#parts.tables.removePerson(id)
    this.#byId.delete(id)
    this.#byName.delete(person.name)
    return person
  }

  /** Can sign in with a password and may do everything, everywhere. */
  #isAdministrator({ isDisabled, roleId, passwordHash, branchIds }: PersonRow): boolean {
    return (
      !isDisabled &&
      passwordHash !== null &&
      branchIds === null &&
      isAdministrator(this.#parts.roles.permissionsOf(roleId))
    )
  }

  #checkNotLast(person: PersonRow): void {
    const others = [...this.#byId.values()].some((other) => other.id !== person.id && this.#isAdministrator(other))
    if (others || !this.#isAdministrator(person)) return
    throw new AppError('last-administrator', 'Somebody with a password must remain who may do everything.')
  }

  #checkFree(name: string): void {
    if (this.#byName.has(name)) throw new AppError('person-exists', 'Somebody has this user name.')
  }

  #checkRole(roleId: string): void {
    if (this.#parts.roles.permissionsOf(roleId) !== undefined) return
    throw new AppError('role-not-found', 'There is no such role.', { details: { role: roleId.slice(0, 64) } })
  }

  #save(person: PersonRow): void {
    this.#parts.tables.savePerson(person)
    this.#keep(person)
  }

  #keep(person: PersonRow): void {
    this.#byId.set(person.id, person)
    this.#byName.set(person.name, person)
  }
}

export function normalizeUser(user: string): string {
  return user.trim().normalize('NFC').toLowerCase()
}

export function toPersonView(person: PersonRow): PersonView {
  const { id, name, displayName, roleId, branchIds, passwordHash, pinHash, isDisabled, createdAt, updatedAt } = person
  return {
    id,
    user: name,
    name: displayName,
    role: roleId,
    branches: branchIds,
    hasPassword: passwordHash !== null,
    hasPin: pinHash !== null,
    isDisabled,
    createdAt,
    updatedAt,
  }
}
