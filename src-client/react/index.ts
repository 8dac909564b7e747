/** `mishkah-client/react`: tables, records and the state of a store as hooks of React 18 and newer. */
import { useMemo, useSyncExternalStore } from 'react'
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

/**
 * The records of a table, live. The component renders again when the table changes, or, with a filter, when what passes
 * the filter does; records that have not changed stay the same objects.
 *
 * @param filter - Fields and their values, or a function. A function that is made at each render reads the table at each
 *   render: keep it with `useCallback`.
 */
export function useTable<Tables extends TableTypes, Name extends keyof Tables & string>(
  store: Store<Tables>,
  table: Name,
  filter?: RecordFilter<Tables[Name]>,
): readonly Tables[Name][]
export function useTable<T extends object = StoreRecord>(db: Db, name: string, filter?: RecordFilter<T>): readonly T[]
export function useTable(source: AnySource, table: string, filter?: RecordFilter): readonly object[] {
  const kept = useKept(filter)
  const observed = useMemo(() => observeTable(source, table, kept), [source, table, kept])
  return useObserved(observed)
}

/** One record by its key, live; undefined while there is none. Other records of the table cause no render. */
export function useRecord<Tables extends TableTypes, Name extends keyof Tables & string>(
  store: Store<Tables>,
  table: Name,
  key: string | number | null | undefined,
): Tables[Name] | undefined
export function useRecord<T extends object = StoreRecord>(
  db: Db,
  name: string,
  key: string | number | null | undefined,
): T | undefined
export function useRecord(source: AnySource, table: string, key: string | number | null | undefined) {
  return useObserved(useMemo(() => observeRecord(source, table, key), [source, table, key]))
}

/** idle, connecting, open, ready or closed. */
export function useStatus<Tables extends TableTypes>(source: Store<Tables> | Db): StoreStatus {
  return useObserved(useMemo(() => observeStatus(source), [source]))
}

/** What waits for the server, and what it refused for good: "3 not yet on the server" is `pending.length`. */
export function useQueue<Tables extends TableTypes>(source: Store<Tables> | Db): QueueState {
  return useObserved(useMemo(() => observeQueue(source), [source]))
}

function useObserved<T>({ subscribe, get }: Observed<T>): T {
  return useSyncExternalStore(subscribe, get, get)
}

/** The same filter object while it says the same, so that `{ orderId }` may be written where it is used. */
function useKept(filter: RecordFilter | undefined): RecordFilter | undefined {
  const text = typeof filter === 'object' ? JSON.stringify(filter) : undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text stands for the object
  return useMemo(() => filter, [text ?? filter])
}
