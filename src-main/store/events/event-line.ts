import { hash } from 'node:crypto'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { EventAction, RecordRef } from '../../../src-shared/protocol/records.ts'
import { quoteText } from '../../lib/json-text.ts'
import { removeSecrets } from '../schema/coerce.ts'
import type { TableDefinition } from '../schema/definition.ts'
import { KEY_SEPARATOR } from '../schema/record-key.ts'
import type { EventRow } from '../sqlite/event-table.ts'
import type { StoredEvent } from '../types.ts'

/** What the chain starts from: the hash "before" the first event of a module. */
export const CHAIN_START = '0'.repeat(64)

export const CREATED = 1
export const DELETED = 2

/**
 * The text of an event as the chain and the NDJSON mirror know it, without its closing hash. It is assembled from stored
 * texts, so that the same row always gives the same bytes.
 */
export function eventLineHead(row: LineRow, branchId: string, moduleId: string): string {
  return `${beforeRecord(row, branchId, moduleId)}${row.record ?? 'null'}${afterRecord(row)}`
}

type LineRow = Omit<EventRow, 'hash' | 'private'>

function beforeRecord(row: LineRow, branchId: string, moduleId: string): string {
  const key = row.key === null ? 'null' : quoteText(row.key)
  return `{"id":${quoteText(row.id)},"sequence":${row.seq}${placeText(row, branchId, moduleId)}${key},"record":`
}

interface Place {
  epoch: number
  action: string
  branchId: string
  moduleId: string
  text: string
}

/** Of each table the last one: events of one kind come in rows, and a line is joined from half as many pieces. */
const places = new Map<string | null, Place>()

function placeText({ epoch, action, tbl }: LineRow, branchId: string, moduleId: string): string {
  const last = places.get(tbl)
  if (last?.epoch === epoch && last.action === action && last.branchId === branchId && last.moduleId === moduleId) {
    return last.text
  }
  const table = tbl === null ? 'null' : `"${tbl}"`
  const text = `,"epoch":${epoch},"action":"${action}","branchId":"${branchId}","moduleId":"${moduleId}","table":${table},"key":`
  places.set(tbl, { epoch, action, branchId, moduleId, text })
  return text
}

function afterRecord(row: LineRow): string {
  return `${row.fields === null ? '' : `,"fields":${row.fields}`},"meta":${row.meta}${
    row.grp === null ? '' : `,"group":${quoteText(row.grp)}`
  },"flags":${row.flags},"createdAt":"${row.at}"`
}

/** One line of the mirror: the head closed by its hash. */
export function eventLine(row: EventRow, branchId: string, moduleId: string): string {
  return `${eventLineHead(row, branchId, moduleId)},"hash":"${row.hash}"}\n`
}

const HASH_CHARACTERS = 64
/** What stands around the head: the hash before it and a line feed, its own hash and what closes the line. */
const FRAME_BYTES = HASH_CHARACTERS + 1 + ',"hash":""}\n'.length + HASH_CHARACTERS
/** UTF-16 text takes at most three bytes a unit. */
const MAX_BYTES_A_UNIT = 3
const SLAB_BYTES = 262_144

/**
 * Writes the lines of new events one behind the other into shared slabs, in UTF-8, and hashes them there: a record is
 * encoded once for the chain and the mirror. A slab lives as long as a line of it waits for the mirror.
 */
class LineWriter {
  #slab = Buffer.alloc(0)
  #used = 0

  /** Sets the row's hash, which continues `previousHash`, and returns the line as `eventLine` writes it. */
  write(row: EventRow, recordBytes: Buffer | null, previousHash: string, branchId: string, moduleId: string): Buffer {
    const head = beforeRecord(row, branchId, moduleId)
    const record = recordBytes ?? Buffer.from(row.record ?? 'null')
    const tail = afterRecord(row)
    this.#reserve(FRAME_BYTES + record.length + (head.length + tail.length) * MAX_BYTES_A_UNIT)
    const slab = this.#slab
    const start = this.#used
    const lineStart = start + HASH_CHARACTERS + 1
    let end = start + slab.write(`${previousHash}\n${head}`, start)
    end += record.copy(slab, end)
    end += slab.write(tail, end)
    row.hash = hash('sha256', slab.subarray(start, end), 'hex')
    end += slab.write(`,"hash":"${row.hash}"}\n`, end, 'latin1')
    this.#used = end
    return slab.subarray(lineStart, end)
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#slab.length) return
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes))
    this.#used = 0
  }
}

const lines = new LineWriter()

/**
 * Continues the chain: sets the row's hash and returns its line for the mirror.
 *
 * @param recordBytes - UTF-8 of `row.record`, where the caller has it.
 */
export function chainLine(
  row: EventRow,
  recordBytes: Buffer | null,
  previousHash: string,
  branchId: string,
  moduleId: string,
): Buffer {
  return lines.write(row, recordBytes, previousHash, branchId, moduleId)
}

/** SHA-256 over the hash before and the event, in hex: one changed byte anywhere breaks every later link. */
export function chainHash(previousHash: string, lineHead: string): string {
  return hash('sha256', `${previousHash}\n${lineHead}`, 'hex')
}

/** A record as clients name it. Composite keys need the record's own values. */
export function recordRefOf(table: TableDefinition, key: string, record: JsonObject | undefined): RecordRef {
  const primaryKey: JsonObject = {}
  const parts = table.primaryKey.length === 1 ? [key] : key.split(KEY_SEPARATOR)
  table.primaryKey.forEach((field, index) => {
    const value = record?.[field]
    const isInteger = table.fieldByName.get(field)?.type === 'integer'
    primaryKey[field] = value ?? (isInteger ? Number(parts[index]) : (parts[index] ?? key))
  })
  return { table: table.name, key, primaryKey, ...(primaryKey.id !== undefined && { id: primaryKey.id }) }
}

/** What the row's `meta` column holds; everything else of the wire's meta follows from the row. */
export interface StoredMeta {
  serverId: string
  source: string
  clientMeta?: JsonObject
  userId?: string
  clientId?: string
}

export function toStoredEvent(
  row: EventRow,
  branchId: string,
  moduleId: string,
  tables: ReadonlyMap<string, TableDefinition>,
): StoredEvent {
  const table = row.tbl === null ? undefined : tables.get(row.tbl)
  const needsRecord = table !== undefined && (table.primaryKey.length > 1 || table.secretFields.length > 0)
  const record = needsRecord && row.record !== null ? (JSON.parse(row.record) as JsonObject) : undefined
  const recordRef = table && row.key !== null ? recordRefOf(table, row.key, record) : null
  const event = storedEvent(row, branchId, moduleId, JSON.parse(row.meta) as StoredMeta, recordRef)
  if (!table || !record || table.secretFields.length === 0) return event
  // A field that became secret after this event was written.
  const [publicRecord, secrets] = removeSecrets(table, record)
  return secrets === null ? event : { ...event, recordText: JSON.stringify(publicRecord) }
}

export function storedEvent(
  row: EventRow,
  branchId: string,
  moduleId: string,
  stored: StoredMeta,
  recordRef: RecordRef | null,
): StoredEvent {
  const meta: JsonObject = { serverId: stored.serverId, branchId, moduleId }
  if (row.tbl !== null) meta.table = row.tbl
  meta.timestamp = row.at
  meta.source = stored.source
  if (stored.clientMeta) meta.clientMeta = stored.clientMeta
  if (stored.userId) meta.userId = stored.userId
  if (recordRef) {
    meta.recordKey = recordRef.key
    if (recordRef.id !== undefined) meta.recordId = recordRef.id
    meta.recordRef = recordRef as unknown as JsonObject
  }
  if (row.fields !== null) Object.assign(meta, JSON.parse(row.fields))
  return {
    branchId,
    moduleId,
    epoch: row.epoch,
    seq: row.seq,
    eventId: row.id,
    action: row.action as EventAction,
    table: row.tbl,
    key: row.key,
    recordRef,
    recordText: row.record,
    meta,
    createdAt: row.at,
    isCreated: (row.flags & CREATED) !== 0,
    isDeleted: (row.flags & DELETED) !== 0,
    ...(row.grp !== null && { group: parseGroup(row.grp) }),
    hash: row.hash,
  }
}

function parseGroup(text: string): { id: string; index: number; size: number } {
  const [size, index, ...id] = text.split('/').reverse()
  return { id: id.reverse().join('/'), index: Number(index), size: Number(size) }
}
