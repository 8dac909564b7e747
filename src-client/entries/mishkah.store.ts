/** `/static/lib/mishkah.store.js`, and `mishkah-client` of npm: the core store. */

export type { StoreStatus } from '../connection/states.ts'
export type { Platform } from '../lib/platform.ts'
export { StoreError } from '../lib/store-error.ts'
export type { Conflict, ConflictMerger, ConflictStrategies, ConflictStrategy } from '../queue/conflicts.ts'
export type { ParkedWrite, PendingWrite, Refusal } from '../queue/entry.ts'
export type { WriteOutcome } from '../queue/outcome.ts'
export { createStore } from '../store/create-store.ts'
export type { ModuleState, StoreEvents, StoreState, StoreWarning } from '../store/events.ts'
export type { StoreOptions } from '../store/options.ts'
export type { WriteRequest } from '../store/prepare-write.ts'
export type {
  AnyTables,
  FetchedPage,
  FetchListOptions,
  RecordFilter,
  Store,
  StoreRecord,
  TableTypes,
  WriteExtras,
  WriteHandle,
} from '../store/store.ts'
