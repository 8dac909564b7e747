import { writeSync } from 'node:fs'
import { FileThread } from '../../src-main/store/file-work/file-thread.ts'
import { Checkpointer, LAST_RESORT_PAGES } from '../../src-main/store/sqlite/checkpointer.ts'
import { SqliteConnection } from '../../src-main/store/sqlite/connection.ts'

// A process that writes until it is killed: says `row <n>` after each commit, `begin` and `end` around each checkpoint.
const ROWS_A_COMMIT = 200
const path = process.argv[2]!
const thread = new FileThread()
const connection = SqliteConnection.open(path, { checkpointPages: LAST_RESORT_PAGES })
connection.exec('CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, doc BLOB)')
const say = (text: string): void => void writeSync(1, `${text}\n`)
const checkpointer = new Checkpointer({
  branchId: 'dar',
  connection,
  log: { warn: (event: string) => say(`failed ${event}`) } as never,
  async checkpointBeside(file) {
    say('begin')
    await thread.run('checkpoint', { path: file })
    say('end')
  },
})

const insert = connection.prepare('INSERT INTO t (doc) VALUES (?)')
const doc = Buffer.alloc(4000, 1)

function write(): void {
  let last: number | bigint = 0
  connection.transaction(() => {
    for (let row = 0; row < ROWS_A_COMMIT; row++)
      last = (insert.run(doc) as { lastInsertRowid: number }).lastInsertRowid
  })
  say(`row ${last}`)
  checkpointer.noteCommit()
  setTimeout(write, 1)
}

write()
