import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { BrowserBench } from '../support/browser-bench.ts'
import { inPage } from '../support/built-client.ts'

const OPEN = `(async () => {
  const { createStore } = await import('/static/lib/mishkah.store.js')
  globalThis.warned = []
  globalThis.store = createStore({ branchId: 'dar', moduleId: 'pos' })
  store.on('warning', ({ code }) => warned.push(code))
  await store.connect()
  await store.whenSynced()
})()`

const PAYMENT = (id: string, bytes = 0): string =>
  `{ id: '${id}', orderId: 'order-storage', paymentMethodId: 'cash', amount: 1, note: 'x'.repeat(${bytes}) }`

/** A browser that keeps less than it should: every write reaches the server all the same, and the page says so. */
export function badStorageCases(bench: BrowserBench): void {
  async function isStored(id: string): Promise<boolean> {
    return (await bench.branch.find('order_payment', id)) !== undefined
  }

  /** The quota of the page's origin, as the browser's developer tools can set it. */
  async function setQuota(page: Page, bytes: number): Promise<void> {
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: bench.server.url, quotaSize: bytes })
  }

  test('a disk that is full: what cannot be kept is sent and told as not kept; with room again it is kept again', async () => {
    const page = await bench.newPage()
    // Before the first use: afterwards the browser remembers for a while how much room there was.
    await setQuota(page, 1)
    await page.evaluate(OPEN)
    const kept = await inPage(
      page,
      `(async () => {
        const write = store.insert('order_payment', ${PAYMENT('quota-1', 400_000)})
        const { isDurable } = await write.queued
        await write
        return isDurable
      })()`,
    )
    expect(kept).toBe(false)
    expect(await isStored('quota-1')).toBe(true)
    expect(await inPage(page, 'warned')).toContain('storage-failed')

    await setQuota(page, 100 * 1_024 * 1_024)
    const again = `store.insert('order_payment', ${PAYMENT('quota-2')}).queued.then(({ isDurable }) => isDurable)`
    expect(await inPage(page, again)).toBe(true)
    await inPage(page, 'store.whenSynced()')
    expect(await isStored('quota-2')).toBe(true)
  })

  test('a database that another page holds up: after 5 s the store works from memory and says so', async () => {
    const tablet = await bench.newTablet()
    const [holder, page] = [await tablet.newPage(), await tablet.newPage()]
    for (const one of [holder, page]) await one.goto(`${bench.server.url}/test.html`)
    // An upgrade that never ends, because there is always one more request.
    await inPage(
      holder,
      `new Promise((resolve) => {
        const opening = indexedDB.open('mishkah/dar/pos', 1)
        opening.onupgradeneeded = () => {
          const area = opening.result.createObjectStore('held')
          const again = () => { area.get('nothing').onsuccess = again }
          again()
          resolve()
        }
      })`,
    )
    await page.evaluate(OPEN)
    const facts = `store.insert('order_payment', ${PAYMENT('held-1')}).queued.then(({ isDurable }) => [warned, isDurable])`
    expect(await inPage(page, facts)).toEqual([['storage-unavailable'], false])
    await inPage(page, 'store.whenSynced()')
    expect(await isStored('held-1')).toBe(true)
    expect(await inPage(page, `store.listTable('menu_items').length`)).toBe(141)
  })
}
