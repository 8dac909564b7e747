import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import { fileExists, listFiles, parseJson, readJsonObject, readText, salvageSnapshot } from './json-files.ts'
import { parseTime } from './record-merge.ts'
import type { FieldArchive, TakeoverReport } from './types.ts'

/** The files of one module of one branch, read but not yet put together. */
export interface ModuleSource {
  branchId: string
  moduleId: string
  /** Path below the data folder; null when the branch has no folder for the module. */
  path: string | null
  schemaOverride: JsonObject | null
  live: LiveData
  seed: { item: string; tables: [string, JsonValue][] }
  archives: FieldArchive[]
  /** Events up to here are history: the whole module by a reset, single tables by a purge. */
  floors: { module: number; tables: ReadonlyMap<string, number> }
}

interface LiveData {
  item: string
  tables: [string, JsonValue][]
  savedAt: number | undefined
  version: number
}

export function readModuleSource(
  root: string,
  place: { branchId: string; moduleId: string; folder: string | null; seedFallback: string | undefined },
  report: TakeoverReport,
): ModuleSource {
  const { branchId, moduleId, folder, seedFallback } = place
  const path = folder === null ? null : `${folder}/modules/${moduleId}`
  const archives = path === null ? [] : readArchives(root, `${path}/history/purge`, report)
  return {
    branchId,
    moduleId,
    path,
    schemaOverride: path === null ? null : (readJsonObject(root, `${path}/schema/definition.json`, report) ?? null),
    live: readLive(root, path, report),
    seed: readSeed(root, path, seedFallback, report),
    archives,
    floors: { module: path === null ? 0 : readResetTime(root, `${path}/history`), tables: purgeTimes(archives) },
  }
}

function readLive(root: string, path: string | null, report: TakeoverReport): LiveData {
  const item = `${path}/live/data.json`
  const nothing = { item, tables: [], savedAt: undefined, version: 0 }
  const text = path === null ? undefined : readText(root, item, report)
  if (text === undefined) return nothing
  let data = parseJson(text)
  if (data === undefined) {
    data = salvageSnapshot(text)
    const kept = data === undefined ? 'nothing of it could be read' : 'the records before the damage were read'
    report.refuse(item, `the file is not valid JSON (${text.length} characters); ${kept}`)
  }
  if (!isJsonObject(data)) return nothing
  const meta = isJsonObject(data.meta) ? data.meta : {}
  return {
    item,
    tables: isJsonObject(data.tables) ? Object.entries(data.tables) : [],
    savedAt: parseTime(data.savedAt) ?? parseTime(meta.lastUpdatedAt),
    version: typeof data.version === 'number' && data.version > 0 ? Math.trunc(data.version) : 0,
  }
}

function readSeed(root: string, path: string | null, fallback: string | undefined, report: TakeoverReport) {
  const own = path === null ? undefined : `${path}/seeds/initial.json`
  const item = own !== undefined && fileExists(root, own) ? own : fallback
  const seed = item === undefined ? undefined : readJsonObject(root, item, report)
  return { item: item ?? '', tables: isJsonObject(seed?.tables) ? Object.entries(seed.tables) : [] }
}

function readArchives(root: string, path: string, report: TakeoverReport): FieldArchive[] {
  return listFiles(root, path, '.json').flatMap((name) => {
    const file = `${path}/${name}`
    const archive = readJsonObject(root, file, report)
    if (!archive) return []
    const tables = (Array.isArray(archive.tables) ? archive.tables : []).filter(isJsonObject).flatMap((table) => {
      const records = Array.isArray(table.records) ? table.records.filter(isJsonObject) : []
      return typeof table.name === 'string' ? [{ name: table.name, records }] : []
    })
    if (typeof archive.createdAt !== 'string' || parseTime(archive.createdAt) === undefined) {
      report.refuse(file, 'the archive does not say when it was made')
      return []
    }
    return [
      {
        entryId: typeof archive.id === 'string' ? archive.id : name.replace(/\.json$/, ''),
        createdAt: archive.createdAt,
        reason: textOrNull(archive.reason),
        requestedBy: textOrNull(archive.requestedBy),
        file,
        tables,
        totalRecords: tables.reduce((sum, table) => sum + table.records.length, 0),
      },
    ]
  })
}

function purgeTimes(archives: readonly FieldArchive[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const archive of archives) {
    const at = parseTime(archive.createdAt) ?? 0
    for (const { name } of archive.tables) times.set(name, Math.max(at, times.get(name) ?? 0))
  }
  return times
}

/** A reset moves data.json to history/<time>.json, the time written with dashes. */
function readResetTime(root: string, path: string): number {
  const times = listFiles(root, path, '.json').map((name) => {
    const iso = name.replace(/^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)-(\d{3})Z\.json$/, '$1:$2:$3.$4Z')
    return parseTime(iso) ?? 0
  })
  return Math.max(0, ...times)
}

function textOrNull(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}
