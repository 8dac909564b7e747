import { crc32 } from 'node:zlib'
import { AppError } from '../../../src-shared/errors.ts'
import { CHAIN_START, chainHash, eventLineHead } from '../events/event-line.ts'
import {
  BranchInspector,
  type InspectedModule,
  type InspectedTable,
  type SequenceState,
} from '../sqlite/branch-inspector.ts'
import type { SqliteConnection } from '../sqlite/connection.ts'
import { rowChecksum } from '../sqlite/record-table.ts'

export interface ModuleFigures {
  moduleId: string
  epoch: number
  seq: number
  headHash: string
  records: number
  events: number
  /** When the module was first installed: the same in every copy of one history. */
  createdAt: string
  tables: { name: string; count: number }[]
}

export interface BranchFigures {
  modules: ModuleFigures[]
  sequences: SequenceState[]
}

export type VerifyProgress = (done: number, total: number) => void

const BATCH = 1000

/**
 * Checks a branch database from end to end: the file (SQLite's own check), every record against its checksum, every event
 * against the hash chain, every position against the head. Reads everything once; run it where nobody waits.
 *
 * @returns What the database holds, for comparing with what it should hold.
 * @throws AppError `store-corrupt` or `chain-broken`, naming the place.
 */
export function verifyBranchDatabase(
  connection: SqliteConnection,
  branchId: string,
  onProgress: VerifyProgress = () => undefined,
): BranchFigures {
  const inspector = new BranchInspector(connection)
  const layout = inspector.layout()
  if (layout === 0) throw corrupt('The file is not a branch database.', { branchId })
  if (!inspector.isReadable) throw corrupt('The database was written by a newer version.', { branchId, layout })
  const integrity = inspector.integrity()
  if (integrity !== 'ok') throw corrupt('The database file is damaged.', { branchId, integrity })
  const figures = readBranchFigures(connection)
  const total = figures.modules.reduce((sum, module) => sum + module.records + module.events, 0)
  let done = 0
  const step = (count: number): void => {
    done += count
    onProgress(done, total)
  }
  for (const module of inspector.modules()) {
    verifyChain(inspector, module, branchId, step)
    const { seq } = inspector.head(module)
    for (const table of inspector.tables(module)) verifyTable(inspector, table, { branchId, module, seq, step })
  }
  return figures
}

/** The same figures without checking them. Costs a count of each table. */
export function readBranchFigures(connection: SqliteConnection): BranchFigures {
  const inspector = new BranchInspector(connection)
  const modules = inspector.modules().map((module) => {
    const head = inspector.head(module)
    const tables = inspector.tables(module).map((table) => ({ name: table.name, count: inspector.count(table) }))
    return {
      moduleId: module.moduleId,
      epoch: module.epoch,
      seq: head.seq,
      headHash: head.hash,
      records: tables.reduce((sum, table) => sum + table.count, 0),
      events: head.seq - module.trimmedSeq,
      createdAt: module.createdAt,
      tables,
    }
  })
  return { modules, sequences: inspector.sequences() }
}

function verifyChain(
  inspector: BranchInspector,
  module: InspectedModule,
  branchId: string,
  step: (count: number) => void,
): void {
  const { moduleId, trimmedSeq, baseSeq, baseHash } = module
  const events = inspector.events(moduleId)
  let seq = trimmedSeq
  let previous = trimmedSeq === 0 ? CHAIN_START : module.trimmedHash
  const broken = (position: number, problem: string): AppError =>
    new AppError('chain-broken', `The event log is damaged at position ${position}: ${problem}.`, {
      details: { branchId, moduleId, position, problem },
    })
  for (let rows = events.readAfter(seq, BATCH); rows.length > 0; rows = events.readAfter(seq, BATCH)) {
    for (const row of rows) {
      if (row.seq !== seq + 1) throw broken(seq + 1, 'an event is missing')
      if (row.hash !== chainHash(previous, eventLineHead(row, branchId, moduleId))) throw broken(row.seq, 'its hash')
      if (row.epoch > module.epoch) throw broken(row.seq, 'its epoch is later than the module says')
      if (row.private !== null && !isSealed(row.private)) throw broken(row.seq, 'its secret part')
      if (row.seq === baseSeq && row.hash !== baseHash) throw broken(row.seq, 'the epoch does not begin here')
      previous = row.hash
      seq = row.seq
    }
    step(rows.length)
  }
  if (baseSeq > seq) throw broken(seq, 'the log ends before its epoch begins')
}

function verifyTable(
  inspector: BranchInspector,
  table: InspectedTable,
  context: { branchId: string; module: InspectedModule; seq: number; step: (count: number) => void },
): void {
  const { branchId, module, seq, step } = context
  for (const rows of inspector.rows(table, BATCH)) {
    for (const row of rows) {
      const fits = table.decimalOrders.some((order) => {
        const decimals = order.map((column) => row.decimals[column] ?? null)
        return rowChecksum(row, decimals) === row.checksum
      })
      if (fits && row.seq <= seq) continue
      const problem = fits ? 'it is newer than the event log' : 'its checksum does not fit'
      throw corrupt(`A record of ${table.name} is damaged: ${problem}.`, {
        branchId,
        moduleId: module.moduleId,
        table: table.name,
        key: row.id,
      })
    }
    step(rows.length)
  }
}

/** Secret parts of events carry a check value of their own: `crc32:text`. */
function isSealed(sealed: string): boolean {
  const text = sealed.slice(9)
  return sealed[8] === ':' && sealed.slice(0, 8) === crc32(text).toString(16).padStart(8, '0')
}

function corrupt(message: string, details: Record<string, unknown>): AppError {
  return new AppError('store-corrupt', message, { details, hint: 'Restore the newest verified backup.' })
}
