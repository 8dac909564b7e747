import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { Log } from '../../lib/log.ts'
import type { ConfigFiles } from '../config-files.ts'
import { isFieldFolder, readFieldFolder } from './read-field-folder.ts'
import type { FieldFolder } from './types.ts'

const LEGACY = 'legacy'
const STATE = 'takeover.json'
/** Ours from the first moment: they stay where they are. */
const OWN = new Set([LEGACY, STATE, 'logs', 'files', 'backups'])

/**
 * Takes over a data folder of the field server: its files move untouched into `legacy/`, our configuration is written
 * from them, and what they hold is returned for the branches to load. Undefined when there is nothing to take over.
 *
 *   moving (files -> legacy/) ─► loading (our files are made from legacy/) ─► done
 *
 * A start that finds `moving` goes on moving; one that finds `loading` throws away what was made and makes it again.
 */
export function prepareTakeover(files: ConfigFiles, log: Log): FieldFolder | undefined {
  const { root } = files
  const state = existsSync(join(root, STATE)) ? files.readJson(STATE).state : undefined
  if (state === 'done' || (state === undefined && (existsSync(join(root, LEGACY)) || !isFieldFolder(root))))
    return undefined
  if (state === undefined || state === 'moving') {
    files.writeJson(STATE, { state: 'moving' })
    mkdirSync(join(root, LEGACY), { recursive: true })
    for (const name of ownEntries(root)) renameSync(join(root, name), join(root, LEGACY, name))
    files.writeJson(STATE, { state: 'loading' })
  } else {
    for (const name of ownEntries(root)) rmSync(join(root, name), { recursive: true })
  }
  const folder = readFieldFolder(join(root, LEGACY))
  writeConfiguration(files, folder)
  log.info('takeover-started', { branches: folder.branches.length, unusable: folder.unusable.length })
  return folder
}

/** Records that the take-over is whole, with its report. */
export function finishTakeover(
  files: ConfigFiles,
  folder: FieldFolder,
  problems: { item: string; reason: string }[],
  log: Log,
): void {
  const unusable = [...folder.unusable, ...problems]
  for (const { item, reason } of unusable) log.warn('takeover-unusable', { item, reason })
  files.writeJson(STATE, { state: 'done', unusable, notes: folder.notes } as unknown as JsonObject)
  log.info('takeover-done', { branches: folder.branches.length, unusable: unusable.length, notes: folder.notes.length })
}

/** What may be moved or made again: everything but hidden files (marker, locks) and our own folders. */
function ownEntries(root: string): string[] {
  return readdirSync(root).filter((name) => !name.startsWith('.') && !OWN.has(name) && !name.startsWith('system.db'))
}

function writeConfiguration(files: ConfigFiles, folder: FieldFolder): void {
  const objects = new Map<string, Set<string>>()
  for (const branch of folder.branches) {
    for (const module of branch.modules) {
      for (const table of [...module.tables, ...module.seeds]) {
        if (!table.isSingleton) continue
        const names = objects.get(module.moduleId) ?? new Set()
        objects.set(module.moduleId, names.add(table.name))
      }
      copySeeds(files, branch.branchId, module.moduleId)
      if (module.schemaOverride) {
        const file = join(files.moduleFolder(branch.branchId, module.moduleId), 'schema', 'definition.json')
        files.writeJson(file, module.schemaOverride)
      }
    }
  }
  const modules: JsonObject = {}
  for (const module of folder.modules) {
    const { moduleId, label, description, schemaName, schema } = module
    files.writeJson(`schemas/${schemaName}.json`, schema)
    modules[moduleId] = {
      label,
      description,
      schemaFallbackPath: `data/schemas/${schemaName}.json`,
      objects: [...(objects.get(moduleId) ?? [])],
      keys: Object.fromEntries(module.extendedKeys.map(({ table, primaryKey }) => [table, primaryKey])),
    }
  }
  files.writeJson('modules.json', { modules })
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const branches: JsonObject = {}
  for (const { branchId, label, modules: own } of folder.branches) {
    branches[branchId] = { label, timeZone, modules: own.map((module) => module.moduleId) }
  }
  files.writeJson('branches.config.json', { branches })
  files.writeJson('sequence-rules.json', rulesFile(folder))
  const { secretFields, lockedTables } = folder.security
  if (secretFields.length > 0 || lockedTables.length > 0) {
    const fields = Object.fromEntries(secretFields.map((entry) => [entry.table, entry.fields]))
    files.writeJson('security/secret_fields.json', { secretFields: fields, lockedTables })
  }
}

/** For a later reset: the take-over itself loads live data first and seeds only where there is none. */
function copySeeds(files: ConfigFiles, branchId: string, moduleId: string): void {
  const source = join(
    files.root,
    LEGACY,
    'branches',
    encodeURIComponent(branchId),
    'modules',
    moduleId,
    'seeds',
    'initial.json',
  )
  if (!existsSync(source)) return
  const folder = join(files.moduleFolder(branchId, moduleId), 'seeds')
  mkdirSync(folder, { recursive: true })
  copyFileSync(source, join(folder, 'initial.json'))
}

function rulesFile(folder: FieldFolder): JsonObject {
  const file = { version: 1, defaults: {} as JsonObject, branches: {} as JsonObject }
  for (const { branchId, moduleId, table, field, rule } of folder.rules) {
    const owner = branchId === undefined ? file.defaults : child(file.branches, branchId)
    child(child(owner, moduleId), table)[field] = rule as JsonObject
  }
  return file
}

function child(parent: JsonObject, name: string): JsonObject {
  parent[name] ??= {}
  return parent[name] as JsonObject
}
