import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { JsonObject, JsonValue } from '../../src-shared/json.ts'

/** Draws the same numbers for the same seed (mulberry32). */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  pick<T>(values: readonly T[]): T {
    return values[this.between(0, values.length - 1)]!
  }

  /** Money with two digits after the point. */
  amount(): number {
    return this.between(100, 99_999) / 100
  }

  uuid(): string {
    const digits = Array.from({ length: 32 }, () => this.between(0, 15).toString(16)).join('')
    return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-a$4-$5')
  }
}

/** An event as the field's live log has it. */
export interface LoggedEvent {
  action: 'module:insert' | 'module:merge' | 'module:delete'
  /** As the client wrote it. */
  table: string
  record: JsonObject
  at: string
}

/** Writes the files of a field data folder, and remembers nothing. */
export class FieldWriter {
  readonly #root: string
  readonly #random: SeededRandom

  constructor(root: string, random: SeededRandom) {
    this.#root = root
    this.#random = random
  }

  text(path: string, text: string): void {
    const file = join(this.#root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }

  /** Pretty-printed, as the field server writes every JSON file. */
  json(path: string, value: JsonValue): void {
    this.text(path, JSON.stringify(value, null, 2))
  }

  /** live/data.json: a snapshot with the time of its writing. `tornAfter` cuts the file inside the text it names. */
  data(
    module: { path: string; branchId: string; moduleId: string; version: number; savedAt: string },
    tables: JsonObject,
    tornAfter?: string,
  ): void {
    const { path, savedAt, ...head } = module
    const counter = Object.values(tables).reduce(
      (sum: number, rows) => sum + (Array.isArray(rows) ? rows.length : 0),
      0,
    )
    const meta = { lastUpdatedAt: savedAt, counter, labCounter: counter }
    const text = JSON.stringify({ ...head, tables, meta, savedAt }, null, 2)
    const cut = tornAfter === undefined ? text.length : text.indexOf(tornAfter) + tornAfter.length
    this.text(`${path}/live/data.json`, text.slice(0, cut))
  }

  /** live/events.log and events.meta.json. `extraLines` are put between the events, by the index of the event after them. */
  events(
    module: { path: string; branchId: string; moduleId: string },
    events: readonly LoggedEvent[],
    extraLines: ReadonlyMap<number, string> = new Map(),
    ending = '\n',
  ): void {
    const { path, branchId, moduleId } = module
    const serverId = `ws-${this.#random.uuid()}`
    const lines = events.flatMap((event, index) => {
      const { action, table, record, at } = event
      const key = String(record.id ?? '')
      const recordRef = { table, key, primaryKey: { id: key }, id: key }
      const meta = {
        serverId,
        branchId,
        moduleId,
        table,
        timestamp: at,
        source: 'ws-client',
        recordKey: key,
        recordRef,
      }
      const publishState = { [branchId]: { status: 'published', updatedAt: at, attempts: 0, publishedAt: at } }
      const line = {
        id: `evt-${this.#random.uuid()}`,
        // The field server gives the same number to events of the same moment.
        sequence: Math.max(1, index - (index % 3)),
        action,
        branchId,
        moduleId,
        table,
        record,
        meta,
        publishState,
        createdAt: at,
        recordedAt: at,
      }
      const extra = extraLines.get(index)
      return extra === undefined ? [JSON.stringify(line)] : [extra, JSON.stringify(line)]
    })
    this.text(`${path}/live/events.log`, `${lines.join('\n')}${ending}`)
    const lastAt = events.at(-1)?.at ?? null
    this.json(`${path}/live/events.meta.json`, {
      branchId,
      moduleId,
      liveCreatedAt: events[0]?.at ?? null,
      currentDay: (lastAt ?? '2025-01-07').slice(0, 10),
      lastClosedDate: null,
      lastEventId: null,
      lastEventAt: lastAt,
      lastAckId: null,
      totalEvents: events.length,
      updatedAt: lastAt,
      tableCursors: {},
    })
  }

  purgeArchive(
    module: { path: string; branchId: string; moduleId: string },
    at: string,
    tables: { name: string; records: JsonObject[] }[],
  ): { entryId: string; file: string; totalRecords: number } {
    const { path, branchId, moduleId } = module
    const entryId = `purge-${this.#random.uuid()}`
    const file = `${path}/history/purge/${at.replace(/[:.]/g, '-')}_${entryId}.json`
    const counted = tables.map(({ name, records }) => ({
      name,
      count: records.length,
      records,
      primaryKeyFields: ['id'],
      sample: records.slice(0, 5).map((record) => ({ table: name, key: String(record.id) })),
    }))
    const totalRecords = tables.reduce((sum, table) => sum + table.records.length, 0)
    this.json(file, {
      id: entryId,
      type: 'purge',
      branchId,
      moduleId,
      createdAt: at,
      reason: 'month end',
      requestedBy: 'manager',
      clearedTables: tables.map(({ name }) => name),
      originalVersion: 83,
      totalRecords,
      tables: counted,
      summary: counted.map(({ name, count, sample }) => ({ name, count, sample })),
    })
    return { entryId, file, totalRecords }
  }

  /** hybrid-store.sqlite with the field's four tables. Branch and module ids are written in lower case, as the field does. */
  hybrid(rows: readonly HybridRow[]): void {
    const database = new DatabaseSync(join(this.#root, 'hybrid-store.sqlite'))
    try {
      database.exec(HYBRID_DDL)
      for (const row of rows) insertHybrid(database, row)
    } finally {
      database.close()
    }
  }
}

export interface HybridRow {
  table: 'order_header' | 'order_line' | 'order_payment' | 'pos_shift'
  branchId: string
  moduleId: string
  record: JsonObject
  /** Instead of the record's JSON. */
  payload?: string
}

const HYBRID_DDL = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE order_header (branch_id TEXT NOT NULL, module_id TEXT NOT NULL, id TEXT NOT NULL, shift_id TEXT,
    status TEXT, stage TEXT, payment_state TEXT, created_at TEXT, updated_at TEXT, version INTEGER, payload TEXT NOT NULL,
    PRIMARY KEY (branch_id, module_id, id));
  CREATE TABLE order_line (branch_id TEXT NOT NULL, module_id TEXT NOT NULL, id TEXT NOT NULL, order_id TEXT NOT NULL,
    item_id TEXT, status TEXT, stage TEXT, created_at TEXT, updated_at TEXT, version INTEGER, payload TEXT NOT NULL,
    PRIMARY KEY (branch_id, module_id, id));
  CREATE TABLE order_payment (branch_id TEXT NOT NULL, module_id TEXT NOT NULL, id TEXT NOT NULL, order_id TEXT NOT NULL,
    method TEXT, captured_at TEXT, amount REAL, payload TEXT NOT NULL, PRIMARY KEY (branch_id, module_id, id));
  CREATE TABLE pos_shift (branch_id TEXT NOT NULL, module_id TEXT NOT NULL, id TEXT NOT NULL, pos_id TEXT, status TEXT,
    is_closed INTEGER, opened_at TEXT, closed_at TEXT, updated_at TEXT, payload TEXT NOT NULL,
    PRIMARY KEY (branch_id, module_id, id));
  CREATE INDEX ix_order_header_updated ON order_header (branch_id, module_id, updated_at DESC);
`

function insertHybrid(database: DatabaseSync, row: HybridRow): void {
  const { record } = row
  const text = (name: string) => (typeof record[name] === 'string' ? record[name] : null)
  const number = (name: string) => (typeof record[name] === 'number' ? record[name] : null)
  const columns: Record<string, string | number | null> = {
    branch_id: row.branchId.toLowerCase(),
    module_id: row.moduleId.toLowerCase(),
    id: String(record.id),
    payload: row.payload ?? JSON.stringify(record),
  }
  if (row.table === 'order_header') {
    columns.shift_id = text('shiftId')
    columns.status = text('statusId')
    columns.version = number('version')
  }
  if (row.table === 'order_line') {
    columns.order_id = text('orderId') ?? ''
    columns.item_id = text('itemId')
    columns.version = number('version')
  }
  if (row.table === 'order_payment') {
    columns.order_id = text('orderId') ?? ''
    columns.method = text('paymentMethodId')
    columns.captured_at = text('capturedAt')
    columns.amount = number('amount')
  } else columns.updated_at = text('updatedAt')
  if (row.table === 'pos_shift') columns.opened_at = text('openedAt')
  const names = Object.keys(columns)
  const marks = names.map(() => '?').join(', ')
  database.prepare(`INSERT INTO ${row.table} (${names.join(', ')}) VALUES (${marks})`).run(...Object.values(columns))
}
