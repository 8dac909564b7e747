import { serveHelper } from '../lib/helper-process.ts'
import { TwoRows } from './two-rows.ts'

let rows: TwoRows | undefined

/** SQLite alone, in a process of its own. */
const methods = {
  open({ path }: { path: string }): void {
    rows = new TwoRows(path)
  },
  /** Writes a second, in transactions of `group` writes. */
  run({ seconds, group, isInFull = false }: { seconds: number; group: number; isInFull?: boolean }): number {
    const startedAt = performance.now()
    const until = startedAt + seconds * 1_000
    let writes = 0
    while (performance.now() < until) {
      if (isInFull) rows!.writeGroupInFull(group)
      else rows!.writeGroup(group)
      writes += group
    }
    return writes / ((performance.now() - startedAt) / 1_000)
  },
}
export type RawWrites = typeof methods

serveHelper(methods)
