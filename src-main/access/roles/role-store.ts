import { AppError } from '../../../src-shared/errors.ts'
import { BUILT_IN_ROLES, type Role } from './built-in-roles.ts'
import { parsePermissions } from './permissions.ts'

/** Where custom roles are kept: settings of system.db. */
export interface RoleSettings {
  findSetting(key: string): string | undefined
  setSetting(key: string, value: string): void
}

const SETTING = 'access.roles'
const ROLE_ID = /^[a-z][a-z0-9_-]{0,63}$/
const MAX_LABEL = 120
const MAX_ROLES = 200

/** The roles of a branch: those that are built in, those of the policy file, and those that the manager made. */
export class RoleStore {
  readonly #settings: RoleSettings
  readonly #roles = new Map<string, Role>()
  readonly #listeners = new Set<(roleId: string) => void>()

  /**
   * @param declared - Roles of the policy file; they may take the place of built-in ones other than admin.
   * @throws AppError `invalid-policy` when a stored role cannot be read.
   */
  constructor(settings: RoleSettings, declared: readonly Role[] = []) {
    this.#settings = settings
    for (const role of [...BUILT_IN_ROLES, ...declared, ...this.#readStored()]) this.#roles.set(role.roleId, role)
  }

  list(): Role[] {
    return [...this.#roles.values()]
  }

  find(roleId: string): Role | undefined {
    return this.#roles.get(roleId)
  }

  permissionsOf(roleId: string): readonly string[] | undefined {
    return this.#roles.get(roleId)?.permissions
  }

  /**
   * Makes a role or changes one that the manager made.
   *
   * @throws AppError `invalid-policy` for a bad id, label or permission; `forbidden` for a role that is built in.
   */
  save(input: { roleId: string; label?: string; permissions: readonly unknown[] }): Role {
    const { roleId, label = roleId } = input
    if (!ROLE_ID.test(roleId))
      throw new AppError('invalid-policy', 'A role is named by small letters, digits, _ and -.')
    if (label.length > MAX_LABEL) throw new AppError('invalid-policy', `A label has at most ${MAX_LABEL} characters.`)
    this.#assertOwn(roleId)
    if (!this.#roles.has(roleId) && this.#roles.size >= MAX_ROLES) {
      throw new AppError('invalid-policy', `There are ${MAX_ROLES} roles already.`)
    }
    const permissions = parsePermissions(input.permissions, `The role ${roleId}`)
    // Whoever may do everything is an administrator; that nobody takes the last one away is watched for that role.
    if (permissions.includes('*')) throw new AppError('invalid-policy', 'Only the role admin may do everything.')
    const role: Role = { roleId, label, permissions, isBuiltIn: false }
    this.#roles.set(roleId, role)
    this.#store(roleId)
    return role
  }

  /** @throws AppError `role-not-found`, `forbidden` for a role that is built in. */
  remove(roleId: string): void {
    if (!this.#roles.has(roleId)) throw new AppError('role-not-found', 'There is no such role.')
    this.#assertOwn(roleId)
    this.#roles.delete(roleId)
    this.#store(roleId)
  }

  /** Called with the role whose permissions have changed. */
  onChange(listener: (roleId: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #assertOwn(roleId: string): void {
    if (this.#roles.get(roleId)?.isBuiltIn !== true) return
    throw new AppError('forbidden', `The role ${roleId} is built in, or stands in the policy file.`)
  }

  #store(roleId: string): void {
    const own = this.list().filter((role) => !role.isBuiltIn)
    this.#settings.setSetting(SETTING, JSON.stringify(own))
    for (const listener of this.#listeners) listener(roleId)
  }

  #readStored(): Role[] {
    const text = this.#settings.findSetting(SETTING)
    if (text === undefined) return []
    const roles = JSON.parse(text) as Role[]
    return roles.map((role) => ({
      ...role,
      permissions: parsePermissions(role.permissions, `The role ${role.roleId}`),
      isBuiltIn: false,
    }))
  }
}
