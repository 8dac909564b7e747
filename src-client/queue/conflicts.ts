import type { JsonObject } from '../../src-shared/json.ts'
import { isSameJson } from '../lib/json-copy.ts'

/** A write that met a newer record. */
export interface Conflict {
  table: string
  key: string
  /** What the application wrote. */
  mine: JsonObject
  /** The record as the application saw it when it wrote; undefined when it was not here. */
  base: JsonObject | undefined
  /** The record as the server has it. */
  current: JsonObject
  /** 1 at the first conflict of this write. */
  attempt: number
}

/**
 * Makes the write that fits the current record: the fields to send, without a version. Undefined gives up, and the write
 * is refused as a version conflict.
 */
export type ConflictMerger = (conflict: Conflict) => JsonObject | undefined | Promise<JsonObject | undefined>

/**
 * What becomes of a write whose version is not the record's any more.
 *
 * - `fail`: it is refused; the error has the current record.
 * - `server-wins`: it is dropped; its promise resolves with what the server has. A batch is refused instead.
 * - `fields-merge`: only the fields that the application changed are sent again, unless the other side changed one of
 *   them to something else: then it is refused.
 * - a function: it decides what is sent, up to five times.
 */
export type ConflictStrategy = 'fail' | 'server-wins' | 'fields-merge' | ConflictMerger

/** Strategies by table; `default` is for all others, and `fail` when it is absent. */
export type ConflictStrategies = Readonly<Record<string, ConflictStrategy>>

export type Resolution = { kind: 'resend'; record: JsonObject } | { kind: 'drop' } | { kind: 'refuse' }

export const MAX_ATTEMPTS = 5

/** Fields that the server owns: what a client has in them is never a change of its own. */
const SERVER_FIELDS = new Set(['version', 'createdAt', 'updatedAt', 'branchId'])

export function strategyFor(strategies: ConflictStrategies | undefined, table: string): ConflictStrategy {
  return strategies?.[table] ?? strategies?.default ?? 'fail'
}

export async function resolveConflict(strategy: ConflictStrategy, conflict: Conflict): Promise<Resolution> {
  if (strategy === 'server-wins') return { kind: 'drop' }
  if (strategy === 'fail' || conflict.attempt > MAX_ATTEMPTS) return { kind: 'refuse' }
  const merged = strategy === 'fields-merge' ? mergeFields(conflict) : await strategy(conflict)
  if (!merged) return { kind: 'refuse' }
  const { version } = conflict.current
  return { kind: 'resend', record: { ...merged, ...(version !== undefined && { version }) } }
}

/** The changed fields and the key; undefined when both sides changed one field differently. */
export function mergeFields({ mine, base, current }: Conflict): JsonObject | undefined {
  if (!base) return undefined
  const merged: JsonObject = {}
  for (const [name, value] of Object.entries(mine)) {
    if (SERVER_FIELDS.has(name)) continue
    const isMine = !isSameJson(value, base[name])
    const isTheirs = !isSameJson(base[name], current[name])
    if (isMine && isTheirs && !isSameJson(value, current[name])) return undefined
    // Unchanged members of the key have to go along; they equal the current record's.
    if (isMine || (!isTheirs && isKeyLike(name, current))) merged[name] = value
  }
  return merged
}

/** Without a schema the key is not known for sure; a field that did not change can be sent without harm. */
function isKeyLike(name: string, current: JsonObject): boolean {
  return name === 'id' || (current.id === undefined && /id$/i.test(name))
}
