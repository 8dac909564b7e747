import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppError } from '../../../src-shared/errors.ts'
import { FileThread } from '../file-work/file-thread.ts'
import { checkpointFile } from '../file-work/file-work.ts'
import { temporaryFolder } from '../test-support.ts'
import { Checkpointer, LAST_RESORT_PAGES } from './checkpointer.ts'
import { SqliteConnection } from './connection.ts'

const PAGE_BYTES = 4096
/** A commit of 1,000 pages or a few more. */
const ROWS = 1000
const BLOB = Buffer.alloc(PAGE_BYTES - 100, 7)

let path: string
let connection: SqliteConnection
let warnings: string[]

beforeEach(() => {
  path = join(temporaryFolder(), 'branch.db')
  connection = SqliteConnection.open(path, { checkpointPages: LAST_RESORT_PAGES })
  connection.exec('CREATE TABLE t (n INTEGER PRIMARY KEY, doc BLOB)')
  warnings = []
})

afterEach(() => connection.close())

function checkpointer(checkpointBeside: (path: string) => Promise<unknown>): Checkpointer {
  const log = { warn: (event: string) => warnings.push(event) } as never
  return new Checkpointer({ branchId: 'dar', connection, log, checkpointBeside })
}

function commitThousand(): void {
  const insert = connection.prepare('INSERT INTO t (doc) VALUES (?)')
  connection.transaction(() => {
    for (let row = 0; row < ROWS; row++) insert.run(BLOB)
  })
}

const rowCount = (): unknown => connection.prepare('SELECT count(*) AS n FROM t').get()

/** Lets the next measurement be due. */
const pause = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 120))

test('a short WAL is left alone; a long one is moved by the other thread, and the next write begins it anew', async () => {
  const thread = new FileThread()
  let calls = 0
  const keeper = checkpointer((file) => {
    calls++
    return thread.run('checkpoint', { path: file })
  })
  for (let commits = 0; commits < 3; commits++) commitThousand()
  keeper.noteCommit()
  await pause()
  expect(calls).toBe(0)

  commitThousand()
  keeper.noteCommit()
  await expect.poll(() => connection.walPagesLeft(), { timeout: 10_000 }).toBe(0)
  expect({ calls, warnings }).toEqual({ calls: 1, warnings: [] })
  commitThousand()
  const walBytes = statSync(`${path}-wal`).size
  for (let commits = 0; commits < 2; commits++) commitThousand()
  expect(statSync(`${path}-wal`).size).toBe(walBytes)
  expect(rowCount()).toEqual({ n: 7000 })
  await keeper.stop()
  await thread.close()
})

test('the rounds end with an empty WAL although writes went on', async () => {
  let rounds = 0
  const keeper = checkpointer(async (file) => {
    checkpointFile(file)
    rounds++
    if (rounds === 1) commitThousand()
    if (rounds === 2) connection.exec("INSERT INTO t (doc) VALUES (x'00')")
  })
  for (let commits = 0; commits < 5; commits++) commitThousand()
  keeper.noteCommit()
  await pause()
  expect({ rounds, left: connection.walPagesLeft() }).toEqual({ rounds: 2, left: 0 })
  expect(rowCount()).toEqual({ n: 6001 })
  await keeper.stop()
})

test('measured a moment after a commit, and by one run at a time', async () => {
  let calls = 0
  let finish = (): void => undefined
  const keeper = checkpointer((file) => {
    calls++
    return new Promise<void>((resolve) => {
      finish = () => {
        checkpointFile(file)
        resolve()
      }
    })
  })
  keeper.noteCommit()
  for (let commits = 0; commits < 5; commits++) commitThousand()
  keeper.noteCommit()
  expect(calls).toBe(0)
  await pause()
  expect(calls).toBe(1)
  keeper.noteCommit()
  await pause()
  expect(calls).toBe(1)
  finish()
  await keeper.stop()
})

test('a thread that fails costs a warning: the commits go on and keep the WAL bounded themselves', async () => {
  let calls = 0
  const keeper = checkpointer(() => {
    calls++
    return Promise.reject(new AppError('disk-full', 'The disk is full.'))
  })
  for (let commits = 0; commits < 40; commits++) {
    commitThousand()
    keeper.noteCommit()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await pause()
  // The failure is not repeated at every commit.
  expect({ calls, warnings }).toEqual({ calls: 1, warnings: ['checkpoint-failed'] })
  expect(statSync(`${path}-wal`).size).toBeLessThan((LAST_RESORT_PAGES + 2 * ROWS) * (PAGE_BYTES + 24))
  expect(rowCount()).toEqual({ n: 40_000 })
  await keeper.stop()
})

test('a database that cannot be measured costs a warning, not the process', async () => {
  const keeper = checkpointer(async () => undefined)
  keeper.noteCommit()
  connection.close()
  await pause()
  expect(warnings).toEqual(['checkpoint-failed'])
  await keeper.stop()
})

test('a reader that still needs the pages does not make the thread run in circles', async () => {
  const reader = SqliteConnection.open(path, { readonly: true })
  reader.exec('BEGIN')
  reader.prepare('SELECT count(*) FROM t').get()
  let calls = 0
  const keeper = checkpointer(async (file) => {
    calls++
    checkpointFile(file)
  })
  for (let commits = 0; commits < 5; commits++) commitThousand()
  keeper.noteCommit()
  await pause()
  const before = calls
  expect(before).toBeGreaterThan(0)
  for (let tries = 0; tries < 3; tries++) {
    keeper.noteCommit()
    await pause()
  }
  expect(before).toBeLessThanOrEqual(3)
  expect(calls).toBe(before)
  reader.close()
  await keeper.stop()
})

test('stop waits for the thread, after which the files may be moved', async () => {
  let finish = (): void => undefined
  const keeper = checkpointer(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve
      }),
  )
  for (let commits = 0; commits < 5; commits++) commitThousand()
  keeper.noteCommit()
  await pause()
  let isStopped = false
  const stopped = keeper.stop().then(() => {
    isStopped = true
  })
  await pause()
  expect(isStopped).toBe(false)
  finish()
  await stopped
  keeper.noteCommit()
  connection.close()
  // A measurement of the closed database would be an unhandled error.
  await pause()
})
