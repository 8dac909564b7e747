import { AppError } from '../../../src-shared/errors.ts'
import type { Principal } from '../principal.ts'
import type { RoleCatalogue } from '../role-catalogue.ts'

/** Whether the words of a principal hold `manage:<area>`. */
export function mayManage({ permissions }: Pick<Principal, 'permissions'>, area: string): boolean {
  return ['*', 'manage:*', `manage:${area}`].some((word) => permissions.includes(word))
}

/** @throws AppError `forbidden`. */
export function requireManage(principal: Principal, area: string): void {
  if (mayManage(principal, area)) return
  throw new AppError('forbidden', 'This takes a permission that you do not have.', {
    details: { permission: `manage:${area}` },
  })
}

/**
 * Whoever manages people and devices gives and takes only what they have: otherwise a manager would make an administrator
 * of themselves.
 *
 * @param roleIds - The role that somebody has, and the one to give.
 * @param branchIds - Where it will be good; null for everywhere.
 * @throws AppError `forbidden`.
 */
export function requireAtLeast(
  principal: Pick<Principal, 'permissions' | 'branchIds'>,
  roles: RoleCatalogue,
  roleIds: readonly string[],
  branchIds: readonly string[] | null,
): void {
  if (principal.permissions.includes('*') && principal.branchIds === null) return
  const words = roleIds.flatMap((roleId) => roles.permissionsOf(roleId) ?? [])
  const isBeyond = words.some((word) => {
    if (word === '*') return !principal.permissions.includes('*')
    return word.startsWith('manage:') && !mayManage(principal, word.slice('manage:'.length))
  })
  const { branchIds: own } = principal
  const isElsewhere = own !== null && (branchIds === null || branchIds.some((branchId) => !own.includes(branchId)))
  if (!isBeyond && !isElsewhere) return
  throw new AppError('forbidden', 'Nobody gives or changes more rights than they have.')
}

/** @throws AppError `forbidden` when the principal may not enter the branch. */
export function requireBranch({ branchIds }: Principal, branchId: string): void {
  if (branchIds === null || branchIds.includes(branchId)) return
  throw new AppError('forbidden', 'You may not enter this branch.', { details: { branchId } })
}
