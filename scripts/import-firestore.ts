import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ModuleDefinition } from '../src-main/store/schema/definition.ts'
import { parseSchema } from '../src-main/store/schema/parse-schema.ts'
import { isJsonObject, type JsonValue } from '../src-shared/json.ts'
import { type CollectionPlan, type ImportPlan, planImport, readMap } from './import-firestore/plan-import.ts'
import { readExport } from './import-firestore/read-export.ts'
import { type ImportTarget, sendRecords } from './import-firestore/send-records.ts'

const USAGE = `npm run import:firestore -- <export.json> [options]

  --branch <id>      branch that gets the records (dar)
  --module <id>      module of the branch (pos)
  --map <file>       collections to tables, see docs/sdk.md "From Firebase"
  --url <url>        the running server (http://127.0.0.1:3200)
  --token <token>    where the server asks for one
  --write            writes; without it nothing is changed and the plan is shown
  --all              shows every document that cannot be written, not only the first twenty

Running it again changes nothing: what is there already stays as it is.
`
const SHOWN_PROBLEMS = 20

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      branch: { type: 'string', default: 'dar' },
      module: { type: 'string', default: 'pos' },
      map: { type: 'string' },
      url: { type: 'string', default: 'http://127.0.0.1:3200' },
      token: { type: 'string' },
      write: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const [file, ...more] = positionals
  if (values.help) {
    process.stdout.write(USAGE)
    return
  }
  if (!file || more.length > 0) throw new Error(`one export file is needed.\n\n${USAGE}`)
  const { branch: branchId, module: moduleId, url, token } = values
  const target: ImportTarget = { url, branchId, moduleId, ...(token !== undefined && { token }) }
  const map = values.map === undefined ? {} : within(values.map, () => readMap(readJson(values.map!)))
  const documents = within(file, () => readExport(readJson(file)))
  const plan = planImport(documents, await fetchModule(target), map)
  showPlan(plan, values.all)
  if (plan.records.length === 0) throw new Error('there is nothing to write.')
  if (!values.write) {
    process.stdout.write(`\nNothing was written. Add --write to write ${plan.records.length} records.\n`)
    return
  }
  const { created, present, refused } = await sendRecords(target, plan.records)
  showProblems('refused by the server', refused, values.all)
  process.stdout.write(`\n${created} records written, ${present} were there already, ${refused.length} refused.\n`)
  if (refused.length + plan.problems.length > 0) process.exitCode = 1
}

function readJson(path: string): unknown {
  const text = readFileSync(path, 'utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`it is not JSON (${error instanceof Error ? error.message : String(error)})`)
  }
}

/** Errors of the work name the file. */
function within<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The schema that the branch runs on. */
async function fetchModule({ url, branchId, moduleId, token }: ImportTarget): Promise<ModuleDefinition> {
  const address = new URL(`/api/schemas/branch/${encodeURIComponent(branchId)}/${encodeURIComponent(moduleId)}`, url)
  const headers = { 'Mishkah-Protocol': '2', ...(token !== undefined && { Authorization: `Bearer ${token}` }) }
  let response: Response
  try {
    response = await fetch(address, { headers })
  } catch (error) {
    throw new Error(`no server answers at ${url}; start it, or say where it is with --url.`, { cause: error })
  }
  const body = (await response.json()) as JsonValue
  if (!isJsonObject(body) || !response.ok) {
    const reason = isJsonObject(body) ? `${String(body.error)}: ${String(body.message)}` : String(response.status)
    throw new Error(`the schema of ${moduleId} in ${branchId} cannot be read (${reason})`)
  }
  return parseSchema(body.schema, { moduleId })
}

function showPlan({ collections, records, problems }: ImportPlan, isAll: boolean): void {
  const print = (text: string): void => void process.stdout.write(`${text}\n`)
  for (const plan of collections) {
    print(
      `${plan.collection.padEnd(28)} ${plan.table === undefined ? 'not written' : plan.table.padEnd(24)} ${countsOf(plan)}`,
    )
    if (plan.reason !== undefined) print(`  ${plan.reason}`)
    if (plan.unknownFields.length > 0) print(`  not in the schema, kept as they are: ${plan.unknownFields.join(', ')}`)
    if (plan.serverFields.length > 0) {
      print(
        `  set by the server, not taken over: ${plan.serverFields.join(', ')} (the map can keep them under other names)`,
      )
    }
  }
  const left = collections.reduce((sum, plan) => sum + plan.documents, 0) - records.length
  print(`${records.length} records to write, ${left} documents not.`)
  showProblems('cannot be written', problems, isAll)
}

function countsOf({ table, documents, records }: CollectionPlan): string {
  return table === undefined ? `(${documents} documents)` : `${records} of ${documents}`
}

function showProblems(title: string, problems: ImportPlan['problems'], isAll: boolean): void {
  if (problems.length === 0) return
  process.stdout.write(`\n${problems.length} ${title}:\n`)
  const shown = isAll ? problems : problems.slice(0, SHOWN_PROBLEMS)
  for (const { path, reason } of shown) process.stdout.write(`  ${path}: ${reason}\n`)
  if (shown.length < problems.length)
    process.stdout.write(`  … and ${problems.length - shown.length} more, shown by --all\n`)
}

try {
  await main()
} catch (error) {
  process.stderr.write(`import:firestore: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
