import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { TestSocket } from '../../e2e/support/socket.ts'
import { inBenchPage, withClientBench } from '../client/client-bench.ts'
import { orderLine } from '../lib/records.ts'
import { type Bench, milliseconds } from '../lib/row.ts'
import { median, percentile } from '../lib/stats.ts'

const PAGES = 50
const PAUSE_MS = 100

/** The pages note when they have each event of ours; the clock is the machine's, the same for all processes. */
const LISTEN = {
  ours: `globalThis.arrivals = []
    await bench.openStore({ storageName: input.name })
    store.on('event', ({ recordRef }) => arrivals.push([recordRef.key, bench.now()]))
    await store.whenSynced()
    await bench.cached(input.name)`,
  bare: `globalThis.arrivals = []
    globalThis.self = bench.bare({}, ({ type, recordRef }) => {
      if (type === 'server:event') arrivals.push([recordRef.key, bench.now()])
    })
    await self.ready`,
} as const
const STOP = { ours: 'await store.close()', bare: 'self.socket.close()' } as const

/** From a publish until the last of 50 pages has it in its data. */
export const clientFanOut: Bench = {
  name: 'client-fan-out',
  run: ({ isQuick, folder, progress }) =>
    withClientBench(
      join(folder, 'client-fan-out'),
      async (bench) => {
        const tablet = await bench.newTablet()
        const pages: Page[] = []
        for (let index = 0; index < PAGES; index++) pages.push(await bench.open(tablet))
        const hello = { branchId: 'dar', protocol: 2, modules: ['pos'], tables: [], requestSnapshot: false }
        const publisher = await TestSocket.enter(bench.server.wsUrl, hello)
        let made = 0
        const round = async (side: 'ours' | 'bare', count: number): Promise<number[]> => {
          await Promise.all(pages.map((page, index) => inBenchPage(page, LISTEN[side], { name: `page-${index}` })))
          const sentAt = new Map<string, number>()
          for (let index = 0; index < count; index++) {
            const record = orderLine(`fan-${++made}`)
            sentAt.set(String(record.id), performance.timeOrigin + performance.now())
            await publisher.publish('insert', 'order_line', record)
            // A kitchen does not get two orders in the same instant.
            await delay(PAUSE_MS)
          }
          const heard = `new Promise((resolve) => {
            const look = () => arrivals.length >= ${count} ? resolve() : setTimeout(look, 20)
            look()
          })`
          await Promise.all(pages.map((page) => page.evaluate(heard)))
          const arrivals = await Promise.all(
            pages.map((page) => inBenchPage<[string, number][]>(page, 'return arrivals')),
          )
          await Promise.all(pages.map((page) => inBenchPage(page, STOP[side])))
          return [...sentAt].map(([id, at]) => {
            return Math.max(...arrivals.map((list) => list.find(([key]) => key === id)![1])) - at
          })
        }
        const times: Record<'ours' | 'bare', number[]> = { ours: [], bare: [] }
        const ratios: number[] = []
        const rounds = isQuick ? 2 : 5
        for (let index = 0; index <= rounds; index++) {
          const ours = await round('ours', isQuick ? 15 : 40)
          const bare = await round('bare', isQuick ? 15 : 40)
          progress(`${milliseconds(median(ours))} and ${milliseconds(median(bare))}`)
          if (index === 0) continue
          times.ours.push(...ours)
          times.bare.push(...bare)
          ratios.push(median(ours) / median(bare))
        }
        await publisher.close()
        const told = (list: number[]): string =>
          `p50 ${milliseconds(median(list))}, p95 ${milliseconds(percentile(list, 0.95))}`
        return [
          {
            name: 'client-fan-out',
            section: 'clients',
            work: `publish to the last of ${PAGES} pages`,
            ours: told(times.ours),
            limit: told(times.bare),
            ratio: median(ratios),
            settings: `${times.ours.length} publishes a side, one every ${PAUSE_MS} ms; all pages in one browser with four renderer processes`,
          },
        ]
      },
      ['--renderer-process-limit=4'],
    ),
}
