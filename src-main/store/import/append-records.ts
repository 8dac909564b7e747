import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import { isoTime } from '../../lib/clock.ts'
import type { ModuleContext } from '../branch-context.ts'
import { appendEvent } from '../events/event-writer.ts'
import { BranchMeta } from '../sqlite/module-rows.ts'
import { type ImportCount, importTables } from './import-tables.ts'

export interface AppendOptions {
  /** Stands in the event of each batch: `history`, `seed-file`. */
  reason: string
  /** Records of one transaction. */
  batchSize: number
  /** The tables count as seeded from now on. */
  marksSeeded?: boolean
}

/**
 * Adds records that are not there yet, keeping their createdAt and updatedAt; a record whose key is taken is left as it
 * is, so that the same load can be repeated. Each batch is one transaction with one `module:import` event and a new
 * snapshot floor. Holds one batch in memory.
 *
 * @returns What was added, by table.
 * @throws AppError `validation-failed`, `table-not-found` ...; earlier batches stay.
 */
export async function appendRecords(
  context: ModuleContext,
  records: Iterable<{ table: string; record: JsonObject }>,
  options: AppendOptions,
): Promise<ImportCount[]> {
  const added = new Map<string, number>()
  let tables: Record<string, JsonObject[]> = {}
  let waiting = 0
  const flush = async (): Promise<void> => {
    const batch = tables
    tables = {}
    waiting = 0
    for (const { table, records: count } of await appendBatch(context, batch, options)) {
      added.set(table, (added.get(table) ?? 0) + count)
    }
  }
  for (const { table, record } of records) {
    const name = context.state.resolveTable(table).name
    tables[name] ??= []
    tables[name].push(record)
    if (++waiting >= options.batchSize) await flush()
  }
  if (waiting > 0) await flush()
  return Array.from(added, ([table, count]) => ({ table, records: count }))
}

function appendBatch(
  { branch, state }: ModuleContext,
  tables: Record<string, JsonObject[]>,
  { reason, marksSeeded }: AppendOptions,
): Promise<ImportCount[]> {
  return branch.commitNotice(() => {
    const nowMs = branch.clock.now()
    const seq = (state.staged ?? state.head).seq + 1
    const counts = importTables(state, tables, { nowMs, mode: 'seed', seq })
    if (marksSeeded) {
      const meta = new BranchMeta(branch.connection)
      for (const { table, records } of counts) meta.markSeeded(state.moduleId, table, isoTime(nowMs), records)
    }
    const event = appendEvent(state, {
      action: 'module:import',
      fields: { reason, tables: counts as unknown as JsonValue },
      meta: branch.eventMeta('import'),
      nowMs,
    })
    state.row.snapshotFloor = seq
    branch.saveModuleRow(state)
    return { result: counts, events: [event] }
  }, 'resync')
}
