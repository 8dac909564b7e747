import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { isAppError } from '../../../src-shared/errors.ts'
import { parseRecordId } from '../../../src-shared/ids.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { RecordRef } from '../../../src-shared/protocol/records.ts'
import { type ArchiveTable, ArchiveWriter } from '../archive/archive-file.ts'
import { purgeFolder } from '../archive/clear-tables.ts'
import { fileTime } from '../archive/durable-file.ts'
import { findArchivedTable } from '../archive/history.ts'
import type { ModuleContext } from '../branch-context.ts'
import { recordRefOf } from '../events/event-line.ts'
import type { ModuleState } from '../module-state.ts'
import { applyDefaults, completeRecord, readPatch, recordKey } from '../schema/coerce.ts'
import { compileTable } from '../schema/compile-table.ts'
import type { TableDefinition } from '../schema/definition.ts'
import { normalizeKey } from '../tables/normalize-key.ts'
import type { FieldArchive, TakeoverItem } from './types.ts'

const ENTRY_ID = /^[A-Za-z0-9._-]{1,128}$/
const SAMPLE = 5

interface ArchivedTable {
  table: ArchiveTable
  texts: string[]
}

/**
 * Writes what the field server's purges removed as archives of ours, so that they can be looked at and put back. Records
 * get the form that a write of today would give them; their versions and times stay. Safe to repeat: the same archive
 * gets the same file.
 *
 * @returns The records and tables that cannot be kept.
 */
export function loadArchives({ state, folder }: ModuleContext, archives: readonly FieldArchive[]): TakeoverItem[] {
  const problems: TakeoverItem[] = []
  for (const archive of archives) {
    const tables = archive.tables.flatMap(({ name, records }): ArchivedTable[] => {
      const table = findArchivedTable(state, name)
      if (table) return [readTable(state, table, records, `${archive.file}#${name}`, problems)]
      if (records.length > 0)
        problems.push({ item: `${archive.file}#${name}`, reason: 'No table of this name is left.' })
      return []
    })
    writeArchive(state, folder, archive, tables)
  }
  return problems
}

function readTable(
  state: ModuleState,
  table: TableDefinition,
  records: readonly JsonObject[],
  item: string,
  problems: TakeoverItem[],
): ArchivedTable {
  const texts: string[] = []
  const sample: RecordRef[] = []
  for (const [index, raw] of records.entries()) {
    try {
      const { key, record } = toStoredForm(state, table, raw)
      texts.push(JSON.stringify(record))
      if (sample.length < SAMPLE) sample.push(recordRefOf(table, key, record))
    } catch (error) {
      if (!isAppError(error)) throw error
      problems.push({ item: `${item}[${index}]`, reason: error.message })
    }
  }
  const secretKeys = table.secretFields.length === 0 ? [] : compileTable(table).secretKeys
  const { name, primaryKey, isSingleton } = table
  return { table: { name, count: texts.length, primaryKeyFields: primaryKey, isSingleton, secretKeys, sample }, texts }
}

/** @throws AppError when the record has no key or breaks a constraint. */
function toStoredForm(
  state: ModuleState,
  table: TableDefinition,
  raw: JsonObject,
): { key: string; record: JsonObject } {
  const { patch } = readPatch(table, raw, { isLenient: true, keepServerFields: true })
  normalizeKey(table, patch)
  const key = parseRecordId(table.isSingleton ? table.name : recordKey(table, patch))
  applyDefaults(table, patch)
  const isVersion = Number.isSafeInteger(raw.version) && Number(raw.version) > 0
  const record: JsonObject = { ...patch, branchId: state.branchId, version: isVersion ? Number(raw.version) : 1 }
  return { key, record: completeRecord(table, record) }
}

function writeArchive(
  state: ModuleState,
  folder: string,
  archive: FieldArchive,
  tables: readonly ArchivedTable[],
): void {
  const createdAt = new Date(archive.createdAt).toISOString()
  const hash = createHash('sha256').update(archive.file).digest('hex')
  const id = ENTRY_ID.test(archive.entryId) ? archive.entryId : `purge-${hash.slice(0, 32)}`
  const writer = new ArchiveWriter(join(purgeFolder(folder), `${fileTime(createdAt)}_${id}.json`), {
    id,
    type: 'purge',
    branchId: state.branchId,
    moduleId: state.moduleId,
    createdAt,
    reason: archive.reason,
    requestedBy: archive.requestedBy,
    // Before our first position: nothing of ours is in it.
    epoch: state.row.epoch,
    seq: 0,
    originalVersion: 0,
    clearedTables: tables.map(({ table }) => table.name),
    totalRecords: tables.reduce((sum, { texts }) => sum + texts.length, 0),
    summary: tables.map(({ table: { name, count, sample } }) => ({ name, count, sample })),
  })
  try {
    for (const { table, texts } of tables) {
      writer.startTable(table)
      for (const text of texts) writer.addRecord(text)
      writer.endTable()
    }
    writer.finishSync()
  } catch (error) {
    writer.abort()
    throw error
  }
}
