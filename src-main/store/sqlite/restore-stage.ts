import type { RaisedSequence } from '../backup/plan-sequences.ts'
import { BranchInspector } from './branch-inspector.ts'
import { SqliteConnection } from './connection.ts'
import { SequenceTables } from './sequence-tables.ts'

export interface StageChange {
  /** The epoch that each module begins. */
  epochs: ReadonlyMap<string, number>
  sequences: readonly RaisedSequence[]
  /** Integer keys of the running database: the staged ones never fall below. */
  counters: readonly { module: string; tbl: string; last: number }[]
  /** The business day now: what a day's end would do was done for today. */
  today: string
  at: string
}

/**
 * Makes a copied branch database the beginning of a new epoch: it goes on after its head, cursors from before need a full
 * sync, the mirror starts empty, and no number is drawn twice. One transaction; the file is complete when it returns.
 */
export function prepareStage(path: string, change: StageChange): void {
  const connection = SqliteConnection.open(path)
  try {
    connection.transaction(() => {
      beginEpochs(connection, change)
      raiseSequences(connection, change)
    })
    connection.checkpoint()
  } finally {
    connection.close()
  }
}

/** The same numbers once more, when the running database has stood still: only what rose since is raised. */
export function raiseStage(path: string, change: StageChange): void {
  const connection = SqliteConnection.open(path)
  try {
    connection.transaction(() => raiseSequences(connection, change))
    connection.checkpoint()
  } finally {
    connection.close()
  }
}

function beginEpochs(connection: SqliteConnection, { epochs, today }: StageChange): void {
  const inspector = new BranchInspector(connection)
  const update = connection.prepare(
    `UPDATE modules SET epoch = ?, base_seq = ?, base_hash = ?, snapshot_floor = ?, live_from = ?, live_day = ?
     WHERE module = ?`,
  )
  const setMeta = connection.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)')
  for (const module of inspector.modules()) {
    const head = inspector.head(module)
    const epoch = epochs.get(module.moduleId) ?? module.epoch + 1
    update.run(epoch, head.seq, head.hash, head.seq, head.seq + 1, today, module.moduleId)
    setMeta.run(dailyResetKey(module.moduleId), today)
  }
}

function raiseSequences(connection: SqliteConnection, { sequences, counters, at }: StageChange): void {
  const tables = new SequenceTables(connection)
  for (const { module, tbl, field, period, last, lastHash, from, isRaised } of sequences) {
    const stored = tables.find(module, tbl, field, period)?.last ?? 0
    if (!isRaised || last <= stored) continue
    tables.set(module, tbl, field, period, last, lastHash, at)
    tables.addEntry(module, {
      tbl,
      field,
      period,
      first: Math.max(from, stored + 1),
      last,
      text: null,
      reason: 'restore',
      request: null,
      client: null,
      at,
    })
  }
  const raise = connection.prepare(
    'INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)',
  )
  for (const { module, tbl, last } of counters) raise.run(module, tbl, last)
}

/** Where a branch remembers the last day on which a module had its daily reset. */
export function dailyResetKey(moduleId: string): string {
  return `daily-reset/${moduleId}`
}
