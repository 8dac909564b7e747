import {
  type ClientStorage,
  queueKey,
  type StorageArea,
  type StorageGuard,
  type StorageOperation,
  type StoredItem,
  tokenOf,
} from './storage.ts'

/** The contents of a memory storage. Two storages over the same contents behave like two tabs. */
export interface MemoryContents {
  areas: Record<StorageArea, Map<string, string>>
  appended: number
}

export function emptyContents(): MemoryContents {
  return { areas: { records: new Map(), queue: new Map(), values: new Map() }, appended: 0 }
}

/** Storage for browsers without IndexedDB: everything works, nothing survives the page. */
export function createMemoryStorage(contents: MemoryContents = emptyContents()): ClientStorage {
  const { areas } = contents
  return {
    isDurable: false,
    find: async (area, key) => parse(areas[area].get(key)),
    list: async (area, prefix = '') => listOf(areas[area], prefix),
    apply: async (operations, guard) => {
      if (guard && !holds(contents, guard)) return false
      for (const operation of operations) carryOut(contents, operation)
      return true
    },
    append: async (values) =>
      values.map((value) => {
        const key = queueKey(++contents.appended)
        areas.queue.set(key, JSON.stringify(value))
        return key
      }),
    close: () => undefined,
  }
}

function listOf(area: ReadonlyMap<string, string>, prefix: string): StoredItem[] {
  const keys = [...area.keys()].filter((key) => key.startsWith(prefix)).sort()
  return keys.map((key) => ({ key, value: parse(area.get(key)) }))
}

function holds({ areas }: MemoryContents, { key, token }: StorageGuard): boolean {
  return tokenOf(parse(areas.values.get(key))) === token
}

function carryOut({ areas }: MemoryContents, operation: StorageOperation): void {
  const area = areas[operation.area]
  if (operation.kind === 'put') area.set(operation.key, JSON.stringify(operation.value))
  else if (operation.kind === 'delete') area.delete(operation.key)
  else for (const key of [...area.keys()]) if (key.startsWith(operation.prefix)) area.delete(key)
}

function parse(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text)
}
