import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import { type ExpectedRecord, FieldExpectations } from './field-folder-expectations.ts'
import { FieldWriter, type HybridRow, SeededRandom } from './field-folder-files.ts'
import { writeOrders } from './field-folder-orders.ts'
import { erpSchema, fieldPosSchema, tasksSchema } from './field-folder-schemas.ts'

/** What a server that took the folder over must hold. */
export interface FieldFolderOracle {
  /** Branch id to its label. */
  branches: Record<string, string>
  /** Module id to the form of its schema. */
  modules: Record<string, 'field-list' | 'table-map' | 'column-list'>
  records: ExpectedRecord[]
  /** Rows that the field stored without a primary key: exactly one record of the table has all these fields. */
  recordsWithoutKey: { branchId: string; moduleId: string; table: string; record: JsonObject }[]
  /** Objects that stand where a table is expected. */
  singletons: { branchId: string; moduleId: string; name: string; record: JsonObject }[]
  /** Records that must not come back: deleted, reset, or lost to nobody's branch. */
  absent: { branchId: string; moduleId: string; table: string; key: string }[]
  nextNumbers: { branchId: string; moduleId: string; table: string; field: string; next: number }[]
  archives: { branchId: string; moduleId: string; entryId: string; totalRecords: number }[]
  /** Tables that need a longer key than their schema declares. */
  extendedKeys: { moduleId: string; table: string; primaryKey: string[] }[]
  /** Items that must be reported as unusable, and no others. */
  unusable: string[]
}

const SAVED_AT = '2025-01-07T23:00:00.000Z'
const DAY = '2025-01-07T'

/**
 * Writes a data folder exactly as the field server leaves one, quirks included: three schema forms, seeds with nested
 * fields, objects among the tables, rows without ids, joins keyed by one column, alias table names, upper and lower case
 * branch ids that share their SQLite rows, records in three places of which the newest counts, purge archives, sequence
 * states behind the records, a torn file, broken lines. The same seed gives the same folder.
 */
export function writeFieldFolder(dir: string, { seed }: { seed: number }): FieldFolderOracle {
  const random = new SeededRandom(seed)
  const writer = new FieldWriter(dir, random)
  const expected = new FieldExpectations()
  const hybrid: HybridRow[] = []
  writeConfiguration(writer, expected)
  writeRemal(writer, random, expected, hybrid)
  writeErp(writer, random, expected)
  writeDarAndDAR(writer, random, expected, hybrid)
  writeNorth(random, expected, hybrid)
  writeTornBranch(writer, random, expected)
  writeResetBranch(writer, random, expected)
  writer.hybrid(hybrid)
  return expected.oracle
}

function writeConfiguration(writer: FieldWriter, expected: FieldExpectations): void {
  writer.json('modules.json', {
    modules: {
      pos: {
        label: 'POS',
        schemaFallbackPath: 'data/schemas/pos_schema.json',
        tables: ['pos_database', 'order_header'],
      },
      tasks: { label: 'Tasks', schemaFallbackPath: 'data/schemas/tasks_schema.json', tables: [] },
      erp: { label: 'Purchasing', schemaFallbackPath: 'data/schemas/erp_schema.json', tables: ['suppliers'] },
      gym: { label: 'Gym', tables: ['members'] },
      scratchpad: { label: 'Scratchpad', schemaFallbackPath: 'data/schemas/scratchpad_schema.json', tables: ['notes'] },
      leak: { label: 'Leak', schemaFallbackPath: 'data/../../etc/passwd.json', tables: ['x'] },
    },
  })
  expected.modules({ pos: 'field-list', tasks: 'table-map', erp: 'column-list' })
  for (const moduleId of ['gym', 'scratchpad', 'leak']) expected.unusable(`modules.json#modules.${moduleId}`)
  writer.json('schemas/pos_schema.json', fieldPosSchema())
  writer.json('schemas/tasks_schema.json', tasksSchema)
  writer.json('schemas/erp_schema.json', erpSchema)

  writer.json('branches.config.json', {
    branches: {
      remal: { label: 'Remal', modules: ['pos', 'erp'] },
      dar: { label: 'Dar', modules: ['pos', 'tasks'] },
      DAR: { label: 'Dar (upper case)', modules: ['pos'] },
      North: { label: 'North', modules: ['pos'] },
      gim: { label: 'Gym', modules: ['gym'] },
    },
    patterns: [
      { match: '^lab:', modules: ['pos'] },
      { match: '([', modules: ['pos'] },
    ],
    defaults: ['pos'],
  })
  expected.branches({
    remal: 'Remal',
    dar: 'Dar',
    DAR: 'Dar (upper case)',
    North: 'North',
    gim: 'Gym',
    'lab:test': 'lab:test',
    walkin: 'walkin',
  })
  expected.unusable('branches.config.json#branches.gim.modules', 'branches.config.json#patterns[1]')
  writer.text('branches/%E0%A4%A/note.txt', 'not a branch')
  writer.text('branches/two%20words/note.txt', 'not a branch')
  expected.unusable('branches/%E0%A4%A', 'branches/two%20words')

  const invoice = { padding: 6, counterField: 'invoiceSequence' }
  writer.json('sequence-rules.json', {
    version: 1,
    defaults: { pos: { order_header: { id: { prefix: 'POS', start: 1, ...invoice } } } },
    branches: {
      dar: { pos: { order_header: { id: { prefix: 'DAR', start: 1001, ...invoice } } } },
      remal: {
        pos: {
          order_header: { id: { prefix: 'REM', start: 2001, ...invoice } },
          no_such_table: { id: { prefix: 'NO_', start: 1 } },
        },
      },
    },
  })
  expected.unusable('sequence-rules.json#branches.remal.pos.no_such_table')
  writer.json('security/secret_fields.json', {
    secretFields: { Employees: ['pinCode'] },
    lockedTables: ['audit_events'],
  })
}

const remal = { path: 'branches/remal/modules/pos', branchId: 'remal', moduleId: 'pos' }

/** The branch with everything: orders in three places, aliases, rows without ids, joins, archives. */
function writeRemal(writer: FieldWriter, random: SeededRandom, expected: FieldExpectations, hybrid: HybridRow[]): void {
  const orders = writeOrders(random, expected, remal)
  hybrid.push(...orders.hybrid)

  const table = { id: 'T01', name: 'Table 1', seats: 4, hidden: { x: 10, y: [1, 2] }, updatedAt: `${DAY}09:00:00.000Z` }
  const withoutId = { name: 'Table without id', seats: random.between(2, 8), zone: 'terrace' }
  const joins = ['hot', 'cold', 'bar'].map((sectionId) => ({ categoryId: 'drinks', sectionId, category_id: 'drinks' }))
  const shiftOld = { id: 'P1-S1', posId: 'P1', status: 'open', totalSales: 0, updatedAt: `${DAY}08:00:00.000Z` }
  const shiftNew = { ...shiftOld, status: 'closed', totalSales: random.amount(), updatedAt: `${DAY}22:00:00.000Z` }
  const shiftEvent = { id: 'P1-S2', posId: 'P1', status: 'open', updatedAt: `${DAY}22:30:00.000Z` }
  const job = { id: 'job-1', orderId: 'REM-002001', status: 'queued', unknownField: { a: [1, { b: 'ب' }] } }
  hybrid.push({ table: 'pos_shift', branchId: 'remal', moduleId: 'pos', record: shiftOld })
  expected.record(remal, 'dining_tables', 'T01', table)
  expected.recordWithoutKey(remal, 'dining_tables', withoutId)
  for (const join of joins) expected.record(remal, 'category_sections', `drinks::${join.sectionId}`, join)
  expected.extendedKey('pos', 'category_sections', ['categoryId', 'sectionId'])
  expected.record(remal, 'pos_shift', 'P1-S1', shiftNew)
  expected.record(remal, 'pos_shift', 'P1-S2', shiftEvent)
  expected.record(remal, 'job_order_header', 'job-1', job)

  const lost = { id: 'evil-1', text: 'nobody declared this table' }
  writer.data(
    { ...remal, version: 83, savedAt: SAVED_AT },
    {
      ...orders.data,
      dining_tables: [table, withoutId],
      category_sections: joins,
      job_order_header: [job],
      // Written under an alias: the field keeps it in memory only, and in this file by luck.
      pos_shifts: [shiftNew],
      evil_table: [],
      mystery: [lost],
      menu_modifiers: [],
    },
  )
  expected.unusable(`${remal.path}/live/data.json#tables.mystery`)

  const aliasEvents = [
    { action: 'module:insert' as const, table: 'pos_shifts', record: shiftEvent, at: shiftEvent.updatedAt },
  ]
  const events = [...orders.events, ...aliasEvents]
  writer.events(remal, events, new Map([[3, '{"id":"evt-torn","action":"module:ins']]))
  expected.unusable(`${remal.path}/live/events.log:4`)
  writer.text(`${remal.path}/live/events.rejected.log`, '{"id":"rej-1","reason":"insert-only-violation"}\n')

  writeRemalSeed(writer, random, expected)
  const archived = [{ id: 'REM-002077', shiftId: 'P1-S0', totalDue: random.amount() }]
  const archive = writer.purgeArchive(remal, `${DAY}01:00:00.000Z`, [
    { name: 'order_header', records: archived },
    { name: 'order_payment', records: [] },
  ])
  expected.archive(remal, archive)
  expected.absent(remal, 'order_header', 'REM-002077')
  writer.text(`${remal.path}/history/purge/2025-01-06T00-00-00-000Z_purge-broken.json`, '{"id":"purge-broken","tab')
  expected.unusable(`${remal.path}/history/purge/2025-01-06T00-00-00-000Z_purge-broken.json`)
  // Behind the records: orders up to REM-002040 are stored and REM-002077 is archived.
  writer.json('branches/remal/sequence-state.json', {
    'pos:order_header:id': { last: 2003, updatedAt: SAVED_AT },
    'pos:no_such_table:id': { last: 7, updatedAt: SAVED_AT },
  })
  expected.unusable('branches/remal/sequence-state.json#pos:no_such_table:id')
  expected.next(remal, 'order_header', 'id', 2078)
}

function writeRemalSeed(writer: FieldWriter, random: SeededRandom, expected: FieldExpectations): void {
  const items = ['espresso', 'tea'].map((id) => ({
    id,
    category_id: 'drinks',
    item_name: { ar: `صنف ${id}`, en: id },
    pricing: { base: random.amount() },
    media: { image: `${id}.png` },
  }))
  const addOns = [{ id: 1, modifierType: 'add_on', nameEn: 'Milk', price: 5 }]
  const removals = [{ id: 2, modifierType: 'removal', nameEn: 'No sugar' }]
  const settings = { tax_rate: 14, currency: { code: 'EGP', symbols: ['ج.م'] }, sync: { enabled: true } }
  const shiftSettings = { opening_float: random.between(100, 900), pin_length: 4 }
  const tables: Record<string, JsonValue> = {
    menu_items: items,
    add_ons: addOns,
    removals,
    settings,
    shift_settings: shiftSettings,
    // Both have live records: the seed is history.
    dining_tables: [{ id: 'T-seed', name: 'From the seed' }],
    order_header: [{ id: 'order-seed', statusId: 'open' }],
  }
  const meta = { branchId: 'remal', moduleId: 'pos', counter: 7, labCounter: 7 }
  writer.json(`${remal.path}/seeds/initial.json`, { version: 1, meta, name: 'remal', tables })
  writer.json(`${remal.path}/seeds/seeds-2025-01-07T10-00-00-000Z.json`, {
    tables: { menu_items: [{ id: 'never-read' }] },
  })
  for (const item of items) expected.record(remal, 'menu_items', item.id, item)
  for (const modifier of [...addOns, ...removals])
    expected.record(remal, 'menu_modifiers', String(modifier.id), modifier)
  expected.singleton(remal, 'settings', settings)
  expected.singleton(remal, 'shift_settings', shiftSettings)
  expected.absent(remal, 'dining_tables', 'T-seed')
  expected.absent(remal, 'order_header', 'order-seed')
  expected.absent(remal, 'menu_items', 'never-read')
}

/** A module in the column form, with a composite key. */
function writeErp(writer: FieldWriter, random: SeededRandom, expected: FieldExpectations): void {
  const erp = { path: 'branches/remal/modules/erp', branchId: 'remal', moduleId: 'erp' }
  const suppliers = [{ supplier_id: 'S-1', supplier_name: 'مورد', credit_limit: random.amount() }]
  const lines = [1, 2].map((line) => ({ purchase_id: 'PO-1', line_no: line, quantity: random.between(1, 9) }))
  writer.data({ ...erp, version: 3, savedAt: SAVED_AT }, { suppliers, purchase_lines: lines })
  expected.record(erp, 'suppliers', 'S-1', suppliers[0]!)
  for (const line of lines) expected.record(erp, 'purchase_lines', `PO-1::${line.line_no}`, line)
}

/** Two branches whose ids differ by case only, so that their rows share one id in SQLite. */
function writeDarAndDAR(
  writer: FieldWriter,
  random: SeededRandom,
  expected: FieldExpectations,
  hybrid: HybridRow[],
): void {
  const dar = { path: 'branches/dar/modules/pos', branchId: 'dar', moduleId: 'pos' }
  const upper = { path: 'branches/DAR/modules/pos', branchId: 'DAR', moduleId: 'pos' }
  const order = { id: 'DAR-001019', shiftId: 'S1', totalDue: random.amount(), version: 1 }
  const upperOrder = { id: 'POS-000005', shiftId: 'S9', totalDue: random.amount(), version: 2 }
  writer.data({ ...dar, version: 12, savedAt: SAVED_AT }, { order_header: [order], order_payment: [] })
  writer.data({ ...upper, version: 4, savedAt: SAVED_AT }, { order_header: [upperOrder], order_payment: [] })
  const payment = (id: string, orderId: string) => ({
    id,
    orderId,
    amount: random.amount(),
    capturedAt: `${DAY}12:00:00.000Z`,
  })
  const named = { ...payment('pay-named', 'POS-000005'), branchId: 'DAR' }
  const logged = payment('pay-logged', 'POS-000005')
  const newerOrder = { ...order, totalDue: random.amount(), version: 2 }
  const shared = (table: HybridRow['table'], record: JsonObject, payload?: string) =>
    hybrid.push({ table, branchId: 'dar', moduleId: 'pos', record, ...(payload !== undefined && { payload }) })
  shared('order_header', newerOrder)
  shared('order_header', upperOrder)
  shared('order_payment', named)
  shared('order_payment', logged)
  shared('order_payment', payment('pay-nobody', 'gone'))
  shared('order_payment', payment('pay-broken', 'gone'), '{"id":"pay-broken",')
  expected.record(dar, 'order_header', order.id, newerOrder)
  expected.record(upper, 'order_header', upperOrder.id, upperOrder)
  expected.record(upper, 'order_payment', 'pay-named', named)
  expected.record(upper, 'order_payment', 'pay-logged', logged)
  expected.unusable(
    'hybrid-store.sqlite/order_payment/dar/pay-nobody',
    'hybrid-store.sqlite/order_payment/dar/pay-broken',
  )
  expected.absent(dar, 'order_payment', 'pay-nobody')

  const logAt = `${DAY}12:00:01.000Z`
  writer.events(upper, [{ action: 'module:insert', table: 'payments', record: logged, at: logAt }])
  const lock = { id: 'lock-1', tableId: 'T01', active: true, expiresAt: null }
  writer.events(
    dar,
    [{ action: 'module:insert', table: 'table_lock', record: lock, at: logAt }],
    new Map(),
    '\n{"id":"evt-cut","act',
  )
  expected.record(dar, 'table_lock', 'lock-1', lock)
  expected.unusable(`${dar.path}/live/events.log:2`)
  writer.text('branches/dar/sequence-state.json', '{"pos:order_header:id": {"last": 10')
  expected.unusable('branches/dar/sequence-state.json')
  expected.next(dar, 'order_header', 'id', 1020)
  writer.json('branches/DAR/sequence-state.json', { 'pos:order_header:id': { last: 0 } })
  expected.next(upper, 'order_header', 'id', 6)

  const tasks = { branchId: 'dar', moduleId: 'tasks' }
  const todo = { id: 'todo-1', title: 'Clean the grill', amount: random.amount(), tags: ['kitchen', { level: 2 }] }
  writer.json('branches/dar/modules/tasks/seeds/initial.json', {
    version: 1,
    meta: tasks,
    tables: { todo: [todo], todo_tag: [{ color: 'red' }] },
  })
  expected.record(tasks, 'todo', 'todo-1', todo)
  expected.recordWithoutKey(tasks, 'todo_tag', { color: 'red' })
}

/** A branch without a folder: only lower-cased rows in SQLite. */
function writeNorth(random: SeededRandom, expected: FieldExpectations, hybrid: HybridRow[]): void {
  const north = { branchId: 'North', moduleId: 'pos' }
  const order = { id: 'POS-000009', shiftId: 'N1', totalDue: random.amount(), metadata: { table: 'ن' } }
  hybrid.push({ table: 'order_header', ...north, record: order })
  expected.record(north, 'order_header', order.id, order)
  expected.next(north, 'order_header', 'id', 10)
}

/** A branch whose data.json was cut off by a crash, behind its second table. */
function writeTornBranch(writer: FieldWriter, random: SeededRandom, expected: FieldExpectations): void {
  const lab = { path: 'branches/lab%3Atest/modules/pos', branchId: 'lab:test', moduleId: 'pos' }
  const kept = { id: 'T1', name: 'Before the cut }]"', seats: random.between(2, 9) }
  const cut = { id: 'T2', name: 'Cut in the middle', seats: 3 }
  const logged = { id: 'POS-000003', shiftId: 'L1', totalDue: random.amount() }
  writer.data({ ...lab, version: 9, savedAt: SAVED_AT }, { menu_categories: [], dining_tables: [kept, cut] }, 'Cut in')
  expected.unusable(`${lab.path}/live/data.json`)
  writer.events(lab, [{ action: 'module:insert', table: 'orders', record: logged, at: `${DAY}10:00:00.000Z` }])
  expected.record(lab, 'dining_tables', 'T1', kept)
  expected.record(lab, 'order_header', 'POS-000003', logged)
  expected.absent(lab, 'dining_tables', 'T2')
  expected.next(lab, 'order_header', 'id', 4)
}

/** A branch that nobody configured, reset at noon: what was logged before is history, its numbers are not free again. */
function writeResetBranch(writer: FieldWriter, random: SeededRandom, expected: FieldExpectations): void {
  const walkin = { path: 'branches/walkin/modules/pos', branchId: 'walkin', moduleId: 'pos' }
  const before = { id: 'POS-000040', shiftId: 'W1', totalDue: random.amount() }
  const after = { id: 'POS-000002', shiftId: 'W2', totalDue: random.amount() }
  writer.data({ ...walkin, version: 1, savedAt: `${DAY}12:00:00.500Z` }, { order_header: [] })
  writer.json(`${walkin.path}/history/2025-01-07T12-00-00-000Z.json`, { tables: { order_header: [before] } })
  writer.events(walkin, [
    { action: 'module:insert', table: 'order_header', record: before, at: `${DAY}11:00:00.000Z` },
    { action: 'module:insert', table: 'order_header', record: after, at: `${DAY}13:00:00.000Z` },
  ])
  expected.record(walkin, 'order_header', 'POS-000002', after)
  expected.absent(walkin, 'order_header', 'POS-000040')
  expected.next(walkin, 'order_header', 'id', 41)
}
