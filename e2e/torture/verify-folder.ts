import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { defaultsDir } from '../../src-main/config/paths.ts'
import { silentLog } from '../../src-main/lib/log.ts'
import { openStore } from '../../src-main/store/open-store.ts'

/**
 * Verifies the event chains of every module of a data folder in a process of its own.
 *
 * @returns What is wrong; nothing for a sound folder.
 */
export async function verifyFolder(dataDir: string): Promise<string[]> {
  const run = promisify(execFile)
  try {
    const { stdout } = await run(process.execPath, [import.meta.filename, dataDir], { maxBuffer: 1 << 26 })
    return JSON.parse(stdout) as string[]
  } catch (error) {
    return [`verification failed: ${String(error).slice(0, 2_000)}`]
  }
}

async function verify(dataDir: string): Promise<string[]> {
  const problems: string[] = []
  const store = await openStore({ dataDir, defaultsDir, log: silentLog })
  try {
    for (const branchId of store.branchIds()) {
      const branch = store.getBranch(branchId)
      for (const moduleId of branch.moduleIds()) {
        try {
          branch.getModule(moduleId).verifyChain()
        } catch (error) {
          problems.push(`${branchId}/${moduleId}: ${String(error)}`)
        }
      }
    }
  } finally {
    await store.close()
  }
  return problems
}

if (import.meta.main) process.stdout.write(JSON.stringify(await verify(process.argv[2]!)))
