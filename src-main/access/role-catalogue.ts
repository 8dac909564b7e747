/** What people and devices need to know of roles; src-main/access/roles says what the permissions mean. */
export interface RoleCatalogue {
  /** The permissions of a role; undefined when there is no such role. */
  permissionsOf(roleId: string): readonly string[] | undefined
}

/** The roles that every branch has. */
export const BUILT_IN_ROLES: Readonly<Record<string, readonly string[]>> = {
  admin: ['*'],
  manager: ['read:*', 'write:*', 'manage:*'],
  cashier: ['read:*', 'write:*'],
  waiter: ['read:*', 'write:*'],
  kitchen: ['read:*', 'write:*'],
  display: ['read:*'],
  integration: ['read:*', 'write:*'],
}

export const builtInRoles: RoleCatalogue = {
  permissionsOf: (roleId) => (Object.hasOwn(BUILT_IN_ROLES, roleId) ? BUILT_IN_ROLES[roleId] : undefined),
}

/** Holders may do everything: at least one active person keeps such a role. */
export function isAdministrator(permissions: readonly string[] | undefined): boolean {
  return permissions?.includes('*') ?? false
}
