import type { Position } from '../../src-shared/ids.ts'
import { isJsonObject, type JsonObject } from '../../src-shared/json.ts'
import type { SnapshotMeta } from '../../src-shared/protocol/records.ts'
import type { Platform } from '../lib/platform.ts'
import type { ClientStorage, StorageGuard, StorageOperation } from '../storage/storage.ts'
import type { Replica } from './replica.ts'

const HEAD = 'cache'
/** Changes are gathered for this long; what is lost with a crash is read from the server again. */
const FLUSH_DELAY_MS = 300

interface CacheHead {
  /** What was subscribed to, and the form of the cache. */
  signature: string
  cursor: Position
  meta: SnapshotMeta | undefined
  tables: Record<string, { keyFields?: string[]; isSingleton: boolean }>
}

/**
 * The replica's copy in the storage: records and the position they belong to change in one transaction.
 *
 * Only the leading tab writes it, and begins with a full copy, because what the last leader wrote may be at another
 * position. A storage that is full keeps no cache any more, so that the queue has room.
 */
export class CacheFiles {
  readonly #platform: Platform
  readonly #replica: Replica
  readonly #signature: string
  /** Keys by table; null: the whole table. */
  #dirty = new Map<string, Set<string> | null>()
  #isFullDue = true
  #isOff = false
  #timer: unknown
  #target: { storage: ClientStorage; guard: StorageGuard } | undefined
  readonly #onProblem: (error: unknown) => void

  constructor(platform: Platform, replica: Replica, signature: string, onProblem: (error: unknown) => void) {
    this.#platform = platform
    this.#replica = replica
    this.#signature = signature
    this.#onProblem = onProblem
  }

  /** Fills the replica. False when there is nothing that fits. */
  async load(storage: ClientStorage): Promise<boolean> {
    const head = await storage.find('values', HEAD)
    if (!isCacheHead(head) || head.signature !== this.#signature) return false
    const records = new Map<string, [string, JsonObject][]>()
    for (const { key, value } of await storage.list('records')) {
      const end = key.indexOf('\n')
      const table = key.slice(0, end)
      const items = records.get(table) ?? []
      records.set(table, items)
      items.push([key.slice(end + 1), value as JsonObject])
    }
    // The server was quicker than the disk.
    if (this.#replica.cursor) return false
    for (const [name, facts] of Object.entries(head.tables)) {
      this.#replica.table(name).restore(records.get(name) ?? [], facts)
    }
    this.#replica.cursor = head.cursor
    this.#replica.meta = head.meta
    return true
  }

  /** This tab leads, or does not any more. */
  writeTo(target: { storage: ClientStorage; guard: StorageGuard } | undefined): void {
    this.#target = target
    this.#isFullDue = true
    if (target && this.#replica.cursor) this.#schedule()
  }

  note(table: string, key: string | undefined): void {
    if (!this.#target || this.#isOff) return
    const keys = this.#dirty.get(table)
    if (key === undefined) this.#dirty.set(table, null)
    else if (keys === undefined) this.#dirty.set(table, new Set([key]))
    else keys?.add(key)
    this.#schedule()
  }

  async flush(): Promise<void> {
    this.#platform.clearTimeout(this.#timer)
    this.#timer = undefined
    const target = this.#target
    const { cursor } = this.#replica
    if (!target || !cursor || this.#isOff) return
    const operations = this.#isFullDue ? this.#everything() : this.#changes()
    this.#dirty = new Map()
    this.#isFullDue = false
    try {
      if (!(await target.storage.apply([...operations, this.#head(cursor)], target.guard))) this.#isFullDue = true
    } catch (error) {
      this.#isOff = true
      this.#onProblem(error)
      await target.storage.apply(emptied(), target.guard).catch(() => undefined)
    }
  }

  #schedule(): void {
    this.#timer ??= this.#platform.setTimeout(() => void this.flush(), FLUSH_DELAY_MS)
  }

  #head(cursor: Position): StorageOperation {
    const tables = Object.fromEntries(
      [...this.#replica.tables].map(([name, { sureKeyFields, isSingleton }]) => [
        name,
        { isSingleton, ...(sureKeyFields && { keyFields: [...sureKeyFields] }) },
      ]),
    )
    const value: CacheHead = { signature: this.#signature, cursor, meta: this.#replica.meta, tables }
    return { kind: 'put', area: 'values', key: HEAD, value }
  }

  #everything(): StorageOperation[] {
    const puts = [...this.#replica.tables.keys()].flatMap((name) => this.#tablePuts(name))
    return [{ kind: 'clear', area: 'records', prefix: '' }, ...puts]
  }

  #changes(): StorageOperation[] {
    return [...this.#dirty].flatMap(([name, keys]): StorageOperation[] => {
      if (keys === null) return [{ kind: 'clear', area: 'records', prefix: `${name}\n` }, ...this.#tablePuts(name)]
      return [...keys].map((key) => {
        const value = this.#replica.table(name).records.get(key)
        const place = { area: 'records', key: `${name}\n${key}` } as const
        return value ? { kind: 'put', ...place, value } : { kind: 'delete', ...place }
      })
    })
  }

  #tablePuts(name: string): StorageOperation[] {
    return [...this.#replica.table(name).records].map(([key, value]) => {
      return { kind: 'put', area: 'records', key: `${name}\n${key}`, value }
    })
  }
}

function emptied(): StorageOperation[] {
  return [
    { kind: 'clear', area: 'records', prefix: '' },
    { kind: 'delete', area: 'values', key: HEAD },
  ]
}

function isCacheHead(value: unknown): value is CacheHead {
  if (!isJsonObject(value)) return false
  const { cursor, tables, signature } = value
  const isPosition = isJsonObject(cursor!) && typeof cursor.epoch === 'number' && typeof cursor.seq === 'number'
  return isPosition && isJsonObject(tables!) && typeof signature === 'string'
}
