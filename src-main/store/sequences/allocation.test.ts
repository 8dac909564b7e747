import { hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { SequenceRule } from '../../../src-shared/protocol/management.ts'
import type { ModuleStore } from '../api.ts'
import {
  codeOf,
  command,
  DECLARED,
  isTorture,
  LEGACY,
  listAll,
  openShop,
  openTestStore,
  SeededRandom,
  type ShopOptions,
  type TestStore,
} from '../test-support.ts'
import type { WriteOperation } from '../types.ts'

const NUMBER = { table: 'ticket', field: 'number' }
const TOTAL = isTorture ? 1_000_000 : 10_000

test('[N1] [N2] [N3] 64 allocators draw 10,000 numbers, some in vain, over restarts: unique, and each gap names its request', {
  timeout: isTorture ? 3_600_000 : 60_000,
}, async () => {
  const shop = await openShop()
  await shop.write('insert', 'staff', { id: 'boss', code: 'taken' })
  const random = new SeededRandom(2026)
  const allocated = new Map<number, string>()
  const counts = { refused: 0, reserved: 0, claimed: 0, drawn: 0 }

  async function allocator(client: number, draws: number): Promise<void> {
    for (let draw = 0; draw < draws; draw++) {
      const requestId = `c${client}-${shop.events.length}-${draw}`
      const choice = random.below(10)
      if (choice < 4) {
        const { value, id } = await shop.module().sequences.allocate({ ...NUMBER, requestId, clientId: `c${client}` })
        expect(allocated.has(value)).toBe(false)
        allocated.set(value, requestId)
        counts.reserved++
        if (choice === 0) {
          await shop.write('insert', 'ticket', { number: id })
          allocated.delete(value)
          counts.claimed++
        }
      } else if (choice < 6) {
        // The number is drawn, then the other record of the batch is refused.
        const batch: WriteOperation[] = [
          { action: 'insert', table: 'ticket', record: { note: 'in vain' } },
          { action: 'insert', table: 'staff', record: { code: 'taken' } },
        ]
        const refusal = shop.module().writeAsync({ operations: batch, caller: DECLARED, source: 'test' })
        expect(await codeOf(refusal)).toBe('unique-violation')
        counts.refused++
      } else {
        await shop.write('insert', 'ticket', { total: draw })
        counts.drawn++
      }
    }
  }

  for (let round = 0; round < 4; round++) {
    const draws = Math.ceil(TOTAL / 4 / 64)
    await Promise.all(Array.from({ length: 64 }, (_, client) => allocator(client, draws)))
    await shop.reopen()
  }

  const onRecords = listAll(shop.module(), 'ticket').map(({ number }) => Number(String(number).slice(2)))
  const { gaps, total } = shop.module().sequences.gaps({ limit: 1_000_000 })
  expect(gaps.length).toBe(total)
  expect(gaps.map(({ from, to, reason, requestId }) => [from, to, reason, requestId])).toEqual(
    [...allocated].sort(([left], [right]) => right - left).map(([value, id]) => [value, value, 'reserved', id]),
  )
  const all = [...onRecords, ...allocated.keys()].sort((left, right) => left - right)
  expect(all).toEqual(Array.from({ length: counts.drawn + counts.reserved }, (_, index) => index + 1))
  expect(shop.module().sequences.list()[0]).toMatchObject({ last: all.length, gaps: total })
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(500)
})

test('[N3] the same request gets the same number, over a restart too; another client with that request id does not', async () => {
  const shop = await openShop()
  const ask = (clientId: string, requestId?: string): Promise<{ value: number }> =>
    shop.module().sequences.allocate({ ...NUMBER, clientId, ...(requestId !== undefined && { requestId }) })
  expect(
    (await Promise.all([ask('a', 'r1'), ask('a', 'r1'), ask('b', 'r1'), ask('a'), ask('a')])).map(numberOf),
  ).toEqual([1, 1, 2, 3, 4])
  await shop.reopen()
  expect((await Promise.all([ask('a', 'r1'), ask('b', 'r1'), ask('a', 'r2')])).map(numberOf)).toEqual([1, 2, 5])
})

test('[N3] ids of requests that SQL would make one text are refused, so that two requests never share a number', async () => {
  const { sequences } = (await openShop()).module()
  for (const odd of [{ requestId: '\ud800' }, { requestId: 'r', clientId: 'a\udc00' }]) {
    expect(await codeOf(sequences.allocate({ ...NUMBER, ...odd }))).toBe('invalid-request')
  }
  const lease = { ...NUMBER, size: 1, deviceId: 'd' }
  expect(await codeOf(sequences.lease({ ...lease, deviceId: '\ud800' }))).toBe('invalid-request')
  expect(await codeOf(sequences.lease({ ...lease, requestId: '\ud800' }))).toBe('invalid-request')
  expect((await sequences.lease(lease)).from).toBe(1)
})

test('[N2] a number that a record brought along is passed over, also when that record is gone, and no order is merged into it', async () => {
  const test = await openTestStore()
  const { sequences } = test.module('dar')
  const insert = async (record: JsonObject, caller = DECLARED): Promise<JsonObject> => {
    const { results } = await test.module('dar').writeAsync(command('insert', 'order_header', record, { caller }))
    return JSON.parse(results[0]!.recordText) as JsonObject
  }
  const { value } = sequences.list().find(({ field }) => field === 'id')!.next
  const idOf = (offset: number): string => `DAR-${String(value + offset).padStart(6, '0')}`
  await insert({ id: idOf(0), notes: 'a till made this id' })
  await insert({ id: idOf(1), notes: 'and this' })
  await insert({ id: idOf(3) })
  await test.module('dar').writeAsync(command('delete', 'order_header', { id: idOf(3) }))

  expect(await insert({ notes: 'new' }, LEGACY)).toMatchObject({
    id: idOf(2),
    notes: 'new',
    invoiceSequence: value + 2,
  })
  expect(await insert({ notes: 'next' })).toMatchObject({ id: idOf(4), version: 1 })
  expect(await sequences.allocate({ table: 'order_header', field: 'id' })).toMatchObject({ id: idOf(5) })
  await insert({ id: idOf(7) })
  const lease = await sequences.lease({ table: 'order_header', field: 'id', size: 3, deviceId: 'tablet' })
  expect(lease).toMatchObject({ from: value + 6, to: value + 9, ids: [idOf(6), idOf(8), idOf(9)] })
  expect(test.module('dar').find('order_header', idOf(0))).toMatchObject({ version: 1 })
})

test('[N2] an indexed number field that is no key passes over texts that records carry already', async () => {
  const shop = await openShop()
  await shop.write('insert', 'ticket', { number: 'T-000001' })
  await shop.write('insert', 'ticket', { number: 'T-000003' })
  const numbers = await Promise.all([1, 2, 3].map(() => shop.write('insert', 'ticket', {})))
  expect(numbers.map(({ record }) => record.number)).toEqual(['T-000002', 'T-000004', 'T-000005'])
  expect(shop.module().sequences.gaps({}).total).toBe(0)
})

test('[N3] a number that was handed out is claimed by the record that carries it, at its insert or later', async () => {
  const shop = await openShop()
  const { sequences } = shop.module()
  const ids: string[] = []
  for (let index = 0; index < 4; index++) ids.push((await sequences.allocate(NUMBER)).id)
  await shop.write('insert', 'ticket', { id: 'a', number: ids[0]! })
  await shop.write('insert', 'ticket', { id: 'b', number: 'T-drafted' })
  await shop.write('merge', 'ticket', { id: 'b', version: 1, number: ids[1]! })
  expect(await shop.refusal('merge', 'ticket', { id: 'b', version: 1, number: ids[2]! })).toBe('version-conflict')
  expect(sequences.gaps({}).gaps.map(({ from }) => from)).toEqual([4, 3])
  await shop.write('delete', 'ticket', { id: 'a' })
  expect(sequences.gaps({ ...NUMBER, limit: 1 })).toMatchObject({ total: 2, gaps: [{ from: 4 }] })
  expect(sequences.gaps({ table: 'line' })).toEqual({ gaps: [], total: 0 })
})

test('[W3] the retry of an insert that drew a number is that insert, not another one', async () => {
  const shop = await openShop()
  const first = await shop.write('insert', 'ticket', { id: 't', note: 'x' })
  expect(first.record).toMatchObject({ number: 'T-000001', counter: 1 })
  expect(await shop.write('insert', 'ticket', { id: 't', note: 'x' })).toMatchObject({
    outcome: 'unchanged',
    record: first.record,
  })
  expect(await shop.refusal('insert', 'ticket', { id: 't', note: 'x', number: 'T-000002' })).toBe('record-exists')
  expect(shop.module().sequences.list()[0]!.last).toBe(1)
})

test('[N4] a lease belongs to its device; its numbers are gaps until records carry them', async () => {
  const shop = await openShop()
  const { sequences } = shop.module()
  const lease = await sequences.lease({ ...NUMBER, size: 5, deviceId: 'tablet-1', requestId: 'r' })
  const other = await sequences.lease({ ...NUMBER, size: 2, deviceId: 'tablet-2' })
  const online = await shop.write('insert', 'ticket', {})
  expect([lease.ids, other.ids, online.record.number]).toEqual([
    ['T-000001', 'T-000002', 'T-000003', 'T-000004', 'T-000005'],
    ['T-000006', 'T-000007'],
    'T-000008',
  ])
  await shop.reopen()
  await Promise.all(lease.ids.slice(1, 4).map((number) => shop.write('insert', 'ticket', { number })))
  expect(shop.module().sequences.gaps({}).gaps).toMatchObject([
    { from: 7, to: 7, reason: 'lease', clientId: 'tablet-2', requestId: null },
    { from: 6, clientId: 'tablet-2' },
    { from: 5, clientId: 'tablet-1', requestId: 'r' },
    { from: 1, clientId: 'tablet-1' },
  ])
  for (const size of [0, -1, 1.5, 1001, Number.NaN]) {
    expect(await codeOf(sequences.lease({ ...NUMBER, size, deviceId: 'd' }))).toBe('invalid-request')
  }
})

test('[N5] a sequence skips forward only, to its last number at most, and the ledger says who skipped', async () => {
  const shop = await openShop()
  const { sequences } = shop.module()
  await shop.write('insert', 'ticket', {})
  const skip = (to: number): Promise<string> => codeOf(sequences.skip({ ...NUMBER, to, requestedBy: 'manager' }))
  expect(await Promise.all([skip(1), skip(0), skip(-5), skip(1.5), skip(1_000_000_000_000)])).toEqual(
    new Array(5).fill('invalid-request'),
  )
  expect([await skip(2), await skip(100), await skip(99)]).toEqual(['none', 'none', 'invalid-request'])
  expect((await shop.write('insert', 'ticket', {})).record.number).toBe('T-000100')
  expect(sequences.gaps({}).gaps).toMatchObject([{ from: 2, to: 99, reason: 'skip', clientId: 'manager' }])
  expect(await codeOf(sequences.skip({ table: 'line', field: 'id', to: 5 }))).toBe('sequence-not-configured')

  expect(await skip(999_999_999_999)).toBe('none')
  expect((await shop.write('insert', 'ticket', {})).record.counter).toBe(999_999_999_999)
  expect(await shop.refusal('insert', 'ticket', {})).toBe('validation-failed')
  expect(sequences.list()).toMatchObject([{ last: 999_999_999_999, next: { value: 1_000_000_000_000 } }])
  expect((await shop.write('insert', 'ticket', { number: 'by hand' })).version).toBe(1)
})

test('[N2] a branch of its own rules overrides the defaults of a table entirely; counters of branches are apart', async () => {
  const test = await openTestStore()
  const fields = (branchId: string): JsonObject =>
    Object.fromEntries(
      test
        .module(branchId)
        .sequences.list()
        .map(({ table, field, next }) => [`${table}.${field}`, next.id]),
    )
  expect([fields('dar'), fields('remal')]).toEqual([
    expect.objectContaining({ 'order_header.orderNumber': expect.stringMatching(/^DAR-\d{5}$/) }),
    expect.not.objectContaining({ 'order_header.orderNumber': expect.anything() }),
  ])
  expect(fields('remal')['order_return_header.number']).toBe('RET-000001')
})

describe('periods', () => {
  const daily: SequenceRule = { prefix: 'D', format: '{prefix}{year}{month}{day}-{number:03d}', reset: 'daily' }

  async function openWith(rule: SequenceRule, timeZone: string): Promise<TestStore> {
    const rules = { defaults: { shop: { ticket: { number: rule as JsonObject } } } }
    return openShop({ shop: { rules, timeZone } satisfies ShopOptions })
  }

  const draw = async (shop: TestStore, time: string): Promise<unknown> => {
    shop.clock.set(time)
    return (await shop.write('insert', 'ticket', {})).record.number
  }

  test('a daily number begins anew when the business day of the branch does, not at midnight in London', async () => {
    const shop = await openWith(daily, 'Africa/Cairo')
    expect([
      await draw(shop, '2026-03-10T02:59:59.999Z'),
      await draw(shop, '2026-03-10T03:00:00.000Z'),
      await draw(shop, '2026-03-10T21:59:59.000Z'),
      await draw(shop, '2026-03-11T02:30:00.000Z'),
      await draw(shop, '2026-03-11T03:00:00.000Z'),
    ]).toEqual(['D20260309-001', 'D20260310-001', 'D20260310-002', 'D20260310-003', 'D20260311-001'])
    expect(shop.module().sequences.list()).toMatchObject([{ period: '2026-03-11', last: 1 }])
  })

  test('no number comes twice when the clock is set back, nor when summer time begins or ends', async () => {
    const shop = await openWith(daily, 'Africa/Cairo')
    const numbers: unknown[] = []
    for (const time of [
      '2026-04-24T02:30:00Z', // the day on which Cairo skips an hour at midnight
      '2026-04-24T01:59:00Z',
      '2026-04-24T02:00:00Z',
      '2026-04-23T23:00:00Z',
      '2026-10-29T20:30:00Z',
      '2026-10-29T21:30:00Z', // the hour that comes twice
      '2026-10-30T02:59:00Z',
      '2026-10-30T03:00:00Z',
      '2026-10-29T21:00:00Z',
    ]) {
      numbers.push(await draw(shop, time))
    }
    expect(numbers).toEqual([
      'D20260424-001',
      'D20260423-001',
      'D20260424-002',
      'D20260423-002',
      'D20261029-001',
      'D20261029-002',
      'D20261029-003',
      'D20261030-001',
      'D20261029-004',
    ])
  })

  test('monthly and yearly numbers, each in its own period', async () => {
    const monthly = await openWith({ format: '{year}/{month}/{number}', reset: 'monthly', start: 5 }, 'Asia/Riyadh')
    expect([
      await draw(monthly, '2026-01-31T23:00:00Z'),
      await draw(monthly, '2026-02-01T01:59:59Z'),
      await draw(monthly, '2026-02-01T02:00:00Z'),
      await draw(monthly, '2026-02-28T12:00:00Z'),
    ]).toEqual(['2026/01/5', '2026/01/6', '2026/02/5', '2026/02/6'])
    const yearly = await openWith({ format: '{number:04d}-{year}', reset: 'yearly' }, 'Asia/Riyadh')
    expect([
      await draw(yearly, '2026-12-31T23:00:00Z'),
      await draw(yearly, '2027-01-01T02:00:00Z'),
      await draw(yearly, '2027-06-01T02:00:00Z'),
    ]).toEqual(['0001-2026', '0001-2027', '0002-2027'])
  })
})

describe('rules changed at run time', () => {
  const setRule = (module: ModuleStore, rule: SequenceRule): Promise<string> =>
    codeOf(module.sequences.setRule({ ...NUMBER, rule }))

  test('the counter goes on under the new text, over a restart; a raised start is a gap that says so', async () => {
    const shop = await openShop()
    const next = async (): Promise<unknown> => (await shop.write('insert', 'ticket', {})).record.number
    expect(await next()).toBe('T-000001')
    expect(await setRule(shop.module(), { prefix: 'N', delimiter: '/', padding: 3 })).toBe('none')
    expect(await next()).toBe('N/002')
    await shop.reopen()
    expect(await next()).toBe('N/003')
    expect(await setRule(shop.module(), { prefix: 'N', start: 100 })).toBe('none')
    expect([await next(), await next()]).toEqual(['N-100', 'N-101'])
    expect(await setRule(shop.module(), { prefix: 'N', start: 50 })).toBe('none')
    expect(await next()).toBe('N-102')
    expect(shop.module().sequences.gaps({}).gaps).toMatchObject([{ from: 4, to: 99, reason: 'skip' }])
    expect(await setRule(shop.module(), { format: '{year}{month}{day}.{number}', reset: 'daily' })).toBe('none')
    expect(await next()).toBe('20260310.1')
  })

  test('a rule that cannot be right is refused and changes nothing', async () => {
    const shop = await openShop()
    const wrong: [unknown, string][] = [
      [{ reset: 'daily', prefix: 'X' }, 'period-not-in-format'],
      [{ reset: 'daily', format: '{year}{month}-{number}' }, 'period-not-in-format'],
      [{ reset: 'monthly', format: '{month}-{number}' }, 'period-not-in-format'],
      [{ reset: 'hourly' }, 'validation-failed'],
      [{ format: 'fixed' }, 'validation-failed'],
      [{ prefix: 'line\nbreak' }, 'validation-failed'],
      [{ prefix: 'p'.repeat(65) }, 'validation-failed'],
      [{ padding: 16 }, 'validation-failed'],
      [{ start: -1 }, 'validation-failed'],
      [{ padChar: '12' }, 'validation-failed'],
      [{ padChar: '7' }, 'validation-failed'],
      ['rule', 'validation-failed'],
    ]
    for (const [rule, code] of wrong)
      expect([rule, await setRule(shop.module(), rule as SequenceRule)]).toEqual([rule, code])
    expect(await codeOf(shop.module().sequences.setRule({ table: 'none', field: 'x', rule: {} }))).toBe(
      'table-not-found',
    )
    expect((await shop.write('insert', 'ticket', {})).record.number).toBe('T-000001')
    const { sequences } = shop.module()
    expect(sequences.preview({ prefix: 'A', start: 9, padding: 2 })).toEqual(['A-09', 'A-10', 'A-11'])
    expect(sequences.preview({ format: '{branch}{shift}{number}' })).toEqual(['darS11', 'darS12', 'darS13'])
  })

  test('a rule for a table that had none begins to count; an allocation without a rule is refused', async () => {
    const shop = await openShop()
    const { sequences } = shop.module()
    const line = { table: 'line', field: 'code' }
    expect(await codeOf(sequences.allocate(line))).toBe('sequence-not-configured')
    await sequences.setRule({ ...line, rule: { prefix: 'L' } })
    expect(await sequences.allocate(line)).toMatchObject({ value: 1, id: 'L-1' })
    expect((await shop.write('insert', 'line', { code: '' })).record.code).toBe('L-2')
    expect((await shop.write('insert', 'line', { code: null })).record.code).toBe('L-3')
  })
})

test('[N2] chained numbers store the hash of the ones before, survive restarts, and cannot be leased', async () => {
  const rules = { defaults: { shop: { ticket: { number: { prefix: 'F', chain: true } } } } }
  const shop = await openShop({ shop: { rules } })
  const { sequences } = shop.module()
  expect(await codeOf(sequences.lease({ ...NUMBER, size: 2, deviceId: 'd' }))).toBe('invalid-request')
  await shop.write('insert', 'ticket', {})
  await shop.reopen()
  await shop.write('insert', 'ticket', {})
  await shop.refusal('insert', 'ticket', { total: 'x' })
  await shop.module().sequences.allocate(NUMBER)
  const expected = ['F-1', 'F-2', 'F-3'].reduce((link, id) => hash('sha256', `${link}\n${id}`, 'hex'), '')
  const row = shop.openDatabase().prepare('SELECT last, last_hash AS link FROM sequences').get()
  expect(row).toEqual({ last: 3, link: expected })
})

function numberOf({ value }: { value: number }): number {
  return value
}
