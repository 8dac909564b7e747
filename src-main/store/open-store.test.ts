import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { isAppError } from '../../src-shared/errors.ts'
import { silentLog } from '../lib/log.ts'
import { openStore } from './open-store.ts'
import { SqliteConnection } from './sqlite/connection.ts'
import {
  checkModule,
  codeOf,
  command,
  DEFAULTS_DIR,
  listAll,
  openShop,
  openTestStore,
  temporaryFolder,
  thrownCode,
} from './test-support.ts'

test('every database promises durable commits: WAL and FULL, asserted at the start and still so after writes', async () => {
  const test = await openTestStore()
  await test.module('dar').writeAsync(command('insert', 'menu_categories', { nameEn: 'x' }))
  for (const branchId of test.store.branchIds()) {
    const { connection } = test.context(branchId).branch
    expect([connection.pragma('journal_mode'), connection.pragma('synchronous')]).toEqual(['wal', 2])
    connection.assertDurable()
    connection.exec('PRAGMA synchronous = NORMAL')
    expect(thrownCode(() => connection.assertDurable())).toBe('store-failed')
    connection.exec('PRAGMA synchronous = FULL')
  }
  const memory = await codeOf(Promise.resolve().then(() => SqliteConnection.open(':memory:')))
  expect(memory).toBe('store-failed')
})

test('under a long run of writes the WAL stays short, and a close leaves all of it in the database file', async () => {
  const test = await openShop()
  const { connection } = test.context().branch
  const note = 'x'.repeat(60_000)
  let total = 0
  for (let round = 0; round < 5; round++) {
    // 18 MB of records and events: more than the WAL may hold before it is moved.
    for (let index = 0; index < 150; index++) await test.write('insert', 'ticket', { id: `ticket-${total++}`, note })
    await expect.poll(() => connection.walPagesLeft(), { timeout: 10_000 }).toBeLessThan(4_000)
  }
  expect(test.store.figures.walBytes()).toBeLessThan(50_000_000)
  await test.store.close()
  expect(existsSync(`${test.databasePath()}-wal`)).toBe(false)
  await test.reopen()
  expect(test.store.listBranches()[0]!.modules[0]!.records).toBeGreaterThanOrEqual(total)
  checkModule(test.context(), test.module())
})

test('an unknown branch or module is never made by asking for it', async () => {
  const test = await openTestStore()
  const folders = (): string[] => readdirSync(join(test.dataDir, 'branches')).sort()
  const before = folders()
  for (const branchId of ['unknown-xyz', 'DAR', '../dar', '', '__proto__', 'constructor', 'd'.repeat(300)]) {
    expect([branchId, thrownCode(() => test.store.getBranch(branchId))]).toEqual([branchId, 'branch-not-found'])
    expect(thrownCode(() => test.store.attachModule(branchId, 'pos'))).toBe('branch-not-found')
  }
  const dar = test.store.getBranch('dar')
  for (const moduleId of ['lab', 'POS', 'constructor', '../pos']) {
    expect([moduleId, thrownCode(() => dar.getModule(moduleId))]).toEqual([moduleId, 'module-not-found'])
    expect(thrownCode(() => test.store.attachModule('dar', moduleId))).toBe('module-not-found')
  }
  expect([folders(), test.store.branchIds(), dar.getModule().moduleId]).toEqual([before, ['dar', 'remal'], 'pos'])
})

test('branches and module types are made once, with valid names, and are there after a restart', async () => {
  const test = await openTestStore()
  const { store } = test
  expect(store.createBranch({ branchId: 'North-1', label: 'North', modules: ['pos'] })).toMatchObject({
    branchId: 'North-1',
    label: 'North',
    modules: [{ moduleId: 'pos', epoch: 1 }],
  })
  expect([
    thrownCode(() => store.createBranch({ branchId: 'North-1' })),
    thrownCode(() => store.createBranch({ branchId: '../x' })),
    thrownCode(() => store.createBranch({ branchId: 'x', modules: ['none'] })),
    thrownCode(() => store.createModuleType({ moduleId: 'pos' })),
    thrownCode(() => store.createModuleType({ moduleId: 'a/b' })),
    thrownCode(() => store.createModuleType({ moduleId: 'bad', schema: { tables: 'no' } })),
  ]).toEqual(['branch-exists', 'invalid-name', 'module-not-found', 'module-exists', 'invalid-name', 'invalid-schema'])
  store.createModuleType({
    moduleId: 'lab',
    schema: {
      name: 'lab',
      schema: { name: 'lab', tables: [{ name: 'probe', fields: [{ name: 'id', type: 'string' }] }] },
    },
  })
  expect(store.attachModule('North-1', 'lab')).toEqual(['pos', 'lab'])
  expect(store.attachModule('North-1', 'lab')).toEqual(['pos', 'lab'])
  await store
    .getBranch('North-1')
    .getModule('lab')
    .writeAsync(command('insert', 'probe', { id: 'p' }))
  await test.reopen()
  expect(test.store.branchIds()).toEqual(['dar', 'remal', 'North-1'])
  expect(listAll(test.store.getBranch('North-1').getModule('lab'), 'probe')).toMatchObject([
    { id: 'p', branchId: 'North-1' },
  ])
  expect(test.store.listModuleTypes().map(({ id }) => id)).toEqual(['pos', 'lab'])
})

test('a module whose schema cannot be used is left out; the others of its branch go on', async () => {
  const shop = await openShop()
  await shop.write('insert', 'item', { id: 'i' })
  shop.store.files.writeModule('broken', { schemaFallbackPath: 'schemas/none.json' })
  shop.store.files.writeBranch('dar', { modules: ['broken', 'shop'] })
  await shop.reopen()
  expect([shop.store.getBranch('dar').moduleIds(), shop.module().count('item')]).toEqual([['shop'], 1])
})

test('legacy mode and the open LAN of a first start are written into every branch', async () => {
  const dataDir = temporaryFolder()
  const options = { dataDir, defaultsDir: DEFAULTS_DIR, log: silentLog }
  const first = await openStore({ ...options, legacyClients: true, openLan: true })
  expect(first.branchIds().map((branchId) => first.getBranch(branchId).isLegacyAllowed)).toEqual([true, true])
  await first.close()
  await first.close()
  const second = await openStore(options)
  expect(second.branchIds().map((branchId) => second.getBranch(branchId).isLegacyAllowed)).toEqual([true, true])
  await second.close()
})

test('a folder that cannot be opened fails with its reason and leaves no file open', async () => {
  const shop = await openShop()
  await shop.store.close()
  shop.store.files.writeJson('branches/dar/modules/shop/seeds/initial.json', {
    tables: { item: [{ id: 1, price: 'dear' }] },
  })
  const error = await openStore({ dataDir: shop.dataDir, defaultsDir: DEFAULTS_DIR, log: silentLog }).catch(
    (reason) => reason,
  )
  expect(isAppError(error) && error.code).toBe('validation-failed')
  shop.store.files.writeJson('branches/dar/modules/shop/seeds/initial.json', {
    tables: { item: [{ id: 1, price: 5 }] },
  })
  await shop.reopen()
  expect(shop.module().count('item')).toBe(1)
  checkModule(shop.context(), shop.module())
})

test('a damaged database costs its own branch only, and a restore brings it back', async () => {
  const dataDir = temporaryFolder()
  const options = { dataDir, defaultsDir: DEFAULTS_DIR, log: silentLog }
  const first = await openStore(options)
  const { backupId } = await first.backups.create({ reason: 'manual' })
  const tables = first.getBranch('dar').getModule('pos').listTables()
  await first.close()
  writeFileSync(join(dataDir, 'branches/dar/sqlite/branch.db'), 'rubbish'.repeat(1000))

  const second = await openStore(options)
  onTestFinished(() => second.close())
  expect(() => second.getBranch('dar')).toThrow(expect.objectContaining({ code: 'store-corrupt' }))
  expect(second.getBranch('remal').moduleIds()).toEqual(['pos'])
  expect(second.figures.checks().find(({ name }) => name === 'database:dar')).toMatchObject({ ok: false })
  await second.backups.restore({ backupId, branchId: 'dar' })
  expect(second.getBranch('dar').getModule('pos').listTables()).toEqual(tables)
})

test('a branch that is closed for a moment keeps its place in the list of branches', async () => {
  const shop = await openShop()
  const before = shop.store.listBranches()
  const reopening = shop.store.reopen('dar', { force: false })
  expect(shop.store.listBranches()).toEqual(before)
  await reopening
  expect(shop.store.listBranches().map(({ branchId }) => branchId)).toEqual(['dar'])
})

test('figures: commits with their size, the depth of the queue, sizes of files and checks by name', async () => {
  const shop = await openShop()
  const { figures } = shop.store
  const commits: number[] = []
  const stop = figures.onCommit(({ branchId, writes, seconds }) => {
    expect([branchId, seconds >= 0]).toEqual(['dar', true])
    commits.push(writes)
  })
  const writes = Array.from({ length: 300 }, (_, index) => shop.write('insert', 'item', { id: `i${index}` }))
  expect(figures.queueDepth()).toBe(300)
  await Promise.all(writes)
  stop()
  await shop.write('insert', 'item', { id: 'later' })
  expect([commits.reduce((sum, each) => sum + each), Math.max(...commits), figures.queueDepth()]).toEqual([300, 256, 0])
  expect(figures.walBytes() + figures.databaseBytes()).toBeGreaterThan(50_000)
  expect(figures.checks().filter(({ ok }) => !ok)).toEqual([])
  expect(figures.checks().map(({ name }) => name)).toContain('database:dar')
})
