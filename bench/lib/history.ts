import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { SeedTables } from '../../scripts/seed-history/catalogue.ts'
import { generateOrderHistory } from '../../scripts/seed-history/generate.ts'
import type { HistoryRecord } from '../../scripts/seed-history/records.ts'

const SEED = resolve(import.meta.dirname, '../../data/branches/dar/modules/pos/seeds/initial.json')

/**
 * Orders, lines, payments and kitchen tickets of a busy branch up to now, without end: day after day into the past, the
 * newest day first, so that a small data set is today and a large one is years.
 */
export function* orderHistory(ordersPerDay: number): Generator<HistoryRecord> {
  const menu = (JSON.parse(readFileSync(SEED, 'utf8')) as { tables: SeedTables }).tables
  for (let day = 0; ; day++) {
    const end = new Date(Date.now() - day * 86_400_000)
    yield* generateOrderHistory({
      days: 1,
      ordersPerDay,
      endDate: day === 0 ? end.toISOString() : end.toISOString().slice(0, 10),
      seed: 42 + day,
      startNumber: 1 + day * 10_000,
      menu,
      branchId: 'dar',
      timeZone: 'Africa/Cairo',
    })
  }
}

export function* take<T>(items: Iterator<T>, count: number): Generator<T> {
  for (let index = 0; index < count; index++) {
    const { value, done } = items.next()
    if (done) return
    yield value
  }
}

/** The folder of a data set inside the bench's own folder. */
export function dataSet(folder: string, name: string): string {
  return join(folder, 'data-sets', name)
}
