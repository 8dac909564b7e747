import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../src-shared/errors.ts'
import { parseName } from '../../src-shared/ids.ts'
import type { JsonObject } from '../../src-shared/json.ts'
import { folderName } from '../lib/folder-name.ts'
import type { SchemaFiles } from './api.ts'
import type { BranchConfig, ConfigFiles, ModuleConfig } from './config-files.ts'
import { parseModule } from './open-module.ts'
import type { MigrationPlan, ModuleDefinition } from './schema/definition.ts'
import { planMigration } from './schema/plan-migration.ts'

/** What schema changes need of the running store. */
export interface SchemaHost {
  readonly files: ConfigFiles
  branches(): ReadonlyMap<string, BranchConfig>
  modules(): ReadonlyMap<string, ModuleConfig>
  /** The definition that a branch's module runs on; undefined when it is not open. */
  runningDefinition(branchId: string, moduleId: string): ModuleDefinition | undefined
  pendingMigration(branchId: string, moduleId: string): MigrationPlan | null
  /** Opens the branch anew on its files and tells every client `reload-schema`. */
  reopen(branchId: string, options: { force: boolean }): Promise<void>
}

interface PlannedChange {
  branchId: string
  moduleId: string
  plan: MigrationPlan
}

/** Schema files of the data root and what changing them would do to each branch. */
export class DataRootSchemas implements SchemaFiles {
  readonly #host: SchemaHost

  constructor(host: SchemaHost) {
    this.#host = host
  }

  list(): ReturnType<SchemaFiles['list']> {
    const branches: Record<string, string[]> = {}
    for (const [branchId, config] of this.#host.branches()) {
      const own = config.modules.filter((moduleId) =>
        existsSync(join(this.#host.files.root, this.#branchFile(branchId, moduleId))),
      )
      if (own.length > 0) branches[branchId] = own
    }
    return { global: this.#host.files.listSchemas(), branches }
  }

  getGlobal(name: string): ReturnType<SchemaFiles['getGlobal']> {
    const file = this.#globalFile(name)
    const pending = this.#users(file).flatMap(({ branchId, moduleId }) => {
      const plan = this.#host.pendingMigration(branchId, moduleId)
      return plan ? [{ branchId, moduleId, plan }] : []
    })
    return { schema: this.#read(file, name), pending }
  }

  getBranch(branchId: string, moduleId: string): ReturnType<SchemaFiles['getBranch']> {
    const module = this.#module(branchId, moduleId)
    const { schema } = this.#host.files.readSchema(branchId, moduleId, module)
    return { schema, pending: this.#host.pendingMigration(branchId, moduleId) }
  }

  async saveGlobal(
    name: string,
    schema: JsonObject,
    options: { dryRun?: boolean; force?: boolean },
  ): ReturnType<SchemaFiles['saveGlobal']> {
    const file = this.#globalFile(parseName(name, 'schema name'))
    const users = this.#users(file)
    if (users.length === 0) this.#parse('schema', schema)
    const plans = users.map(({ branchId, moduleId }) => ({
      branchId,
      moduleId,
      plan: this.#plan(branchId, moduleId, schema),
    }))
    if (options.dryRun) return { plans }
    refuseDangerous(plans, options.force)
    this.#host.files.writeJson(file, schema)
    for (const branchId of new Set(plans.map((plan) => plan.branchId)))
      await this.#host.reopen(branchId, { force: options.force ?? false })
    return { plans }
  }

  async saveBranch(
    branchId: string,
    moduleId: string,
    schema: JsonObject,
    options: { dryRun?: boolean; force?: boolean },
  ): ReturnType<SchemaFiles['saveBranch']> {
    this.#module(branchId, moduleId)
    const plan = this.#plan(branchId, moduleId, schema)
    if (options.dryRun) return { plan }
    refuseDangerous([{ branchId, moduleId, plan }], options.force)
    this.#host.files.writeJson(this.#branchFile(branchId, moduleId), schema)
    await this.#host.reopen(branchId, { force: options.force ?? false })
    return { plan }
  }

  async reload(): Promise<void> {
    for (const branchId of this.#host.branches().keys()) await this.#host.reopen(branchId, { force: false })
  }

  saveSeed(
    branchId: string,
    moduleId: string,
    tables: Record<string, JsonObject[]>,
  ): ReturnType<SchemaFiles['saveSeed']> {
    this.#module(branchId, moduleId)
    const stamp = new Date().toISOString().replace(/[:.]/g, '-')
    const folder = join('branches', folderName(branchId), 'modules', folderName(moduleId), 'seeds')
    const names = existsSync(join(this.#host.files.root, folder))
      ? readdirSync(join(this.#host.files.root, folder))
      : []
    const file = `seeds-${stamp}${names.includes(`seeds-${stamp}.json`) ? '-2' : ''}.json`
    this.#host.files.writeJson(join(folder, file), { version: 1, meta: { branchId, moduleId }, tables })
    const recordCount = Object.values(tables).reduce((sum, records) => sum + records.length, 0)
    return { file, recordCount, tables: Object.keys(tables) }
  }

  #globalFile(name: string): string {
    return join('schemas', `${parseName(name, 'schema name')}.json`)
  }

  #branchFile(branchId: string, moduleId: string): string {
    return join('branches', folderName(branchId), 'modules', folderName(moduleId), 'schema', 'definition.json')
  }

  #read(file: string, name: string): JsonObject {
    if (existsSync(join(this.#host.files.root, file))) return this.#host.files.readJson(file)
    throw new AppError('schema-not-found', `There is no schema "${name}".`, { details: { name } })
  }

  /** Branches and modules that run on a central file. */
  #users(file: string): { branchId: string; moduleId: string }[] {
    const users: { branchId: string; moduleId: string }[] = []
    for (const [branchId, config] of this.#host.branches()) {
      for (const moduleId of config.modules) {
        const module = this.#host.modules().get(moduleId)
        const hasOwn = existsSync(join(this.#host.files.root, this.#branchFile(branchId, moduleId)))
        if (module && join(module.schemaFile) === file && !hasOwn) users.push({ branchId, moduleId })
      }
    }
    return users
  }

  #plan(branchId: string, moduleId: string, schema: JsonObject): MigrationPlan {
    return planMigration(this.#host.runningDefinition(branchId, moduleId), this.#parse(moduleId, schema))
  }

  #parse(moduleId: string, schema: JsonObject): ModuleDefinition {
    const { objects = [], keys = {} } = this.#host.modules().get(moduleId) ?? {}
    return parseModule(
      { moduleId, schema, objects, keys, secretFields: this.#host.files.readSecurity().secretFields },
      schema,
    )
  }

  #module(branchId: string, moduleId: string): ModuleConfig {
    const config = this.#host.branches().get(branchId)
    if (!config) throw new AppError('branch-not-found', `There is no branch "${branchId.slice(0, 64)}".`)
    const module = config.modules.includes(moduleId) ? this.#host.modules().get(moduleId) : undefined
    if (!module)
      throw new AppError('module-not-found', `The branch ${branchId} has no module "${moduleId.slice(0, 64)}".`)
    return module
  }
}

function refuseDangerous(plans: PlannedChange[], force: boolean | undefined): void {
  const dangerous = plans.filter(({ plan }) => plan.isDangerous)
  if (dangerous.length === 0 || force) return
  throw new AppError('migration-refused', 'The schema change would lose data; it is only done with force.', {
    details: { plans: dangerous as unknown as JsonObject[] },
    hint: 'Look at the dangerous steps, take a backup, and send the change with force.',
  })
}
