import type { JsonObject } from '../../src-shared/json.ts'
import type { WriteAction } from '../../src-shared/protocol/records.ts'
import { makeUuid } from '../lib/ids.ts'
import { copyRecord } from '../lib/json-copy.ts'
import type { Platform } from '../lib/platform.ts'
import { StoreError } from '../lib/store-error.ts'
import type { QueuedOperation } from '../queue/entry.ts'
import type { OptimisticView } from '../queue/optimistic-view.ts'
import type { Replica } from '../replica/replica.ts'
import type { TableNames } from '../replica/schema-names.ts'

/** One write of the application. `update` is another word for merge. */
export interface WriteRequest {
  action: WriteAction
  table: string
  record: object
}

export interface WriteContext {
  platform: Platform
  names: TableNames
  replica: Replica
  view: OptimisticView
}

/**
 * Makes the operation that is queued: canonical table name, a copy of the record, an id where the client may make one,
 * and what is needed to notice and settle conflicts.
 *
 * @throws StoreError `missing-record-key` when a change or removal does not say which record, `invalid-record`.
 */
export function prepareOperation(context: WriteContext, request: WriteRequest): QueuedOperation {
  const { action } = request
  const table = context.names.resolve(request.table)
  const shape = context.names.find(table)
  const rows = context.replica.table(table)
  const record = copyRecord(request.record)
  const canMakeKey = action === 'insert' || action === 'save'
  let key = rows.findKey(record)
  let isIdMade = false
  if (key === undefined && canMakeKey && !shape?.isIntegerKey && rows.keyFields.length === 1 && rows.isKeyKnown) {
    record[rows.keyFields[0]!] = key = `${table}-${makeUuid(context.platform)}`
    isIdMade = true
  }
  if (key === undefined && !canMakeKey) {
    const fields = rows.keyFields.join(' and ')
    throw new StoreError('missing-record-key', `A ${action} in ${table} must name its record by ${fields}.`)
  }
  const base = key === undefined ? undefined : context.view.find(table, key)
  const predictedVersion = predictVersion(action, base)
  return {
    action,
    table,
    key,
    record,
    ...(base && action !== 'insert' && { base }),
    ...(predictedVersion !== undefined && { predictedVersion }),
    ...(isIdMade && { isIdMade }),
  }
}

function predictVersion(action: WriteAction, base: JsonObject | undefined): number | undefined {
  if (action === 'delete') return undefined
  if (!base) return action === 'merge' ? undefined : 1
  return typeof base.version === 'number' ? base.version + 1 : undefined
}

/** A record by its id, or the fields that say which one. */
export function toReference(replica: Replica, table: string, reference: object | string | number): object {
  if (typeof reference === 'object') return reference
  const [field = 'id'] = replica.table(table).keyFields
  return { [field]: reference }
}
