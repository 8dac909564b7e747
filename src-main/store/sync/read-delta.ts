import type { ModuleState } from '../module-state.ts'
import type { Delta, DeltaRequest } from '../types.ts'

const DEFAULT_LIMIT = 5000

/** A full-sync flag as delta needs it: the position at which it was set. */
export interface FlagPosition {
  seq: number
}

/**
 * What a reader is missing since its cursor: changed records, and the ids of deleted ones, in time proportional to the
 * number of changes. Rules D1 to D7 of docs/sync.md say when only a full sync is right.
 */
export function readDelta(module: ModuleState, request: DeltaRequest, flags: readonly FlagPosition[]): Delta {
  const { cursor } = request
  const { row, head } = module
  const reason = reasonForFullSync(module, cursor, flags)
  if (reason || !cursor) {
    return {
      epoch: row.epoch,
      seq: head.seq,
      version: head.seq,
      hasMore: false,
      requiresFullSync: true,
      reason: reason ?? 'no-cursor',
      updatedAt: head.lastEventAt,
      tables: {},
    }
  }
  const limit = Math.max(1, Math.min(request.limit ?? DEFAULT_LIMIT, DEFAULT_LIMIT))
  const upTo = pageEnd(module, cursor.seq, limit)
  const names = request.tables?.map((name) => module.resolveTable(name).name) ?? [...module.definition.tables.keys()]
  const tables: Delta['tables'] = {}
  if (upTo > cursor.seq) {
    const deleted = deletedByTable(module, cursor.seq, upTo)
    for (const name of names) {
      const rows = module.records(name).changedAfter(cursor.seq, upTo, limit)
      const gone = deleted.get(name) ?? []
      if (rows.length === 0 && gone.length === 0) continue
      let inserted = 0
      for (const changed of rows) if (changed.born > cursor.seq) inserted++
      tables[name] = {
        recordTexts: rows.map((changed) => changed.doc),
        deleted: gone,
        inserted,
        updated: rows.length - inserted,
      }
    }
  }
  return {
    epoch: row.epoch,
    seq: upTo,
    version: head.seq,
    hasMore: upTo < head.seq,
    requiresFullSync: false,
    updatedAt: head.lastEventAt,
    tables,
  }
}

function reasonForFullSync(
  module: ModuleState,
  cursor: DeltaRequest['cursor'],
  flags: readonly FlagPosition[],
): Delta['reason'] | undefined {
  if (!cursor) return 'no-cursor'
  const { row, head } = module
  if (cursor.epoch !== row.epoch) return 'epoch-changed'
  if (cursor.seq > head.seq) return 'cursor-ahead'
  if (cursor.seq < row.trimmedSeq) return 'cursor-expired'
  if (cursor.seq < row.snapshotFloor) return 'snapshot-floor'
  if (flags.some((flag) => cursor.seq < flag.seq)) return 'full-sync-flag'
  return undefined
}

/** Positions are contiguous, so a page of `limit` events holds at most that many changed records. */
function pageEnd(module: ModuleState, after: number, limit: number): number {
  return Math.min(module.head.seq, after + limit)
}

function deletedByTable(module: ModuleState, after: number, upTo: number): Map<string, string[]> {
  const deleted = new Map<string, string[]>()
  for (const tombstone of module.events.tombstonesAfter(after, upTo, upTo - after)) {
    const keys = deleted.get(tombstone.tbl)
    if (keys) keys.push(tombstone.key)
    else deleted.set(tombstone.tbl, [tombstone.key])
  }
  return deleted
}
