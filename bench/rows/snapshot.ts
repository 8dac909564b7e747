import { startBenchServer } from '../lib/bench-server.ts'
import { HelperProcess } from '../lib/helper-process.ts'
import { dataSet } from '../lib/history.ts'
import { type Bench, milliseconds, type Row } from '../lib/row.ts'
import { alternate } from '../lib/stats.ts'
import type { BareHttp } from '../limits/bare-http.ts'
import type { DataSets } from '../load/data-sets.ts'
import type { HttpClients } from '../load/http-clients.ts'
import type { StoreProbe } from '../load/store-probe.ts'

const PATH = '/api/branches/dar/modules/pos'
/** Beside the seed: together about 10,000 in the window. */
const RECORDS = 8_500
/** So few that all of them lie within the window. */
const ORDERS_PER_DAY = 70

/** A snapshot of 10,000 records: from the cache over HTTP, and built anew inside the store. */
export const snapshot: Bench = {
  name: 'snapshot',
  async run({ isQuick, folder, progress }) {
    const dataDir = dataSet(folder, 'snapshot')
    const maker = new HelperProcess<DataSets>('load/data-sets.ts')
    await maker.ask('grow', { folders: [{ dataDir, records: RECORDS }], ordersPerDay: ORDERS_PER_DAY })
    await maker.end()
    const rounds = isQuick ? 5 : 9
    const rows: Row[] = []

    const probe = new HelperProcess<StoreProbe>('load/store-probe.ts')
    try {
      const { records } = await probe.ask('open', { dataDir })
      const time = async (work: string): Promise<number> => (await probe.ask('time', { work, times: 7 })).p50
      const result = await alternate(
        rounds,
        () => time('snapshot-anew'),
        () => time('read-rows'),
      )
      rows.push({
        name: 'snapshot-built',
        group: 'snapshot',
        work: `snapshot of ${records.toLocaleString('en')} records, not cached`,
        ours: milliseconds(result.ours),
        limit: `one raw read of the same rows: ${milliseconds(result.limit)}`,
        ratio: result.ratio,
        budget: { most: 3 },
        settings: 'in the store; the raw read is SELECT doc of every table with better-sqlite3',
      })
      await probe.ask('close', {})
    } finally {
      await probe.end()
    }

    const server = await startBenchServer(dataDir)
    const load = new HelperProcess<HttpClients>('load/http-clients.ts')
    const bare = new HelperProcess<BareHttp>('limits/bare-http.ts')
    try {
      const bytes = Buffer.from(await (await fetch(server.url + PATH)).arrayBuffer())
      const barePort = await bare.ask('listen', {})
      await bare.ask('serve', { base64: bytes.toString('base64') })
      const time = async (port: number, path: string): Promise<number> => {
        const run = { port, path, clients: 1, seconds: isQuick ? 0.7 : 1.5, method: 'GET' as const }
        const { p50Ms } = await load.ask('run', run)
        progress(`${port === barePort ? 'bare' : 'ours'} ${milliseconds(p50Ms)}`)
        return p50Ms
      }
      const result = await alternate(
        rounds,
        () => time(Number(new URL(server.url).port), PATH),
        () => time(barePort, '/'),
      )
      rows.unshift({
        name: 'snapshot-cached',
        group: 'snapshot',
        work: `snapshot of 10,000 records (${(bytes.length / 2 ** 20).toFixed(1)} MiB), cached`,
        ours: milliseconds(result.ours),
        limit: `bare node:http sending the same bytes from memory: ${milliseconds(result.limit)}`,
        ratio: result.ratio,
        budget: { most: 1.5 },
        settings: 'REST, one client, not compressed',
      })
    } finally {
      await load.end()
      await bare.end()
      await server.stop()
    }
    return rows
  },
}
