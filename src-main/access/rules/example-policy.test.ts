import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { type Question, type Reply, startTestServer, type TestServer } from '../../server/http/testing.ts'
import { CHEAP_COST } from '../testing.ts'

const EXAMPLE = resolve(import.meta.dirname, '../../../docs/examples/policy.json')
const PASSWORD = 'a long password'

let server: TestServer
const folder = mkdtempSync(join(tmpdir(), 'mishkah-example-policy-'))
const tokens: Record<string, string> = {}

beforeAll(async () => {
  mkdirSync(join(folder, 'config'))
  copyFileSync(EXAMPLE, join(folder, 'config', 'policy.json'))
  server = await startTestServer({ dataDir: folder, hashCost: CHEAP_COST, rateLimit: false, adminPassword: PASSWORD })
  await signIn('admin')
  for (const role of ['manager', 'cashier', 'waiter', 'kitchen', 'bookkeeper']) {
    const body = { user: role, role, password: PASSWORD }
    expect((await ask('admin', { method: 'POST', path: '/api/manage/people', body })).status).toBe(201)
    await signIn(role)
  }
  await put('order_header', { id: 'open', shiftId: 's', statusId: 'open', totalDue: 10 })
  await put('order_header', { id: 'closed', shiftId: 's', statusId: 'closed', totalDue: 10 })
  await put('order_line', { id: 'line', orderId: 'open', itemId: 'tea', unitPrice: 3 })
  await put('order_payment', { id: 'paid', orderId: 'closed', paymentMethodId: 'cash', amount: 10, shiftId: 's' })
  await put('audit_events', { id: 'event', action: 'opened' })
  await put('employees', { id: 'mona', fullName: 'Mona', phone: '4711', pinCode: '7391' })
  await put('customer_profiles', { id: 'guest', name: 'Guest', phone: '4712' })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function signIn(user: string): Promise<void> {
  const { body } = await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password: PASSWORD } })
  tokens[user] = String(body.accessToken)
}

async function ask(user: string, question: Question): Promise<Reply> {
  return await server.ask({ ...question, headers: { Authorization: `Bearer ${tokens[user]}` } })
}

async function put(table: string, record: object): Promise<void> {
  const reply = await ask('admin', { method: 'POST', path: `tables/${table}`, body: record })
  expect([table, reply.status, reply.body.message]).toEqual([table, 201, undefined])
}

interface Given extends JsonObject {
  id: string
}

/** What a change is answered with: its code and rule, or its status. */
async function change(user: string, method: string, table: string, record: Given): Promise<unknown> {
  const { version } = (await read('admin', table, record.id)) as { version?: number }
  const sent = method === 'POST' ? record : { ...record, version }
  const { status, body } = await ask(user, { method, path: `tables/${table}`, body: sent })
  const { rule } = (body.details ?? {}) as { rule?: string }
  return status < 300 ? status : [body.error, rule]
}

async function read(user: string, table: string, id: string): Promise<unknown> {
  const { body } = await ask(user, { path: `tables/${table}?id=${id}` })
  return body.record ?? body
}

test('prices are set once, the money of a closed order stays, its stages move', async () => {
  const line = { id: 'mine', orderId: 'open', itemId: 'tea', unitPrice: 3 }
  expect(await change('waiter', 'POST', 'order_line', line)).toBe(201)
  const cheaper = { id: 'line', unitPrice: 2 }
  expect(await change('cashier', 'PATCH', 'order_line', cheaper)).toEqual(['field-not-writable', 'price-is-set-once'])
  expect(await change('cashier', 'PATCH', 'order_line', { id: 'line', unitPrice: 3, quantity: 2 })).toBe(200)
  expect(await change('manager', 'PATCH', 'order_line', cheaper)).toBe(200)
  expect(await change('cashier', 'PATCH', 'order_header', { id: 'open', totalDue: 11 })).toBe(200)
  const less = { id: 'closed', totalDue: 1 }
  expect(await change('cashier', 'PATCH', 'order_header', less)).toEqual(['field-not-writable', 'closed-figures-stay'])
  expect(await change('kitchen', 'PATCH', 'order_header', { id: 'closed', stageId: 'ready' })).toBe(200)
  expect(await change('manager', 'PATCH', 'order_header', less)).toBe(200)
})

test('orders, payments and audit events are kept; refunds and the menu are for managers', async () => {
  expect(await change('manager', 'DELETE', 'order_header', { id: 'open' })).toEqual(['forbidden', 'orders-are-kept'])
  const other = { id: 'paid', amount: 1 }
  expect(await change('manager', 'PATCH', 'order_payment', other)).toEqual(['forbidden', 'payments-are-kept'])
  expect(await change('admin', 'DELETE', 'audit_events', { id: 'event' })).toEqual([
    'forbidden',
    'audit-events-are-kept',
  ])
  expect(await change('cashier', 'POST', 'audit_events', { id: 'more', action: 'drawer' })).toBe(201)
  const refund = { id: 'r', paymentId: 'paid', amount: 1, shiftId: 's', reason: 'cold' }
  expect(await change('cashier', 'POST', 'order_refund', refund)).toEqual(['forbidden', 'refunds-by-managers'])
  expect(await change('manager', 'POST', 'order_refund', refund)).toBe(201)
  expect(await change('cashier', 'POST', 'menu_items', { id: 'x' })).toEqual(['forbidden', 'menu-by-managers'])
})

test('numbers of people are for those who need them, PINs for nobody; a bookkeeper sees what is finished', async () => {
  expect(await read('manager', 'employees', 'mona')).toMatchObject({ fullName: 'Mona', phone: '4711' })
  for (const user of ['admin', 'manager']) expect(await read(user, 'employees', 'mona')).not.toHaveProperty('pinCode')
  expect(await read('cashier', 'employees', 'mona')).not.toHaveProperty('phone')
  expect(await read('cashier', 'customer_profiles', 'guest')).toMatchObject({ phone: '4712' })
  expect(await read('kitchen', 'customer_profiles', 'guest')).not.toHaveProperty('phone')
  expect(await read('bookkeeper', 'order_header', 'closed')).toMatchObject({ id: 'closed' })
  expect((await ask('bookkeeper', { path: 'tables/order_header' })).text).not.toContain('"open"')
  expect(await read('bookkeeper', 'employees', 'mona')).toMatchObject({ error: 'forbidden' })
  expect((await ask('waiter', { path: 'tables/audit_events' })).text).not.toContain('"event"')
})
