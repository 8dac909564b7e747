import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import {
  checkModule,
  codeOf,
  command,
  dumpTables,
  isTorture,
  openShop,
  openTestStore,
  SeededRandom,
  snapshotTables,
  type TestStore,
} from '../test-support.ts'

const DAY_MS = 86_400_000
const OPEN = ['open', "cook's", 'what?']
/** Business days of UTC+0 begin at 05:00. */
const DAY_START_MS = 5 * 3_600_000

const id = { name: 'id', type: 'string', primaryKey: true }
const window = { field: 'updatedAt', days: 3 }

/** Four generations: a ticket that is kept keeps its lines, their marks and the notes on these. */
const KEPT_SCHEMA: JsonObject = {
  name: 'shop',
  schema: {
    name: 'shop',
    version: 1,
    tables: [
      {
        name: 'ticket',
        fields: [id, { name: 'statusId', type: 'string' }],
        snapshot: { window, keep: `record.statusId in ["open", "cook's", "what?"]` },
      },
      child('line', 'ticket', true),
      child('mark', 'line', false),
      child('note', 'mark', true),
      { name: 'item', fields: [id, { name: 'name', type: 'string' }] },
    ],
  },
}

function child(name: string, parent: string, hasWindow: boolean): JsonObject {
  const reference = { name: 'parentId', type: 'string', references: { table: parent, column: 'id' } }
  return { name, fields: [id, reference], snapshot: { keep: 'kept(record.parentId)', ...(hasWindow && { window }) } }
}

/** The ids that a snapshot must hold, worked out from the stored rows without SQL. */
function expectedIds(shop: TestStore): Record<string, string[]> {
  const rows = dumpTables(shop.context())
  const day = Math.floor((shop.clock.ms - DAY_START_MS) / DAY_MS)
  const from = (day - 2) * DAY_MS + DAY_START_MS
  const isRecent = ({ updatedAt }: JsonObject): boolean => Date.parse(String(updatedAt)) >= from
  const kept: Record<string, Set<unknown>> = {}
  const keep = (table: string, test: (row: JsonObject, doc: JsonObject) => boolean): void => {
    kept[table] = new Set(rows[table]!.filter((row) => test(row, row.doc as JsonObject)).map((row) => row.id))
  }
  keep('ticket', (row, doc) => isRecent(row) || OPEN.includes(String(doc.statusId)))
  keep('line', (row, doc) => isRecent(row) || kept.ticket!.has(doc.parentId))
  keep('mark', (_, doc) => kept.line!.has(doc.parentId))
  keep('note', (row, doc) => isRecent(row) || kept.mark!.has(doc.parentId))
  keep('item', () => true)
  return Object.fromEntries(
    Object.keys(kept).map((table) => [
      table,
      rows[table]!.filter((row) => kept[table]!.has(row.id)).map((row) => String(row.id)),
    ]),
  )
}

function shownIds(shop: TestStore): Record<string, string[]> {
  const shown = Object.entries(snapshotTables(shop.module())).filter(([name]) => name !== 'settings')
  return Object.fromEntries(
    shown.map(([name, records]) => [name, (records as JsonObject[]).map((each) => String(each.id))]),
  )
}

test('[S3] at every step a snapshot is what its windows and keep rules say of the tables as they are', {
  timeout: 300_000,
}, async () => {
  const shop = await openShop({ shop: { schema: KEPT_SCHEMA, rules: {}, timeZone: 'UTC' } })
  const random = new SeededRandom(3)
  const parents: Record<string, string> = { line: 'ticket', mark: 'line', note: 'mark' }
  for (let step = 0; step < (isTorture ? 5000 : 500); step++) {
    if (random.below(6) === 0) shop.clock.ms += random.below(30) * 3_600_000
    const table = random.pick(['ticket', 'line', 'mark', 'note', 'item'])
    const fields: JsonObject =
      table === 'ticket'
        ? { statusId: random.pick([...OPEN, 'paid', 'closed', null]) }
        : { parentId: `${parents[table]}${random.below(12)}` }
    const record = { id: `${table}${random.below(15)}`, ...fields }
    const action = random.pick(['save', 'save', 'save', 'delete'] as const)
    await codeOf(shop.module().writeAsync(command(action, table, record)))
    expect([step, shownIds(shop)]).toEqual([step, expectedIds(shop)])
    if (step % 100 === 99) {
      await shop.reopen()
      expect([step, shownIds(shop)]).toEqual([step, expectedIds(shop)])
    }
  }
  checkModule(shop.context(), shop.module())
})

test('[S3] a kept record keeps all of its generations, whatever characters its rule has', async () => {
  const shop = await openShop({ shop: { schema: KEPT_SCHEMA, rules: {}, timeZone: 'UTC' } })
  for (const [index, statusId] of [...OPEN, 'paid'].entries()) {
    await shop.write('insert', 'ticket', { id: `ticket${index}`, statusId })
    await shop.write('insert', 'line', { id: `line${index}`, parentId: `ticket${index}` })
    await shop.write('insert', 'mark', { id: `mark${index}`, parentId: `line${index}` })
    await shop.write('insert', 'note', { id: `note${index}`, parentId: `mark${index}` })
  }
  shop.clock.ms += 10 * DAY_MS
  const kept = (name: string): string[] => OPEN.map((_, index) => `${name}${index}`)
  expect(shownIds(shop)).toEqual({
    ticket: kept('ticket'),
    line: kept('line'),
    mark: kept('mark'),
    note: kept('note'),
    item: [],
  })
})

test('[S3] meta names the tables with a window and from when; a new day moves it without a write', async () => {
  const shop = await openShop({ shop: { schema: KEPT_SCHEMA, rules: {}, timeZone: 'Africa/Cairo' } })
  await shop.write('insert', 'ticket', { id: 'paid', statusId: 'paid' })
  await shop.write('insert', 'ticket', { id: 'open', statusId: 'open' })
  const first = shop.module().snapshot()
  expect(first.meta).toEqual({
    lastUpdatedAt: '2026-03-10T09:00:00.000Z',
    counter: 2,
    labCounter: 2,
    epoch: 1,
    partial: {
      ticket: { from: '2026-03-08T03:00:00.000Z' },
      line: { from: '2026-03-08T03:00:00.000Z' },
      mark: { from: null },
      note: { from: '2026-03-08T03:00:00.000Z' },
    },
  })
  shop.clock.set('2026-03-13T02:59:59.000Z')
  expect(shownIds(shop).ticket).toEqual(['paid', 'open'])
  shop.clock.set('2026-03-13T03:00:00.000Z')
  expect(shownIds(shop).ticket).toEqual(['open'])
  expect(shop.module().snapshot().meta.partial!.ticket).toEqual({ from: '2026-03-11T03:00:00.000Z' })
  expect(shop.module().snapshot().seq).toBe(first.seq)
})

test('a snapshot is built once for its version; tables that did not change keep their buffers', async () => {
  const shop = await openShop()
  await shop.write('insert', 'item', { id: 'i', name: 'Tea' })
  await shop.write('insert', 'seat', { room: 'A', place: 1 })
  const first = shop.module().snapshot()
  expect(shop.module().snapshot()).toBe(first)
  await shop.refusal('insert', 'item', { id: 'i', name: 'other' })
  expect(shop.module().snapshot()).toBe(first)
  await shop.write('insert', 'seat', { room: 'A', place: 2 })
  const second = shop.module().snapshot()
  const same = second.tables
    .filter((table, index) => table.chunks === first.tables[index]!.chunks)
    .map(({ name }) => name)
  expect(same).toEqual(first.tables.map(({ name }) => name).filter((name) => name !== 'seat'))
  expect([first.seq, second.seq, second.meta.counter]).toEqual([2, 3, 3])
  // What was given out before is not touched.
  expect(first.tables.find(({ name }) => name === 'seat')!.records).toBe(1)
})

test('[S2] big tables come in chunks of whole records; sizes and counts are told exactly', async () => {
  const shop = await openShop()
  const name = 'م'.repeat(3000)
  await Promise.all(Array.from({ length: 400 }, (_, index) => shop.write('insert', 'item', { id: `i${index}`, name })))
  const table = shop
    .module()
    .snapshot()
    .tables.find((each) => each.name === 'item')!
  expect(table.chunks.length).toBeGreaterThan(5)
  const records = table.chunks.flatMap((chunk) => JSON.parse(`[${chunk.toString('utf8')}]`) as JsonObject[])
  expect(records.map((record) => record.id)).toEqual(Array.from({ length: 400 }, (_, index) => `i${index}`))
  expect(table.records).toBe(400)
  const bytes = Buffer.byteLength(`[${table.chunks.map((chunk) => chunk.toString('utf8')).join(',')}]`)
  expect(Math.abs(table.bytes - bytes)).toBeLessThanOrEqual(1)
  expect(Math.max(...table.chunks.map((chunk) => chunk.length))).toBeLessThan(300 * 1024)
  checkModule(shop.context(), shop.module())
})

test('[S2] the tracked data: a snapshot has every table, empty ones too, and all that a tablet needs of today', async () => {
  const test = await openTestStore()
  for (const branchId of test.store.branchIds()) {
    const module = test.module(branchId)
    const snapshot = snapshotTables(module)
    expect(Object.keys(snapshot)).toEqual([...module.definition.tables.keys()])
    checkModule(test.context(branchId), module)
    const shift = await module.writeAsync(
      command('insert', 'pos_shift', { id: 'shift', openedAt: '2026-03-01T08:00:00Z' }),
    )
    expect(shift.results[0]!.outcome).toBe('created')
    const order = { id: 'o1', shiftId: 'shift', status: 'open', totals: { due: 5 } }
    await module.writeAsync(command('insert', 'order_header', order))
    await module.writeAsync(command('insert', 'order_line', { id: 'l1', orderId: 'o1', qty: 2, price: 2.5 }))
    await module.writeAsync(command('insert', 'order_payment', { id: 'p1', orderId: 'o1', amount: 5 }))
    test.clock.ms += 30 * DAY_MS
    const later = snapshotTables(module)
    const shown = ['order_header', 'order_line', 'order_payment', 'pos_shift'].map((name) =>
      (later[name] as JsonObject[]).map((record) => record.id),
    )
    expect(shown).toEqual([['o1'], ['l1'], ['p1'], ['shift']])
    await module.writeAsync(command('merge', 'order_header', { id: 'o1', version: 1, status: 'closed' }))
    test.clock.ms += 3 * DAY_MS
    expect((snapshotTables(module).order_header as JsonObject[]).length).toBe(0)
    expect((snapshotTables(module).order_line as JsonObject[]).length).toBe(0)
    checkModule(test.context(branchId), module)
  }
})
