import type { ModuleState, StoreState } from './events.ts'
import type { StoreCore } from './store-core.ts'

type StateParts = Pick<StoreCore, 'options' | 'moduleId' | 'replica' | 'view'>

/** All tables as the application sees them; each list is made when it is first read. */
export function buildModuleState({ options, moduleId, replica, view }: StateParts): ModuleState {
  const tables: ModuleState['tables'] = {}
  for (const name of replica.tables.keys()) {
    Object.defineProperty(tables, name, { enumerable: true, get: () => [...view.list(name)] })
  }
  const { cursor, meta } = replica
  return { branchId: options.branchId, moduleId, version: cursor?.seq ?? 0, cursor, tables, meta }
}

export function buildState(parts: StateParts): StoreState {
  const { options, moduleId } = parts
  return { branchId: options.branchId, modules: { [moduleId]: buildModuleState(parts) } }
}
