import { statusOf } from '../connection/states.ts'
import { browserPlatform } from '../lib/browser-platform.ts'
import { isSameJson } from '../lib/json-copy.ts'
import { StoreError } from '../lib/store-error.ts'
import { describeEntry, type QueueEntry, toFrame } from '../queue/entry.ts'
import { checkFrame } from '../queue/frame-limits.ts'
import type { StoreOptions } from './options.ts'
import { prepareOperation, toReference, type WriteRequest } from './prepare-write.ts'
import { buildModuleState } from './state.ts'
import type { AnyTables, RecordFilter, Store, StoreRecord, TableTypes, WriteExtras, WriteHandle } from './store.ts'
import { StoreCore } from './store-core.ts'

/**
 * Makes a store for one module of a branch. Nothing happens until `connect()` or the first write.
 *
 * ```js
 * const store = createStore({ branchId: 'dar', moduleId: 'pos' })
 * await store.connect()
 * const write = store.insert('order_line', { orderId: 'order-001', itemId: 'item-burger', quantity: 2 })
 * await write.queued // kept on this device: survives a reload
 * await write // taken by the server
 * ```
 */
export function createStore<Tables extends TableTypes = AnyTables>(options: StoreOptions): Store<Tables> {
  if (!options?.branchId) throw new StoreError('missing-branch-id', 'createStore needs a branchId.')
  const core = new StoreCore(options, options.platform ?? browserPlatform())
  const { names, view, replica, outbox, emitter, moduleId } = core

  function write(requests: readonly WriteRequest[], extras: WriteExtras = {}): WriteHandle {
    const id = core.newId()
    try {
      const operations = requests.map((request) => prepareOperation(core, request))
      if (operations.length === 0) throw new StoreError('missing-record', 'The batch is empty.')
      const epoch = replica.cursor?.epoch
      const entry: QueueEntry = {
        ...{ id, requestId: id, operations, meta: extras, queuedAt: core.platform.now(), attempts: 0 },
        ...(epoch !== undefined && { epoch }),
      }
      checkFrame(toFrame(entry, options.branchId, moduleId))
      void core.start()
      const { queued, settled } = outbox.add(entry)
      const kept = queued.then((held) => ({ isDurable: core.describe(held).isDurable }))
      return Object.assign(settled, { id, record: operations[0]!.record, queued: kept })
    } catch (error) {
      return refusedWrite(id, requests, error)
    }
  }

  const writer = (action: WriteRequest['action']) => (table: string, record: object, extras?: WriteExtras) =>
    write([{ action, table, record }], extras)
  const merge = writer('merge')

  const store: Store = {
    branchId: options.branchId,
    moduleId,
    get status() {
      return statusOf(core.connection.state)
    },
    get state() {
      return core.state()
    },
    get hasData() {
      return core.hasData
    },
    open: () => core.start(),
    provide: (tables) => core.provide(tables),
    connect: () => core.connect(),
    ready: () => core.ready(),
    close: () => core.close(),
    on: (name, listener) => emitter.on(name, listener),
    off: (name, listener) => emitter.off(name, listener),
    setToken(token) {
      // A function goes on being asked: this token ends like the others.
      if (typeof core.token !== 'function') core.token = token
      core.connection.send({ type: 'client:auth', token })
      core.connection.retry()
    },

    tableName: (name) => names.resolve(name),
    listTable: (table) => [...view.list(names.resolve(table))],
    read: (table, key) => view.find(names.resolve(table), String(key)),
    query(table, filter) {
      const records = view.list(names.resolve(table))
      return filter === undefined ? [...records] : records.filter(predicateOf(filter))
    },
    snapshot: () => buildModuleState(core),
    async requestSnapshot() {
      await core.requests.ask(`snapshot-${core.newId()}`, {
        type: 'client:request:snapshot',
        branchId: options.branchId,
        moduleId,
      })
      return core.state()
    },
    fetchRecord: (table, key) => core.requests.fetchRecord(moduleId, names.resolve(table), String(key)),
    fetchList: (table, page = {}) => core.requests.fetchList(moduleId, names.resolve(table), page),

    insert: writer('insert'),
    merge,
    update: merge,
    save: writer('save'),
    remove: (table, reference, extras) =>
      write([{ action: 'delete', table, record: toReference(replica, names.resolve(table), reference) }], extras),
    batch: write,

    pending: () => outbox.pending.map((held) => describeEntry(held.entry, core.describe(held).isDurable)),
    parked: () => outbox.parked.map((held) => core.describe(held)),
    retryParked: (id) => outbox.retryParked(id),
    discardParked: (id) => outbox.discardParked(id),
    whenSynced: () => core.whenSynced(),
  }
  // The types of the tables are a promise of the schema; at run time every record is the same.
  return store as unknown as Store<Tables>
}

/** Equality of the named fields, or the application's own function. */
function predicateOf(filter: RecordFilter): (record: StoreRecord) => boolean {
  if (typeof filter === 'function') return filter
  const wanted = Object.entries(filter)
  return (record) => wanted.every(([name, value]) => isSameJson(record[name] ?? null, value))
}

/** A write that never gets into the queue. */
function refusedWrite(id: string, requests: readonly WriteRequest[], error: unknown): WriteHandle {
  const refused = Promise.reject(error)
  refused.catch(() => undefined)
  const queued = Promise.reject(error)
  queued.catch(() => undefined)
  const record = (requests[0]?.record ?? {}) as StoreRecord
  return Object.assign(refused, { id, record, queued })
}
