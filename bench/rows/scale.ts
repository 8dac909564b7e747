import { startBenchServer } from '../lib/bench-server.ts'
import { HelperProcess } from '../lib/helper-process.ts'
import { dataSet } from '../lib/history.ts'
import { type Bench, type BenchContext, milliseconds, type Row } from '../lib/row.ts'
import { median } from '../lib/stats.ts'
import type { DataSets } from '../load/data-sets.ts'
import type { StoreProbe } from '../load/store-probe.ts'
import { measureHello } from './hello.ts'

const FULL_SIZES = [1_000, 10_000, 100_000, 1_000_000]
const QUICK_SIZES = [1_000, 10_000, 100_000]
const ORDERS_PER_DAY = 300

interface Probe {
  records: number
  process: HelperProcess<StoreProbe>
}

/** The same work on small and on large branches. */
export const scale: Bench = {
  name: 'scale',
  async run(context) {
    const sizes = context.isQuick ? QUICK_SIZES : FULL_SIZES
    const folders = sizes.map((records) => ({ dataDir: dataSet(context.folder, String(records)), records }))
    const maker = new HelperProcess<DataSets>('load/data-sets.ts')
    const startedAt = performance.now()
    await maker.ask('grow', { folders, ordersPerDay: ORDERS_PER_DAY })
    await maker.end()
    context.progress(`data sets made in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`)
    const probes: Probe[] = []
    const rows: Row[] = []
    try {
      for (const { dataDir, records } of folders) {
        const process = new HelperProcess<StoreProbe>('load/store-probe.ts')
        await process.ask('open', { dataDir })
        await process.ask('change', {})
        probes.push({ records, process })
      }
      rows.push(await compare(context, probes.slice(1), { work: 'delta', times: 300, title: 'delta of 100 changes' }))
      rows.push(await compare(context, probes, { work: 'insert', times: 150, title: 'one insert, durable' }))
      rows.push(await compare(context, probes, { work: 'list', times: 400, title: 'one list of 50' }))
      for (const { process } of probes) await process.ask('close', {})
    } finally {
      for (const { process } of probes) await process.end()
    }
    const largest = folders.at(-1)!
    const server = await startBenchServer(largest.dataDir)
    try {
      rows.push(await measureHello(server, largest.records))
    } finally {
      await server.stop()
    }
    return rows
  },
}

/** Smallest against largest, in turns; the sizes between are shown. */
async function compare(
  { isQuick, progress }: BenchContext,
  probes: readonly Probe[],
  { work, times, title }: { work: 'delta' | 'insert' | 'list'; times: number; title: string },
): Promise<Row> {
  const medians = new Map<number, number[]>(probes.map(({ records }) => [records, []]))
  const ratios: number[] = []
  for (let round = 0; round <= (isQuick ? 5 : 9); round++) {
    const now: number[] = []
    for (const { records, process } of probes) {
      const { p50 } = await process.ask('time', { work, times })
      now.push(p50)
      if (round > 0) medians.get(records)!.push(p50)
    }
    if (round > 0) ratios.push(now.at(-1)! / now[0]!)
  }
  const texts = Array.from(
    medians,
    ([records, list]) => `${records.toLocaleString('en')}: ${milliseconds(median(list))}`,
  )
  progress(`${work}: ${texts.join(', ')}`)
  return {
    name: `${work}-at-scale`,
    ...(work !== 'delta' && { group: 'insert-and-list-at-scale' }),
    work: `${title}, with ${probes.at(-1)!.records.toLocaleString('en')} records`,
    ours: milliseconds(median(medians.get(probes.at(-1)!.records)!)),
    limit: `the same with ${probes[0]!.records.toLocaleString('en')} records: ${milliseconds(median(medians.get(probes[0]!.records)!))}`,
    ratio: median(ratios),
    budget: { most: 1.3 },
    settings: `in the store, medians of ${times} calls; ${texts.join(', ')}`,
  }
}
