import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { SqliteConnection } from '../../src-main/store/sqlite/connection.ts'

const WRITER = join(import.meta.dirname, '../support/checkpoint-writer.ts')
const ROUNDS = 8

interface Round {
  lastRow: number
  /** It was killed while the thread moved the WAL. */
  isInCheckpoint: boolean
  other: string[]
}

/** Runs the writer until `delayMs` after its second checkpoint began (the thread runs by then), and kills it. */
async function killInCheckpoint(path: string, delayMs: number): Promise<Round> {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const round: Round = { lastRow: 0, isInCheckpoint: false, other: [] }
  const limit = setTimeout(() => child.kill('SIGKILL'), 30_000)
  let checkpoints = 0
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('row ')) round.lastRow = Number(line.slice(4))
    else if (line === 'begin') {
      round.isInCheckpoint = true
      if (++checkpoints === 2) setTimeout(() => child.kill('SIGKILL'), delayMs)
    } else if (line === 'end') round.isInCheckpoint = false
    else round.other.push(line)
  }
  clearTimeout(limit)
  return round
}

test('kill -9 while the thread moves the WAL: every commit that was told is there, and the file is whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-checkpoint-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const path = join(folder, 'branch.db')
  let inCheckpoint = 0
  let before = 0
  for (let index = 0; index < ROUNDS; index++) {
    const round = await killInCheckpoint(path, index * 3)
    expect(round.other).toEqual([])
    expect(round.lastRow).toBeGreaterThan(before)
    if (round.isInCheckpoint) inCheckpoint++
    const connection = SqliteConnection.open(path, { readonly: true })
    const { count, highest } = connection.prepare('SELECT count(*) AS count, max(n) AS highest FROM t').get() as {
      count: number
      highest: number
    }
    expect(count).toBe(highest)
    expect(count).toBeGreaterThanOrEqual(round.lastRow)
    expect(connection.pragma('integrity_check')).toBe('ok')
    connection.close()
    before = count
  }
  expect(inCheckpoint).toBeGreaterThan(0)
})
