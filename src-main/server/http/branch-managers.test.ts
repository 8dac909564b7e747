import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isPublicDoor } from '../../access/sign-in/public-doors.ts'
import { CHEAP_COST } from '../../access/testing.ts'
import { routes } from './routes.ts'
import { type Question, type Reply, startTestServer, type TestServer } from './testing.ts'

const PASSWORD = 'a long password'
/** In every name, note and record of the other branch. */
const MARK = 'only-remal'
/** Of a record there; who asks for it is told its name back. */
const KEY = `${MARK}-order`
const POLICY = {
  roles: {
    chief: { permissions: ['read:*', 'write:*', 'manage:*'] },
    desk: { permissions: ['read:*', 'update:orders', 'manage:people', 'manage:devices', 'manage:roles'] },
  },
  rules: [
    { id: 'phones', table: 'employees', fields: ['phone'], roles: ['desk', 'cashier'], read: false },
    { id: 'prices', table: 'order_line', fields: ['unitPrice'], exceptRoles: ['admin'], write: 'previous.id == null' },
  ],
}

let server: TestServer
const folder = mkdtempSync(join(tmpdir(), 'mishkah-branch-managers-'))
const tokens: Record<string, string> = {}
const ids: Record<string, string> = {}

beforeAll(async () => {
  mkdirSync(join(folder, 'config'))
  writeFileSync(join(folder, 'config', 'policy.json'), JSON.stringify(POLICY))
  server = await startTestServer({ dataDir: folder, hashCost: CHEAP_COST, rateLimit: false, adminPassword: PASSWORD })
  await signIn('admin')
  await addPerson('boss', 'manager', ['dar'])
  await addPerson('owner', 'manager', null)
  await addPerson('desk', 'desk', null)
  await addPerson('chief', 'chief', null)
  await addPerson('till', 'cashier', ['dar'])
  await addPerson(`${MARK}-person`, 'manager', ['remal'])
  const remal = '/api/branches/remal/modules/pos'
  const order = { id: KEY, shiftId: 's', metadata: { remark: `${MARK}-words` } }
  await expectStatus(201, 'admin', { method: 'POST', path: `${remal}/tables/order_header`, body: order })
  const invited = { role: 'cashier', name: `${MARK}-device`, branches: ['remal'] }
  const invitation = await expectStatus(201, 'admin', { method: 'POST', path: '/api/manage/pairings', body: invited })
  const { secret } = invitation.body.qr as { secret: string }
  const paired = await server.ask({ method: 'POST', path: '/api/pair', body: { secret, name: `${MARK}-device` } })
  ids.device = String((paired.body.device as { id: string }).id)
  const waiting = await expectStatus(201, 'admin', { method: 'POST', path: '/api/manage/pairings', body: invited })
  ids.pairing = String(waiting.body.id)
  // A backup is of the whole server: its name and note are for whoever may put their branch back from it.
  const backup = await expectStatus(202, 'admin', { method: 'POST', path: '/api/manage/backups', body: {} })
  ids.task = String((backup.body.task as { taskId: string }).taskId)
  await until('admin', `/api/manage/tasks/${ids.task}`, ({ body }) => body.state === 'done')
  const { backups } = (await ask('admin', { path: '/api/manage/backups' })).body as { backups: { backupId: string }[] }
  ids.backup = backups[0]!.backupId
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function addPerson(user: string, role: string, branches: string[] | null): Promise<void> {
  const body = { user, role, branches, password: PASSWORD, pin: '9137' }
  ids[user] = String((await expectStatus(201, 'admin', { method: 'POST', path: '/api/manage/people', body })).body.id)
  await signIn(user)
}

async function signIn(user: string): Promise<void> {
  const { body } = await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password: PASSWORD } })
  tokens[user] = String(body.accessToken)
}

async function ask(user: string, question: Question): Promise<Reply> {
  return await server.ask({ ...question, headers: { Authorization: `Bearer ${tokens[user]}`, ...question.headers } })
}

async function expectStatus(status: number, user: string, question: Question): Promise<Reply> {
  const reply = await ask(user, question)
  expect([question.path, reply.status, reply.body?.error]).toEqual([question.path, status, undefined])
  return reply
}

async function until(user: string, path: string, isReached: (reply: Reply) => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (isReached(await ask(user, { path }))) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`${path} did not get there`)
}

const refusal = async (user: string, method: string, path: string, body?: object): Promise<string> => {
  const reply = await ask(user, { method, path, ...(body && { body }) })
  return reply.status < 300 ? 'done' : `${reply.status} ${String(reply.body.error)}`
}

/** What an answer says of the time that it was made. */
const CLOCKS = new Set(['lastSeenAt', 'updatedAt'])

/** What of the other branch there is to lose. */
async function stateOfRemal(): Promise<unknown> {
  const reads = [
    '/api/branches/remal',
    '/api/manage/people',
    '/api/manage/devices',
    '/api/manage/roles',
    '/api/schemas',
  ]
  const state = await Promise.all(reads.map(async (path) => (await ask('admin', { path })).body))
  const pairings = (await ask('admin', { path: '/api/manage/pairings' })).body
  const network = (await ask('admin', { path: '/api/manage/network' })).body.plainHttp
  return JSON.parse(JSON.stringify([state, pairings, network], (key, value) => (CLOCKS.has(key) ? null : value)))
}

const BODY = {
  ...{ branchId: 'remal', branch: 'remal', moduleId: 'pos', module: 'pos', confirm: 'remal' },
  ...{ user: 'newcomer', name: 'x', label: 'x', role: 'cashier', password: PASSWORD, permissions: ['read:*'], id: 'x' },
  ...{ tables: { order_header: [] }, record: { id: 'x' }, schema: { tables: [] }, seeds: {}, allows: true },
  ...{ issuer: 'https://example.com', clientId: 'x', table: 'order_header', field: 'orderNumber', rule: {}, to: 9 },
}

test('a manager of one branch reads and changes nothing of another, whatever route they take', {
  timeout: 60_000,
}, async () => {
  const fill = (path: string): string[] => {
    const inRemal = path.replace(':branchId', 'remal').replace(':moduleId', 'pos').replace(':table', 'order_header')
    const filled = inRemal
      .replace(':personId', ids[`${MARK}-person`]!)
      .replace(':deviceId', ids.device!)
      .replace(':pairingId', ids.pairing!)
      .replace(':taskId', ids.task!)
      .replace(':roleId', 'cashier')
      .replace(':name', 'pos')
      .replace(/[{]\/[^}]*[}]/g, '')
      .replace(/[:*](\w+)/g, KEY)
    return [filled, `${filled}?branch=remal&branchId=remal&module=pos`]
  }
  const before = await stateOfRemal()
  let asked = 0
  for (const { method, path } of routes) {
    // Their own account and the doors of strangers concern no branch; a restore of theirs alone is tried below.
    if (isPublicDoor(method, path) || path.startsWith('/api/auth/')) continue
    for (const target of fill(path)) {
      const bodies = method === 'GET' ? [undefined] : [BODY, { ...BODY, backupId: ids.backup }]
      for (const body of bodies) {
        const reply = await ask('boss', { method, path: target, ...(body && { body }) })
        expect([method, target, reply.text.replaceAll(target, '').replaceAll(KEY, '').includes(MARK)]).toEqual([
          method,
          target,
          false,
        ])
        asked++
      }
    }
  }
  expect(asked).toBeGreaterThan(150)
  expect(await stateOfRemal()).toEqual(before)
})

test('what concerns the whole server takes an account for all branches; what is of the own branch works', async () => {
  const all = '403 forbidden'
  expect(await refusal('boss', 'POST', '/api/manage/restore', { backupId: ids.backup, confirm: 'all' })).toBe(all)
  const remal = { backupId: ids.backup, branchId: 'remal', confirm: 'remal' }
  expect(await refusal('boss', 'POST', '/api/manage/restore', remal)).toBe(all)
  expect(await refusal('boss', 'POST', '/api/manage/backups', {})).toBe(all)
  expect(await refusal('boss', 'PUT', '/api/manage/roles/mine', { permissions: ['read:*'] })).toBe(all)
  expect(await refusal('boss', 'POST', '/api/schemas/global/pos', { schema: { tables: [] } })).toBe(all)
  expect(await refusal('boss', 'POST', '/api/modules', { id: 'mine' })).toBe(all)
  const listed = (await ask('boss', { path: '/api/manage/backups' })).body as { backups: { branches: object[] }[] }
  expect(listed.backups[0]!.branches).toMatchObject([{ branchId: 'dar' }])

  const dar = { backupId: ids.backup, branchId: 'dar', confirm: 'dar' }
  const restore = await expectStatus(202, 'boss', { method: 'POST', path: '/api/manage/restore', body: dar })
  const { taskId } = restore.body.task as { taskId: string }
  await until('boss', `/api/manage/tasks/${taskId}`, ({ body }) => body.state === 'done')
  expect(await refusal('owner', 'PUT', '/api/manage/roles/mine', { permissions: ['read:*'] })).toBe('done')
  expect(await refusal('owner', 'DELETE', '/api/manage/roles/mine')).toBe('done')
})

test('a manager of one branch sees the audit entries of that branch, page by page, and all of their own', async () => {
  const own = { user: 'new-at-dar', role: 'cashier', branches: ['dar'] }
  expect(await refusal('boss', 'POST', '/api/manage/people', own)).toBe('done')
  const purge = { branchId: 'dar', dryRun: true, tables: ['order_line'] }
  expect(await refusal('admin', 'POST', '/api/manage/purge-live-data', purge)).toBe('done')
  const pages: { id: number; subject?: string }[] = []
  for (let before: number | null = 1_000_000; before !== null; ) {
    const { body } = await ask('boss', { path: `/api/manage/audit?limit=3&before=${before}` })
    const page = body as unknown as { entries: { id: number; subject?: string }[]; next: number | null }
    expect(page.entries.length).toBeLessThanOrEqual(3)
    pages.push(...page.entries)
    before = page.next
  }
  expect(pages.map(({ subject }) => subject)).toContain('new-at-dar')
  // Done by somebody of all branches, yet in this one, which the request named in its body.
  expect(pages.map(({ subject }) => subject)).toContain('POST /api/manage/purge-live-data')
  expect(JSON.stringify(pages)).not.toContain(MARK)
  expect(new Set(pages.map(({ id }) => id)).size).toBe(pages.length)
  const whole = (await ask('boss', { path: '/api/manage/audit?limit=1000' })).body as { entries: object[] }
  expect(whole.entries).toEqual(pages)
  const { text } = await ask('boss', { path: '/api/manage/audit/export' })
  expect(text).toContain('new-at-dar')
  expect(text).not.toContain(MARK)
})

test('nobody gives a word that they do not have, nor a role that a rule of theirs does not speak to', async () => {
  const give = (user: string, role: string) =>
    refusal(user, 'POST', '/api/manage/people', { user: `by-${user}-${role}`, role, branches: ['dar'] })
  // The desk changes orders only: whoever it makes may do no more.
  expect(await give('desk', 'cashier')).toBe('403 forbidden')
  expect(await give('desk', 'manager')).toBe('403 forbidden')
  // The same words as a display's, yet a rule hides phones from the desk and not from displays.
  expect(await give('desk', 'display')).toBe('403 forbidden')
  expect(await refusal('desk', 'PATCH', `/api/manage/people/${ids.till}`, { pin: '4826' })).toBe('403 forbidden')
  expect(await refusal('desk', 'POST', '/api/manage/pairings', { role: 'display' })).toBe('403 forbidden')
  expect(await refusal('desk', 'PUT', '/api/manage/roles/free', { permissions: ['read:*'] })).toBe('403 forbidden')
  for (const role of ['cashier', 'kitchen', 'waiter', 'display', 'manager'])
    expect(await give('owner', role)).toBe('done')
  expect(await give('owner', 'admin')).toBe('403 forbidden')
})

test('a role is changed by who has all that it lets do now, too', async () => {
  const wide = { permissions: ['read:*', 'manage:purge'] }
  expect(await refusal('admin', 'PUT', '/api/manage/roles/wide', wide)).toBe('done')
  expect(await refusal('desk', 'PUT', '/api/manage/roles/wide', { permissions: ['read:*'] })).toBe('403 forbidden')
  expect(await refusal('desk', 'DELETE', '/api/manage/roles/wide')).toBe('403 forbidden')
  expect(await refusal('chief', 'PUT', '/api/manage/roles/wide', { permissions: ['read:*'] })).toBe('done')
})

test('an invitation is taken back only by who could have made it', async () => {
  const invite = async (role: string) => {
    const { body } = await expectStatus(201, 'admin', { method: 'POST', path: '/api/manage/pairings', body: { role } })
    return { path: `/api/manage/pairings/${String(body.id)}`, code: String(body.code) }
  }
  const [high, low] = [await invite('admin'), await invite('cashier')]
  expect(await refusal('boss', 'DELETE', high.path)).toBe('403 forbidden')
  expect(await refusal('boss', 'DELETE', low.path)).toBe('403 forbidden')
  expect(await refusal('owner', 'DELETE', high.path)).toBe('403 forbidden')
  expect(await refusal('owner', 'DELETE', low.path)).toBe('done')

  // A PIN lets no device in that may do more than its person.
  const shown = await server.ask({ method: 'POST', path: '/api/pair', body: { code: high.code } })
  expect(shown.status).toBe(202)
  const { claim } = shown.body
  const approve = { claim, user: 'owner', pin: '9137' }
  const reply = await server.ask({ method: 'POST', path: '/api/auth/approve-device', body: approve })
  expect([reply.status, reply.body.error]).toEqual([403, 'forbidden'])
})

test('the last administrator cannot be limited to some branches', async () => {
  const { body } = await ask('admin', { path: '/api/auth/me' })
  const path = `/api/manage/people/${(body.user as { id: string }).id}`
  expect(await refusal('admin', 'PATCH', path, { branches: ['dar'] })).toBe('409 last-administrator')
  const second = { user: 'second', role: 'admin', password: PASSWORD, branches: ['dar'] }
  expect(await refusal('admin', 'POST', '/api/manage/people', second)).toBe('done')
  expect(await refusal('admin', 'DELETE', path)).toBe('409 last-administrator')
})

test('the role of a revoked device can be removed', async () => {
  expect(await refusal('admin', 'PUT', '/api/manage/roles/kiosk', { permissions: ['read:*'] })).toBe('done')
  const invite = { method: 'POST', path: '/api/manage/pairings', body: { role: 'kiosk' } }
  const { secret } = (await expectStatus(201, 'admin', invite)).body.qr as { secret: string }
  const paired = await server.ask({ method: 'POST', path: '/api/pair', body: { secret } })
  const device = paired.body.device as { id: string }
  expect(await refusal('admin', 'DELETE', '/api/manage/roles/kiosk')).toBe('403 forbidden')
  expect(await refusal('admin', 'DELETE', `/api/manage/devices/${device.id}`)).toBe('done')
  expect(await refusal('admin', 'DELETE', '/api/manage/roles/kiosk')).toBe('done')
})
