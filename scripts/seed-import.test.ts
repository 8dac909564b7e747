import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDataFolder } from '../src-main/config/data-folder.ts'
import { defaultsDir } from '../src-main/config/paths.ts'
import { silentLog } from '../src-main/lib/log.ts'
import type { Store } from '../src-main/store/api.ts'
import { openStore } from '../src-main/store/open-store.ts'
import type { SeedTables } from './seed-history/catalogue.ts'
import { generateOrderHistory } from './seed-history/generate.ts'
import { loadHistory } from './seed-history/load.ts'

let folder: string
let dataDir: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mishkah-import-'))
  dataDir = join(folder, 'data')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function withStore<T>(work: (store: Store) => T): Promise<T> {
  const store = await openStore({ dataDir, defaultsDir, log: silentLog })
  try {
    return work(store)
  } finally {
    await store.close()
  }
}

function runImport(...options: string[]): { status: number | null; output: string } {
  const result = spawnSync(process.execPath, ['scripts/seed-import.ts', '--data', dataDir, ...options], {
    encoding: 'utf8',
  })
  return { status: result.status, output: result.stdout + result.stderr }
}

test('a history keeps its times, leaves one event a batch, and can be loaded again', async () => {
  const seed = join(defaultsDir, 'branches/dar/modules/pos/seeds/initial.json')
  const menu = (JSON.parse(readFileSync(seed, 'utf8')) as { tables: SeedTables }).tables
  const options = { days: 1, ordersPerDay: 5, endDate: '2026-03-01', seed: 1, menu, branchId: 'dar' }
  const records = [...generateOrderHistory(options)]
  const target = { dataDir, branchId: 'dar', moduleId: 'pos' }
  await loadHistory(target, records)
  await loadHistory(target, records)
  const order = records.find(({ table }) => table === 'order_header')!.record
  await withStore((store) => {
    const module = store.getBranch('dar').getModule('pos')
    const stored = module.find('order_header', String(order.id))!
    expect(stored.createdAt).toBe(order.createdAt)
    expect(stored.updatedAt).toBe(order.updatedAt)
    expect(module.count('order_header')).toBe(records.filter(({ table }) => table === 'order_header').length)
    const imports = module.readEvents(0, 100).filter(({ meta }) => meta.reason === 'history')
    expect(imports).toHaveLength(2)
    expect(module.delta({ cursor: { epoch: 1, seq: 1 } }).requiresFullSync).toBe(true)
    module.verifyChain()
  })
})

test('an added seed file goes in once, and says what it added', async () => {
  const file = join(folder, 'seeds.json')
  const tables = { dining_tables: [{ id: 'table-new', name: 'New' }], menu_items: [] }
  writeFileSync(file, JSON.stringify({ meta: { branchId: 'dar', moduleId: 'pos' }, tables }))
  expect(runImport('--file', file)).toMatchObject({
    status: 0,
    output: expect.stringContaining('1 of 1 records added'),
  })
  expect(runImport('--file', file).output).toContain('0 of 1 records added')
  await withStore((store) =>
    expect(store.getBranch('dar').getModule('pos').find('dining_tables', 'table-new')).toBeDefined(),
  )
})

test('a seed file with a bad record, or a folder in use, is refused and changes nothing', async () => {
  const file = join(folder, 'bad.json')
  writeFileSync(file, JSON.stringify({ tables: { order_line: [{ id: 'l-1', orderId: 'o' }, { id: 'l-2' }] } }))
  expect(runImport('--file', file)).toMatchObject({
    status: 1,
    output: expect.stringContaining('--branch and --module'),
  })
  expect(runImport('--file', file, '--branch', 'dar', '--module', 'pos').status).toBe(1)
  await withStore((store) => expect(store.getBranch('dar').getModule('pos').find('order_line', 'l-1')).toBeUndefined())
  const lock = openDataFolder(dataDir)
  try {
    expect(runImport('--file', join(folder, 'seeds.json')).output).toContain('is in use')
  } finally {
    lock.close()
  }
})
