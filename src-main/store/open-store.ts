import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, isAppError } from '../../src-shared/errors.ts'
import { parseName } from '../../src-shared/ids.ts'
import type { BranchSummary } from '../../src-shared/protocol/management.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { uuid7 } from '../lib/uuid7.ts'
import type { Backups, Store, StoreFigures, Tasks } from './api.ts'
import { type BranchHooks, OpenBranch } from './branch-store.ts'
import { type BranchConfig, ConfigFiles, type ModuleConfig } from './config-files.ts'
import { appendEvent } from './events/event-writer.ts'
import type { ModuleState } from './module-state.ts'
import { type ModuleSource, parseModule } from './open-module.ts'
import type { ModuleDefinition } from './schema/definition.ts'
import { DataRootSchemas, type SchemaHost } from './schema-files.ts'
import type { SystemDatabase } from './sqlite/system-database.ts'
import { openServices, type StoreServices } from './store-services.ts'
import { loadTakeover } from './takeover/load-takeover.ts'
import { finishTakeover, prepareTakeover } from './takeover/prepare-takeover.ts'
import type { FieldFolder, TakeoverItem } from './takeover/types.ts'
import type { ModuleNotice, StoredEvent } from './types.ts'

export interface StoreOptions {
  /** The data root; the caller holds its lock. */
  dataDir: string
  /** The tracked default set that fills an empty data root. */
  defaultsDir: string
  log: Log
  /** The product's version, for the manifest of backups. */
  version?: string
  clock?: Clock
  /** For a first start; afterwards the branch's own setting counts. */
  legacyClients?: boolean
  openLan?: boolean
}

/** Opens the data root: fills an empty one from the defaults, opens every branch, loads seeds that were never loaded. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const store = new DataStore(options)
  try {
    await store.open()
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The whole data root. */
export class DataStore implements Store, SchemaHost {
  readonly serverId: string
  readonly files: ConfigFiles
  readonly schemas = new DataRootSchemas(this)
  readonly figures: StoreFigures
  readonly #options: StoreOptions
  readonly #clock: Clock
  readonly #log: Log
  readonly #branches = new Map<string, OpenBranch>()
  /** Branches that are out of service, and why. */
  readonly #away = new Map<string, AppError>()
  /** What was last known of a branch that is closed for a moment: lists keep it in its place. */
  readonly #awaySummaries = new Map<string, BranchSummary>()
  /** Of those, the ones that somebody closed and is about to bring back. */
  readonly #moving = new Set<string>()
  readonly #eventListeners = new Set<(event: StoredEvent) => void>()
  readonly #noticeListeners = new Set<(notice: ModuleNotice) => void>()
  readonly #commitListeners = new Set<Parameters<StoreFigures['onCommit']>[0]>()
  #services: StoreServices | undefined
  #branchConfigs: Map<string, BranchConfig> = new Map()
  #moduleConfigs: Map<string, ModuleConfig> = new Map()
  /** Epochs of the modules of a branch when it was closed, by "branch/module". */
  readonly #lastEpochs = new Map<string, number>()
  #isClosed = false
  /** The field's records come instead of the seeds. */
  #isTakingOver = false

  constructor(options: StoreOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#log = options.log
    this.serverId = `ws-${uuid7(this.#clock.now())}`
    mkdirSync(options.dataDir, { recursive: true })
    this.files = new ConfigFiles(options.dataDir)
    this.figures = this.#makeFigures()
  }

  async open(): Promise<void> {
    const takeover = prepareTakeover(this.files, this.#log)
    this.#isTakingOver = takeover !== undefined
    if (this.files.isEmpty) this.#firstStart()
    this.#readConfigs()
    this.#services = openServices({
      dataDir: this.#options.dataDir,
      version: this.#options.version ?? '0.0.0',
      files: this.files,
      clock: this.#clock,
      log: this.#log,
      branches: () => this.#branches,
      branchIds: () => this.branchIds(),
      closeBranch: (branchId, reason) => this.#closeBranch(branchId, reason),
      reopenBranch: (branchId) => this.#reopenBranch(branchId),
    })
    for (const branchId of this.#branchConfigs.keys()) this.#openOrReport(branchId)
    if (takeover) await this.#takeOver(takeover)
    for (const branch of this.#branches.values()) await this.#services.watch(branch)
  }

  get backups(): Backups {
    return this.#opened().backups
  }

  get tasks(): Tasks {
    return this.#opened().tasks
  }

  get system(): SystemDatabase {
    return this.#opened().system
  }

  branchIds(): string[] {
    return [...this.#branchConfigs.keys()]
  }

  listBranches(): BranchSummary[] {
    return this.branchIds().flatMap((branchId) => {
      const summary = this.#branches.get(branchId)?.summary() ?? this.#awaySummaries.get(branchId)
      return summary ? [summary] : []
    })
  }

  getBranch(branchId: string): OpenBranch {
    const branch = this.#branches.get(branchId)
    if (branch) return branch
    const away = this.#away.get(branchId)
    if (away) throw away
    throw new AppError('branch-not-found', `There is no branch "${branchId.slice(0, 64)}".`, {
      details: { branchId: branchId.slice(0, 64) },
    })
  }

  createBranch(input: { branchId: string; label?: string; modules?: string[] }): BranchSummary {
    const branchId = parseName(input.branchId, 'branch id')
    if (this.#branchConfigs.has(branchId))
      throw new AppError('branch-exists', `The branch ${branchId} exists.`, { details: { branchId } })
    const modules = input.modules ?? []
    for (const moduleId of modules) {
      if (!this.#moduleConfigs.has(moduleId)) {
        throw new AppError('module-not-found', `The module "${moduleId.slice(0, 64)}" is not registered.`, {
          details: { moduleId },
        })
      }
    }
    this.files.writeBranch(branchId, {
      label: input.label ?? branchId,
      modules,
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    })
    this.#readConfigs()
    this.#openBranch(branchId)
    void this.#opened().watch(this.getBranch(branchId))
    return this.getBranch(branchId).summary()
  }

  attachModule(branchId: string, moduleId: string): string[] {
    const config = this.#branchConfigs.get(branchId)
    if (!config) throw new AppError('branch-not-found', `There is no branch "${branchId.slice(0, 64)}".`)
    if (!this.#moduleConfigs.has(moduleId))
      throw new AppError('module-not-found', `The module "${moduleId.slice(0, 64)}" is not registered.`)
    if (!config.modules.includes(moduleId)) {
      this.files.writeBranch(branchId, { modules: [...config.modules, moduleId] })
      this.#readConfigs()
      this.getBranch(branchId).attachModule(this.#moduleSource(branchId, moduleId))
    }
    return this.getBranch(branchId).moduleIds()
  }

  listModuleTypes(): ReturnType<Store['listModuleTypes']> {
    return [...this.#moduleConfigs].map(([id, { label, description, tables }]) => ({ id, label, description, tables }))
  }

  createModuleType(input: Parameters<Store['createModuleType']>[0]): ReturnType<Store['createModuleType']> {
    const moduleId = parseName(input.moduleId, 'module id')
    if (this.#moduleConfigs.has(moduleId))
      throw new AppError('module-exists', `The module ${moduleId} exists.`, { details: { moduleId } })
    const schemaName = moduleId.replace(/[^A-Za-z0-9_-]/g, '_')
    const schemaFile = `schemas/${schemaName}.json`
    const schema = input.schema ?? {
      name: moduleId,
      title: input.label ?? moduleId,
      schema: { name: moduleId, version: 1, tables: [] },
    }
    if (existsSync(join(this.files.root, schemaFile)) && input.schema) {
      throw new AppError('module-exists', `A schema file for ${moduleId} exists.`, { details: { moduleId } })
    }
    const definition = parseModule({ moduleId, schema, objects: [], secretFields: {} }, schema)
    if (!existsSync(join(this.files.root, schemaFile))) this.files.writeJson(schemaFile, schema)
    const tables = [...definition.tables.keys()]
    const label = input.label ?? moduleId
    this.files.writeModule(moduleId, {
      label,
      description: input.description ?? '',
      schemaFallbackPath: `data/${schemaFile}`,
      tables,
    })
    this.#readConfigs()
    return { moduleId, label, tables }
  }

  onEvent(listener: (event: StoredEvent) => void): () => void {
    this.#eventListeners.add(listener)
    return () => this.#eventListeners.delete(listener)
  }

  onNotice(listener: (notice: ModuleNotice) => void): () => void {
    this.#noticeListeners.add(listener)
    return () => this.#noticeListeners.delete(listener)
  }

  // What schema changes need (SchemaHost).

  branches(): ReadonlyMap<string, BranchConfig> {
    return this.#branchConfigs
  }

  modules(): ReadonlyMap<string, ModuleConfig> {
    return this.#moduleConfigs
  }

  runningDefinition(branchId: string, moduleId: string): ModuleDefinition | undefined {
    return this.#branches.get(branchId)?.findContext(moduleId)?.state.definition
  }

  pendingMigration(branchId: string, moduleId: string): ReturnType<SchemaHost['pendingMigration']> {
    return this.#branches.get(branchId)?.pendingMigrations.get(moduleId) ?? null
  }

  async reopen(branchId: string, { force }: { force: boolean }): Promise<void> {
    const reason = new AppError('restoring', 'The schema is being changed; try again in a moment.')
    // A restore or another change is at work on its files and opens it again.
    if (this.#moving.has(branchId)) throw this.#away.get(branchId) ?? reason
    let refusal: unknown
    try {
      // A branch that could not be opened the last time has nothing to close.
      if (this.#branches.has(branchId) || !this.#away.has(branchId)) await this.#closeBranch(branchId, reason)
      if (this.#isClosed) throw new AppError('stopping', 'The server is stopping.')
      this.#readConfigs()
      refusal = this.#openChanged(branchId, force)
    } finally {
      this.#moving.delete(branchId)
    }
    await this.#opened().watch(this.getBranch(branchId))
    for (const { state, branch } of this.getBranch(branchId).context.modules.values()) {
      await branch.commitNotice(() => {
        const event = appendEvent(state, {
          action: 'module:import',
          fields: { reason: 'schema-updated', tables: [] },
          meta: branch.eventMeta('schema'),
          nowMs: this.#clock.now(),
        })
        return { result: undefined, events: [event] }
      }, 'reload-schema')
    }
    if (refusal !== undefined) throw refusal
  }

  /** What a forced change was refused for: then the branch goes on with the schema that it has, the change pending. */
  #openChanged(branchId: string, force: boolean): unknown {
    try {
      this.#openBranch(branchId, force)
      return undefined
    } catch (error) {
      if (!force) throw error
      this.#openBranch(branchId)
      return error
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const branchId of this.#branches.keys()) await this.#services?.unwatch(branchId)
    await this.#services?.stop()
    const reason = new AppError('stopping', 'The server is stopping.')
    await Promise.all([...this.#branches.values()].map((branch) => branch.close(reason)))
    this.#branches.clear()
    await this.#services?.close()
  }

  #opened(): StoreServices {
    if (!this.#services) throw new AppError('stopping', 'The store is not open.')
    return this.#services
  }

  #firstStart(): void {
    const { defaultsDir, legacyClients, openLan } = this.#options
    this.files.fillFrom(defaultsDir)
    for (const branchId of this.files.readBranches().keys()) {
      if (legacyClients || openLan) {
        this.files.writeBranch(branchId, { ...(legacyClients && { legacyClients }), ...(openLan && { openLan }) })
      }
    }
    this.#log.info('data-folder-filled', { folder: this.#options.dataDir })
  }

  async #takeOver(folder: FieldFolder): Promise<void> {
    const problems: TakeoverItem[] = []
    for (const { branchId, modules } of folder.branches) {
      for (const module of modules) {
        const context = this.#branches.get(branchId)?.findContext(module.moduleId)
        if (context) problems.push(...(await loadTakeover(context, module)))
        else problems.push({ item: `${branchId}/${module.moduleId}`, reason: 'The module has no usable schema.' })
      }
    }
    finishTakeover(this.files, folder, problems, this.#log)
    this.#isTakingOver = false
  }

  /** Each listener hears of it, whatever another one does. */
  #tell<Message>(listeners: ReadonlySet<(message: Message) => void>, message: Message): void {
    for (const listener of listeners) {
      try {
        listener(message)
      } catch (error) {
        this.#log.error('listener-failed', { error })
      }
    }
  }

  #readConfigs(): void {
    this.#branchConfigs = this.files.readBranches()
    this.#moduleConfigs = this.files.readModules()
  }

  #moduleSource(branchId: string, moduleId: string): ModuleSource {
    const module = this.#moduleConfigs.get(moduleId)
    if (!module) throw new AppError('module-not-found', `The module ${moduleId} is not registered in modules.json.`)
    const { schema } = this.files.readSchema(branchId, moduleId, module)
    return {
      moduleId,
      schema,
      objects: module.objects,
      keys: module.keys,
      secretFields: this.files.readSecurity().secretFields,
    }
  }

  #openBranch(branchId: string, force = false): void {
    const config = this.#branchConfigs.get(branchId)!
    const services = this.#opened()
    const hooks: BranchHooks = {
      onEvent: (event) => this.#tell(this.#eventListeners, event),
      onNotice: (notice) => this.#tell(this.#noticeListeners, notice),
      onCommit: (figures) => this.#tell(this.#commitListeners, figures),
    }
    const branch = new OpenBranch({
      branchId,
      config,
      folder: services.prepareBranchFolder(branchId),
      moduleFolder: (moduleId) => this.files.moduleFolder(branchId, moduleId),
      modules: this.#usableModules(branchId, config),
      seeds: (moduleId) =>
        this.#isTakingOver ? undefined : this.files.readSeeds(branchId, moduleId, this.#moduleConfigs.get(moduleId)!),
      sequenceRules: this.files.readSequenceRules(),
      lockedTables: this.files.readSecurity().lockedTables,
      marks: services.marksOf(branchId),
      clock: this.#clock,
      log: this.#log.child({ branchId }),
      serverId: this.serverId,
      hooks,
      checkpointBeside: services.checkpointBeside,
      force,
      services: (context, reseed) => services.ofModule(context, reseed),
    })
    this.#branches.set(branchId, branch)
    this.#away.delete(branchId)
  }

  /** A module whose schema cannot be used is left out and reported; the branch's other modules go on. */
  #usableModules(branchId: string, config: BranchConfig): ModuleSource[] {
    return config.modules.flatMap((moduleId) => {
      try {
        const source = this.#moduleSource(branchId, moduleId)
        parseModule(source, source.schema)
        return [source]
      } catch (error) {
        this.#log.error('module-unusable', { branchId, moduleId, error })
        return []
      }
    })
  }

  /** A damaged branch does not keep the others from opening: it answers with its reason until a backup is restored. */
  #openOrReport(branchId: string): void {
    try {
      this.#openBranch(branchId)
    } catch (error) {
      if (!isAppError(error) || error.code !== 'store-corrupt') throw error
      this.#away.set(branchId, error)
      this.#log.error('branch-damaged', { branchId, error })
    }
  }

  async #closeBranch(branchId: string, reason: AppError): Promise<void> {
    if (this.#moving.has(branchId)) throw new AppError('task-running', 'The schema of the branch is being changed.')
    if (this.#away.get(branchId)?.code === 'store-corrupt') {
      // Damaged at the start: nothing of it is open.
      this.#moving.add(branchId)
      this.#away.set(branchId, reason)
      return
    }
    const branch = this.getBranch(branchId)
    this.#moving.add(branchId)
    this.#away.set(branchId, reason)
    this.#awaySummaries.set(branchId, branch.summary())
    this.#branches.delete(branchId)
    await this.#opened().unwatch(branchId)
    for (const { state } of branch.context.modules.values())
      this.#lastEpochs.set(`${branchId}/${state.moduleId}`, state.row.epoch)
    await branch.close(reason)
  }

  async #reopenBranch(branchId: string): Promise<void> {
    this.#moving.delete(branchId)
    this.#readConfigs()
    this.#openBranch(branchId)
    const branch = this.getBranch(branchId)
    for (const { state } of branch.context.modules.values()) {
      if (this.#lastEpochs.get(`${branchId}/${state.moduleId}`) !== state.row.epoch)
        await this.#reportRestore(branch, state)
    }
    await this.#opened().watch(branch)
  }

  /** The first event of a new epoch: it says where the history forked, and every client resyncs on it. */
  async #reportRestore(branch: OpenBranch, state: ModuleState): Promise<void> {
    const { context } = branch
    await context.commitNotice(() => {
      const event = appendEvent(state, {
        action: 'module:restore',
        fields: { reason: 'restore', parent: { seq: state.row.baseSeq, hash: state.row.baseHash }, restored: [] },
        meta: context.eventMeta('restore'),
        nowMs: this.#clock.now(),
      })
      return { result: undefined, events: [event] }
    }, 'resync')
  }

  #makeFigures(): StoreFigures {
    const sizeOf = (suffix: string): number => {
      let bytes = 0
      for (const branchId of this.#branches.keys()) {
        const path = join(this.files.branchFolder(branchId), 'sqlite', `branch.db${suffix}`)
        if (existsSync(path)) bytes += statSync(path).size
      }
      return bytes
    }
    return {
      onCommit: (listener) => {
        this.#commitListeners.add(listener)
        return () => this.#commitListeners.delete(listener)
      },
      walBytes: () => sizeOf('-wal'),
      databaseBytes: () => sizeOf(''),
      queueDepth: () => [...this.#branches.values()].reduce((sum, branch) => sum + branch.context.queue.depth, 0),
      checks: () => this.#checks(),
    }
  }

  #checks(): { name: string; ok: boolean; reason?: string }[] {
    const checks: { name: string; ok: boolean; reason?: string }[] = []
    for (const branchId of this.#branchConfigs.keys()) {
      const branch = this.#branches.get(branchId)
      const reason = branch
        ? branch.context.queue.refusal?.message
        : (this.#away.get(branchId)?.message ?? 'The branch is not open.')
      checks.push({ name: `database:${branchId}`, ok: reason === undefined, ...(reason !== undefined && { reason }) })
    }
    const isWritable = canWrite(this.#options.dataDir)
    checks.push({
      name: 'data-folder',
      ok: isWritable,
      ...(!isWritable && { reason: 'The data folder cannot be read.' }),
    })
    return checks
  }
}

function canWrite(folder: string): boolean {
  try {
    readdirSync(folder)
    return true
  } catch {
    // The reason is in the check itself.
    return false
  }
}
