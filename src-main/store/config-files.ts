import {
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { AppError } from '../../src-shared/errors.ts'
import { isName } from '../../src-shared/ids.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'
import { isTimeZone, parseDayStart } from '../lib/branch-time.ts'
import { folderName } from '../lib/folder-name.ts'

/** One branch as branches.config.json declares it. */
export interface BranchConfig {
  label: string
  labels?: { en?: string; ar?: string }
  timeZone: string
  dayStart: string
  modules: string[]
  /** Field clients are served as they expect; contract: docs/architecture.md, legacy mode. */
  legacyClients: boolean
  openLan: boolean
  dailyReset: boolean
}

/** One module type as modules.json declares it. */
export interface ModuleConfig {
  label: string
  description: string
  /** Relative to the data root, inside `schemas/`. */
  schemaFile: string
  seedFile?: string
  tables: string[]
  /** Tables that are one object (settings) and stand in no schema. */
  objects: string[]
  /** Primary keys that win over the schema's: a take-over found the declared ones not unique. */
  keys: Record<string, string[]>
}

const DEFAULT_TIME_ZONE = 'UTC'
const DEFAULT_DAY_START = '05:00'

/** Reads and writes the configuration files of a data root; every path it makes stays inside that root. */
export class ConfigFiles {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  /** Copies what is missing from the tracked default set; never overwrites. */
  fillFrom(defaults: string): void {
    // The file that says that the folder is filled comes last: a start that was cut is done again.
    for (const name of [
      'modules.json',
      'sequence-rules.json',
      'schemas',
      'branches',
      'security',
      'branches.config.json',
    ]) {
      const source = join(defaults, name)
      if (existsSync(source))
        cpSync(source, join(this.root, name), { recursive: true, force: false, errorOnExist: false })
    }
  }

  get isEmpty(): boolean {
    return !existsSync(join(this.root, 'branches.config.json'))
  }

  readBranches(): Map<string, BranchConfig> {
    const branches = new Map<string, BranchConfig>()
    for (const [branchId, raw] of Object.entries(childObject(this.readJson('branches.config.json'), 'branches'))) {
      if (isName(branchId) && isJsonObject(raw)) branches.set(branchId, parseBranch(branchId, raw))
    }
    return branches
  }

  /** Adds or changes one branch, keeping everything else of the file as it is. */
  writeBranch(branchId: string, change: Partial<BranchConfig>): void {
    const file = this.readJson('branches.config.json')
    const branches = childObject(file, 'branches')
    branches[branchId] = { ...childObject(branches, branchId), ...(change as JsonObject) }
    this.writeJson('branches.config.json', { ...file, branches })
  }

  readModules(): Map<string, ModuleConfig> {
    const modules = new Map<string, ModuleConfig>()
    for (const [moduleId, raw] of Object.entries(childObject(this.readJson('modules.json'), 'modules'))) {
      if (isName(moduleId) && isJsonObject(raw)) modules.set(moduleId, parseModule(moduleId, raw))
    }
    return modules
  }

  writeModule(moduleId: string, entry: JsonObject): void {
    const file = this.readJson('modules.json')
    this.writeJson('modules.json', { ...file, modules: { ...childObject(file, 'modules'), [moduleId]: entry } })
  }

  readSequenceRules(): JsonObject {
    return this.readJson('sequence-rules.json')
  }

  readSecurity(): { secretFields: Record<string, string[]>; lockedTables: Set<string> } {
    const file = this.readJson('security/secret_fields.json')
    const secretFields: Record<string, string[]> = {}
    for (const [table, fields] of Object.entries(childObject(file, 'secretFields')))
      secretFields[table] = textList(fields)
    return { secretFields, lockedTables: new Set(textList(file.lockedTables).map((name) => name.toLowerCase())) }
  }

  /** The schema that a branch's module runs on: its own definition, else the central file. */
  readSchema(
    branchId: string,
    moduleId: string,
    module: ModuleConfig,
  ): { schema: JsonObject; source: 'branch' | 'central'; file: string } {
    const own = join('branches', folderName(branchId), 'modules', folderName(moduleId), 'schema', 'definition.json')
    if (existsSync(join(this.root, own))) return { schema: this.readJson(own), source: 'branch', file: own }
    if (!existsSync(join(this.root, module.schemaFile))) {
      throw new AppError('schema-not-found', `The module ${moduleId} has no schema file.`, {
        details: { file: module.schemaFile },
      })
    }
    return { schema: this.readJson(module.schemaFile), source: 'central', file: module.schemaFile }
  }

  readSeeds(branchId: string, moduleId: string, module: ModuleConfig): JsonObject | undefined {
    const own = join('branches', folderName(branchId), 'modules', folderName(moduleId), 'seeds', 'initial.json')
    for (const file of [own, module.seedFile]) {
      if (file !== undefined && existsSync(join(this.root, file))) return childObject(this.readJson(file), 'tables')
    }
    return undefined
  }

  listSchemas(): string[] {
    const folder = join(this.root, 'schemas')
    if (!existsSync(folder)) return []
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
  }

  branchFolder(branchId: string): string {
    return join(this.root, 'branches', folderName(branchId))
  }

  moduleFolder(branchId: string, moduleId: string): string {
    return join(this.branchFolder(branchId), 'modules', folderName(moduleId))
  }

  /** A missing file is an empty object; a torn one is an error that names it. */
  readJson(file: string): JsonObject {
    const path = this.#inside(file)
    if (!existsSync(path)) return {}
    try {
      const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
      if (isJsonObject(value)) return value
    } catch (cause) {
      throw new AppError('invalid-json', `The file ${file} is not valid JSON.`, {
        cause,
        hint: `Mend or restore ${file} in the data folder.`,
      })
    }
    throw new AppError('invalid-json', `The file ${file} must hold one JSON object.`)
  }

  /** Writes beside, syncs, renames: a pulled plug leaves the old file or the new one. */
  writeJson(file: string, value: JsonValue): void {
    const path = this.#inside(file)
    mkdirSync(dirname(path), { recursive: true })
    const handle = openSync(`${path}.new`, 'w', 0o600)
    try {
      writeSync(handle, `${JSON.stringify(value, null, 2)}\n`)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(`${path}.new`, path)
  }

  #inside(file: string): string {
    const path = resolve(this.root, file)
    if (path.startsWith(resolve(this.root) + sep)) return path
    throw new AppError('invalid-name', 'The path leaves the data folder.')
  }
}

function parseBranch(branchId: string, raw: JsonObject): BranchConfig {
  const labels = childObject(raw, 'labels')
  const timeZone = typeof raw.timeZone === 'string' && isTimeZone(raw.timeZone) ? raw.timeZone : DEFAULT_TIME_ZONE
  const dayStart =
    typeof raw.dayStart === 'string' && parseDayStart(raw.dayStart) !== undefined ? raw.dayStart : DEFAULT_DAY_START
  return {
    label: typeof raw.label === 'string' ? raw.label : branchId,
    ...(Object.keys(labels).length > 0 && { labels: labels as { en?: string; ar?: string } }),
    timeZone,
    dayStart,
    modules: textList(raw.modules).filter(isName),
    legacyClients: raw.legacyClients === true,
    openLan: raw.openLan === true,
    dailyReset: raw.dailyReset === true,
  }
}

function parseModule(moduleId: string, raw: JsonObject): ModuleConfig {
  const schemaFile = [raw.schemaFallbackPath, raw.schemaPath].find(
    (path) => typeof path === 'string' && path.includes('schemas/'),
  ) as string | undefined
  const seedFile = typeof raw.seedFallbackPath === 'string' ? raw.seedFallbackPath.replace(/^data\//, '') : undefined
  return {
    label: typeof raw.label === 'string' ? raw.label : moduleId,
    description: typeof raw.description === 'string' ? raw.description : '',
    schemaFile: (schemaFile ?? `schemas/${folderName(moduleId)}.json`).replace(/^data\//, ''),
    ...(seedFile !== undefined && { seedFile }),
    tables: textList(raw.tables),
    objects: textList(raw.objects),
    keys: Object.fromEntries(Object.entries(childObject(raw, 'keys')).map(([table, key]) => [table, textList(key)])),
  }
}

function childObject(parent: JsonObject, name: string): JsonObject {
  const child = Object.hasOwn(parent, name) ? parent[name] : undefined
  return isJsonObject(child) ? child : {}
}

function textList(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
