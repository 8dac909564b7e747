import { AppError } from '../../../src-shared/errors.ts'
import type { BranchSummary, Task } from '../../../src-shared/protocol/management.ts'
import type { Backups, BranchStore, ModuleStore, SchemaFiles, Store, Tasks } from '../../store/api.ts'
import type { Principal } from '../principal.ts'
import { mayEnter, requireAllBranches } from '../sign-in/may-manage.ts'

/** Gives a module as a principal may see it. */
export type ModuleGuard = (module: ModuleStore) => ModuleStore

/**
 * The store as one principal sees it: branches that it may not enter do not exist, modules are handed out guarded, lists
 * of the whole server name its branches only. Before what changes the server as a whole stands the scope of the route.
 */
export function guardStore(store: Store, principal: Principal, guard: ModuleGuard): Store {
  const branches = new WeakMap<BranchStore, BranchStore>()
  const isOpen = (branchId: string | null): boolean => mayEnter(principal, branchId)
  const enter = (branchId: string): BranchStore => {
    if (isOpen(branchId)) return store.getBranch(branchId)
    throw new AppError('branch-not-found', `There is no branch "${branchId.slice(0, 64)}".`)
  }
  return {
    serverId: store.serverId,
    system: store.system,
    schemas: guardSchemas(store.schemas, isOpen),
    backups: guardBackups(store.backups, isOpen),
    tasks: guardTasks(store.tasks, isOpen),
    figures: store.figures,
    branchIds: () => store.branchIds().filter(isOpen),
    listBranches: () =>
      store
        .listBranches()
        .filter(({ branchId }) => isOpen(branchId))
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
      requireAllBranches(principal)
      return store.createBranch(input)
    },
    attachModule: (branchId, moduleId) => store.attachModule(enter(branchId).branchId, moduleId),
    listModuleTypes: () => store.listModuleTypes(),
    createModuleType: (input) => store.createModuleType(input),
    onEvent: (listener) => store.onEvent(listener),
    onNotice: (listener) => store.onNotice(listener),
    close: () => store.close(),
  }
}

type IsOpen = (branchId: string | null) => boolean

function guardSchemas(schemas: SchemaFiles, isOpen: IsOpen): SchemaFiles {
  return {
    list() {
      const { global, branches } = schemas.list()
      return { global, branches: Object.fromEntries(Object.entries(branches).filter(([id]) => isOpen(id))) }
    },
    getGlobal(name) {
      const { schema, pending } = schemas.getGlobal(name)
      return { schema, pending: pending.filter(({ branchId }) => isOpen(branchId)) }
    },
    getBranch: (branchId, moduleId) => schemas.getBranch(branchId, moduleId),
    saveGlobal: (name, schema, options) => schemas.saveGlobal(name, schema, options),
    saveBranch: (branchId, moduleId, schema, options) => schemas.saveBranch(branchId, moduleId, schema, options),
    reload: () => schemas.reload(),
    saveSeed: (branchId, moduleId, tables) => schemas.saveSeed(branchId, moduleId, tables),
  }
}

function guardBackups(backups: Backups, isOpen: IsOpen): Backups {
  return {
    folder: backups.folder,
    list: () =>
      backups.list().map((backup) => ({
        ...backup,
        branches: backup.branches.filter(({ branchId }) => isOpen(branchId)),
      })),
    create: (input) => backups.create(input),
    restore: (input) => backups.restore(input),
  }
}

/** Tasks of the whole server are for who may enter all of it. */
function guardTasks(tasks: Tasks, isOpen: IsOpen): Tasks {
  const isKnown = ({ branchId }: Task): boolean => isOpen(branchId)
  return {
    list: () => tasks.list().filter(isKnown),
    get(taskId) {
      const task = tasks.get(taskId)
      return isKnown(task) ? task : tasks.get('')
    },
    start: (kind, branchId, work) => tasks.start(kind, branchId, work),
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
