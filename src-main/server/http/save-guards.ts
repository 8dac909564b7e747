import { AppError } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { ModuleStore } from '../../store/api.ts'
import { parseMarker } from './snapshot-marker.ts'

/** Conditions of POST /save, as a client of the specification sends them. */
export interface SaveConditions {
  mustExist: boolean
  lastKnownId: JsonValue | undefined
  expectedPaymentState: string | undefined
  rejectedPaymentStates: readonly string[]
  allowedPaymentStates: readonly string[] | undefined
  notModifiedSince: string | undefined
}

const PAYMENT_STATE_FIELDS = [
  'paymentState',
  'payment_state',
  'paymentStatus',
  'payment_status',
  'state',
  'payment_state_id',
  'paymentStateId',
]
const NESTED_FIELDS = ['header', 'payload', 'meta', 'metadata', 'data', 'info']
const ID_FIELDS = ['key', 'id', 'uid', 'uuid']
const UPDATED_FIELDS = ['updatedAt', 'updated_at', 'modifyDate', 'modify_date']

/** Reads the conditions from `concurrency`, `expected` or `guard` of the body. */
export function parseConditions(body: JsonObject): SaveConditions {
  const guard = [body.concurrency, body.expected, body.guard].find(isJsonObject) ?? {}
  const allowed = textsOf(guard.allowedPaymentStates)
  return {
    mustExist: guard.requireExisting === true || guard.disallowCreate === true,
    lastKnownId: body.lastKnownId ?? body.cursor ?? undefined,
    expectedPaymentState: textOf(guard.expectedPaymentState ?? guard.paymentState),
    rejectedPaymentStates: textsOf(guard.rejectPaymentStates) ?? [],
    allowedPaymentStates: allowed,
    notModifiedSince: textOf(guard.ifNotModifiedSince ?? guard.ifModifiedBefore ?? guard.expectedUpdatedAt),
  }
}

/** The check of a write: a pure function from the stored record to an error or nothing. */
export function toGuard(conditions: SaveConditions): (current: JsonObject | undefined) => void {
  return (current) => {
    if (!current) {
      if (conditions.mustExist) throw fullSync('record-not-found', 'The record does not exist.')
      return
    }
    checkLastKnownId(conditions.lastKnownId, current)
    checkPaymentState(conditions, current)
    checkNotModified(conditions.notModifiedSince, current)
  }
}

/**
 * Compares the client's marker with the module: it fits as long as the events after it can still be read, so that the
 * client is only behind and not on another history.
 *
 * @throws AppError `full-sync-required` with `details.code` snapshot-mismatch.
 */
export function checkMarker(module: ModuleStore, body: JsonObject, clientMarker: string | null, actual: string): void {
  const guard = [body.concurrency, body.expected, body.guard].find(isJsonObject) ?? {}
  const required = textOf(guard.requireSnapshotMarker)
  const expected = required ?? (guard.enforceSnapshot === true ? clientMarker : undefined)
  if (expected === undefined) return
  const cursor = parseMarker(expected)
  if (cursor && !module.delta({ cursor, limit: 1 }).requiresFullSync) return
  throw fullSync('snapshot-mismatch', 'The client has another snapshot of the module.', { expected, actual })
}

function checkLastKnownId(lastKnownId: JsonValue | undefined, current: JsonObject): void {
  if (lastKnownId === undefined || lastKnownId === null) return
  const candidates = isJsonObject(lastKnownId) ? ID_FIELDS.map((name) => lastKnownId[name]) : [lastKnownId]
  const known = new Set(candidates.filter((value) => value !== undefined && value !== null).map(String))
  const isMatch = ID_FIELDS.some((name) => current[name] !== undefined && known.has(String(current[name])))
  if (!isMatch) throw fullSync('stale-cursor', 'The record is not the one last read.', { provided: lastKnownId })
}

function checkPaymentState(conditions: SaveConditions, current: JsonObject): void {
  const { expectedPaymentState: expected, rejectedPaymentStates: rejected, allowedPaymentStates: allowed } = conditions
  if (expected === undefined && rejected.length === 0 && allowed === undefined) return
  const actual = findPaymentState(current)
  if (expected !== undefined && actual !== expected) {
    throw conflict('payment-state-conflict', `The payment state is ${actual}.`, { expected, actual })
  }
  if (actual !== null && rejected.includes(actual)) {
    throw conflict('payment-state-rejected', `The payment state is ${actual}.`, { actual, rejected: [...rejected] })
  }
  if (allowed !== undefined && (actual === null || !allowed.includes(actual))) {
    throw conflict('payment-state-not-allowed', `The payment state is ${actual}.`, { actual, allowed: [...allowed] })
  }
}

function findPaymentState(record: JsonObject): string | null {
  const places = [record, ...NESTED_FIELDS.map((name) => record[name]).filter(isJsonObject)]
  for (const place of places) {
    for (const name of PAYMENT_STATE_FIELDS) {
      const value = place[name]
      if (typeof value === 'string' && value !== '') return value
    }
  }
  return null
}

function checkNotModified(threshold: string | undefined, current: JsonObject): void {
  if (threshold === undefined) return
  const updatedAt = UPDATED_FIELDS.map((name) => current[name]).find((value) => typeof value === 'string')
  const limit = Date.parse(threshold)
  if (Number.isNaN(limit)) throw new AppError('invalid-request', 'The time of the condition is not a time.')
  if (typeof updatedAt === 'string' && Date.parse(updatedAt) > limit) {
    throw conflict('concurrent-update', 'The record was changed later than that.', { updatedAt, threshold })
  }
}

function fullSync(code: string, message: string, details: JsonObject = {}): AppError {
  return new AppError('full-sync-required', message, { details: { code, message, ...details } })
}

function conflict(code: string, message: string, details: JsonObject): AppError {
  return new AppError('concurrency-conflict', message, { details: { code, ...details } })
}

function textOf(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'number') {
    const time = new Date(value)
    return Number.isNaN(time.getTime()) ? String(value) : time.toISOString()
  }
  return typeof value === 'string' && value !== '' ? value : undefined
}

function textsOf(value: JsonValue | undefined): string[] | undefined {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : undefined
}
