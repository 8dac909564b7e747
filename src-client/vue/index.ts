/** `mishkah-client/vue`: tables, records and the state of a store as composables of Vue 3.3 and newer. */
import {
  type ComputedRef,
  computed,
  type MaybeRefOrGetter,
  onScopeDispose,
  type Ref,
  shallowRef,
  toValue,
  watch,
} from 'vue'
import type { JsonValue } from '../../src-shared/json.ts'
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

/** What `toValue` reads: not a bare function of records, which would be taken for a getter. */
export type FilterSource<T> =
  | Readonly<Record<string, JsonValue>>
  | Ref<RecordFilter<T> | undefined>
  | (() => RecordFilter<T> | undefined)

/** A value to read; it ends with the component or the scope that made it. */
export type Live<T> = ComputedRef<T>

/**
 * The records of a table, live. The reference changes when the table does, or, with a filter, when what passes the filter
 * does; records that have not changed stay the same objects.
 *
 * @param filter - Fields and their values, or a ref or getter of them. To choose records by a function, give a getter that
 *   returns it: `() => (order) => order.total > limit.value`.
 */
export function useTable<Tables extends TableTypes, Name extends keyof Tables & string>(
  store: Store<Tables>,
  table: Name,
  filter?: FilterSource<Tables[Name]>,
): Live<readonly Tables[Name][]>
export function useTable<T extends object = StoreRecord>(
  db: Db,
  name: string,
  filter?: FilterSource<T>,
): Live<readonly T[]>
export function useTable(
  source: AnySource,
  table: string,
  filter?: FilterSource<StoreRecord>,
): Live<readonly object[]> {
  return useObserved(() => observeTable(source, table, toValue(filter as MaybeRefOrGetter<RecordFilter | undefined>)))
}

/** One record by its key, live; undefined while there is none. */
export function useRecord<Tables extends TableTypes, Name extends keyof Tables & string>(
  store: Store<Tables>,
  table: Name,
  key: MaybeRefOrGetter<string | number | null | undefined>,
): Live<Tables[Name] | undefined>
export function useRecord<T extends object = StoreRecord>(
  db: Db,
  name: string,
  key: MaybeRefOrGetter<string | number | null | undefined>,
): Live<T | undefined>
export function useRecord(
  source: AnySource,
  table: string,
  key: MaybeRefOrGetter<string | number | null | undefined>,
): Live<object | undefined> {
  return useObserved(() => observeRecord(source, table, toValue(key)))
}

/** idle, connecting, open, ready or closed. */
export function useStatus<Tables extends TableTypes>(source: Store<Tables> | Db): Live<StoreStatus> {
  return useObserved(() => observeStatus(source))
}

/** What waits for the server, and what it refused for good: "3 not yet on the server" is `pending.length`. */
export function useQueue<Tables extends TableTypes>(source: Store<Tables> | Db): Live<QueueState> {
  return useObserved(() => observeQueue(source))
}

/** @param make - Runs again when a ref that it reads changes. */
function useObserved<T>(make: () => Observed<T>): Live<T> {
  const observed = computed(make)
  const changes = shallowRef(0)
  let stop = (): void => undefined
  const follow = (next: Observed<T>): void => {
    stop()
    stop = next.subscribe(() => {
      changes.value++
    })
  }
  watch(observed, follow, { immediate: true, flush: 'sync' })
  onScopeDispose(() => stop())
  return computed(() => {
    void changes.value
    // Anew, because a filter of the application may read refs of its own.
    return observed.value.read()
  })
}
