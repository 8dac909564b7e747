import { AppError } from '../../../src-shared/errors.ts'
import type { Principal } from '../principal.ts'
import type { RoleCatalogue } from '../role-catalogue.ts'
import { type Area, findAreaWord } from '../roles/permissions.ts'
import type { Rights } from '../rules/rights.ts'

/** Whether the words of a principal hold `manage:<area>`. */
export function mayManage({ permissions }: Pick<Principal, 'permissions'>, area: Area): boolean {
  return findAreaWord(permissions, area) !== undefined
}

/** @throws AppError `forbidden`. */
export function requireManage(principal: Principal, area: Area): void {
  if (mayManage(principal, area)) return
  throw new AppError('forbidden', 'This takes a permission that you do not have.', {
    details: { permission: `manage:${area}` },
  })
}

const PARTS_OF_WRITE = new Set(['insert', 'update', 'delete'])

/** Whether who has the words `own` may do all that `word` lets one do; `write:` covers its three parts. */
function holds(own: readonly string[], word: string): boolean {
  if (own.includes('*') || own.includes(word)) return true
  const [verb = '', name] = word.split(':')
  if (own.includes(`${verb}:*`)) return true
  return PARTS_OF_WRITE.has(verb) && (own.includes('write:*') || own.includes(`write:${name}`))
}

/** Where rights stand. */
export interface RightsBooks {
  access: { roles: RoleCatalogue }
  guard: { rights: Pick<Rights, 'rulesOf'> }
}

export type Giver = Pick<Principal, 'permissions' | 'branchIds' | 'roleId'>

/**
 * Whoever manages people and devices gives and takes only what they have: otherwise a manager would make an administrator
 * of themselves, or come by another role to what a rule hides from them.
 *
 * @param roleIds - The role that somebody has, and the one to give.
 * @param branchIds - Where it will be good; null for everywhere.
 * @throws AppError `forbidden`.
 */
export function requireAtLeast(
  giver: Giver,
  books: RightsBooks,
  roleIds: readonly string[],
  branchIds: readonly string[] | null,
): void {
  for (const roleId of roleIds) requireRole(giver, books, roleId, books.access.roles.permissionsOf(roleId) ?? [])
  const { branchIds: own } = giver
  const isElsewhere = own !== null && (branchIds === null || branchIds.some((branchId) => !own.includes(branchId)))
  if (isElsewhere) throw new AppError('forbidden', 'Nobody gives or changes more rights than they have.')
}

/** The same for a role and words that are to be its own. @throws AppError `forbidden`. */
export function requireRole(giver: Giver, { guard }: RightsBooks, roleId: string, words: readonly string[]): void {
  const { permissions, roleId: own } = giver
  if (permissions.includes('*') || (roleId === own && words.every((word) => permissions.includes(word)))) return
  const beyond = words.find((word) => !holds(permissions, word))
  if (beyond !== undefined) {
    throw new AppError('forbidden', `Nobody gives or changes more rights than they have: you do not have ${beyond}.`, {
      details: { rule: `permission ${beyond}`, permission: beyond },
    })
  }
  const { rules } = guard.rights.rulesOf(roleId)
  const missing = guard.rights.rulesOf(own).rules.find((rule) => !rules.includes(rule))
  if (!missing) return
  throw new AppError('forbidden', `The rule ${missing.id} speaks to you and not to the role ${roleId}.`, {
    details: { rule: missing.id },
  })
}

/**
 * For what concerns the server as a whole, or everybody on it.
 *
 * @throws AppError `forbidden` for who may enter some branches only.
 */
export function requireAllBranches({ branchIds }: Pick<Principal, 'branchIds'>): void {
  if (branchIds === null) return
  throw new AppError('forbidden', 'This concerns all branches, and you may enter some of them only.', {
    details: { rule: 'branches of the account' },
  })
}

/** Whether a principal may enter a branch; null stands for what belongs to none, which is for who may enter all. */
export function mayEnter({ branchIds }: Pick<Principal, 'branchIds'>, branchId: string | null): boolean {
  return branchIds === null || (branchId !== null && branchIds.includes(branchId))
}

/** @throws AppError `forbidden` when the principal may not enter the branch; whether there is one is not said. */
export function requireBranch({ branchIds }: Pick<Principal, 'branchIds'>, branchId: string): void {
  if (mayEnter({ branchIds }, branchId)) return
  throw new AppError('forbidden', 'You may not enter this branch.', { details: { branchId: branchId.slice(0, 64) } })
}

/** Whether somebody may know of a person or device: they meet in a branch. @param theirs - Null for all branches. */
export function meetsIn({ branchIds }: Pick<Principal, 'branchIds'>, theirs: readonly string[] | null): boolean {
  return branchIds === null || theirs === null || theirs.some((branchId) => branchIds.includes(branchId))
}
