import { setTimeout as delay } from 'node:timers/promises'
import type { TestServer } from '../../e2e/support/server.ts'
import { TestSocket } from '../../e2e/support/socket.ts'
import { startBenchServer } from '../lib/bench-server.ts'
import { HelperProcess } from '../lib/helper-process.ts'
import { dataSet } from '../lib/history.ts'
import { orderLine } from '../lib/records.ts'
import { type Bench, milliseconds, type Row } from '../lib/row.ts'
import { percentile } from '../lib/stats.ts'
import type { DataSets } from '../load/data-sets.ts'
import type { StoreProbe } from '../load/store-probe.ts'

const MODULE = '/api/branches/dar/modules/pos'

/** The specification's own table of latencies, line by line. */
export const specification: Bench = {
  name: 'specification',
  async run({ isQuick, folder }) {
    const dataDir = dataSet(folder, 'specification')
    const maker = new HelperProcess<DataSets>('load/data-sets.ts')
    await maker.ask('grow', { folders: [{ dataDir, records: 8_500 }], ordersPerDay: 70 })
    await maker.end()
    const times = isQuick ? 50 : 200
    const rows: Row[] = []
    const add = (work: string, wanted: string, { p50, p95 }: { p50: number; p95: number }, settings: string): void => {
      const ours = `p50 ${milliseconds(p50)}, p95 ${milliseconds(p95)}`
      const name = `spec-${rows.length + 1}`
      rows.push({ name, work, ours, limit: `specification: ${wanted}`, ratio: Number.NaN, settings })
    }
    const probe = new HelperProcess<StoreProbe>('load/store-probe.ts')
    try {
      await probe.ask('open', { dataDir })
      const time = (work: string, count: number) => probe.ask('time', { work, times: count })
      await time('snapshot', 1)
      add('read, from memory', '< 1 ms', await time('snapshot', times), 'the module in the store, unchanged')
      add('read, from SQLite', '5 to 20 ms', await time('list', times), 'a list of 50 in the store')
      add('write of one record', '10 to 30 ms', await time('insert', times), 'durable, in the store')
      add('write of 100 records', '100 to 300 ms', await time('batch', isQuick ? 10 : 40), 'one transaction, durable')
      await probe.ask('close', {})
    } finally {
      await probe.end()
    }
    const server = await startBenchServer(dataDir)
    try {
      add('WebSocket round trip', '20 to 50 ms', await timeSockets(server, times), 'publish to another client’s event')
      const get = () => read(server, `${MODULE}/tables/order_line?limit=50`)
      add('REST round trip', '30 to 100 ms', await timeCalls(times, get), 'a list of 50 with fetch')
      const delta = await makeDelta(server)
      add('delta of 100 changes', '50 to 150 ms', await timeCalls(times, delta), 'REST')
      const whole = () => read(server, MODULE)
      add('snapshot of 10,000 records', '200 to 500 ms', await timeCalls(isQuick ? 10 : 40, whole), 'REST with fetch')
    } finally {
      await server.stop()
    }
    return rows
  },
}

async function read(server: TestServer, path: string, init?: RequestInit): Promise<string> {
  const answer = await fetch(server.url + path, init)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`)
  return text
}

async function timeCalls(times: number, call: () => Promise<unknown>): Promise<{ p50: number; p95: number }> {
  const taken: number[] = []
  for (let index = 0; index < times; index++) {
    const startedAt = performance.now()
    await call()
    taken.push(performance.now() - startedAt)
  }
  return { p50: percentile(taken, 0.5), p95: percentile(taken, 0.95) }
}

async function timeSockets(server: TestServer, times: number): Promise<{ p50: number; p95: number }> {
  const hello = { branchId: 'dar', protocol: 2, requestSnapshot: false }
  const writer = await TestSocket.enter(server.wsUrl, hello)
  const reader = await TestSocket.enter(server.wsUrl, hello)
  let made = 0
  const result = await timeCalls(times, async () => {
    const id = `line-trip-${++made}`
    const heard = reader.nextOf('server:event')
    writer.send({
      type: 'client:publish',
      requestId: id,
      moduleId: 'pos',
      action: 'module:insert',
      table: 'order_line',
      record: orderLine(id),
    })
    await heard
    await delay(1)
  })
  await writer.close()
  await reader.close()
  return result
}

/** A call that reads the last 100 changes. */
async function makeDelta(server: TestServer): Promise<() => Promise<string>> {
  const events = JSON.parse(await read(server, `${MODULE}/events?limit=1`)) as { version: number; epoch: number }
  const post = (path: string, body: object): Promise<string> => {
    const headers = { 'content-type': 'application/json' }
    return read(server, path, { method: 'POST', headers, body: JSON.stringify(body) })
  }
  for (let index = 0; index < 100; index++) await post(`${MODULE}/tables/order_line`, orderLine(`line-delta-${index}`))
  const cursor = { epoch: events.epoch, seq: events.version }
  return () => post('/api/sync/dar/pos/delta', { cursor })
}
