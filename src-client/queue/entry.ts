import type { ErrorCode, FieldError } from '../../src-shared/errors.ts'
import { isJsonObject, type JsonObject } from '../../src-shared/json.ts'
import type { WriteAction } from '../../src-shared/protocol/records.ts'
import type { LocalCode } from '../lib/store-error.ts'

/** One change of one record, as it waits to be sent. */
export interface QueuedOperation {
  action: WriteAction
  /** Canonical as far as we know it. */
  table: string
  /** Undefined when only the server can make the key. */
  key: string | undefined
  /** Sent as it is. */
  record: JsonObject
  /** The record as the application saw it, for merges that meet another change. */
  base?: JsonObject
  /** The version that the record has when nothing comes between. */
  predictedVersion?: number
  /** The id was made here, so a record with it can only be ours. */
  isIdMade?: true
}

/** Why the server refused a write for good. */
export interface Refusal {
  code: ErrorCode | LocalCode
  message: string
  details?: Record<string, unknown>
  errors?: FieldError[]
  current?: JsonObject
  /** Milliseconds since 1970, by this device's clock. */
  at: number
}

/** A write in the queue; more than one operation is an atomic batch. JSON, as it is stored. */
export interface QueueEntry {
  /** For the application; stays the same when the write is changed to fit a newer record. */
  id: string
  /** For the server: the same request is carried out once. */
  requestId: string
  operations: QueuedOperation[]
  meta: JsonObject
  /** Milliseconds since 1970, by this device's clock. */
  queuedAt: number
  /** The epoch in which the versions were read. */
  epoch?: number
  /** How often it was changed to fit a newer record. */
  attempts: number
  refusal?: Refusal
}

/** A write that waits, for the application to show. */
export interface PendingWrite {
  id: string
  action: WriteAction | 'batch'
  table: string
  record: JsonObject
  /** Of a batch: all of it. */
  operations: readonly QueuedOperation[]
  queuedAt: string
  /** False: it would be lost with the page, because the browser keeps nothing. */
  isDurable: boolean
}

/** A write that the server refused for good, with the reason. */
export interface ParkedWrite extends PendingWrite {
  reason: Refusal
}

export function keysOf(entry: QueueEntry): string[] {
  return entry.operations.map(({ table, key }) => `${table}\n${key ?? entry.id}`)
}

/** What the entry looks like on the wire. */
export function toFrame(entry: QueueEntry, branchId: string, moduleId: string): JsonObject {
  const { requestId, operations, meta, epoch } = entry
  const [first] = operations
  const envelope: JsonObject = {
    type: 'client:publish',
    requestId,
    branchId,
    moduleId,
    meta: { ...meta, requestId },
    includeRecord: true,
    ...(epoch !== undefined && operations.some(hasVersion) && { epoch }),
  }
  if (operations.length === 1) return { ...envelope, ...toWire(first!) }
  return { ...envelope, action: 'module:batch', operations: operations.map(toWire) }
}

function toWire({ action, table, record }: QueuedOperation): JsonObject {
  return { action: `module:${action}`, table, record }
}

function hasVersion({ record }: QueuedOperation): boolean {
  return record.version !== undefined
}

export function describeEntry(entry: QueueEntry, isDurable: boolean): PendingWrite {
  const { id, operations, queuedAt } = entry
  const [first] = operations
  return {
    id,
    action: operations.length === 1 ? first!.action : 'batch',
    table: first!.table,
    record: first!.record,
    operations,
    queuedAt: new Date(queuedAt).toISOString(),
    isDurable,
  }
}

/** Entries of another version of this library, or damaged ones, are left where they are and not used. */
export function isQueueEntry(value: unknown): value is QueueEntry {
  if (!isJsonObject(value)) return false
  const { id, requestId, operations, queuedAt } = value
  return (
    typeof id === 'string' &&
    typeof requestId === 'string' &&
    typeof queuedAt === 'number' &&
    Array.isArray(operations) &&
    operations.length > 0 &&
    operations.every((one) => isJsonObject(one) && typeof one.table === 'string' && isJsonObject(one.record!))
  )
}
