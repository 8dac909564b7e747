import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { createLog, type LogRecord } from '../lib/log.ts'
import { SystemDatabase } from '../store/sqlite/system-database.ts'
import { type Access, type AccessOptions, openAccess } from './open-access.ts'
import type { HashCost } from './people/password-hash.ts'

/** Microseconds instead of a tenth of a second: for tests of what happens around the hash, never of the hash itself. */
export const CHEAP_COST: HashCost = { N: 16, r: 1, p: 1 }

export interface TestAccess {
  access: Access
  database: SystemDatabase
  dataDir: string
  records: LogRecord[]
  clock: Clock & { advance(ms: number): void }
  /** Closes everything and opens it again, as a restart does. */
  reopen(options?: Partial<AccessOptions>): Promise<void>
  close(): void
}

/** Real tables in a temporary folder, with a clock that tests move. */
export async function openTestAccess(options: Partial<AccessOptions> = {}): Promise<TestAccess> {
  const dataDir = mkdtempSync(join(tmpdir(), 'mishkah-access-'))
  let nowMs = Date.parse('2026-03-01T10:00:00Z')
  const clock = {
    now: () => nowMs,
    advance(ms: number) {
      nowMs += ms
    },
  }
  const records: LogRecord[] = []
  const log = createLog({ level: 'debug', write: (record) => records.push(record) })
  const open = async (more: Partial<AccessOptions>) => {
    const database = SystemDatabase.open(join(dataDir, 'system.db'))
    const defaults = { dataDir, database, log, clock, openLan: () => null, hashCost: CHEAP_COST }
    return { database, access: await openAccess({ ...defaults, ...options, ...more }) }
  }
  const test: TestAccess = {
    ...(await open({})),
    dataDir,
    records,
    clock,
    async reopen(more = {}) {
      test.access.close()
      test.database.close()
      Object.assign(test, await open(more))
    },
    close() {
      test.access.close()
      test.database.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  return test
}

/** The code of what `work` throws or rejects with. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
