import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import { CHEAP_COST } from '../../access/testing.ts'
import { routes } from './routes.ts'
import { type Question, type Reply, startTestServer, type TestServer } from './testing.ts'

const PASSWORD = 'a long password'
const DAR = '/api/branches/dar/modules/pos'
let server: TestServer
let token: string
/** The central one, saved again as it is. */
let schema: JsonObject
beforeAll(async () => {
  server = await startTestServer({ hashCost: CHEAP_COST, adminPassword: PASSWORD })
  const signedIn = await post('/api/auth/login', { user: 'admin', password: PASSWORD })
  token = String(signedIn.body.accessToken)
  schema = (await ask({ path: '/api/schemas/global/pos_schema' })).body.schema as JsonObject
})
afterAll(() => server.close())

const ask = (question: Question, bearer: string | undefined = token): Promise<Reply> =>
  server.ask({ ...question, headers: { ...(bearer && { Authorization: `Bearer ${bearer}` }), ...question.headers } })
const post = (path: string, body: object, bearer?: string): Promise<Reply> =>
  ask({ method: 'POST', path, body }, bearer)

async function entries(search = 'limit=100'): Promise<JsonObject[]> {
  return (await ask({ path: `/api/manage/audit?${search}` })).body.entries as JsonObject[]
}

/** Waits for the end of a task: the next one of the branch would be refused while it runs. */
async function finished(reply: Reply): Promise<JsonObject> {
  const { taskId } = reply.body.task as { taskId: string }
  for (let looks = 0; looks < 5_000; looks++) {
    const { body } = await ask({ path: `/api/manage/tasks/${taskId}` })
    const task = (body.task ?? body) as JsonObject
    if (task.state !== 'running' && task.state !== 'queued') return task
  }
  throw new Error(`${taskId} did not end`)
}

/** One way to ask each changing route of management so that it does something; in this order. */
const place = { branchId: 'dar', moduleId: 'pos' }
const known: Record<string, string> = {}
const sequence = { table: 'order_header', field: 'id' }
const rule = { prefix: 'AUD-', padding: 4 }
const cases: [route: string, body: () => object | undefined, note?: (reply: Reply) => unknown][] = [
  ['POST /api/branches', () => ({ id: 'audited' })],
  ['POST /api/branches/:branchId/modules', () => ({ id: 'pos' })],
  ['POST /api/modules', () => ({ id: 'audited_module', tables: 'a,b' })],
  ['POST /api/seeds', () => ({ ...place, seeds: { reservations: [{ id: 's' }] } })],
  ['PUT /api/branches/:branchId/modules/:moduleId/sequences', () => ({ ...sequence, rule })],
  [
    'POST /api/branches/:branchId/modules/:moduleId/sequences/skip',
    () => ({ ...sequence, to: 90_000, confirm: 'dar' }),
  ],
  ['POST /api/sync/:branchId/:moduleId', () => ({ reservations: [{ id: 'R1' }] })],
  ['POST /api/pos-sync/:branchId', () => ({ reservations: [{ id: 'R2' }] })],
  ['POST /api/branches/:branchId/modules/:moduleId/snapshots', () => ({ name: 'one' }), snapshotTaken],
  [
    'POST /api/branches/:branchId/modules/:moduleId/snapshots/:snapshotId/restore',
    () => ({ confirm: 'dar' }),
    finished,
  ],
  ['DELETE /api/branches/:branchId/modules/:moduleId/snapshots/:snapshotId', () => undefined],
  ['POST /api/manage/full-sync', () => place],
  ['PATCH /api/manage/full-sync', () => place],
  ['DELETE /api/manage/full-sync', () => place],
  ['POST /api/manage/daily-reset', () => place],
  ['POST /api/manage/reset', () => place],
  ['POST /api/branches/:branchId/modules/:moduleId/reset', () => ({})],
  ['POST /api/manage/purge-live-data', () => place, removed],
  ['POST /api/manage/purge-transactions', () => place],
  ['POST /api/manage/reset-live', () => place],
  ['POST /api/manage/purge-history', () => ({ ...place, entryId: known.entryId })],
  ['PUT /api/manage/network/plain-http', () => ({ allowsSigned: true })],
  ['POST /api/manage/network-check', () => ({})],
  ['DELETE /api/manage/oidc', () => undefined],
  ['PUT /api/manage/roles/:roleId', () => ({ permissions: ['read:*'] })],
  ['DELETE /api/manage/roles/:roleId', () => undefined],
  ['POST /api/manage/explain', () => ({ branchId: 'dar', table: 'order_header', action: 'read', role: 'cashier' })],
  ['POST /api/manage/people', () => ({ user: 'sara', role: 'cashier', password: PASSWORD }), madePerson],
  ['PATCH /api/manage/people/:personId', () => ({ name: 'Sara' })],
  ['POST /api/manage/people/:personId/unlock', () => ({})],
  ['DELETE /api/manage/sessions/:sessionId', () => undefined],
  ['DELETE /api/manage/people/:personId', () => undefined],
  ['POST /api/manage/pairings', () => ({ role: 'cashier' }), invited],
  ['POST /api/manage/pairings/:pairingId/approve', () => ({}), collected],
  ['DELETE /api/manage/pairings/:pairingId', () => undefined],
  ['PATCH /api/manage/devices/:deviceId', () => ({ name: 'Till 2' })],
  ['DELETE /api/manage/devices/:deviceId', () => undefined],
  ['POST /api/schemas/global/:name', () => ({ schema })],
  ['POST /api/schemas/branch/:branchId/:moduleId', () => ({ schema })],
  ['POST /api/manage/audit/verify', () => ({})],
  ['POST /api/manage/backups', () => ({}), backedUp],
  ['POST /api/manage/restore', () => ({ backupId: known.backupId, branchId: 'dar', confirm: 'dar' }), finished],
]
/** Needs a provider: oidc.test.ts asks it, and looks for its entry. */
const ELSEWHERE = ['PUT /api/manage/oidc']

async function snapshotTaken(reply: Reply): Promise<void> {
  await finished(reply)
  const { snapshots } = (await ask({ path: `${DAR}/snapshots` })).body as { snapshots: { snapshotId: string }[] }
  known.snapshotId = snapshots[0]!.snapshotId
}
async function backedUp(reply: Reply): Promise<void> {
  await finished(reply)
  const { backups } = (await ask({ path: '/api/manage/backups' })).body as { backups: { backupId: string }[] }
  known.backupId = backups[0]!.backupId
}
async function removed(): Promise<void> {
  const { body } = await ask({ path: '/api/manage/purge-history?branch=dar&module=pos' })
  known.entryId = (body.entries as { id: string }[])[0]!.id
}
async function madePerson({ body }: Reply): Promise<void> {
  known.personId = String(body.id)
  const signedIn = await post('/api/auth/login', { user: 'sara', password: PASSWORD }, '')
  known.sessionId = String(signedIn.body.sessionId)
}
async function invited({ body }: Reply): Promise<void> {
  known.pairingId = String(body.id)
  known.claim = String((await post('/api/pair', { code: body.code, name: 'Till 1' }, '')).body.claim)
}
async function collected(): Promise<void> {
  const { body } = await post('/api/pair/collect', { claim: known.claim }, '')
  known.deviceId = (body.device as { id: string }).id
}

test('each changing route of management leaves exactly one entry, with who did it', { timeout: 60_000 }, async () => {
  const changing = routes
    .filter(({ method, permission }) => method !== 'GET' && permission.startsWith('manage:'))
    .map(({ method, path }) => `${method} ${path}`)
  expect([...cases.map(([name]) => name), ...ELSEWHERE].sort()).toEqual(changing.sort())
  const found: unknown[] = []
  for (const [name, body, after] of cases) {
    const [method = '', template = ''] = name.split(' ')
    const names: Record<string, string> = { ...place, roleId: 'auditor', name: 'pos_schema', ...known }
    const isBranchRoute = template === '/api/branches/:branchId/modules'
    const path = template.replace(/:(\w+)/g, (_all, key: string) => (isBranchRoute ? 'audited' : names[key]!))
    const newest = Number((await entries('limit=1'))[0]?.id ?? 0)
    const reply = await ask({ method, path, body: body() })
    const written = (await entries()).filter(({ id }) => Number(id) > newest)
    const who = written.map(({ outcome, actor }) => [outcome, (actor as JsonObject).name])
    found.push([name, reply.status < 300 ? 'done' : [reply.status, reply.body], who])
    await after?.(reply)
  }
  expect(found).toEqual(cases.map(([name]) => [name, 'done', [['done', 'admin']]]))
})

test('wrong codes and waits are written down, at every door that takes one', async () => {
  const doors: [action: string, path: string, body: object, codes: string[]][] = [
    [
      'person.recover',
      '/api/auth/recover',
      { recoveryCode: 'AAAA-AAAA', password: PASSWORD },
      ['sign-in-failed', 'sign-in-locked'],
    ],
    ['device.pair', '/api/pair', { code: '00000000' }, ['pairing-refused', 'sign-in-locked']],
    ['device.pair', '/api/pair/collect', { claim: 'nobody gave this' }, ['pairing-refused']],
    ['device.pair', '/api/auth/approve-device', { claim: 'nor this', user: 'admin', pin: '1' }, ['pairing-refused']],
    ['person.sign-in', '/api/auth/login', { user: 'admin', password: 'a guess' }, ['sign-in-failed', 'sign-in-locked']],
    ['person.sign-in', '/api/auth/login', { user: 'admin', pin: '5712' }, ['device-required']],
  ]
  for (const [action, path, body, codes] of doors) {
    const own = await startTestServer({ hashCost: CHEAP_COST, adminPassword: PASSWORD })
    try {
      const login = { method: 'POST', path: '/api/auth/login', body: { user: 'admin', password: PASSWORD } }
      const bearer = String((await own.ask(login)).body.accessToken)
      for (let n = 0; n < 7; n++) await own.ask({ method: 'POST', path, body })
      const headers = { Authorization: `Bearer ${bearer}` }
      const { body: said } = await own.ask({ path: `/api/manage/audit?action=${action}&limit=100`, headers })
      const denied = (said.entries as JsonObject[]).filter(({ outcome }) => outcome === 'denied')
      expect([path, denied.map(({ reason }) => reason).reverse()]).toEqual([path, codes])
      expect(JSON.stringify(denied)).not.toMatch(/AAAA|00000000|nobody gave|nor this|a guess|5712/)
    } finally {
      await own.close()
    }
  }
})

test('a wrong set-up code is written down before there is anybody', async () => {
  const own = await startTestServer({ hashCost: CHEAP_COST })
  try {
    const wrong = { code: 'AAAAA-AAAAA', password: PASSWORD }
    for (let n = 0; n < 6; n++) await own.ask({ method: 'POST', path: '/api/auth/setup', body: wrong })
    const { body } = await own.ask({ path: '/api/manage/audit?action=person.first-manager' })
    expect((body.entries as JsonObject[]).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['denied', 'sign-in-locked'],
      ['denied', 'sign-in-failed'],
    ])
  } finally {
    await own.close()
  }
})
