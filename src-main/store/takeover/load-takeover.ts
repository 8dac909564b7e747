import type { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import { isoTime } from '../../lib/clock.ts'
import type { ModuleContext } from '../branch-context.ts'
import { appendEvent } from '../events/event-writer.ts'
import { importTables } from '../import/import-tables.ts'
import { BranchMeta } from '../sqlite/module-rows.ts'
import { loadArchives } from './load-archives.ts'
import type { FieldModule, TakeoverItem } from './types.ts'

/**
 * Loads what the field server held for one module: every record with its version and times, the next numbers, the
 * settings that were only seeds. One transaction and one event, after the archives of its purges; what a record cannot
 * be used for is reported and left out, the rest goes in.
 */
export async function loadTakeover(context: ModuleContext, module: FieldModule): Promise<TakeoverItem[]> {
  const { branch, state } = context
  const problems = loadArchives(context, module.archives)
  const tables: JsonObject = {}
  for (const { name, isSingleton, records } of [...module.seeds, ...module.tables]) {
    const list = records.map((record) => record.record)
    tables[name] = isSingleton ? (list[0] ?? {}) : list
  }
  const report = (table: string, key: string | null, error: AppError): void => {
    const fields = error.errors?.map((entry) => `${entry.field}: ${entry.message}`).join('; ')
    problems.push({
      item: `${branch.branchId}/${state.moduleId}/${table}/${key ?? '?'}`,
      reason: fields ?? error.message,
    })
  }
  await branch.commitNotice(() => {
    const nowMs = branch.clock.now()
    const seq = (state.staged ?? state.head).seq + 1
    const options = { nowMs, mode: 'seed', seq, isLenient: true, keepsVersions: true, onProblem: report } as const
    const counts = importTables(state, tables, options)
    const meta = new BranchMeta(branch.connection)
    for (const table of state.definition.tables.keys()) {
      meta.markSeeded(
        state.moduleId,
        table,
        isoTime(nowMs),
        counts.find((count) => count.table === table)?.records ?? 0,
      )
    }
    for (const { table, field, next } of module.sequences) raiseSequence(context, table, field, next)
    const event = appendEvent(state, {
      action: 'module:import',
      fields: { reason: 'takeover', tables: counts as unknown as JsonValue, knownVersion: module.version },
      meta: branch.eventMeta('takeover'),
      nowMs,
    })
    state.row.snapshotFloor = seq
    branch.saveModuleRow(state)
    return { result: undefined, events: [event] }
  }, 'resync')
  return problems
}

function raiseSequence({ branch, state }: ModuleContext, table: string, field: string, next: number): void {
  const context = branch.sequenceContext()
  const summary = branch.sequences
    .list(state.moduleId, context)
    .find((entry) => entry.table === table && entry.field === field)
  if (summary && next > summary.next.value) {
    branch.sequences.skipTo(state.moduleId, table, field, next, 'takeover', context)
  }
}
