import type { StoreStatus } from '../connection/states.ts'
import type { ParkedWrite, PendingWrite } from '../queue/entry.ts'
import type { Db } from '../simple/create-db.ts'
import type { RecordFilter, Store } from '../store/store.ts'
import { keepSame, keepSameList } from './keep-same.ts'
import { type Observed, observe } from './observed.ts'

/** A store, or a database with the application's own names (`createDB`, `createPosDb`). */
// biome-ignore lint/suspicious/noExplicitAny: a store of any tables; names and fields are checked by the bindings
export type AnySource = Store<any> | Db

/** Writes that the server has not answered yet, and those that it refused for good. */
export interface QueueState {
  pending: readonly PendingWrite[]
  parked: readonly ParkedWrite[]
}

/** The records of a table that fit, all without a filter. */
export function observeTable<T extends object>(
  source: AnySource,
  table: string,
  filter?: RecordFilter<T>,
): Observed<readonly T[]> {
  const db = readerOf(source)
  const wanted = filter as RecordFilter | undefined
  return observe(
    (last) => keepSameList(last, (wanted === undefined ? db.list(table) : db.query(table, wanted)) as T[]),
    (listener) => db.watch(table, listener),
  )
}

const NOTHING: Observed<undefined> = { subscribe: () => () => undefined, get: () => undefined, read: () => undefined }

/** One record; undefined while there is none, and for an undefined key. */
export function observeRecord<T extends object>(
  source: AnySource,
  table: string,
  key: string | number | null | undefined,
): Observed<T | undefined> {
  if (key === undefined || key === null) return NOTHING
  const db = readerOf(source)
  return observe<T | undefined>(
    (last) => keepSame(last, db.read(table, key) as T | undefined),
    (listener) => db.watch(table, listener),
  )
}

export function observeStatus(source: AnySource): Observed<StoreStatus> {
  const { store } = readerOf(source)
  return observe(
    () => store.status,
    (listener) => store.on('status', listener),
  )
}

export function observeQueue(source: AnySource): Observed<QueueState> {
  const { store } = readerOf(source)
  return observe<QueueState>(
    (last) => {
      const pending = keepSameList(last?.pending, store.pending())
      const parked = keepSameList(last?.parked, store.parked())
      return last?.pending === pending && last.parked === parked ? last : { pending, parked }
    },
    (listener) => store.on('queue', listener),
  )
}

type Reader = Pick<Db, 'store' | 'list' | 'query' | 'read' | 'watch'>

function readerOf(source: AnySource): Reader {
  if ('watch' in source) return source
  const store: Store = source
  return {
    store,
    list: <T>(table: string) => store.listTable(table) as T[],
    query: <T>(table: string, filter?: RecordFilter) => store.query(table, filter) as T[],
    read: <T>(table: string, key: string | number) => store.read(table, key) as T | undefined,
    watch: (table, listener) =>
      store.on('change', ({ tables }) => {
        if (tables.includes(store.tableName(table))) listener([])
      }),
  }
}
