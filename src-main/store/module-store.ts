import { AppError } from '../../src-shared/errors.ts'
import { parseRecordId } from '../../src-shared/ids.ts'
import type { JsonObject, JsonValue } from '../../src-shared/json.ts'
import type { SequenceRule, TableSummary } from '../../src-shared/protocol/management.ts'
import type { ArchiveService, ModuleStore, SequenceService, SnapshotBuffers, SnapshotFiles } from './api.ts'
import type { ModuleContext } from './branch-context.ts'
import { CHAIN_START, chainHash, eventLineHead, toStoredEvent } from './events/event-line.ts'
import { appendEvent } from './events/event-writer.ts'
import { importTables } from './import/import-tables.ts'
import type { ModuleDefinition, TableDefinition } from './schema/definition.ts'
import { parseRule } from './sequences/rules.ts'
import type { EventRow } from './sqlite/event-table.ts'
import { type FlagPosition, readDelta } from './sync/read-delta.ts'
import { countVisible, readPage } from './tables/list-query.ts'
import { readTranslations } from './tables/translations.ts'
import { type Executed, isSealed, type WriteEngine } from './tables/write-engine.ts'
import type {
  Delta,
  DeltaRequest,
  ListPage,
  ListQuery,
  RecordView,
  StoredEvent,
  VisibleRecords,
  WriteCommand,
  WriteResult,
} from './types.ts'

export interface ModuleServices {
  engine: WriteEngine
  archives: ArchiveService
  snapshots: SnapshotFiles
  /** Hands committed events to the mirror, the caches and the listeners. */
  publish(executed: Executed): void
  flagPositions(moduleId: string): FlagPosition[]
  isTableClosed(table: string): boolean
}

/** The public face of one module of one branch. */
export class BranchModuleStore implements ModuleStore {
  readonly branchId: string
  readonly moduleId: string
  readonly definition: ModuleDefinition
  readonly archives: ArchiveService
  readonly snapshots: SnapshotFiles
  readonly sequences: SequenceService
  readonly #context: ModuleContext
  readonly #services: ModuleServices

  constructor(context: ModuleContext, services: ModuleServices) {
    this.#context = context
    this.#services = services
    this.branchId = context.state.branchId
    this.moduleId = context.state.moduleId
    this.definition = context.state.definition
    this.archives = services.archives
    this.snapshots = services.snapshots
    this.sequences = new ModuleSequences(context)
  }

  head(): ReturnType<ModuleStore['head']> {
    const { head, row } = this.#context.state
    return { epoch: row.epoch, seq: head.seq, lastEventId: head.lastEventId, lastEventAt: head.lastEventAt }
  }

  resolveTable(name: string): TableDefinition {
    const table = this.#context.state.resolveTable(name)
    if (this.#services.isTableClosed(table.name))
      throw new AppError('table-locked', `The table ${table.name} is locked.`)
    return table
  }

  listTables(): TableSummary[] {
    return [...this.definition.tables.values()].map((table) => ({
      name: table.name,
      label: table.label,
      kind: table.kind,
      count: this.#context.state.count(table.name),
      isSingleton: table.isSingleton,
      primaryKey: table.primaryKey,
      fields: table.fields.map((field) => ({ name: field.name, type: field.type, isSecret: field.secret })),
    }))
  }

  write(command: WriteCommand, onCommitted: (result: WriteResult) => void, onFailed: (error: unknown) => void): void {
    const { engine, publish } = this.#services
    this.#context.branch.queue.submit<Executed>({
      run: () => engine.execute(this.#context.state, command),
      isRepeatable: true,
      applied: ({ events }) => {
        for (const { event, module } of events) module.noteEvent(event)
      },
      committed: (executed) => {
        // A listener that throws costs its own sender the answer, and nobody the event.
        try {
          onCommitted(executed.result)
        } finally {
          publish(executed)
        }
      },
      failed: onFailed,
    })
  }

  writeAsync(command: WriteCommand): Promise<WriteResult> {
    return new Promise((resolve, reject) => this.write(command, resolve, reject))
  }

  find(table: string, key: string): RecordView | undefined {
    const definition = this.resolveTable(table)
    const records = this.#context.state.records(definition.name)
    const row = records
      .statement(
        `SELECT id, seq, version, created_at AS createdAt, updated_at AS updatedAt, ${records.publicDoc} AS text FROM %t WHERE id = ?`,
      )
      .get(parseRecordId(key)) as (Omit<RecordView, 'key'> & { id: string }) | undefined
    return (
      row && {
        key: row.id,
        seq: row.seq,
        version: row.version,
        createdAt: row.createdAt,
        updatedAt: row.updatedAt,
        text: row.text,
      }
    )
  }

  list(table: string, query: ListQuery): ListPage {
    return readPage(this.#context.state.records(this.resolveTable(table).name), query)
  }

  listRecords(table: string, query: ListQuery): JsonObject[] {
    return this.list(table, query).recordTexts.map((text) => JSON.parse(text) as JsonObject)
  }

  count(table: string, visible?: VisibleRecords): number {
    const { name } = this.resolveTable(table)
    return visible ? countVisible(this.#context.state.records(name), visible) : this.#context.state.count(name)
  }

  translations(language: string, fallback?: string): Map<string, Map<string, Record<string, JsonValue>>> {
    return readTranslations(this.#context.state, language, fallback)
  }

  snapshot(): SnapshotBuffers {
    const buffers = this.#context.snapshots.get()
    const { isTableClosed } = this.#services
    if (!buffers.tables.some((table) => isTableClosed(table.name))) return buffers
    return {
      ...buffers,
      tables: buffers.tables.map((table) =>
        isTableClosed(table.name) ? { ...table, chunks: emptyChunks(table), bytes: 2, records: 0 } : table,
      ),
    }
  }

  delta(request: DeltaRequest): Delta {
    const delta = readDelta(this.#context.state, request, this.#services.flagPositions(this.moduleId))
    for (const name of Object.keys(delta.tables)) if (this.#services.isTableClosed(name)) delete delta.tables[name]
    return delta
  }

  readEvents(afterSeq: number, limit: number): StoredEvent[] {
    const { state } = this.#context
    const rows = state.events.readAfter(Math.max(afterSeq, state.row.trimmedSeq), Math.min(Math.max(limit, 1), 1000))
    return rows.map((row) => this.#toPublicEvent(row))
  }

  findEvent(eventId: string): StoredEvent | undefined {
    const row = this.#context.state.events.findById(eventId)
    return row && this.#toPublicEvent(row)
  }

  /** Events from before a table was closed keep their place in the log, without their record. */
  #toPublicEvent(row: EventRow): StoredEvent {
    const event = toStoredEvent(row, this.branchId, this.moduleId, this.definition.tables)
    return event.table !== null && this.#services.isTableClosed(event.table) ? { ...event, recordText: null } : event
  }

  /** The specification's event metadata, as it also stands in live/events.meta.json. */
  eventLogMeta(): JsonObject {
    const { state } = this.#context
    const { head, row } = state
    const tableCursors: JsonObject = {}
    for (const event of state.events.readBefore(head.seq, 200)) {
      if (event.tbl === null || event.key === null || tableCursors[event.tbl]) continue
      tableCursors[event.tbl] = {
        id: event.key,
        key: event.key,
        eventId: event.id,
        sequence: event.seq,
        updatedAt: event.at,
      }
    }
    return {
      branchId: this.branchId,
      moduleId: this.moduleId,
      epoch: row.epoch,
      liveCreatedAt: state.events.findBySeq(row.liveFrom)?.at ?? head.lastEventAt,
      currentDay: row.liveDay,
      lastEventId: head.lastEventId,
      lastEventAt: head.lastEventAt,
      lastAckId: head.lastEventId,
      totalEvents: head.seq,
      updatedAt: head.lastEventAt,
      tableCursors,
    }
  }

  /** Recomputes every link from the oldest event that is kept. Costs a read of the whole log. */
  verifyChain(): { events: number; headHash: string } {
    const { state } = this.#context
    let previous = state.row.trimmedSeq === 0 ? CHAIN_START : state.row.trimmedHash
    let seq = state.row.trimmedSeq
    let events = 0
    for (;;) {
      const rows = state.events.readAfter(seq, 1000)
      if (rows.length === 0) break
      for (const row of rows) {
        const expected = chainHash(previous, eventLineHead(row, this.branchId, this.moduleId))
        if (row.seq !== seq + 1 || row.hash !== expected || (row.private !== null && !isSealed(row.private))) {
          throw new AppError('chain-broken', `The event log is damaged at position ${row.seq}.`, {
            details: { branchId: this.branchId, moduleId: this.moduleId, position: row.seq },
          })
        }
        previous = row.hash
        seq = row.seq
        events++
      }
    }
    if (previous !== state.head.hash) throw new AppError('chain-broken', 'The end of the event log is missing.')
    return { events, headHash: previous }
  }

  importSnapshot(input: Parameters<ModuleStore['importSnapshot']>[0]): Promise<StoredEvent> {
    const { state, branch } = this.#context
    return branch.commitNotice(() => {
      const now = branch.clock.now()
      for (const name of Object.keys(input.tables)) this.resolveTable(name)
      const counts = importTables(state, input.tables, {
        nowMs: now,
        mode: 'replace',
        seq: (state.staged ?? state.head).seq + 1,
      })
      const appended = appendEvent(state, {
        action: 'module:import',
        fields: {
          tables: counts as unknown as JsonValue,
          reason: input.reason ?? 'snapshot-import',
          requestedBy: input.requestedBy ?? null,
        },
        meta: branch.eventMeta('sync-import'),
        nowMs: now,
      })
      state.row.snapshotFloor = appended.event.seq
      branch.saveModuleRow(state)
      return { result: appended.event, events: [appended] }
    }, 'resync')
  }
}

function emptyChunks({ isSingleton }: { isSingleton: boolean }): Buffer[] {
  return isSingleton ? [Buffer.from('{}')] : []
}

/** Sequences of one module; each change is a job of the group commit. */
class ModuleSequences implements SequenceService {
  readonly #context: ModuleContext

  constructor(context: ModuleContext) {
    this.#context = context
  }

  list(): ReturnType<SequenceService['list']> {
    const { branch, state } = this.#context
    return branch.sequences.list(state.moduleId, branch.sequenceContext())
  }

  gaps(query: Parameters<SequenceService['gaps']>[0]): ReturnType<SequenceService['gaps']> {
    const { branch, state } = this.#context
    return branch.sequences.gaps(state.moduleId, query)
  }

  async allocate(input: Parameters<SequenceService['allocate']>[0]): ReturnType<SequenceService['allocate']> {
    const { branch, state } = this.#context
    const table = state.resolveTable(input.table).name
    return branch.queue.run(() =>
      branch.sequences.allocate(state.moduleId, { ...input, table }, branch.sequenceContext()),
    )
  }

  async lease(input: Parameters<SequenceService['lease']>[0]): ReturnType<SequenceService['lease']> {
    const { branch, state } = this.#context
    const table = state.resolveTable(input.table).name
    if (!Number.isSafeInteger(input.size) || input.size < 1 || input.size > 1000) {
      throw new AppError('invalid-request', 'A lease holds 1 to 1000 numbers.')
    }
    return branch.queue.run(() => branch.sequences.lease(state.moduleId, { ...input, table }, branch.sequenceContext()))
  }

  async skip(input: Parameters<SequenceService['skip']>[0]): ReturnType<SequenceService['skip']> {
    const { branch, state } = this.#context
    const table = state.resolveTable(input.table).name
    if (!Number.isSafeInteger(input.to))
      throw new AppError('invalid-request', 'The number to skip to must be a whole number.')
    const { field, to, requestedBy } = input
    await branch.queue.run(() =>
      branch.sequences.skipTo(state.moduleId, table, field, to, 'skip', branch.sequenceContext(), requestedBy),
    )
    return this.#summary(table, field)
  }

  async setRule(input: Parameters<SequenceService['setRule']>[0]): ReturnType<SequenceService['setRule']> {
    const { branch, state } = this.#context
    const table = state.resolveTable(input.table)
    const rule = parseRule(input.rule)
    if (!table.fieldByName.has(input.field) && !table.additionalFields) {
      throw new AppError('invalid-request', `The table ${table.name} has no field "${input.field}".`)
    }
    await branch.queue.run(() =>
      branch.sequences.storeRule(state.moduleId, table.name, input.field, rule, branch.clock.now()),
    )
    branch.sequences.adoptRule(state.moduleId, table.name, input.field, rule)
    return this.#summary(table.name, input.field)
  }

  preview(rule: SequenceRule): string[] {
    const { branch } = this.#context
    return branch.sequences.preview(parseRule(rule), branch.sequenceContext())
  }

  #summary(table: string, field: string): ReturnType<SequenceService['list']>[number] {
    return this.list().find((entry) => entry.table === table && entry.field === field)!
  }
}
