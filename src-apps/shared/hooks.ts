/** Tables, records and the state of the store, live: the SDK's own hooks. */
export { type QueueState, useQueue, useRecord, useStatus, useTable } from './sdk.ts'
