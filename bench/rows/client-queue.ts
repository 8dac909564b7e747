import { join } from 'node:path'
import { inBenchPage, withClientBench } from '../client/client-bench.ts'
import { orderLine } from '../lib/records.ts'
import { type Bench, milliseconds } from '../lib/row.ts'
import { alternate } from '../lib/stats.ts'

const WRITES = 100

/** 100 writes wait while the server is away: from the network's return until all of them are answered. */
export const clientQueue: Bench = {
  name: 'client-queue',
  run: ({ isQuick, folder, progress }) =>
    withClientBench(join(folder, 'client-queue'), async (bench) => {
      const page = await bench.open(await bench.newTablet())
      const bare = await bench.open(await bench.newTablet())
      await inBenchPage(page, 'await bench.openStore(); await store.whenSynced()')
      let round = 0
      const records = (side: string) => Array.from({ length: WRITES }, (_, n) => orderLine(`${side}-${round}-${n}`))
      const ours = async (): Promise<number> => {
        round++
        bench.relay.setOpen(false)
        const queue = 'await Promise.all(input.records.map((record) => store.insert("order_line", record).queued))'
        await inBenchPage(page, queue, { records: records('queued') })
        bench.relay.setOpen(true)
        return inBenchPage(
          page,
          `const startedAt = performance.now()
          window.dispatchEvent(new Event('online'))
          await store.whenSynced()
          return performance.now() - startedAt`,
        )
      }
      const limit = async (): Promise<number> => {
        const cursor = { pos: await bench.head() }
        return inBenchPage(
          bare,
          `const frames = input.records.map((record) => ({
            type: 'client:publish', requestId: record.id, branchId: 'dar', moduleId: 'pos', meta: { requestId: record.id },
            includeRecord: true, epoch: 1, action: 'module:insert', table: 'order_line', record
          }))
          const startedAt = performance.now()
          let answers = 0
          await new Promise((resolve) => {
            const self = bench.bare({ cursor: input.cursor }, ({ type }) => {
              if (type === 'server:ack' && ++answers === frames.length) resolve(self.socket.close())
            })
            self.ready.then(() => { for (const frame of frames) self.socket.send(JSON.stringify(frame)) })
          })
          return performance.now() - startedAt`,
          { records: records('bare'), cursor },
        )
      }
      const result = await alternate(isQuick ? 5 : 15, ours, limit)
      progress(`${milliseconds(result.ours)} and ${milliseconds(result.limit)}`)
      return [
        {
          name: 'client-queue',
          section: 'clients',
          work: `${WRITES} queued writes after an outage, all answered`,
          ours: `${milliseconds(result.ours)}, in order, each removed from IndexedDB`,
          limit: `${milliseconds(result.limit)}, all sent at once, nothing kept`,
          ratio: result.ratio,
          settings:
            'from the return of the network, with the new socket and hello; the SDK has 16 writes under way at most',
        },
      ]
    }),
}
