import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Random } from '../../scripts/seed-history/random.ts'
import { makeEvents } from '../support/event-history.ts'
import { startTestServer } from '../support/server.ts'
import { JournalReader } from './load/journal.ts'
import { LoadProcess } from './load-process.ts'
import { LogCheck } from './log-check.ts'
import { verifyFolder } from './verify-folder.ts'

export interface KillLoopOptions {
  rounds: number
  seed: number
  /** Events in the log before the first round. */
  events: number
  onRound?(round: number, text: string): void
}

export interface KillLoopReport {
  rounds: number
  acknowledged: number
  events: number
  slowestRestartMs: number
  medianRestartMs: number
  problems: string[]
}

const SOCKETS = 8
const REST = 3

/**
 * T01: SIGKILL at a random moment under mixed load, then a restart, the lost requests once more with their ids, and the
 * comparison of everything with the journal of the clients.
 *
 *   load ──► kill -9 ──► restart ──► retry what had no answer ──► compare ──► load ...
 */
export async function runKillLoop(options: KillLoopOptions): Promise<KillLoopReport> {
  const { rounds, seed } = options
  const random = new Random(seed)
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-kill-'))
  const dataDir = join(folder, 'data')
  const journal = join(folder, 'journal.ndjson')
  const load = new LoadProcess()
  const restarts: number[] = []
  const problems: string[] = []
  let position = 0
  try {
    const end = await makeEvents(dataDir, options.events)
    const check = new LogCheck(dataDir, 'dar', end)
    const server = await startTestServer({ dataDir })
    try {
      await load.ask({ type: 'open', journal, seed, sockets: SOCKETS, rest: REST })
      const reader = new JournalReader(journal)
      for (let round = 1; round <= rounds && problems.length === 0; round++) {
        await load.ask({ type: 'go', url: server.url })
        const killAfterMs = random.integer(5, 800)
        await delay(killAfterMs)
        await server.kill()
        await load.ask({ type: 'halt' })
        const startedAt = performance.now()
        await server.restart()
        const restartMs = performance.now() - startedAt
        restarts.push(restartMs)
        await load.ask({ type: 'settle', url: server.url })
        check.note(reader.readNew())
        check.check()
        problems.push(...check.problems, ...load.problems)
        options.onRound?.(
          round,
          `killed after ${killAfterMs} ms, up again in ${restartMs.toFixed(0)} ms, ` +
            `${load.acknowledged} acknowledged, log at ${check.position}, ${problems.length} problems`,
        )
      }
      position = check.position
    } finally {
      await server.stop()
    }
    problems.push(...(await verifyFolder(dataDir)))
    return {
      rounds: restarts.length,
      acknowledged: load.acknowledged,
      events: position,
      slowestRestartMs: Math.max(...restarts),
      medianRestartMs: restarts.toSorted((a, b) => a - b)[restarts.length >> 1] ?? 0,
      problems,
    }
  } finally {
    load.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}
