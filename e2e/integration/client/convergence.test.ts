import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFailed, test } from 'vitest'
import { runClientNetwork } from '../../torture/client-network.ts'

const CLIENTS = 50
const ROUNDS = 10
const FAILED_SEEDS = join(import.meta.dirname, '../../../test-results/client-network-seeds.txt')

/** One that stays, and a new one each time; TORTURE_SEED repeats a run. */
const seeds = process.env.TORTURE_SEED ? [Number(process.env.TORTURE_SEED)] : [11, Date.now() % 1_000_000]

test.each(seeds)(
  '50 clients on a bad network converge with the server and each other (seed %i)',
  {
    timeout: 300_000,
  },
  async (seed) => {
    onTestFailed(() => {
      mkdirSync(join(FAILED_SEEDS, '..'), { recursive: true })
      appendFileSync(FAILED_SEEDS, `${seed}\n`)
    })
    const report = await runClientNetwork({ clients: CLIENTS, rounds: ROUNDS, seed })
    expect(report.problems, `seed ${seed}`).toEqual([])
    expect(report.acknowledged).toBeGreaterThan(CLIENTS * 2)
    for (const [kind, times] of Object.entries(report.disturbed)) expect([kind, times > 0]).toEqual([kind, true])
  },
)
