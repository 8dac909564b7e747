import type { JsonObject } from '../../../src-shared/json.ts'
import type { EventAction, RecordRef } from '../../../src-shared/protocol/records.ts'
import { isoTime } from '../../lib/clock.ts'
import { quoteText } from '../../lib/json-text.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import type { ModuleState } from '../module-state.ts'
import type { EventRow } from '../sqlite/event-table.ts'
import type { StoredEvent } from '../types.ts'
import { CREATED, chainLine, DELETED, type StoredMeta, storedEvent } from './event-line.ts'

export interface NewEvent {
  action: EventAction
  eventId?: string
  table?: string
  key?: string
  recordRef?: RecordRef
  /** Public text of the record. */
  recordText?: string
  /** UTF-8 of it, when the caller has it. */
  recordBytes?: Buffer
  /** Secret fields, kept beside the event and never sent. */
  secretText?: string
  /** Of module-wide events. */
  fields?: JsonObject
  meta: StoredMeta
  isCreated?: boolean
  isDeleted?: boolean
  group?: string
  nowMs: number
}

/** An event that waits for COMMIT: what readers will see, and the row behind the mirror's line. */
export interface AppendedEvent {
  event: StoredEvent
  row: EventRow
  /** The mirror's line. */
  line: Buffer
  module: ModuleState
}

/** Appends to the staged end of a module's log, inside the running transaction. */
export function appendEvent(module: ModuleState, input: NewEvent): AppendedEvent {
  const head = module.staged ?? { ...module.head }
  const row: EventRow = {
    seq: head.seq + 1,
    id: input.eventId ?? `evt-${uuid7(input.nowMs)}`,
    epoch: module.row.epoch,
    action: input.action,
    tbl: input.table ?? null,
    key: input.key ?? null,
    record: input.recordText ?? null,
    private: input.secretText ?? null,
    fields: input.fields ? JSON.stringify(input.fields) : null,
    meta: metaText(input.meta),
    grp: input.group ?? null,
    flags: (input.isCreated ? CREATED : 0) | (input.isDeleted ? DELETED : 0),
    at: isoTime(input.nowMs),
    hash: '',
  }
  const line = chainLine(row, input.recordBytes ?? null, head.hash, module.branchId, module.moduleId)
  module.events.append(row, input.recordBytes)
  module.staged = { seq: row.seq, hash: row.hash, lastEventId: row.id, lastEventAt: row.at }
  const event = storedEvent(row, module.branchId, module.moduleId, input.meta, input.recordRef ?? null)
  return { event, row, line, module }
}

/** `JSON.stringify` of it, in a quarter of the time for a write that says nothing but where it came from. */
function metaText(meta: StoredMeta): string {
  for (const name in meta) {
    if (name !== 'serverId' && name !== 'source') return JSON.stringify(meta)
  }
  return `{"serverId":${quoteText(meta.serverId)},"source":${quoteText(meta.source)}}`
}
