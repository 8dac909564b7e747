import { join } from 'node:path'
import type { TestServer } from '../../e2e/support/server.ts'
import { startBenchServer } from '../lib/bench-server.ts'
import { HelperProcess } from '../lib/helper-process.ts'
import { type Bench, type BenchContext, perSecond, type Row } from '../lib/row.ts'
import { copyDatabase, databasePath } from '../lib/server-folder.ts'
import { alternate } from '../lib/stats.ts'
import type { BareHttp } from '../limits/bare-http.ts'
import type { HttpClients, HttpRun } from '../load/http-clients.ts'

const TABLE = '/api/branches/dar/modules/pos/tables/order_line'
const LIST_CLIENTS = 16

/** REST inserts and lists beside a bare node:http server, one load generator for both. */
export const rest: Bench = {
  name: 'rest',
  async run(context) {
    const dataDir = join(context.folder, 'rest')
    const server = await startBenchServer(dataDir)
    const load = new HelperProcess<HttpClients>('load/http-clients.ts')
    const bare = new HelperProcess<BareHttp>('limits/bare-http.ts')
    try {
      await load.ask('run', { ...insertRun(server, 16), seconds: 1 })
      const database = join(context.folder, 'bare.db')
      await copyDatabase(databasePath(dataDir), database)
      const barePort = await bare.ask('listen', { database })
      const sides = { server, load, bare, barePort }
      return [
        await insertRow(context, sides, 16),
        await insertRow(context, sides, 64),
        await listRow(context, sides, false),
        await listRow(context, sides, true),
      ]
    } finally {
      await load.end()
      await bare.end()
      await server.stop()
    }
  },
}

interface Sides {
  server: TestServer
  load: HelperProcess<HttpClients>
  bare: HelperProcess<BareHttp>
  barePort: number
}

function insertRun(server: TestServer, clients: number): Omit<HttpRun, 'seconds'> {
  return { port: portOf(server), clients, method: 'POST', path: TABLE }
}

function portOf(server: TestServer): number {
  return Number(new URL(server.url).port)
}

async function compare(context: BenchContext, sides: Sides, run: Omit<HttpRun, 'seconds'>, barePath: string) {
  const seconds = context.isQuick ? 1.5 : 3
  const measure = async (name: string, one: HttpRun): Promise<number> => {
    const { perSecond: rate } = await sides.load.ask('run', one)
    context.progress(`${name} ${perSecond(rate)}`)
    return rate
  }
  return await alternate(
    context.isQuick ? 3 : 5,
    () => measure('ours', { ...run, seconds }),
    () => measure('bare', { ...run, isUnique: false, seconds, port: sides.barePort, path: barePath }),
  )
}

async function insertRow(context: BenchContext, sides: Sides, clients: number): Promise<Row> {
  const result = await compare(context, sides, insertRun(sides.server, clients), '/')
  return {
    name: `rest-insert-${clients}`,
    group: 'rest-insert',
    work: `REST insert, ${clients} keep-alive clients`,
    ours: perSecond(result.ours),
    limit: `bare node:http that commits the same two rows in groups: ${perSecond(result.limit)}`,
    ratio: result.ratio,
    budget: { least: 0.6 },
    settings: 'one request under way a client; synchronous=FULL on both sides',
    why:
      'two thirds of our time are the same inserts, commit and answer; the rest is admission, the route, the checks of the ' +
      'record, checksum and chain hash, and an answer that holds the ack and the notice beside the record.',
  }
}

async function listRow(context: BenchContext, sides: Sides, isUnique: boolean): Promise<Row> {
  const path = `${TABLE}?limit=50`
  const answer = Buffer.from(await (await fetch(`${sides.server.url}${path}`)).arrayBuffer())
  await sides.bare.ask('serve', { base64: answer.toString('base64') })
  const run = { port: portOf(sides.server), clients: LIST_CLIENTS, method: 'GET' as const, path, isUnique }
  const result = await compare(context, sides, run, '/')
  return {
    name: isUnique ? 'rest-list-anew' : 'rest-list',
    work:
      `REST list of 50 records (${(answer.length / 1024).toFixed(0)} KiB), ${LIST_CLIENTS} clients` +
      (isUnique ? ', another query each time' : ''),
    ours: perSecond(result.ours),
    limit: `bare node:http sending the same bytes: ${perSecond(result.limit)}`,
    ratio: result.ratio,
    ...(!isUnique && { budget: { least: 0.6 } }),
    settings: `not compressed, no If-None-Match; ${isUnique ? 'read from SQLite each time' : 'no write in between, so the answer may be kept'}`,
  }
}
