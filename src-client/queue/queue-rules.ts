import type { JsonObject } from '../../src-shared/json.ts'
import type { ServerAck, ServerError } from '../../src-shared/protocol/server-frames.ts'
import type { StorageOperation } from '../storage/storage.ts'
import { keysOf, type QueueEntry, type Refusal } from './entry.ts'
import { type HeldEntry, isStored, putOperation } from './outbox-files.ts'
import { CONFLICT_CODES } from './send-rules.ts'

/**
 * After an ack: later writes of the same record were made over the version that was foretold; where another one came
 * out, they are changed to it. They have not been sent yet, because no two writes of one record are under way.
 *
 * @returns What has to be stored.
 */
export function rebaseLater(pending: readonly HeldEntry[], entry: QueueEntry, ack: ServerAck): StorageOperation[] {
  const changes = 'results' in ack ? ack.results : [ack]
  const operations: StorageOperation[] = []
  entry.operations.forEach((operation, index) => {
    const version = changes[index]?.entry.record?.version
    const { predictedVersion } = operation
    if (typeof version !== 'number' || predictedVersion === undefined || version === predictedVersion) return
    for (const held of pending) {
      const later = held.entry.operations.find(
        ({ table, key }) => held.entry !== entry && table === operation.table && key === operation.key,
      )
      if (later?.record.version !== predictedVersion) continue
      later.record.version = version
      if (later.action !== 'delete') later.predictedVersion = version + 1
      if (isStored(held)) operations.push(putOperation(held.place.key, held.entry))
      break
    }
  })
  return operations
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
