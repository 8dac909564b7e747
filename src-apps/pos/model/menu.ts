import { foldForSearch } from '../../../src-renderer/i18n/text-input.ts'
import { type Minor, toMinor } from '../../shared/money.ts'
import type {
  MenuCategories,
  MenuItemModifier,
  MenuItemPrice,
  MenuItems,
  MenuModifiers,
} from '../../shared/pos-tables.ts'

/** A modifier as one item offers it. */
export interface OfferedModifier {
  id: number
  type: string
  nameAr: string
  nameEn: string
  price: Minor
  /** How many of it one piece may have. */
  max: number
  isDefault: boolean
}

/** Modifiers of one kind; the data says by `isRequired` (beside the schema) that one of a kind must be chosen. */
export interface ModifierGroup {
  type: string
  isRequired: boolean
  modifiers: OfferedModifier[]
}

export interface MenuItem {
  id: string
  record: MenuItems
  price: Minor
  sectionId: string | null
  groups: ModifierGroup[]
  /** Everything that may be typed to find it, folded. */
  haystack: string
}

export interface MenuCategory {
  id: string
  record: MenuCategories
  /** 1 to 8: which of the tints marks it. */
  tint: number
}

export interface Menu {
  categories: MenuCategory[]
  items: MenuItem[]
  byId: ReadonlyMap<string, MenuItem>
  modifiers: ReadonlyMap<number, MenuModifiers>
}

export interface MenuTables {
  menu_categories: readonly MenuCategories[]
  menu_items: readonly MenuItems[]
  menu_item_price: readonly MenuItemPrice[]
  menu_modifiers: readonly MenuModifiers[]
  menu_item_modifier: readonly (MenuItemModifier & { isRequired?: boolean })[]
}

const TINTS = 8
/** The order in which a person is asked. */
const GROUP_ORDER = ['option', 'add_on', 'removal']

/** What can be sold now, in the order of the menu. */
export function buildMenu(tables: MenuTables, decimals: number): Menu {
  const categories = tables.menu_categories
    .filter(({ isActive }) => isActive !== false)
    .sort((a, b) => (a.sortOrder ?? 0) - (b.sortOrder ?? 0))
    .map((record, index) => ({ id: record.id, record, tint: (index % TINTS) + 1 }))
  const categoryById = new Map(categories.map((category) => [category.id, category]))
  const prices = new Map<string, MenuItemPrice>()
  for (const price of tables.menu_item_price) {
    if (price.priceType !== 'base' || !price.itemId) continue
    if (price.isDefault || !prices.has(price.itemId)) prices.set(price.itemId, price)
  }
  const modifiers = new Map(tables.menu_modifiers.map((modifier) => [modifier.id, modifier]))
  const links = Map.groupBy(tables.menu_item_modifier, ({ itemId }) => itemId)
  const items = tables.menu_items
    .filter(({ isActive, categoryId }) => isActive !== false && categoryById.has(categoryId ?? ''))
    .map((record): MenuItem => {
      const category = categoryById.get(record.categoryId ?? '')!.record
      return {
        id: record.id,
        record,
        price: toMinor(prices.get(record.id)?.amount ?? record.basePrice, decimals),
        sectionId: record.kitchenSectionId ?? category.sectionId ?? null,
        groups: groupsOf(links.get(record.id) ?? [], modifiers, decimals),
        haystack: foldForSearch([record.nameAr, record.nameEn, record.sku].join(' ')),
      }
    })
  return { categories, items, byId: new Map(items.map((item) => [item.id, item])), modifiers }
}

function groupsOf(
  links: MenuTables['menu_item_modifier'],
  modifiers: ReadonlyMap<number, MenuModifiers>,
  decimals: number,
): ModifierGroup[] {
  const groups = new Map<string, ModifierGroup>()
  for (const { modifierId, isDefault, maxQuantity, isRequired } of links) {
    const modifier = modifiers.get(modifierId)
    if (!modifier || modifier.isActive === false) continue
    const type = modifier.modifierType ?? 'add_on'
    const group = groups.get(type) ?? { type, isRequired: false, modifiers: [] }
    groups.set(type, group)
    group.isRequired ||= isRequired === true
    group.modifiers.push({
      ...{ id: modifier.id, type, nameAr: modifier.nameAr ?? '', nameEn: modifier.nameEn ?? '' },
      price: toMinor(modifier.priceChange, decimals),
      max: Math.max(1, maxQuantity ?? 1),
      isDefault: isDefault === true,
    })
  }
  const rank = ({ type }: ModifierGroup) => (GROUP_ORDER.indexOf(type) + GROUP_ORDER.length) % GROUP_ORDER.length
  return [...groups.values()].sort((a, b) => rank(a) - rank(b))
}

/** Items whose name in either language, or whose number, has every word that was typed; names that begin so come first. */
export function searchMenu(menu: Menu, text: string): MenuItem[] {
  const words = foldForSearch(text)
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return []
  const found = menu.items.filter(({ haystack }) => words.every((word) => haystack.includes(word)))
  const begins = ({ haystack }: MenuItem) => (` ${haystack}`.includes(` ${words[0]}`) ? 0 : 1)
  return found.sort((a, b) => begins(a) - begins(b))
}

/** What is asked for most, when nothing else was chosen. */
export function favourites(menu: Menu): MenuItem[] {
  return menu.items
    .filter(({ record }) => typeof record.favoriteRank === 'number')
    .sort((a, b) => a.record.favoriteRank! - b.record.favoriteRank!)
}
