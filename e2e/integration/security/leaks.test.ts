import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { CHEAP_COST } from '../../../src-main/access/testing.ts'
import { type Question, startTestServer, type TestServer } from '../../../src-main/server/http/testing.ts'
import { type Frame, TestClient } from '../../../src-main/server/sync/testing.ts'
import { type Fields, pick, randomRecord, randomRule, seeded } from '../../rules/random-rules.ts'
import { prepare, type Thing } from '../../rules/reference.ts'

const ROUNDS = 6
const SEED = Number(process.env.MISHKAH_SEED ?? 4_711)
const PASSWORD = 'a long password'
const TABLES = ['order_header', 'order_line', 'order_payment', 'employees', 'customer_profiles', 'menu_items'] as const
const MODULE = '/api/branches/dar/modules/pos'
/** What rules are made of, in every table alike. */
const FIELDS: Fields = { text: ['kind', 'owner'], number: ['rank', 'level'], any: ['x', 'y'] }
/** Each holds a text that stands nowhere else, so that finding it is finding the field of that record. */
const MARKED = ['m1', 'm2', 'm3'] as const

interface WrittenRule {
  id: string
  table: string
  roles: string[]
  fields?: string[]
  read: string
}

interface Role {
  name: string
  tables: readonly string[]
  rules: WrittenRule[]
  token: string
  uid: string
}

let server: TestServer
let folder = ''
let clients: TestClient[] = []
afterEach(async () => {
  for (const client of clients) client.terminate()
  clients = []
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

test.each(Array.from({ length: ROUNDS }, (_, round) => round))(
  'no door shows a record or field that random rules hide (round %i)',
  async (round) => {
    const random = seeded(SEED + round)
    const roles = makeRoles(random)
    await start(roles)
    const admin = await signIn('admin')
    for (const role of roles) {
      await addPerson(admin.token, role)
      // Its view begins here, so that its cursors are good later on.
      await ask({ method: 'POST', path: '/api/sync/dar/pos/delta', body: {} }, role.token)
    }
    const { taken } = await writeHistory(random, admin.token)
    const versions = await readVersions(admin.token)
    expect(versions.length).toBeGreaterThan(80)
    let hidden = 0
    let shown = 0
    const search = (role: Role, secret: ReadonlyMap<string, string>, seen: readonly Seen[]): void => {
      for (const [door, text] of seen) {
        for (const word of withDecodedCursors(text).match(/mark-\d+-/g) ?? []) {
          if (secret.has(word)) expect([door, word, role, secret.get(word)]).toEqual('nothing that is hidden')
          shown++
        }
      }
    }
    for (const role of roles) {
      const verdict = judgeVersions(role, versions)
      hidden += verdict.secret.size
      const listening = await listen(role)
      const seen = [
        ...(await restDoors(role, admin.token, versions, taken)),
        ...(await refusalDoors(role, admin.token)),
        ...(await socketDoors(role, versions)),
      ]
      await writeMore(random, admin.token)
      const later = judgeVersions(role, await readVersions(admin.token))
      seen.push(['live events', await heard(listening)])
      search(role, later.secret, seen)
    }
    // Last, because a purge ends every cursor.
    const entryId = await purgeAndUndo(admin.token)
    for (const role of roles) {
      const { secret } = judgeVersions(role, await readVersions(admin.token))
      search(role, secret, await historyDoors(role, entryId))
    }
    // The test would prove nothing if nothing were hidden, or nothing shown.
    expect(hidden).toBeGreaterThan(100)
    expect(shown).toBeGreaterThan(100)
  },
)

function makeRoles(random: () => number): Role[] {
  let rule = 0
  return ['alpha', 'beta', 'gamma', 'delta'].map((name) => {
    const tables = TABLES.filter((_table, index) => index < 3 || random() < 0.7)
    const rules: WrittenRule[] = []
    for (const table of TABLES) {
      if (random() < 0.75) rules.push({ id: `row-${rule++}`, table, roles: [name], read: randomRule(random, FIELDS) })
      if (random() < 0.6) {
        const read = random() < 0.4 ? 'false' : randomRule(random, FIELDS)
        rules.push({ id: `field-${rule++}`, table, roles: [name], fields: [pick(random, MARKED)], read })
      }
    }
    return { name, tables, rules, token: '', uid: '' }
  })
}

async function start(roles: readonly Role[]): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), 'mishkah-leaks-'))
  mkdirSync(join(folder, 'config'))
  const areas = ['audit', 'history', 'snapshots', 'status', 'metrics', 'roles', 'sequences', 'schemas']
  const policy = {
    roles: Object.fromEntries(
      roles.map(({ name, tables }) => [
        name,
        {
          permissions: [
            ...tables.map((table) => `read:${table}`),
            'read:orders',
            'write:*',
            ...areas.map((area) => `manage:${area}`),
          ],
        },
      ]),
    ),
    rules: roles.flatMap(({ rules }) => rules),
  }
  writeFileSync(join(folder, 'config', 'policy.json'), JSON.stringify(policy))
  server = await startTestServer({
    ...{ dataDir: folder, isFolderKept: true, hashCost: CHEAP_COST, rateLimit: false, adminPassword: PASSWORD },
  })
}

async function ask(question: Question, token: string): Promise<{ status: number; text: string; body: Frame }> {
  return await server.ask({ ...question, headers: { Authorization: `Bearer ${token}`, ...question.headers } })
}

async function signIn(user: string): Promise<{ token: string; uid: string }> {
  const reply = await server.ask({ method: 'POST', path: '/api/auth/login', body: { user, password: PASSWORD } })
  expect(reply.status).toBe(200)
  const { accessToken, user: person } = reply.body as Frame
  return { token: accessToken, uid: person.id }
}

async function addPerson(admin: string, role: Role): Promise<void> {
  const body = { user: role.name, role: role.name, password: PASSWORD }
  expect((await ask({ method: 'POST', path: '/api/manage/people', body }, admin)).status).toBe(201)
  Object.assign(role, await signIn(role.name))
}

let mark = 0
const marks = (): Thing => Object.fromEntries(MARKED.map((name) => [name, `mark-${++mark}-`]))
const content = (random: () => number): Thing => ({ ...randomRecord(random, FIELDS), ...marks() })

/** Records that were inserted, changed (so that many enter or leave a view) and deleted; and copies that lie in files. */
async function writeHistory(random: () => number, admin: string): Promise<{ taken: string }> {
  for (const table of TABLES) {
    for (let index = 0; index < 10; index++) {
      const own: Thing =
        table === 'order_line' || table === 'order_payment' ? { orderId: `order_header-${index % 4}` } : {}
      const record = { ...content(random), ...own, ...NEEDED[table], id: `${table}-${index}` }
      await write(admin, 'POST', table, record)
      if (random() < 0.5) await write(admin, 'PATCH', table, { ...content(random), id: record.id, version: 1 })
    }
    await write(admin, 'DELETE', table, { id: `${table}-9` })
  }
  const snapshot = await ask({ method: 'POST', path: `${MODULE}/snapshots`, body: { name: 'one' } }, admin)
  expect(snapshot.status).toBe(202)
  for (let tries = 0; tries < 1000; tries++) {
    const { snapshots } = (await ask({ path: `${MODULE}/snapshots` }, admin)).body
    if (snapshots.length > 0) return { taken: snapshots[0].snapshotId }
  }
  throw new Error('the snapshot was not taken')
}

const NEEDED: Partial<Record<string, Thing>> = {
  order_header: { shiftId: 'shift-1' },
  order_payment: { paymentMethodId: 'cash', amount: 1, shiftId: 'shift-1' },
}

async function write(token: string, method: string, table: string, record: Thing): Promise<void> {
  const reply = await ask({ method, path: `${MODULE}/tables/${table}`, body: record }, token)
  if (reply.status >= 300) expect([method, table, reply.body]).toEqual('a write that succeeds')
}

async function writeMore(random: () => number, admin: string): Promise<void> {
  for (const table of TABLES) {
    for (let index = 0; index < 3; index++) {
      const { body } = await ask({ path: `${MODULE}/tables/${table}?id=${table}-${index}` }, admin)
      await write(admin, 'PATCH', table, { ...content(random), id: `${table}-${index}`, version: body.version })
    }
  }
}

interface Version {
  table: string
  record: Thing
}

/** Everything that any record ever was, from the event log as the administrator reads it. */
async function readVersions(admin: string): Promise<Version[]> {
  const versions: Version[] = []
  let after: number | undefined = 0
  while (after !== undefined) {
    const { body } = await ask({ path: `${MODULE}/events?after=${after}&limit=1000` }, admin)
    for (const event of (body as Frame).events) if (event.record) versions.push(event)
    after = body.next
  }
  return versions
}

/** What the second reader of the rules says of every field of every version. */
function judgeVersions(role: Role, versions: readonly Version[]): { secret: Map<string, string> } {
  const secret = new Map<string, string>()
  // The same text may stand in a later version of the record that may be seen.
  const shown = new Set<string>()
  const auth = { uid: role.uid, role: role.name, branch: 'dar', device: null, kind: 'person' }
  const judges = role.rules.map((rule) => ({ ...rule, holds: prepare(rule.read) }))
  for (const { table, record } of versions) {
    const scope = { record, auth, request: { action: 'read', table, module: 'pos' } }
    const failed = judges.filter((rule) => rule.table === table && !rule.holds(scope))
    const isHidden = !role.tables.includes(table) || failed.some(({ fields }) => fields === undefined)
    for (const name of MARKED) {
      const rule = failed.find(({ fields }) => fields?.includes(name))
      const word = String(record[name])
      if (isHidden || rule) secret.set(word, `${table} ${String(record.id)} ${rule?.id ?? 'row'}`)
      else shown.add(word)
    }
  }
  for (const word of shown) secret.delete(word)
  return { secret }
}

type Seen = [door: string, text: string]

async function restDoors(role: Role, admin: string, versions: readonly Version[], taken: string): Promise<Seen[]> {
  const seen: Seen[] = []
  const read = async (path: string, question: Partial<Question> = {}): Promise<void> => {
    const reply = await ask({ path, ...question }, role.token)
    expect([path, reply.status < 500 || reply.status === 501]).toEqual([path, true])
    seen.push([`${question.method ?? 'GET'} ${path}`, reply.text])
  }
  const post = (path: string, body: object): Promise<void> => read(path, { method: 'POST', body })
  // Cursors of one's own, and the one with which an administrator goes on.
  const walkPages = async (path: string): Promise<void> => {
    const { next } = (await ask({ path }, admin)).body
    for (let cursor = next, pages = 0; typeof cursor === 'string' && pages < 4; pages++) {
      const { body, text } = await ask({ path: `${path}&next=${encodeURIComponent(cursor)}` }, role.token)
      seen.push([`GET ${path}&next=`, text])
      cursor = body.next
    }
  }
  // The same address was just answered to somebody from whom nothing is hidden: neither that answer nor its tag is theirs.
  for (const path of ['', '/tables/order_header?limit=7', '/orders?include=all', '/events?after=0&limit=7']) {
    const { etag } = (await server.ask({ path: `${MODULE}${path}`, headers: { Authorization: `Bearer ${admin}` } }))
      .headers
    await read(`${MODULE}${path}`)
    if (etag === undefined || role.rules.length === 0) continue
    const { status } = await ask({ path: `${MODULE}${path}`, headers: { 'If-None-Match': etag } }, role.token)
    expect([path, status]).not.toEqual([path, 304])
  }
  for (const table of TABLES) {
    await read(`${MODULE}/tables/${table}`)
    await read(`${MODULE}/tables/${table}?order=desc&limit=3&lang=ar`)
    for (const rest of [
      '/0',
      '/0/m1',
      '/records?limit=5',
      '?sort=m1',
      '?orderBy=m1',
      '?fields=id,m1',
      '?m1=x',
      '?q=mark',
    ]) {
      await read(`${MODULE}/tables/${table}${rest}`)
    }
    for (const rest of ['', '/0', '/0/m1']) await read(`${MODULE}/${table}${rest}`)
    await walkPages(`${MODULE}/tables/${table}?limit=2`)
    await post('/api/query/module', { branchId: 'dar', moduleId: 'pos', table, orderBy: 'm1' })
    await post('/api/query/module', {
      branchId: 'dar',
      moduleId: 'pos',
      table,
      where: { id: [`${table}-1`, `${table}-2`] },
    })
    for (let index = 0; index < 10; index++) {
      const id = `${table}-${index}`
      await read(`${MODULE}/tables/${table}?id=${id}`)
      // Refusals show the stored record.
      await post(`${MODULE}/tables/${table}`, { id, kind: 'mine', ...NEEDED[table] })
      await read(`${MODULE}/tables/${table}`, { method: 'PATCH', body: { id, kind: 'mine', version: 900 } })
      await read(`${MODULE}/tables/${table}`, {
        method: 'PATCH',
        body: { id, kind: 'x' },
        headers: { 'If-Match': '"1.900"' },
      })
      await post(`${MODULE}/save`, {
        table,
        record: { id },
        concurrency: { expectedPaymentState: 'no' },
        lastKnownId: 'no',
      })
    }
  }
  for (const path of [
    '',
    '/meta',
    '/tables',
    '/events?after=0&limit=1000',
    '/events',
    '/orders?include=all&onlyActive=false',
  ]) {
    await read(`${MODULE}${path}`)
  }
  for (const order of [0, 1, 2, 3, 9]) await read(`${MODULE}/orders/order_header-${order}`)
  for (const path of ['/sequences', '/sequences/gaps', '/snapshots', `/snapshots/${taken}`])
    await read(`${MODULE}${path}`)
  for (const path of [
    '/api/branches',
    '/api/branches/dar',
    '/api/state?branch=dar',
    '/api/sync/dar/pos',
    '/api/pos-sync?branch=dar',
  ])
    await read(path)
  const { epoch } = (await ask({ path: `${MODULE}/events` }, admin)).body
  for (const seq of [1, 20, 60, 90]) await post('/api/sync/dar/pos/delta', { cursor: { epoch, seq }, limit: 500 })
  await read('/api/schema?branch=dar&live=1&include=live,schema')
  await read('/api/store/i18n?branch=dar&module=pos&lang=ar')
  for (const path of [
    '/metrics',
    '/api/openapi.json',
    '/api/asyncapi.json',
    '/api/schema/database',
    '/api/manage/status',
  ])
    await read(path)
  for (const path of [
    '/api/modules',
    '/api/manage/tasks',
    '/api/manage/requests',
    '/api/manage/audit',
    '/api/manage/roles',
  ])
    await read(path)
  for (const path of ['/api/schemas', '/api/schemas/branch/dar/pos', '/api/schema/database?branch=dar'])
    await read(path)
  await post('/api/query', { branchId: 'dar', moduleId: 'pos', table: 'order_line' })
  await post('/api/query/raw', { branchId: 'dar', sql: 'select * from order_line' })
  await read('/api/manage/tables?branch=dar&module=pos')
  await read('/api/manage/purge-history?branch=dar&module=pos')
  const { events } = (await ask({ path: `${MODULE}/events?after=0&limit=1000` }, admin)).body as Frame
  for (const event of events.slice(0, 40)) await read(`${MODULE}/events/${event.id}`)
  expect(versions.length).toBeGreaterThan(0)
  return seen
}

/** Refusals, which may show or name what is stored: of orders, saves, deletions, batches and sequences. */
async function refusalDoors(role: Role, admin: string): Promise<Seen[]> {
  const seen: Seen[] = []
  const { epoch, events } = (await ask({ path: `${MODULE}/events?after=0&limit=1000` }, admin)).body
  const lastAckId = events.at(-1).id
  const send = async (method: string, path: string, body: object, headers?: Record<string, string>): Promise<void> => {
    const reply = await ask({ method, path, body, ...(headers && { headers }) }, role.token)
    expect([method, path, reply.status < 500]).toEqual([method, path, true])
    seen.push([`${method} ${path}`, reply.text])
  }
  for (const table of TABLES) {
    const path = `${MODULE}/tables/${table}`
    for (const index of [0, 3, 9]) {
      const id = `${table}-${index}`
      await send('DELETE', path, { id, version: 900 })
      await send('DELETE', path, { id }, { 'If-Match': '"1.900"' })
      await send('PUT', path, { id, version: 900 })
      await send('PUT', path, { id, m1: 'mine', version: 900 }, { 'Idempotency-Key': `same-${id}` })
      await send('POST', `${MODULE}/events`, { action: 'module:merge', table, record: { id, version: 900 } })
      const record = { id, kind: 'mine', version: 900 }
      const batch = { lastAckId, events: [{ action: 'module:merge', table, record, epoch }] }
      await send('POST', `${MODULE}/events/batch`, batch)
      const explained = { branchId: 'dar', moduleId: 'pos', table, action: 'read', user: role.name, record: { id } }
      await send('POST', '/api/manage/explain', explained)
    }
    for (const path of ['/sequences', '/sequences/lease', '/sequences/skip']) {
      await send('POST', `${MODULE}${path}`, { table, field: 'id', value: 1, count: 1 })
    }
    await send('GET', `${MODULE}/sequences/gaps?table=${table}&field=id`, {})
  }
  for (const index of [0, 1, 2, 3, 9]) {
    const id = `order_header-${index}`
    const lines = [{ id: `order_line-${index}`, version: 900, kind: 'mine' }]
    for (const method of ['POST', 'PUT', 'PATCH']) {
      const path = method === 'POST' ? `${MODULE}/orders` : `${MODULE}/orders/${id}`
      const order = { id, version: 900, shiftId: 'shift-1', lines }
      await send(method, path, { ...order, order })
    }
  }
  return seen
}

/** Lines and payments are archived and brought back; the archive stays. */
async function purgeAndUndo(admin: string): Promise<string> {
  const body = { branchId: 'dar', moduleId: 'pos', tables: ['order_line', 'order_payment'], resetEvents: false }
  const purged = await ask({ method: 'POST', path: '/api/manage/purge-transactions', body }, admin)
  expect([purged.status, purged.body.message]).toEqual([200, undefined])
  const { entries } = (await ask({ path: '/api/manage/purge-history?branch=dar&module=pos' }, admin)).body as Frame
  const [{ id: entryId }] = entries
  const undo = { branchId: 'dar', moduleId: 'pos', entryId }
  expect((await ask({ method: 'POST', path: '/api/manage/purge-history', body: undo }, admin)).status).toBe(200)
  const whole = await ask({ path: `/api/manage/purge-history?branch=dar&module=pos&entryId=${entryId}` }, admin)
  // What is searched for below is there to be found.
  expect(whole.text.match(/mark-\d+-/g)?.length).toBeGreaterThan(20)
  return entryId
}

async function historyDoors(role: Role, entryId: string): Promise<Seen[]> {
  const seen: Seen[] = []
  const path = '/api/manage/purge-history?branch=dar&module=pos'
  for (const each of [path, `${path}&entryId=${entryId}`, `${MODULE}/events?after=0&limit=1000`, MODULE]) {
    seen.push([`GET ${each} after a purge`, (await ask({ path: each }, role.token)).text])
  }
  const client = await connect()
  client.send(hello(role, { protocol: 2, requestSnapshot: true, requestHistory: true, historyLimit: 1000 }))
  await client.next('server:history')
  seen.push(['socket after a purge', JSON.stringify(client.frames)])
  return seen
}

/** A cursor is a text that only the server reads, but anybody can. */
function withDecodedCursors(text: string): string {
  const cursors = [...text.matchAll(/"next":"([^"]+)"/g)].map(([, cursor]) =>
    Buffer.from(cursor!, 'base64url').toString(),
  )
  return `${text} ${cursors.join(' ')}`
}

async function connect(): Promise<TestClient> {
  const client = new TestClient(`${server.url.replace('http', 'ws')}/ws`)
  clients.push(client)
  await client.opened
  return client
}

const hello = (role: Role, more: Frame): Frame => ({
  ...{ type: 'client:hello', branchId: 'dar', modules: ['pos'], requestId: 'hello', token: role.token },
  ...more,
})

async function socketDoors(role: Role, versions: readonly Version[]): Promise<Seen[]> {
  const first = await connect()
  first.send(hello(role, { requestSnapshot: true, requestHistory: true, historyLimit: 1000 }))
  await first.next('server:history')
  const second = await connect()
  second.send(hello(role, { protocol: 2, requestSnapshot: true, requestHistory: true, historyLimit: 1000 }))
  await second.next('server:history')
  const third = await connect()
  third.send(hello(role, { protocol: 2, cursor: { pos: { epoch: 1, seq: 30 } } }))
  const { modes, fullSync } = await third.next('server:ready')
  // The door that is meant: from a cursor, not everything anew. Where the log does not say what was seen, it asks for that.
  expect([modes.pos, fullSync?.pos ?? 'rules']).not.toEqual(['snapshot', 'rights-changed'])
  for (const table of TABLES) {
    await third.ask({ type: 'client:query', queryType: 'list', table, populate: true, requestId: `l-${table}` })
    for (const id of [0, 1, 2]) {
      await third.ask({
        type: 'client:query',
        queryType: 'get',
        table,
        id: `${table}-${id}`,
        requestId: `g-${table}-${id}`,
      })
    }
  }
  for (const table of TABLES) {
    for (const index of [0, 1, 9]) {
      const record = { id: `${table}-${index}`, kind: 'mine', version: 900 }
      for (const action of ['module:insert', 'module:merge', 'module:delete']) {
        const requestId = `w-${table}-${index}-${action}`
        await third.ask({ type: 'client:publish', moduleId: 'pos', table, action, record, requestId, epoch: 1 })
        first.send({ type: 'client:publish', moduleId: 'pos', table, action, record, requestId, meta: { requestId } })
        await first.next(({ requestId: answered, type }) => answered === requestId && type !== 'server:log')
      }
    }
  }
  for (const [client, requestId] of [
    [first, 's1'],
    [second, 's2'],
  ] as const) {
    client.send({ type: 'client:request:snapshot', requestId })
    await client.next(({ type, meta }) => type === 'server:snapshot' && meta.requestId === requestId)
  }
  const some = await connect()
  some.send(hello(role, { protocol: 2, requestSnapshot: true, tables: ['order_line', 'employees'], lang: 'ar' }))
  await some.next((frame) => frame.type === 'server:ready' || frame.type === 'server:error')
  const translated = await connect()
  translated.send(hello(role, { requestSnapshot: true, lang: 'ar' }))
  await translated.next('server:snapshot')
  for (const topic of ['sync::dar::pos', 'pos:sync:dar', 'table::order_header', 'dar:pos:payments']) {
    third.send({ type: 'subscribe', topic })
    await third.next((frame) => frame.topic === topic)
  }
  expect(versions.length).toBeGreaterThan(0)
  return [
    ['socket, protocol 1', JSON.stringify(first.frames)],
    ['socket, protocol 2', JSON.stringify(second.frames)],
    ['socket, cursor, queries, refused writes and topics', JSON.stringify(third.frames)],
    ['socket, some tables', JSON.stringify(some.frames)],
    ['socket, translated', JSON.stringify(translated.frames)],
  ]
}

/** Sockets of both protocols that hear what is written from now on. */
async function listen(role: Role): Promise<TestClient[]> {
  const old = await connect()
  old.send(hello(role, { requestSnapshot: true }))
  await old.next('server:snapshot')
  const current = await connect()
  current.send(hello(role, { protocol: 2, requestSnapshot: false }))
  await current.next('server:ready')
  return [old, current]
}

/** Everything that was sent to them: a pong comes behind the events before it. */
async function heard(listening: readonly TestClient[]): Promise<string> {
  for (const client of listening) {
    client.send({ type: 'ping', requestId: 'end' })
    await client.next((frame) => frame.type === 'pong' && frame.requestId === 'end')
  }
  return JSON.stringify(listening.map(({ frames }) => frames))
}
