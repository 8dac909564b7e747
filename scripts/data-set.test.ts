import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readExpectedFields } from './seed-history/expected-fields.ts'

interface Field {
  name: string
  columnName: string
  type: string
  nullable: boolean
  primaryKey: boolean
  required?: boolean
  maxLength?: number
  precision?: number
  scale?: number
  shape?: string
  secret?: boolean
  values?: unknown[]
  aliases?: string[]
  references?: { table: string; column: string }
}

interface Table {
  name: string
  kind: 'transaction' | 'master'
  aliases: string[]
  locking?: string
  snapshot?: { window?: { field: string; days: number }; keep?: string }
  fields: Field[]
}

type Row = Record<string, unknown>
type Rule = { prefix: string; start: number; counterField?: string; format?: string; padding?: number }

const dataDir = join(import.meta.dirname, '..', 'data')
const tables = readJson<{ schema: { tables: Table[] } }>('schemas', 'pos_schema.json').schema.tables
const tableByName = new Map(tables.map((table) => [table.name, table]))
const branches = readJson<{ branches: Record<string, { timeZone: string; modules: string[] }> }>('branches.config.json')
const SINGLETONS = ['settings', 'shift_settings']

function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(dataDir, ...path), 'utf8')) as T
}

function readSeed(branchId: string): Record<string, Row[] | Row> {
  const path = ['branches', branchId, 'modules', 'pos', 'seeds', 'initial.json']
  return readJson<{ tables: Record<string, Row[] | Row> }>(...path).tables
}

function rowsOf(seed: Record<string, Row[] | Row>, table: string): Row[] {
  const rows = seed[table]
  return Array.isArray(rows) ? rows : []
}

function keyOf(table: Table, row: Row): string {
  const fields = table.fields.filter((field) => field.primaryKey)
  return fields.map((field) => String(row[field.name])).join('::')
}

describe('pos schema', () => {
  test('has the 45 tables, and every field with its column; types differ only where a shape says so', () => {
    const expected = readExpectedFields()
    expect(expected.size).toBe(45)
    expect(tables.map((table) => table.name).sort()).toEqual([...expected.keys()].sort())
    for (const [name, fields] of expected) {
      const table = tableByName.get(name)!
      for (const field of fields) {
        const actual = table.fields.find((candidate) => candidate.name === field.name)
        expect(actual, `${name}.${field.name}`).toBeDefined()
        expect(actual!.columnName, `${name}.${field.name}`).toBe(field.columnName)
        expect(actual!.shape === undefined ? actual!.type : field.type, `${name}.${field.name}`).toBe(field.type)
      }
      const extra = table.fields.filter((field) => !fields.some(({ name: known }) => known === field.name))
      expect(extra.map((field) => field.name)).toEqual(name === 'order_header' ? ['orderNumber'] : [])
    }
  })

  test('every table has a key, and a composite one where one column would lose records', () => {
    for (const table of tables) {
      const key = table.fields.filter((field) => field.primaryKey).map((field) => field.name)
      expect(key.length, table.name).toBeGreaterThan(0)
      if (key.length > 1) expect(table.fields.filter((f) => f.primaryKey && f.required).length).toBe(key.length)
    }
    const composite = tables.filter((table) => table.fields.filter((field) => field.primaryKey).length > 1)
    expect(composite.map((table) => table.name).sort()).toEqual([
      'category_sections',
      'menu_item_modifier',
      'reservation_table',
    ])
  })

  test('every decimal, and nothing else, declares 15 digits and a scale', () => {
    for (const table of tables) {
      for (const field of table.fields) {
        const isDecimal = field.type === 'decimal'
        expect(field.precision, `${table.name}.${field.name}`).toBe(isDecimal ? 15 : undefined)
        expect(typeof field.scale, `${table.name}.${field.name}`).toBe(isDecimal ? 'number' : 'undefined')
      }
    }
  })

  test('every reference names a table and the column of its key', () => {
    for (const table of tables) {
      for (const { name, references } of table.fields) {
        if (!references) continue
        const target = tableByName.get(references.table)
        const column = target?.fields.find((field) => field.columnName === references.column)
        expect(column?.primaryKey, `${table.name}.${name}`).toBe(true)
      }
    }
  })

  test('no name, alias, plural or singular can mean two tables', () => {
    const owners = new Map<string, string>()
    for (const table of tables) {
      for (const name of new Set([table.name, ...table.aliases])) {
        expect(owners.get(name), `${name} of ${table.name}`).toBeUndefined()
        owners.set(name, table.name)
      }
    }
    const guesses = new Map<string, Set<string>>()
    for (const [name, table] of owners) {
      for (const guess of [name.endsWith('s') ? name.slice(0, -1) : undefined, `${name}s`]) {
        if (guess === undefined || owners.has(guess)) continue
        guesses.set(guess, (guesses.get(guess) ?? new Set()).add(table))
      }
    }
    const ambiguous = [...guesses].filter(([, meant]) => meant.size > 1)
    expect(ambiguous).toEqual([])
    expect(owners.get('pos_terminal')).toBe('pos_terminal')
    expect(owners.get('pos_terminals')).toBe('pos_terminals')
  })

  test.each([
    ['orders', 'order_header'],
    ['order', 'order_header'],
    ['order_lines', 'order_line'],
    ['line_items', 'order_line'],
    ['payments', 'order_payment'],
    ['pos_payments', 'order_payment'],
    ['pos_shifts', 'pos_shift'],
    ['shift', 'pos_shift'],
    ['job_orders', 'job_order_header'],
    ['job_order_details', 'job_order_detail'],
    ['deliveries', 'order_delivery'],
    ['batches', 'job_order_batch'],
    ['tableLocks', 'table_lock'],
    ['auditEvents', 'audit_events'],
    ['stores', 'pos_database'],
    ['menu_item', 'menu_items'],
    ['add_ons', 'menu_modifiers'],
    ['removals', 'menu_modifiers'],
  ])('the alias %s means %s', (alias, name) => {
    expect(tableByName.get(name)!.aliases).toContain(alias)
  })

  test('no field alias is another field, or another alias, of its table', () => {
    for (const table of tables) {
      const seen = new Set(table.fields.flatMap((field) => [...new Set([field.name, field.columnName])]))
      const spellings = table.fields.flatMap((field) => [...new Set([field.name, field.columnName])])
      expect(spellings.length, table.name).toBe(seen.size)
      for (const alias of table.fields.flatMap((field) => field.aliases ?? [])) {
        expect(seen.has(alias), `${table.name}.${alias}`).toBe(false)
        seen.add(alias)
      }
    }
  })

  test('what a snapshot keeps names fields of its table, and references for kept()', () => {
    for (const table of tables) {
      if (table.kind === 'transaction') expect(table.snapshot, table.name).toBeDefined()
      const keep = table.snapshot?.keep ?? ''
      for (const [, name] of keep.matchAll(/record\.(\w+)/g)) {
        expect(table.fields.some((field) => field.name === name)).toBe(true)
      }
      for (const [, name] of keep.matchAll(/kept\(record\.(\w+)\)/g)) {
        expect(table.fields.find((field) => field.name === name)?.references, `${table.name}.${name}`).toBeDefined()
      }
    }
  })

  test('orders and their lines are locked, PINs are secret, little is required', () => {
    const locked = tables.filter((table) => table.locking === 'required').map((table) => table.name)
    expect(locked.sort()).toEqual(['order_header', 'order_line'])
    const named = (test: (field: Field) => unknown) =>
      tables.flatMap((table) => table.fields.filter(test).map((field) => `${table.name}.${field.name}`)).sort()
    expect(named((field) => field.secret)).toEqual(['employees.pinCode'])
    expect(named((field) => field.required && !field.primaryKey)).toEqual([
      'order_line.orderId',
      'order_payment.orderId',
    ])
    expect(named((field) => field.shape)).toEqual(['order_header.discount', 'order_header.notes', 'order_line.notes'])
  })
})

describe('configuration', () => {
  test('the module lists the tables of its schema', () => {
    const { modules } = readJson<{ modules: Record<string, { schemaFallbackPath: string; tables: string[] }> }>(
      'modules.json',
    )
    expect(modules.pos!.tables).toEqual(tables.map((table) => table.name))
    expect(existsSync(join(dataDir, '..', modules.pos!.schemaFallbackPath))).toBe(true)
  })

  test('two branches with a known time zone; no pattern and no default makes up others', () => {
    expect(Object.keys(branches.branches)).toEqual(['dar', 'remal'])
    expect(branches).toMatchObject({ patterns: [], defaults: [] })
    for (const branch of Object.values(branches.branches)) {
      expect(branch.modules).toEqual(['pos'])
      expect(() => new Intl.DateTimeFormat('en', { timeZone: branch.timeZone })).not.toThrow()
    }
  })

  test('sequence rules are those of the specification', () => {
    type Rules = Record<string, Record<string, Record<string, Rule>>>
    const rules = readJson<{ defaults: Rules; branches: Record<string, Rules> }>('sequence-rules.json')
    const id = (prefix: string, start: number) => ({ prefix, start, padding: 6, counterField: 'invoiceSequence' })
    expect(rules.defaults.pos!.order_header!.id).toEqual(id('POS', 1))
    expect(rules.branches.dar!.pos!.order_header).toEqual({
      id: id('DAR', 1001),
      orderNumber: { prefix: 'DAR', start: 10_000, format: '{prefix}-{number:05d}' },
    })
    expect(rules.branches.remal!.pos!.order_header!.id).toEqual(id('REM', 2001))
    expect(rules.defaults.pos!.order_return_header!.number!.prefix).toBe('RET')
  })
})

describe.each(['dar', 'remal'])('seed of %s', (branchId) => {
  const seed = readSeed(branchId)

  test('names known tables, and settings as plain objects', () => {
    for (const [name, rows] of Object.entries(seed)) {
      if (SINGLETONS.includes(name)) expect(Array.isArray(rows), name).toBe(false)
      else expect(tableByName.has(name), name).toBe(true)
    }
    expect(seed.settings).toMatchObject({ tax_rate: expect.any(Number), currency: expect.any(String) })
    expect(seed.shift_settings).toMatchObject({ opening_float: expect.any(Number), pin_length: expect.any(Number) })
  })

  test('no key stands twice, and every reference resolves', () => {
    const keys = new Map<string, Set<string>>()
    for (const table of tables) {
      const rows = rowsOf(seed, table.name)
      keys.set(table.name, new Set(rows.map((row) => keyOf(table, row))))
      expect(keys.get(table.name)!.size, table.name).toBe(rows.length)
    }
    for (const table of tables) {
      for (const row of rowsOf(seed, table.name)) {
        for (const field of table.fields) {
          const value = row[field.name]
          if (!field.references || value === null || value === undefined) continue
          const where = `${table.name}.${field.name} = ${String(value)}`
          expect(keys.get(field.references.table)!.has(String(value)), where).toBe(true)
        }
      }
    }
  })

  test('values fit their fields, and a column spelling never says something else', () => {
    for (const table of tables) {
      for (const row of rowsOf(seed, table.name)) {
        for (const field of table.fields) {
          const where = `${table.name}.${field.name} of ${keyOf(table, row)}`
          const value = row[field.name]
          if (row[field.columnName] !== undefined) expect(row[field.columnName], where).toEqual(value)
          if (value !== undefined) expect(problemOf(field, value), where).toBeNull()
        }
      }
    }
  })

  test('every text that guests or staff read stands in Arabic and in English', () => {
    for (const table of tables) {
      for (const row of rowsOf(seed, table.name)) {
        for (const [name, other] of [
          ['nameAr', 'nameEn'],
          ['descriptionAr', 'descriptionEn'],
        ] as const) {
          if (!table.fields.some((field) => field.name === name)) continue
          expect(row[name], `${table.name} ${keyOf(table, row)}`).toMatch(/[\u0600-\u06ff]/)
          expect(row[other], `${table.name} ${keyOf(table, row)}`).toMatch(/[A-Za-z]/)
          expect(row[other]).not.toMatch(/[\u0600-\u06ff]/)
        }
      }
    }
  })

  test('menu items carry the nested keys of clients in the field', () => {
    for (const item of rowsOf(seed, 'menu_items')) {
      expect(item).toMatchObject({
        category_id: item.categoryId,
        kitchen_section_id: item.kitchenSectionId,
        item_name: { ar: item.nameAr, en: item.nameEn },
        item_description: { ar: item.descriptionAr, en: item.descriptionEn },
        pricing: { base: item.basePrice },
        media: { image: expect.stringMatching(/^\/media\/items\/.+\.webp$/) },
      })
    }
  })

  test('PINs have 4 to 6 digits, differ, and stand under the secret field only', () => {
    const employees = rowsOf(seed, 'employees')
    const pins = employees.map((employee) => String(employee.pinCode))
    expect(new Set(pins).size).toBe(pins.length)
    for (const pin of pins) expect(pin).toMatch(/^\d{4,6}$/)
    expect(employees.filter((employee) => 'pin_code' in employee || 'pin' in employee)).toEqual([])
  })

  test('has the ids that the specification and clients in the field use', () => {
    const ids = (table: string) => rowsOf(seed, table).map((row) => row.id)
    expect(ids('order_types')).toEqual(expect.arrayContaining(['dine_in', 'takeaway', 'delivery']))
    expect(ids('order_statuses')).toEqual(
      expect.arrayContaining(
        'open pending held cooking ready served closed completed cancelled void refunded returned'.split(' '),
      ),
    )
    expect(ids('order_stages')).toEqual(expect.arrayContaining(['new', 'preparing', 'ready', 'delivered', 'paid']))
    expect(ids('order_line_statuses')).toEqual(expect.arrayContaining(['queued', 'cooking', 'ready', 'served']))
    expect(ids('order_payment_state')).toEqual(expect.arrayContaining(['unpaid', 'partial', 'paid', 'refunded']))
  })
})

test('the restaurant is large enough to look real', () => {
  const seed = readSeed('dar')
  const counts = (table: string) => rowsOf(seed, table).length
  expect(counts('menu_categories')).toBeGreaterThanOrEqual(12)
  expect(counts('menu_items')).toBeGreaterThanOrEqual(120)
  expect(counts('menu_modifiers')).toBeGreaterThanOrEqual(40)
  expect(counts('kitchen_sections')).toBe(8)
  expect(counts('dining_tables')).toBe(40)
  expect(counts('employees')).toBe(15)
  expect(rowsOf(seed, 'menu_items').some((item) => item.id === 'item-burger')).toBe(true)
  const cafe = readSeed('remal')
  expect(['menu_categories', 'dining_tables', 'employees'].map((table) => rowsOf(cafe, table).length)).toEqual([
    4, 10, 5,
  ])
})

/** What is wrong with a value, or null. */
function problemOf(field: Field, value: unknown): string | null {
  if (value === null) return field.nullable ? null : 'null'
  if (field.values && !field.values.includes(value)) return 'not one of the values'
  if (field.maxLength !== undefined && String(value).length > field.maxLength) return 'too long'
  switch (field.type) {
    case 'string':
    case 'text':
      return typeof value === 'string' ? null : 'not a text'
    case 'integer':
      return Number.isInteger(value) ? null : 'not an integer'
    case 'boolean':
      return typeof value === 'boolean' ? null : 'not a boolean'
    case 'decimal':
      return typeof value === 'number' && Number(value.toFixed(field.scale)) === value ? null : 'too many digits'
    case 'timestamp':
      return new Date(String(value)).toISOString() === value ? null : 'not a time'
    default:
      return null
  }
}
