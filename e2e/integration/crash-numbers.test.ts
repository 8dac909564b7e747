import { expect, test } from 'vitest'
import { runLockStorm } from '../torture/lock-storm.ts'
import { runNumbers } from '../torture/numbers.ts'

const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1_000_000)
/** 100,000 in the full form; here as many as fit. */
const NUMBERS = 100_000
const LIMIT_MS = 30_000

test('64 parallel allocators through crashes: numbers are unique, and each gap names its request', async () => {
  const report = await runNumbers({ numbers: NUMBERS, limitMs: LIMIT_MS, seed })
  expect(report.problems, `seed ${seed}`).toEqual([])
  expect(report.crashes).toBeGreaterThan(1)
  expect(report.drawn).toBeGreaterThan(1_000)
  expect(report.inRecords).toBeGreaterThan(0)
  console.log(`${report.drawn} of ${NUMBERS} numbers drawn through ${report.crashes} crashes (seed ${seed})`)
})

test('32 writers on 10 records with version checks: no update is lost', async () => {
  const report = await runLockStorm({ updates: 1_000, seed })
  expect(report.problems, `seed ${seed}`).toEqual([])
  expect(report.conflicts).toBeGreaterThan(0)
})
