import type { JsonObject } from '../../src-shared/json.ts'
import { browserPlatform } from '../lib/browser-platform.ts'
import type { Platform } from '../lib/platform.ts'
import { StoreError } from '../lib/store-error.ts'
import { readSchema, type TableShape } from '../replica/schema-names.ts'
import { createDB, type Db, type DbOptions, showRest } from '../simple/create-db.ts'
import { fetchSchema } from '../simple/rest.ts'
import { apiBase } from '../store/options.ts'
import type { StoreRecord } from '../store/store.ts'
import { DEFAULT_TABLES, POS_ALIASES, suggestName } from './pos-tables.ts'

export interface PosDbOptions extends Omit<DbOptions, 'tables'> {
  /** Tables of the page. Other tables of the schema can be used all the same. */
  tables?: readonly string[]
  /**
   * auto: live, and until the socket is there from REST and from what the device has kept. remote: only live.
   * offline: no socket at all; writes wait in the queue until `db.connect()`.
   */
  mode?: 'auto' | 'remote' | 'offline'
}

/** An order with everything that belongs to it. */
export interface PosOrder extends JsonObject {
  lines: StoreRecord[]
  payments: StoreRecord[]
}

export interface PosDb extends Db {
  /**
   * An order with lines and payments: from the device, and when it is not there (older than the snapshot's window) from
   * the server. Undefined when the server does not know it either.
   *
   * @throws StoreError `offline` when it is not on the device and the server cannot be asked.
   */
  getOrder(id: string): Promise<PosOrder | undefined>
}

export interface PosDbResult {
  db: PosDb
  /** The schema as the server gave it; undefined when it could not be read now. */
  schema: JsonObject | undefined
}

/**
 * Makes a database for a POS page.
 *
 * @throws StoreError `unknown-table` for a name that the schema does not know, with the likely name in the message
 *   and in `details.suggestion`.
 */
export async function createPosDb(options: PosDbOptions): Promise<PosDbResult> {
  const { mode = 'auto', tables = DEFAULT_TABLES, moduleId = 'pos' } = options
  const platform = options.platform ?? browserPlatform()
  const schema = options.schema as JsonObject | undefined
  const known = schema ?? (await readServerSchema(options, platform, moduleId))
  const shapes = readSchema(known)
  if (shapes.length > 0) for (const name of tables) requireKnown(name, shapes)

  const { tables: _tables, mode: _mode, ...rest } = options
  const aliases = Object.entries(POS_ALIASES).filter(([, name]) => shapes.some((shape) => shape.name === name))
  const objects = { ...Object.fromEntries([...tables.map((name) => [name, name]), ...aliases]), ...options.objects }
  const db = createDB({
    role: 'pos-mini',
    historyLimit: 200,
    ...rest,
    moduleId,
    objects,
    ...(known && { schema: known }),
    autoConnect: mode !== 'offline' && options.autoConnect !== false,
    smartFetch: false,
  })
  if (mode === 'offline') await showRest(db.store, options).catch(() => db.store.open())
  else if (mode === 'auto' && options.smartFetch !== false) showRest(db.store, options).catch(() => undefined)

  const checked = checkNames(db, () => [...shapes.map(({ name }) => name), ...Object.keys(objects)], shapes)
  return { db: { ...checked, getOrder: (id) => getOrder(db, id) }, schema: known }
}

async function readServerSchema(
  options: PosDbOptions,
  platform: Platform,
  moduleId: string,
): Promise<JsonObject | undefined> {
  try {
    return await fetchSchema(platform, apiBase(options, platform.origin), options.branchId, moduleId)
  } catch (error) {
    // Without the server the device still has its data; names cannot be checked then.
    if (error instanceof StoreError && error.code === 'offline') return undefined
    throw error
  }
}

/** Names and aliases are taken; for anything else the canonical name that is nearest is suggested. */
function requireKnown(name: string, shapes: readonly TableShape[]): void {
  if (shapes.some((shape) => shape.name === name || shape.aliases.includes(name))) return
  const spellings = shapes.flatMap((shape) => [shape.name, ...shape.aliases])
  const nearest = suggestName(name, spellings)
  const suggestion = shapes.find((shape) => shape.name === nearest || shape.aliases.includes(nearest ?? ''))?.name
  const hint = suggestion === undefined ? '' : ` Use "${suggestion}".`
  throw new StoreError('unknown-table', `"${name}" is not a table of the schema.${hint}`, {
    details: { name, suggestion },
  })
}

/** The same database, whose calls refuse names that mean nothing. */
function checkNames(db: Db, names: () => string[], shapes: readonly TableShape[]): Db {
  if (shapes.length === 0) return db
  const known = new Set([...names(), ...shapes.flatMap(({ aliases }) => aliases)])
  const check = (name: string): string => {
    if (!known.has(name)) requireKnown(name, shapes)
    return name
  }
  return {
    ...db,
    register(name, definition) {
      known.add(name)
      db.register(name, definition)
    },
    watch: (name, listener, options) => db.watch(check(name), listener, options),
    list: (name) => db.list(check(name)),
    read: (name, key) => db.read(check(name), key),
    query: (name, filter) => db.query(check(name), filter),
    insert: (name, record, extras) => db.insert(check(name), record, extras),
    update: (name, record, extras) => db.update(check(name), record, extras),
    merge: (name, record, extras) => db.merge(check(name), record, extras),
    save: (name, record, extras) => db.save(check(name), record, extras),
    delete: (name, reference, extras) => db.delete(check(name), reference, extras),
    remove: (name, reference, extras) => db.remove(check(name), reference, extras),
  }
}

async function getOrder(db: Db, id: string): Promise<PosOrder | undefined> {
  const { store } = db
  const local = store.read('order_header', id)
  if (local) {
    const parts = (table: string) => store.query(table, { orderId: id })
    return { ...local, lines: parts('order_line'), payments: parts('order_payment') }
  }
  const header = await store.fetchRecord('order_header', id)
  if (!header) return undefined
  const [lines, payments] = await Promise.all(
    ['order_line', 'order_payment'].map((table) => store.fetchList(table, { filter: { orderId: id } })),
  )
  return { ...header, lines: lines!.records, payments: payments!.records }
}
