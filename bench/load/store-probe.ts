import Database from 'better-sqlite3'
import { defaultsDir } from '../../src-main/config/paths.ts'
import { silentLog } from '../../src-main/lib/log.ts'
import { DataStore } from '../../src-main/store/open-store.ts'
import type { Caller, WriteOperation } from '../../src-main/store/types.ts'
import { serveHelper } from '../lib/helper-process.ts'
import { orderLine } from '../lib/records.ts'
import { databasePath } from '../lib/server-folder.ts'
import { median, percentile } from '../lib/stats.ts'

const CALLER: Caller = { protocol: 2, isLegacy: false }
const CHANGES = 100

/** Calls the store of a data folder directly and tells how long each call took, in milliseconds. */
let store: DataStore | undefined
let raw: Database.Database | undefined
let path = ''
let cursor = { epoch: 1, seq: 0 }
let made = 0

const moduleOf = () => store!.getBranch('dar').getModule('pos')

function newLine(): WriteOperation {
  const id = `line-probe-${(++made).toString(36).padStart(8, '0')}`
  return { action: 'insert', table: 'order_line', record: orderLine(id) }
}

async function write(count: number): Promise<void> {
  await moduleOf().writeAsync({
    operations: Array.from({ length: count }, newLine),
    caller: CALLER,
    source: 'bench',
  })
}

/** What each kind of call does once. */
const WORK: Record<string, () => unknown> = {
  insert: () => write(1),
  batch: () => write(CHANGES),
  list: () => moduleOf().list('order_line', { limit: 50 }),
  find: () => moduleOf().find('order_line', 'line-probe-00000001'),
  delta: () => {
    const { tables } = moduleOf().delta({ cursor })
    const changed = Object.values(tables).reduce((sum, table) => sum + table.recordTexts.length, 0)
    if (changed !== CHANGES) throw new Error(`the delta has ${changed} changes`)
  },
  snapshot: () => moduleOf().snapshot(),
  'snapshot-anew': () => {
    store!.getBranch('dar').findContext('pos')!.snapshots.clear()
    return moduleOf().snapshot()
  },
  'read-rows': () => {
    let bytes = 0
    for (const name of moduleOf().definition.tables.keys()) {
      for (const [doc] of raw!.prepare(`SELECT doc FROM "pos/${name}" ORDER BY n`).raw().all() as [string][]) {
        bytes += doc.length
      }
    }
    return bytes
  },
}

const methods = {
  async open({ dataDir }: { dataDir: string }): Promise<{ records: number; seq: number }> {
    store = new DataStore({ dataDir, defaultsDir, log: silentLog })
    await store.open()
    path = databasePath(dataDir)
    raw = new Database(path, { readonly: true })
    await write(1)
    return { records: store.getBranch('dar').summary().modules[0]!.records, seq: moduleOf().head().seq }
  },
  /** 100 changes, which `delta` then reads. */
  async change(_: object): Promise<void> {
    const { epoch, seq } = moduleOf().head()
    cursor = { epoch, seq }
    for (let index = 0; index < CHANGES; index++) await write(1)
  },
  async time({ work, times }: { work: string; times: number }): Promise<{ p50: number; p95: number }> {
    const taken: number[] = []
    for (let index = 0; index < times; index++) {
      const startedAt = performance.now()
      await WORK[work]!()
      taken.push(performance.now() - startedAt)
    }
    return { p50: median(taken), p95: percentile(taken, 0.95) }
  },
  async close(_: object): Promise<void> {
    raw?.close()
    await store?.close()
  },
}
export type StoreProbe = typeof methods

serveHelper(methods)
