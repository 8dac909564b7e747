import { defaultsDir } from '../../src-main/config/paths.ts'
import { importIntoFolder } from '../../src-main/store/import/import-into-folder.ts'
import type { JsonObject } from '../../src-shared/json.ts'
import type { HistoryRecord } from './records.ts'

export interface HistoryTarget {
  /** The data folder of a server that is not running. */
  dataDir: string
  branchId: string
  moduleId: string
}

const RECORDS_A_TRANSACTION = 20_000

/**
 * Loads a history into a data folder, keeping createdAt and updatedAt as they stand in the records: snapshots are cut by
 * them. Records that are there already stay as they are. The one place that knows the store.
 *
 * @throws AppError `data-folder-locked` while a server runs on the folder.
 */
export async function loadHistory(target: HistoryTarget, records: Iterable<HistoryRecord>): Promise<void> {
  await importIntoFolder({ ...target, defaultsDir }, records as Iterable<{ table: string; record: JsonObject }>, {
    reason: 'history',
    batchSize: RECORDS_A_TRANSACTION,
  })
}
