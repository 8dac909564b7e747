import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { Task } from '../../../src-shared/protocol/management.ts'
import { type Question, type Reply, startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const post = (path: string, body: object): Question => ({ method: 'POST', path, body })

/** Waits for a task that an answer named; the tasks list is asked as the console does. */
async function finish(reply: Reply, on = server): Promise<Task> {
  expect(reply.status).toBe(202)
  const { taskId } = reply.body.task as unknown as Task
  for (;;) {
    const task = (await on.get(`/api/manage/tasks/${taskId}`)).body as unknown as Task
    if (task.state !== 'running') return task
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function insertPayments(count: number, on = server): Promise<void> {
  for (let index = 0; index < count; index++) {
    const record = { id: `pay-${index}`, orderId: 'o', amount: index + 0.5 }
    await on.ask(post('tables/order_payment', { record }))
  }
}

const countOf = async (table: string, on = server): Promise<unknown> => (await on.get(`tables/${table}`)).body.count

test('a purge is previewed, archived, done and taken back', async () => {
  await insertPayments(3)
  const body = { branchId: 'dar', tables: 'payments', reason: 'month end', requestedBy: 'manager' }
  const preview = await server.ask(post('/api/manage/purge-live-data', { ...body, dryRun: true }))
  expect(preview.body).toMatchObject({
    totalRecords: expect.any(Number),
    tables: [{ table: 'order_payment', status: 'ready' }],
  })
  const before = await countOf('order_payment')
  const purge = await server.ask(post('/api/manage/purge-live-data', body))
  expect([purge.status, purge.body]).toMatchObject([
    200,
    {
      status: 'ok',
      branchId: 'dar',
      moduleId: 'pos',
      requestedBy: 'manager',
      reason: 'month end',
      resetEvents: true,
      broadcast: true,
      totalRemoved: before,
      changed: true,
      historyEntry: { totalRecords: before, tables: [{ name: 'order_payment', count: before }] },
    },
  ])
  expect(purge.body).not.toHaveProperty('event')
  expect(await countOf('order_payment')).toBe(0)
  const entryId = (purge.body.historyEntry as JsonObject).id
  const history = await server.get('/api/manage/purge-history?branch=dar')
  expect(history.body).toMatchObject({ branchId: 'dar', moduleId: 'pos', entries: [{ id: entryId }] })
  const entry = await server.get(`/api/manage/purge-history?branchId=dar&entryId=${String(entryId)}`)
  expect(entry.body).toMatchObject({ entryId, summary: { id: entryId }, entry: {} })
  const restored = await finish(
    await server.ask(post('/api/manage/purge-history', { branchId: 'dar', entryId, asTask: true })),
  )
  expect(restored).toMatchObject({
    kind: 'purge-restore',
    state: 'done',
    result: { totalRestored: before, changed: true },
  })
  expect(await countOf('order_payment')).toBe(before)
})

const refusals: [what: string, question: Question, status: number, body: object][] = [
  [
    'a purge of no tables',
    post('/api/manage/purge-live-data', { branchId: 'dar', tables: [] }),
    400,
    { error: 'no-tables-resolved' },
  ],
  ['a purge of nobody', post('/api/manage/purge-live-data', { branchId: 'none' }), 404, { error: 'branch-not-found' }],
  [
    'a history of nothing',
    { path: '/api/manage/purge-history?branch=dar&entryId=none' },
    404,
    { error: 'history-entry-not-found' },
  ],
  [
    'a history that is a path',
    { path: '/api/manage/purge-history?branch=dar&entryId=..%2F..%2Fx' },
    404,
    { error: 'history-entry-not-found' },
  ],
  ['putting back nothing', post('/api/manage/purge-history', { branchId: 'dar' }), 400, { error: 'missing-entry-id' }],
  [
    'a reset of no module',
    post('/api/manage/reset', { branchId: 'dar', modules: ['none'] }),
    404,
    { error: 'modules-not-found' },
  ],
  ['a task of nobody', { path: '/api/manage/tasks/none' }, 404, { error: 'task-not-found' }],
  [
    'a backup of nobody',
    post('/api/manage/restore', { backupId: 'none', confirm: 'all' }),
    404,
    { error: 'backup-not-found' },
  ],
  ['tables of no branch', { path: '/api/manage/tables' }, 400, { error: 'missing-branch-id' }],
  ['a snapshot of nobody', { path: 'snapshots/none' }, 404, { error: 'snapshot-not-found' }],
  ['a snapshot that is a path', { path: 'snapshots/..%2F..%2Fx' }, 404, { error: 'snapshot-not-found' }],
  [
    'a flag for no module',
    post('/api/manage/full-sync', { branchId: 'dar', modules: ['none'] }),
    404,
    { error: 'module-not-found' },
  ],
]

test.each(refusals)('%s is refused', async (_what, question, status, body) => {
  const reply = await server.ask(question)
  expect([reply.status, reply.body]).toMatchObject([status, body])
})

test('flags are set, listed and cleared', async () => {
  const set = await server.ask(
    post('/api/manage/full-sync', { branch: 'dar', module: 'pos', reason: 'new menu', meta: { n: 1 } }),
  )
  expect(set.body).toMatchObject({
    branchId: 'dar',
    enabled: true,
    flags: [{ moduleId: 'pos', enabled: true, reason: 'new menu' }],
  })
  const listed = await server.get('/api/manage/full-sync?branchId=dar&moduleId=pos')
  expect(listed.body).toMatchObject({ branchId: 'dar', moduleId: 'pos', flags: [{ enabled: true, meta: { n: 1 } }] })
  const off = {
    method: 'PATCH',
    path: '/api/manage/full-sync',
    body: { branchId: 'dar', moduleId: 'pos', status: 'disable' },
  }
  expect((await server.ask(off)).body).toMatchObject({ enabled: false, flags: [{ enabled: false }] })
  const cleared = await server.ask({ method: 'DELETE', path: '/api/manage/full-sync?branch=dar&module=pos' })
  expect(cleared.body).toMatchObject({ branchId: 'dar', enabled: false })
})

test('a daily reset clears transactions, a module reset starts from the seeds', async () => {
  const own = await startTestServer()
  try {
    await own.ask(post('tables/dining_tables', { record: { id: 'T-own', name: 'own' } }))
    await insertPayments(2, own)
    const daily = await own.ask(post('/api/manage/daily-reset', { branchId: 'dar', requestedBy: 'manager' }))
    if (daily.status === 409) {
      // The demo data has an open shift: the reset says so and changes nothing.
      expect(daily.body).toMatchObject({ error: 'shift-open' })
    } else {
      expect(daily.body).toMatchObject({
        reason: 'daily-reset',
        results: [{ moduleId: 'pos', status: 'ok', fullSyncFlag: { enabled: true } }],
      })
      expect(await countOf('order_payment', own)).toBe(0)
    }
    expect((await own.get('tables/dining_tables?id=T-own')).body.count).toBe(1)
    const reset = await own.ask({ method: 'POST', path: 'reset' })
    expect([reset.status, reset.body]).toMatchObject([
      200,
      { success: true, branchId: 'dar', modules: { pos: { moduleId: 'pos' } } },
    ])
    expect((await own.get('tables/dining_tables?id=T-own')).body.count).toBe(0)
  } finally {
    await own.close()
  }
})

test('snapshots are taken, downloaded, restored and removed', async () => {
  const taken = await finish(await server.ask(post('snapshots', { name: 'before lunch' })))
  const summary = taken.result as unknown as { snapshotId: string }
  expect(taken).toMatchObject({ kind: 'snapshot', state: 'done', result: { name: 'before lunch', branchId: 'dar' } })
  const path = `snapshots/${summary.snapshotId}`
  expect((await server.get('snapshots')).body).toMatchObject({
    snapshots: expect.arrayContaining([expect.objectContaining(summary)]),
  })
  const file = await server.get(path)
  expect(file.headers['content-disposition']).toMatch(/^attachment; filename="[\w.-]+\.json"$/)
  expect(Object.keys(file.body).length).toBeGreaterThan(0)
  expect(file.text.includes('"pinCode":')).toBe(false)
  await server.ask(post('tables/reservations', { record: { id: 'after-snapshot' } }))
  expect((await server.ask(post(`${path}/restore`, { confirm: 'no' }))).body).toMatchObject({
    error: 'confirmation-required',
  })
  const restored = await finish(await server.ask(post(`${path}/restore`, { confirm: 'dar' })))
  expect(restored).toMatchObject({ kind: 'snapshot-restore', state: 'done' })
  expect((await server.get('tables/reservations?id=after-snapshot')).body.count).toBe(0)
  expect((await server.ask({ method: 'DELETE', path })).body).toEqual({ status: 'deleted' })
  expect((await server.get(path)).status).toBe(404)
})

test('a backup is made, listed and put back', async () => {
  const own = await startTestServer()
  try {
    await own.ask(post('tables/reservations', { record: { id: 'kept' } }))
    const made = await finish(await own.ask(post('/api/manage/backups', { note: 'first' })), own)
    expect(made).toMatchObject({ kind: 'backup', state: 'done', result: { note: 'first', isVerified: true } })
    const { backupId } = made.result as unknown as { backupId: string }
    expect((await own.get('/api/manage/backups')).body).toMatchObject({
      folder: expect.any(String),
      backups: [{ backupId }],
    })
    await own.ask(post('tables/reservations', { record: { id: 'lost' } }))
    expect((await own.ask(post('/api/manage/restore', { backupId }))).body).toMatchObject({
      error: 'confirmation-required',
    })
    const restored = await finish(await own.ask(post('/api/manage/restore', { backupId, confirm: 'all' })), own)
    expect(restored).toMatchObject({ kind: 'restore', state: 'done', result: { backupId } })
    const ids = ((await own.get('tables/reservations')).body.rows as JsonObject[]).map(({ id }) => id)
    expect([ids.includes('kept'), ids.includes('lost')]).toEqual([true, false])
    expect((await own.get('/api/manage/status')).body).toMatchObject({ lastBackup: { isVerified: true } })
  } finally {
    await own.close()
  }
})

test('the status tells state, addresses, branches and what to look at', async () => {
  const { body } = await server.get('/api/manage/status')
  expect(body).toMatchObject({
    state: 'attention',
    serverId: expect.stringMatching(/^ws-/),
    version: '0.0.0-test',
    addresses: [{ url: server.url, kind: 'loopback' }],
    branches: expect.arrayContaining([expect.objectContaining({ branchId: 'dar' })]),
    disk: { freeBytes: expect.any(Number), dataBytes: expect.any(Number) },
    lastBackup: null,
    warnings: expect.arrayContaining([expect.objectContaining({ code: 'no-backup' })]),
  })
  const minutes = body.writesPerMinute as { minute: string; count: number }[]
  expect(minutes.length).toBe(61)
  expect(minutes.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(0)
  const tables = await server.get('/api/manage/tables?branch=dar&module=pos')
  expect(tables.body).toMatchObject({
    tables: expect.arrayContaining([expect.objectContaining({ name: 'order_header' })]),
  })
  expect((await server.get('/api/manage/tasks')).body).toHaveProperty('tasks')
})

test('health checks name each check, metrics count without ids', async () => {
  expect((await server.get('/healthz')).body).toMatchObject({
    status: 'ok',
    serverId: expect.any(String),
    now: expect.any(String),
  })
  const ready = await server.get('/readyz')
  expect([ready.status, ready.body]).toMatchObject([200, { status: 'ready' }])
  const names = (ready.body.checks as JsonObject[]).map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['database:dar', 'disk', 'clock', 'backup']))
  const metrics = await server.get('/metrics')
  expect(metrics.headers['content-type']).toContain('text/plain')
  for (const name of [
    'mishkah_http_requests_total{kind="ajax",method="GET"}',
    'mishkah_ajax_request_duration_seconds_bucket',
    'mishkah_ws_broadcast_events_total',
    'mishkah_ws_frames_delivered_total',
    'mishkah_ws_serialization_events_total',
    'mishkah_ws_payload_bytes_total',
    'mishkah_commit_duration_seconds_bucket',
    'mishkah_commit_writes_sum',
    'mishkah_event_loop_delay_seconds{quantile="0.99"}',
    'mishkah_wal_bytes',
    'mishkah_sockets 0',
    'mishkah_rooms 0',
    'mishkah_socket_queued_bytes 0',
    'mishkah_write_queue_depth 0',
    'mishkah_sequence_last_number{table="order_header",field="id"}',
    'mishkah_backup_last_success_timestamp_seconds 0',
    'mishkah_check_ok{check="database"} 1',
    'mishkah_http_errors_total{code="no-tables-resolved"}',
  ]) {
    expect([name, metrics.text.includes(name)]).toEqual([name, true])
  }
  expect(metrics.text).not.toMatch(/"(dar|remal)"/)
})
