import { networkInterfaces } from 'node:os'
import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, describe, expect, test } from 'vitest'
import type { BrowserBench } from '../support/browser-bench.ts'
import { inPage, serveBuilds } from '../support/built-client.ts'
import { type Relay, startRelay } from '../support/relay.ts'

const OPEN_STORE = `
  globalThis.acks = 0
  globalThis.told = []
  const { createStore } = await import('/static/lib/mishkah.store.js')
  globalThis.store = createStore({ branchId: 'dar', moduleId: 'pos' })
  store.on('ack', () => acks++)
  globalThis.write = (id) => {
    const handle = store.insert('order_payment', { id, orderId: 'order-q', paymentMethodId: 'cash', amount: 1 })
    handle.then(() => told.push(id), (error) => told.push(id + ' ' + error.code))
    return handle
  }
`

/** Loads the page and opens its store; `isOnline` waits until it is live. */
async function openStore(page: Page, url: string, isOnline = true): Promise<void> {
  await page.goto(`${url}/test.html`)
  await page.evaluate(`(async () => {${OPEN_STORE} store.connect().catch(() => {}); await store.open() })()`)
  if (isOnline) await inPage(page, 'store.whenSynced()')
}

/** Back on the network: what a browser tells by its event `online`. */
async function wake(...pages: Page[]): Promise<void> {
  for (const page of pages) await inPage(page, `void window.dispatchEvent(new Event('online'))`)
}

/** The cache of the first snapshot is written, which takes some transactions. */
async function waitForCache(page: Page): Promise<void> {
  await waitForStored(page, 'values', `(items) => items.some((item) => item?.cursor)`)
}

/** A page that is reloaded before they are stored sends the refused writes again, and hears the same. */
async function waitForRefusals(page: Page, count: number): Promise<void> {
  await waitForStored(page, 'queue', `(items) => items.filter((item) => item.refusal).length === ${count}`)
}

/** @param isThere - What has to be true of everything in that area of the storage. */
async function waitForStored(page: Page, area: string, isThere: string): Promise<void> {
  const read = `new Promise((resolve) => {
    const opening = indexedDB.open('mishkah/dar/pos')
    opening.onsuccess = () => {
      const request = opening.result.transaction('${area}').objectStore('${area}').getAll()
      request.onsuccess = () => { opening.result.close(); resolve((${isThere})(request.result)) }
    }
  })`
  const deadline = Date.now() + 10_000
  while (!(await inPage(page, read))) if (Date.now() > deadline) throw new Error(`${area}: not stored in time`)
}

async function writeQueued(page: Page, ids: string[]): Promise<void> {
  await inPage(page, `Promise.all(${JSON.stringify(ids)}.map((id) => write(id).queued)).then(() => undefined)`)
}

function idsOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}-${String(n).padStart(3, '0')}`)
}

/** An address of this machine that is not loopback: to a browser a page from there is not secure. */
const lanAddress = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address

/** Writes survive outages, reloads, killed servers and closed tabs; each reaches the server exactly once. */
export function durableQueueCases(bench: BrowserBench): void {
  const relays: Relay[] = []
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.close()
  })

  /** Its pages can be loaded while the server is away. */
  async function newTablet(): Promise<BrowserContext> {
    const tablet = await bench.newTablet()
    await serveBuilds(tablet)
    return tablet
  }

  async function openRelay(host?: string): Promise<Relay> {
    const relay = await startRelay(() => bench.server.url, host)
    relays.push(relay)
    return relay
  }

  /** Ids of the payments with the prefix, in the order in which the server committed them, as often as it did. */
  async function committed(prefix: string): Promise<string[]> {
    const answer = await bench.branch.send('GET', 'events?limit=1000')
    const events = (answer.body as { events: { action: string; table: string; recordRef: { id: string } }[] }).events
    return events
      .filter(({ table, recordRef }) => table === 'order_payment' && recordRef.id.startsWith(prefix))
      .map(({ recordRef }) => recordRef.id)
  }

  test('a full queue survives a reload without the server, is shown, and is sent in order, once', async () => {
    const relay = await openRelay()
    const page = await (await newTablet()).newPage()
    await openStore(page, relay.url)
    await waitForCache(page)
    relay.setOpen(false)
    const ids = idsOf('reload', 60)
    await writeQueued(page, ids)

    await openStore(page, relay.url, false)
    const shown = await inPage(
      page,
      `({ pending: store.pending().length, rows: store.query('order_payment', (one) => one.id.startsWith('reload')).length,
        menu: store.listTable('menu_items').length, durable: store.pending().every((one) => one.isDurable) })`,
    )
    expect(shown).toEqual({ pending: 60, rows: 60, menu: 141, durable: true })

    relay.setOpen(true)
    await wake(page)
    await inPage(page, 'store.whenSynced()')
    expect(await committed('reload')).toEqual(ids)
    expect(await inPage(page, 'store.pending().length + store.parked().length')).toBe(0)
  })

  test('a refused write is parked with its reason, the rest goes on; it can be sent again or thrown away', async () => {
    const relay = await openRelay()
    const page = await (await newTablet()).newPage()
    await openStore(page, relay.url)
    relay.setOpen(false)
    await inPage(
      page,
      `Promise.all([
      write('park-1').queued,
      store.merge('order_header', { id: 'no-such-order', status: 'ready', version: 1 }).queued,
      store.insert('no_such_table', { id: 'x' }).queued,
      write('park-2').queued
    ]).then(() => undefined)`,
    )
    await openStore(page, relay.url, false)
    relay.setOpen(true)
    await wake(page)
    await inPage(page, 'store.whenSynced()')
    expect(await committed('park')).toEqual(['park-1', 'park-2'])
    const codes = `store.parked().map((one) => one.reason.code)`
    expect(await inPage(page, codes)).toEqual(['record-not-found', 'table-not-found'])
    await waitForRefusals(page, 2)

    await bench.branch.insert('order_header', { id: 'no-such-order', status: 'open' })
    await openStore(page, relay.url)
    expect(await inPage(page, codes)).toEqual(['record-not-found', 'table-not-found'])
    const outcome = await inPage(
      page,
      `store.retryParked(store.parked()[0].id).then((ack) => ack.entry.record.statusId)`,
    )
    expect(outcome).toBe('ready')
    await inPage(page, 'store.discardParked(store.parked()[0].id)')
    expect(await inPage(page, 'store.parked().length')).toBe(0)
  })

  test('the site data is wiped under a full queue: the page keeps its writes again and sends them all', async () => {
    const relay = await openRelay()
    const page = await (await newTablet()).newPage()
    await openStore(page, relay.url)
    relay.setOpen(false)
    await inPage(page, `(globalThis.warned = [], store.on('warning', ({ code }) => warned.push(code)), undefined)`)
    await writeQueued(page, idsOf('wipe-a', 5))
    await inPage(
      page,
      `new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase('mishkah/dar/pos')
      request.onsuccess = () => resolve()
      request.onerror = reject
    })`,
    )
    await writeQueued(page, idsOf('wipe-b', 5))
    relay.setOpen(true)
    await wake(page)
    await inPage(page, 'store.whenSynced()')
    expect((await committed('wipe')).sort()).toEqual([...idsOf('wipe-a', 5), ...idsOf('wipe-b', 5)])
    expect(await inPage(page, `[told.length, warned.includes('storage-failed')]`)).toEqual([10, true])
  })

  describe.each([
    { origin: 'a secure page (Web Locks)', host: '127.0.0.1', isSecure: true },
    { origin: 'plain http on the LAN (leader record)', host: lanAddress, isSecure: false },
  ])('two tabs on $origin', ({ host, isSecure }) => {
    const run = host === undefined ? test.skip : test
    run('one tab sends for both; when it closes the other takes over', async () => {
      const relay = await openRelay(host)
      const tablet = await newTablet()
      const [first, second] = [await tablet.newPage(), await tablet.newPage()]
      for (const page of [first, second]) await openStore(page, relay.url)
      const facts = '[isSecureContext, crypto.subtle !== undefined, navigator.locks !== undefined]'
      expect(await inPage(first, facts)).toEqual([isSecure, isSecure, isSecure])

      const prefix = isSecure ? 'tabs-s' : 'tabs-p'
      await writeQueued(second, idsOf(`${prefix}-b1`, 5))
      await writeQueued(first, idsOf(`${prefix}-a1`, 5))
      for (const page of [first, second]) {
        await page.waitForFunction('told.length === 5', undefined, { timeout: 10_000 })
        await inPage(page, 'store.whenSynced()')
      }
      // Every ack came to one tab; the other heard of it from there.
      expect([await inPage(first, 'acks'), await inPage(second, 'acks')]).toEqual([10, 0])
      expect(await inPage(second, 'told')).toEqual(idsOf(`${prefix}-b1`, 5))

      relay.setOpen(false)
      await writeQueued(first, idsOf(`${prefix}-a2`, 5))
      await writeQueued(second, idsOf(`${prefix}-b2`, 5))
      const waiting = `store.pending().length === 10`
      await second.waitForFunction(waiting, undefined, { timeout: 5_000 })
      await first.close({ runBeforeUnload: false })
      relay.setOpen(true)
      await wake(second)
      await second.waitForFunction('store.pending().length === 0', undefined, { timeout: 15_000 })
      const expected = ['a1', 'b1', 'a2', 'b2'].flatMap((part) => idsOf(`${prefix}-${part}`, 5)).sort()
      expect((await committed(prefix)).sort()).toEqual(expected)
      expect(await inPage(second, 'acks')).toBe(10)
    })
  })
}
