import { deviceMemory } from '../../shared/preferences.ts'

/**
 * Receipt numbers for the time without a server. The server lends this device a block of the branch's sequence; each
 * number is taken out of the browser's database in one transaction, so that neither two tabs nor a reload get the same
 * one. A number that was taken and not used is lost, and the server's ledger says who had it. Numbers of another epoch
 * (the branch was restored) or of another period are not used.
 */
export interface NumberBlock {
  /** The next number, or undefined when the block is empty or the browser keeps nothing. */
  take(epoch: number): Promise<string | undefined>
  /** Asks the server for more when few are left. Does nothing when the branch gives no numbers. */
  refill(epoch: number): Promise<void>
}

const SIZE = 20
const FEW = 5
const PLACE = { table: 'order_header', field: 'orderNumber' }
const STORE = 'numbers'

interface StoredNumber {
  text: string
  epoch: number
  /** The day on which it is good, of a sequence that begins again; null is every day. */
  day: string | null
}

/** @param ask - `fetch` in the name of whoever stands at the till. */
export function openNumberBlock(
  branchId: string,
  moduleId: string,
  ask: (path: string, init: RequestInit) => Promise<Response>,
): NumberBlock {
  const open = () => openDatabase(`mishkah-numbers/${branchId}/${moduleId}`)
  let refilling: Promise<void> | undefined

  async function refill(epoch: number): Promise<void> {
    const database = await open()
    try {
      const left = await inTransaction(database, 'readonly', (store) => store.count())
      if (left >= FEW) return
      const path = `/api/branches/${encodeURIComponent(branchId)}/modules/${encodeURIComponent(moduleId)}/sequences/lease`
      const answer = await ask(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...PLACE, size: SIZE, deviceId: deviceId() }),
      })
      if (!answer.ok) return
      const { ids, period } = (await answer.json()) as { ids: string[]; period: string }
      const day = period === '' ? null : today()
      for (const text of ids) {
        const number: StoredNumber = { text, epoch, day }
        await inTransaction(database, 'readwrite', (store) => store.add(number))
      }
    } finally {
      database.close()
    }
  }

  return {
    async take(epoch) {
      try {
        const database = await open()
        try {
          return await takeFirst(database, epoch)
        } finally {
          database.close()
        }
      } catch {
        return undefined
      }
    },
    refill(epoch) {
      refilling ??= refill(epoch)
        .catch(() => undefined)
        .finally(() => {
          refilling = undefined
        })
      return refilling
    },
  }
}

function today(): string {
  return new Date().toDateString()
}

/** The server's ledger names the device; the name is made once. */
function deviceId(): string {
  const known = deviceMemory.read('mishkah-device')
  if (known) return known
  const bytes = crypto.getRandomValues(new Uint8Array(9))
  const made = `till-${Array.from(bytes, (byte) => byte.toString(36).padStart(2, '0')).join('')}`
  deviceMemory.write('mishkah-device', made)
  return made
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1)
  // Their own order is the order in which they were lent.
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { autoIncrement: true })
  return settled(request)
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('The database of the browser failed.'))
  })
}

/** Resolves after the commit. */
async function inTransaction<T>(
  database: IDBDatabase,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const transaction = database.transaction(STORE, mode)
  const committed = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('The database of the browser gave up.'))
  })
  const [result] = await Promise.all([settled(work(transaction.objectStore(STORE))), committed])
  return result
}

/** Reading and removing in one transaction is what makes a number one tab's own. */
function takeFirst(database: IDBDatabase, epoch: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, 'readwrite')
    let taken: string | undefined
    const request = transaction.objectStore(STORE).openCursor()
    request.onsuccess = () => {
      const cursor = request.result
      if (!cursor || taken !== undefined) return
      const number = cursor.value as StoredNumber
      cursor.delete()
      if (number.epoch === epoch && (number.day === null || number.day === today())) taken = number.text
      else cursor.continue()
    }
    transaction.oncomplete = () => resolve(taken)
    transaction.onabort = () => reject(transaction.error ?? new Error('The database of the browser gave up.'))
  })
}
