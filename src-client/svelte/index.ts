/**
 * `mishkah-client/svelte`: tables, records and the state of a store as readable stores, for `$orders` in a component.
 * They keep the store contract of Svelte 3 to 5 and need nothing of Svelte at run time.
 */
import type { StoreStatus } from '../connection/states.ts'
import {
  type AnySource,
  observeQueue,
  observeRecord,
  observeStatus,
  observeTable,
  type QueueState,
} from '../observe/observe-store.ts'
import type { Observed } from '../observe/observed.ts'
import type { Db } from '../simple/create-db.ts'
import type { RecordFilter, Store, StoreRecord, TableTypes } from '../store/store.ts'

export type { QueueState }

/** A readable store, as `svelte/store` has it. */
export interface Readable<T> {
  /** Calls at once and at each change. @returns What ends it. */
  subscribe(this: void, run: (value: T) => void, invalidate?: () => void): () => void
}

/**
 * The records of a table, live. A subscriber is called when the table changes, or, with a filter, when what passes the
 * filter does; records that have not changed stay the same objects.
 */
export function useTable<Tables extends TableTypes, Name extends keyof Tables & string>(
  store: Store<Tables>,
  table: Name,
  filter?: RecordFilter<Tables[Name]>,
): Readable<readonly Tables[Name][]>
export function useTable<T extends object = StoreRecord>(
  db: Db,
  name: string,
  filter?: RecordFilter<T>,
): Readable<readonly T[]>
export function useTable(source: AnySource, table: string, filter?: RecordFilter): Readable<readonly object[]> {
  return toReadable(observeTable(source, table, filter))
}

/** One record by its key, live; undefined while there is none. */
export function useRecord<Tables extends TableTypes, Name extends keyof Tables & string>(
  store: Store<Tables>,
  table: Name,
  key: string | number | null | undefined,
): Readable<Tables[Name] | undefined>
export function useRecord<T extends object = StoreRecord>(
  db: Db,
  name: string,
  key: string | number | null | undefined,
): Readable<T | undefined>
export function useRecord(source: AnySource, table: string, key: string | number | null | undefined) {
  return toReadable(observeRecord(source, table, key))
}

/** idle, connecting, open, ready or closed. */
export function useStatus<Tables extends TableTypes>(source: Store<Tables> | Db): Readable<StoreStatus> {
  return toReadable(observeStatus(source))
}

/** What waits for the server, and what it refused for good: "3 not yet on the server" is `pending.length`. */
export function useQueue<Tables extends TableTypes>(source: Store<Tables> | Db): Readable<QueueState> {
  return toReadable(observeQueue(source))
}

function toReadable<T>(observed: Observed<T>): Readable<T> {
  return {
    subscribe(run) {
      let last: T
      const stop = observed.subscribe(() => {
        const next = observed.get()
        if (next === last) return
        last = next
        run(next)
      })
      last = observed.get()
      run(last)
      return stop
    },
  }
}
