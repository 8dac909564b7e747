import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { defaultsDir } from '../../config/paths.ts'
import { parseModule } from '../../store/open-module.ts'
import type { Principal } from '../principal.ts'
import { findAreaWord, findTableWord } from '../roles/permissions.ts'
import { RoleStore } from '../roles/role-store.ts'
import type { ModuleRights } from './module-rights.ts'
import { parsePolicy } from './policy.ts'
import { Rights } from './rights.ts'

const schema = JSON.parse(readFileSync(join(defaultsDir, 'schemas', 'pos_schema.json'), 'utf8')) as JsonObject
const definition = parseModule({ moduleId: 'pos', schema, objects: [], secretFields: {} }, schema)

const person = (roleId: string, permissions: string[], more: Partial<Principal> = {}): Principal => ({
  ...{ kind: 'person', uid: 'u1', name: 'Sara', deviceId: null, roleId, branchIds: null, permissions },
  ...{ sessionId: null, expiresAt: null },
  ...more,
})
const WAITER = person('waiter', ['read:*', 'write:*'])

function rightsOf(rules: object[], principal = WAITER): ModuleRights {
  return new Rights(parsePolicy({ rules })).of(principal, definition, 'dar')
}

function settings() {
  const values = new Map<string, string>()
  return {
    findSetting: (key: string) => values.get(key),
    setSetting: (key: string, value: string) => void values.set(key, value),
  }
}

describe('permissions', () => {
  test.each([
    [['*'], 'order_header', 'delete', true],
    [['read:*'], 'order_header', 'insert', false],
    [['write:*'], 'order_header', 'read', false],
    [['write:orders'], 'order_payment', 'delete', true],
    [['read:orders'], 'order_line_statuses', 'read', false],
    [['update:order_line'], 'order_line', 'update', true],
    [['update:order_lines'], 'order_line', 'update', true],
    [['update:order_line'], 'order_line', 'insert', false],
    [['read:menu'], 'menu_item_price', 'read', true],
    [['read:payments'], 'order_payment', 'read', true],
    [['read:nothing_of_ours'], 'order_payment', 'read', false],
    [['manage:*'], 'order_payment', 'read', false],
  ] as const)('%j on %s for %s: %s', (words, table, action, isAllowed) => {
    expect(findTableWord(words, definition, table, action) !== undefined).toBe(isAllowed)
  })

  test('areas of management', () => {
    expect(findAreaWord(['manage:backups'], 'backups')).toBe('manage:backups')
    expect(findAreaWord(['manage:backups', 'write:*'], 'people')).toBeUndefined()
    expect(findAreaWord(['*'], 'people')).toBe('*')
  })
})

describe('roles', () => {
  test('custom roles outlive the store and built-in ones cannot be changed', () => {
    const place = settings()
    const roles = new RoleStore(place)
    roles.save({ roleId: 'runner', label: 'Runner', permissions: ['read:orders'] })
    expect(new RoleStore(place).find('runner')).toEqual({
      ...{ roleId: 'runner', label: 'Runner', permissions: ['read:orders'], isBuiltIn: false },
    })
    expect(() => roles.save({ roleId: 'admin', permissions: [] })).toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    )
    expect(() => roles.remove('cashier')).toThrow(expect.objectContaining({ code: 'forbidden' }))
    expect(() => roles.remove('nobody')).toThrow(expect.objectContaining({ code: 'role-not-found' }))
    roles.remove('runner')
    expect(new RoleStore(place).find('runner')).toBeUndefined()
  })

  test.each([[['fly:orders']], [['manage:everything']], [[5]], [['read:']]])('%j is refused', (permissions) => {
    expect(() => new RoleStore(settings()).save({ roleId: 'x', permissions })).toThrow(
      expect.objectContaining({ code: 'invalid-policy' }),
    )
  })
})

describe('a policy is refused as a whole, with the rule named', () => {
  test.each<[string, object]>([
    ['no expression', { id: 'a', table: 'order_header' }],
    ['a broken expression', { id: 'a', table: 'order_header', read: 'record.x ==' }],
    ['an unknown member', { id: 'a', table: 'order_header', read: 'true', when: 1 }],
    ['an action of a field rule', { id: 'a', table: 'order_header', fields: ['x'], insert: 'true' }],
  ])('%s', (_what, rule) => {
    expect(() => parsePolicy({ rules: [rule] })).toThrow(expect.objectContaining({ code: 'invalid-policy' }))
  })

  test.each<[string, object]>([
    ['a text against a number', { table: 'order_header', read: "record.version == '1'" }],
    ['an unknown name of the caller', { table: 'order_header', read: "auth.password == 'x'" }],
    ['previous in a read', { table: 'order_header', read: "previous.statusId == 'open'" }],
    ['kept()', { table: 'order_line', read: 'kept(record.orderId)' }],
    ['a text as a condition', { table: 'order_header', read: 'record.statusId' }],
    ['an order with null', { table: 'order_header', read: 'record.shiftId < null' }],
    ['the key as a field', { table: 'order_header', fields: ['id'], read: 'false' }],
    ['a bare number', { table: 'order_header', read: '1' }],
  ])('%s', (_what, rule) => {
    const rights = new Rights(parsePolicy({ rules: [{ id: 'a', ...rule }] }))
    expect(() => rights.check(definition)).toThrow(expect.objectContaining({ code: 'invalid-policy' }))
  })

  test('the same id twice', () => {
    const rule = { id: 'a', table: '*', read: true }
    expect(() => parsePolicy({ rules: [rule, rule] })).toThrow(expect.objectContaining({ code: 'invalid-policy' }))
  })
})

describe('rights', () => {
  const own = { id: 'own', table: 'orders', roles: ['waiter'], read: 'record.shift_id == auth.uid' }

  test('a rule means its table by any name, its fields under any spelling, and its roles only', () => {
    const rights = rightsOf([{ ...own, table: 'order_headers' }])
    const header = rights.of('order_header')
    expect(rights.isVisible(header, { id: '1', shiftId: 'u1' })).toBe(true)
    expect(rights.isVisible(header, { id: '1', shiftId: 'u2' })).toBe(false)
    expect(rights.isVisible(header, { id: '1' })).toBe(false)
    expect(rightsOf([own], person('cashier', ['read:*', 'write:*'])).isUnrestricted).toBe(true)
  })

  test('who has the same rights shares them; who does not, does not', () => {
    const rights = new Rights(parsePolicy({ rules: [own] }))
    const of = (principal: Principal) => rights.of(principal, definition, 'dar')
    expect(of(WAITER)).toBe(of({ ...WAITER, name: 'again' }))
    expect(of(WAITER)).not.toBe(of({ ...WAITER, uid: 'u2' }))
    const cashier = person('cashier', ['read:*'])
    expect(of(cashier)).toBe(of({ ...cashier, uid: 'u2' }))
  })

  test('conditions on the caller alone are worked out beforehand', () => {
    const rights = rightsOf([
      { id: 'a', table: 'order_line', read: "auth.role == 'waiter' or record.statusId == 'x'" },
      { id: 'b', table: 'order_payment', read: "auth.role == 'cashier' and record.amount > 0" },
    ])
    expect(rights.of('order_line').rows.read).toEqual([])
    expect(rights.of('order_payment').rows.read).toEqual([{ rule: 'b', expression: { kind: 'literal', value: false } }])
  })

  test('a hidden field is hidden under every spelling', () => {
    const rights = rightsOf([{ id: 'price', table: 'order_line', fields: ['unitPrice'], read: "auth.role == 'admin'" }])
    const places = rights.hiddenPlaces(rights.of('order_line'), {})
    expect(places).toContainEqual(['unitPrice'])
    expect(places).toContainEqual(['unit_price'])
  })

  test('before the first manager everything is open, whatever the policy says', () => {
    const rights = rightsOf([{ id: 'x', table: '*', read: false }], { ...WAITER, kind: 'setup', permissions: ['*'] })
    expect(rights.isUnrestricted).toBe(true)
  })
})

test('the policy of docs/rules.md can be kept', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/rules.md'), 'utf8')
  const example = /```json\n(\{\n {2}"roles"[\s\S]*?)\n```/.exec(text)![1]!
  const policy = parsePolicy(JSON.parse(example))
  expect(policy.rules.length).toBeGreaterThan(3)
  new Rights(policy).check(definition)
})
