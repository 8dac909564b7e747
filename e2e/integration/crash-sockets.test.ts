import { expect, test } from 'vitest'
import { runFuzz } from '../torture/fuzz.ts'
import { runReconnectStorm, runSlowReaders } from '../torture/sockets.ts'

const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1_000_000)

test('sockets that do not read cost neither memory nor the others', async () => {
  const report = await runSlowReaders({ slow: 20, events: 2_000 })
  expect(report.problems).toEqual([])
  expect(report.growthMb).toBeLessThan(100)
  expect(report.resynced).toBeGreaterThan(0)
})

test('200 sockets that return at once get what they missed, and no snapshot', async () => {
  const report = await runReconnectStorm({ sockets: 200, rounds: 2 })
  expect(report.problems).toEqual([])
  expect(report.slowestMs).toBeLessThan(10_000)
})

test('mutated frames and requests: no crash, no answer of the 500s', async () => {
  const report = await runFuzz({ frames: 2_000, requests: 800, seed })
  expect(report.problems, `seed ${seed}`).toEqual([])
})
