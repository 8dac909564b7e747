import { type Minor, toMinor } from './money.ts'

/** The `tables` object of a seed file: lists of records, and single objects such as `settings`. */
export type SeedTables = Record<string, unknown>

export interface CatalogueItem {
  id: string
  sku: string
  nameAr: string
  nameEn: string
  categoryId: string
  sectionId: string
  price: Minor
  /** How much more often than an ordinary item of its category it is ordered. */
  popularity: number
  modifiers: CatalogueModifier[]
}

export interface CatalogueModifier {
  id: number
  type: string
  nameAr: string
  nameEn: string
  priceChange: Minor
}

export interface Person {
  id: string
  name: string
  role: string
}

export interface Customer {
  id: string
  name: string
  addressId: string | null
}

/** What a day of orders is made from, read from a branch's seed. */
export interface Catalogue {
  items: CatalogueItem[]
  tables: { id: string; label: string; seats: number }[]
  cashiers: Person[]
  waiters: Person[]
  cooks: Person[]
  managers: Person[]
  orderTypes: string[]
  paymentMethods: { id: string; isCash: boolean; needsReference: boolean }[]
  drivers: { id: number; name: string }[]
  customers: Customer[]
  terminals: { id: string; code: string; label: string; number: number }[]
  taxRate: number
  serviceRate: number
  deliveryFee: Minor
  openingFloat: Minor
}

type Row = Record<string, unknown>

/** Reads a seed into a catalogue; throws when it lacks what an order cannot do without. */
export function parseCatalogue(seed: SeedTables): Catalogue {
  const settings = readObject(seed, 'settings')
  const employees = readRows(seed, 'employees').map((row) => ({
    id: text(row.id),
    name: text(row.fullName),
    role: text(row.role),
  }))
  const byRole = (...roles: string[]) => employees.filter((employee) => roles.includes(employee.role))
  const managers = atLeastOne(byRole('manager', 'supervisor'), employees)
  const cashiers = atLeastOne(byRole('cashier'), managers)
  const catalogue: Catalogue = {
    items: readItems(seed),
    tables: readRows(seed, 'dining_tables').map((row) => ({
      id: text(row.id),
      label: text(row.name),
      seats: amount(row.seats),
    })),
    cashiers,
    waiters: atLeastOne(byRole('waiter'), cashiers),
    cooks: atLeastOne(byRole('chef', 'kitchen', 'barista'), employees),
    managers,
    orderTypes: readRows(seed, 'order_types').map((row) => text(row.id)),
    paymentMethods: readRows(seed, 'payment_methods').map((row) => ({
      id: text(row.id),
      isCash: row.type === 'cash',
      needsReference: row.requiresReference === true,
    })),
    drivers: readRows(seed, 'delivery_drivers').map((row) => ({ id: amount(row.id), name: text(row.name) })),
    customers: readCustomers(seed),
    terminals: readRows(seed, 'pos_terminals').map((row) => ({
      id: text(row.id),
      code: text(row.code),
      label: text(row.label),
      number: amount(row.number),
    })),
    taxRate: amount(settings.tax_rate),
    serviceRate: amount(settings.service_charge_rate),
    deliveryFee: toMinor(amount(settings.default_delivery_fee)),
    openingFloat: toMinor(amount(readObject(seed, 'shift_settings').opening_float)),
  }
  for (const name of ['items', 'cashiers', 'orderTypes', 'paymentMethods', 'terminals'] as const) {
    if (catalogue[name].length === 0) throw new Error(`The seed has no ${name}.`)
  }
  return catalogue
}

function readItems(seed: SeedTables): CatalogueItem[] {
  const modifiers = new Map<number, CatalogueModifier>()
  for (const row of readRows(seed, 'menu_modifiers')) {
    modifiers.set(amount(row.id), {
      id: amount(row.id),
      type: text(row.modifierType),
      nameAr: text(row.nameAr),
      nameEn: text(row.nameEn),
      priceChange: toMinor(amount(row.priceChange)),
    })
  }
  const modifiersOfItem = new Map<string, CatalogueModifier[]>()
  for (const row of readRows(seed, 'menu_item_modifier')) {
    const modifier = modifiers.get(amount(row.modifierId))
    if (!modifier) continue
    const list = modifiersOfItem.get(text(row.itemId))
    if (list) list.push(modifier)
    else modifiersOfItem.set(text(row.itemId), [modifier])
  }
  return readRows(seed, 'menu_items')
    .filter((row) => row.isActive !== false)
    .map((row) => ({
      id: text(row.id),
      sku: text(row.sku),
      nameAr: text(row.nameAr),
      nameEn: text(row.nameEn),
      categoryId: text(row.categoryId),
      sectionId: text(row.kitchenSectionId),
      price: toMinor(amount(row.basePrice)),
      popularity: typeof row.favoriteRank === 'number' ? 6 : 1,
      modifiers: modifiersOfItem.get(text(row.id)) ?? [],
    }))
}

function readCustomers(seed: SeedTables): Customer[] {
  const addresses = readRows(seed, 'customer_addresses')
  return readRows(seed, 'customer_profiles').map((row) => {
    const own = addresses.filter((address) => address.customerId === row.id)
    const chosen = own.find((address) => address.isPrimary === true) ?? own[0]
    return { id: text(row.id), name: text(row.name), addressId: chosen ? text(chosen.id) : null }
  })
}

function readRows(seed: SeedTables, table: string): Row[] {
  const rows = seed[table]
  return Array.isArray(rows) ? (rows as Row[]) : []
}

function readObject(seed: SeedTables, table: string): Row {
  const value = seed[table]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row) : {}
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function amount(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function atLeastOne<T>(list: T[], otherwise: T[]): T[] {
  return list.length > 0 ? list : otherwise
}
