import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import {
  checkModule,
  codeOf,
  command,
  DECLARED,
  dumpTables,
  LEGACY,
  listAll,
  openShop,
  openTestStore,
  SeededRandom,
  snapshotTables,
} from '../test-support.ts'
import type { WriteCommand, WriteOperation } from '../types.ts'

const AT = '2026-03-10T09:00:00.000Z'

test('[W1] [W2] [W4] [W5] what each action does to a record that is there and to one that is not', async () => {
  const shop = await openShop()
  const outcomes: Record<string, unknown> = {}
  for (const action of ['insert', 'merge', 'save', 'delete'] as const) {
    for (const isThere of [false, true]) {
      const id = `${action}-${isThere}`
      if (isThere) await shop.write('insert', 'item', { id, name: 'old', price: 1, extra: [1] })
      const write = shop.module().writeAsync(command(action, 'item', { id, name: 'new', price: null }))
      const code = await codeOf(write)
      const { outcome, action: said, recordText } = code === 'none' ? (await write).results[0]! : {}
      outcomes[id] = [code, outcome, said, recordText && JSON.parse(recordText)]
    }
  }
  const own = { branchId: 'dar', createdAt: AT, updatedAt: AT }
  expect(outcomes).toEqual({
    'insert-false': [
      'none',
      'created',
      'module:insert',
      { id: 'insert-false', name: 'new', price: null, version: 1, ...own },
    ],
    'insert-true': ['record-exists', undefined, undefined, undefined],
    'merge-false': ['record-not-found', undefined, undefined, undefined],
    'merge-true': [
      'none',
      'updated',
      'module:merge',
      { id: 'merge-true', name: 'new', price: null, extra: [1], version: 2, ...own },
    ],
    'save-false': [
      'none',
      'created',
      'module:insert',
      { id: 'save-false', name: 'new', price: null, version: 1, ...own },
    ],
    'save-true': [
      'none',
      'updated',
      'module:merge',
      { id: 'save-true', name: 'new', price: null, extra: [1], version: 2, ...own },
    ],
    'delete-false': ['record-not-found', undefined, undefined, undefined],
    'delete-true': [
      'none',
      'deleted',
      'module:delete',
      { id: 'delete-true', name: 'old', price: 1, extra: [1], version: 1, ...own },
    ],
  })
  checkModule(shop.context(), shop.module())
})

test('[W1] [W3] an insert does not look first, and says the same as if it did', async () => {
  const shop = await openShop()
  const first = await shop.write('insert', 'item', { id: 'a', name: 'A' })
  const again = await shop.write('insert', 'item', { name: 'A', id: 'a' })
  expect([again.outcome, again.version, shop.module().head().seq]).toEqual(['unchanged', 1, first.event?.seq])
  expect(await shop.refusal('insert', 'item', { id: 'a', name: 'B' })).toBe('record-exists')
  await shop.write('delete', 'item', { id: 'a' })
  expect(await shop.write('insert', 'item', { id: 'a', name: 'B' })).toMatchObject({ outcome: 'created', version: 2 })

  const twice = ['x', 'x'].map((id) => ({ action: 'insert' as const, table: 'item', record: { id, name: id } }))
  const both = await shop.module().writeAsync({ operations: twice, caller: DECLARED, source: 'test' })
  expect(both.results.map(({ outcome }) => outcome)).toEqual(['created', 'unchanged'])
  expect(await shop.refusal('insert', 'item', { id: 'new' }, { ifMatch: '"1.1"' })).toBe('precondition-failed')
  expect(await shop.refusal('insert', 'item', { id: 'a', name: 'B' }, { ifMatch: '"1.9"' })).toBe('none')
  const merged = await shop.write('insert', 'item', { id: 'a', note: 'n' }, { caller: LEGACY })
  expect([merged.outcome, JSON.parse(merged.recordText)]).toMatchObject(['updated', { name: 'B', note: 'n' }])
  checkModule(shop.context(), shop.module())
})

test('[W6] createdAt, updatedAt, branchId, version and key are the server’s, in any spelling', async () => {
  const shop = await openShop()
  const claims = {
    createdAt: '1999-01-01',
    created_at: '1999',
    updatedAt: 'x',
    updated_at: 'y',
    branchId: 'DAR',
    branch_id: 'evil',
    key: 'k',
  }
  const inserted = await shop.write('insert', 'item', { id: 'i', ...claims, version: 77 })
  shop.clock.ms += 60_000
  const merged = await shop.write('merge', 'item', { id: 'i', ...claims, name: 'n' })
  const owned = ({ record }: { record: JsonObject }): unknown[] => [
    record.createdAt,
    record.updatedAt,
    record.branchId,
    record.version,
    record.key,
  ]
  expect(owned(inserted)).toEqual([AT, AT, 'dar', 1, undefined])
  expect(owned(merged)).toEqual([AT, '2026-03-10T09:01:00.000Z', 'dar', 2, undefined])
  expect(shop.module().find('item', 'i')).toMatchObject({ createdAt: AT, updatedAt: '2026-03-10T09:01:00.000Z' })
})

test('[W9] every spelling of a field is stored with the value of the canonical one, and no reader sees an old one', async () => {
  const shop = await openShop()
  const first = await shop.write('insert', 'line', { id: 'l', qty: '2.50', amount: 2.5 })
  expect([first.record, first.warnings]).toEqual([
    expect.objectContaining({ qty: 2.5, amount: 2.5, quantity: 2.5 }),
    [],
  ])
  const second = await shop.write('merge', 'lines', { id: 'l', quantity: 3 })
  expect(second.record).toMatchObject({ qty: 3, amount: 3, quantity: 3 })
  const third = await shop.write('merge', 'line', { id: 'l', quantity: 4, qty: 9 })
  expect([third.record, third.warnings.length]).toEqual([
    expect.objectContaining({ qty: 4, quantity: 4, amount: 4 }),
    1,
  ])

  await shop.write('insert', 'bills', { id: 't', totals: { due: '10.00', tax: 1 }, status: 'open' })
  const paid = await shop.write('merge', 'tickets', { ticket_id: 't', version: 1, status_id: 'paid', total: 12 })
  const expected = { id: 't', ticket_id: 't', total: 12, totals: { due: 12, tax: 1 }, status: 'paid', statusId: 'paid' }
  expect(paid).toMatchObject({ table: 'ticket', record: expected })
  for (const view of [
    listAll(shop.module(), 'bills')[0],
    (snapshotTables(shop.module()).ticket as JsonObject[])[0],
    JSON.parse(shop.events.at(-1)!.recordText!),
    JSON.parse(shop.module().delta({ cursor: { epoch: 1, seq: 0 } }).tables.ticket!.recordTexts[0]!),
  ]) {
    expect(view).toMatchObject(expected)
  }
  expect(new Set(shop.events.map(({ table }) => table))).toEqual(new Set(['line', 'ticket']))
})

test('[W9] legacy values that fit no type are stored as sent and named; declared callers get 422', async () => {
  const shop = await openShop()
  const bad = { id: 'l', place: 'left', quantity: '1.23456', isGift: 'maybe' }
  expect(await shop.refusal('insert', 'line', bad)).toBe('validation-failed')
  const stored = await shop.write('insert', 'line', bad, { caller: LEGACY })
  expect(stored.record).toMatchObject({ place: 'left', quantity: 1.235, isGift: 'maybe' })
  expect(stored.warnings).toHaveLength(3)
  const long = { id: 's', name: 'n'.repeat(41) }
  expect(await shop.refusal('insert', 'staff', long, { caller: LEGACY })).toBe('validation-failed')
  checkModule(shop.context(), shop.module())
})

test('one object tables hold one object, whatever its id', async () => {
  const shop = await openShop()
  expect(snapshotTables(shop.module()).settings).toEqual({})
  expect(await shop.refusal('merge', 'settings', { currency: 'EGP' })).toBe('record-not-found')
  await shop.write('save', 'settings', { currency: 'EGP', tax: { rate: '14' } })
  await shop.write('save', 'settings', { id: 'other', open: true })
  expect(await shop.refusal('insert', 'settings', { currency: 'SAR' })).toBe('record-exists')
  expect(snapshotTables(shop.module()).settings).toMatchObject({
    currency: 'EGP',
    tax: { rate: '14' },
    open: true,
    version: 2,
  })
  expect([shop.module().count('settings'), shop.events.map(({ key }) => key)]).toEqual([1, ['settings', 'settings']])
  await shop.write('delete', 'settings', {})
  expect(snapshotTables(shop.module()).settings).toEqual({})
  checkModule(shop.context(), shop.module())
})

test('a record whose joined key is that of another is refused and writes nothing over it', async () => {
  const shop = await openShop()
  const module = shop.module()
  await shop.write('insert', 'line_tag', { line: 'order-1::tea', tag: 'hot', label: 'first' })
  const other = { line: 'order-1', tag: 'tea::hot', label: 'second' }
  for (const action of ['insert', 'save', 'merge', 'delete'] as const) {
    expect([action, await shop.refusal(action, 'line_tag', other)]).toEqual([action, 'record-exists'])
  }
  expect(listAll(module, 'line_tag')).toMatchObject([{ line: 'order-1::tea', tag: 'hot', label: 'first', version: 1 }])
  await shop.write('merge', 'line_tag', { line: 'order-1::tea', tag: 'hot', label: 'changed' })
  await shop.write('delete', 'line_tag', { line: 'order-1::tea', tag: 'hot' })
  const { recordRef } = await shop.write('insert', 'line_tag', other)
  expect(recordRef.primaryKey).toEqual({ line: 'order-1', tag: 'tea::hot' })
  checkModule(shop.context(), module)
})

test('keys: composite, integer, made by the server, case-sensitive, in Unicode form NFC', async () => {
  const shop = await openShop()
  const module = shop.module()
  const seat = await shop.write('insert', 'seat', { room: 'A', place: '1', label: 'x' })
  expect([seat.recordRef, seat.event!.recordRef]).toEqual([
    { table: 'seat', key: 'A::1', primaryKey: { room: 'A', place: 1 } },
    { table: 'seat', key: 'A::1', primaryKey: { room: 'A', place: 1 } },
  ])
  await shop.write('insert', 'seat', { room: 'a', place: 1 })
  await shop.write('merge', 'seat', { room: 'A', place: 1, label: 'y' })
  expect([await shop.refusal('merge', 'seat', { room: 'A' }), await shop.refusal('delete', 'seat', {})]).toEqual([
    'missing-record-key',
    'missing-record-key',
  ])
  expect(module.list('seat', {}).cursor).toMatchObject({ key: 'a::1', primaryKey: { room: 'a', place: 1 } })

  const amounts = await Promise.all([1, 2].map((amount) => shop.write('insert', 'payment', { amount })))
  await shop.write('insert', 'payment', { id: '3', amount: 3 })
  await shop.refusal('insert', 'payment', { amount: 'x' })
  const next = await shop.write('insert', 'payment', { amount: 4 })
  expect([...amounts.map(({ record }) => record.id), next.record.id]).toEqual([1, 2, 4])
  expect(module.find('payment', '3')?.version).toBe(1)

  const made = await shop.write('insert', 'ticket', {})
  expect(made.recordRef.key).toMatch(/^ticket-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)

  await shop.write('insert', 'item', { id: 'Tea' })
  await shop.write('insert', 'item', { id: 'tea' })
  const composed = 'caf\u00e9'
  const decomposed = 'cafe\u0301'
  const cafe = await shop.write('insert', 'item', { id: decomposed, name: decomposed })
  expect([cafe.recordRef.key, cafe.record.id, cafe.record.name]).toEqual([composed, composed, decomposed])
  await shop.write('merge', 'item', { id: decomposed, name: 'x' })
  expect(module.find('item', decomposed)).toMatchObject({ key: composed, version: 2 })
  expect(listAll(module, 'item').map(({ id }) => id)).toEqual(['Tea', 'tea', composed])
  for (const id of ['', 'a\nb', '\u0000', 'x'.repeat(257), 'é'.repeat(129)]) {
    const code = await shop.refusal('merge', 'item', { id })
    expect([id.length, code]).toEqual([id.length, id === '' ? 'missing-record-key' : 'invalid-name'])
  }
  checkModule(shop.context(), module)
})

test('[W11] a batch is stored whole or not at all, as one group of events', async () => {
  const shop = await openShop()
  const random = new SeededRandom(4)
  let id = 0
  for (let round = 0; round < 150; round++) {
    const before = dumpTables(shop.context())
    const seq = shop.module().head().seq
    const operations: WriteOperation[] = Array.from({ length: 2 + random.below(6) }, () => ({
      action: random.pick(['insert', 'save']),
      table: random.pick(['item', 'ticket', 'line']),
      record: { id: `r${++id}` },
    }))
    const isBad = random.below(2) === 0
    if (isBad) {
      const bad = random.pick<WriteOperation>([
        { action: 'merge', table: 'item', record: { id: 'absent' } },
        { action: 'insert', table: 'no_such_table', record: {} },
        { action: 'insert', table: 'line', record: { place: 'x' } },
        { action: 'insert', table: 'item', record: { ...operations[0]!.record, name: 'twice' } },
        { action: 'delete', table: 'item', record: { id: `r${id}x` } },
      ])
      if (bad.record.name === 'twice') operations[0]!.table = 'item'
      operations.splice(1 + random.below(operations.length), 0, bad)
    }
    const sent: WriteCommand = { operations, caller: DECLARED, source: 'rest-batch' }
    const write = shop.module().writeAsync(sent)
    // Neighbours of the same commit.
    await Promise.all([codeOf(write), shop.write('save', 'settings', { round })])
    if (isBad) {
      expect(await codeOf(write)).not.toBe('none')
      const { settings: _, ...after } = dumpTables(shop.context())
      const { settings: __, ...same } = before
      expect(after).toEqual(same)
      expect(shop.module().head().seq).toBe(seq + 1)
    } else {
      const { results } = await write
      const groups = results.map(({ event }) => event!.group!)
      expect(groups.map(({ index, size }) => [index, size])).toEqual(results.map((_, index) => [index, results.length]))
      expect(new Set(groups.map((group) => group.id)).size).toBe(1)
      expect(results.map(({ event }) => event!.seq)).toEqual(results.map((_, index) => seq + 1 + index))
    }
  }
  checkModule(shop.context(), shop.module())
})

test('[W11] ids that are no well-formed text are refused: SQL would store them as another text than was hashed', async () => {
  const shop = await openShop()
  const operations: WriteOperation[] = ['a', 'b'].map((id) => ({ action: 'insert', table: 'item', record: { id } }))
  const sent: WriteCommand = { operations, caller: DECLARED, source: 'ws' }
  for (const odd of [
    { requestId: 'r\ud800' },
    { requestId: 'r', caller: { ...DECLARED, clientId: '\udc00' } },
    { operations: operations.slice(1), requestId: '\ud83d' },
  ]) {
    expect(await codeOf(shop.module().writeAsync({ ...sent, ...odd }))).toBe('invalid-request')
  }
  expect(shop.module().head().seq).toBe(0)
  await shop.module().writeAsync({ ...sent, requestId: 'طلب 🍵' })
  await shop.reopen()
  checkModule(shop.context(), shop.module())
  expect(shop.module().readEvents(0, 1)[0]!.group).toMatchObject({ id: 'طلب 🍵' })
})

test('an event id that the client made is kept once; the last event can be a condition', async () => {
  const shop = await openShop()
  const first = await shop.write('insert', 'item', { id: 'a' }, { eventId: 'mine-1' })
  const second = await shop.write('insert', 'item', { id: 'b' }, { eventId: 'mine-1' })
  const third = await shop.write('insert', 'item', { id: 'c' }, { eventId: 'not a valid id' })
  expect([first.event!.eventId, second.event!.eventId.slice(0, 4), third.event!.eventId.slice(0, 4)]).toEqual([
    'mine-1',
    'evt-',
    'evt-',
  ])
  const expectLastEventId = third.event!.eventId
  expect([
    await shop.refusal('insert', 'item', { id: 'd' }, { expectLastEventId: 'mine-1' }),
    await shop.refusal('insert', 'item', { id: 'd' }, { expectLastEventId: null }),
    await shop.refusal('insert', 'item', { id: 'd' }, { expectLastEventId }),
    await shop.refusal('insert', 'item', { id: 'e' }, { expectLastEventId }),
  ]).toEqual(['last-ack-mismatch', 'last-ack-mismatch', 'none', 'last-ack-mismatch'])
  expect(shop.module().findEvent('mine-1')).toEqual(first.event)
  expect(shop.module().findEvent('none')).toBeUndefined()
})

test('[W9] [W13] an event carries its record, who wrote it and what the client said about it', async () => {
  const shop = await openShop()
  const written = await shop.write(
    'insert',
    'item',
    { id: 'a', name: 'Tea' },
    { meta: { tab: 3 }, source: 'ws-client', caller: { ...DECLARED, userId: 'u1', clientId: 'c1' } },
  )
  expect(shop.events).toEqual([written.event])
  expect(written.event).toMatchObject({
    branchId: 'dar',
    moduleId: 'shop',
    epoch: 1,
    seq: 1,
    action: 'module:insert',
    table: 'item',
    key: 'a',
    recordText: written.recordText,
    createdAt: AT,
    isCreated: true,
    isDeleted: false,
    meta: {
      branchId: 'dar',
      moduleId: 'shop',
      table: 'item',
      timestamp: AT,
      source: 'ws-client',
      clientMeta: { tab: 3 },
      userId: 'u1',
      recordKey: 'a',
      recordId: 'a',
      recordRef: { table: 'item', key: 'a', primaryKey: { id: 'a' }, id: 'a' },
    },
  })
  expect(shop.module().readEvents(0, 10)).toEqual([written.event])
})

test('branches whose ids differ by capitals, and modules with tables of one name, know nothing of each other', async () => {
  const test = await openTestStore()
  test.store.createBranch({ branchId: 'DAR', modules: ['pos'] })
  const fields: JsonObject[] = [
    { name: 'id', type: 'string', primaryKey: true },
    { name: 'color', type: 'string' },
  ]
  const schema = { name: 'lab', schema: { name: 'lab', version: 1, tables: [{ name: 'dining_tables', fields }] } }
  test.store.createModuleType({ moduleId: 'Pos', schema })
  test.store.attachModule('DAR', 'Pos')
  const seeded = listAll(test.module('dar'), 'dining_tables').length
  const upper = test.store.getBranch('DAR')
  await upper.getModule('pos').writeAsync(command('insert', 'dining_tables', { id: 'x', seats: 4 }))
  await upper.getModule('Pos').writeAsync(command('insert', 'dining_tables', { id: 'x', color: 'red' }))
  const views = (): unknown => [
    listAll(test.module('dar'), 'dining_tables').length - seeded,
    listAll(test.store.getBranch('DAR').getModule('pos'), 'dining_tables').map(({ seats, color }) => [seats, color]),
    listAll(test.store.getBranch('DAR').getModule('Pos'), 'dining_tables').map(({ seats, color }) => [seats, color]),
    test.store.getBranch('DAR').moduleIds(),
  ]
  const expected = [0, [[4, undefined]], [[undefined, 'red']], ['pos', 'Pos']]
  expect(views()).toEqual(expected)
  await test.reopen()
  expect(views()).toEqual(expected)
  expect(await codeOf(Promise.resolve().then(() => test.store.getBranch('DAR').getModule()))).toBe('missing-module-id')
})

test('references are checked only where a table says so', async () => {
  const table = (name: string, rest: JsonObject): JsonObject => ({
    name,
    ...rest,
    fields: [
      { name: 'id', type: 'string', primaryKey: true },
      { name: 'itemId', columnName: 'item_id', type: 'string', references: { table: 'item', column: 'id' } },
    ],
  })
  const tables = [{ ...table('item', {}) }, table('loose', {}), table('strict', { enforceReferences: true })]
  const shop = await openShop({ shop: { schema: { name: 's', schema: { name: 's', version: 1, tables } }, rules: {} } })
  expect([
    await shop.refusal('insert', 'loose', { itemId: 'none' }),
    await shop.refusal('insert', 'strict', { itemId: 'none' }),
    await shop.refusal('insert', 'strict', { itemId: null }),
    await shop.refusal('insert', 'item', { id: 'i' }),
    await shop.refusal('insert', 'strict', { id: 's', item_id: 'i' }),
    await shop.refusal('merge', 'strict', { id: 's', itemId: 'none' }),
  ]).toEqual(['none', 'reference-not-found', 'none', 'none', 'none', 'reference-not-found'])
})
