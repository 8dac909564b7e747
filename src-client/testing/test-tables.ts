import type { JsonObject } from '../../src-shared/json.ts'
import type { RecordRef, WriteAction } from '../../src-shared/protocol/records.ts'
import type { AckedChange, ServerAck, ServerEvent } from '../../src-shared/protocol/server-frames.ts'
import { isSameJson } from '../lib/json-copy.ts'
import { StoreError } from '../lib/store-error.ts'
import { readSchema, TableNames } from '../replica/schema-names.ts'
import { Table } from '../replica/table.ts'

const EPOCH = 1

export interface Place {
  branchId: string
  moduleId: string
  /** Milliseconds since 1970. */
  now(): number
}

interface Operation {
  action: WriteAction
  table: string
  record: JsonObject
}

interface Change {
  kind: 'insert' | 'merge' | 'delete'
  table: Table
  name: string
  key: string
  record: JsonObject
  /** A repeated insert: nothing happened. */
  isUnchanged: boolean
}

/** The records of a module and the changes to them, by the rules W1 to W5, W11, L1 and L2 of docs/sync.md. */
export class TestTables {
  position: number
  readonly #place: Place
  readonly #names = new TableNames()
  readonly #tables = new Map<string, Table>()
  /** Versions of removed records, by table and key. */
  readonly #buried = new Map<string, number>()

  constructor(place: Place, start: { tables?: Readonly<Record<string, readonly object[]>>; schema?: unknown }) {
    this.#place = place
    this.#names.add(readSchema(start.schema))
    for (const name of this.#names.names()) this.#table(name)
    const given = Object.entries(start.tables ?? {})
    for (const [name, records] of given) this.#table(name).fill(records.map((record) => this.#complete(record)))
    this.position = given.reduce((count, [, records]) => count + records.length, 0)
  }

  *all(): Iterable<[string, JsonObject[]]> {
    for (const [name, table] of this.#tables) yield [name, [...table.records.values()]]
  }

  list(name: string): JsonObject[] {
    return [...(this.#tables.get(this.#names.resolve(name))?.records.values() ?? [])]
  }

  find(name: string, key: string): JsonObject | undefined {
    return this.#tables.get(this.#names.resolve(name))?.records.get(key)
  }

  /** All operations or none. @throws StoreError */
  apply(operations: readonly Operation[], meta: JsonObject = {}): ServerEvent[] {
    const undo: (() => void)[] = []
    try {
      const changes = operations.map((operation) => this.#applyOne(operation, undo))
      const happened = changes.filter(({ isUnchanged }) => !isUnchanged)
      const groupId = `group-${this.position + 1}`
      return changes.map((change) => {
        const index = happened.indexOf(change)
        const group = happened.length > 1 && index >= 0 ? { id: groupId, index, size: happened.length } : undefined
        return this.#toEvent(change, meta, group)
      })
    } catch (error) {
      for (const run of undo.reverse()) run()
      throw error
    }
  }

  toAck(events: readonly ServerEvent[], requestId: string, isBatch: boolean): ServerAck {
    const results = events.map((event) => this.#toAcked(event))
    if (!isBatch) return { type: 'server:ack', requestId, ...results[0]! }
    const { branchId, moduleId } = this.#place
    const sequence = this.position
    return {
      ...{ type: 'server:ack', requestId, action: 'module:batch', branchId, moduleId, version: sequence },
      ...{ epoch: EPOCH, sequence, meta: {}, results },
    }
  }

  #table(name: string): Table {
    let table = this.#tables.get(name)
    if (!table) {
      table = new Table(name, this.#names.find(name)?.keyFields ?? ['id'])
      this.#tables.set(name, table)
    }
    return table
  }

  #applyOne({ action, table: sent, record }: Operation, undo: (() => void)[]): Change {
    const name = this.#names.resolve(sent)
    const table = this.#table(name)
    const key = table.findKey(record)
    if (key === undefined) throw new StoreError('missing-record-key', `A record of ${name} needs its key.`)
    const current = table.records.get(key)
    undo.push(() => (current ? table.records.set(key, current) : table.records.delete(key)))
    const change = { table, name, key, isUnchanged: false }
    if (action === 'insert' && current)
      return { ...change, kind: 'insert', ...repeatInsert(current, record, name, key) }
    if (!current && (action === 'merge' || action === 'delete')) {
      throw new StoreError('record-not-found', `Record not found in table "${name}".`, {
        details: { table: name, key },
      })
    }
    if (current) checkVersion(record, current, name, key)
    if (action === 'delete') {
      table.records.delete(key)
      this.#buried.set(`${name}\n${key}`, Number(current!.version))
      return { ...change, kind: 'delete', record: current! }
    }
    const buried = this.#buried.get(`${name}\n${key}`) ?? 0
    const next = current ? this.#change(current, record) : { ...this.#complete(record), version: buried + 1 }
    table.records.set(key, next)
    return { ...change, kind: current ? 'merge' : 'insert', record: next }
  }

  #complete(record: object): JsonObject {
    const at = new Date(this.#place.now()).toISOString()
    const own = { branchId: this.#place.branchId, version: 1, createdAt: at, updatedAt: at }
    return { ...own, ...record } as JsonObject
  }

  #change(current: JsonObject, sent: JsonObject): JsonObject {
    const { version, createdAt, branchId } = current
    const updatedAt = new Date(this.#place.now()).toISOString()
    return { ...current, ...sent, branchId: branchId!, version: Number(version) + 1, createdAt: createdAt!, updatedAt }
  }

  #toEvent(change: Change, meta: JsonObject, group: ServerEvent['group']): ServerEvent {
    const { kind, table, name, key, record, isUnchanged } = change
    const sequence = isUnchanged ? this.position : ++this.position
    const primaryKey = Object.fromEntries(table.keyFields.map((field) => [field, record[field]!]))
    const recordRef: RecordRef = { table: name, key, primaryKey }
    const action = `module:${kind}` as const
    const flags = { created: kind === 'insert' && !isUnchanged, deleted: kind === 'delete' }
    return {
      type: 'server:event',
      eventId: `event-${sequence}`,
      ...{ sequence, epoch: EPOCH, version: sequence, action, table: name, recordRef, meta },
      branchId: this.#place.branchId,
      moduleId: this.#place.moduleId,
      createdAt: new Date(this.#place.now()).toISOString(),
      entry: { id: key, table: name, action, recordRef, meta, record, ...flags },
      ...(kind === 'delete' && { deleted: true }),
      ...(group && { group }),
    }
  }

  #toAcked(event: ServerEvent): AckedChange {
    const { action, branchId, moduleId, version, epoch, table, recordRef, eventId, sequence, meta, entry } = event
    return {
      ...{ action, branchId, moduleId, version, epoch, table: table!, recordRef: recordRef!, eventId, sequence, meta },
      ...{ publishState: null, entry: entry!, created: entry!.created },
      ...(event.deleted && { deleted: true }),
    }
  }
}

/** W3: the stored content again is a retry; other content is refused. */
function repeatInsert(current: JsonObject, sent: JsonObject, table: string, key: string) {
  const { version: _version, createdAt: _created, updatedAt: _updated, branchId: _branch, ...content } = sent
  if (Object.entries(content).every(([name, value]) => isSameJson(current[name], value))) {
    return { record: current, isUnchanged: true }
  }
  const details = { table, key, currentVersion: current.version, current }
  throw new StoreError('record-exists', `A record with the id ${key} exists in ${table}.`, { details })
}

/** L1 and L2. */
function checkVersion(sent: JsonObject, current: JsonObject, table: string, key: string): void {
  const { version } = sent
  if (version === undefined || version === null || Number(version) === current.version) return
  const details = { table, key, expectedVersion: version, currentVersion: current.version, current }
  const message = `Version conflict: Unable to update ${table} (expected: ${version}, current: ${current.version}).`
  throw new StoreError('version-conflict', message, { details })
}
