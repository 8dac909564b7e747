import type { JsonObject } from '../../src-shared/json.ts'
import type { ServerAck, ServerError } from '../../src-shared/protocol/server-frames.ts'
import type { StorageOperation } from '../storage/storage.ts'
import { keysOf, type QueuedOperation, type QueueEntry, type Refusal } from './entry.ts'
import { type HeldEntry, isStored, putOperation } from './outbox-files.ts'
import { CONFLICT_CODES } from './send-rules.ts'

/**
 * After an ack: later writes of the same records follow the versions that came out.
 *
 * @returns What has to be stored.
 */
export function rebaseAfterAck(pending: readonly HeldEntry[], entry: QueueEntry, ack: ServerAck): StorageOperation[] {
  const changes = 'results' in ack ? ack.results : [ack]
  return entry.operations.flatMap((operation, index) => {
    return rebaseLater(pending, entry, operation, changes[index]?.entry.record?.version)
  })
}

/**
 * Later writes of the same record were made over the version that was foretold; where another one comes out, they are
 * changed to it, one after the other. They have not been sent yet, because no two writes of one record are under way.
 */
export function rebaseLater(
  pending: readonly HeldEntry[],
  entry: QueueEntry,
  { table, key, predictedVersion }: QueuedOperation,
  version: unknown,
): StorageOperation[] {
  if (typeof version !== 'number') return []
  const operations: StorageOperation[] = []
  let [from, to] = [predictedVersion, version]
  for (const held of pending) {
    if (from === undefined || from === to) break
    if (held.entry.id === entry.id) continue
    const later = held.entry.operations.find((one) => one.table === table && one.key === key)
    if (later?.record.version !== from) continue
    later.record.version = to
    from = later.predictedVersion
    to += 1
    if (from !== undefined) later.predictedVersion = to
    if (isStored(held)) operations.push(putOperation(held.place.key, held.entry))
  }
  return operations
}

/**
 * The operation that the server means: of a batch the one whose record it names. Undefined when it names none, as after
 * a restore.
 */
export function conflictingOperation(entry: QueueEntry, error: ServerError): QueuedOperation | undefined {
  const { operations } = entry
  if (operations.length === 1) return operations[0]
  const { table, key } = error.details ?? {}
  return operations.find((one) => one.table === table && one.key !== undefined && one.key === String(key))
}

/** Refused conflicts that the application has dealt with: it has changed the same record after the refusal. */
export function outdatedBy(parked: readonly HeldEntry[], entry: QueueEntry): HeldEntry[] {
  const keys = new Set(keysOf(entry))
  return parked.filter(({ entry: { refusal }, entry: refused }) => {
    const isOlder = refusal !== undefined && CONFLICT_CODES.has(refusal.code) && refusal.at <= entry.queuedAt
    return isOlder && keysOf(refused).every((key) => keys.has(key))
  })
}

export function refusalOf({ error: code, message, details, errors }: ServerError, at: number): Refusal {
  const current = details?.current as JsonObject | undefined
  return { code, message, at, ...(details && { details }), ...(errors && { errors }), ...(current && { current }) }
}
