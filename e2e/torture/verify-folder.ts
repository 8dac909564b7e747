import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { verifyBranchDatabase } from '../../src-main/store/backup/verify-branch.ts'
import { eventLine } from '../../src-main/store/events/event-line.ts'
import { SqliteConnection } from '../../src-main/store/sqlite/connection.ts'
import { EventTable } from '../../src-main/store/sqlite/event-table.ts'
import { ModuleRows } from '../../src-main/store/sqlite/module-rows.ts'

/**
 * Verifies every branch of a data folder whose server is stopped, in a process of its own: each record, each event, the
 * mirror file of the day.
 *
 * @returns What is wrong; nothing for a sound folder.
 */
export async function verifyFolder(dataDir: string): Promise<string[]> {
  try {
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, [import.meta.filename, dataDir], { maxBuffer: 1 << 26 })
    return JSON.parse(stdout) as string[]
  } catch (error) {
    return [`verification failed: ${String(error).slice(0, 2_000)}`]
  }
}

/** The same in this process, for one branch. */
export function verifyBranch(branchFolder: string, branchId: string): string[] {
  const problems: string[] = []
  let connection: SqliteConnection | undefined
  try {
    connection = SqliteConnection.open(join(branchFolder, 'sqlite', 'branch.db'), { readonly: true })
    for (const { moduleId } of verifyBranchDatabase(connection, branchId).modules) {
      const problem = compareMirror(connection, branchFolder, branchId, moduleId)
      if (problem) problems.push(`${branchId}/${moduleId}: ${problem}`)
    }
  } catch (error) {
    problems.push(`${branchId}: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    connection?.close()
  }
  return problems
}

/** The mirror holds the lines of the running day, as the table gives them, and nothing else. */
function compareMirror(
  connection: SqliteConnection,
  branchFolder: string,
  branchId: string,
  moduleId: string,
): string | undefined {
  const path = join(branchFolder, 'modules', moduleId, 'live', 'events.log')
  if (!existsSync(path)) return 'the mirror file is missing'
  const mirror = readFileSync(path)
  const events = new EventTable(connection, moduleId)
  let offset = 0
  for (let after = new ModuleRows(connection).find(moduleId)!.row.liveFrom - 1; ; ) {
    const rows = events.readAfter(after, 1_000)
    if (rows.length === 0) break
    for (const row of rows) {
      const line = Buffer.from(eventLine(row, branchId, moduleId))
      if (!mirror.subarray(offset, offset + line.length).equals(line)) return `the mirror differs at event ${row.seq}`
      offset += line.length
    }
    after = rows.at(-1)!.seq
  }
  return offset === mirror.length ? undefined : `the mirror has ${mirror.length - offset} bytes too many`
}

function verifyAll(dataDir: string): string[] {
  const branches = join(dataDir, 'branches')
  return readdirSync(branches).flatMap((branchId) => verifyBranch(join(branches, branchId), branchId))
}

if (import.meta.main) process.stdout.write(JSON.stringify(verifyAll(process.argv[2]!)))
