import { expect, test } from 'vitest'
import { runKillLoop } from '../torture/kill-loop.ts'

const ROUNDS = 20
const EVENTS = 100_000
const RESTART_LIMIT_MS = 3_000

test(`kill -9 in ${ROUNDS} rounds of mixed load: nothing acknowledged is lost or doubled`, async () => {
  const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1_000_000)
  const report = await runKillLoop({ rounds: ROUNDS, seed, events: EVENTS })
  expect(report.problems, `seed ${seed}`).toEqual([])
  expect(report.rounds).toBe(ROUNDS)
  expect(report.acknowledged).toBeGreaterThan(ROUNDS * 20)
  expect(report.medianRestartMs).toBeLessThan(RESTART_LIMIT_MS)
})
