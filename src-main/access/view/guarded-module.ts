import type { JsonObject } from '../../../src-shared/json.ts'
import type { TableSummary } from '../../../src-shared/protocol/management.ts'
import type { ArchiveService, ModuleStore, SequenceService, SnapshotBuffers, SnapshotFiles } from '../../store/api.ts'
import type { ModuleDefinition, TableDefinition } from '../../store/schema/definition.ts'
import type {
  Delta,
  DeltaRequest,
  ListPage,
  ListQuery,
  RecordPass,
  RecordView,
  StoredEvent,
  WriteCommand,
  WriteResult,
} from '../../store/types.ts'
import type { TableAction } from '../roles/permissions.ts'
import { type ModuleRights, TABLE_ACTIONS, type TableRights } from '../rules/module-rights.ts'
import { denied } from './denial.ts'
import { EventView, readSeenEvents } from './event-view.ts'
import { guardedDelta } from './guarded-delta.ts'
import { guardedList, guardedTranslations, SnapshotViews } from './guarded-reads.ts'
import { type GuardedCommand, guardCommand, guardError, guardResult } from './guarded-writes.ts'
import { RecordViews, seesAll } from './record-view.ts'

/**
 * A module as one caller (or several with the same rights) may see and change it. Everything that reads or writes records
 * goes through here, whatever door it came by: REST, sockets, snapshots, deltas, events, orders, archives.
 *
 * A table without permission is refused when it is named and empty in what covers the whole module; a record that a rule
 * hides is not there; a hidden field is absent under all its spellings, and cannot be searched or sorted by.
 * Source: docs/rules.md.
 */
export class GuardedModule implements ModuleStore {
  readonly branchId: string
  readonly moduleId: string
  readonly definition: ModuleDefinition
  readonly archives: ArchiveService
  readonly snapshots: SnapshotFiles
  readonly sequences: SequenceService
  readonly rights: ModuleRights
  readonly eventView: EventView
  readonly #module: ModuleStore
  readonly #views: RecordViews
  readonly #snapshotViews: SnapshotViews

  constructor(module: ModuleStore, rights: ModuleRights) {
    this.#module = module
    this.rights = rights
    this.branchId = module.branchId
    this.moduleId = module.moduleId
    this.definition = module.definition
    this.#views = new RecordViews(rights)
    this.#snapshotViews = new SnapshotViews(this.#views)
    this.eventView = new EventView(this.#views)
    const pass: RecordPass = (table, text) =>
      module.definition.tables.has(table) ? this.#views.textOf(table, text) : undefined
    this.archives = guardArchives(module.archives, pass)
    this.snapshots = guardSnapshots(module.snapshots, pass)
    this.sequences = this.#guardSequences(module.sequences)
  }

  head(): ReturnType<ModuleStore['head']> {
    return this.#module.head()
  }

  resolveTable(name: string): TableDefinition {
    return this.#module.resolveTable(name)
  }

  listTables(): TableSummary[] {
    return this.#module.listTables().flatMap((summary) => {
      const rights = this.rights.of(summary.name)
      if (TABLE_ACTIONS.every((action) => rights.words[action] === undefined)) return []
      const count = rights.words.read === undefined ? 0 : this.count(summary.name)
      return [{ ...summary, count, fields: summary.fields.filter(({ name }) => !rights.hidden.has(name)) }]
    })
  }

  write(command: WriteCommand, onCommitted: (result: WriteResult) => void, onFailed: (error: unknown) => void): void {
    const fail = (error: unknown): void => onFailed(guardError(this.#module, this.#views, error))
    let guarded: GuardedCommand
    try {
      guarded = guardCommand(this.#module, this.#views, command)
    } catch (error) {
      fail(error)
      return
    }
    const { command: allowed, records } = guarded
    const tell = (result: WriteResult): void => onCommitted(guardResult(this.#module, this.#views, result, records))
    this.#module.write(allowed, tell, fail)
  }

  writeAsync(command: WriteCommand): Promise<WriteResult> {
    return new Promise((resolve, reject) => this.write(command, resolve, reject))
  }

  find(table: string, key: string): RecordView | undefined {
    const { name } = this.#allow(table, 'read').table
    const found = this.#module.find(name, key)
    const text = found && this.#views.textOf(name, found.text)
    return text === undefined ? undefined : { ...found!, text }
  }

  list(table: string, query: ListQuery): ListPage {
    return guardedList(this.#module, this.#views, this.#allow(table, 'read'), query)
  }

  listRecords(table: string, query: ListQuery): JsonObject[] {
    return this.list(table, query).recordTexts.map((text) => JSON.parse(text) as JsonObject)
  }

  count(table: string): number {
    const { name } = this.#allow(table, 'read').table
    return this.#module.count(name, this.#views.visibleOf(name))
  }

  translations(language: string, fallback?: string): ReturnType<ModuleStore['translations']> {
    return guardedTranslations(this.#module, this.#views, language, fallback)
  }

  snapshot(): SnapshotBuffers {
    return this.#snapshotViews.of(this.#module.snapshot())
  }

  delta(request: DeltaRequest): Delta {
    return guardedDelta(this.#module, this.#views, request)
  }

  readEvents(afterSeq: number, limit: number): StoredEvent[] {
    return readSeenEvents(this.#module, this.eventView, afterSeq, limit)
  }

  findEvent(eventId: string): StoredEvent | undefined {
    const event = this.#module.findEvent(eventId)
    return event && this.eventView.of(event)
  }

  eventLogMeta(): JsonObject {
    const meta = this.#module.eventLogMeta()
    const cursors = Object.entries((meta.tableCursors ?? {}) as JsonObject).filter(([table]) => {
      const rights = this.definition.tables.has(table) ? this.rights.of(table) : undefined
      return rights !== undefined && rights.words.read !== undefined && rights.rows.read.length === 0
    })
    return { ...meta, tableCursors: Object.fromEntries(cursors) }
  }

  verifyChain(): { events: number; headHash: string } {
    return this.#module.verifyChain()
  }

  /** Replaces whole tables, whatever is in them: only for who may see and change all of it. */
  async importSnapshot(input: Parameters<ModuleStore['importSnapshot']>[0]): Promise<StoredEvent> {
    for (const name of Object.keys(input.tables)) {
      for (const action of TABLE_ACTIONS) {
        const rights = this.#allow(name, action)
        const rule = rights.rows[action][0]?.rule ?? rights.writable[0]?.rule
        if (rule !== undefined || !seesAll(rights)) throw denied(this.rights, rights.table.name, action, rule)
      }
    }
    return this.eventView.of(await this.#module.importSnapshot(input))!
  }

  /** @throws AppError `table-not-found`, `forbidden`. */
  #allow(table: string, action: TableAction): TableRights {
    const rights = this.rights.of(this.#module.resolveTable(table).name)
    if (rights.words[action] === undefined) throw denied(this.rights, rights.table.name, action)
    return rights
  }

  #guardSequences(sequences: SequenceService): SequenceService {
    const isRead = (table: string): boolean =>
      this.definition.tables.has(table) && this.rights.of(table).words.read !== undefined
    return {
      list: () => sequences.list().filter(({ table }) => isRead(table)),
      gaps: (query) => {
        if (query.table !== undefined) this.#allow(query.table, 'read')
        const { gaps } = sequences.gaps(query)
        const seen = gaps.filter(({ table }) => isRead(table))
        return { gaps: seen, total: seen.length }
      },
      allocate: async (input) => {
        this.#allow(input.table, 'insert')
        return sequences.allocate(input)
      },
      lease: async (input) => {
        this.#allow(input.table, 'insert')
        return sequences.lease(input)
      },
      skip: (input) => sequences.skip(input),
      setRule: (input) => sequences.setRule(input),
      preview: (rule) => sequences.preview(rule),
    }
  }
}

function guardArchives(archives: ArchiveService, pass: RecordPass): ArchiveService {
  return {
    previewPurge: (tables) => archives.previewPurge(tables),
    purge: (input) => archives.purge(input),
    listHistory: () => archives.listHistory().map(withoutSamples),
    getHistory: (entryId) => {
      const { summary, entry } = archives.getHistory(entryId, pass)
      return { summary: withoutSamples(summary), entry }
    },
    restoreHistory: (input) => archives.restoreHistory(input),
    reset: (input) => archives.reset(input),
  }
}

/** The samples name records, whoever may see them. */
function withoutSamples(summary: ReturnType<ArchiveService['listHistory']>[number]): typeof summary {
  return { ...summary, tables: summary.tables.map((table) => ({ ...table, sample: [] })) }
}

function guardSnapshots(snapshots: SnapshotFiles, pass: RecordPass): SnapshotFiles {
  return {
    list: () => snapshots.list(),
    take: (input) => snapshots.take(input),
    get: (snapshotId) => snapshots.get(snapshotId),
    readPublicLines: (snapshotId) => snapshots.readPublicLines(snapshotId, pass),
    restore: (snapshotId, input) => snapshots.restore(snapshotId, input),
    remove: (snapshotId) => snapshots.remove(snapshotId),
  }
}

/** Whether anything of the table may be read. @param table - Canonical name. */
export function mayRead(module: ModuleStore, table: string): boolean {
  return !(module instanceof GuardedModule) || module.rights.of(table).words.read !== undefined
}

/** How events of the module are seen; null when they are seen as they are. */
export function eventViewOf(module: ModuleStore): EventView | null {
  return module instanceof GuardedModule ? module.eventView : null
}

/** The rights that a module was handed out with; undefined for the module itself. */
export function rightsOf(module: ModuleStore): ModuleRights | undefined {
  return module instanceof GuardedModule ? module.rights : undefined
}
