import { BUILT_IN_ROLES } from './roles/built-in-roles.ts'

/** What people and devices need to know of roles; src-main/access/roles says what the permissions mean. */
export interface RoleCatalogue {
  /** The permissions of a role; undefined when there is no such role. */
  permissionsOf(roleId: string): readonly string[] | undefined
}

/** The roles that every branch has, without those of its own. */
export const builtInRoles: RoleCatalogue = {
  permissionsOf: (roleId) => BUILT_IN_ROLES.find((role) => role.roleId === roleId)?.permissions,
}

/** Holders may do everything: at least one active person keeps such a role. */
export function isAdministrator(permissions: readonly string[] | undefined): boolean {
  return permissions?.includes('*') ?? false
}
