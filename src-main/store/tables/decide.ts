import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { WriteAction } from '../../../src-shared/protocol/records.ts'
import { completeRecord, removeSecrets, sameContent } from '../schema/coerce.ts'
import type { TableDefinition } from '../schema/definition.ts'
import { isSameKey } from '../schema/record-key.ts'
import type { Caller } from '../types.ts'
import { checkIfMatch, checkVersion, passesFieldRule } from './versions.ts'

/** Everything a decision depends on; the engine loads it, no rule asks a database. */
export interface DecisionInput {
  table: TableDefinition
  action: WriteAction
  key: string
  /** The caller's fields, coerced; defaults and drawn numbers are already in it when the record is new. */
  patch: JsonObject
  /** `version` as the caller sent it. */
  sentVersion: JsonValue | undefined
  ifMatch: string | undefined
  caller: Caller
  current: { record: JsonObject; version: number; createdAt: string } | undefined
  /** Version of the deleted record with this key, while its tombstone is kept. */
  buriedVersion: number | undefined
  /** Fields that the server filled in at the insert where the caller sent nothing: document numbers. */
  assigned: readonly string[]
  branchId: string
  epoch: number
  now: string
  /** Seeds, imports and take-overs bring their own createdAt and updatedAt. */
  keepsTimes?: boolean
}

export type Decision =
  | { kind: 'insert'; record: JsonObject; version: number; createdAt: string; updatedAt: string }
  | { kind: 'update'; record: JsonObject; version: number; createdAt: string; updatedAt: string }
  | { kind: 'delete'; version: number }
  | { kind: 'unchanged'; version: number }

/**
 * What a write means: a pure function from the stored record and a request to the record to store. Refusals are thrown
 * as coded errors. Rules W1 to W6 and L1 to L3 of docs/sync.md.
 */
export function decideWrite(input: DecisionInput): Decision {
  const { action, current } = input
  if (current && !isSameKey(input.table, input.patch, current.record)) throw keyTaken(input)
  if (action === 'delete') return decideDelete(input)
  if (!current) {
    if (action === 'merge') throw recordNotFound(input)
    if (input.ifMatch !== undefined) throw preconditionOnMissing(input)
    return decideInsert(input)
  }
  if (action === 'insert') return decideInsertOfExisting(input, current)
  checkCurrent(input, current)
  return merged(input, current, current.version + 1)
}

function decideInsert(input: DecisionInput): Decision {
  const version = (input.buriedVersion ?? 0) + 1
  const patch = input.patch
  const createdAt = (input.keepsTimes && textOf(patch.createdAt)) || input.now
  const updatedAt = (input.keepsTimes && textOf(patch.updatedAt)) || createdAt
  const record: JsonObject = { ...patch, branchId: input.branchId, version, createdAt, updatedAt }
  completeRecord(input.table, record)
  return { kind: 'insert', record, version, createdAt, updatedAt }
}

/** W3: a retry with the same content is acknowledged unchanged; legacy callers merge instead of being refused. */
function decideInsertOfExisting(input: DecisionInput, current: Stored): Decision {
  const { table, caller, patch, sentVersion } = input
  if (sameContent(table, current.record, patch, input.assigned)) return { kind: 'unchanged', version: current.version }
  if (!caller.isLegacy) {
    throw new AppError('record-exists', `A record with the id ${input.key} exists in ${table.name}.`, {
      details: {
        table: table.name,
        key: input.key,
        currentVersion: current.version,
        current: publicRecord(input, current),
      },
    })
  }
  if (table.locking !== 'required' || passesFieldRule(sentVersion, current.version)) {
    return merged(input, current, current.version + 1)
  }
  const absent: JsonObject = {}
  for (const [field, value] of Object.entries(patch)) {
    if (current.record[field] === undefined || current.record[field] === null) absent[field] = value
  }
  if (Object.keys(absent).length === 0) return { kind: 'unchanged', version: current.version }
  return merged({ ...input, patch: absent }, current, current.version)
}

/** "a::b" and "c" have the same joined key as "a" and "b::c": one must not be written over the other. */
function keyTaken({ table, key }: DecisionInput): AppError {
  return new AppError('record-exists', `Another record of ${table.name} has the same joined key ${key}.`, {
    details: { table: table.name, key },
  })
}

function decideDelete(input: DecisionInput): Decision {
  const { current } = input
  if (!current) throw recordNotFound(input)
  if (
    input.ifMatch !== undefined ||
    (input.sentVersion !== undefined && input.sentVersion !== null && !input.caller.isLegacy)
  ) {
    checkCurrent(input, current)
  }
  return { kind: 'delete', version: current.version }
}

type Stored = NonNullable<DecisionInput['current']>

function checkCurrent(input: DecisionInput, current: Stored): void {
  const check = {
    table: input.table,
    key: input.key,
    currentVersion: current.version,
    current: () => publicRecord(input, current),
  }
  if (input.ifMatch !== undefined) {
    checkIfMatch(input.ifMatch, input.epoch, check)
    // If-Match is a version check of its own: a body without a version needs no second one.
    if (input.sentVersion === undefined || input.sentVersion === null) return
  }
  checkVersion({ ...check, caller: input.caller, sent: input.sentVersion })
}

function merged(input: DecisionInput, current: Stored, version: number): Decision {
  const record: JsonObject = { ...current.record, ...input.patch }
  record.branchId = input.branchId
  record.version = version
  record.createdAt = current.createdAt
  record.updatedAt = input.now
  completeRecord(input.table, record)
  return { kind: 'update', record, version, createdAt: current.createdAt, updatedAt: input.now }
}

function publicRecord(input: DecisionInput, current: Stored): JsonObject {
  return removeSecrets(input.table, current.record)[0]
}

function recordNotFound(input: DecisionInput): AppError {
  return new AppError('record-not-found', `Record not found in table "${input.table.name}".`, {
    details: { table: input.table.name, key: input.key },
  })
}

function preconditionOnMissing(input: DecisionInput): AppError {
  return new AppError('precondition-failed', 'The record does not exist.', {
    details: { table: input.table.name, key: input.key, currentVersion: null },
  })
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
