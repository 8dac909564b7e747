import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { HelperProcess } from '../lib/helper-process.ts'
import { orderLine } from '../lib/records.ts'
import { type Bench, milliseconds, type Row } from '../lib/row.ts'
import { median, percentile } from '../lib/stats.ts'
import type { ClosedServer } from '../load/closed-server.ts'
import type { Listeners } from '../load/listeners.ts'

const SOCKETS = 200
const LINES = 2_000
const LIST = '/api/branches/dar/modules/pos/tables/order_line?limit=1000'

/** Lists, publishes and fan-out for callers whom rules concern, beside callers of the same server whom none does. */
export const rules: Bench = {
  name: 'rules',
  async run({ isQuick, folder, progress }) {
    const server = new HelperProcess<ClosedServer>('load/closed-server.ts')
    try {
      const { url, plain, ruled } = await server.ask('start', { folder: join(folder, 'rules'), waiters: SOCKETS })
      const wsUrl = `${url.replace('http', 'ws')}/ws`
      const writers = { plain: await openSocket(wsUrl, plain), ruled: await openSocket(wsUrl, ruled[0]!) }
      await publish(writers.plain, 'seed', LINES)
      const rounds = isQuick ? 5 : 15
      const lists = await compare(rounds, (side) => list(url, side === 'plain' ? plain : ruled[0]!, isQuick ? 5 : 20))
      progress(`list ${lists.words}`)
      const publishes = await compare(rounds, (side, round) =>
        publish(writers[side], `${side}-${round}`, isQuick ? 100 : 500),
      )
      progress(`publish ${publishes.words}`)
      const rows = [
        rowOf('list with rules', '1,000 of 2,000 order lines, one field hidden', lists),
        rowOf('publish with rules', 'order lines published over one socket until the last ack', publishes),
      ]
      for (const writer of Object.values(writers)) writer.close()
      // Each room listens alone, so the rooms take turns as a whole.
      const times: Record<Side, number[]> = { plain: [], ruled: [] }
      const fanOut = await compare(isQuick ? 2 : 7, async (side, round) => {
        const tokens = side === 'plain' ? { tokens: [plain] } : { tokens: ruled, publisherToken: plain }
        const heard = await publishToRoom({ wsUrl, isOurs: true, count: SOCKETS, ...tokens }, isQuick ? 50 : 100)
        if (round >= 0) times[side].push(...heard)
        return median(heard)
      })
      const quantiles = (times: number[]): string =>
        `p99 ${milliseconds(percentile(times, 0.99))}, p50 ${milliseconds(median(times))}`
      rows.push({
        ...{ name: 'fan-out with rules', group: 'rules', budget: { most: 1.5 } },
        work: `publish to the last of ${SOCKETS} listeners with ${SOCKETS} different rights`,
        ours: quantiles(times.ruled),
        limit: `${SOCKETS} listeners whom no rule concerns: ${quantiles(times.plain)}`,
        ratio: fanOut.ratio,
        settings: `${times.ruled.length} publishes a side, one at a time; the ratio is the median of the rounds, which take turns; every frame is made anew, a field is hidden`,
      })
      return rows
    } finally {
      await server.end()
    }
  },
}

type Side = 'plain' | 'ruled'

interface Comparison {
  plain: number
  ruled: number
  ratio: number
  words: string
}

/** Both sides by turns, so that what else the machine does meets both. */
async function compare(rounds: number, run: (side: Side, round: number) => Promise<number>): Promise<Comparison> {
  const times: Record<Side, number[]> = { plain: [], ruled: [] }
  for (const side of ['plain', 'ruled'] as const) await run(side, -1)
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 ? (['ruled', 'plain'] as const) : (['plain', 'ruled'] as const)) {
      times[side].push(await run(side, round))
    }
  }
  const [plain, ruled] = [median(times.plain), median(times.ruled)]
  const ratio = median(times.ruled.map((time, index) => time / times.plain[index]!))
  return { plain, ruled, ratio, words: `${milliseconds(ruled)} and ${milliseconds(plain)}` }
}

function rowOf(name: string, work: string, { plain, ruled, ratio }: Comparison): Row {
  return {
    ...{ name, group: 'rules', work, ratio, budget: { most: 1.25 } },
    ours: milliseconds(ruled),
    limit: `the same server for a caller whom no rule concerns: ${milliseconds(plain)}`,
    settings: 'the ratio is the median of the rounds, which take turns',
  }
}

/** Milliseconds from each publish to the last of the listeners. */
async function publishToRoom(room: Parameters<Listeners['open']>[0], count: number): Promise<number[]> {
  const listeners = new HelperProcess<Listeners>('load/listeners.ts')
  try {
    await listeners.ask('open', room)
    return await listeners.ask('publish', { count })
  } finally {
    await listeners.end()
  }
}

let asked = 0

/** Milliseconds a list; each address is another one, so that no kept answer is measured. */
async function list(url: string, token: string, count: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const startedAt = performance.now()
  for (let index = 0; index < count; index++) {
    await new Promise<void>((resolve, reject) => {
      const headers = { Authorization: `Bearer ${token}` }
      const outgoing = request(`${url}${LIST}&n=${++asked}`, { agent, headers }, (incoming) => {
        if (incoming.statusCode !== 200) reject(new Error(`the list answered ${incoming.statusCode}`))
        incoming.resume().on('end', resolve)
      })
      outgoing.on('error', reject).end()
    })
  }
  const time = (performance.now() - startedAt) / count
  agent.destroy()
  return time
}

async function openSocket(wsUrl: string, token: string): Promise<WebSocket> {
  const socket = new WebSocket(wsUrl, { perMessageDeflate: false })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const ready = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => data.includes('server:ready') && resolve())
  })
  const hello = { type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], tables: [], token }
  socket.send(JSON.stringify({ ...hello, requestSnapshot: false }))
  await ready
  return socket
}

/** Milliseconds until the last of `count` publishes is acknowledged. */
async function publish(socket: WebSocket, name: string, count: number): Promise<number> {
  let acks = 0
  const done = new Promise<void>((resolve, reject) => {
    const hear = (data: Buffer): void => {
      if (data.includes('server:error')) reject(new Error(data.toString('utf8').slice(0, 500)))
      if (!data.includes('server:ack') || ++acks < count) return
      socket.off('message', hear)
      resolve()
    }
    socket.on('message', hear)
  })
  const startedAt = performance.now()
  for (let index = 0; index < count; index++) {
    const id = `line-${name}-${(++asked).toString(36)}`
    const frame = { type: 'client:publish', requestId: id, action: 'module:insert', table: 'order_line' }
    socket.send(JSON.stringify({ ...frame, record: orderLine(id) }))
  }
  await done
  return performance.now() - startedAt
}
