import type { Position } from '../../src-shared/ids.ts'
import type { JsonObject } from '../../src-shared/json.ts'
import type { SnapshotMeta } from '../../src-shared/protocol/records.ts'
import type {
  AckedChange,
  ServerAck,
  ServerDelta,
  ServerEvent,
  ServerSnapshotEnd,
  ServerSnapshotPart,
} from '../../src-shared/protocol/server-frames.ts'
import type { TableNames } from './schema-names.ts'
import { Table } from './table.ts'

/** Hears of changes: one record, or the whole table when `key` is undefined. */
export type ReplicaListener = (table: string, key: string | undefined) => void

/**
 * What became of an event: `applied` (with the whole group when it completed one), `waiting` for the rest of its group,
 * `known` already, or `stale`: it does not continue what we have, so the module has to be read anew.
 */
export type EventOutcome =
  | { kind: 'applied'; events: readonly ServerEvent[] }
  | { kind: 'waiting' | 'known' }
  | { kind: 'stale'; reason: string }

/**
 * The module as the server has confirmed it, at one position of its log.
 *
 * Events move the position one by one; a gap, another epoch or an event of the whole module cannot be followed and asks
 * for a snapshot, and the position stays, so that a reconnect asks for it as well. A group of events (an atomic batch)
 * is applied when its last one is there. Source: docs/sync.md, rules P1 to P5, S2, W11.
 */
export class Replica {
  readonly tables = new Map<string, Table>()
  cursor: Position | undefined
  meta: SnapshotMeta | undefined
  readonly #names: TableNames
  readonly #listener: ReplicaListener
  /** Only some tables are subscribed to: their events leave gaps in the positions. */
  readonly #isPartial: boolean
  #staged = new Map<string, ServerSnapshotPart[]>()
  #group: ServerEvent[] = []

  constructor(names: TableNames, isPartial: boolean, listener: ReplicaListener) {
    this.#names = names
    this.#isPartial = isPartial
    this.#listener = listener
  }

  /** The table, made when it is new. */
  table(name: string): Table {
    let table = this.tables.get(name)
    if (!table) {
      table = new Table(name, this.#names.find(name)?.keyFields)
      this.tables.set(name, table)
    }
    return table
  }

  /** A new connection starts: half a snapshot or group of the last one is worth nothing. */
  startOver(): void {
    this.#staged = new Map()
    this.#group = []
  }

  stagePart(part: ServerSnapshotPart): void {
    const parts = this.#staged.get(part.table)
    const isSame = parts?.[0]?.seq === part.seq && parts[0].epoch === part.epoch
    // By its number: a part that comes twice counts once.
    if (parts && isSame) parts[part.part] = part
    else this.#staged.set(part.table, Object.assign([], { [part.part]: part }))
  }

  /**
   * Replaces the tables that the snapshot names, and, unless only some are subscribed to, forgets all others. False, and
   * nothing is changed, when it is not for this module or a part is missing.
   */
  applySnapshot(frame: ServerSnapshotEnd, moduleId: string): boolean {
    const module = frame.modules[moduleId]
    const cursor = frame.cursor[moduleId]
    if (!module || !cursor) return false
    const staged = module.tableNames.map((name) => this.#staged.get(name) ?? [])
    const isWhole = staged.every((parts) => isComplete(parts, cursor))
    this.startOver()
    if (!isWhole) return false
    module.tableNames.forEach((name, index) => {
      const parts = staged[index]!
      const table = this.table(name)
      table.isSingleton = parts[0]!.isSingleton
      table.fill(parts.flatMap(({ records }) => records))
    })
    const named = new Set(module.tableNames)
    const gone = this.#isPartial ? [] : [...this.tables.keys()].filter((name) => !named.has(name))
    for (const name of gone) this.table(name).fill([])
    this.cursor = cursor
    this.meta = module.meta
    for (const name of [...named, ...gone]) this.#listener(name, undefined)
    return true
  }

  /** False when the delta does not continue what we have. */
  applyDelta(delta: ServerDelta): boolean {
    const { cursor } = this
    if (!cursor || delta.epoch !== cursor.epoch || delta.from > cursor.seq) return false
    if (delta.to <= cursor.seq) return true
    for (const [name, records] of Object.entries(delta.tables)) {
      for (const record of records) {
        const key = this.table(name).findKey(record)
        if (key === undefined) return false
        this.#put(name, key, record)
      }
    }
    for (const [name, keys] of Object.entries(delta.deleted)) {
      if (!this.table(name).isKeyKnown) return false
      for (const key of keys) this.#remove(name, key)
    }
    this.#moveTo({ epoch: delta.epoch, seq: delta.to })
    return true
  }

  applyEvent(event: ServerEvent): EventOutcome {
    const { cursor } = this
    if (!cursor) return { kind: 'stale', reason: 'an event before any snapshot' }
    if (event.epoch !== cursor.epoch) return { kind: 'stale', reason: 'epoch-changed' }
    const last = this.#group.at(-1)?.sequence ?? cursor.seq
    if (event.sequence <= last) return { kind: 'known' }
    if (event.table === undefined) return { kind: 'stale', reason: event.action }
    if (!this.#isPartial && event.sequence !== last + 1) return { kind: 'stale', reason: 'a gap in the events' }
    if (event.group && event.group.index < event.group.size - 1) {
      this.#group.push(event)
      return { kind: 'waiting' }
    }
    const events = [...this.#group, event]
    this.#group = []
    for (const one of events) this.applyChange(one)
    this.#moveTo({ epoch: event.epoch, seq: event.sequence })
    return { kind: 'applied', events }
  }

  /** The server is at this position, and we have heard everything up to it. */
  settleAt(cursor: Position): void {
    this.#moveTo(cursor)
  }

  /** One change of an event or of an ack that is ahead of our position; applying it again later changes nothing. */
  applyChange(change: AckedChange | ServerEvent): void {
    const { table: name, recordRef: ref, entry } = change
    if (name === undefined || !ref) return
    const table = this.table(name)
    if (table.learn(ref)) this.#listener(name, undefined)
    if (change.deleted || change.action === 'module:delete') this.#remove(name, ref.key)
    else if (entry?.record) this.#put(name, ref.key, entry.record)
  }

  /** Shows what the server took, though its event has not come yet, and learns what it calls the tables. */
  applyAck(ack: ServerAck, sent: readonly { table: string }[]): void {
    const { cursor } = this
    const changes = 'results' in ack ? ack.results : [ack]
    changes.forEach((change, index) => {
      this.#names.learn(sent[index]?.table ?? change.table, change.table)
      const isAhead = cursor !== undefined && change.epoch === cursor.epoch && change.sequence > cursor.seq
      // A repeated answer tells how it was then; what we have may be newer.
      if (isAhead && !ack.replayed) this.applyChange(change)
    })
  }

  #moveTo(cursor: Position): void {
    if (this.cursor?.epoch !== cursor.epoch || cursor.seq > this.cursor.seq) this.cursor = { ...cursor }
  }

  #put(name: string, key: string, record: JsonObject): void {
    this.table(name).records.set(key, record)
    this.#listener(name, key)
  }

  #remove(name: string, key: string): void {
    if (this.table(name).records.delete(key)) this.#listener(name, key)
  }
}

/** Every part from the first to the last, all of the snapshot's own position. */
function isComplete(parts: readonly ServerSnapshotPart[], { epoch, seq }: Position): boolean {
  if (parts.length === 0 || parts.at(-1)?.isLast !== true) return false
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]
    if (part?.epoch !== epoch || part.seq !== seq) return false
  }
  return true
}
