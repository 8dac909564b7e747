import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { WebSocket } from 'ws'
import { headlessProgram } from '../../src-main/config/paths.ts'
import { startBenchServer } from '../lib/bench-server.ts'
import { HelperProcess } from '../lib/helper-process.ts'
import { dataSet } from '../lib/history.ts'
import { type Bench, milliseconds, type Row } from '../lib/row.ts'
import { alternate } from '../lib/stats.ts'
import type { DataSets } from '../load/data-sets.ts'
import type { HttpClients } from '../load/http-clients.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const RECORDS = 100_000
const SOCKETS = 200
const START_LIMIT_MS = 1_000
const MEMORY_LIMIT_MB = 250
const BARE = `require('node:http').createServer((q, s) => s.end('ok')).listen(Number(process.argv[1]), '127.0.0.1')`

/** A branch with 100,000 records and a million events: how soon it listens, and its memory with 200 sockets. */
export const start: Bench = {
  name: 'start',
  async run({ isQuick, folder, progress }) {
    const events = isQuick ? 100_000 : 1_000_000
    const dataDir = dataSet(folder, 'start')
    const maker = new HelperProcess<DataSets>('load/data-sets.ts')
    await maker.ask('grow', { folders: [{ dataDir, records: isQuick ? 30_000 : RECORDS }], ordersPerDay: 300 })
    await maker.ask('addEvents', { dataDir, count: events })
    await maker.end()
    // The first start completes the mirror file of the events that were added behind its back.
    const server = await startBenchServer(dataDir)
    await server.stop()
    const ours = await alternate(
      isQuick ? 3 : 5,
      async () => {
        const ms = await timeStart((port) => [headlessProgram, '--port', String(port), '--data', dataDir])
        progress(`ours ${milliseconds(ms)}`)
        return ms
      },
      () => timeStart((port) => ['-e', BARE, String(port)]),
    )
    const size = `${(isQuick ? 30_000 : RECORDS).toLocaleString('en')} records and ${events.toLocaleString('en')} events`
    return [
      {
        name: 'start',
        work: `from process start to the first answer of /healthz, ${size}`,
        ours: milliseconds(ours.ours),
        limit: `${START_LIMIT_MS} ms; a bare node:http server needs ${milliseconds(ours.limit)}`,
        ratio: ours.ours / START_LIMIT_MS,
        budget: { most: 1 },
        settings: 'headless from the bundle, as npm start and services run it; files in the page cache',
      },
      await measureMemory(dataDir, size),
    ]
  },
}

/** Milliseconds from spawn to an answer. */
async function timeStart(makeArguments: (port: number) => string[]): Promise<number> {
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn(process.execPath, makeArguments(port), { cwd: ROOT, stdio: 'ignore' })
  try {
    while (performance.now() - startedAt < 30_000) {
      if (await isHealthy(port)) return performance.now() - startedAt
      // Seldom enough that asking does not slow the start.
      await new Promise((done) => setTimeout(done, 10))
    }
    throw new Error('the server did not answer')
  } finally {
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await ended
  }
}

function isHealthy(port: number): Promise<boolean> {
  return new Promise((done) => {
    const outgoing = get({ host: '127.0.0.1', port, path: '/healthz', agent: false }, (answer) => {
      answer.resume()
      done(answer.statusCode === 200)
    })
    outgoing.on('error', () => done(false))
  })
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => done(port))
    })
  })
}

/** After 200 clients took their snapshots and some thousand writes came. */
async function measureMemory(dataDir: string, size: string): Promise<Row> {
  const server = await startBenchServer(dataDir)
  const load = new HelperProcess<HttpClients>('load/http-clients.ts')
  const sockets: WebSocket[] = []
  try {
    for (let index = 0; index < SOCKETS; index++) sockets.push(await enter(server.wsUrl))
    const table = '/api/branches/dar/modules/pos/tables/order_line'
    const port = Number(new URL(server.url).port)
    await load.ask('run', { port, path: table, clients: 8, seconds: 3, method: 'POST' })
    const megabytes = residentBytes(server.pid) / 1e6
    return {
      name: 'memory',
      work: `resident memory with ${SOCKETS} sockets, ${size}`,
      ours: `${megabytes.toFixed(0)} MB`,
      limit: `${MEMORY_LIMIT_MB} MB`,
      ratio: megabytes / MEMORY_LIMIT_MB,
      budget: { most: 1 },
      settings: 'every socket took a snapshot and hears all events; after 3 s of inserts by 8 REST clients',
    }
  } finally {
    for (const socket of sockets) socket.terminate()
    await load.end()
    await server.stop()
  }
}

function enter(wsUrl: string): Promise<WebSocket> {
  return new Promise((done, reject) => {
    const socket = new WebSocket(wsUrl, { perMessageDeflate: false })
    socket.on('error', reject)
    socket.on('open', () =>
      socket.send(JSON.stringify({ type: 'client:hello', protocol: 2, branchId: 'dar', requestSnapshot: true })),
    )
    socket.on('message', (data: Buffer) => {
      if (data.length < 10_000 && data.includes('"server:ready"')) done(socket)
    })
  })
}

/** Linux only: elsewhere the row is not a number. */
function residentBytes(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1_024
}
