import type { ModuleStore, Store } from '../../store/api.ts'
import type { ModuleDefinition } from '../../store/schema/definition.ts'
import type { Principal } from '../principal.ts'
import type { ModuleRights } from '../rules/module-rights.ts'
import { NO_POLICY } from '../rules/policy.ts'
import { Rights } from '../rules/rights.ts'
import { GuardedModule } from './guarded-module.ts'
import { guardStore } from './guarded-store.ts'
import { ViewHistory } from './view-history.ts'

/** The one place where a principal becomes a view of the store: REST, sockets and topics all ask it. */
export class Guard {
  readonly rights: Rights
  readonly history: ViewHistory
  readonly #modules = new WeakMap<ModuleStore, WeakMap<ModuleRights, GuardedModule>>()
  readonly #stores = new WeakMap<Principal, Store>()

  constructor(rights: Rights = new Rights(NO_POLICY), history: ViewHistory = new ViewHistory()) {
    this.rights = rights
    this.history = history
  }

  /** False for who sees and changes everything: the store itself, and answers shared with others, are theirs. */
  isRestricted({ kind, branchIds, permissions, roleId }: Principal): boolean {
    if (kind === 'setup') return false
    const mayAll = permissions.includes('*') || (permissions.includes('read:*') && permissions.includes('write:*'))
    return !mayAll || branchIds !== null || this.rights.rulesOf(roleId).rules.length > 0
  }

  storeFor(principal: Principal, store: Store): Store {
    if (!this.isRestricted(principal)) return store
    const known = this.#stores.get(principal)
    if (known) return known
    const seen = new WeakMap<ModuleStore, { definition: ModuleDefinition; module: ModuleStore }>()
    const guarded = guardStore(store, principal, (module) => {
      const { definition } = module
      const before = seen.get(module)
      if (before?.definition === definition) return before.module
      const found = this.moduleFor(principal, module)
      seen.set(module, { definition, module: found })
      return found
    })
    this.#stores.set(principal, guarded)
    return guarded
  }

  /** The module itself when nothing in it is kept from the principal; the same object for all with the same rights. */
  moduleFor(principal: Principal, module: ModuleStore): ModuleStore {
    if (!this.isRestricted(principal)) return module
    const rights = this.rights.of(principal, module.definition, module.branchId)
    if (rights.isUnrestricted) return module
    let byRights = this.#modules.get(module)
    if (!byRights) {
      byRights = new WeakMap()
      this.#modules.set(module, byRights)
    }
    let guarded = byRights.get(rights)
    if (!guarded) {
      guarded = new GuardedModule(module, rights)
      byRights.set(rights, guarded)
    }
    return guarded
  }
}
