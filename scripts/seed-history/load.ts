import type { HistoryRecord } from './records.ts'

export interface HistoryTarget {
  /** The data folder of a server that is not running. */
  dataDir: string
  branchId: string
  moduleId: string
}

/**
 * Loads a history into a data folder, keeping createdAt and updatedAt as they stand in the records: snapshots are cut by
 * them. The one place that knows the store.
 */
export async function loadHistory(target: HistoryTarget, _records: Iterable<HistoryRecord>): Promise<void> {
  throw new Error(`Loading into ${target.dataDir} is not built yet: write the history to a file with --out.`)
}
