import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { buildStaleClient } from '../../scripts/bundle.ts'
import { Random } from '../../scripts/seed-history/random.ts'
import { inPage, serveBuilds, serveTestPage } from '../integration/client/support/built-client.ts'
import { startRelay } from '../integration/client/support/relay.ts'
import { BranchClient } from '../support/branch-client.ts'
import { launchProfile } from '../support/chromium.ts'
import { startTestServer } from '../support/server.ts'
import { AckCounter } from './client/ack-counter.ts'
import { KeptWrites, type TriedWrite } from './client/kept-writes.ts'
import { listenTo, loadStore, openPage, waitSynced, wake } from './client/pages.ts'

/** How the page ends: `crash` kills the whole browser, with every tab of it. */
type Way = 'reload' | 'close' | 'crash'
/** away: the queue is full and the server cannot be reached. sending: some writes were answered, others are under way. writing: the last writes are just being kept. */
type Moment = 'away' | 'sending' | 'writing'

interface Round {
  way: Way
  moment: Moment
  tabs: 1 | 2
}

const MATRIX: readonly Round[] = (['reload', 'close', 'crash'] as const).flatMap((way) =>
  (['away', 'sending', 'writing'] as const).flatMap((moment) =>
    ([1, 2] as const).map((tabs): Round => ({ way, moment, tabs })),
  ),
)
/** One round for each way, moment and number of tabs. */
export const ALL_CLOSES = MATRIX.length

const WRITES = 48
const PROGRESS_MS = 30_000

export interface ClientClosesOptions {
  rounds: number
  seed: number
  onRound?(round: number, text: string): void
}

export interface ClientClosesReport {
  rounds: number
  kept: number
  /** Writes that still waited when the page came back. */
  waiting: number
  /** Rounds that ended with some writes of the queue answered and others not. */
  halfSent: number
  problems: string[]
}

/**
 * A page with a full queue is reloaded, closed or killed with its browser: with the server away, in the middle of sending
 * and of writing, alone and beside another tab. Each write that was kept reaches the server exactly once and in order.
 */
export async function runClientCloses({ rounds, seed, onRound }: ClientClosesOptions): Promise<ClientClosesReport> {
  const random = new Random(seed)
  await buildStaleClient()
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-closes-'))
  const server = await startTestServer()
  const relay = await startRelay(() => server.url)
  const branch = new BranchClient(() => server.url)
  const kept = new KeptWrites()
  const acks = new AckCounter(PROGRESS_MS)
  const problems: string[] = []
  let tablet: BrowserContext | undefined
  let waiting = 0
  let halfSent = 0

  async function openTablet(): Promise<BrowserContext> {
    const context = await launchProfile(folder)
    await serveTestPage(context)
    await serveBuilds(context)
    await context.exposeFunction('tellKept', (id: string) => kept.noteKept(id))
    await listenTo(context, {
      onAck: () => acks.note(),
      onMade: () => undefined,
      onProblem: (text) => void problems.push(text),
    })
    return context
  }

  async function openTab(): Promise<Page> {
    const page = await tablet!.newPage()
    await openPage(page, relay.url)
    return page
  }

  /** The page that comes in its place; another tab goes on alone when there is one and chance wants it so. */
  async function end(pages: Page[], { way }: Round): Promise<Page[]> {
    const [page, ...others] = pages as [Page, ...Page[]]
    if (way === 'reload') {
      await page.reload()
      await loadStore(page)
      return pages
    }
    if (way === 'close') {
      await page.close({ runBeforeUnload: false })
      return others.length > 0 && random.chance(0.5) ? others : [await openTab(), ...others]
    }
    const gone = new Promise((resolve) => tablet!.once('close', resolve))
    const devtools = await tablet!.newCDPSession(page)
    // Not answered when it works: there is nobody left to do it.
    await Promise.race([gone, devtools.send('Browser.crash').catch(() => gone)])
    tablet = await openTablet()
    return [await openTab()]
  }

  async function fillQueue(pages: Page[], number: number, { moment }: Round): Promise<void> {
    relay.setOpen(false)
    // Which tab sends is the browser's choice, which one ends is ours.
    if (random.chance(0.5)) pages.reverse()
    for (const [index, page] of pages.entries()) {
      const tab = `${seed}-${number}-${index}`
      const tried = await page.evaluate(`(${WRITER})(${JSON.stringify(tab)}, ${WRITES / pages.length})`)
      kept.noteTried(tab, tried as TriedWrite[])
      if (moment !== 'writing') await inPage(page, 'globalThis.keeping')
    }
    if (moment !== 'sending') return
    relay.setDelay(8)
    relay.setOpen(true)
    const some = acks.next(random.integer(1, WRITES / 3))
    for (const page of pages) await wake(page)
    await some
  }

  async function runRound(number: number, round: Round): Promise<void> {
    let pages: Page[] = []
    for (let index = 0; index < round.tabs; index++) pages.push(await openTab())
    for (const page of pages) await waitSynced(page)
    const position = await kept.begin(branch)
    await fillQueue(pages, number, round)
    pages = await end(pages, round)
    const before = await kept.readLog(branch, position)
    const found = Number(await inPage(pages[0]!, 'store.pending().length'))
    waiting += found
    if (before.size > 0 && found > 0) halfSent++
    relay.setDelay(0)
    relay.setOpen(true)
    for (const page of pages) {
      await inPage(page, 'globalThis.keeping')
      await wake(page)
    }
    for (const page of pages) await waitSynced(page)
    // A tab may have ended between keeping a write and telling of it: the one that leads looks for such every 10 s.
    const isEmpty = await inPage(pages[0]!, QUEUE_IS_EMPTY)
    if (isEmpty !== true) problems.push('a write stays in the queue and nobody sends it')
    problems.push(...(await kept.check(branch, position)))
    for (const page of pages) await page.close()
    onRound?.(number, `${JSON.stringify(round)}, ${before.size} sent and ${found} waiting when it ended`)
  }

  try {
    tablet = await openTablet()
    for (let number = 1; number <= rounds && problems.length === 0; number++) {
      await runRound(number, MATRIX[number - 1] ?? random.pick(MATRIX))
    }
    return { rounds, kept: kept.count, waiting, halfSent, problems }
  } finally {
    await tablet?.close()
    await relay.close()
    await server.stop()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Queues payments, now and then an order with two lines at once, and a change of the order before; tells what is kept. */
const WRITER = `(tab, count) => {
  const insert = (table, record) => ({ action: 'insert', table, record })
  const writes = Array.from({ length: count }, (_, n) => {
    const id = tab + '-' + String(n).padStart(3, '0')
    const before = tab + '-' + String(n - 1).padStart(3, '0')
    if (n % 6 === 4) {
      const lines = ['a', 'b'].map((line) => insert('order_line', { id: id + line, orderId: id, quantity: 1 }))
      return store.batch([insert('order_header', { id, statusId: 'open' }), ...lines])
    }
    if (n % 6 === 5) return store.merge('order_header', { id: before, statusId: 'closed', version: 1 })
    return store.insert('order_payment', { id, orderId: 'order', paymentMethodId: 'cash', amount: n })
  })
  globalThis.keeping = Promise.all(writes.map((write) => write.queued.then(() => tellKept(write.id))))
    .then(() => undefined)
  return writes.map(({ id }, n) => ({ id, size: n % 6 === 4 ? 3 : 1 }))
}`

const QUEUE_IS_EMPTY = `(async () => {
  const opening = indexedDB.open('mishkah/dar/pos')
  const database = await new Promise((resolve) => { opening.onsuccess = () => resolve(opening.result) })
  const count = () => new Promise((resolve) => {
    const request = database.transaction('queue').objectStore('queue').count()
    request.onsuccess = () => resolve(request.result)
  })
  const deadline = Date.now() + 15_000
  while ((await count()) > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 100))
  const isEmpty = (await count()) === 0
  database.close()
  return isEmpty
})()`
