import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { CHAIN_START, chainHash, DELETED, eventLine, eventLineHead } from '../../src-main/store/events/event-line.ts'
import { SqliteConnection } from '../../src-main/store/sqlite/connection.ts'
import type { EventRow } from '../../src-main/store/sqlite/event-table.ts'
import { eventTableName, quoteName, recordTableName } from '../../src-main/store/sqlite/identifiers.ts'
import { rowChecksum } from '../../src-main/store/sqlite/record-table.ts'
import type { JournalLine, Operation } from './load/operation.ts'

const MODULE = 'pos'
const MIRROR_WAIT_MS = 3_000

interface Known {
  operation: Operation
  acked?: Extract<JournalLine, { at: 'acked' }>
  isRefused: boolean
}

/**
 * Compares the database of a branch with the journal of its clients, reading only what came since the last check:
 *
 * - the log is gapless, and each event carries the hash of the one before;
 * - each acknowledged operation has its events, at the positions that were promised, and no others;
 * - a refused operation has none, an operation of several writes all or none;
 * - a record is what its last event says;
 * - the mirror file says what the table says.
 */
export class LogCheck {
  readonly problems: string[] = []
  readonly #dataDir: string
  readonly #branchId: string
  readonly #operations = new Map<string, Known>()
  readonly #eventsOf = new Map<string, EventRow[]>()
  /** Last event of each key that the clients touched. */
  readonly #last = new Map<string, EventRow>()
  #fresh = new Set<string>()
  #touched = new Set<string>()
  #seq: number
  #hash: string
  #mirrorOffset = 0
  #mirrorSeq = 0

  /** @param from - Where the log stands before the first operation; what is older is not read. */
  constructor(dataDir: string, branchId: string, from = { seq: 0, hash: CHAIN_START }) {
    this.#dataDir = dataDir
    this.#branchId = branchId
    this.#seq = from.seq
    this.#hash = from.hash
  }

  get position(): number {
    return this.#seq
  }

  note(lines: readonly JournalLine[]): void {
    for (const line of lines) {
      if (line.at === 'sent') {
        this.#operations.set(line.operation.id, { operation: line.operation, isRefused: false })
        this.#fresh.add(line.operation.id)
        continue
      }
      const known = this.#operations.get(line.id)
      if (!known) this.problems.push(`the journal answers ${line.id}, which was never sent`)
      else if (line.at === 'refused') known.isRefused = true
      else known.acked = line
    }
  }

  /** Reads on. Call it when every operation has its answer. */
  check(): void {
    const connection = SqliteConnection.open(this.#databasePath, { readonly: true })
    try {
      const rows = this.#readEvents(connection)
      this.#checkOperations()
      this.#checkRecords(connection)
      this.#checkMirror(rows)
    } finally {
      connection.close()
    }
    this.#fresh = new Set()
    this.#touched = new Set()
  }

  get #databasePath(): string {
    return join(this.#dataDir, 'branches', this.#branchId, 'sqlite', 'branch.db')
  }

  #readEvents(connection: SqliteConnection): EventRow[] {
    const rows = connection
      .prepare(`SELECT * FROM ${quoteName(eventTableName(MODULE))} WHERE seq > ? ORDER BY seq`)
      .all(this.#seq) as EventRow[]
    for (const row of rows) {
      if (row.seq !== this.#seq + 1) this.problems.push(`the log jumps from ${this.#seq} to ${row.seq}`)
      const expected = chainHash(this.#hash, eventLineHead(row, this.#branchId, MODULE))
      if (row.hash !== expected) this.problems.push(`the chain is broken at ${row.seq}`)
      this.#seq = row.seq
      this.#hash = row.hash
      this.#noteEvent(row)
    }
    return rows
  }

  #noteEvent(row: EventRow): void {
    const { clientMeta } = JSON.parse(row.meta) as { clientMeta?: { op?: string } }
    const id = clientMeta?.op
    if (id === undefined || row.tbl === null || row.key === null) return
    if (!this.#operations.has(id)) this.problems.push(`event ${row.seq} belongs to ${id}, which was never sent`)
    if (!this.#fresh.has(id)) this.problems.push(`${id} was carried out again, at ${row.seq}`)
    this.#eventsOf.set(id, [...(this.#eventsOf.get(id) ?? []), row])
    this.#last.set(`${row.tbl}\n${row.key}`, row)
    this.#touched.add(`${row.tbl}\n${row.key}`)
  }

  #checkOperations(): void {
    for (const id of this.#fresh) {
      const { operation, acked, isRefused } = this.#operations.get(id)!
      const events = this.#eventsOf.get(id) ?? []
      const size = operation.writes.length
      if (!acked && !isRefused && operation.kind !== 'number') this.problems.push(`${id} has no answer`)
      if (acked && events.length < size) this.problems.push(`LOST: ${id} was acknowledged, ${events.length} of ${size}`)
      if (events.length > size) this.problems.push(`DOUBLED: ${id} has ${events.length} events for ${size} writes`)
      if (!acked && events.length > 0) this.problems.push(`${id} was not acknowledged but has ${events.length} events`)
      if (acked) this.#checkPositions(id, acked, events)
      this.#eventsOf.delete(id)
    }
  }

  #checkPositions(id: string, acked: NonNullable<Known['acked']>, events: readonly EventRow[]): void {
    acked.writes.forEach(({ table, key, seq, version }, index) => {
      const event = events[index]
      if (!event) return
      const isSame = event.seq === seq && event.tbl === table && event.key === key
      if (!isSame)
        this.problems.push(`${id}: promised ${table} ${key} at ${seq}, found ${event.tbl} ${event.key} at ${event.seq}`)
      const stored = (JSON.parse(event.record ?? '{}') as { version?: number }).version
      if (version !== null && version !== stored)
        this.problems.push(`${id}: promised version ${version}, found ${stored}`)
      if (events.length > 1 && event.grp !== `${id}/${index}/${events.length}`) {
        this.problems.push(`${id}: event ${seq} says group ${event.grp}`)
      }
      if (event.seq !== events[0]!.seq + index) this.problems.push(`${id}: its events are not next to each other`)
    })
  }

  #checkRecords(connection: SqliteConnection): void {
    for (const place of this.#touched) {
      const event = this.#last.get(place)!
      const row = connection
        .prepare(`SELECT * FROM ${quoteName(recordTableName(MODULE, event.tbl!))} WHERE id = ?`)
        .get(event.key) as RecordRow | undefined
      if ((event.flags & DELETED) !== 0) {
        if (row) this.problems.push(`${event.tbl} ${event.key} was deleted at ${event.seq} and is still there`)
        this.#last.delete(place)
        continue
      }
      if (!row) this.problems.push(`LOST: ${event.tbl} ${event.key}, written at ${event.seq}`)
      else if (row.doc !== event.record || row.seq !== event.seq) {
        this.problems.push(`${event.tbl} ${event.key} is not what event ${event.seq} says`)
      } else if (row.checksum !== checksumOf(row)) this.problems.push(`${event.tbl} ${event.key} has a wrong checksum`)
    }
  }

  /** The mirror trails the table by some milliseconds. */
  #checkMirror(rows: readonly EventRow[]): void {
    const path = join(this.#dataDir, 'branches', this.#branchId, 'modules', MODULE, 'live', 'events.log')
    const lines = rows.map((row) => eventLine(row, this.#branchId, MODULE))
    if (this.#mirrorSeq === 0 && rows[0]) this.#mirrorOffset = offsetOfLine(path, rows[0].seq, lines[0]!)
    const wanted = Buffer.from(lines.join(''))
    const deadline = Date.now() + MIRROR_WAIT_MS
    let found = readPart(path, this.#mirrorOffset, wanted.length)
    while (found.length < wanted.length && Date.now() < deadline)
      found = readPart(path, this.#mirrorOffset, wanted.length)
    if (!found.equals(wanted)) {
      this.problems.push(
        `the mirror differs from the table after ${this.#mirrorSeq} (${found.length} of ${wanted.length} bytes)`,
      )
    }
    this.#mirrorOffset += wanted.length
    this.#mirrorSeq = rows.at(-1)?.seq ?? this.#mirrorSeq
  }
}

interface RecordRow {
  id: string
  seq: number
  born: number
  version: number
  created_at: string
  updated_at: string
  doc: string
  checksum: number
  [column: string]: unknown
}

/** The check value of a row as it stands in the database; decimals are the columns that start with `d.`. */
export function checksumOf(row: RecordRow): number {
  const { id, seq, born, version, doc } = row
  const decimals = Object.keys(row).filter((column) => column.startsWith('d.'))
  const values = decimals.map((column) => row[column] as number | null)
  return rowChecksum({ id, seq, born, version, createdAt: row.created_at, updatedAt: row.updated_at, doc }, values)
}

function readPart(path: string, offset: number, length: number): Buffer {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(length)
    return buffer.subarray(0, readSync(file, buffer, 0, length, offset))
  } finally {
    closeSync(file)
  }
}

/** Where the line of the first event of interest begins. */
function offsetOfLine(path: string, seq: number, line: string): number {
  const file = openSync(path, 'r')
  try {
    const needle = Buffer.from(line.slice(0, line.indexOf(`"sequence":${seq},`) + 20))
    const chunk = Buffer.alloc(4 << 20)
    for (let offset = 0; ; offset += chunk.length - needle.length) {
      const length = readSync(file, chunk, 0, chunk.length, offset)
      const index = chunk.subarray(0, length).indexOf(needle)
      if (index >= 0) return offset + index
      if (length < chunk.length) return 0
    }
  } finally {
    closeSync(file)
  }
}
