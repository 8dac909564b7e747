import type { Position } from '../../src-shared/ids.ts'
import { isJsonObject, type JsonObject } from '../../src-shared/json.ts'
import type { SnapshotMeta } from '../../src-shared/protocol/records.ts'
import type { Platform } from '../lib/platform.ts'
import type { ClientStorage, StorageGuard, StorageOperation } from '../storage/storage.ts'
import type { Replica } from './replica.ts'

const HEAD = 'cache'
/** Changes are gathered for this long; what is lost with a crash is read from the server again. */
const FLUSH_DELAY_MS = 300
/** Most operations in one transaction: a write to the queue waits for at most this much. */
const CHUNK = 500

interface CacheHead {
  /** What was subscribed to, and the form of the cache. */
  signature: string
  cursor: Position
  meta: SnapshotMeta | undefined
  tables: Record<string, { keyFields?: string[]; isSingleton: boolean }>
}

interface CacheTarget {
  storage: ClientStorage
  guard: StorageGuard
}

/**
 * The replica's copy in the storage: records and the position they belong to change in one transaction. Large changes
 * take several: the position is removed in the first and put back in the last, so that half a copy is never used.
 *
 * Only the leading tab writes it. A new leader begins with a full copy, unless the storage is still at the position from
 * which this tab has noted every change. A storage that is full keeps no cache any more, so that the queue has room.
 */
export class CacheFiles {
  readonly #platform: Platform
  readonly #replica: Replica
  readonly #signature: string
  /** Keys by table; null: the whole table. */
  #dirty = new Map<string, Set<string> | null>()
  #isFullDue = true
  /** The position of what the storage has, as far as this tab knows. */
  #stored: Position | undefined
  #isOff = false
  #isWriting = false
  #timer: unknown
  #target: CacheTarget | undefined
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
    this.#replica.cursor = this.#stored = head.cursor
    this.#replica.meta = head.meta
    return true
  }

  /** This tab leads, or does not any more. */
  async writeTo(target: CacheTarget | undefined): Promise<void> {
    this.#target = undefined
    if (!target) return
    const head = await target.storage.find('values', HEAD).catch(() => undefined)
    const isSame = isCacheHead(head) && head.signature === this.#signature && isAt(head.cursor, this.#stored)
    this.#isFullDue = !isSame
    this.#target = target
    if (this.#replica.cursor && (this.#isFullDue || this.#dirty.size > 0)) this.#schedule()
  }

  /** A record changed, or the whole table when `key` is undefined. */
  note(table: string, key: string | undefined): void {
    if (this.#isOff) return
    const keys = this.#dirty.get(table)
    if (key === undefined) this.#dirty.set(table, null)
    else if (keys === undefined) this.#dirty.set(table, new Set([key]))
    else keys?.add(key)
    if (this.#target) this.#schedule()
  }

  async flush(): Promise<void> {
    this.#platform.clearTimeout(this.#timer)
    this.#timer = undefined
    const target = this.#target
    const { cursor } = this.#replica
    if (!target || !cursor || this.#isOff || this.#isWriting) return
    const operations = this.#isFullDue ? this.#everything() : this.#changes()
    this.#dirty = new Map()
    this.#isFullDue = false
    this.#isWriting = true
    try {
      this.#isFullDue = !(await this.#write(target, [...operations, this.#head(cursor)]))
      if (!this.#isFullDue) this.#stored = cursor
    } catch (error) {
      this.#isOff = true
      this.#onProblem(error)
      await target.storage.apply(emptied(), target.guard).catch(() => undefined)
    } finally {
      this.#isWriting = false
      if (this.#dirty.size > 0) this.#schedule()
    }
  }

  async #write({ storage, guard }: CacheTarget, operations: StorageOperation[]): Promise<boolean> {
    const chunks: StorageOperation[][] = []
    for (let start = 0; start < operations.length; start += CHUNK) chunks.push(operations.slice(start, start + CHUNK))
    if (chunks.length > 1) chunks[0]!.unshift({ kind: 'delete', area: 'values', key: HEAD })
    for (const chunk of chunks) if (!(await storage.apply(chunk, guard))) return false
    return true
  }

  #schedule(): void {
    // A fresh copy at once: it saves the next page load a snapshot.
    const delayMs = this.#isFullDue || [...this.#dirty.values()].includes(null) ? 0 : FLUSH_DELAY_MS
    this.#timer ??= this.#platform.setTimeout(() => void this.flush(), delayMs)
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

function isAt(cursor: Position, other: Position | undefined): boolean {
  return cursor.epoch === other?.epoch && cursor.seq === other.seq
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
