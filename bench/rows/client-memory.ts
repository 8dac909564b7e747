import type { Page } from 'playwright-core'
import { type ClientBench, inBenchPage, withClientBench } from '../client/client-bench.ts'
import { HelperProcess } from '../lib/helper-process.ts'
import { dataSet } from '../lib/history.ts'
import type { Bench } from '../lib/row.ts'
import { median } from '../lib/stats.ts'
import type { DataSets } from '../load/data-sets.ts'

const FULL_RECORDS = 100_000
const QUICK_RECORDS = 20_000

/** What the page's JavaScript holds with all records loaded. */
export const clientMemory: Bench = {
  name: 'client-memory',
  async run({ isQuick, folder, progress }) {
    const count = isQuick ? QUICK_RECORDS : FULL_RECORDS
    const dataDir = dataSet(folder, 'client-memory')
    const maker = new HelperProcess<DataSets>('load/data-sets.ts')
    await maker.ask('addGuests', { dataDir, count })
    await maker.end()
    return withClientBench(dataDir, async (bench) => {
      const ours: number[] = []
      const bare: number[] = []
      for (let round = 0; round < 3; round++) {
        ours.push(await measure(bench, 'await bench.openStore(); await store.whenSynced(); await bench.cached()'))
        bare.push(await measure(bench, 'globalThis.self = bench.bare(); await self.ready'))
        progress(`${megabytes(ours.at(-1)!)} and ${megabytes(bare.at(-1)!)}`)
      }
      const ratios = ours.map((value, index) => value / bare[index]!)
      return [
        {
          name: 'client-memory',
          section: 'clients',
          work: `memory of a page with ${count.toLocaleString('en')} records`,
          ours: megabytes(median(ours)),
          limit: megabytes(median(bare)),
          ratio: median(ratios),
          settings: 'JavaScript heap after a collection, less that of the empty page',
        },
      ]
    })
  },
}

/** Bytes that the page has more than before. */
async function measure(bench: ClientBench, load: string): Promise<number> {
  const tablet = await bench.newTablet()
  const page = await bench.open(tablet)
  const before = await heapBytes(page)
  await inBenchPage(page, load)
  const bytes = (await heapBytes(page)) - before
  await tablet.close()
  return bytes
}

async function heapBytes(page: Page): Promise<number> {
  const devtools = await page.context().newCDPSession(page)
  try {
    await devtools.send('HeapProfiler.enable')
    // Twice: the first collection frees what the second can.
    for (let times = 0; times < 2; times++) await devtools.send('HeapProfiler.collectGarbage')
    return (await devtools.send('Runtime.getHeapUsage')).usedSize
  } finally {
    await devtools.detach()
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
