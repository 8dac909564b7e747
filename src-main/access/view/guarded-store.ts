import { AppError } from '../../../src-shared/errors.ts'
import type { BranchSummary } from '../../../src-shared/protocol/management.ts'
import type { BranchStore, ModuleStore, Store } from '../../store/api.ts'
import type { Principal } from '../principal.ts'

/** Gives a module as a principal may see it. */
export type ModuleGuard = (module: ModuleStore) => ModuleStore

/**
 * The store as one principal sees it: branches that it may not enter do not exist, modules are handed out guarded. What
 * manages the server as a whole is left as it is: the permission of the route stands before it.
 */
export function guardStore(store: Store, principal: Principal, guard: ModuleGuard): Store {
  const branches = new WeakMap<BranchStore, BranchStore>()
  const mayEnter = (branchId: string): boolean => principal.branchIds?.includes(branchId) ?? true
  const enter = (branchId: string): BranchStore => {
    if (mayEnter(branchId)) return store.getBranch(branchId)
    throw new AppError('branch-not-found', `There is no branch "${branchId.slice(0, 64)}".`)
  }
  return {
    serverId: store.serverId,
    system: store.system,
    schemas: store.schemas,
    backups: store.backups,
    tasks: store.tasks,
    figures: store.figures,
    branchIds: () => store.branchIds().filter(mayEnter),
    listBranches: () =>
      store
        .listBranches()
        .filter(({ branchId }) => mayEnter(branchId))
        .map((summary) => guardSummary(enter(summary.branchId), summary, guard)),
    getBranch(branchId) {
      const branch = enter(branchId)
      let guarded = branches.get(branch)
      if (!guarded) {
        guarded = guardBranch(branch, guard)
        branches.set(branch, guarded)
      }
      return guarded
    },
    createBranch: (input) => {
      if (principal.branchIds === null) return store.createBranch(input)
      throw new AppError('forbidden', 'Who may enter some branches only cannot add one.', {
        details: { rule: 'branches of the account' },
      })
    },
    attachModule: (branchId, moduleId) => store.attachModule(enter(branchId).branchId, moduleId),
    listModuleTypes: () => store.listModuleTypes(),
    createModuleType: (input) => store.createModuleType(input),
    onEvent: (listener) => store.onEvent(listener),
    onNotice: (listener) => store.onNotice(listener),
    close: () => store.close(),
  }
}

function guardBranch(branch: BranchStore, guard: ModuleGuard): BranchStore {
  return {
    branchId: branch.branchId,
    get label() {
      return branch.label
    },
    get timeZone() {
      return branch.timeZone
    },
    get isLegacyAllowed() {
      return branch.isLegacyAllowed
    },
    get isOpenLan() {
      return branch.isOpenLan
    },
    moduleIds: () => branch.moduleIds(),
    getModule: (moduleId) => guard(branch.getModule(moduleId)),
    summary: () => guardSummary(branch, branch.summary(), guard),
    fullSyncFlags: (moduleId) => branch.fullSyncFlags(moduleId),
    setFullSyncFlag: (input) => branch.setFullSyncFlag(input),
  }
}

/** Counts what may be seen. */
function guardSummary(branch: BranchStore, summary: BranchSummary, guard: ModuleGuard): BranchSummary {
  return {
    ...summary,
    modules: summary.modules.map((entry) => {
      const module = branch.getModule(entry.moduleId)
      const seen = guard(module)
      if (seen === module) return entry
      return { ...entry, records: seen.listTables().reduce((sum, { count }) => sum + count, 0) }
    }),
  }
}
