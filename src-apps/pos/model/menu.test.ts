import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildMenu, favourites, type MenuTables, searchMenu } from './menu.ts'

/** The menu of the demo restaurant, as the server seeds it. */
const seeds = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../data/branches/dar/modules/pos/seeds/initial.json'), 'utf8'),
) as { tables: MenuTables }
const menu = buildMenu(seeds.tables, 2)
const own = { version: 1, createdAt: '', updatedAt: '' }

test('every item of the restaurant can be sold: it has a price, a section and a category', () => {
  expect(menu.items).toHaveLength(seeds.tables.menu_items.length)
  expect(menu.items.filter(({ price, sectionId }) => price <= 0 || !sectionId)).toEqual([])
  expect(menu.categories.map(({ id }) => id).slice(0, 2)).toEqual(['cat-breakfast', 'cat-koshari'])
  expect(favourites(menu).map(({ record }) => record.favoriteRank)).toEqual(
    favourites(menu).map((_, index) => index + 1),
  )
})

describe('search', () => {
  const ids = (text: string) => searchMenu(menu, text).map(({ id }) => id)
  test.each([
    ['طعميه', 'item-taameya-plate'],
    ['طَعْمِيّـــة', 'item-taameya-plate'],
    ['إسكندرانى', 'item-foul-alexandrian'],
    ['TAAMEYA pl', 'item-taameya-plate'],
    ['dar-0104', 'item-taameya-plate'],
    ['٠١٠٤', 'item-taameya-plate'],
  ])('%s finds %s', (text, id) => expect(ids(text)).toContain(id))

  test('names that begin so come first; nothing is found by nothing', () => {
    expect(searchMenu(menu, 'lamb')[0]?.record.nameEn).toMatch(/^Lamb/)
    expect([ids(''), ids('  '), ids('zebra')]).toEqual([[], [], []])
  })
})

test('modifiers come in the order in which one asks, with the rules of the data', () => {
  const tables: MenuTables = {
    menu_categories: [{ ...own, id: 'c' }],
    menu_items: [{ ...own, id: 'i', categoryId: 'c', basePrice: 10 }],
    menu_item_price: [
      { ...own, id: 'p1', itemId: 'i', priceType: 'delivery', amount: 99 },
      { ...own, id: 'p2', itemId: 'i', priceType: 'base', amount: 12, isDefault: true },
      { ...own, id: 'p3', itemId: 'i', priceType: 'base', amount: 11 },
    ],
    menu_modifiers: [
      { ...own, id: 1, modifierType: 'removal' },
      { ...own, id: 2, modifierType: 'add_on', priceChange: 2.5 },
      { ...own, id: 3, modifierType: 'option' },
      { ...own, id: 4, modifierType: 'option', isActive: false },
    ],
    menu_item_modifier: [1, 2, 3, 4, 5].map((modifierId) => ({
      ...{ ...own, itemId: 'i', modifierId, maxQuantity: 2, isRequired: modifierId === 3 },
    })),
  }
  const [item] = buildMenu(tables, 2).items
  expect(item?.price).toBe(1_200)
  expect(item?.groups).toMatchObject([
    { type: 'option', isRequired: true, modifiers: [{ id: 3 }] },
    { type: 'add_on', isRequired: false, modifiers: [{ id: 2, price: 250, max: 2 }] },
    { type: 'removal', isRequired: false, modifiers: [{ id: 1 }] },
  ])
})

test('what is switched off, or whose category is, is not sold', () => {
  const tables = { ...seeds.tables, menu_categories: seeds.tables.menu_categories.slice(0, 1) }
  expect(new Set(buildMenu(tables, 2).items.map(({ record }) => record.categoryId))).toEqual(new Set(['cat-breakfast']))
  const off = { ...seeds.tables, menu_items: [{ ...seeds.tables.menu_items[0]!, isActive: false }] }
  expect(buildMenu(off, 2).items).toEqual([])
})
