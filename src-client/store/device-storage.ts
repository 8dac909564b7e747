import { makeUuid } from '../lib/ids.ts'
import type { Platform } from '../lib/platform.ts'
import { createMemoryStorage } from '../storage/memory-storage.ts'
import { type ClientStorage, tokenOf } from '../storage/storage.ts'
import type { StoreWarning } from './events.ts'

const CLIENT_ID = 'client-id'

/**
 * The storage of this device for one module, opened at the first use, and the id under which the server remembers our
 * requests: the same for every tab, so that a write is carried out once whichever tab sends it.
 */
export class DeviceStorage {
  readonly #platform: Platform
  readonly #name: string
  readonly #isWanted: boolean
  readonly #onWarning: (warning: StoreWarning) => void
  #opened: Promise<ClientStorage> | undefined
  #clientId: Promise<string> | undefined

  constructor(
    platform: Platform,
    options: { name: string; isWanted: boolean },
    onWarning: (warning: StoreWarning) => void,
  ) {
    this.#platform = platform
    this.#name = options.name
    this.#isWanted = options.isWanted
    this.#onWarning = onWarning
  }

  /** Memory, with a warning, when the browser refuses. Never rejects. */
  open(): Promise<ClientStorage> {
    this.#opened ??= this.#open()
    return this.#opened
  }

  clientId(): Promise<string> {
    this.#clientId ??= this.#readClientId()
    return this.#clientId
  }

  /** False when someone has wiped the site's data since we opened it; our mark is then set again. */
  async isIntact(): Promise<boolean> {
    const [storage, token] = [await this.open(), await this.clientId()]
    if (tokenOf(await storage.find('values', CLIENT_ID)) === token) return true
    await storage.apply([{ kind: 'put', area: 'values', key: CLIENT_ID, value: { token } }])
    return false
  }

  async close(): Promise<void> {
    if (this.#opened) (await this.#opened).close()
  }

  async #open(): Promise<ClientStorage> {
    if (!this.#isWanted) return createMemoryStorage()
    try {
      return await this.#platform.openStorage(this.#name)
    } catch (error) {
      const message = `This browser keeps no data: waiting writes are lost with the page. ${String(error)}`
      this.#onWarning({ code: 'storage-unavailable', message })
      return createMemoryStorage()
    }
  }

  async #readClientId(): Promise<string> {
    const token = makeUuid(this.#platform)
    try {
      const storage = await this.open()
      const claim = { kind: 'put', area: 'values', key: CLIENT_ID, value: { token } } as const
      // The first tab wins; the others read what it wrote.
      await storage.apply([claim], { key: CLIENT_ID, token: undefined })
      return tokenOf(await storage.find('values', CLIENT_ID)) ?? token
    } catch {
      return token
    }
  }
}
