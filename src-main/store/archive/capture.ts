import type { JsonObject } from '../../../src-shared/json.ts'
import type { RecordRef } from '../../../src-shared/protocol/records.ts'
import type { Progress } from '../api.ts'
import { recordRefOf } from '../events/event-line.ts'
import { compileTable } from '../schema/compile-table.ts'
import type { TableDefinition } from '../schema/definition.ts'
import type { ModuleSource } from '../sqlite/module-reader.ts'
import { type ArchiveHead, type ArchiveTable, ArchiveWriter } from './archive-file.ts'
import { nextTurn } from './durable-file.ts'

const BATCH = 500
const SAMPLE = 5

/** What the caller knows of an archive; the rest comes from the tables. */
export type ArchiveIdentity = Pick<
  ArchiveHead,
  'id' | 'type' | 'branchId' | 'moduleId' | 'name' | 'createdAt' | 'reason' | 'requestedBy' | 'clearedTables'
>

/** Writes tables into an archive, giving other work its turn after every batch. The source must stand still. */
export async function captureTables(
  path: string,
  identity: ArchiveIdentity,
  source: ModuleSource,
  tables: readonly TableDefinition[],
  onProgress?: Progress,
): Promise<ArchiveHead> {
  const { head, writer, batches } = startCapture(path, identity, source, tables)
  try {
    for (const done of batches) {
      onProgress?.('archiving', done, head.totalRecords)
      await nextTurn()
    }
    await writer.finish()
    return head
  } catch (error) {
    writer.abort()
    throw error
  }
}

/** The same in one go, for a moment that only exists inside a transaction. Blocks for as long as it takes. */
export function captureTablesSync(
  path: string,
  identity: ArchiveIdentity,
  source: ModuleSource,
  tables: readonly TableDefinition[],
): ArchiveHead {
  const { head, writer, batches } = startCapture(path, identity, source, tables)
  try {
    for (const _ of batches);
    writer.finishSync()
    return head
  } catch (error) {
    writer.abort()
    throw error
  }
}

interface Capture {
  head: ArchiveHead
  writer: ArchiveWriter
  /** Writes a batch at each step and gives the number of records written so far. */
  batches: Generator<number, void, undefined>
}

function startCapture(
  path: string,
  identity: ArchiveIdentity,
  source: ModuleSource,
  tables: readonly TableDefinition[],
): Capture {
  const described = tables.map((table) => describeTable(source, table))
  const head: ArchiveHead = {
    ...identity,
    epoch: source.epoch,
    seq: source.seq,
    originalVersion: source.seq,
    totalRecords: described.reduce((sum, table) => sum + table.count, 0),
    summary: described.map(({ name, count, sample }) => ({ name, count, sample })),
  }
  const writer = new ArchiveWriter(path, head)
  return { head, writer, batches: writeTables(writer, source, described) }
}

function* writeTables(
  writer: ArchiveWriter,
  source: ModuleSource,
  tables: readonly ArchiveTable[],
): Generator<number, void, undefined> {
  let done = 0
  for (const table of tables) {
    writer.startTable(table)
    for (const rows of source.records(table.name).batches(BATCH)) {
      for (const row of rows) writer.addRecord(row.doc)
      done += rows.length
      yield done
    }
    writer.endTable()
  }
}

function describeTable(source: ModuleSource, table: TableDefinition): ArchiveTable {
  const records = source.records(table.name)
  return {
    name: table.name,
    count: records.count(),
    primaryKeyFields: table.primaryKey,
    isSingleton: table.isSingleton,
    secretKeys: table.secretFields.length === 0 ? [] : compileTable(table).secretKeys,
    sample: firstRecords(records, table),
  }
}

function firstRecords(records: ReturnType<ModuleSource['records']>, table: TableDefinition): RecordRef[] {
  const rows = records.statement(`SELECT id, doc FROM %t ORDER BY n LIMIT ${SAMPLE}`).all() as {
    id: string
    doc: string
  }[]
  return rows.map(({ id, doc }) => recordRefOf(table, id, JSON.parse(doc) as JsonObject))
}
