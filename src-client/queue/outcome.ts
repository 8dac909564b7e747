import type { JsonObject } from '../../src-shared/json.ts'
import type { ServerAck } from '../../src-shared/protocol/server-frames.ts'
import { isSameJson } from '../lib/json-copy.ts'
import { StoreError } from '../lib/store-error.ts'
import type { QueueEntry, Refusal } from './entry.ts'

/** A write that ended without an ack for this tab. */
export interface SettledWrite {
  type: 'settled'
  /**
   * server-wins: dropped by the table's strategy. already-stored, already-deleted: an earlier try had arrived.
   * other-tab: another tab sent it and the server took it.
   */
  reason: 'server-wins' | 'already-stored' | 'already-deleted' | 'other-tab'
  requestId: string
  table: string
  /** The record as the server has it, where that is known. */
  current?: JsonObject
}

/** What the promise of a write resolves with. */
export type WriteOutcome = ServerAck | SettledWrite

export function settledWrite(entry: QueueEntry, reason: SettledWrite['reason'], current?: JsonObject): SettledWrite {
  const { requestId, operations } = entry
  return { type: 'settled', reason, requestId, table: operations[0]!.table, ...(current && { current }) }
}

export function toError(entry: QueueEntry, refusal: Refusal): StoreError {
  const { code, message, current, details, errors } = refusal
  return new StoreError(code, message, {
    writeId: entry.id,
    ...(current && { current }),
    ...(details && { details }),
    ...(errors && { errors }),
  })
}

const SERVER_FIELDS = new Set(['version', 'createdAt', 'updatedAt', 'branchId'])

/** How an old write ended, told by the record alone; undefined when it has to be sent. */
export function outcomeFromRecord(entry: QueueEntry, record: JsonObject | undefined): SettledWrite | undefined {
  const [operation] = entry.operations
  if (!operation || entry.operations.length > 1) return undefined
  if (operation.action === 'delete') return record ? undefined : settledWrite(entry, 'already-deleted')
  if (!record) return undefined
  const sent = Object.entries(operation.record).filter(([name]) => !SERVER_FIELDS.has(name))
  const isStored = sent.every(([name, value]) => isSameJson(value, record[name]))
  return isStored ? settledWrite(entry, 'already-stored', record) : undefined
}
