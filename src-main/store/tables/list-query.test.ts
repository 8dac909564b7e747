import { expect, test } from 'vitest'
import { isAppError } from '../../../src-shared/errors.ts'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import { isSameJson } from '../../lib/json-text.ts'
import {
  checkModule,
  codeOf,
  command,
  isTorture,
  listAll,
  openShop,
  SeededRandom,
  type TestStore,
  thrownCode,
} from '../test-support.ts'
import type { FieldCondition, ListPage, ListQuery } from '../types.ts'

function ids(page: ListPage): JsonValue[] {
  return page.recordTexts.map((text) => (JSON.parse(text) as JsonObject).id!)
}

async function openWithLines(records: JsonObject[]): Promise<TestStore> {
  const shop = await openShop()
  await Promise.all(records.map((record) => shop.write('insert', 'line', record)))
  return shop
}

test('pages in both orders, with the cursor of the last record and an end', async () => {
  const shop = await openWithLines(Array.from({ length: 10 }, (_, index) => ({ id: `l${index}` })))
  const module = shop.module()
  for (const [order, expected] of [
    [
      'asc',
      [
        ['l0', 'l1', 'l2', 'l3'],
        ['l4', 'l5', 'l6', 'l7'],
        ['l8', 'l9'],
      ],
    ],
    [
      'desc',
      [
        ['l9', 'l8', 'l7', 'l6'],
        ['l5', 'l4', 'l3', 'l2'],
        ['l1', 'l0'],
      ],
    ],
  ] as const) {
    const pages: JsonValue[][] = []
    let next: string | undefined
    do {
      const page = module.list('line', { limit: 4, order, ...(next !== undefined && { next }) })
      pages.push(ids(page))
      expect(page.cursor).toMatchObject({ lastId: ids(page).at(-1), key: ids(page).at(-1), table: 'line' })
      expect(page.count).toBe(page.recordTexts.length)
      next = page.next
    } while (next !== undefined)
    expect(pages).toEqual(expected)
  }
  expect(ids(module.list('line', { afterId: 'l7' }))).toEqual(['l8', 'l9'])
  expect(ids(module.list('line', { afterId: 'l2', order: 'desc' }))).toEqual(['l1', 'l0'])
  expect(module.list('line', { afterId: 'unknown' }).count).toBe(10)
  expect(module.list('line', { id: 'l3' })).toMatchObject({ count: 1, cursor: { lastId: 'l3' } })
  expect(module.list('line', { id: 'none' })).toEqual({ count: 0, recordTexts: [], cursor: null })
  for (const limit of [0, -1, -1000]) expect(module.list('line', { limit }).count).toBe(0)
  expect(module.list('line', { limit: 1e9 }).count).toBe(10)
})

test('a reader that goes on page by page sees each record once, whatever is written meanwhile', async () => {
  const random = new SeededRandom(11)
  const shop = await openWithLines(Array.from({ length: 60 }, (_, index) => ({ id: `l${index}` })))
  for (const order of ['asc', 'desc'] as const) {
    const before = listAll(shop.module(), 'line').map(({ id }) => String(id))
    const removed = new Set<string>()
    const seen: string[] = []
    let next: string | undefined
    do {
      const page = shop.module().list('line', { limit: 7, order, ...(next !== undefined && { next }) })
      seen.push(...ids(page).map(String))
      next = page.next
      const gone = random.pick(before)
      if (shop.module().find('line', gone)) {
        await shop.write('delete', 'line', { id: gone })
        removed.add(gone)
      }
      await shop.write('insert', 'line', { id: `new-${order}-${seen.length}` })
      const kept = before.find((id) => !removed.has(id))!
      await shop.write('merge', 'line', { id: kept, place: seen.length })
    } while (next !== undefined)
    const missed = before.filter((id) => !removed.has(id) && !seen.includes(id))
    expect([missed, seen.length - new Set(seen).size]).toEqual([[], 0])
  }
})

test('records created or changed after a time', async () => {
  const shop = await openShop()
  for (const id of ['a', 'b', 'c']) {
    shop.clock.ms += 1000
    await shop.write('insert', 'item', { id })
  }
  const { createdAt } = JSON.parse(shop.module().find('item', 'b')!.text) as { createdAt: string }
  shop.clock.ms += 1000
  await shop.write('merge', 'item', { id: 'a', name: 'A' })
  expect(ids(shop.module().list('item', { createdAfter: createdAt }))).toEqual(['c'])
  expect(ids(shop.module().list('item', { updatedAfter: createdAt }))).toEqual(['a', 'c'])
})

const LINES: JsonObject[] = [
  { id: 'a', quantity: 0.1, place: 9, isGift: true, ticketId: 't1', remark: 'x%y' },
  { id: 'b', quantity: '0.2', place: 10, isGift: false, ticketId: 't2' },
  { id: 'c', quantity: 0.3, place: -1, ticketId: null },
  { id: 'd', quantity: 999999999999.999, place: 9007199254740991 },
  { id: 'e', quantity: '-5', place: 0, isGift: true, ticketId: 'T1' },
  { id: 'f', quantity: 0, ticketId: "t'1" },
]

test('conditions on fields mean the same with an index and without one, and decimals are exact', async () => {
  const shop = await openWithLines(LINES)
  const found = (field: string, operator: FieldCondition['operator'], value?: JsonValue): string =>
    ids(shop.module().list('line', { where: [{ field, operator, ...(value !== undefined && { value }) }] })).join('')
  expect({
    'quantity = 0.1': found('quantity', '=', 0.1),
    'quantity = "0.10"': found('quantity', '=', '0.10'),
    'quantity > 0.1': found('quantity', '>', 0.1),
    'quantity >= 0.3': found('quantity', '>=', '0.300'),
    'quantity < 0': found('quantity', '<', 0),
    'quantity in': found('quantity', 'in', [0.1, '0.3', 7]),
    'quantity = big': found('quantity', '=', '999999999999.999'),
    'place > 9': found('place', '>', 9),
    'place = max': found('place', '=', 9007199254740991),
    'place is null': found('place', 'is null'),
    'place != 9': found('place', '!=', 9),
    'isGift = true': found('isGift', '=', true),
    'isGift != true': found('isGift', '!=', true),
    'isGift is not null': found('isGift', 'is not null'),
    'ticketId = t1': found('ticketId', '=', 't1'),
    'ticketId quote': found('ticketId', '=', "t'1"),
    'ticketId = null': found('ticketId', '=', null),
    'ticketId != null': found('ticketId', '!=', null),
    'ticketId in null': found('ticketId', 'in', ['t1', null]),
    'ticketId not in': found('ticketId', 'not in', ['t1', 't2']),
    'ticketId not in null': found('ticketId', 'not in', ['t1', null]),
    'ticketId in []': found('ticketId', 'in', []),
    'ticketId not in []': found('ticketId', 'not in', []),
    'ticketId like': found('ticketId', 'like', 't%'),
    'id >': found('id', '>', 'd'),
    'version = 1': found('version', '=', 1),
  }).toEqual({
    'quantity = 0.1': 'a',
    'quantity = "0.10"': 'a',
    'quantity > 0.1': 'bcd',
    'quantity >= 0.3': 'cd',
    'quantity < 0': 'e',
    'quantity in': 'ac',
    'quantity = big': 'd',
    'place > 9': 'bd',
    'place = max': 'd',
    'place is null': 'f',
    'place != 9': 'bcdef',
    'isGift = true': 'ae',
    'isGift != true': 'bcdf',
    'isGift is not null': 'abe',
    'ticketId = t1': 'a',
    'ticketId quote': 'f',
    'ticketId = null': 'cd',
    'ticketId != null': 'abef',
    'ticketId in null': 'acd',
    'ticketId not in': 'cdef',
    'ticketId not in null': 'bef',
    'ticketId in []': '',
    'ticketId not in []': 'abcdef',
    'ticketId like': 'abef',
    'id >': 'ef',
    'version = 1': 'abcdef',
  })
})

test('sorted lists page by offset; a decimal sorts by its value and an integer key as a number', async () => {
  const shop = await openWithLines(LINES)
  await Promise.all([2, 10, 9, 1].map((id) => shop.write('insert', 'payment', { id, amount: id })))
  const module = shop.module()
  const sorted = (table: string, query: ListQuery): string => {
    let text = ''
    let next: string | undefined
    do {
      const page = module.list(table, { limit: 2, ...query, ...(next !== undefined && { next }) })
      text += `${ids(page).join(' ')} `
      next = page.next
    } while (next !== undefined)
    return text.trim()
  }
  expect([
    sorted('line', { orderBy: [{ field: 'quantity', direction: 'asc' }] }),
    sorted('line', {
      orderBy: [
        { field: 'isGift', direction: 'desc' },
        { field: 'place', direction: 'asc' },
      ],
    }),
    sorted('payment', { orderBy: [{ field: 'id', direction: 'desc' }] }),
    sorted('payment', {
      where: [{ field: 'id', operator: '>', value: 2 }],
      orderBy: [{ field: 'id', direction: 'asc' }],
    }),
    sorted('payment', { where: [{ field: 'id', operator: 'in', value: [10, 2] }] }),
    sorted('payment', { where: [{ field: 'id', operator: '=', value: 9 }] }),
  ]).toEqual(['e f a b c d', 'e a b f c d', '10 9 2 1', '9 10', '2 10', '9'])
  const byOffset = module.list('line', { limit: 2, orderBy: [{ field: 'place', direction: 'asc' }] }).next!
  const byKey = module.list('line', { limit: 2 }).next!
  for (const query of [{ next: byOffset }, { next: byKey, orderBy: [{ field: 'id', direction: 'asc' as const }] }]) {
    expect(thrownCode(() => module.list('line', query))).toBe('invalid-cursor')
  }
})

test('10,000 hostile field names, values and cursors find what they say or are refused, and change nothing', {
  timeout: 60_000,
}, async () => {
  const shop = await openWithLines(LINES)
  const module = shop.module()
  const random = new SeededRandom(77)
  const before = listAll(module, 'line')
  const pieces = [
    "'", '"', '`', ';', '--', '/*', ')', '(', ' OR 1=1', ' UNION SELECT doc FROM "shop/staff"', '%', '_', '\\', '\0',
    'doc', 'f.ticket^id', "') OR ('1'='1", '$."id"', 'quantity', 'ticketId', '; DROP TABLE "shop/line"', '{{', '\u202e',
    '__proto__', 'constructor', '?', '?1', ':a', '@x', '𝔘', '\ud800', ' ',
  ] // biome-ignore format: a list of pieces
  const operators = [
    '=',
    '!=',
    '>',
    '>=',
    '<',
    '<=',
    'in',
    'not in',
    'like',
    'is null',
    'is not null',
    'or',
    "= '1' or",
  ]
  const text = (): string => Array.from({ length: 1 + random.below(4) }, () => random.pick(pieces)).join('')
  const value = (): unknown =>
    random.pick([text(), text(), random.next() * 1e20, -0, Number.NaN, 1e308, null, true, [text(), 5], {}, [[1]], ''])
  const outcomes: Record<string, number> = {}
  const rounds = isTorture ? 200_000 : 10_000
  for (let round = 0; round < rounds; round++) {
    const field = random.below(3) === 0 ? random.pick(['ticketId', 'quantity', 'place', 'id', 'remark']) : text()
    const condition = { field, operator: random.pick(operators), value: value() } as FieldCondition
    const query: ListQuery = random.pick([
      { where: [condition] },
      { where: [condition, { field: 'id', operator: '=', value: 'a' }] },
      { orderBy: [{ field, direction: random.pick(['asc', 'desc', text()]) as 'asc' }] },
      { id: text() },
      { afterId: text() },
      { next: text() },
      { createdAfter: text(), updatedAfter: text() },
    ])
    let outcome = 'found'
    try {
      const page = module.list('line', query)
      if (query.where && page.count > 0 && condition.operator === '=' && typeof condition.value === 'string') {
        for (const record of page.recordTexts) {
          const stored = (JSON.parse(record) as JsonObject)[field]
          expect([query, isSameJson(stored ?? null, condition.value as JsonValue)]).toEqual([query, true])
        }
      }
    } catch (error) {
      outcome = isAppError(error) ? error.code : String(error)
    }
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  expect(Object.keys(outcomes).sort()).toEqual(['found', 'invalid-cursor', 'invalid-request'])
  expect(listAll(module, 'line')).toEqual(before)
  checkModule(shop.context(), module)
})

test('hostile names and ids in writes are refused or stored as the texts they are', async () => {
  const shop = await openShop()
  const random = new SeededRandom(3)
  const characters = [...'\'";-- ()%_\\/.$`?:@#é𝔘日\u202e', '::', '../', '%2e', 'CON', 'nul.', '\u0000', '\n', '\ud800']
  const stored: string[] = []
  for (let round = 0; round < 500; round++) {
    const id = Array.from({ length: 1 + random.below(6) }, () => random.pick(characters)).join('')
    const code = await codeOf(shop.module().writeAsync(command('save', 'item', { id, name: id, [id]: id })))
    if (code === 'none') stored.push(id.normalize('NFC'))
    else expect([id, code]).toEqual([id, 'invalid-name'])
  }
  expect(stored.length).toBeGreaterThan(100)
  for (const id of stored) {
    const record = JSON.parse(shop.module().find('item', id)!.text) as JsonObject
    expect([record.id, record.name]).toEqual([id, id])
    expect(shop.module().list('item', { id }).count).toBe(1)
  }
  checkModule(shop.context(), shop.module())
})
