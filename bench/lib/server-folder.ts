import { join } from 'node:path'
import Database from 'better-sqlite3'

/** The database of a branch inside a data folder. */
export function databasePath(dataDir: string, branchId = 'dar'): string {
  return join(dataDir, 'branches', branchId, 'sqlite', 'branch.db')
}

/** A consistent copy of a database, while its server runs. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const db = new Database(from, { readonly: true })
  try {
    await db.backup(to)
  } finally {
    db.close()
  }
}

/** Sum and count of a histogram of /metrics. */
export async function readHistogram(url: string, name: string): Promise<{ sum: number; count: number }> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const read = (suffix: string): number => Number(new RegExp(`^${name}_${suffix} (\\S+)$`, 'm').exec(text)?.[1] ?? 0)
  return { sum: read('sum'), count: read('count') }
}
