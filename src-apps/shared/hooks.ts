import { useCallback, useSyncExternalStore } from 'react'
import type { ParkedWrite, PendingWrite, Store, StoreStatus, TableTypes } from './sdk.ts'

/** What has been read since the last change, so that a component that asks again gets the same object. */
interface Reading {
  tables: Map<string, unknown>
  records: Map<string, Map<string, unknown>>
}

const readings = new WeakMap<object, Reading>()

function readingOf<Tables extends TableTypes>(store: Store<Tables>): Reading {
  const known = readings.get(store)
  if (known) return known
  const reading: Reading = { tables: new Map(), records: new Map() }
  readings.set(store, reading)
  // Registered before any component's listener: who is told of a change reads what is new.
  store.on('change', ({ tables }) => {
    for (const table of tables) {
      reading.tables.delete(table)
      reading.records.delete(table)
    }
  })
  return reading
}

function useChange<Tables extends TableTypes>(store: Store<Tables>, table: string) {
  return useCallback(
    (notify: () => void) => {
      readingOf(store)
      return store.on('change', ({ tables }) => {
        if (tables.includes(table)) notify()
      })
    },
    [store, table],
  )
}

/** All records of a table; the same list until something in it changes. Use the table's own name, not an alias. */
export function useTable<Tables extends TableTypes, Name extends keyof Tables & string>(
  store: Store<Tables>,
  table: Name,
): readonly Tables[Name][] {
  const read = (): readonly Tables[Name][] => {
    const { tables } = readingOf(store)
    if (!tables.has(table)) tables.set(table, store.listTable(table))
    return tables.get(table) as readonly Tables[Name][]
  }
  return useSyncExternalStore(useChange(store, table), read)
}

/** One record by its key, or undefined. */
export function useRecord<Tables extends TableTypes, Name extends keyof Tables & string>(
  store: Store<Tables>,
  table: Name,
  id: string | number | undefined,
): Tables[Name] | undefined {
  const read = (): Tables[Name] | undefined => {
    if (id === undefined) return undefined
    const { records } = readingOf(store)
    const known = records.get(table) ?? new Map<string, unknown>()
    records.set(table, known)
    const key = String(id)
    if (!known.has(key)) known.set(key, store.read(table, key))
    return known.get(key) as Tables[Name] | undefined
  }
  return useSyncExternalStore(useChange(store, table), read)
}

/** idle, connecting, open, ready, closed. */
export function useStatus<Tables extends TableTypes>(store: Store<Tables>): StoreStatus {
  const subscribe = useCallback((notify: () => void) => store.on('status', notify), [store])
  return useSyncExternalStore(subscribe, () => store.status)
}

export interface QueueState {
  pending: readonly PendingWrite[]
  parked: readonly ParkedWrite[]
}

const queues = new WeakMap<object, QueueState>()

/** What the server has not answered yet, and what it refused for good. */
export function useQueue<Tables extends TableTypes>(store: Store<Tables>): QueueState {
  const subscribe = useCallback(
    (notify: () => void) => {
      const renew = () => {
        queues.set(store, { pending: store.pending(), parked: store.parked() })
        notify()
      }
      return store.on('queue', renew)
    },
    [store],
  )
  return useSyncExternalStore(subscribe, () => {
    const known = queues.get(store) ?? { pending: store.pending(), parked: store.parked() }
    queues.set(store, known)
    return known
  })
}
