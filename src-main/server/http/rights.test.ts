import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isPublicDoor } from '../../access/sign-in/public-doors.ts'
import { CHEAP_COST } from '../../access/testing.ts'
import { type Frame, TestClient } from '../sync/testing.ts'
import { routes } from './routes.ts'
import { MODULE, type Question, type Reply, startTestServer, type TestServer } from './testing.ts'

const PASSWORD = 'a long password'
const POLICY = {
  roles: {
    runner: { permissions: ['read:orders', 'update:order_line', 'insert:order_line'] },
    auditor: { permissions: ['read:*', 'manage:roles'] },
  },
  rules: [
    { id: 'own-tables', table: 'orders', roles: ['waiter'], read: 'record.tableId == auth.uid', write: true },
    { id: 'open-only', table: 'order_line', roles: ['waiter'], update: "record.statusId == 'open'" },
    { id: 'price', table: 'order_line', fields: ['unitPrice'], exceptRoles: ['admin'], write: 'previous.id == null' },
    { id: 'pin', table: 'employees', fields: ['phone'], exceptRoles: ['admin'], read: false },
  ],
}

let server: TestServer
const folder = mkdtempSync(join(tmpdir(), 'mishkah-rights-'))
const tokens: Record<string, string> = {}
const uids: Record<string, string> = {}

beforeAll(async () => {
  mkdirSync(join(folder, 'config'))
  writeFileSync(join(folder, 'config', 'policy.json'), JSON.stringify(POLICY))
  server = await startTestServer({ dataDir: folder, hashCost: CHEAP_COST, rateLimit: false, adminPassword: PASSWORD })
  await signIn('admin')
  for (const role of ['waiter', 'cashier', 'runner', 'auditor', 'manager']) {
    await ask('admin', { method: 'POST', path: '/api/manage/people', body: { user: role, role, password: PASSWORD } })
    await signIn(role)
  }
  const remal = { user: 'elsewhere', role: 'cashier', password: PASSWORD, branches: ['remal'] }
  await ask('admin', { method: 'POST', path: '/api/manage/people', body: remal })
  await signIn('elsewhere')
  const line = { orderId: 'o1', itemId: 'tea', unitPrice: 3 }
  await put('order_header', { id: 'mine', shiftId: 's', tableId: uids.waiter })
  await put('order_header', { id: 'theirs', shiftId: 's', tableId: 't2' })
  await put('order_line', { ...line, id: 'open', statusId: 'open' })
  await put('order_line', { ...line, id: 'done', statusId: 'done' })
  await put('employees', { id: 'e1', fullName: 'Mona', phone: '4711' })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function signIn(user: string): Promise<void> {
  const { body } = await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password: PASSWORD } })
  tokens[user] = (body as Frame).accessToken
  uids[user] = (body as Frame).user.id
}

async function ask(user: string, question: Question): Promise<Reply> {
  return await server.ask({ ...question, headers: { Authorization: `Bearer ${tokens[user]}`, ...question.headers } })
}

async function put(table: string, record: object): Promise<void> {
  const reply = await ask('admin', { method: 'POST', path: `tables/${table}`, body: record })
  expect([table, reply.status, reply.body.error]).toEqual([table, 201, undefined])
}

const names = routes.map(({ method, path, permission }) => ({ name: `${method} ${path}`, method, path, permission }))
const pathOf = (path: string): string =>
  path
    .replace(':branchId', 'dar')
    .replace(':moduleId', 'pos')
    .replace(/[:*](\w+)/g, 'x')

describe('every route', () => {
  test('has a permission; the public ones are those that answer without signing in, and they are few', () => {
    expect(names.filter(({ permission }) => !/^(public|signed-in|table|manage:[a-z]+)$/.test(permission))).toEqual([])
    const open = names.filter(({ permission }) => permission === 'public')
    expect(open.filter(({ method, path }) => !isPublicDoor(method, path))).toEqual([])
    expect(
      names.filter(({ method, path, permission }) => permission !== 'public' && isPublicDoor(method, path)),
    ).toEqual([])
    expect(open.length).toBeLessThan(20)
  })

  test('is closed to strangers unless it is public', async () => {
    for (const { name, method, path, permission } of names) {
      const reply = await server.ask({ method, path: pathOf(path) })
      if (permission !== 'public') expect([name, reply.status, reply.body.error]).toEqual([name, 401, 'unauthorized'])
      else expect([name, reply.body.error === 'unauthorized']).toEqual([name, false])
    }
  })

  test('of the management is closed to a role without the permission, which the refusal names', async () => {
    for (const { name, method, path, permission } of names) {
      if (!permission.startsWith('manage:')) continue
      const reply = await ask('cashier', { method, path: pathOf(path), body: method === 'GET' ? undefined : {} })
      expect([name, reply.status, reply.body.error]).toEqual([name, 403, 'forbidden'])
      expect([name, reply.body.details]).toEqual([name, { rule: `permission ${permission}`, permission }])
    }
  })
})

describe('reading', () => {
  test('rows that a rule hides are not there, by any door', async () => {
    const { body } = await ask('waiter', { path: 'tables/order_header' })
    expect((body as Frame).rows.map(({ id }: Frame) => id)).toEqual(['mine'])
    expect((await ask('waiter', { path: 'tables/orders?id=theirs' })).body.count).toBe(0)
    expect((await ask('waiter', { path: 'orders/theirs' })).body.error).toBe('order-not-found')
    expect((await ask('waiter', { path: 'tables/order_header?id=mine' })).body.count).toBe(1)
    expect((await ask('manager', { path: 'tables/order_header' })).body.count).toBe(2)
  })

  test('a hidden field is gone, and can be neither a condition nor an order', async () => {
    const { rows } = (await ask('cashier', { path: 'tables/employees?id=e1' })).body as Frame
    expect([rows[0].fullName, 'phone' in rows[0]]).toEqual(['Mona', false])
    for (const more of [{ where: { phone: '4711' } }, { orderBy: 'phone' }]) {
      const query = { branchId: 'dar', moduleId: 'pos', table: 'employees', ...more }
      const reply = await ask('cashier', { method: 'POST', path: '/api/query/module', body: query })
      expect(reply.body.error).toBe('invalid-request')
    }
  })

  test('a table without permission is refused by name and empty in the snapshot', async () => {
    const reply = await ask('runner', { path: 'tables/employees' })
    expect([reply.status, reply.body.details]).toMatchObject([403, { rule: 'permission read:employees' }])
    const { tables } = (await ask('runner', { path: MODULE })).body as Frame
    expect([tables.employees, tables.order_header.length]).toEqual([[], 2])
  })

  test('answers to the same address differ by rights, and so do their tags', async () => {
    const [waiter, manager] = [
      await ask('waiter', { path: 'tables/order_header' }),
      await ask('manager', { path: 'tables/order_header' }),
    ]
    expect(waiter.headers.etag).not.toBe(manager.headers.etag)
    const again = await ask('waiter', {
      path: 'tables/order_header',
      headers: { 'If-None-Match': manager.headers.etag! },
    })
    expect([again.status, again.body.count]).toEqual([200, 1])
    expect(
      (await ask('waiter', { path: 'tables/order_header', headers: { 'If-None-Match': waiter.headers.etag! } })).status,
    ).toBe(304)
  })

  test('another branch is not found', async () => {
    const reply = await ask('elsewhere', { path: 'tables/order_header' })
    expect([reply.status, reply.body.error]).toEqual([404, 'branch-not-found'])
    const { branches } = (await ask('elsewhere', { path: '/api/branches' })).body as Frame
    expect(branches.map(({ id }: Frame) => id)).toEqual(['remal'])
  })
})

describe('writing', () => {
  const patch = (user: string, table: string, record: object): Promise<Reply> =>
    ask(user, { method: 'PATCH', path: `tables/${table}`, body: record })

  test.each<[string, string, string, object, number, object]>([
    [
      'a permission that is missing',
      'runner',
      'order_header',
      { id: 'mine', note: 'x' },
      403,
      { rule: 'permission update:order_header' },
    ],
    [
      'a rule on the record',
      'waiter',
      'order_line',
      { id: 'done', notes: 'x', version: 1 },
      403,
      { rule: 'open-only' },
    ],
    [
      'a rule on what it becomes',
      'waiter',
      'order_line',
      { id: 'open', statusId: 'done', version: 1 },
      403,
      { rule: 'open-only' },
    ],
    [
      'a field',
      'cashier',
      'order_line',
      { id: 'open', unitPrice: 1, version: 1 },
      403,
      { rule: 'price', field: 'unitPrice' },
    ],
    [
      'a field by another spelling',
      'cashier',
      'order_line',
      { id: 'open', unit_price: 1, version: 1 },
      403,
      { field: 'unitPrice' },
    ],
    [
      'a hidden field, though the value is right',
      'cashier',
      'employees',
      { id: 'e1', phone: '4711' },
      403,
      { field: 'phone' },
    ],
    [
      'a record that is not seen',
      'waiter',
      'order_header',
      { id: 'theirs', note: 'x', version: 1 },
      404,
      { table: 'order_header' },
    ],
  ])('%s refuses it', async (_what, user, table, record, status, details) => {
    const before = await server.events().catch(() => 0)
    const reply = await patch(user, table, record)
    expect([reply.status, reply.body.details]).toMatchObject([status, details])
    expect(await server.events().catch(() => 0)).toBe(before)
  })

  test('what was read can be sent back, and hidden fields stay as they are', async () => {
    const { rows } = (await ask('cashier', { path: 'tables/employees?id=e1' })).body as Frame
    const reply = await patch('cashier', 'employees', { ...rows[0], fullName: 'Mona A.' })
    expect([reply.status, reply.text.includes('4711')]).toEqual([200, false])
    const stored = ((await ask('admin', { path: 'tables/employees?id=e1' })).body as Frame).rows[0]
    expect([stored.fullName, stored.phone]).toEqual(['Mona A.', '4711'])
    const line = ((await ask('cashier', { path: 'tables/order_line?id=open' })).body as Frame).record
    expect((await patch('cashier', 'order_line', { ...line, notes: 'hot' })).status).toBe(200)
  })

  test('the record in a refusal is the record as it may be seen', async () => {
    const reply = await patch('cashier', 'employees', { id: 'e1', fullName: 'x', version: 900 })
    const current = (reply.body.details as Frame).current
    expect([reply.body.error, current.fullName, 'phone' in current]).toEqual(['version-conflict', 'Mona A.', false])
    const hidden = await ask('waiter', {
      method: 'POST',
      path: 'tables/order_header',
      body: { id: 'theirs', shiftId: 's' },
    })
    expect([hidden.body.error, hidden.body.details]).toEqual(['record-exists', { table: 'order_header' }])
  })

  test('replacing whole tables is for who may see and change all of them', async () => {
    const snapshot = { version: 900, tables: { employees: [] } }
    const reply = await ask('manager', { method: 'POST', path: '/api/sync/dar/pos', body: { snapshot } })
    expect([reply.status, (reply.body.details as Frame).rule]).toEqual([403, 'pin'])
  })
})

async function connect(user: string, hello: Frame): Promise<[TestClient, Frame]> {
  const client = new TestClient(`${server.url.replace('http', 'ws')}/ws`)
  await client.opened
  client.send({ type: 'client:hello', protocol: 2, branchId: 'dar', modules: ['pos'], token: tokens[user], ...hello })
  return [client, await client.next('server:ready')]
}

test('a socket hears what its role may see; a record that leaves its view is deleted for it, on line and after a pause', async () => {
  const [waiter, ready] = await connect('waiter', { requestSnapshot: false })
  const [manager] = await connect('manager', { requestSnapshot: false })
  const give = async (id: string, tableId: string | undefined): Promise<void> => {
    const { version } = (await ask('admin', { path: `tables/order_header?id=${id}` })).body
    await ask('admin', { method: 'PATCH', path: 'tables/order_header', body: { id, tableId, version } })
  }
  await give('theirs', 't3')
  await give('mine', 't2')
  await give('theirs', uids.waiter)
  const heard = async (client: TestClient): Promise<string[]> => {
    client.send({ type: 'ping', requestId: 'end' })
    await client.next('pong')
    const events = client.frames.filter(({ type }) => type === 'server:event')
    return events.map(({ action, entry }) => `${action} ${entry.recordRef.key} ${entry.record?.tableId ?? '-'}`)
  }
  expect(await heard(manager)).toEqual([
    'module:merge theirs t3',
    'module:merge mine t2',
    `module:merge theirs ${uids.waiter}`,
  ])
  expect(await heard(waiter)).toEqual(['module:delete mine -', `module:merge theirs ${uids.waiter}`])
  const [late] = await connect('waiter', { cursor: ready.cursor })
  const delta = late.frames.find(({ type }) => type === 'server:delta')!
  expect([delta.tables.order_header.map(({ id }: Frame) => id), delta.deleted]).toEqual([
    ['theirs'],
    { order_header: ['mine'] },
  ])
  for (const client of [waiter, manager, late]) client.terminate()
})

test('topics tell of whole tables: a role that sees all of one hears it, whatever other tables hide', async () => {
  const [waiter] = await connect('waiter', { requestSnapshot: false })
  const subscribe = async (topic: string): Promise<unknown> => {
    waiter.send({ type: 'subscribe', topic })
    const { type, code } = await waiter.next((frame) => frame.topic === topic)
    return code ?? type
  }
  const closed = [
    'table::order_header',
    'table::orders',
    'sync-table::dar::order_header',
    'sync-table::dar::pos::orders',
  ]
  for (const topic of [...closed, 'sync::dar::pos', 'pos:sync:dar', 'dar:pos:kds:orders', 'table::employee']) {
    expect([topic, await subscribe(topic)]).toEqual([topic, 'forbidden'])
  }
  const open = ['table::menu_items', 'sync-table::dar::pos::order_payment', 'dar:pos:payments', 'dar:kds:jobs:updates']
  for (const topic of [...open, 'table::nothing', 'dar:free:words']) {
    expect([topic, await subscribe(topic)]).toEqual([topic, 'ack'])
  }
  await put('menu_items', { id: 'topic-tea', name: 'Tea' })
  const told = await waiter.next(({ type, topic }) => type === 'publish' && topic === 'table::menu_items')
  expect(told.data.snapshot.recordRef.key).toBe('topic-tea')
  waiter.terminate()
})

describe('roles and reasons', () => {
  test('a custom role counts at once, and nobody gives more than they have', async () => {
    const save = (user: string, roleId: string, permissions: string[]): Promise<Reply> =>
      ask(user, { method: 'PUT', path: `/api/manage/roles/${roleId}`, body: { permissions } })
    expect((await save('admin', 'host', ['read:orders'])).body).toMatchObject({ roleId: 'host', isBuiltIn: false })
    expect((await save('auditor', 'host', ['read:employees'])).status).toBe(200)
    expect((await save('auditor', 'host', ['write:employees'])).body.error).toBe('forbidden')
    expect((await save('admin', 'host', ['*'])).body.error).toBe('invalid-policy')
    expect((await save('admin', 'admin', ['read:*'])).body.error).toBe('forbidden')
    expect((await ask('admin', { method: 'DELETE', path: '/api/manage/roles/host' })).status).toBe(200)
    expect((await ask('cashier', { path: '/api/manage/roles' })).status).toBe(403)
  })

  test('explain names the permission or the rule', async () => {
    const why = async (body: object): Promise<Frame> =>
      (
        await ask('auditor', {
          method: 'POST',
          path: '/api/manage/explain',
          body: { branchId: 'dar', moduleId: 'pos', ...body },
        })
      ).body
    expect(await why({ role: 'runner', table: 'employees', action: 'read' })).toMatchObject({
      ...{ isAllowed: false, words: 'runner may not read records of employees: permission read:employees.' },
    })
    expect(
      await why({ user: 'waiter', table: 'orders', action: 'read', record: { id: '1', tableId: 't' } }),
    ).toMatchObject({
      isAllowed: false,
      reasons: [
        { rule: 'permission read:*', holds: true },
        { rule: 'own-tables', holds: false },
      ],
    })
    const mine = { user: 'waiter', table: 'orders', action: 'read', record: { id: '1', tableId: uids.waiter! } }
    expect(await why(mine)).toMatchObject({ isAllowed: true })
    const previous = { id: 'l', unitPrice: 3 }
    const change = {
      role: 'cashier',
      table: 'order_line',
      action: 'update',
      previous,
      record: { id: 'l', unitPrice: 2 },
    }
    expect(await why(change)).toMatchObject({
      isAllowed: false,
      refusedFields: [{ field: 'unitPrice', rule: 'price' }],
    })
    expect(await why({ role: 'cashier', table: 'employees', action: 'read' })).toMatchObject({
      ...{ isAllowed: true, hiddenFields: [{ field: 'phone', rule: 'pin' }] },
    })
    expect((await why({ user: 'elsewhere', table: 'orders', action: 'read' })).words).toContain('may not enter')
  })
})

test('a policy that cannot be kept stops the start, with the rule named', async () => {
  const broken = mkdtempSync(join(tmpdir(), 'mishkah-rights-'))
  mkdirSync(join(broken, 'config'))
  const rules = [{ id: 'typo', table: 'order_header', read: 'record.version == "1"' }]
  writeFileSync(join(broken, 'config', 'policy.json'), JSON.stringify({ rules }))
  await expect(startTestServer({ dataDir: broken })).rejects.toMatchObject({
    ...{ code: 'invalid-policy', details: { rule: 'typo', table: 'order_header' } },
  })
  rmSync(broken, { recursive: true, force: true })
})
