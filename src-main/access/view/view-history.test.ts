import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defaultsDir } from '../../config/paths.ts'
import { silentLog } from '../../lib/log.ts'
import type { ModuleStore, Store } from '../../store/api.ts'
import { openStore } from '../../store/open-store.ts'
import type { Principal } from '../principal.ts'
import { SETUP_PRINCIPAL } from '../principal.ts'
import { parsePolicy } from '../rules/policy.ts'
import { Rights } from '../rules/rights.ts'
import { Guard } from './guard.ts'
import { ViewHistory } from './view-history.ts'

const folder = mkdtempSync(join(tmpdir(), 'mishkah-view-history-'))
let store: Store
let whole: ModuleStore
beforeAll(async () => {
  store = await openStore({ dataDir: folder, defaultsDir, log: silentLog, legacyClients: false })
  whole = store.getBranch('dar').getModule('pos')
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const HIDING = [{ id: 'pin', table: 'employees', fields: ['phone'], roles: ['waiter'], read: false }]
const tablet = (roleId: string, uid: string | null = null): Principal => ({
  ...{ kind: uid === null ? 'device' : 'person', uid, name: 'x', deviceId: 'd1', roleId, branchIds: null },
  ...{ permissions: ['read:*', 'write:orders'], sessionId: 's', expiresAt: null },
})
const seen = (principal: Principal, rules: object[] = HIDING): ModuleStore =>
  new Guard(new Rights(parsePolicy({ rules }))).moduleFor(principal, whole)
const at = (ahead: number): { epoch: number; seq: number } => {
  const { epoch, seq } = whole.head()
  return { epoch, seq: seq + ahead }
}

test('a view begins at the head; cursors up to there are of another one, over restarts too', () => {
  const waiter = tablet('waiter')
  const first = new ViewHistory(store.system)
  expect(first.continues(waiter, seen(waiter), at(0))).toBe(false)
  const later = new ViewHistory(store.system)
  expect([-5, 0, 1].map((ahead) => later.continues(waiter, seen(waiter), at(ahead)))).toEqual([false, false, true])
  // Another branch of the log is refused by the delta itself.
  expect(later.continues(waiter, seen(waiter), { epoch: at(0).epoch + 1, seq: 0 })).toBe(true)
})

test('who starts anew as the first reader of a device has no older data', () => {
  const history = new ViewHistory()
  const waiter = tablet('waiter')
  expect(history.continues(waiter, seen(waiter), undefined)).toBe(true)
  expect(history.continues(waiter, seen(waiter), at(0))).toBe(true)
})

test('a device has one copy of the data, whoever signs in; who sees everything leaves no trace unless rights were less', () => {
  const history = new ViewHistory()
  const [waiter, cashier] = [tablet('waiter', 'mona'), tablet('cashier', 'omar')]
  expect(history.continues(cashier, seen(cashier), at(0))).toBe(true)
  expect(history.continues(waiter, seen(waiter), at(0))).toBe(false)
  expect(history.continues(cashier, seen(cashier), at(0))).toBe(false)
  expect(history.continues(cashier, seen(cashier), at(1))).toBe(true)
  expect(history.continues(SETUP_PRINCIPAL, whole, at(0))).toBe(true)
})

test('a view is what is seen: rules about writing and other roles are none of it, conditions are', () => {
  const keyOf = (rules: object[]): string | undefined => {
    const principal = tablet('waiter', 'mona')
    const { definition, branchId } = whole
    return new Rights(parsePolicy({ rules })).of(principal, definition, branchId).viewKey
  }
  const row = { id: 'r', table: 'order_header', roles: ['waiter'] }
  expect(keyOf([{ ...row, update: false }])).toBe('')
  expect(keyOf([{ ...row, roles: ['kitchen'], read: false }])).toBe('')
  const own = keyOf([{ ...row, read: 'record.openedBy == auth.uid' }])
  expect(own).toMatch(/^[\w-]{16}$/)
  expect(keyOf([{ ...row, id: 'renamed', read: 'record.openedBy == auth.uid', update: false }])).toBe(own)
  expect(keyOf([{ ...row, read: "record.openedBy == 'mona'" }])).toBe(own)
  expect(keyOf([{ ...row, read: "record.openedBy == 'omar'" }])).not.toBe(own)
  expect(keyOf(HIDING)).not.toBe(own)
})

test('a disk that takes nothing keeps nobody from reading', () => {
  const full = {
    findSetting: () => undefined,
    setSetting() {
      throw new Error('database or disk is full')
    },
  }
  const history = new ViewHistory(full)
  const waiter = tablet('waiter')
  expect([1, 2].map(() => history.continues(waiter, seen(waiter), at(0)))).toEqual([false, false])
})
