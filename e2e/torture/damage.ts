import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../scripts/seed-history/random.ts'
import { verifyBranchDatabase } from '../../src-main/store/backup/verify-branch.ts'
import { SqliteConnection } from '../../src-main/store/sqlite/connection.ts'
import { BranchClient } from '../support/branch-client.ts'
import { makeEvents } from '../support/event-history.ts'
import { startTestServer } from '../support/server.ts'
import { verifyBranch } from './verify-folder.ts'

export interface FlipReport {
  flips: number
  detected: number
  /** Flips in columns that SQLite's own check is known to miss. */
  problems: string[]
}

const EVENTS = 400

/**
 * T08: one bit is flipped in the stored text of a record, in a column of an event, or in the mirror; the check of the
 * branch must see it, every time.
 */
export async function runBitFlips(options: { flips: number; seed: number }): Promise<FlipReport> {
  const random = new Random(options.seed)
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-flips-'))
  try {
    const dataDir = join(folder, 'data')
    await makeEvents(dataDir, EVENTS)
    const branch = join(dataDir, 'branches', 'dar')
    vacuum(join(branch, 'sqlite', 'branch.db'))
    const problems = verifyBranch(branch, 'dar').map((problem) => `before any flip: ${problem}`)
    const targets = [...findTexts(join(branch, 'sqlite', 'branch.db')), mirrorTarget(branch)]
    let detected = 0
    let flips = 0
    for (let tries = 0; flips < options.flips && tries < options.flips * 4 && problems.length === 0; tries++) {
      const target = random.pickWeighted(
        targets,
        targets.map(({ weight }) => weight),
      )
      const place = target.offset + random.integer(0, target.length - 1)
      const bit = 1 << random.integer(0, 7)
      flipBit(target.path, place, bit)
      if (isVisible(target)) {
        flips++
        if (verifyBranch(branch, 'dar').length > 0) detected++
        else problems.push(`a flipped bit ${bit} at ${place} (${target.what}) was not noticed`)
      }
      flipBit(target.path, place, bit)
    }
    if (problems.length === 0 && flips < options.flips) problems.push(`only ${flips} flips hit something that is read`)
    return { flips, detected, problems }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Leaves no old copies of a text in pages that are free. */
function vacuum(path: string): void {
  const connection = SqliteConnection.open(path)
  connection.exec('VACUUM')
  connection.checkpoint()
  connection.close()
}

interface Target {
  path: string
  offset: number
  length: number
  what: string
  weight: number
  /** Reads the text through SQL; absent for a plain file. */
  sql?: { query: string; key: number; text: string }
}

/** Pages hold old copies in their unused parts: a flip counts when a reader sees another text. */
function isVisible({ path, sql }: Target): boolean {
  if (!sql) return true
  const connection = SqliteConnection.open(path, { readonly: true })
  try {
    const row = connection.prepare(sql.query).get(sql.key) as { text: string } | undefined
    return row?.text !== sql.text
  } catch {
    // Damaged so that it cannot be read at all.
    return true
  } finally {
    connection.close()
  }
}

/** Where texts of records and events stand in the file; those that are split over pages are left out. */
function findTexts(path: string): Target[] {
  const bytes = readFileSync(path)
  const connection = SqliteConnection.open(path, { readonly: true })
  try {
    const find = (table: string, key: string, column: string, what: string): Target[] => {
      const rows = connection.prepare(`SELECT ${key} AS key, ${column} AS text FROM "${table}" LIMIT 300`).all()
      const query = `SELECT ${column} AS text FROM "${table}" WHERE ${key} = ?`
      return (rows as { key: number; text: string | null }[]).flatMap(({ key, text }) => {
        const offset = text === null ? -1 : bytes.lastIndexOf(text)
        if (text === null || offset < 0) return []
        return [{ path, offset, length: Buffer.byteLength(text), what, weight: 1, sql: { query, key, text } }]
      })
    }
    return [
      ...find('pos/customer_profiles', 'n', 'doc', 'record'),
      ...find('pos/customer_profiles', 'n', 'updated_at', 'time of a record'),
      ...find('pos//events', 'seq', 'record', 'event'),
      ...find('pos//events', 'seq', 'meta', 'meta of an event'),
      ...find('pos//events', 'seq', 'hash', 'hash of an event'),
    ]
  } finally {
    connection.close()
  }
}

function mirrorTarget(branch: string): Target {
  const path = join(branch, 'modules', 'pos', 'live', 'events.log')
  return { path, offset: 0, length: statSync(path).size, what: 'mirror', weight: 200 }
}

function flipBit(path: string, place: number, bit: number): void {
  const bytes = readFileSync(path)
  bytes[place]! ^= bit
  writeFileSync(path, bytes)
}

export interface TruncationReport {
  steps: number
  /** Positions of the log that the openings ended at. */
  newest: number
  oldest: number
  problems: string[]
}

const STEP_BYTES = 512

/**
 * T09: the last part of the write-ahead log is cut off in steps of 512 bytes. Each opening must end with a commit that
 * is whole: a sound chain, records that fit to it, never more than before, and nothing lost that was cut nowhere.
 */
export async function runTruncation(options: { bytes: number }): Promise<TruncationReport> {
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-cut-'))
  try {
    const dataDir = join(folder, 'data')
    const server = await startTestServer({ dataDir })
    const client = new BranchClient(() => server.url)
    for (let index = 0; index < 60; index++) {
      await client.insert('customer_profiles', { id: `cust-${index}`, name: 'Cut', notes: 'x'.repeat(400) })
    }
    await server.kill()
    const problems: string[] = []
    const source = join(dataDir, 'branches', 'dar', 'sqlite')
    const size = statSync(join(source, 'branch.db-wal')).size
    const steps = Math.min(Math.floor(options.bytes / STEP_BYTES), Math.floor(size / STEP_BYTES))
    const positions: number[] = []
    for (let step = 0; step <= steps; step++) {
      const copy = join(folder, 'copy')
      cpSync(source, copy, { recursive: true })
      rmSync(join(copy, 'branch.db-shm'), { force: true })
      truncateSync(join(copy, 'branch.db-wal'), size - step * STEP_BYTES)
      positions.push(openCut(copy, step, problems))
      rmSync(copy, { recursive: true })
    }
    positions.forEach((position, step) => {
      if (step > 0 && position > positions[step - 1]!) problems.push(`cut ${step} shows more than cut ${step - 1}`)
    })
    if (steps > 0 && positions.at(-1) === positions[0]) problems.push('the cuts reached no commit')
    return { steps, newest: positions[0]!, oldest: positions.at(-1)!, problems }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The position after opening; a problem when the check finds one. */
function openCut(folder: string, step: number, problems: string[]): number {
  const connection = SqliteConnection.open(join(folder, 'branch.db'))
  try {
    const figures = verifyBranchDatabase(connection, 'dar')
    const { seq, tables } = figures.modules[0]!
    const customers = connection
      .prepare(`SELECT count(*) AS total FROM "pos/customer_profiles" WHERE id LIKE 'cust-%' AND length(doc) > 400`)
      .get() as { total: number }
    // One event a customer after the import of the seeds.
    if (customers.total !== seq - 1) problems.push(`cut ${step}: ${customers.total} customers at position ${seq}`)
    if (tables.length === 0) problems.push(`cut ${step}: no tables`)
    return seq
  } catch (error) {
    problems.push(`cut ${step}: ${error instanceof Error ? error.message : String(error)}`)
    return 0
  } finally {
    connection.close()
  }
}

/** The mirror cut in the middle of a line, then completed by a start. */
export async function runMirrorCut(options: {
  cuts: number
  seed: number
}): Promise<{ cuts: number; problems: string[] }> {
  const random = new Random(options.seed)
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-mirror-'))
  try {
    const dataDir = join(folder, 'data')
    await makeEvents(dataDir, EVENTS)
    const branch = join(dataDir, 'branches', 'dar')
    const path = join(branch, 'modules', 'pos', 'live', 'events.log')
    const whole = join(folder, 'whole.log')
    copyFileSync(path, whole)
    const problems: string[] = []
    for (let cut = 0; cut < options.cuts; cut++) {
      copyFileSync(whole, path)
      truncateSync(path, random.integer(0, statSync(whole).size))
      const server = await startTestServer({ dataDir })
      await server.stop()
      problems.push(...verifyBranch(branch, 'dar').map((problem) => `cut ${cut}: ${problem}`))
    }
    return { cuts: options.cuts, problems }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
