import { join } from 'node:path'
import { startBenchServer } from '../lib/bench-server.ts'
import { HelperProcess } from '../lib/helper-process.ts'
import { type Bench, perSecond } from '../lib/row.ts'
import { copyDatabase, databasePath, readHistogram } from '../lib/server-folder.ts'
import { alternate } from '../lib/stats.ts'
import type { RawWrites } from '../limits/raw-writes.ts'
import type { SocketWriters } from '../load/socket-writers.ts'

const CLIENTS = 50
/** As many as a tablet has under way that saves an order with its lines at once. */
const DEPTH = 8

const WHY_MISSED =
  'the limit inserts rows that were made beforehand and does nothing else. The two inserts and the commit cost our thread ' +
  'the same as they cost the limit (only the checkpoint has a thread of its own) and are a good third of its time; the ' +
  'rest is spread over reading the frame (an eighth), its checks and defaults, the JSON text in UTF-8, checksum and chain ' +
  'hash that a stored row cannot do without (the row two-rows-in-full prices them), and the ack with its system call. All ' +
  'of it runs on the one thread that owns the database.'

/** Acknowledged durable writes over sockets beside SQLite alone. */
export const socketWrites: Bench = {
  name: 'socket-writes',
  async run({ isQuick, folder, progress }) {
    const dataDir = join(folder, 'socket-writes')
    const server = await startBenchServer(dataDir)
    const writers = new HelperProcess<SocketWriters>('load/socket-writers.ts')
    const raw = new HelperProcess<RawWrites>('limits/raw-writes.ts')
    try {
      await writers.ask('open', { wsUrl: server.wsUrl, clients: CLIENTS })
      // Warm-up: compiled code, and a row for the other side to copy.
      await writers.ask('run', { seconds: 1, depth: DEPTH })
      const copy = join(folder, 'raw.db')
      await copyDatabase(databasePath(dataDir), copy)
      await raw.ask('open', { path: copy })
      // Many short turns: what else runs on the machine changes within seconds, and is to slow both sides.
      const seconds = 0.6
      const groups: number[] = []
      let group = 1
      const result = await alternate(
        isQuick ? 8 : 30,
        async () => {
          const before = await readHistogram(server.url, 'mishkah_commit_writes')
          const rate = await writers.ask('run', { seconds, depth: DEPTH })
          const after = await readHistogram(server.url, 'mishkah_commit_writes')
          group = Math.round((after.sum - before.sum) / (after.count - before.count))
          groups.push(group)
          progress(`ours ${perSecond(rate)} in groups of ${group}`)
          return rate
        },
        async () => {
          const rate = await raw.ask('run', { seconds, group })
          progress(`raw ${perSecond(rate)}`)
          return rate
        },
      )
      const inFull = await alternate(
        isQuick ? 1 : 3,
        () => raw.ask('run', { seconds: 1, group, isInFull: true }),
        () => raw.ask('run', { seconds: 1, group }),
      )
      return [
        {
          name: 'socket-writes',
          work: `acknowledged durable writes of one record, ${CLIENTS} clients over WebSocket`,
          ours: perSecond(result.ours),
          limit: `better-sqlite3 inserting the same two rows: ${perSecond(result.limit)}`,
          ratio: result.ratio,
          budget: { least: 0.6 },
          settings: `${DEPTH} publish under way a client, groups of ${groups.at(-1)} on both sides`,
          why: WHY_MISSED,
        },
        {
          name: 'two-rows-in-full',
          work: 'the two rows by better-sqlite3 alone, with their JSON text, checksum and chain hash made',
          ours: perSecond(inFull.ours),
          limit: `the rows made beforehand: ${perSecond(inFull.limit)}`,
          ratio: inFull.ratio,
          settings: `groups of ${group}; no server in it, for reading the row above`,
        },
      ]
    } finally {
      await writers.end()
      await raw.end()
      await server.stop()
    }
  },
}
