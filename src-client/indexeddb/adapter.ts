import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'
import { browserPlatform } from '../lib/browser-platform.ts'
import { makeUuid } from '../lib/ids.ts'
import type { Platform } from '../lib/platform.ts'
import { createMemoryStorage } from '../storage/memory-storage.ts'
import { type ClientStorage, tokenOf } from '../storage/storage.ts'

/** What is remembered beside the data of a table; an application may add its own. */
export interface TableMetadata {
  lastId?: string
  /** Milliseconds since 1970. */
  lastSyncAt?: number
  schemaVersion?: string | number
  /** The data was made for another schema, or thrown away: read everything anew. */
  requiresFullSync?: boolean
  [name: string]: JsonValue | undefined
}

export interface CachedTable<T = JsonObject> {
  data: T[]
  meta: TableMetadata
  /** False when nothing was ever saved, or it was cleared. */
  isCached: boolean
  /** Older than `maxAgeMs`. */
  isStale: boolean
}

export interface AdapterOptions {
  /** Usually the branch: tables of other namespaces are not touched. */
  namespace: string
  /** Name of the database. */
  name: string
  /** Of the application's data; another one empties the database. 1 when absent. */
  version?: number
  /** Data older than this is reported as stale; never when absent. */
  maxAgeMs?: number
  /** Hears why nothing is kept; `console.warn` when absent. */
  onWarning?: (message: string) => void
  platform?: Platform
}

/** Returns the new data, or false to leave everything as it is. */
export type Mutator<T> = (draft: T[], context: { meta: TableMetadata }) => T[] | false | Promise<T[] | false>

export interface CacheAdapter {
  /** Resolves when the database is open, or memory stands in for it. */
  readonly ready: Promise<void>
  /** False when the browser refuses IndexedDB: the data is lost with the page. Known once `ready`. */
  readonly isPersistent: boolean
  /** Replaces the table; metadata is added to what there is. */
  save(table: string, data: readonly object[], options?: { metadata?: TableMetadata }): Promise<void>
  load<T = JsonObject>(table: string): Promise<CachedTable<T>>
  updateMetadata(table: string, metadata: TableMetadata): Promise<void>
  /** Changes the cached data. False when the function gave up; then nothing is written. */
  mutate<T = JsonObject>(table: string, mutator: Mutator<T>): Promise<boolean>
  /** Forgets a table with its metadata. */
  clear(table: string): Promise<void>
  /** Makes tables empty, all of the namespace without names; they ask for a full sync. */
  purge(tables?: readonly string[]): Promise<void>
  close(): Promise<void>
}

interface StoredTable {
  token: string
  data: JsonValue[]
  meta: TableMetadata
  savedAt: number
}

const VERSION_KEY = '#version'

/**
 * A cache of whole tables in the browser's database.
 *
 * Every change is a compare-and-set on the table's token, so that two tabs never mix their data. Data of another
 * `schemaVersion` is of no use: saving or naming a new one empties the other tables of the namespace and marks them.
 */
export function createAdapter(options: AdapterOptions): CacheAdapter {
  const { namespace, name, version = 1, maxAgeMs } = options
  const platform = options.platform ?? browserPlatform()
  const warn = options.onWarning ?? ((message: string) => console.warn(`[mishkah-indexeddb] ${message}`))
  const keyOf = (table: string): string => `${namespace}:${table}`
  let isPersistent = false
  const opened = open()

  async function open(): Promise<ClientStorage> {
    let storage: ClientStorage
    try {
      storage = await platform.openStorage(`mishkah-cache/${name}`)
    } catch (error) {
      warn(`IndexedDB is not available, data is kept in memory only. ${String(error)}`)
      storage = createMemoryStorage()
    }
    isPersistent = storage.isDurable
    if ((await storage.find('values', VERSION_KEY)) !== version) {
      await storage.apply([
        { kind: 'clear', area: 'values', prefix: '' },
        { kind: 'put', area: 'values', key: VERSION_KEY, value: version },
      ])
    }
    return storage
  }

  async function read(table: string): Promise<StoredTable | undefined> {
    const stored = await (await opened).find('values', keyOf(table))
    return isJsonObject(stored) && Array.isArray(stored.data) ? (stored as unknown as StoredTable) : undefined
  }

  /** Tries again when another tab was quicker. */
  async function change(
    table: string,
    make: (stored: StoredTable | undefined) => Promise<Pick<StoredTable, 'data' | 'meta'> | false>,
  ): Promise<boolean> {
    const storage = await opened
    for (;;) {
      const stored = await read(table)
      const made = await make(stored)
      if (!made) return false
      const value: StoredTable = { ...made, token: makeUuid(platform), savedAt: platform.now() }
      const guard = { key: keyOf(table), token: tokenOf(stored) }
      if (await storage.apply([{ kind: 'put', area: 'values', key: keyOf(table), value: toJson(value) }], guard)) {
        const { schemaVersion } = made.meta
        if (schemaVersion !== undefined) await dropOtherSchemas(schemaVersion)
        return true
      }
    }
  }

  async function dropOtherSchemas(schemaVersion: string | number): Promise<void> {
    for (const table of await tableNames()) {
      const stored = await read(table)
      const other = stored?.meta.schemaVersion
      if (other !== undefined && other !== schemaVersion) await empty(table, schemaVersion)
    }
  }

  async function empty(table: string, schemaVersion?: string | number): Promise<void> {
    const meta: TableMetadata = { requiresFullSync: true, ...(schemaVersion !== undefined && { schemaVersion }) }
    const value = { data: [], meta, token: makeUuid(platform), savedAt: platform.now() }
    await (await opened).apply([{ kind: 'put', area: 'values', key: keyOf(table), value }])
  }

  async function tableNames(): Promise<string[]> {
    const prefix = keyOf('')
    return (await (await opened).list('values', prefix)).map(({ key }) => key.slice(prefix.length))
  }

  return {
    ready: opened.then(() => undefined),
    get isPersistent() {
      return isPersistent
    },
    async save(table, data, { metadata } = {}) {
      const copy = toJson(data) as JsonValue[]
      await change(table, async (stored) => {
        const { requiresFullSync: _done, ...meta } = stored?.meta ?? {}
        return { data: copy, meta: { ...meta, ...metadata } }
      })
    },
    async load<T>(table: string) {
      const stored = await read(table)
      const isStale = stored !== undefined && maxAgeMs !== undefined && platform.now() - stored.savedAt > maxAgeMs
      const data = (stored?.data ?? []) as T[]
      return { data, meta: stored?.meta ?? {}, isCached: stored !== undefined, isStale }
    },
    async updateMetadata(table, metadata) {
      await change(table, async (stored) => {
        const { schemaVersion } = stored?.meta ?? {}
        const isOther = schemaVersion !== undefined && (metadata.schemaVersion ?? schemaVersion) !== schemaVersion
        if (isOther) return { data: [], meta: { ...metadata, requiresFullSync: true } }
        return { data: stored?.data ?? [], meta: { ...stored?.meta, ...metadata } }
      })
    },
    mutate: <T>(table: string, mutator: Mutator<T>) =>
      change(table, async (stored) => {
        const meta = stored?.meta ?? {}
        const data = await mutator((stored?.data ?? []) as T[], { meta })
        return data ? { data: data as JsonValue[], meta } : false
      }),
    async clear(table) {
      await (await opened).apply([{ kind: 'delete', area: 'values', key: keyOf(table) }])
    },
    async purge(tables) {
      for (const table of tables ?? (await tableNames())) await empty(table)
    },
    async close() {
      ;(await opened).close()
    },
  }
}

/** As JSON has it: what a browser's structured clone would refuse or keep differently is the same everywhere. */
function toJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

/** The name under which the specification's examples find it. */
export const MishkahIndexedDB = { createAdapter }
