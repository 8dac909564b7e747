import { isAppError } from '../../../src-shared/errors.ts'
import { parseRecordId } from '../../../src-shared/ids.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { isoTime } from '../../lib/clock.ts'
import type { ModuleState } from '../module-state.ts'
import { decimalColumns, recordKey } from '../schema/coerce.ts'
import type { TableDefinition } from '../schema/definition.ts'
import { isSameKey } from '../schema/record-key.ts'
import { toAppError } from '../sqlite/connection.ts'

export interface PutBackOptions {
  /** Position of the event that reports it. */
  seq: number
  nowMs: number
  /** A record that lives is overwritten when its content differs; otherwise it is left alone. */
  overwrites: boolean
}

export interface PutBack {
  key: string
  outcome: 'restored' | 'duplicate' | 'refused'
}

/**
 * Puts one archived record back inside the running transaction, as it was: every field, createdAt, updatedAt and the
 * version. Only where the key lived on after the archive does the version go on above the last one, so that no reader
 * takes old content for a version that it knows with other content.
 *
 * `refused`: the record cannot stand beside the present ones (its key is unreadable, or another record has the same
 * joined key or the same value in a unique field).
 */
export function putBack(state: ModuleState, table: TableDefinition, text: string, options: PutBackOptions): PutBack {
  const record = JSON.parse(text) as JsonObject
  const key = keyOf(table, record)
  if (key === undefined) return { key: '', outcome: 'refused' }
  const records = state.records(table.name)
  const row = records.find(key)
  const archived = typeof record.version === 'number' && record.version > 0 ? record.version : 1
  if (row && table.primaryKey.length > 1 && !isSameKey(table, record, JSON.parse(row.doc) as JsonObject)) {
    return { key, outcome: 'refused' }
  }
  if (row && (!options.overwrites || row.doc === withVersion(record, text, archived, row.version))) {
    return { key, outcome: 'duplicate' }
  }
  const buried = row ? undefined : state.events.findTombstone(table.name, key)
  const version = row
    ? Math.max(row.version, archived) + 1
    : buried && buried.version > archived
      ? buried.version + 1
      : archived
  const doc = withVersion(record, text, archived, version)
  const createdAt = textOr(record.createdAt, row?.createdAt ?? isoTime(options.nowMs))
  const stored = {
    id: key,
    seq: options.seq,
    born: row?.born ?? options.seq,
    version,
    createdAt,
    updatedAt: textOr(record.updatedAt, createdAt),
    doc,
    decimals: decimalColumns(table, record),
  }
  try {
    if (row) records.update(row.n, { ...stored, createdAt: row.createdAt })
    else records.insert(stored)
  } catch (error) {
    const known = toAppError(error)
    if (isAppError(known) && known.code === 'unique-violation') return { key, outcome: 'refused' }
    throw error
  }
  if (row && row.createdAt !== createdAt) {
    // Another life of the same key: an update keeps the time of creation, so the row is made anew.
    records.delete(row.n)
    records.insert(stored)
  }
  if (buried) state.events.deleteTombstone(table.name, key)
  return { key, outcome: 'restored' }
}

function keyOf(table: TableDefinition, record: JsonObject): string | undefined {
  try {
    const key = table.isSingleton ? table.name : recordKey(table, record)
    return key === undefined ? undefined : parseRecordId(key)
  } catch (error) {
    if (isAppError(error)) return undefined
    throw error
  }
}

/** The stored text with another version; the same text when the version stays. */
function withVersion(record: JsonObject, text: string, from: number, to: number): string {
  return from === to && record.version === to ? text : JSON.stringify({ ...record, version: to })
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback
}
