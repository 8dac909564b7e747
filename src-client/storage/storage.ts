/** Where things are kept: records of the cache, writes that wait, and single values. */
export type StorageArea = 'records' | 'queue' | 'values'

export interface StoredItem {
  key: string
  value: unknown
}

export type StorageOperation =
  | { kind: 'put'; area: StorageArea; key: string; value: unknown }
  | { kind: 'delete'; area: StorageArea; key: string }
  /** Removes every key that starts with `prefix`. */
  | { kind: 'clear'; area: StorageArea; prefix: string }

/** The operations take place only while the value under `key` has this `token` (undefined: while there is none). */
export interface StorageGuard {
  key: string
  token: string | undefined
}

/**
 * What survives a reload. Two implementations: IndexedDB, and memory for browsers that refuse it. Both keep copies, so
 * that later changes of a stored object do not reach the storage. Values are JSON.
 */
export interface ClientStorage {
  /** False: everything is gone with the page. */
  readonly isDurable: boolean
  find(area: StorageArea, key: string): Promise<unknown>
  /** In the order of the keys. */
  list(area: StorageArea, prefix?: string): Promise<StoredItem[]>
  /** All operations or none; false when the guard did not hold. What it puts into the queue is on the disk when it resolves. */
  apply(operations: readonly StorageOperation[], guard?: StorageGuard): Promise<boolean>
  /** Adds to the queue and gives the keys: they sort in the order of adding, over all tabs, and are never used again. */
  append(values: readonly unknown[]): Promise<string[]>
  /** May be called twice. */
  close(): void
}

const KEY_DIGITS = 15

/** Text that sorts like the number. */
export function queueKey(count: number): string {
  return String(count).padStart(KEY_DIGITS, '0')
}

/** Reads the `token` of a guarded value. */
export function tokenOf(value: unknown): string | undefined {
  const token = typeof value === 'object' && value !== null && 'token' in value ? value.token : undefined
  return typeof token === 'string' ? token : undefined
}
