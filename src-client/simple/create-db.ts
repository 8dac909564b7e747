import { browserPlatform } from '../lib/browser-platform.ts'
import { callSafely } from '../lib/emitter.ts'
import { StoreError } from '../lib/store-error.ts'
import { readSchema, TableNames } from '../replica/schema-names.ts'
import { createStore } from '../store/create-store.ts'
import type { StoreState } from '../store/events.ts'
import { apiBase, type StoreOptions } from '../store/options.ts'
import type { RecordFilter, Store, StoreRecord, WriteExtras, WriteHandle } from '../store/store.ts'
import { fetchModule } from './rest.ts'

/** An object of the application and the table that holds it. */
export interface ObjectDefinition {
  table?: string
}

export interface DbOptions extends StoreOptions {
  /** Names of the application for tables. Other names are taken as names of tables. */
  objects?: Readonly<Record<string, ObjectDefinition | string>>
  /** True when absent: connects at once. */
  autoConnect?: boolean
  /** True when absent: the first `watch` reads the tables over REST while the socket is not there yet. */
  smartFetch?: boolean
}

export interface WatchOptions {
  /** True when absent: the first call comes as soon as there is data, without waiting for a change. */
  immediate?: boolean
}

/** `connected`: live and up to date. `disconnected`: the app goes on with what it has. */
export type DbStatus = 'connected' | 'disconnected'

/** A store with the application's own names and watchers. */
export interface Db {
  /** The store below, for everything that is not here. */
  readonly store: Store
  connect(): Promise<StoreState>
  /** Resolves once there is data. */
  ready(): Promise<void>
  close(): Promise<void>
  /** Adds names for tables. */
  register(name: string, definition: ObjectDefinition | string): void
  /** Calls with all records, again at each change of the table. @returns What ends it. */
  watch<T = StoreRecord>(name: string, listener: (records: T[]) => void, options?: WatchOptions): () => void
  /** Calls at once when the state is known, and at each change. @returns What ends it. */
  status(listener: (status: DbStatus) => void): () => void
  list<T = StoreRecord>(name: string): T[]
  read<T = StoreRecord>(name: string, key: string | number): T | undefined
  query<T = StoreRecord>(name: string, filter?: RecordFilter): T[]
  insert(name: string, record: object, extras?: WriteExtras): WriteHandle
  update(name: string, record: object, extras?: WriteExtras): WriteHandle
  merge(name: string, record: object, extras?: WriteExtras): WriteHandle
  save(name: string, record: object, extras?: WriteExtras): WriteHandle
  delete(name: string, reference: object | string | number, extras?: WriteExtras): WriteHandle
  remove(name: string, reference: object | string | number, extras?: WriteExtras): WriteHandle
  pending: Store['pending']
  parked: Store['parked']
  retryParked: Store['retryParked']
  discardParked: Store['discardParked']
  whenSynced: Store['whenSynced']
}

/**
 * Makes a store and connects it.
 *
 * Watchers get what is known best: the live records once the server or the device has given them, before that those of a
 * REST answer. A table that becomes empty is shown empty.
 */
export function createDB(options: DbOptions): Db {
  const store = createStore(options)
  const names = new TableNames()
  names.add(readSchema(options.schema))
  const tables = new Map<string, string>()
  const tableOf = (name: string): string => names.resolve(tables.get(name) ?? name)
  let isFetching = false

  function register(name: string, definition: ObjectDefinition | string): void {
    tables.set(name, typeof definition === 'string' ? definition : (definition.table ?? name))
  }

  function watch<T>(name: string, listener: (records: T[]) => void, { immediate = true }: WatchOptions = {}) {
    let isEnded = false
    let wasTold = false
    const tell = (): void => {
      wasTold = true
      if (!isEnded) callSafely(() => listener(store.listTable(tableOf(name)) as T[]))
    }
    const stop = store.on('change', ({ tables: changed }) => {
      if (store.hasData && changed.includes(tableOf(name))) tell()
    })
    // A table without records does not change when the first data comes; its watcher is told all the same.
    if (immediate) store.ready().then(() => wasTold || tell(), ignore)
    if (options.smartFetch !== false) smartFetch()
    return () => {
      isEnded = true
      stop()
    }
  }

  /** Once; what comes too late or not at all costs nothing, the socket goes on trying. */
  function smartFetch(): void {
    if (isFetching || store.hasData) return
    isFetching = true
    showRest(store, options).catch(ignore)
  }

  for (const [name, definition] of Object.entries(options.objects ?? {})) register(name, definition)
  // What goes wrong is told by the events of the store, and by `connect()` to who calls it.
  if (options.autoConnect !== false) store.connect().catch(ignore)

  return {
    store,
    connect: () => store.connect(),
    ready: () => store.ready().then(ignore),
    close: () => store.close(),
    register,
    watch,
    status: (listener) => watchStatus(store, listener),
    list: <T>(name: string) => store.listTable(tableOf(name)) as T[],
    read: <T>(name: string, key: string | number) => store.read(tableOf(name), key) as T | undefined,
    query: <T>(name: string, filter?: RecordFilter) => store.query(tableOf(name), filter) as T[],
    insert: (name, record, extras) => store.insert(tableOf(name), record, extras),
    update: (name, record, extras) => store.merge(tableOf(name), record, extras),
    merge: (name, record, extras) => store.merge(tableOf(name), record, extras),
    save: (name, record, extras) => store.save(tableOf(name), record, extras),
    delete: (name, reference, extras) => store.remove(tableOf(name), reference, extras),
    remove: (name, reference, extras) => store.remove(tableOf(name), reference, extras),
    pending: store.pending,
    parked: store.parked,
    retryParked: store.retryParked,
    discardParked: store.discardParked,
    whenSynced: store.whenSynced,
  }
}

/**
 * The same with the tables of a schema as objects.
 *
 * @param names - Tables to register, by name or alias; all of the schema when absent.
 * @throws StoreError `unknown-table` that names every table that is not in the schema.
 */
export function createDBAuto(schema: unknown, names: readonly string[] | undefined, options: DbOptions): Db {
  const shapes = readSchema(schema)
  const findTable = (name: string) => shapes.find((one) => one.name === name || one.aliases.includes(name))
  const wanted = names ?? shapes.map(({ name }) => name)
  const missing = wanted.filter((name) => !findTable(name))
  if (missing.length > 0) {
    throw new StoreError('unknown-table', `The schema has no table ${missing.join(', ')}.`, { details: { missing } })
  }
  const objects = Object.fromEntries(wanted.map((name) => [name, { table: findTable(name)!.name }]))
  return createDB({ ...options, schema, objects: { ...objects, ...options.objects } })
}

/** Shows what the REST API answers, unless the device has kept data or the socket was quicker. */
export async function showRest(store: Store, options: StoreOptions): Promise<boolean> {
  await store.open()
  if (store.hasData) return false
  const { branchId, lang } = options
  const platform = options.platform ?? browserPlatform()
  const base = apiBase(options, platform.origin)
  const module = { branchId, moduleId: store.moduleId, ...(lang !== undefined && { lang }) }
  return store.provide(await fetchModule(platform, base, module))
}

function watchStatus(store: Store, listener: (status: DbStatus) => void): () => void {
  let told: DbStatus | undefined
  const tell = (status: string): void => {
    // On the way to the first answer nothing is known; after a loss it stays disconnected until all is caught up.
    const now = status === 'ready' ? 'connected' : status === 'closed' ? 'disconnected' : undefined
    if (now === undefined || now === told) return
    told = now
    callSafely(() => listener(now))
  }
  const stop = store.on('status', ({ status }) => tell(status))
  queueMicrotask(() => tell(store.status))
  return stop
}

function ignore(): void {}
