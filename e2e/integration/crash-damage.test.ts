import { expect, test } from 'vitest'
import { runBitFlips, runMirrorCut, runTruncation } from '../torture/damage.ts'
import { runDiskFull, whyNoDiskFull } from '../torture/disk-full.ts'
import { runSyncOrder, whyNoSyncOrder } from '../torture/sync-order.ts'

const seed = Number(process.env.TORTURE_SEED ?? Date.now() % 1_000_000)

test('every flipped bit in records, events and the mirror is noticed', async () => {
  const report = await runBitFlips({ flips: 60, seed })
  expect(report.problems, `seed ${seed}`).toEqual([])
  expect(report.detected).toBe(60)
})

test('a write-ahead log that was cut opens with the last whole commit', async () => {
  const report = await runTruncation({ bytes: 20 * 1024 })
  expect(report.problems).toEqual([])
})

test('a mirror that was cut is completed from the table', async () => {
  const report = await runMirrorCut({ cuts: 2, seed })
  expect(report.problems, `seed ${seed}`).toEqual([])
})

test('a full disk refuses writes, serves reads, and needs no restart', async ({ skip }) => {
  const reason = whyNoDiskFull()
  if (reason) skip(reason)
  const report = await runDiskFull({ cycles: 3 })
  expect(report.problems).toEqual([])
  expect(report.refused).toBeGreaterThan(0)
})

test('no ack leaves before the sync that covers it', async ({ skip }) => {
  const reason = whyNoSyncOrder()
  if (reason) skip(reason)
  const report = await runSyncOrder({ writes: 400 })
  expect(report.problems).toEqual([])
  expect(report.acks).toBeGreaterThanOrEqual(400)
  expect(report.syncs).toBeGreaterThan(0)
})
