import type { BrowserContext } from 'playwright-core'
import { type ClientBench, inBenchPage, withClientBench } from '../client/client-bench.ts'
import { HelperProcess } from '../lib/helper-process.ts'
import { dataSet } from '../lib/history.ts'
import { type Bench, milliseconds } from '../lib/row.ts'
import { alternate } from '../lib/stats.ts'
import type { DataSets } from '../load/data-sets.ts'

const RECORDS = 8_500
const ORDERS_PER_DAY = 70

/** From the start of the navigation until the list of orders is on the screen. */
export const clientPaint: Bench = {
  name: 'client-paint',
  async run({ isQuick, folder, progress }) {
    const dataDir = dataSet(folder, 'client-paint')
    const maker = new HelperProcess<DataSets>('load/data-sets.ts')
    await maker.ask('grow', { folders: [{ dataDir, records: RECORDS }], ordersPerDay: ORDERS_PER_DAY })
    await maker.end()
    return withClientBench(dataDir, async (bench) => {
      const tablet = await bench.newTablet()
      const records = await fillCache(bench, tablet)
      const result = await alternate(
        isQuick ? 5 : 15,
        async () => paintOurs(bench, tablet),
        async () => paintBare(bench, tablet),
      )
      progress(`${milliseconds(result.ours)} and ${milliseconds(result.limit)}`)
      return [
        {
          name: 'client-paint',
          section: 'clients',
          work: `first paint of data after a page load, ${records.toLocaleString('en')} records`,
          ours: `${milliseconds(result.ours)}, from the cache`,
          limit: `${milliseconds(result.limit)}, from the server's snapshot`,
          ratio: result.ratio,
          settings:
            'from the start of the navigation to the frame after 60 rows were added; the server is on the same machine',
        },
      ]
    })
  },
}

/** Loads everything once, and waits until it is in IndexedDB. */
async function fillCache(bench: ClientBench, tablet: BrowserContext): Promise<number> {
  const page = await bench.open(tablet)
  const records = await inBenchPage<number>(
    page,
    `await bench.openStore()
    await store.whenSynced()
    await bench.cached()
    const { tables } = store.snapshot()
    return Object.keys(tables).reduce((sum, name) => sum + tables[name].length, 0)`,
  )
  await page.close()
  return records
}

async function paintOurs(bench: ClientBench, tablet: BrowserContext): Promise<number> {
  const page = await bench.open(tablet)
  const time = await inBenchPage<number>(
    page,
    `await bench.openStore()
    await store.ready()
    return bench.paint(store.listTable('order_header'))`,
  )
  await page.close()
  return time
}

async function paintBare(bench: ClientBench, tablet: BrowserContext): Promise<number> {
  const page = await bench.open(tablet)
  const time = await inBenchPage<number>(
    page,
    `const bare = bench.bare()
    await bare.ready
    return bench.paint([...bare.tables.get('order_header').values()])`,
  )
  await page.close()
  return time
}
