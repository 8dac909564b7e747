import { isAbsolute, normalize, sep } from 'node:path'
import { isName } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import { BranchNames, type KnownBranch } from './branch-names.ts'
import { findUniqueKey, readSchemaShape, type SchemaShape } from './field-schema.ts'
import { assignRows, ownerKey } from './hybrid-owners.ts'
import { readHybridRows } from './hybrid-sqlite.ts'
import { fileExists, listFolders, readJsonObject } from './json-files.ts'
import { mergeModule } from './module-data.ts'
import { type ModuleSource, readModuleSource } from './module-source.ts'
import { readRules, rulesFor } from './sequence-numbers.ts'
import { type SortedTables, sortTables } from './table-rows.ts'
import { type FieldBranch, type FieldFolder, type FieldModuleType, TakeoverReport } from './types.ts'

interface ModuleType extends FieldModuleType {
  shape: SchemaShape
  seedFallback: string | undefined
}

/**
 * True when the folder holds data that a field server wrote: its SQLite file, live data or sequence states. Our own data
 * folders have none of these.
 */
export function isFieldFolder(root: string): boolean {
  if (fileExists(root, 'hybrid-store.sqlite')) return true
  return listFolders(root, 'branches').some((branch) => {
    const path = `branches/${branch}`
    if (fileExists(root, `${path}/sequence-state.json`)) return true
    return listFolders(root, `${path}/modules`).some((id) => fileExists(root, `${path}/modules/${id}/live/data.json`))
  })
}

/**
 * Reads a data folder of the field server: what it is configured for and the newest state of every record, wherever it
 * lies. Changes nothing in the folder (the SQLite file is read from a copy in the temporary folder) and never throws for
 * what it finds: what cannot be used is in `unusable`, and does not stop the rest. Holds all records in memory and blocks
 * while it reads.
 *
 * Source: the field's storage format; per record the newest updatedAt wins, on a tie SQLite.
 */
export function readFieldFolder(root: string): FieldFolder {
  const report = new TakeoverReport()
  const modules = readModuleTypes(root, report)
  const schemas = new Map(modules.map((one) => [one.moduleId, one.shape]))
  const config = readRequired(root, 'branches.config.json', report)
  const names = new BranchNames(root, config, new Set(schemas.keys()), report)
  const rules = readRules(readRequired(root, 'sequence-rules.json', report), schemas, report)

  const sources = new Map<string, ModuleSource>()
  const sourceOf = (branch: KnownBranch, moduleId: string): ModuleSource => {
    const key = ownerKey(branch.branchId, moduleId)
    const seedFallback = modules.find((one) => one.moduleId === moduleId)?.seedFallback
    const source =
      sources.get(key) ??
      readModuleSource(root, { branchId: branch.branchId, moduleId, folder: branch.folder, seedFallback }, report)
    sources.set(key, source)
    return source
  }
  const hybridRows = assignRows(readHybridRows(root, report), { root, names, schemas, report, sourceOf })

  const places = [...names.branches.values()].flatMap((branch) => branch.moduleIds.map((id) => sourceOf(branch, id)))
  const sorted = new Map<ModuleSource, { live: SortedTables; seed: SortedTables }>()
  for (const source of places) {
    const schema = schemas.get(source.moduleId)!
    const live = sortTables(source.live.tables, source.live.item, schema, report)
    sorted.set(source, { live, seed: sortTables(source.seed.tables, source.seed.item, schema, report) })
  }
  for (const module of modules) {
    module.extendedKeys = findExtendedKeys(
      module,
      [...sorted].filter(([one]) => one.moduleId === module.moduleId),
    )
    for (const { table, primaryKey } of module.extendedKeys) {
      report.note(`${module.moduleId}/${table}`, `the declared key is not unique and became ${primaryKey.join(' + ')}`)
    }
  }

  const branches = [...names.branches.values()].map((branch): FieldBranch => {
    const sequenceStateItem = `${branch.folder}/sequence-state.json`
    const sequenceState = branch.folder === null ? undefined : readJsonObject(root, sequenceStateItem, report)
    reportForeignStates(sequenceState, sequenceStateItem, branch, report)
    return {
      branchId: branch.branchId,
      label: branch.label,
      modules: branch.moduleIds.map((moduleId) => {
        const source = sourceOf(branch, moduleId)
        const module = modules.find((one) => one.moduleId === moduleId)!
        return mergeModule({
          root,
          source,
          schema: module.shape,
          extendedKeys: new Map(module.extendedKeys.map((one) => [one.table, one.primaryKey])),
          ...sorted.get(source)!,
          hybridRows: hybridRows.get(ownerKey(branch.branchId, moduleId)) ?? [],
          rules: rulesFor(rules, branch.branchId, moduleId),
          sequenceState,
          sequenceStateItem,
          report,
        })
      }),
    }
  })
  return {
    modules: modules.map(({ shape: _shape, seedFallback: _seed, ...module }) => module),
    branches,
    rules,
    security: readSecurity(root, report),
    unusable: report.unusable,
    notes: report.notes,
  }
}

function readRequired(root: string, path: string, report: TakeoverReport): JsonObject {
  if (!fileExists(root, path)) report.note(path, 'the file is missing')
  return readJsonObject(root, path, report) ?? {}
}

function readModuleTypes(root: string, report: TakeoverReport): ModuleType[] {
  const file = readRequired(root, 'modules.json', report)
  if (!isJsonObject(file.modules)) return []
  return Object.entries(file.modules).flatMap(([moduleId, value]) => {
    const item = `modules.json#modules.${moduleId}`
    const config = isJsonObject(value) ? value : {}
    const path = innerPath(config.schemaFallbackPath)
    if (!isName(moduleId)) {
      report.refuse(item, 'the module id has characters that are not allowed')
      return []
    }
    if (path === undefined || !fileExists(root, path)) {
      report.refuse(item, 'the module has no schema file in the data folder')
      return []
    }
    const schema = readJsonObject(root, path, report)
    const shape = schema && readSchemaShape(schema)
    if (!schema || !shape || shape.tables.size === 0) {
      report.refuse(item, 'the schema file of the module declares no tables')
      return []
    }
    return [
      {
        moduleId,
        label: typeof config.label === 'string' ? config.label : moduleId,
        description: typeof config.description === 'string' ? config.description : '',
        schemaName: path.replace(/^.*\//, '').replace(/\.json$/, ''),
        schemaForm: shape.form,
        schema,
        extendedKeys: [],
        shape,
        seedFallback: innerPath(config.seedFallbackPath),
      },
    ]
  })
}

/** A path of modules.json, which is relative to the folder that holds `data/`; undefined when it leads out of the data folder. */
function innerPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) return undefined
  const path = normalize(value).split(sep).join('/')
  const inner = path.replace(/^data\//, '')
  return isAbsolute(path) || inner.startsWith('../') || inner === '..' || inner === path ? undefined : inner
}

function findExtendedKeys(
  module: ModuleType,
  sources: [ModuleSource, { live: SortedTables; seed: SortedTables }][],
): FieldModuleType['extendedKeys'] {
  return [...module.shape.tables.values()].flatMap((table) => {
    const rowSets = sources.flatMap(([, { live, seed }]) =>
      [live, seed].map((one) => one.lists.filter((list) => list.table === table).flatMap((list) => list.rows)),
    )
    const primaryKey = findUniqueKey(table, rowSets)
    return primaryKey === table.primaryKey ? [] : [{ table: table.name, primaryKey }]
  })
}

/** Sequence states of modules that the branch does not have. */
function reportForeignStates(state: JsonObject | undefined, item: string, branch: KnownBranch, report: TakeoverReport) {
  for (const key of Object.keys(state ?? {})) {
    const moduleId = key.split(':')[0] ?? ''
    if (!branch.moduleIds.includes(moduleId)) report.refuse(`${item}#${key}`, `the branch has no module ${moduleId}`)
  }
}

function readSecurity(root: string, report: TakeoverReport): FieldFolder['security'] {
  const file = readJsonObject(root, 'security/secret_fields.json', report) ?? {}
  const secretFields = isJsonObject(file.secretFields) ? Object.entries(file.secretFields) : []
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
  return {
    secretFields: secretFields.map(([table, fields]) => ({ table, fields: texts(fields) })),
    lockedTables: texts(file.lockedTables),
  }
}
