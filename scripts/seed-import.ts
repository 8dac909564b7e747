import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { defaultsDir, sourceDataDir } from '../src-main/config/paths.ts'
import { importIntoFolder } from '../src-main/store/import/import-into-folder.ts'
import { isJsonObject, type JsonObject } from '../src-shared/json.ts'

const USAGE = `npm run seed:import -- --file <seeds.json> [options]

  --branch <id>      branch that gets the records (the one that the file names)
  --module <id>      module of the branch (the one that the file names)
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
  const { file, data, help } = values
  if (help) {
    process.stdout.write(USAGE)
    return
  }
  if (!file) throw new Error(`--file is needed.\n\n${USAGE}`)
  const { meta, records } = readSeedFile(file)
  const branchId = values.branch ?? meta.branchId
  const moduleId = values.module ?? meta.moduleId
  if (typeof branchId !== 'string' || typeof moduleId !== 'string') {
    throw new Error(`${file} does not say which branch and module it is for: --branch and --module are needed.`)
  }
  const added = await importIntoFolder(
    { dataDir: data, defaultsDir, branchId, moduleId },
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
function readSeedFile(path: string): { meta: JsonObject; records: { table: string; record: JsonObject }[] } {
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!isJsonObject(content) || !isJsonObject(content.tables)) throw new Error(`${path} holds no "tables".`)
  const records = Object.entries(content.tables).flatMap(([table, list]) =>
    (Array.isArray(list) ? list : [list]).map((record) => {
      if (isJsonObject(record)) return { table, record }
      throw new Error(`${path}: the table ${table} holds something that is no record.`)
    }),
  )
  return { meta: isJsonObject(content.meta) ? content.meta : {}, records }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`seed:import: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
