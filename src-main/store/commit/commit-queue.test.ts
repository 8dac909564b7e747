import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppError } from '../../../src-shared/errors.ts'
import { SqliteConnection } from '../sqlite/connection.ts'
import { CommitQueue, type Job } from './commit-queue.ts'

let folder: string
let connection: SqliteConnection
let queue: CommitQueue
let answers: string[]
let memory: { current: number; staged: number }
let runs: number

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mishkah-queue-'))
  connection = SqliteConnection.open(join(folder, 'test.db'))
  connection.exec('CREATE TABLE t (v INTEGER UNIQUE)')
  answers = []
  memory = { current: 0, staged: 0 }
  runs = 0
  const staged = {
    mark() {
      const before = memory.staged
      return () => {
        memory.staged = before
      }
    },
    install() {
      memory.current = memory.staged
    },
    discard() {
      memory.staged = memory.current
    },
  }
  queue = new CommitQueue(connection, staged, { onCommit: () => undefined, onFault: () => undefined })
})
afterEach(() => {
  connection.close()
  rmSync(folder, { recursive: true })
})

function submit(value: number, options: { isRepeatable?: boolean; isRefused?: boolean } = {}): void {
  const job: Job<number> = {
    isRepeatable: options.isRepeatable ?? true,
    run() {
      runs++
      connection.prepare('INSERT INTO t VALUES (?)').run(value)
      memory.staged = value
      if (options.isRefused) throw new AppError('version-conflict', 'The version is old.')
      return value
    },
    committed: (result) => answers.push(`done ${result}`),
    failed: (error) => answers.push(`refused ${(error as AppError).code}`),
  }
  queue.submit(job)
}

const stored = (): number[] =>
  (connection.prepare('SELECT v FROM t ORDER BY v').all() as { v: number }[]).map(({ v }) => v)
const settle = (): Promise<void> => queue.run(() => undefined)

test('a group without refusals runs each job once', async () => {
  for (const value of [1, 2, 3]) submit(value)
  await settle()
  expect(answers).toEqual(['done 1', 'done 2', 'done 3'])
  expect(runs).toBe(3)
  expect(memory).toEqual({ current: 3, staged: 3 })
})

test.each([true, false])('one refused job costs its neighbours nothing (repeatable: %s)', async (isRepeatable) => {
  submit(1, { isRepeatable })
  submit(2, { isRepeatable, isRefused: true })
  submit(3, { isRepeatable })
  submit(1, { isRepeatable })
  await settle()
  expect(answers).toEqual(['done 1', 'refused version-conflict', 'done 3', 'refused unique-violation'])
  expect(stored()).toEqual([1, 3])
  expect(memory.current).toBe(3)
})

test('a group with a job that must not run twice gets savepoints at once', async () => {
  submit(1)
  submit(2, { isRepeatable: false })
  submit(3, { isRefused: true })
  await settle()
  expect(runs).toBe(3)
  expect(stored()).toEqual([1, 2])
})

test('a failed commit refuses every job and keeps nothing in memory', async () => {
  connection.exec('CREATE TABLE parent (v INTEGER PRIMARY KEY); PRAGMA foreign_keys = ON')
  connection.exec('CREATE TABLE child (v INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)')
  submit(1)
  queue.submit({
    isRepeatable: true,
    run: () => connection.prepare('INSERT INTO child VALUES (7)').run(),
    committed: () => answers.push('done child'),
    failed: () => answers.push('refused child'),
  })
  await new Promise((done) => setImmediate(() => setImmediate(done)))
  expect(answers).toEqual(['refused validation-failed', 'refused child'])
  expect(stored()).toEqual([])
  expect(memory).toEqual({ current: 0, staged: 0 })
})
