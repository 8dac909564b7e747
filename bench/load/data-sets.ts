import { cpSync } from 'node:fs'
import { loadHistory } from '../../scripts/seed-history/load.ts'
import type { HistoryRecord } from '../../scripts/seed-history/records.ts'
import { defaultsDir } from '../../src-main/config/paths.ts'
import { silentLog } from '../../src-main/lib/log.ts'
import { appendEvent } from '../../src-main/store/events/event-writer.ts'
import { DataStore } from '../../src-main/store/open-store.ts'
import { serveHelper } from '../lib/helper-process.ts'
import { orderHistory, take } from '../lib/history.ts'

const EVENTS_A_COMMIT = 10_000

/** Makes data folders; in a process of its own, whose memory is given back. */
const methods = {
  /** One growing history, copied at each size. Sizes ascend. */
  async grow({ folders, ordersPerDay }: { folders: { dataDir: string; records: number }[]; ordersPerDay: number }) {
    const history = orderHistory(ordersPerDay)
    let loaded = 0
    let previous: string | undefined
    for (const { dataDir, records } of folders) {
      if (previous !== undefined) cpSync(previous, dataDir, { recursive: true })
      await loadHistory({ dataDir, branchId: 'dar', moduleId: 'pos' }, take(history, records - loaded))
      loaded = records
      previous = dataDir
    }
  },
  /** Adds guests of the branch: a table without a window, whole in every snapshot. */
  async addGuests({ dataDir, count }: { dataDir: string; count: number }): Promise<void> {
    function* guests(): Generator<HistoryRecord> {
      for (let index = 0; index < count; index++) {
        const phone = `+20 10 ${String(index).padStart(8, '0')}`
        const record = { id: `guest-${index}`, name: `Guest ${index}`, phone, notes: 'by the window' }
        yield { table: 'customer_profiles', record } as unknown as HistoryRecord
      }
    }
    await loadHistory({ dataDir, branchId: 'dar', moduleId: 'pos' }, guests())
  },
  /** Adds events to the log: changes of records, one after the other, as the store writes them, without the records. */
  async addEvents({ dataDir, count }: { dataDir: string; count: number }): Promise<void> {
    const store = new DataStore({ dataDir, defaultsDir, log: silentLog })
    await store.open()
    try {
      const { state, branch } = store.getBranch('dar').findContext('pos')!
      const table = state.resolveTable('order_line')
      const [row] = state.records(table.name).batches(1).next().value ?? []
      if (!row) throw new Error('the data set has no order lines')
      for (let done = 0; done < count; done += EVENTS_A_COMMIT) {
        await branch.queue.run(() => {
          for (let index = 0; index < Math.min(EVENTS_A_COMMIT, count - done); index++) {
            appendEvent(state, {
              action: 'module:merge',
              table: table.name,
              key: row.id,
              recordText: row.doc,
              meta: branch.eventMeta('ws-client'),
              nowMs: Date.now(),
            })
          }
        })
      }
    } finally {
      await store.close()
    }
  },
}
export type DataSets = typeof methods

serveHelper(methods)
