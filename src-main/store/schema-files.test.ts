import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import type { MigrationPlan } from './schema/definition.ts'
import {
  checkModule,
  codeOf,
  command,
  dumpTables,
  openShop,
  openTestStore,
  SHOP_SCHEMA,
  type TestStore,
  thrownCode,
} from './test-support.ts'
import type { FieldCondition } from './types.ts'

type Tables = { name: string; fields: JsonObject[]; [rest: string]: JsonValue }[]

/** The shop's schema, changed. */
function changed(change: (tables: Tables) => void): JsonObject {
  const copy = structuredClone(SHOP_SCHEMA) as { schema: { tables: Tables; version: number } }
  copy.schema.version = 2
  change(copy.schema.tables)
  return copy as unknown as JsonObject
}

function fieldsOf(tables: Tables, name: string): JsonObject[] {
  return tables.find((table) => table.name === name)!.fields
}

function steps({ steps: all }: MigrationPlan): string[] {
  return all.map(
    ({ kind, table, field, isDangerous }) => `${kind} ${table}${field ? `.${field}` : ''}${isDangerous ? '!' : ''}`,
  )
}

function found(shop: TestStore, table: string, field: string, value: JsonValue, operator = '='): number {
  const condition = { field, operator: operator as FieldCondition['operator'], value }
  return shop.module().list(table, { where: [condition] }).count
}

async function openFilled(): Promise<TestStore> {
  const shop = await openShop()
  await shop.write('insert', 'staff', { id: 's1', name: 'Mona', code: 'a', badge: '1.5', pin: '1' })
  await shop.write('insert', 'staff', { id: 's2', name: 'Mona', code: 'b', badge: '2.25' })
  await shop.write('insert', 'ticket', { id: 't', total: '9.99', status: 'open' })
  return shop
}

const ADDED = changed((tables) => {
  fieldsOf(tables, 'staff').push(
    { name: 'badge', columnName: 'badge', type: 'decimal', precision: 10, scale: 3 },
    { name: 'team', columnName: 'team', type: 'string', index: true, defaultValue: 'day' },
  )
  tables.push({ name: 'extra', fields: [{ name: 'id', type: 'string', primaryKey: true }] })
})

test('a dry run tells the steps and changes nothing; what only adds is applied, on old records too, and stays', async () => {
  const shop = await openFilled()
  const file = join(shop.dataDir, 'schemas', 'shop.json')
  const before = [readFileSync(file, 'utf8'), JSON.stringify(dumpTables(shop.context()))]
  const dry = await shop.store.schemas.saveGlobal('shop', ADDED, { dryRun: true })
  expect(dry.plans.map(({ branchId, moduleId, plan }) => [branchId, moduleId, plan.isDangerous, steps(plan)])).toEqual([
    [
      'dar',
      'shop',
      false,
      ['add-field staff.badge', 'add-field staff.team', 'add-index staff.team', 'create-table extra'],
    ],
  ])
  expect([readFileSync(file, 'utf8'), JSON.stringify(dumpTables(shop.context()))]).toEqual(before)
  expect(shop.notices).toEqual([])

  await shop.store.schemas.saveGlobal('shop', ADDED, {})
  for (let restart = 0; restart < 2; restart++) {
    expect(found(shop, 'staff', 'badge', '2.000', '>')).toBe(1)
    expect(found(shop, 'staff', 'badge', 1.5)).toBe(1)
    checkModule(shop.context(), shop.module())
    await shop.reopen()
  }
  expect((await shop.write('insert', 'staff', { id: 's3', code: 'c' })).record).toMatchObject({ team: 'day' })
  expect(found(shop, 'staff', 'team', 'day')).toBe(1)
  await shop.write('insert', 'extra', { id: 'x' })
  expect(shop.notices.map(({ directive, event }) => [directive, event?.action])).toEqual([
    ['reload-schema', 'module:import'],
  ])
})

test('what loses data is refused and named; forced, it sets the table aside and keeps the fields in their documents', async () => {
  const shop = await openFilled()
  const dangerous = changed((tables) => {
    tables.splice(
      tables.findIndex(({ name }) => name === 'ticket'),
      1,
    )
    fieldsOf(tables, 'line').splice(1, 1)
    const staff = fieldsOf(tables, 'staff')
    staff.splice(
      staff.findIndex(({ name }) => name === 'name'),
      1,
    )
  })
  const refusal = await shop.store.schemas.saveGlobal('shop', dangerous, {}).catch((error) => error)
  expect([refusal.code, refusal.details.plans[0].plan.steps.length > 2]).toEqual(['migration-refused', true])
  expect(shop.module().find('ticket', 't')?.version).toBe(1)
  expect(shop.store.schemas.getGlobal('shop').pending).toEqual([])

  await shop.store.schemas.saveGlobal('shop', dangerous, { force: true })
  expect(thrownCode(() => shop.module().find('ticket', 't'))).toBe('table-not-found')
  expect(JSON.parse(shop.module().find('staff', 's1')!.text)).toMatchObject({ name: 'Mona' })
  const aside = shop
    .openDatabase()
    .prepare("SELECT name FROM sqlite_schema WHERE name LIKE '%dropped%' AND type = 'table'")
    .all()
  expect(aside).toEqual([{ name: expect.stringContaining('shop/ticket//dropped-') }])
  await shop.reopen()
  checkModule(shop.context(), shop.module())
})

test('a dangerous change in the file itself waits at the start: the branch runs on the schema it has', async () => {
  const shop = await openFilled()
  shop.store.files.writeJson(
    'schemas/shop.json',
    changed((tables) => void tables.splice(0, 1)),
  )
  await shop.reopen()
  expect(shop.module().find('ticket', 't')?.version).toBe(1)
  const { pending } = shop.store.schemas.getGlobal('shop')
  expect(pending.map(({ plan }) => steps(plan))).toEqual([['drop-table ticket!']])
  expect(shop.store.schemas.getBranch('dar', 'shop').pending).toEqual(pending[0]!.plan)
  shop.store.files.writeJson('schemas/shop.json', ADDED)
  await shop.store.schemas.reload()
  expect(shop.store.schemas.getGlobal('shop').pending).toEqual([])
  expect(found(shop, 'staff', 'badge', '1.5')).toBe(1)
})

test('a forced change that the records refuse leaves the branch in service, and can be forced again once they fit', async () => {
  const shop = await openFilled()
  const unique = changed((tables) => {
    fieldsOf(tables, 'staff').find(({ name }) => name === 'name')!.unique = true
  })
  const before = dumpTables(shop.context())
  expect(await codeOf(shop.store.schemas.saveGlobal('shop', unique, { force: true }))).toBe('unique-violation')
  expect(dumpTables(shop.context())).toEqual(before)
  expect(shop.store.schemas.getGlobal('shop').pending).toHaveLength(1)
  await shop.write('merge', 'staff', { id: 's2', name: 'Omar' })
  await shop.store.schemas.saveGlobal('shop', unique, { force: true })
  expect(shop.store.schemas.getGlobal('shop').pending).toEqual([])
  expect(await shop.refusal('merge', 'staff', { id: 's1', name: 'Omar' })).toBe('unique-violation')
})

test('a schema that is none, a torn file and unknown names are refused before anything is touched', async () => {
  const shop = await openFilled()
  const { schemas } = shop.store
  const broken = changed((tables) => fieldsOf(tables, 'staff').push({ name: 'bad name!', type: 'nothing' }))
  expect([
    await codeOf(schemas.saveGlobal('shop', broken, { force: true })),
    await codeOf(schemas.saveBranch('dar', 'shop', broken, { force: true })),
    await codeOf(schemas.saveGlobal('../shop', ADDED, {})),
    await codeOf(schemas.saveBranch('nowhere', 'shop', ADDED, {})),
    await codeOf(schemas.saveBranch('dar', 'nothing', ADDED, {})),
    thrownCode(() => schemas.getGlobal('nothing')),
    thrownCode(() => schemas.getBranch('dar', 'nothing')),
    thrownCode(() => schemas.getBranch('nowhere', 'shop')),
  ]).toEqual([
    'invalid-schema',
    'invalid-schema',
    'invalid-name',
    'branch-not-found',
    'module-not-found',
    'schema-not-found',
    'module-not-found',
    'branch-not-found',
  ])
  expect(shop.module().find('ticket', 't')?.version).toBe(1)
})

test('a branch of its own schema leaves the others alone', async () => {
  const test = await openTestStore()
  const own = structuredClone(test.store.schemas.getBranch('dar', 'pos').schema) as { schema: { tables: Tables } }
  fieldsOf(own.schema.tables, 'dining_tables').push({ name: 'view', type: 'string', index: true })
  const { plan } = await test.store.schemas.saveBranch('dar', 'pos', own as unknown as JsonObject, {})
  expect(steps(plan)).toEqual(['add-field dining_tables.view', 'add-index dining_tables.view'])
  const fields = (branchId: string): boolean =>
    test.module(branchId).resolveTable('dining_tables').fieldByName.has('view')
  expect([fields('dar'), fields('remal')]).toEqual([true, false])
  expect(test.store.schemas.list()).toEqual({ global: ['pos_schema'], branches: { dar: ['pos'] } })
  const central = test.store.schemas.getGlobal('pos_schema').schema
  const { plans } = await test.store.schemas.saveGlobal('pos_schema', central, { dryRun: true })
  expect(plans.map(({ branchId, plan: each }) => [branchId, steps(each)])).toEqual([['remal', []]])
  await test.reopen()
  expect([fields('dar'), fields('remal')]).toEqual([true, false])
})

test('while a schema changes, accepted writes are stored and later ones are told to come again', async () => {
  const shop = await openFilled()
  const module = shop.module()
  let isSaved = false
  const saved = shop.store.schemas.saveGlobal('shop', ADDED, {}).then(() => {
    isSaved = true
  })
  const codes: string[] = []
  while (!isSaved) {
    codes.push(await codeOf(module.writeAsync(command('insert', 'item', { id: `i${codes.length}` }))))
    await nextTurn()
  }
  await saved
  expect([...new Set(codes)].sort()).toEqual(['none', 'restoring'])
  expect(shop.module().count('item')).toBe(codes.filter((code) => code === 'none').length)
  expect((await shop.write('insert', 'item', { id: 'after' })).version).toBe(1)
  checkModule(shop.context(), shop.module())
})

test('a seed file is saved beside the others and loads nothing by itself', async () => {
  const shop = await openFilled()
  const saved = shop.store.schemas.saveSeed('dar', 'shop', { item: [{ id: 'i' }], seat: [] })
  expect(saved).toEqual({ file: expect.stringMatching(/^seeds-.*\.json$/), recordCount: 1, tables: ['item', 'seat'] })
  const path = join(shop.store.files.moduleFolder('dar', 'shop'), 'seeds', saved.file)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ tables: { item: [{ id: 'i' }] } })
  await shop.reopen()
  expect(shop.module().count('item')).toBe(0)
})
