import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BranchClient } from '../support/branch-client.ts'
import { at } from '../support/json-paths.ts'
import { startTestServer } from '../support/server.ts'
import { verifyFolder } from './verify-folder.ts'

export interface DiskFullReport {
  cycles: number
  acknowledged: number
  refused: number
  problems: string[]
}

const START_MB = 24
/** What is written until the disk is full stays, in each cycle. */
const CYCLE_MB = 1
/** What is left beside the filler when a cycle begins. */
const LEFT_BYTES = 600 * 1024
const MAX_WRITES = 3_000

/** Why the part cannot run here; undefined when it can. */
export function whyNoDiskFull(): string | undefined {
  if (process.platform !== 'linux') return 'needs a tmpfs of Linux'
  if (process.getuid?.() !== 0) return 'needs root to mount a tmpfs'
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'a tmpfs cannot be mounted here'
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * T05: the disk of the data folder fills up and is freed again while the server runs. Refused writes get 507, reads go
 * on, everything acknowledged is there, and nobody has to restart anything.
 */
export async function runDiskFull(options: { cycles: number }): Promise<DiskFullReport> {
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-full-'))
  const sizeMb = START_MB + CYCLE_MB * options.cycles
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', folder])
  const dataDir = join(folder, 'data')
  const filler = join(folder, 'filler')
  const problems: string[] = []
  const acknowledged: string[] = []
  let refused = 0
  try {
    mkdirSync(dataDir)
    const server = await startTestServer({ dataDir, args: ['--log-level', 'error'] })
    const client = new BranchClient(() => server.url)
    let made = 0
    const insert = async (): Promise<number> => {
      const id = `cust-full-${++made}`
      const { status, body } = await client.insert('customer_profiles', { id, name: 'Full', notes: 'n'.repeat(2_000) })
      if (status === 201) acknowledged.push(id)
      else if (status === 507 && at(body, 'error') === 'disk-full') refused++
      else problems.push(`an insert got ${status}: ${JSON.stringify(body).slice(0, 200)}`)
      return status
    }
    try {
      for (let cycle = 1; cycle <= options.cycles && problems.length === 0; cycle++) {
        fill(folder, filler)
        let status = 201
        for (let write = 0; write < MAX_WRITES && status === 201; write++) status = await insert()
        if (status === 201) problems.push(`cycle ${cycle}: the disk never filled up`)
        for (let write = 0; write < 3; write++) await insert()
        const known = acknowledged.at(-1)
        if (known && !(await client.find('customer_profiles', known)))
          problems.push(`cycle ${cycle}: ${known} cannot be read`)
        rmSync(filler, { force: true })
        if ((await insert()) !== 201) problems.push(`cycle ${cycle}: still refused after space was freed`)
      }
      for (const id of acknowledged) {
        if (!(await client.find('customer_profiles', id))) problems.push(`LOST: ${id}`)
      }
    } finally {
      await server.stop()
    }
    // The next start completes what the mirror could not take.
    await server.restart()
    await server.stop()
    problems.push(...(await verifyFolder(dataDir)))
    return { cycles: options.cycles, acknowledged: acknowledged.length, refused, problems }
  } finally {
    execFileSync('umount', [folder])
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Fills the disk up to some hundred kilobytes. */
function fill(folder: string, filler: string): void {
  const { bavail, bsize } = statfsSync(folder)
  const bytes = Number(bavail) * Number(bsize) - LEFT_BYTES
  if (bytes <= 0) return
  try {
    writeFileSync(filler, Buffer.alloc(bytes))
  } catch {
    // The server took some of it meanwhile.
    truncateSync(filler, Math.max(0, bytes - LEFT_BYTES))
  }
}
