import { join } from 'node:path'
import type { JsonObject } from '../../src-shared/json.ts'
import { type ClientBench, inBenchPage, withClientBench } from '../client/client-bench.ts'
import { orderLine } from '../lib/records.ts'
import { type Bench, milliseconds } from '../lib/row.ts'
import { alternate } from '../lib/stats.ts'

const MISSED = 1_000
const BATCH = 100

/** A tablet was away while others wrote 1,000 times: from the network's return until it has heard everything. */
export const clientCatchUp: Bench = {
  name: 'client-catch-up',
  run: ({ isQuick, folder, progress }) =>
    withClientBench(join(folder, 'client-catch-up'), async (bench) => {
      const page = await bench.open(await bench.newTablet())
      const bare = await bench.open(await bench.newTablet())
      await inBenchPage(page, 'await bench.openStore(); await store.whenSynced()')
      let round = 0
      let position: { epoch: number; seq: number }
      let bytes = 0
      const ours = async (): Promise<number> => {
        position = await bench.head()
        await inBenchPage(page, 'await bench.heardAll(input.seq)', { seq: position.seq })
        bench.relay.setOpen(false)
        await writeMany(bench, ++round)
        const { seq } = await bench.head()
        bench.relay.setOpen(true)
        return inBenchPage(
          page,
          `const startedAt = performance.now()
          window.dispatchEvent(new Event('online'))
          await bench.heardAll(input.seq)
          return performance.now() - startedAt`,
          { seq },
        )
      }
      const limit = async (): Promise<number> => {
        const answer = await inBenchPage<{ time: number; bytes: number }>(
          bare,
          `const startedAt = performance.now()
          const self = bench.bare({ cursor: { pos: input } })
          await self.ready
          const time = performance.now() - startedAt
          self.socket.close()
          return { time, bytes: self.bytes }`,
          { ...position },
        )
        bytes = answer.bytes
        return answer.time
      }
      const result = await alternate(isQuick ? 5 : 15, ours, limit)
      progress(`${milliseconds(result.ours)} and ${milliseconds(result.limit)}`)
      return [
        {
          name: 'client-catch-up',
          section: 'clients',
          work: `catch-up after ${MISSED.toLocaleString('en')} missed events`,
          ours: milliseconds(result.ours),
          limit: milliseconds(result.limit),
          ratio: result.ratio,
          settings: `from the return of the network, with the new socket and hello; ${Math.round(bytes / 1_024)} KiB as delta frames`,
        },
      ]
    }),
}

/** Inserts by somebody else, in batches. */
async function writeMany({ branch }: ClientBench, round: number): Promise<void> {
  for (let start = 0; start < MISSED; start += BATCH) {
    const { body } = await branch.send('GET', 'events?limit=1')
    const { eventLog } = body as { eventLog: { lastEventId: string } }
    const events = Array.from({ length: BATCH }, (_, n): JsonObject => {
      return { action: 'module:insert', table: 'order_line', record: orderLine(`missed-${round}-${start + n}`) }
    })
    const answer = await branch.send('POST', 'events/batch', { lastAckId: eventLog.lastEventId, events })
    if (answer.status !== 200) throw new Error(`the batch was refused: ${answer.text}`)
  }
}
