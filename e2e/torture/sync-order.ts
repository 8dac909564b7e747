import { spawn, spawnSync } from 'node:child_process'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startTestServer } from '../support/server.ts'
import { TestSocket } from '../support/socket.ts'

export interface SyncOrderReport {
  /** Writes to sockets that carried an ack. */
  acks: number
  syncs: number
  problems: string[]
}

const WRITERS = 4

export function whyNoSyncOrder(): string | undefined {
  if (process.platform !== 'linux') return 'needs strace'
  const probe = spawnSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' })
  return probe.status === 0 ? undefined : 'strace is not installed or may not trace here'
}

/**
 * T04: what the server asks the system, in order. No ack may leave while pages written to the write-ahead log are not
 * synced yet.
 */
export async function runSyncOrder(options: { writes: number }): Promise<SyncOrderReport> {
  const folder = mkdtempSync(join(tmpdir(), 'mishkah-trace-'))
  const trace = join(folder, 'trace')
  try {
    const server = await startTestServer({ dataDir: join(folder, 'data') })
    try {
      const sockets = await Promise.all(
        Array.from({ length: WRITERS }, () =>
          TestSocket.enter(server.wsUrl, { branchId: 'dar', protocol: 2, requestSnapshot: false, tables: [] }),
        ),
      )
      const strace = spawn(
        'strace',
        [
          '-f',
          '-y',
          '-s',
          '400',
          '-o',
          trace,
          '-e',
          'trace=pwrite64,fdatasync,fsync,write,writev,sendmsg,sendto',
          '-p',
          String(server.pid),
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      )
      await new Promise((done) => strace.stderr.once('data', done))
      await Promise.all(sockets.map((socket, index) => write(socket, index, Math.ceil(options.writes / WRITERS))))
      const ended = new Promise((done) => strace.once('exit', done))
      strace.kill('SIGINT')
      await ended
      for (const socket of sockets) await socket.close()
    } finally {
      await server.stop()
    }
    return await readTrace(trace)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function write(socket: TestSocket, writer: number, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await socket.publish(
      'insert',
      'customer_profiles',
      { id: `cust-${writer}-${index}`, name: 'Traced' },
      { moduleId: 'pos' },
    )
  }
}

async function readTrace(path: string): Promise<SyncOrderReport> {
  const report: SyncOrderReport = { acks: 0, syncs: 0, problems: [] }
  let unsynced = 0
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const isLog = line.includes('branch.db-wal>')
    // A call that another thread interrupted is printed in two halves: its end counts for a sync, its start for a write.
    if (isLog && line.includes('pwrite64(')) unsynced++
    else if (/(?:fdatasync|fsync)/.test(line) && line.endsWith('= 0')) {
      if (!isLog && !line.includes('resumed>')) continue
      unsynced = 0
      report.syncs++
    } else if (line.includes('server:ack')) {
      report.acks++
      if (unsynced > 0) report.problems.push(`an ack left before ${unsynced} pages were synced: ${line.slice(0, 160)}`)
    }
  }
  return report
}
