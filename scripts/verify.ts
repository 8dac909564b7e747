import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { openDataFolder } from '../src-main/config/data-folder.ts'
import { sourceDataDir } from '../src-main/config/paths.ts'
import { folderId } from '../src-main/lib/folder-name.ts'
import { verifyBranchDatabase } from '../src-main/store/backup/verify-branch.ts'
import { SqliteConnection } from '../src-main/store/sqlite/connection.ts'
import { isAppError } from '../src-shared/errors.ts'

/**
 * `npm run verify -- --data <dir>`: checks every branch of a data folder whose server is not running, from end to end:
 * the file, each record's check value, the whole event chain. Exit code 1 when something is damaged.
 */
const { values } = parseArgs({ options: { data: { type: 'string', default: sourceDataDir } } })
const dataDir = resolve(values.data)
const folder = openDataFolder(dataDir)
try {
  for (const name of readdirSync(join(dataDir, 'branches'))) {
    const path = join(dataDir, 'branches', name, 'sqlite', 'branch.db')
    if (existsSync(path)) verify(folderId(name), path)
  }
} finally {
  folder.close()
}

function verify(branchId: string, path: string): void {
  const connection = SqliteConnection.open(path)
  try {
    for (const module of verifyBranchDatabase(connection, branchId).modules) {
      const { moduleId, epoch, seq, records, headHash } = module
      console.log(
        `${branchId}/${moduleId}: whole, ${records} records, epoch ${epoch}, position ${seq}, head ${headHash}`,
      )
    }
  } catch (error) {
    process.exitCode = 1
    console.error(
      `${branchId}: ${isAppError(error) ? `${error.code}: ${error.message} ${JSON.stringify(error.details ?? {})}` : String(error)}`,
    )
  } finally {
    connection.close()
  }
}
