/**
 * The SDK, as both apps use it. Everything of it comes through this module, so that an app outside of this repository
 * changes one file to use the npm package.
 */
import { browserPlatform } from '../../src-client/lib/browser-platform.ts'
import { makeUuid } from '../../src-client/lib/ids.ts'

export type { AccessState, PairedDevice, PersonChoice, SignedInPerson } from '../../src-client/auth/access-state.ts'
export { createDeviceSession } from '../../src-client/auth/device-session.ts'
export { pairingSecretOf } from '../../src-client/auth/pairing-secret.ts'
export type { StoreStatus } from '../../src-client/connection/states.ts'
export { StoreError } from '../../src-client/lib/store-error.ts'
export type { ConflictStrategies } from '../../src-client/queue/conflicts.ts'
export type { ParkedWrite, PendingWrite } from '../../src-client/queue/entry.ts'
export { type QueueState, useQueue, useRecord, useStatus, useTable } from '../../src-client/react/index.ts'
export { createStore } from '../../src-client/store/create-store.ts'
export type { StoreWarning } from '../../src-client/store/events.ts'
export type { WriteRequest } from '../../src-client/store/prepare-write.ts'
export type { AnyTables, Store, TableTypes, WriteHandle } from '../../src-client/store/store.ts'

const platform = browserPlatform()

/** An id for a new record, made here so that other records of the same batch can point to it: `order_line-0198…`. */
export function newId(table: string): string {
  return `${table}-${makeUuid(platform)}`
}
