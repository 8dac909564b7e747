import { join } from 'node:path'
import { startBenchServer } from '../lib/bench-server.ts'
import { HelperProcess } from '../lib/helper-process.ts'
import { type Bench, milliseconds } from '../lib/row.ts'
import { median, percentile } from '../lib/stats.ts'
import type { BareSockets } from '../limits/bare-sockets.ts'
import type { Listeners } from '../load/listeners.ts'

const LISTENERS = 200

/** From a publish until the last of 200 listeners has it, beside bare ws, which stores nothing. */
export const fanOut: Bench = {
  name: 'fan-out',
  async run({ isQuick, folder, progress }) {
    const server = await startBenchServer(join(folder, 'fan-out'))
    const ours = new HelperProcess<Listeners>('load/listeners.ts')
    const limit = new HelperProcess<Listeners>('load/listeners.ts')
    const bare = new HelperProcess<BareSockets>('limits/bare-sockets.ts')
    try {
      await ours.ask('open', { wsUrl: server.wsUrl, isOurs: true, count: LISTENERS })
      await ours.ask('publish', { count: 30 })
      const port = await bare.ask('listen', { text: await ours.ask('lastFrame', {}) })
      await limit.ask('open', { wsUrl: `ws://127.0.0.1:${port}`, isOurs: false, count: LISTENERS })
      await limit.ask('publish', { count: 30 })
      const times: { ours: number[]; bare: number[] } = { ours: [], bare: [] }
      const ratios: number[] = []
      for (let round = 0; round < (isQuick ? 5 : 9); round++) {
        const count = isQuick ? 100 : 200
        const left = await ours.ask('publish', { count })
        const right = await limit.ask('publish', { count })
        times.ours.push(...left)
        times.bare.push(...right)
        ratios.push(percentile(left, 0.99) / percentile(right, 0.99))
        progress(`p99 ${milliseconds(percentile(left, 0.99))} and ${milliseconds(percentile(right, 0.99))}`)
      }
      const quantiles = (list: number[]): string =>
        `p99 ${milliseconds(percentile(list, 0.99))}, p50 ${milliseconds(median(list))}`
      return [
        {
          name: 'fan-out',
          work: `publish to the last of ${LISTENERS} listeners, durable before it is sent`,
          ours: quantiles(times.ours),
          limit: `bare ws with the same frames, nothing stored: ${quantiles(times.bare)}`,
          ratio: median(ratios),
          budget: { most: 1.5 },
          settings: `${times.ours.length} publishes a side, one at a time; the ratio is of the p99 of each round`,
        },
      ]
    } finally {
      await ours.end()
      await limit.end()
      await bare.end()
      await server.stop()
    }
  },
}
