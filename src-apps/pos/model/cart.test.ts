import { describe, expect, test } from 'vitest'
import {
  addLine,
  type Cart,
  type CartLine,
  cartOfOrder,
  changeLine,
  emptyCart,
  hasUnsent,
  isDiscountAllowed,
  lineOfItem,
  missingGroups,
  setModifier,
  unitPrice,
} from './cart.ts'
import type { MenuItem } from './menu.ts'

const add = (id: number, type: string, price: number, more = {}) => ({
  ...{ id, type, nameAr: 'ا', nameEn: 'a', price, max: 2, isDefault: false },
  ...more,
})
const TEA: MenuItem = {
  ...{ id: 'tea', price: 2_000, sectionId: 'section-bar', haystack: '' },
  record: { id: 'tea', nameAr: 'شاي', nameEn: 'Tea', version: 1, createdAt: '', updatedAt: '' },
  groups: [
    { type: 'option', isRequired: true, modifiers: [add(64, 'option', 0), add(65, 'option', 0)] },
    { type: 'add_on', isRequired: false, modifiers: [add(26, 'add_on', 500, { isDefault: true })] },
  ],
}
const line = (id: string, more: Partial<CartLine> = {}): CartLine => ({ ...lineOfItem(TEA, id), ...more })
const cartWith = (...lines: CartLine[]): Cart => ({ ...emptyCart('o', 'dine_in'), lines })

test('a new line has what the menu puts on it by itself', () => {
  expect(line('l')).toMatchObject({ quantity: 1, statusId: 'draft', name: { ar: 'شاي', en: 'Tea' } })
  expect(unitPrice(line('l'))).toBe(2_500)
  expect(unitPrice(line('l', { modifiers: [{ id: 1, type: 'removal', quantity: 1, price: -9_000 }] }))).toBe(0)
})

test('the second press on an item makes two of it, unless something was said about the first', () => {
  const once = addLine(cartWith(), line('a'))
  expect(addLine(once, line('b')).lines).toMatchObject([{ id: 'a', quantity: 2 }])
  const noted = changeLine(once, 'a', { note: 'hot' })
  expect(addLine(noted, line('b')).lines).toHaveLength(2)
  const sent = cartWith(line('a', { statusId: 'queued' }))
  expect(addLine(sent, line('b')).lines).toHaveLength(2)
  expect(addLine(cartWith(line('a', { quantity: 999 })), line('b')).lines).toMatchObject([{ quantity: 999 }])
})

describe('changing', () => {
  test('what the kitchen has stays; a quantity of nothing takes the line off', () => {
    const cart = cartWith(
      line('a', { statusId: 'cooking' }),
      line('b'),
      line('c', { isStored: true, statusId: 'held' }),
    )
    expect(changeLine(cart, 'a', { quantity: 5 })).toBe(cart)
    expect(changeLine(cart, 'nothing', { quantity: 5 })).toBe(cart)
    expect(changeLine(cart, 'b', { quantity: 0 })).toMatchObject({
      lines: [{ id: 'a' }, { id: 'c' }],
      removedLineIds: [],
    })
    expect(changeLine(cart, 'c', { quantity: 0 }).removedLineIds).toEqual(['c'])
  })

  test('an order with nothing new has nothing to send', () => {
    expect(hasUnsent(cartWith(line('a', { statusId: 'served' })))).toBe(false)
    expect(hasUnsent(cartWith(line('a', { statusId: 'held' })))).toBe(true)
    expect(hasUnsent({ ...cartWith(), removedLineIds: ['x'] })).toBe(true)
  })
})

test('of a required option one is the answer; add-ons can be several', () => {
  const [barely, medium] = [add(64, 'option', 0), add(65, 'option', 0)]
  expect(missingGroups(TEA, line('l'))).toEqual(['option'])
  const first = setModifier(line('l').modifiers, barely, 1, true)
  expect(missingGroups(TEA, { modifiers: first })).toEqual([])
  const second = setModifier(first, medium, 1, true)
  expect(second.map(({ id }) => id)).toEqual([26, 65])
  expect(setModifier(second, medium, 0, true).map(({ id }) => id)).toEqual([26])
  expect(setModifier(second, add(26, 'add_on', 500), 2, false)).toMatchObject([{ id: 65 }, { id: 26, quantity: 2 }])
  expect(missingGroups(undefined, line('l'))).toEqual([])
})

test('a cashier gives what the data allows and no more', () => {
  expect(isDiscountAllowed({ type: 'percent', value: 10 }, 1_000, 100, 0.1)).toBe(true)
  expect(isDiscountAllowed({ type: 'percent', value: 10.5 }, 1_000, 105, 0.1)).toBe(false)
  expect(isDiscountAllowed({ type: 'amount', value: 30 }, 10_000, 3_000, 0.3)).toBe(true)
  expect(isDiscountAllowed({ type: 'amount', value: 30.01 }, 10_000, 3_001, 0.3)).toBe(false)
  expect(isDiscountAllowed({ type: 'percent', value: 1 }, 1_000, 10, 0)).toBe(false)
})

test('a stored order comes back as it was: pieces of modifiers, notes of all forms, nothing that was called off', () => {
  const own = { orderId: 'o', version: 1, updatedAt: '' }
  const cart = cartOfOrder(
    {
      id: 'o',
      orderTypeId: 'dine_in',
      tableId: 'T1',
      guests: 3,
      notes: [{ message: 'birthday' }],
      discount: 5,
      ...own,
      createdAt: '',
    },
    [
      { ...own, id: 'b', createdAt: '2', itemId: 'tea', quantity: 2, unitPrice: 20, statusId: 'held', notes: 'hot' },
      { ...own, id: 'a', createdAt: '1', itemId: 'tea', unitPrice: 20, statusId: 'queued', notes: ['x', 'y'] },
      { ...own, id: 'c', createdAt: '3', itemId: 'tea', statusId: 'cancelled' },
    ],
    ['m1', 'm2'].map((id) => ({ ...own, id, lineId: 'b', modifierId: 26, priceChange: 5, createdAt: '' })),
    (value) => (value ?? 0) * 100,
  )
  expect(cart).toMatchObject({ isStored: true, guests: 3, note: 'birthday', discount: { type: 'amount', value: 5 } })
  expect(cart.lines).toMatchObject([
    { id: 'a', statusId: 'queued', note: 'x\ny', modifiers: [] },
    { id: 'b', quantity: 2, price: 2_000, note: 'hot', modifiers: [{ id: 26, quantity: 2, price: 500 }] },
  ])
})
