import { openIndexedDbStorage } from '../../../../src-client/storage/indexed-db-storage.ts'
import { STORAGE_CONTRACT } from '../../../../src-client/storage/storage-contract.ts'

/** Runs one case of the storage contract in the browser; `ok` or what went wrong. */
export async function run(title: string): Promise<string> {
  const found = STORAGE_CONTRACT.find((one) => one.title === title)
  if (!found) return 'no such case'
  try {
    await found.run(openIndexedDbStorage)
    return 'ok'
  } catch (error) {
    return String(error)
  }
}

/** Someone wipes the site's data while a page has it open; the page's storage goes on with an empty database. */
export async function surviveWipe(): Promise<string> {
  const storage = await openIndexedDbStorage('wiped')
  await storage.apply([{ kind: 'put', area: 'values', key: 'k', value: 1 }])
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase('wiped')
    request.onsuccess = resolve
    request.onerror = reject
  })
  await storage.apply([{ kind: 'put', area: 'values', key: 'other', value: 2 }])
  return JSON.stringify([await storage.find('values', 'k'), await storage.find('values', 'other'), storage.isDurable])
}
