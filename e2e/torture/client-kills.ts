import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Page } from 'playwright-core'
import { buildStaleClient } from '../../scripts/bundle.ts'
import { Random } from '../../scripts/seed-history/random.ts'
import { serveBuilds, serveTestPage } from '../integration/client/support/built-client.ts'
import { startRelay } from '../integration/client/support/relay.ts'
import { BranchClient } from '../support/branch-client.ts'
import { launchChromium } from '../support/chromium.ts'
import { startTestServer } from '../support/server.ts'
import { AckCounter } from './client/ack-counter.ts'
import {
  listenTo,
  noteTo,
  openPage,
  readView,
  settle,
  startKitchen,
  startTablet,
  TABLES,
  wake,
} from './client/pages.ts'
import { ToldWrites } from './client/told-writes.ts'
import { verifyFolder } from './verify-folder.ts'

export interface ClientKillsOptions {
  kills: number
  seed: number
  onKill?(kill: number, text: string): void
}

export interface ClientKillsReport {
  kills: number
  acknowledged: number
  records: number
  problems: string[]
}

/** Longest wait for a page that has to come back by itself: the longest pause between two attempts, and the way back. */
const PROGRESS_MS = 30_000

/**
 * SIGKILL of the real server, again and again, under two tablets and a kitchen display in Chromium that never stop
 * writing. Afterwards the server's log has exactly what the pages were told by acks, its records are the union of it, and
 * every page shows the same records.
 *
 *   pages write ──► some acks ──► kill -9 ──► restart ──► pages come back ──► some acks ──► kill -9 ...
 */
export async function runClientKills({ kills, seed, onKill }: ClientKillsOptions): Promise<ClientKillsReport> {
  const random = new Random(seed)
  await buildStaleClient()
  const [server, browser] = await Promise.all([startTestServer(), launchChromium()])
  const relay = await startRelay(() => server.url)
  const problems: string[] = []
  const told = new ToldWrites(TABLES)
  const acks = new AckCounter(PROGRESS_MS)
  try {
    const branch = new BranchClient(() => server.url)
    await told.begin(branch)
    const pages: Page[] = []
    for (let index = 0; index < 3; index++) {
      const context = await browser.newContext()
      await serveTestPage(context)
      await serveBuilds(context)
      await listenTo(
        context,
        noteTo(told, problems, () => acks.note()),
      )
      const page = await context.newPage()
      await openPage(page, relay.url)
      pages.push(page)
    }
    const [one, other, kitchen] = pages as [Page, Page, Page]
    await startTablet(one, 'one')
    await startTablet(other, 'other')
    await startKitchen(kitchen)
    for (let kill = 1; kill <= kills; kill++) {
      await acks.next(random.integer(1, 100))
      await server.kill()
      await delay(random.integer(0, 200))
      await server.restart()
      // Every other time the pages find out by themselves.
      if (kill % 2 === 0) for (const page of pages) await wake(page)
      onKill?.(kill, `${told.count} writes acknowledged`)
    }
    await acks.next(1)
    for (const page of pages) await settle(page)
    problems.push(...(await told.check(branch)))
    const { version } = (await branch.send('GET', 'events?limit=1')).body as { version: number }
    const union = [...told.fold()].map(([table, records]) => ({ table, records: Object.fromEntries(records) }))
    for (const [index, page] of pages.entries()) {
      const view = await readView(page, version)
      for (const { table, records } of union) {
        const shown = Object.fromEntries((view[table] ?? []).map((record) => [record.id, record]))
        if (!isDeepStrictEqual(shown, records)) problems.push(`page ${index} shows other records of ${table}`)
      }
    }
    await server.kill()
    problems.push(...(await verifyFolder(server.dataDir)))
    const records = union.reduce((sum, one) => sum + Object.keys(one.records).length, 0)
    return { kills, acknowledged: told.count, records, problems }
  } finally {
    await browser.close()
    await relay.close()
    await server.stop()
  }
}
