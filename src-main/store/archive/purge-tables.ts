import { AppError, isAppError } from '../../../src-shared/errors.ts'
import type { ModuleState } from '../module-state.ts'
import type { TableDefinition } from '../schema/definition.ts'
import { fieldExpression } from '../sqlite/identifiers.ts'

/** What a purge removes when nobody names tables. */
export const DEFAULT_PURGE_TABLES = ['order_header', 'order_line', 'order_payment', 'pos_shift'] as const

const SHIFT_TABLE = 'pos_shift'
const SHIFT_IS_OPEN = `coalesce(${fieldExpression('isClosed')}, 0) NOT IN (1, 'true') AND lower(coalesce(${fieldExpression('status')}, 'open')) <> 'closed'`

export interface TableSelection {
  tables: TableDefinition[]
  /** Names that could not be used, as they were written. */
  skipped: { table: string; reason: string }[]
}

/**
 * Tables to purge by the names that a caller wrote: any alias; "*" and no list at all mean the default tables.
 *
 * @throws AppError `no-tables-resolved` when nothing is left.
 */
export function selectPurgeTables(state: ModuleState, names: readonly string[] | undefined): TableSelection {
  const tables = new Map<string, TableDefinition>()
  const skipped: TableSelection['skipped'] = []
  for (const name of names ?? ['*']) {
    if (name === '*') {
      for (const standard of DEFAULT_PURGE_TABLES) {
        const table = state.definition.tables.get(standard)
        if (table) tables.set(table.name, table)
      }
      continue
    }
    const found = resolve(state, name)
    if (typeof found === 'string') skipped.push({ table: name, reason: found })
    else tables.set(found.name, found)
  }
  if (tables.size > 0) return { tables: [...tables.values()], skipped }
  throw new AppError('no-tables-resolved', 'None of the named tables exists in this module.', {
    details: { tables: [...(names ?? [])] },
  })
}

function resolve(state: ModuleState, name: string): TableDefinition | string {
  try {
    return state.resolveTable(name)
  } catch (error) {
    if (!isAppError(error)) throw error
    return error.code === 'ambiguous-table' ? 'ambiguous-table' : 'table-not-registered'
  }
}

/** Shifts that nobody has closed; 0 in a module without shifts. */
export function countOpenShifts(state: ModuleState): number {
  if (!state.definition.tables.has(SHIFT_TABLE)) return 0
  const sql = `SELECT count(*) AS total FROM %t WHERE ${SHIFT_IS_OPEN}`
  return (state.records(SHIFT_TABLE).statement(sql).get() as { total: number }).total
}

export function shiftOpenError(shifts: number): AppError {
  return new AppError('shift-open', shifts === 1 ? 'A shift is still open.' : `${shifts} shifts are still open.`, {
    details: { shifts },
    hint: 'Close the open shifts first.',
  })
}
