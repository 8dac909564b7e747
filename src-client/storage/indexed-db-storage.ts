import {
  type ClientStorage,
  queueKey,
  type StorageArea,
  type StorageGuard,
  type StorageOperation,
  tokenOf,
} from './storage.ts'

const AREAS: readonly StorageArea[] = ['records', 'queue', 'values']
const COUNTER = 'queue-counter'
const OPEN_TIMEOUT_MS = 5_000
/** Above every character of a key. */
const AFTER_ALL = '\uffff'

/**
 * Opens a database of the browser, made when there is none.
 *
 * @throws Error when IndexedDB is missing, refused, or held by another page for more than 5 s.
 */
export async function openIndexedDbStorage(name: string): Promise<ClientStorage> {
  return new IndexedDbStorage(name, await openDatabase(name))
}

class IndexedDbStorage implements ClientStorage {
  readonly isDurable = true
  readonly #name: string
  #database: IDBDatabase | undefined
  #isClosed = false

  constructor(name: string, database: IDBDatabase) {
    this.#name = name
    this.#use(database)
  }

  async find(area: StorageArea, key: string): Promise<unknown> {
    const transaction = await this.#begin([area], 'readonly')
    return answerOf(transaction.objectStore(area).get(key))
  }

  async list(area: StorageArea, prefix = ''): Promise<{ key: string; value: unknown }[]> {
    const transaction = await this.#begin([area], 'readonly')
    const store = transaction.objectStore(area)
    const range = rangeOf(prefix)
    const [keys, values] = await Promise.all([answerOf(store.getAllKeys(range)), answerOf(store.getAll(range))])
    return keys.map((key, index) => ({ key: String(key), value: values[index] }))
  }

  async apply(operations: readonly StorageOperation[], guard?: StorageGuard): Promise<boolean> {
    const areas = AREAS.filter((area) => operations.some((one) => one.area === area) || (guard && area === 'values'))
    if (areas.length === 0) return true
    // An answered write whose removal is lost is sent again and answered from the server's memory.
    const isStrict = operations.some(({ kind, area }) => kind === 'put' && area === 'queue')
    const transaction = await this.#begin(areas, 'readwrite', isStrict)
    const done = endOf(transaction)
    if (!guard) {
      for (const operation of operations) carryOut(transaction, operation)
      await done
      return true
    }
    let isHeld = false
    const request = transaction.objectStore('values').get(guard.key)
    // Inside the callback, so that nothing comes between the look and the writes.
    request.onsuccess = () => {
      isHeld = tokenOf(request.result) === guard.token
      if (isHeld) for (const operation of operations) carryOut(transaction, operation)
    }
    await done
    return isHeld
  }

  async append(values: readonly unknown[]): Promise<string[]> {
    const transaction = await this.#begin(['queue', 'values'], 'readwrite', true)
    const done = endOf(transaction)
    const keys: string[] = []
    const counters = transaction.objectStore('values')
    const request = counters.get(COUNTER)
    request.onsuccess = () => {
      let count = typeof request.result === 'number' ? request.result : 0
      for (const value of values) {
        const key = queueKey(++count)
        keys.push(key)
        transaction.objectStore('queue').put(value, key)
      }
      counters.put(count, COUNTER)
    }
    await done
    return keys
  }

  close(): void {
    this.#isClosed = true
    this.#database?.close()
    this.#database = undefined
  }

  /**
   * A browser may close the database under us, when its data is wiped: the next use opens a new one.
   *
   * @param isStrict - On the disk when it is done: a receipt is printed because the queue has the sale. The rest can be
   * read again, or does no harm when it is lost with the power.
   */
  async #begin(areas: StorageArea[], mode: IDBTransactionMode, isStrict = false): Promise<IDBTransaction> {
    if (this.#isClosed) throw new Error('the storage is closed')
    if (!this.#database) this.#use(await openDatabase(this.#name))
    return this.#database!.transaction(areas, mode, { durability: isStrict ? 'strict' : 'relaxed' })
  }

  #use(database: IDBDatabase): void {
    this.#database = database
    const forget = (): void => {
      if (this.#database === database) this.#database = undefined
    }
    database.onclose = forget
    // Another page wants to delete or upgrade it; refusing would block that page for good.
    database.onversionchange = () => {
      database.close()
      forget()
    }
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    let isLate = false
    const deadline = setTimeout(() => {
      isLate = true
      reject(new Error('IndexedDB does not open'))
    }, OPEN_TIMEOUT_MS)
    request.onupgradeneeded = () => {
      for (const area of AREAS) request.result.createObjectStore(area)
    }
    request.onsuccess = () => {
      clearTimeout(deadline)
      if (isLate) request.result.close()
      else resolve(request.result)
    }
    request.onerror = () => {
      clearTimeout(deadline)
      reject(request.error ?? new Error('IndexedDB is refused'))
    }
  })
}

function carryOut(transaction: IDBTransaction, operation: StorageOperation): void {
  const store = transaction.objectStore(operation.area)
  if (operation.kind === 'put') store.put(operation.value, operation.key)
  else if (operation.kind === 'delete') store.delete(operation.key)
  else store.delete(rangeOf(operation.prefix))
}

function rangeOf(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, prefix + AFTER_ALL)
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function endOf(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onerror = () => reject(transaction.error ?? new Error('the transaction failed'))
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'))
  })
}
