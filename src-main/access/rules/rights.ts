import type { ModuleDefinition } from '../../store/schema/definition.ts'
import { listPaths } from '../../store/schema/expression.ts'
import type { Principal } from '../principal.ts'
import { type AuthScope, checkPolicy, concernsRole, ModuleRights } from './module-rights.ts'
import type { Policy, Rule } from './policy.ts'

/** Rights kept a module: callers who come to the same share one, so this many different callers. */
const MAX_KEPT = 1_000

interface RoleRules {
  rules: readonly Rule[]
  /** What of the caller these rules ask for. */
  authNames: readonly (keyof AuthScope)[]
}

/** Works out what a principal may do in a module, once for all who may do the same. */
export class Rights {
  readonly policy: Policy
  readonly #byRole = new Map<string, RoleRules>()
  readonly #kept = new WeakMap<ModuleDefinition, Map<string, ModuleRights>>()

  constructor(policy: Policy) {
    this.policy = policy
  }

  /** @throws AppError `invalid-policy` when a rule does not fit a table of the module. */
  check(definition: ModuleDefinition): void {
    checkPolicy(this.policy, definition)
  }

  /** The rules that speak to a role. */
  rulesOf(roleId: string): RoleRules {
    const known = this.#byRole.get(roleId)
    if (known) return known
    const rules = this.policy.rules.filter((rule) => concernsRole(rule.for, roleId))
    const names = new Set<keyof AuthScope>()
    for (const rule of rules) {
      const expressions = rule.kind === 'row' ? Object.values(rule.conditions) : [rule.read, rule.write]
      for (const expression of expressions) {
        for (const { root, path } of expression ? listPaths(expression) : []) {
          if (root === 'auth') names.add(path[0] as keyof AuthScope)
        }
      }
    }
    const found = { rules, authNames: [...names].sort() }
    if (this.#byRole.size < MAX_KEPT) this.#byRole.set(roleId, found)
    return found
  }

  /**
   * @param branchId - The branch that the module belongs to: `auth.branch`.
   * @throws AppError `invalid-policy` when the module has changed so that a rule does not fit it any more: closed, not open.
   */
  of(principal: Principal, definition: ModuleDefinition, branchId: string): ModuleRights {
    const { uid, roleId, deviceId, kind, permissions } = principal
    const isOpen = kind === 'setup'
    const { rules, authNames } = isOpen ? { rules: [], authNames: [] } : this.rulesOf(roleId)
    const auth: AuthScope = { uid, role: roleId, device: deviceId, branch: branchId, kind }
    const key = JSON.stringify([isOpen ? '' : roleId, permissions, ...authNames.map((name) => auth[name] ?? null)])
    let kept = this.#kept.get(definition)
    if (!kept) {
      kept = new Map()
      this.#kept.set(definition, kept)
    }
    const known = kept.get(key)
    if (known) return known
    const rights = new ModuleRights(key, definition, { auth, permissions }, rules)
    const oldest = kept.size >= MAX_KEPT ? kept.keys().next().value : undefined
    if (oldest !== undefined) kept.delete(oldest)
    kept.set(key, rights)
    return rights
  }
}
