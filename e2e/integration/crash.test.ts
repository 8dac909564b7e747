import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { send } from '../support/http.ts'
import { startTestServer } from '../support/server.ts'
import { runKillLoop } from '../torture/kill-loop.ts'
import type { Operation } from '../torture/load/operation.ts'
import { LogCheck } from '../torture/log-check.ts'

const ROUNDS = 20
const EVENTS = 100_000
const RESTART_LIMIT_MS = 3_000
/** On a machine that does much else. */
const TEST_LIMIT_MS = 300_000

test(`kill -9 in ${ROUNDS} rounds of mixed load: nothing acknowledged is lost or doubled`, {
  timeout: TEST_LIMIT_MS,
}, async () => {
  const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1_000_000)
  const report = await runKillLoop({ rounds: ROUNDS, seed, events: EVENTS })
  expect(report.problems, `seed ${seed}`).toEqual([])
  expect(report.rounds).toBe(ROUNDS)
  expect(report.acknowledged).toBeGreaterThan(ROUNDS * 20)
  expect(report.medianRestartMs).toBeLessThan(RESTART_LIMIT_MS)
})

test('the check of the log notices a lost, a doubled and a changed write', async () => {
  const dataDir = join(mkdtempSync(join(tmpdir(), 'mishkah-check-')), 'data')
  const server = await startTestServer({ dataDir })
  const check = new LogCheck(dataDir, 'dar')
  const table = 'customer_profiles'
  const insert = async (id: string, op: string): Promise<number> => {
    const body = { record: { id, name: 'Known' }, meta: { op } }
    const answer = await send(server.url, `/api/branches/dar/modules/pos/tables/${table}`, { method: 'POST', body })
    return (answer.body as { ack: { sequence: number } }).ack.sequence
  }
  const note = (id: string, key: string, seq: number): void => {
    const operation: Operation = { id, client: 'c', kind: 'insert', writes: [{ action: 'insert', table, record: {} }] }
    const writes = [{ table, key, seq, version: 1 }]
    check.note([{ at: 'sent', operation }])
    check.note([{ at: 'acked', id, isRetry: false, isReplay: false, writes }])
  }
  try {
    note('op-1', 'cust-1', await insert('cust-1', 'op-1'))
    note('op-2', 'cust-2', await insert('cust-2', 'op-2'))
    await insert('cust-2b', 'op-2')
    note('op-3', 'cust-3', 99)
    note('op-4', 'another', await insert('cust-4', 'op-4'))
    check.check()
  } finally {
    await server.stop()
    rmSync(join(dataDir, '..'), { recursive: true, force: true })
  }
  expect(check.problems).toEqual([
    expect.stringContaining('DOUBLED: op-2'),
    expect.stringContaining('op-2: event 3 says group null'),
    expect.stringContaining('LOST: op-3'),
    expect.stringContaining('op-4: promised customer_profiles another'),
  ])
})
