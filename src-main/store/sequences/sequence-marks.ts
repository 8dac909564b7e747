import type { SystemDatabase } from '../sqlite/system-database.ts'
import type { HighWaterMarks } from './sequence-book.ts'

/** Numbers that one write of a mark covers. */
export const MARK_BLOCK = 100

/**
 * The high-water marks of one branch, in system.db. A mark is written ahead, in blocks of 100: the disk is synced once in
 * a hundred numbers, and a mark on disk is never below a number in use, whatever happens to the branch's own database.
 */
export class SequenceMarks implements HighWaterMarks {
  readonly #database: SystemDatabase
  readonly #branchId: string
  readonly #known = new Map<string, number>()

  constructor(database: SystemDatabase, branchId: string) {
    this.#database = database
    this.#branchId = branchId
    for (const mark of database.listMarks(branchId)) {
      this.#known.set(nameOf(mark.module, mark.tbl, mark.field, mark.period), mark.value)
    }
  }

  raise(moduleId: string, table: string, field: string, period: string, value: number): void {
    const name = nameOf(moduleId, table, field, period)
    if (value <= (this.#known.get(name) ?? 0)) return
    const ahead = value + MARK_BLOCK - 1
    this.#database.raiseMark(this.#branchId, { module: moduleId, tbl: table, field, period, value: ahead })
    this.#known.set(name, ahead)
  }
}

function nameOf(moduleId: string, table: string, field: string, period: string): string {
  return `${moduleId}\n${table}\n${field}\n${period}`
}
