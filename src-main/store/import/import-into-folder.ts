import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { openDataFolder } from '../../config/data-folder.ts'
import { type Log, silentLog } from '../../lib/log.ts'
import { DataStore } from '../open-store.ts'
import { type AppendOptions, appendRecords } from './append-records.ts'
import type { ImportCount } from './import-tables.ts'

export interface ImportTarget {
  /** The data folder of a server that is not running; an empty one is filled from the defaults first. */
  dataDir: string
  defaultsDir: string
  branchId: string
  moduleId: string
  log?: Log
}

/**
 * Adds records to a data folder without a server, under the folder's lock.
 *
 * @throws AppError `data-folder-locked`, `branch-not-found`, `module-not-found`, or what a record is refused for.
 */
export async function importIntoFolder(
  { dataDir, defaultsDir, branchId, moduleId, log = silentLog }: ImportTarget,
  records: Iterable<{ table: string; record: JsonObject }>,
  options: AppendOptions,
): Promise<ImportCount[]> {
  const folder = openDataFolder(dataDir)
  const store = new DataStore({ dataDir, defaultsDir, log })
  try {
    await store.open()
    const context = store.getBranch(branchId).findContext(moduleId)
    if (!context) throw new AppError('module-not-found', `The branch ${branchId} has no module "${moduleId}".`)
    return await appendRecords(context, records, options)
  } finally {
    await store.close()
    folder.close()
  }
}
