import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bumpItem,
  bumpTicket,
  type KitchenLine,
  type KitchenOrder,
  type KitchenWrite,
  kitchenOrders,
  recallTicket,
  sendToKitchen,
} from '../shared/kitchen.ts'
import { joinWrites, KITCHEN_TABLES, type KitchenData, missingTickets, withRecords } from './adopt.ts'
import { isAllergy, noteTexts } from './notes.ts'
import { ageOf, type BoardView, buildBoard, itemsOf, levelOf, STALE_AFTER_MS, shareTickets } from './tickets.ts'

const NOW = Date.parse('2026-05-01T12:00:00.000Z')
const MINUTE = 60_000
const iso = (ms: number) => new Date(ms).toISOString()
const view = (part: Partial<BoardView> = {}): BoardView => ({ sections: 'all', now: NOW, seen: new Set(), ...part })

type Row = Record<string, unknown> & { id: string }
let ids = 0
const contextAt = (at: number) => ({
  actor: { id: null, name: 'Grill', role: 'kitchen' },
  at: iso(at),
  newId: (table: string) => `${table}-${String(++ids).padStart(6, '0')}`,
})

/** The tables as the server would hold them after these writes. */
class Kitchen {
  readonly tables = new Map<string, Map<string, Row>>()

  apply(writes: readonly { action: string; table: string; record: Record<string, unknown> }[], at: number): void {
    for (const { action, table, record } of writes) {
      const rows = this.tables.get(table) ?? new Map<string, Row>()
      this.tables.set(table, rows)
      const id = String(record.id)
      const old = rows.get(id)
      if (action === 'insert' && old) throw new Error(`record-exists: ${table} ${id}`)
      if (action === 'merge' && !old) throw new Error(`record-not-found: ${table} ${id}`)
      const version = Number(old?.version ?? 0) + 1
      // Times and versions are the server's.
      rows.set(id, { ...old, ...record, id, version, createdAt: old?.createdAt ?? iso(at), updatedAt: iso(at) })
    }
  }

  insert(table: string, record: Row, at = NOW): void {
    this.apply([{ action: 'insert', table, record }], at)
  }

  data(): KitchenData {
    const rows = KITCHEN_TABLES.map((table) => [table, [...(this.tables.get(table)?.values() ?? [])]])
    return Object.fromEntries(rows) as KitchenData
  }

  order(id: string): KitchenOrder {
    return kitchenOrders(this.data()).get(id)!
  }
}

const item = (id: string) => ({ id, nameEn: `Item ${id}`, nameAr: `صنف ${id}`, categoryId: 'cat' })

interface SentLine {
  id: string
  section: string
  quantity?: number
  note?: string
  item?: string
  modifiers?: KitchenLine['modifiers']
}

/** An order that the till has sent, `minutes` ago. */
function send(kitchen: Kitchen, id: string, lines: readonly SentLine[], minutes = 5, header: object = {}): void {
  const at = NOW - minutes * MINUTE
  const order = { id, orderNumber: `DAR-${id}`, orderTypeId: 'dine_in', statusId: 'open', tableLabel: 'T5', ...header }
  const isFirst = !kitchen.tables.get('order_header')?.has(id)
  if (isFirst) kitchen.insert('order_header', order, at)
  for (const line of lines) {
    const { section: kitchenSectionId, quantity = 1 } = line
    kitchen.insert('order_line', { id: line.id, orderId: id, statusId: 'queued', kitchenSectionId, quantity }, at)
  }
  const sent = lines.map((line) => ({
    ...{ id: line.id, item: item(line.item ?? line.id), sectionId: line.section, quantity: line.quantity ?? 1 },
    ...{ note: line.note ?? null, modifiers: line.modifiers ?? [] },
  }))
  kitchen.apply(sendToKitchen(order, sent, isFirst ? 'initial' : 'addition', contextAt(at)), at)
}

const glance = (kitchen: Kitchen, part: Partial<BoardView> = {}) =>
  buildBoard(kitchen.data(), view(part)).tickets.map(
    (ticket) => `${ticket.number} ${itemsOf(ticket).map(({ itemId, status }) => `${itemId}:${status}`)}`,
  )

describe('tickets', () => {
  test('one card a sending, with the parts of the chosen sections; oldest first', () => {
    const kitchen = new Kitchen()
    send(kitchen, '2', [{ id: 'b', section: 'bar' }], 3)
    send(
      kitchen,
      '1',
      [
        { id: 'k', section: 'grill', quantity: 2 },
        { id: 'c', section: 'bar' },
      ],
      9,
    )
    expect(glance(kitchen)).toEqual(['DAR-1 k:queued,c:queued', 'DAR-2 b:queued'])
    expect(glance(kitchen, { sections: ['grill'] })).toEqual(['DAR-1 k:queued'])
    expect(glance(kitchen, { sections: ['oven'] })).toEqual([])
    const [card] = buildBoard(kitchen.data(), view({ sections: ['grill'] })).tickets
    expect(card).toMatchObject({
      ...{ orderId: '1', tableLabel: 'T5', orderTypeId: 'dine_in', isStarted: false, isAddition: false },
      ...{ sentAt: NOW - 9 * MINUTE, elsewhere: [{ sectionId: 'bar', open: 1 }] },
    })
  })

  test('open tickets of every section are counted, whatever is chosen', () => {
    const kitchen = new Kitchen()
    send(kitchen, '1', [
      { id: 'k', section: 'grill' },
      { id: 'c', section: 'bar' },
    ])
    send(kitchen, '2', [{ id: 'd', section: 'bar' }])
    const { openBySection } = buildBoard(kitchen.data(), view({ sections: ['grill'] }))
    expect(Object.fromEntries(openBySection)).toEqual({ grill: 1, bar: 2 })
  })

  test('what is added later is a card of its own', () => {
    const kitchen = new Kitchen()
    send(kitchen, '1', [{ id: 'k', section: 'grill' }], 9)
    send(kitchen, '1', [{ id: 'm', section: 'grill' }], 2)
    const { tickets } = buildBoard(kitchen.data(), view())
    expect(tickets.map(({ isAddition, sentAt }) => [isAddition, (NOW - sentAt) / MINUTE])).toEqual([
      [false, 9],
      [true, 2],
    ])
  })

  test('modifiers say what they do, notes of health stand out, an order’s notes come along', () => {
    const kitchen = new Kitchen()
    const modifiers = [
      { modifier: { nameEn: 'No onion', modifierType: 'removal' }, quantity: 1 },
      { modifier: { nameEn: 'Cheddar', modifierType: 'add_on' }, quantity: 2 },
      { modifier: { nameEn: 'Spicy', modifierType: 'option' }, quantity: 1 },
    ]
    send(kitchen, '1', [{ id: 'k', section: 'grill', note: 'حساسية من المكسرات', modifiers }], 1, {
      notes: ['by the window', { message: 'birthday' }, ''],
    })
    const [ticket] = buildBoard(kitchen.data(), view()).tickets
    expect(ticket!.notes.map(({ text, isAllergy: is }) => [text, is])).toEqual([
      ['by the window', false],
      ['birthday', false],
    ])
    const [made] = itemsOf(ticket!)
    expect(made!.notes).toEqual([{ text: 'حساسية من المكسرات', isAllergy: true }])
    expect(made!.modifiers.map(({ name, kind, quantity }) => [name.en, kind, quantity])).toEqual([
      ['No onion', 'remove', 1],
      ['Cheddar', 'add', 2],
      ['Spicy', 'option', 1],
    ])
  })

  test('all-day counts add up what is still to be made', () => {
    const kitchen = new Kitchen()
    send(kitchen, '1', [
      { id: 'l1', item: 'kofta', section: 'grill', quantity: 2 },
      { id: 'l2', section: 'bar' },
    ])
    send(kitchen, '2', [{ id: 'l3', item: 'kofta', section: 'grill', quantity: 3 }])
    const [first] = kitchen.order('1').details
    const count = () => buildBoard(kitchen.data(), view()).allDay.map(({ itemId, quantity }) => `${quantity} ${itemId}`)
    expect(count()).toEqual(['5 kofta', '1 l2'])
    kitchen.apply(bumpItem(kitchen.order('1'), first!.id, contextAt(NOW)), NOW)
    expect(count()).toEqual(['3 kofta', '1 l2'])
  })

  test('yesterday’s tickets are gone', () => {
    const kitchen = new Kitchen()
    send(kitchen, '1', [{ id: 'k', section: 'grill' }], STALE_AFTER_MS / MINUTE + 1)
    expect(glance(kitchen)).toEqual([])
  })
})

describe('bumped and cancelled', () => {
  test('a bumped card can be recalled for two hours, unless its order is over', () => {
    const kitchen = new Kitchen()
    send(kitchen, '1', [
      { id: 'k', section: 'grill' },
      { id: 'c', section: 'bar' },
    ])
    const grill = kitchen.order('1').tickets[0]!.id
    kitchen.apply(bumpTicket(kitchen.order('1'), grill, contextAt(NOW)), NOW)
    const recent = (part: Partial<BoardView>) =>
      buildBoard(kitchen.data(), view({ sections: ['grill'], ...part })).recent.map(({ number, doneAt }) => [
        number,
        doneAt,
      ])
    expect(glance(kitchen, { sections: ['grill'] })).toEqual([])
    expect(glance(kitchen, { sections: ['bar'] })).toEqual(['DAR-1 c:queued'])
    expect(recent({})).toEqual([['DAR-1', NOW]])
    expect(recent({ sections: ['bar'] })).toEqual([])
    expect(recent({ now: NOW + 121 * MINUTE })).toEqual([])
    kitchen.apply(recallTicket(kitchen.order('1'), grill, contextAt(NOW)), NOW)
    expect(recent({})).toEqual([])
    expect(glance(kitchen, { sections: ['grill'] })).toEqual(['DAR-1 k:cooking'])
    kitchen.apply(bumpTicket(kitchen.order('1'), grill, contextAt(NOW)), NOW)
    kitchen.apply([{ action: 'merge', table: 'order_header', record: { id: '1', statusId: 'closed' } }], NOW)
    expect(recent({})).toEqual([])
  })

  test('a cancelled line stays readable on its card; a cancelled order until somebody has seen it', () => {
    const kitchen = new Kitchen()
    send(kitchen, '1', [
      { id: 'k', section: 'grill' },
      { id: 'm', section: 'grill' },
    ])
    kitchen.apply([{ action: 'merge', table: 'order_line', record: { id: 'm', statusId: 'void' } }], NOW)
    expect(glance(kitchen)).toEqual(['DAR-1 k:queued,m:cancelled'])
    kitchen.apply([{ action: 'merge', table: 'order_header', record: { id: '1', statusId: 'cancelled' } }], NOW)
    const [ticket] = buildBoard(kitchen.data(), view()).tickets
    expect(ticket).toMatchObject({ isCancelled: true })
    expect(glance(kitchen, { seen: new Set([ticket!.id]) })).toEqual([])
    expect(glance(kitchen, { now: NOW + 16 * MINUTE })).toEqual([])
  })

  test('the same for a ticket whose lines were all taken back', () => {
    const kitchen = new Kitchen()
    send(kitchen, '1', [{ id: 'k', section: 'grill' }], 30)
    kitchen.apply([{ action: 'merge', table: 'order_line', record: { id: 'k', statusId: 'cancelled' } }], NOW)
    expect(glance(kitchen)).toEqual(['DAR-1 k:cancelled'])
    expect(glance(kitchen, { now: NOW + 16 * MINUTE })).toEqual([])
  })
})

describe('orders without kitchen tickets', () => {
  /** An order as `POST …/orders` leaves it. */
  function postOrder(kitchen: Kitchen, at = NOW - 4 * MINUTE): void {
    kitchen.insert('menu_items', { ...item('kofta'), kitchenSectionId: 'grill' }, 0)
    kitchen.insert('menu_items', { ...item('cola'), categoryId: 'cold' }, 0)
    kitchen.insert('menu_items', { ...item('chips'), categoryId: 'none' }, 0)
    kitchen.insert('menu_categories', { id: 'cold', sectionId: 'bar' }, 0)
    kitchen.insert('menu_modifiers', { id: '41', nameEn: 'No onion', modifierType: 'removal' }, 0)
    kitchen.insert('order_header', { id: 'o', orderNumber: 'WEB-7', statusId: 'open' }, at)
    kitchen.insert('order_line', { id: 'l1', orderId: 'o', itemId: 'kofta', quantity: 2, notes: ['hot'] }, at)
    kitchen.insert('order_line', { id: 'l2', orderId: 'o', itemId: 'cola', statusId: 'queued' }, at + 1)
    kitchen.insert('order_line', { id: 'l3', orderId: 'o', itemId: 'kofta', statusId: 'draft' }, at)
    kitchen.insert('order_line', { id: 'l4', orderId: 'o', itemId: 'chips' }, at)
    kitchen.insert('order_line_modifier', { id: 'm1', lineId: 'l1', modifierId: 41 }, at)
  }
  const missingOf = (kitchen: Kitchen) => missingTickets(kitchen.data(), NOW - STALE_AFTER_MS)
  const completed = (kitchen: Kitchen) => withRecords(kitchen.data(), [...missingOf(kitchen).values()].flat())

  /** What a screen writes when it bumps the ticket of a section. */
  function press(kitchen: Kitchen, sectionId: string) {
    const seen = kitchenOrders(completed(kitchen)).get('o')!
    const ticket = seen.tickets.find(({ stationId }) => stationId === sectionId)!
    return joinWrites(missingOf(kitchen).get(ticket.id) ?? [], bumpTicket(seen, ticket.id, contextAt(NOW)))
  }

  test('appear as one card, as old as their lines, with modifiers and notes; drafts and nobody’s lines do not', () => {
    const kitchen = new Kitchen()
    postOrder(kitchen)
    const { tickets } = buildBoard(completed(kitchen), view())
    expect(tickets).toHaveLength(1)
    expect(tickets[0]).toMatchObject({ number: 'WEB-7', sentAt: NOW - 4 * MINUTE, isAddition: false })
    expect(itemsOf(tickets[0]!).map(({ itemId, quantity }) => [itemId, quantity])).toEqual([
      ['kofta', 2],
      ['cola', 1],
    ])
    expect(itemsOf(tickets[0]!)[0]).toMatchObject({
      modifiers: [{ name: { en: 'No onion' }, kind: 'remove' }],
      notes: [{ text: 'hot' }],
    })
  })

  test('held and finished orders, and lines of yesterday, do not', () => {
    for (const statusId of ['held', 'closed', 'cancelled']) {
      const kitchen = new Kitchen()
      postOrder(kitchen)
      kitchen.apply([{ action: 'merge', table: 'order_header', record: { id: 'o', statusId } }], NOW)
      expect(missingOf(kitchen).size, statusId).toBe(0)
    }
    const kitchen = new Kitchen()
    postOrder(kitchen, NOW - STALE_AFTER_MS - MINUTE)
    expect(missingOf(kitchen).size).toBe(0)
  })

  test('the first press writes the tickets of its section alone; then nothing is missing there', () => {
    const kitchen = new Kitchen()
    postOrder(kitchen)
    const writes = press(kitchen, 'grill')
    const keys = writes.map(({ table, record }) => `${table} ${record.id}`)
    expect(new Set(keys).size, 'a record is written once').toBe(keys.length)
    kitchen.apply(writes, NOW)
    expect(kitchen.tables.get('order_line')!.get('l1')).toMatchObject({ statusId: 'ready' })
    expect(kitchen.tables.get('order_header')!.get('o')).toMatchObject({ statusId: 'cooking' })
    expect([...missingOf(kitchen).keys()]).toHaveLength(1)
    expect(buildBoard(completed(kitchen), view()).tickets[0]!.sentAt, 'no younger than its lines').toBe(
      NOW - 4 * MINUTE,
    )
    expect(
      buildBoard(completed(kitchen), view()).tickets.map((ticket) => itemsOf(ticket).map(({ status }) => status)),
    ).toEqual([['ready', 'queued']])
    kitchen.apply(press(kitchen, 'bar'), NOW)
    expect(kitchen.tables.get('order_header')!.get('o')).toMatchObject({ statusId: 'ready' })
    expect(missingOf(kitchen).size).toBe(0)
    expect(kitchen.tables.get('job_order_header')!.size).toBe(2)
  })

  test('two screens that press at once write the same records', () => {
    const kitchen = new Kitchen()
    postOrder(kitchen)
    const [one, other] = [press(kitchen, 'grill'), press(kitchen, 'grill')]
    kitchen.apply(one, NOW)
    kitchen.apply(
      other.filter(({ action }) => action === 'save'),
      NOW,
    )
    expect(kitchen.tables.get('job_order_header')!.size).toBe(1)
    expect([...kitchen.tables.get('job_order_detail')!.values()]).toMatchObject([{ status: 'ready' }])
  })
})

test('whatever is sent and pressed: every open item is on one card, in order of age, and counted once', () => {
  const step = fc.record({
    kind: fc.constantFrom('send', 'send', 'item', 'ticket', 'recall'),
    order: fc.nat(4),
    which: fc.nat(8),
    section: fc.constantFrom('grill', 'bar', 'oven'),
    minutes: fc.integer({ min: 0, max: 50 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const kitchen = new Kitchen()
      let lines = 0
      for (const { kind, order, which, section, minutes } of steps) {
        const id = `o${order}`
        const known = kitchen.tables.get('order_header')?.has(id) ? kitchen.order(id) : undefined
        const detail = known?.details[which % known.details.length]
        let writes: KitchenWrite[] = []
        if (kind === 'send') send(kitchen, id, [{ id: `l${++lines}`, section, quantity: 1 + which }], minutes)
        else if (detail && kind === 'item') writes = bumpItem(known!, detail.id, contextAt(NOW))
        else if (detail && kind === 'ticket') writes = bumpTicket(known!, detail.jobOrderId!, contextAt(NOW))
        else if (detail) writes = recallTicket(known!, detail.jobOrderId!, contextAt(NOW))
        kitchen.apply(writes, NOW)
      }
      const details = kitchen.data().job_order_detail
      const openIds = details.filter(({ status }) => status !== 'ready').map(({ id }) => id)
      const board = buildBoard(kitchen.data(), view())
      const shown = board.tickets.flatMap(itemsOf)
      expect(
        shown
          .filter(({ status }) => status !== 'ready')
          .map(({ id }) => id)
          .sort(),
      ).toEqual(openIds.sort())
      expect(board.recent.flatMap(itemsOf).length + shown.length).toBe(details.length)
      const ages = board.tickets.map(({ sentAt }) => sentAt)
      expect(ages).toEqual(ages.toSorted((a, b) => a - b))
      // Each section's own screens together show what the screen of all shows.
      const split = ['grill', 'bar', 'oven'].flatMap(
        (one) => buildBoard(kitchen.data(), view({ sections: [one] })).tickets,
      )
      expect(split.flatMap(itemsOf).filter(({ status }) => status !== 'ready')).toHaveLength(openIds.length)
      const counted = board.allDay.reduce((sum, { quantity }) => sum + quantity, 0)
      expect(counted).toBe(shown.filter(({ status }) => status !== 'ready').reduce((sum, one) => sum + one.quantity, 0))
    }),
    { numRuns: 60 },
  )
})

test('tickets that did not change are the same objects, and an unchanged list is the same list', () => {
  const kitchen = new Kitchen()
  for (let n = 1; n <= 200; n++) send(kitchen, String(n), [{ id: `l${n}`, section: 'grill' }], n % 60)
  const first = buildBoard(kitchen.data(), view())
  const again = shareTickets(first, buildBoard(kitchen.data(), view()))
  expect(again.tickets).toBe(first.tickets)
  kitchen.apply(bumpItem(kitchen.order('7'), kitchen.order('7').details[0]!.id, contextAt(NOW)), NOW)
  send(kitchen, '201', [{ id: 'l201', section: 'grill' }], 0)
  const next = shareTickets(again, buildBoard(kitchen.data(), view()))
  const before = new Set(again.tickets)
  expect(next.tickets.filter((ticket) => !before.has(ticket)).map(({ orderId }) => orderId)).toEqual(['201'])
  expect(next.tickets).toHaveLength(200)
})

test('ages stand between nothing and a day, whatever the clocks say', () => {
  const limits = { dueAfterMs: 10 * MINUTE, lateAfterMs: 20 * MINUTE }
  expect(ageOf(NOW + 5 * MINUTE, NOW)).toBe(0)
  expect(ageOf(0, NOW)).toBe(STALE_AFTER_MS)
  expect([0, 9.99, 10, 19.99, 20, 600].map((minutes) => levelOf(minutes * MINUTE, limits))).toEqual([
    'fresh',
    'fresh',
    'due',
    'due',
    'late',
    'late',
  ])
})

test('notes in every spelling; words of health in both languages', () => {
  expect(noteTexts(undefined)).toEqual([])
  expect(noteTexts(null)).toEqual([])
  expect(noteTexts(' no salt ')).toEqual(['no salt'])
  expect(noteTexts(['a', { message: 'b' }, { text: 'c' }, {}, 5, ''])).toEqual(['a', 'b', 'c'])
  for (const text of ['Nut ALLERGY!', 'gluten-free', 'coeliac', 'حسَّاسية لاكتوز', 'بدون مكسرات', 'no peanuts']) {
    expect(isAllergy(text), text).toBe(true)
  }
  for (const text of ['no onion', 'well done', 'doughnut shape', 'بدون بصل', 'سريع من فضلك']) {
    expect(isAllergy(text), text).toBe(false)
  }
})
