import { expect, test } from 'vitest'
import { ALL_CLOSES, runClientCloses } from '../../torture/client-closes.ts'

const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1_000_000)

test('a page with a full queue is reloaded, closed, or killed with its browser: each kept write arrives once', {
  timeout: 300_000,
}, async () => {
  const report = await runClientCloses({ rounds: ALL_CLOSES, seed })
  expect(report.problems, `seed ${seed}`).toEqual([])
  expect(report.kept).toBeGreaterThan(ALL_CLOSES * 20)
  expect(report.waiting).toBeGreaterThan(ALL_CLOSES * 20)
  expect(report.halfSent).toBeGreaterThan(0)
})
