import { AppError, ERRORS, isAppError } from '../../../src-shared/errors.ts'
import { parseRecordId } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import { isoTime } from '../../lib/clock.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import type { ModuleState } from '../module-state.ts'
import {
  applyDefaults,
  completeRecord,
  decimalColumns,
  readPatch,
  recordKey,
  sameContent,
  withGeneratedKey,
} from '../schema/coerce.ts'
import type { TableDefinition } from '../schema/definition.ts'
import { isSameKey } from '../schema/record-key.ts'
import { toAppError } from '../sqlite/connection.ts'
import { normalizeKey } from '../tables/normalize-key.ts'

export interface ImportOptions {
  nowMs: number
  /** `seed`: only keys that are absent. `replace`: the table holds the given records and no others afterwards. */
  mode: 'seed' | 'replace'
  /** Position of the event that reports the import. */
  seq: number
  /** Take-over: what cannot be used is reported and left out instead of refusing the whole import. */
  onProblem?: (table: string, key: string | null, error: AppError) => void
  isLenient?: boolean
  /** Take-over: a record's own version is kept. */
  keepsVersions?: boolean
}

export interface ImportCount {
  table: string
  records: number
}

/**
 * Puts whole tables in place inside the running transaction: seeds, snapshot imports, take-overs. Records bring their own
 * createdAt and updatedAt. Versions of keys that live or lived here go on above the old ones, so that no reader takes new
 * content for a version it knows.
 */
export function importTables(
  state: ModuleState,
  tables: Record<string, unknown>,
  options: ImportOptions,
): ImportCount[] {
  const counts: ImportCount[] = []
  for (const [name, content] of Object.entries(tables)) {
    const table = state.resolveTable(name)
    const list = table.isSingleton && isJsonObject(content) ? [content] : content
    if (!Array.isArray(list)) {
      throw new AppError('insert-only-violation', `The records of ${table.name} must be a list.`, {
        details: { ok: false, reason: 'invalid-table-format', table: table.name },
      })
    }
    counts.push({ table: table.name, records: importTable(state, table, list, options) })
  }
  return counts
}

function importTable(state: ModuleState, table: TableDefinition, list: unknown[], options: ImportOptions): number {
  const kept = new Map<string, JsonObject>()
  const nextInteger = integerKeys(state, table, list)
  eachUsable(table, list, options, (raw) => {
    if (!isJsonObject(raw)) throw new AppError('missing-record', 'A record must be an object.')
    const { key, record } = prepare(table, raw, nextInteger, options)
    if (options.keepsVersions && isVersion(raw.version)) record.version = raw.version
    if (kept.has(key)) throw duplicateKey(table, key)
    kept.set(key, record)
  })
  // What goes makes room first: its unique values may stand in what comes.
  if (options.mode === 'replace') removeOthers(state, table, kept, options)
  let written = 0
  eachUsable(table, kept, options, ([key, record]) => {
    if (importRecord(state, table, key, record, options)) written++
  })
  return written
}

/** Integer keys above every stored and every given one. */
function integerKeys(state: ModuleState, table: TableDefinition, list: readonly unknown[]): () => number {
  let last: number | undefined
  return () => {
    if (last === undefined) {
      const sql = 'SELECT max(CAST(id AS INTEGER)) AS highest FROM %t'
      last = (state.records(table.name).statement(sql).get() as { highest: number | null }).highest ?? 0
      for (const raw of list) {
        const key = isJsonObject(raw) ? Number(recordKey(table, raw)) : Number.NaN
        if (Number.isSafeInteger(key)) last = Math.max(last, key)
      }
    }
    return ++last
  }
}

/** Runs `work` for each item; where problems are reported, a refused item is left out. */
function eachUsable<Item>(
  table: TableDefinition,
  items: Iterable<Item>,
  options: ImportOptions,
  work: (item: Item) => void,
): void {
  for (const item of items) {
    try {
      work(item)
    } catch (error) {
      const known = toAppError(error)
      // A full or failing disk is no problem of the record: it ends the import.
      if (!options.onProblem || !isAppError(known) || ERRORS[known.code].status >= 500) throw error
      const raw: unknown = Array.isArray(item) ? item[1] : item
      options.onProblem(table.name, isJsonObject(raw) ? (recordKey(table, raw) ?? null) : null, known)
    }
  }
}

function removeOthers(
  state: ModuleState,
  table: TableDefinition,
  kept: ReadonlyMap<string, JsonObject>,
  options: ImportOptions,
): void {
  const records = state.records(table.name)
  const at = isoTime(options.nowMs)
  for (const batch of records.batches(1000)) {
    for (const row of batch) {
      if (kept.has(row.id)) continue
      records.delete(row.n)
      state.events.setTombstone(table.name, row.id, options.seq, row.version, at)
    }
  }
}

function prepare(
  table: TableDefinition,
  raw: JsonObject,
  nextInteger: () => number,
  options: ImportOptions,
): { key: string; record: JsonObject } {
  const { patch } = readPatch(table, raw, { isLenient: options.isLenient ?? false, keepServerFields: true })
  normalizeKey(table, patch)
  withGeneratedKey(table, patch, () => uuid7(options.nowMs), nextInteger)
  const key = recordKey(table, patch)
  if (key === undefined) {
    throw new AppError('insert-only-violation', `A record of ${table.name} has no primary key.`, {
      details: { ok: false, reason: 'missing-primary-key', table: table.name },
    })
  }
  applyDefaults(table, patch)
  return { key: parseRecordId(key), record: patch }
}

/** False when the stored record already says the same. */
function importRecord(
  state: ModuleState,
  table: TableDefinition,
  key: string,
  patch: JsonObject,
  options: ImportOptions,
): boolean {
  const records = state.records(table.name)
  const row = records.find(key)
  const present = row && (JSON.parse(row.doc) as JsonObject)
  if (present && options.mode === 'seed' && !isSameKey(table, present, patch)) throw duplicateKey(table, key)
  if (present && (options.mode === 'seed' || sameContent(table, present, patch))) return false
  const buried = row ? undefined : state.events.findTombstone(table.name, key)
  const version = isVersion(patch.version) ? patch.version : (row?.version ?? buried?.version ?? 0) + 1
  const now = isoTime(options.nowMs)
  const createdAt = textOr(patch.createdAt, row?.createdAt ?? now)
  const updatedAt = textOr(patch.updatedAt, createdAt)
  const record: JsonObject = { ...patch, branchId: state.branchId, version, createdAt, updatedAt }
  completeRecord(table, record)
  const stored = {
    id: key,
    seq: options.seq,
    born: row?.born ?? options.seq,
    version,
    createdAt,
    updatedAt,
    doc: JSON.stringify(record),
    decimals: decimalColumns(table, record),
  }
  if (row?.createdAt === createdAt) records.update(row.n, stored)
  else {
    // An update leaves the time of creation alone: another one needs another row.
    if (row) records.delete(row.n)
    records.insert(stored)
  }
  if (buried) state.events.deleteTombstone(table.name, key)
  return true
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback
}

function duplicateKey(table: TableDefinition, key: string): AppError {
  return new AppError('insert-only-violation', `The key ${key} stands twice in ${table.name}.`, {
    details: { ok: false, reason: 'duplicate-primary-key', table: table.name, key },
  })
}
