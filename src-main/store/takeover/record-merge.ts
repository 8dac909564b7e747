import { createHash } from 'node:crypto'
import { AppError } from '../../../src-shared/errors.ts'
import { parseRecordId } from '../../../src-shared/ids.ts'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import { readKey, type TableShape } from './field-schema.ts'
import type { FieldRecord, FieldTable, TakeoverReport } from './types.ts'

const TIME_FIELDS = ['updatedAt', 'updated_at', 'modifyDate', 'modify_date'] as const

interface Entry {
  record: JsonObject
  source: FieldRecord['source']
  /** When the live state was written; undefined when nothing says so. */
  liveAt: number | undefined
  /** The newest event applied. */
  eventAt: number | undefined
  isDeleted: boolean
}

/** One line of the event log as far as records depend on it. */
export interface FieldEvent {
  isDelete: boolean
  /** A merge keeps fields that its record does not name. */
  isMerge: boolean
  record: JsonObject
  /** The log's own reference, for a delete without a key in its record. */
  key: string | undefined
  createdAt: number | undefined
}

/**
 * The records of one table out of the three places where the field server leaves them.
 *
 *   data.json row ---.
 *                     >-- newer updatedAt, then higher version, then SQLite --.
 *   SQLite row ------'                                                         >-- record or nothing
 *   events.log ------ those after the winner, in the order of the file -------'
 *
 * A row without a time of its own is as old as its file: data.json says when it was saved, SQLite says nothing and gives
 * way to the event log, which has every write to its tables. Events from before the last purge or reset are history.
 */
export class RecordMerge {
  readonly shape: TableShape
  readonly primaryKey: string[]
  readonly #entries = new Map<string, Entry>()
  readonly #report: TakeoverReport
  #highestInteger = 0

  constructor(shape: TableShape, primaryKey: string[], report: TakeoverReport) {
    this.shape = shape
    this.primaryKey = primaryKey
    this.#report = report
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** Rows of data.json or of a seed. Of two with one key the newer stays, of two as old the later. */
  addRows(
    rows: readonly JsonObject[],
    item: string,
    fallbackAt: number | undefined,
    source: 'data.json' | 'seed',
  ): void {
    const withoutKey: { row: JsonObject; index: number }[] = []
    for (const [index, row] of rows.entries()) {
      const key = this.#keyOf(row, `${item}[${index}]`)
      if (key === undefined) withoutKey.push({ row, index })
      else if (key !== null) this.#addRow(key, row, fallbackAt, source, item)
    }
    // Made keys come last: an integer one continues after the highest that is there.
    for (const { row, index } of withoutKey) {
      const made = this.#makeKey(row)
      if (made === undefined) this.#report.refuse(`${item}[${index}]`, 'the record has no complete primary key')
      else {
        this.#addRow(made.key, made.record, fallbackAt, source, item)
        this.#report.note(`${item}[${index}]`, `the record had no primary key and got "${made.key}"`)
      }
    }
  }

  addSqlite(record: JsonObject, item: string, columnAt: number | undefined): void {
    const key = this.#keyOf(record, item)
    if (key === null) return
    if (key === undefined) {
      this.#report.refuse(item, 'the record has no complete primary key')
      return
    }
    const entry: Entry = {
      record,
      source: 'sqlite',
      liveAt: timeOf(record) ?? columnAt,
      eventAt: undefined,
      isDeleted: false,
    }
    const known = this.#entries.get(key)
    if (!known || !isNewerInFile(known, entry)) this.#entries.set(key, entry)
  }

  applyEvent(event: FieldEvent, item: string): void {
    const own = this.#keyOf(event.record, item)
    if (own === null) return
    const key = own ?? event.key
    if (key === undefined) {
      this.#report.refuse(item, 'the event names no record')
      return
    }
    const at = event.isDelete ? event.createdAt : (timeOf(event.record) ?? event.createdAt)
    const known = this.#entries.get(key)
    if (known && isBefore(at, known, event.isDelete)) return
    const keepsFields = event.isMerge && known !== undefined && !known.isDeleted
    this.#entries.set(key, {
      record: event.isDelete ? {} : keepsFields ? { ...known.record, ...event.record } : event.record,
      source: 'events',
      liveAt: known?.liveAt,
      eventAt: at ?? known?.eventAt,
      isDeleted: event.isDelete,
    })
  }

  toTable(): FieldTable {
    const records: FieldRecord[] = []
    for (const [key, entry] of this.#entries) {
      if (!entry.isDeleted) records.push({ key, record: entry.record, source: entry.source })
    }
    return { name: this.shape.name, isSingleton: false, primaryKey: this.primaryKey, records }
  }

  #addRow(key: string, record: JsonObject, fallbackAt: number | undefined, source: 'data.json' | 'seed', item: string) {
    const liveAt = timeOf(record) ?? fallbackAt
    const known = this.#entries.get(key)
    if (known) {
      this.#report.note(`${item}/${key}`, 'two records had this key; the newer one was kept')
      if ((known.liveAt ?? Number.NEGATIVE_INFINITY) > (liveAt ?? Number.NEGATIVE_INFINITY)) return
    }
    this.#entries.set(key, { record, source, liveAt, eventAt: undefined, isDeleted: false })
  }

  /** Undefined: no key. Null: a key that we refuse, already reported. */
  #keyOf(record: JsonObject, item: string): string | null | undefined {
    const key = readKey(this.shape, this.primaryKey, record)
    if (key === undefined) return undefined
    try {
      const id = parseRecordId(key)
      if (this.shape.hasIntegerKey) this.#highestInteger = Math.max(this.#highestInteger, Number(id) || 0)
      return id
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      this.#report.refuse(item, 'the primary key is longer than 256 bytes or has control characters')
      return null
    }
  }

  /** The same content always gets the same key, so that reading the folder twice gives one record. */
  #makeKey(record: JsonObject): { key: string; record: JsonObject } | undefined {
    const [field, ...others] = this.primaryKey
    if (field === undefined || others.length > 0) return undefined
    if (this.shape.hasIntegerKey) {
      const value = ++this.#highestInteger
      return { key: String(value), record: { ...record, [field]: value } }
    }
    const hash = createHash('sha256')
      .update(`${this.shape.name}\0${JSON.stringify(record)}`)
      .digest('hex')
    for (let copy = 0; ; copy++) {
      const key = `${this.shape.name}-${hash.slice(0, 32)}${copy === 0 ? '' : `-${copy}`}`
      if (!this.#entries.has(key)) return { key, record: { ...record, [field]: key } }
    }
  }
}

/** True when the row of data.json (`known`) is newer than the one of SQLite. */
function isNewerInFile(known: Entry, sqlite: Entry): boolean {
  const knownAt = timeOf(known.record)
  const sqliteAt = timeOf(sqlite.record)
  if (knownAt !== undefined && sqliteAt !== undefined && knownAt !== sqliteAt) return knownAt > sqliteAt
  return (versionOf(known.record) ?? 0) > (versionOf(sqlite.record) ?? 0)
}

/** True when the entry already holds what the event did, or something later. */
function isBefore(at: number | undefined, known: Entry, isDelete: boolean): boolean {
  if (at === undefined) return known.liveAt !== undefined
  if (known.eventAt !== undefined && at < known.eventAt) return true
  if (known.liveAt === undefined) return false
  return isDelete ? at < known.liveAt : at <= known.liveAt
}

/** Milliseconds of the record's own time of change. */
export function timeOf(record: JsonObject): number | undefined {
  for (const field of TIME_FIELDS) {
    const at = parseTime(record[field])
    if (at !== undefined) return at
  }
  return undefined
}

/** ISO text, or a number above 1e9 as milliseconds. */
export function parseTime(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'number') return value > 1e9 ? value : undefined
  if (typeof value !== 'string' || value === '') return undefined
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : at
}

function versionOf(record: JsonObject): number | undefined {
  return typeof record.version === 'number' && Number.isSafeInteger(record.version) ? record.version : undefined
}
