import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { TableDefinition } from '../schema/definition.ts'
import type { Caller } from '../types.ts'

export interface VersionCheck {
  table: TableDefinition
  key: string
  caller: Caller
  /** The version as the caller sent it, undefined when absent. */
  sent: JsonValue | undefined
  currentVersion: number
  /** The stored record without secret fields, for the error. */
  current: () => JsonObject
}

/**
 * Rule L: who may change a record, by version. Throws version-conflict with the current record.
 *
 * L1 A client sends the version that it read; another one is a conflict.
 * L2 Without a version the last writer wins, except on tables that declare `locking: "required"`.
 * L3 Undeclared callers in legacy mode send the version they will produce (current + 1; 1 when current is 1), on
 *    locking tables only; elsewhere what they send is ignored. The two rules are never mixed on one connection.
 * Source: docs/sync.md, rules L1 to L3.
 */
export function checkVersion(check: VersionCheck): void {
  const { table, caller, sent, currentVersion } = check
  const isLocking = table.locking === 'required'
  if (caller.isLegacy) {
    if (isLocking && !passesFieldRule(sent, currentVersion)) throw versionConflict(check, fieldVersion(sent))
    return
  }
  if (sent === undefined || sent === null) {
    if (isLocking) throw versionConflict(check, null)
    return
  }
  const version = parseVersion(sent)
  if (version !== currentVersion) throw versionConflict(check, version)
}

/** True when `sent` is what a field client sends for the next version of a record at `currentVersion`. */
export function passesFieldRule(sent: JsonValue | undefined, currentVersion: number): boolean {
  const version = fieldVersion(sent)
  return version !== null && (version === currentVersion + 1 || (version === 1 && currentVersion === 1))
}

function fieldVersion(sent: JsonValue | undefined): number | null {
  const version = Math.trunc(Number(sent ?? Number.NaN))
  return Number.isSafeInteger(version) && version > 0 ? version : null
}

export function parseVersion(sent: JsonValue): number {
  const version = typeof sent === 'string' && /^[0-9]{1,15}$/.test(sent) ? Number(sent) : sent
  if (typeof version === 'number' && Number.isSafeInteger(version) && version >= 0) return version
  throw new AppError('validation-failed', 'The version must be a whole number.', {
    errors: [{ field: 'version', code: 'wrong-type', message: 'The version must be a whole number.' }],
  })
}

function versionConflict(check: VersionCheck, expectedVersion: number | null): AppError {
  const { table, key, currentVersion } = check
  const sent = expectedVersion === null ? 'none' : expectedVersion
  return new AppError(
    'version-conflict',
    `Version conflict: Unable to update ${table.name} (expected: ${sent}, current: ${currentVersion}).`,
    { details: { table: table.name, key, expectedVersion, currentVersion, current: check.current() } },
  )
}

/** Throws precondition-failed unless `ifMatch` ("<epoch>.<version>", "<version>", quoted or not, or "*") fits. */
export function checkIfMatch(ifMatch: string, epoch: number, check: Omit<VersionCheck, 'caller' | 'sent'>): void {
  const accepted = [`${epoch}.${check.currentVersion}`, String(check.currentVersion), '*']
  const tags = ifMatch.split(',').map((tag) =>
    tag
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1'),
  )
  if (tags.some((tag) => accepted.includes(tag))) return
  throw new AppError('precondition-failed', `The record is at version ${check.currentVersion}.`, {
    details: {
      table: check.table.name,
      key: check.key,
      currentVersion: check.currentVersion,
      current: check.current(),
    },
  })
}
