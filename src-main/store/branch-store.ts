import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { HOUR_MS } from '../../src-shared/durations.ts'
import { AppError } from '../../src-shared/errors.ts'
import type { JsonObject } from '../../src-shared/json.ts'
import type { BranchSummary } from '../../src-shared/protocol/management.ts'
import type { FullSyncFlag } from '../../src-shared/protocol/records.ts'
import { businessDay, businessDayStart, parseDayStart } from '../lib/branch-time.ts'
import { type Clock, isoTime } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { uuid7 } from '../lib/uuid7.ts'
import type { ArchiveService, BranchStore, ModuleStore, SnapshotFiles } from './api.ts'
import type { BranchContext, ModuleContext } from './branch-context.ts'
import { CommitQueue, type Staged } from './commit/commit-queue.ts'
import type { BranchConfig } from './config-files.ts'
import { completeRotation } from './events/complete-rotation.ts'
import { EventMirror } from './events/event-mirror.ts'
import { type AppendedEvent, appendEvent } from './events/event-writer.ts'
import { importTables } from './import/import-tables.ts'
import type { ModuleState } from './module-state.ts'
import { BranchModuleStore } from './module-store.ts'
import { type ModuleSource, openModule } from './open-module.ts'
import type { MigrationPlan } from './schema/definition.ts'
import { RuleBook } from './sequences/rules.ts'
import { type HighWaterMarks, SequenceBook } from './sequences/sequence-book.ts'
import { SnapshotCache } from './snapshots/snapshot-cache.ts'
import { createBranchTables } from './sqlite/branch-tables.ts'
import { Checkpointer, LAST_RESORT_PAGES } from './sqlite/checkpointer.ts'
import { SqliteConnection } from './sqlite/connection.ts'
import { FlagTable, type StoredFlag } from './sqlite/flag-table.ts'
import { IdempotencyTable } from './sqlite/idempotency-table.ts'
import { fieldColumnName, quoteName } from './sqlite/identifiers.ts'
import { BranchMeta, ModuleRows } from './sqlite/module-rows.ts'
import { needsColumn } from './sqlite/record-ddl.ts'
import { SequenceTables } from './sqlite/sequence-tables.ts'
import { WriteEngine } from './tables/write-engine.ts'
import type { ModuleNotice, StoredEvent } from './types.ts'

export interface BranchOptions {
  branchId: string
  config: BranchConfig
  /** `<data root>/branches/{folder}`. */
  folder: string
  moduleFolder(moduleId: string): string
  modules: ModuleSource[]
  seeds(moduleId: string): JsonObject | undefined
  sequenceRules: JsonObject
  lockedTables: ReadonlySet<string>
  marks: HighWaterMarks
  clock: Clock
  log: Log
  serverId: string
  hooks: BranchHooks
  /** Moves a database's WAL into its file on another thread. */
  checkpointBeside(path: string): Promise<unknown>
  /** Apply schema changes that lose data, once, because a person asked for it. */
  force?: boolean
  /** Makes the services that live on files; wired by open-store.ts. */
  services(context: ModuleContext, reseed: Reseed): { archives: ArchiveService; snapshots: SnapshotFiles }
}

/** Loads the first records of tables again, inside the running transaction; their event has position `seq`. */
export type Reseed = (state: ModuleState, tables: readonly string[], seq: number, nowMs: number) => void

export interface BranchHooks {
  onEvent(event: StoredEvent): void
  onNotice(notice: ModuleNotice): void
  onCommit(figures: { branchId: string; writes: number; seconds: number }): void
}

/** One branch: one database, one queue of commits, and its modules. */
export class OpenBranch implements BranchStore {
  readonly branchId: string
  readonly context: BranchContext
  readonly pendingMigrations = new Map<string, MigrationPlan>()
  readonly #options: BranchOptions
  readonly #stores = new Map<string, BranchModuleStore>()
  readonly #contexts = new Map<string, ModuleContext>()
  readonly #flags: FlagTable
  readonly #meta: BranchMeta
  readonly #connection: SqliteConnection
  readonly #engine: WriteEngine
  readonly #checkpointer: Checkpointer
  #flagList: StoredFlag[]

  constructor(options: BranchOptions) {
    this.#options = options
    this.branchId = options.branchId
    mkdirSync(join(options.folder, 'sqlite'), { recursive: true })
    this.#connection = SqliteConnection.open(join(options.folder, 'sqlite', 'branch.db'), {
      checkpointPages: LAST_RESORT_PAGES,
    })
    const { branchId, log, checkpointBeside } = options
    this.#checkpointer = new Checkpointer({ branchId, connection: this.#connection, log, checkpointBeside })
    try {
      createBranchTables(this.#connection)
      this.#meta = new BranchMeta(this.#connection)
      this.#flags = new FlagTable(this.#connection, options.branchId)
      this.#flagList = this.#flags.list()
      const moduleIds = options.modules.map((module) => module.moduleId)
      const sequenceTables = new SequenceTables(this.#connection)
      const sequences = new SequenceBook(
        sequenceTables,
        new RuleBook(options.sequenceRules, options.branchId),
        options.marks,
        moduleIds,
        (moduleId, table, field, text) => isTaken(this.#contexts.get(moduleId)?.state, table, field, text),
      )
      this.context = this.#makeContext(sequences)
      this.#engine = new WriteEngine({
        serverId: options.serverId,
        sequences,
        sequenceTables,
        idempotency: new IdempotencyTable(this.#connection),
        isTableClosed: (table) => this.#isTableClosed(table),
        sequenceContext: () => this.context.sequenceContext(),
      })
      for (const source of options.modules) this.#openModule(source)
    } catch (error) {
      this.#connection.close()
      throw error
    }
  }

  get label(): string {
    return this.#options.config.label
  }

  get timeZone(): string {
    return this.#options.config.timeZone
  }

  get isLegacyAllowed(): boolean {
    return this.#options.config.legacyClients
  }

  get isOpenLan(): boolean {
    return this.#options.config.openLan
  }

  moduleIds(): string[] {
    return [...this.#stores.keys()]
  }

  getModule(moduleId?: string): ModuleStore {
    if (moduleId === undefined || moduleId === '') {
      const [only, second] = this.#stores.values()
      if (only && !second) return only
      throw new AppError('missing-module-id', 'The request names no module and the branch has more than one.')
    }
    const store = this.#stores.get(moduleId)
    if (store) return store
    throw new AppError('module-not-found', `The branch ${this.branchId} has no module "${moduleId.slice(0, 64)}".`, {
      details: { branchId: this.branchId, moduleId: moduleId.slice(0, 64) },
    })
  }

  attachModule(source: ModuleSource): void {
    this.context.sequences.addModule(source.moduleId)
    this.#openModule(source)
  }

  /** The module as services of the store see it; undefined when the branch lacks it. */
  findContext(moduleId: string): ModuleContext | undefined {
    return this.#contexts.get(moduleId)
  }

  summary(): BranchSummary {
    const { label, labels, timeZone, dayStart } = this.#options.config
    return {
      branchId: this.branchId,
      label,
      ...(labels && { labels }),
      timeZone,
      dayStart,
      modules: [...this.#contexts.values()].map(({ state }) => ({
        moduleId: state.moduleId,
        version: state.head.seq,
        epoch: state.row.epoch,
        records: state.totalCount(),
        events: state.head.seq - state.row.trimmedSeq,
        lastEventAt: state.head.lastEventAt,
      })),
    }
  }

  fullSyncFlags(moduleId?: string): FullSyncFlag[] {
    const flags = this.#flagList.map((stored) => stored.flag)
    return moduleId === undefined ? flags : flags.filter((flag) => flag.moduleId === moduleId || flag.moduleId === '*')
  }

  async setFullSyncFlag(input: Parameters<BranchStore['setFullSyncFlag']>[0]): Promise<FullSyncFlag> {
    if (input.moduleId !== '*') this.getModule(input.moduleId)
    const { clock, queue } = this.context
    const stored = await queue.run(() => {
      // From the table: another flag of the same group may not be in the list yet.
      const known = this.#flags.list().find((entry) => entry.flag.moduleId === input.moduleId)
      const by = input.requestedBy ?? null
      const positions = Object.fromEntries(
        [...this.#contexts].map(([id, { state }]) => [id, (state.staged ?? state.head).seq]),
      )
      const entry: StoredFlag = {
        flag: {
          id: known?.flag.id ?? `fsync-${uuid7(clock.now())}`,
          branchId: this.branchId,
          moduleId: input.moduleId,
          enabled: input.isEnabled,
          reason: input.reason ?? known?.flag.reason ?? null,
          requestedBy: input.isEnabled ? by : (known?.flag.requestedBy ?? null),
          updatedAt: isoTime(clock.now()),
          meta: input.meta ?? known?.flag.meta ?? {},
          clearedBy: input.isEnabled ? null : by,
        },
        positions,
      }
      this.#flags.set(entry)
      return entry
    })
    this.#flagList = this.#flags.list()
    const notice = {
      branchId: this.branchId,
      moduleId: input.moduleId,
      event: null,
      directive: 'full-sync-flag',
    } as const
    this.#options.hooks.onNotice(notice)
    return stored.flag
  }

  /** Finishes accepted writes, then closes the files. */
  async close(reason: AppError): Promise<void> {
    await this.context.queue.stop(reason)
    await this.#checkpointer.stop()
    for (const { mirror } of this.#contexts.values()) {
      await mirror.flush()
    }
    for (const store of this.#stores.values()) {
      this.#contexts.get(store.moduleId)!.mirror.writeMeta(store.eventLogMeta())
    }
    if (this.context.queue.refusal?.code !== 'store-corrupt') this.#checkpointQuietly()
    this.#connection.close()
  }

  #checkpointQuietly(): void {
    try {
      this.#connection.checkpoint()
    } catch (error) {
      // The WAL stays and is read at the next opening: nothing is lost by a checkpoint that fails.
      this.#options.log.warn('checkpoint-failed', { branchId: this.branchId, error })
    }
  }

  #openModule(source: ModuleSource): void {
    const { log, clock } = this.#options
    const opened = openModule(this.#connection, this.branchId, source, {
      today: this.context.today(),
      nowMs: clock.now(),
      log,
      force: this.#options.force ?? false,
    })
    const { state } = opened
    if (opened.pending) this.pendingMigrations.set(source.moduleId, opened.pending)
    this.#seedOnce(state)
    const folder = this.#options.moduleFolder(source.moduleId)
    const mirror = new EventMirror(folder, this.branchId, source.moduleId, log)
    completeRotation({
      branchId: this.branchId,
      moduleId: source.moduleId,
      folder,
      events: state.events,
      liveFrom: state.row.liveFrom,
      dayOf: (iso) => businessDay(Date.parse(iso), this.timeZone, this.context.dayStartMinutes),
    })
    mirror.open(state.events, state.row.liveFrom, state.head.seq)
    const dayStart = (day: string): string =>
      isoTime(businessDayStart(day, this.timeZone, this.context.dayStartMinutes))
    const snapshots = new SnapshotCache(state, () => this.context.today(), dayStart)
    const context: ModuleContext = { branch: this.context, state, snapshots, mirror, folder }
    this.#contexts.set(source.moduleId, context)
    const services = this.#options.services(context, (target, tables, seq, nowMs) =>
      this.#reseed(target, tables, seq, nowMs),
    )
    this.#stores.set(
      source.moduleId,
      new BranchModuleStore(context, {
        engine: this.#engine,
        ...services,
        publish: ({ events }) => this.#publish(events),
        flagPositions: (moduleId) => this.#flagPositions(moduleId),
        isTableClosed: (table) => this.#isTableClosed(table),
      }),
    )
  }

  /** A table is seeded once, ever; only an explicit reset does it again. */
  #seedOnce(state: ModuleState): void {
    const seeds = this.#options.seeds(state.moduleId)
    if (!seeds) return
    const seeded = this.#meta.seededTables(state.moduleId)
    const fresh: JsonObject = {}
    for (const [name, content] of Object.entries(seeds)) {
      const table = findTable(state, name)
      if (!table) {
        this.#options.log.warn('seed-table-unknown', { branchId: this.branchId, moduleId: state.moduleId, table: name })
      } else if (!seeded.has(table) && state.count(table) === 0) fresh[table] = content
    }
    if (Object.keys(fresh).length === 0) return
    this.#connection.transaction(() => this.#importSeeds(state, fresh, this.#options.clock.now()))
    state.head = state.staged!
    state.staged = undefined
    state.forgetCounts(state.head.seq)
  }

  #importSeeds(state: ModuleState, tables: JsonObject, nowMs: number): void {
    const seq = state.head.seq + 1
    const counts = importTables(state, tables, { nowMs, mode: 'seed', seq })
    const at = isoTime(nowMs)
    for (const { table, records } of counts) this.#meta.markSeeded(state.moduleId, table, at, records)
    appendEvent(state, {
      action: 'module:import',
      fields: { reason: 'seed', tables: counts.map(({ table, records }) => ({ table, records })) },
      meta: this.context.eventMeta('seed'),
      nowMs,
    })
    state.row.snapshotFloor = seq
    this.context.saveModuleRow(state)
  }

  #reseed(state: ModuleState, tables: readonly string[], seq: number, nowMs: number): void {
    const seeds = this.#options.seeds(state.moduleId) ?? {}
    const chosen: JsonObject = {}
    for (const [name, content] of Object.entries(seeds)) {
      const table = findTable(state, name)
      if (table && tables.includes(table)) chosen[table] = content
    }
    importTables(state, chosen, { nowMs, mode: 'seed', seq })
  }

  #isTableClosed(table: string): boolean {
    return this.#options.lockedTables.size > 0 && this.#options.lockedTables.has(table.toLowerCase())
  }

  #flagPositions(moduleId: string): { seq: number }[] {
    return this.#flagList
      .filter(({ flag }) => flag.enabled && (flag.moduleId === moduleId || flag.moduleId === '*'))
      .map(({ positions }) => ({ seq: positions[moduleId] ?? 0 }))
  }

  #publish(events: AppendedEvent[]): void {
    for (const { event, line, module } of events) {
      this.#contexts.get(module.moduleId)!.mirror.append(event.seq, line)
      this.#options.hooks.onEvent(event)
    }
  }

  #publishNotices(events: AppendedEvent[], directive: ModuleNotice['directive']): void {
    for (const { event, line, module } of events) {
      this.#contexts.get(module.moduleId)!.mirror.append(event.seq, line)
      this.#options.hooks.onNotice({ branchId: this.branchId, moduleId: module.moduleId, event, directive })
    }
  }

  #makeContext(sequences: SequenceBook): BranchContext {
    const { branchId, serverId, folder, config, clock, log, hooks } = this.#options
    const connection = this.#connection
    const dayStartMinutes = parseDayStart(config.dayStart) ?? 0
    const contexts = this.#contexts
    const queue = new CommitQueue(connection, stagedHeads(contexts), {
      onCommit: (figures) => {
        this.#checkpointer.noteCommit()
        hooks.onCommit({ branchId, ...figures })
      },
      onFault: (error) => log.error('commit-listener-failed', { branchId, error }),
    })
    const rows = new ModuleRows(connection)
    const today = dayCache(clock, config.timeZone, dayStartMinutes)
    return {
      branchId,
      serverId,
      folder,
      timeZone: config.timeZone,
      dayStartMinutes,
      clock,
      log,
      connection,
      queue,
      sequences,
      modules: contexts,
      today,
      sequenceContext: () => ({ branchId, nowMs: clock.now(), day: today() }),
      eventMeta: (source, extra) => ({ serverId, source, ...extra }),
      commitNotice: (work, directive) =>
        new Promise((resolve, reject) =>
          queue.submit({
            run: work,
            applied: ({ events }) => {
              for (const { event, module } of events) {
                if (directive) module.forgetCounts(event.seq)
                else module.noteEvent(event)
              }
            },
            committed: ({ result, events }) => {
              if (directive) this.#publishNotices(events, directive)
              else this.#publish(events)
              resolve(result)
            },
            failed: reject,
          }),
        ),
      saveModuleRow: (state) => rows.save(state.moduleId, state.row),
    }
  }
}

/** Looked up by key or index only: a field that has neither is not searched. */
function isTaken(state: ModuleState | undefined, table: string, field: string, text: string): boolean {
  const definition = state?.definition.tables.get(table)
  const column = definition?.fieldByName.get(field)
  if (!state || !definition || !column) return false
  const records = state.records(table)
  if (column.primaryKey && definition.primaryKey.length === 1) {
    return records.find(text) !== undefined || state.events.findTombstone(table, text) !== undefined
  }
  if (!needsColumn(definition, column)) return false
  const name = quoteName(fieldColumnName(field))
  return records.statement(`SELECT 1 FROM %t WHERE ${name} = ? LIMIT 1`).get(text) !== undefined
}

function findTable(state: ModuleState, name: string): string | undefined {
  try {
    return state.resolveTable(name).name
  } catch (error) {
    if (error instanceof AppError) return undefined
    throw error
  }
}

/** The business day, worked out again only when the instant leaves the day that was found. */
function dayCache(clock: Clock, timeZone: string, dayStartMinutes: number): () => string {
  let day = ''
  let from = 0
  let until = 0
  return () => {
    const now = clock.now()
    if (now < from || now >= until) {
      day = businessDay(now, timeZone, dayStartMinutes)
      from = businessDayStart(day, timeZone, dayStartMinutes)
      // Checked again every hour: cheap, and right through a change of summer time.
      until = Math.min(from + 23 * HOUR_MS, now + HOUR_MS)
      from = Math.max(from, now - HOUR_MS)
      if (now >= until) until = now + 1
    }
    return day
  }
}

/** Ends of logs and module rows inside a running group commit: taken at each savepoint, put back when a job fails. */
function stagedHeads(contexts: ReadonlyMap<string, ModuleContext>): Staged {
  type Copy = { state: ModuleState; staged: ModuleState['staged']; row: ModuleState['row'] }
  const copy = (): Copy[] =>
    Array.from(contexts.values(), ({ state }) => ({ state, staged: state.staged, row: { ...state.row } }))
  const putBack = (copies: Copy[]): void => {
    for (const { state, staged, row } of copies) {
      state.staged = staged
      Object.assign(state.row, row)
    }
  }
  let groupStart: Copy[] | undefined
  return {
    mark() {
      const before = copy()
      groupStart ??= before
      return () => putBack(before)
    },
    hold() {
      for (const { state } of contexts.values()) state.events.hold()
    },
    settle() {
      for (const { state } of contexts.values()) state.events.settle()
    },
    install() {
      groupStart = undefined
      for (const { state } of contexts.values()) {
        if (!state.staged) continue
        state.head = state.staged
        state.staged = undefined
      }
    },
    discard() {
      for (const { state } of contexts.values()) state.events.discard()
      if (groupStart) putBack(groupStart)
      groupStart = undefined
    },
  }
}
