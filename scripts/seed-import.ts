import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { defaultsDir, sourceDataDir } from '../src-main/config/paths.ts'
import { importIntoFolder } from '../src-main/store/import/import-into-folder.ts'
import { isJsonObject, type JsonObject } from '../src-shared/json.ts'

const USAGE = `npm run seed:import -- --branch <id> --module <id> --file <seeds.json> [options]

  --branch <id>      branch that gets the records
  --module <id>      module of the branch
  --file <file>      {"tables": {"table": [records]}}, as the seed files of a branch are
  --data <dir>       data folder of a server that is not running (var)

Records that are there already stay as they are.
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      branch: { type: 'string' },
      module: { type: 'string' },
      file: { type: 'string' },
      data: { type: 'string', default: sourceDataDir },
      help: { type: 'boolean', default: false },
    },
  })
  const { branch, module, file, data, help } = values
  if (help) {
    process.stdout.write(USAGE)
    return
  }
  if (!branch || !module || !file) throw new Error(`--branch, --module and --file are needed.\n\n${USAGE}`)
  const records = readSeedFile(file)
  const added = await importIntoFolder(
    { dataDir: data, defaultsDir, branchId: branch, moduleId: module },
    records,
    // One transaction: a seed file goes in whole or not at all.
    { reason: 'seed-file', batchSize: Math.max(1, records.length), marksSeeded: true },
  )
  for (const { table, records: count } of added)
    process.stdout.write(`${table.padEnd(28)}${String(count).padStart(10)}\n`)
  const total = added.reduce((sum, { records: count }) => sum + count, 0)
  process.stdout.write(`${total} of ${records.length} records added; the others were there already.\n`)
}

/** The records of a seed file in its order; a table that is one object (settings) counts as one record. */
function readSeedFile(path: string): { table: string; record: JsonObject }[] {
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const tables = isJsonObject(content) && isJsonObject(content.tables) ? content.tables : content
  if (!isJsonObject(tables)) throw new Error(`${path} holds no tables.`)
  return Object.entries(tables).flatMap(([table, list]) =>
    (Array.isArray(list) ? list : [list]).map((record) => {
      if (isJsonObject(record)) return { table, record }
      throw new Error(`${path}: the table ${table} holds something that is no record.`)
    }),
  )
}

try {
  await main()
} catch (error) {
  process.stderr.write(`seed:import: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
