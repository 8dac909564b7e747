import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { SeedTables } from './seed-history/catalogue.ts'
import { generateOrderHistory } from './seed-history/generate.ts'
import { loadHistory } from './seed-history/load.ts'
import type { HistoryRecord } from './seed-history/records.ts'

const USAGE = `npm run seed:history -- [options]

  --branch <id>             branch whose seed is the menu (dar)
  --days <n>                days of history (30)
  --orders-per-day <n>      average orders a day (300)
  --end <date>              last day YYYY-MM-DD, ends at 21:00 local; or a moment, ISO 8601 (today)
  --seed <n>                another number, another history (42)
  --start-number <n>        number of the first order (1)
  --kitchen-days <n>        kitchen tickets and line logs for so many of the last days (30)
  --config <dir>            folder with branches.config.json and branches/ (data)
  --out <file.ndjson>       write the records to a file, one JSON object a line
  --data <dir>              load the records into this data folder
`
const CHUNK_CHARACTERS = 1 << 20

interface BranchConfig {
  branches: Record<string, { timeZone?: string }>
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      branch: { type: 'string', default: 'dar' },
      days: { type: 'string', default: '30' },
      'orders-per-day': { type: 'string', default: '300' },
      end: { type: 'string', default: new Date().toISOString().slice(0, 10) },
      seed: { type: 'string', default: '42' },
      'start-number': { type: 'string', default: '1' },
      'kitchen-days': { type: 'string', default: '30' },
      config: { type: 'string', default: 'data' },
      out: { type: 'string' },
      data: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  const branchId = values.branch
  const counts = new Map<string, number>()
  const records = generateOrderHistory({
    days: wholeNumber('--days', values.days),
    ordersPerDay: wholeNumber('--orders-per-day', values['orders-per-day']),
    endDate: values.end,
    seed: wholeNumber('--seed', values.seed),
    startNumber: wholeNumber('--start-number', values['start-number']),
    kitchenDays: wholeNumber('--kitchen-days', values['kitchen-days']),
    menu: readSeed(values.config, branchId),
    branchId,
    timeZone: readTimeZone(values.config, branchId),
  })
  const counted = countByTable(records, counts)
  if (values.out !== undefined) writeLines(values.out, counted)
  else if (values.data !== undefined) await loadHistory({ dataDir: values.data, branchId, moduleId: 'pos' }, counted)
  else for (const _ of counted); // only the counts were asked for
  printCounts(counts)
}

function wholeNumber(option: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`${option} must be a whole number, not "${value}".`)
  return Number(value)
}

function readSeed(configDir: string, branchId: string): SeedTables {
  const path = join(configDir, 'branches', branchId, 'modules', 'pos', 'seeds', 'initial.json')
  const seed = JSON.parse(readFileSync(path, 'utf8')) as { tables: SeedTables }
  return seed.tables
}

function readTimeZone(configDir: string, branchId: string): string | undefined {
  const config = JSON.parse(readFileSync(join(configDir, 'branches.config.json'), 'utf8')) as BranchConfig
  return config.branches[branchId]?.timeZone
}

function* countByTable(records: Iterable<HistoryRecord>, counts: Map<string, number>): Generator<HistoryRecord> {
  for (const entry of records) {
    counts.set(entry.table, (counts.get(entry.table) ?? 0) + 1)
    yield entry
  }
}

function writeLines(path: string, records: Iterable<HistoryRecord>): void {
  const file = openSync(path, 'w')
  try {
    let chunk = ''
    for (const entry of records) {
      chunk += `${JSON.stringify(entry)}\n`
      if (chunk.length < CHUNK_CHARACTERS) continue
      writeSync(file, chunk)
      chunk = ''
    }
    writeSync(file, chunk)
  } finally {
    closeSync(file)
  }
}

function printCounts(counts: ReadonlyMap<string, number>): void {
  let total = 0
  for (const [table, count] of [...counts].sort(([a], [b]) => a.localeCompare(b))) {
    process.stdout.write(`${table.padEnd(28)}${String(count).padStart(10)}\n`)
    total += count
  }
  process.stdout.write(`${'all'.padEnd(28)}${String(total).padStart(10)}\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`seed:history: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
