import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAppError } from '../../../src-shared/errors.ts'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import type { EventAction } from '../../../src-shared/protocol/records.ts'
import { isoTime } from '../../lib/clock.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import type { Progress } from '../api.ts'
import type { ModuleContext } from '../branch-context.ts'
import { type AppendedEvent, appendEvent } from '../events/event-writer.ts'
import type { ModuleState } from '../module-state.ts'
import type { TableDefinition } from '../schema/definition.ts'
import { ModuleReader } from '../sqlite/module-reader.ts'
import type { StoredEvent } from '../types.ts'
import type { ArchiveHead } from './archive-file.ts'
import { type ArchiveIdentity, captureTables, captureTablesSync } from './capture.ts'
import { fileTime } from './durable-file.ts'

export interface ClearRequest {
  type: 'purge' | 'reset'
  action: EventAction
  source: string
  tables: readonly TableDefinition[]
  reason: string | null
  requestedBy: string | null
  /** An event is written even when there was nothing to remove. */
  alwaysReports: boolean
  /** Inside the transaction, before anything is removed: throws to refuse. */
  check?: (state: ModuleState) => void
  /** Inside the transaction, after the removal, before the event: its position is `seq`. */
  refill?: (state: ModuleState, seq: number, nowMs: number) => void
  /** What the event carries besides tables and totals. */
  fields: JsonObject
  onProgress?: Progress | undefined
}

export interface Cleared {
  removed: { table: string; removed: number }[]
  total: number
  archive: ArchiveHead | null
  event: StoredEvent | null
}

/** Attempts to archive beside the writer before the archive is made inside the transaction. */
const QUIET_ATTEMPTS = 3

/**
 * Archives whole tables, then removes their records in one transaction.
 *
 *   reader   BEGIN ─ archive at position p ─ fsync ─ rename
 *   writer   … writes go on …                          job: anything in these tables after p? ─► no: bury, delete, event
 *                                                                                             └► yes: archive again
 *
 * The archive holds exactly what is removed: it counts only when nothing changed in the tables since its moment. Under
 * steady writing the last attempt archives inside the transaction, which holds the writers for as long as it takes.
 * The archive is on disk, whole, before the first record goes.
 */
export class TableClearing {
  readonly #context: ModuleContext

  constructor(context: ModuleContext) {
    this.#context = context
  }

  async clear(request: ClearRequest): Promise<Cleared> {
    for (let attempt = 1; attempt < QUIET_ATTEMPTS; attempt++) {
      const archive = await this.#archiveBeside(request)
      const cleared = await this.#remove(request, archive)
      if (cleared !== 'changed') return cleared
    }
    return (await this.#remove(request, 'inside')) as Cleared
  }

  async #archiveBeside(request: ClearRequest): Promise<Archive | null> {
    const { branch, state } = this.#context
    const tables = request.tables.filter((table) => state.count(table.name) > 0)
    if (tables.length === 0) return null
    const { identity, path } = this.#newArchive(request, tables)
    const reader = ModuleReader.open(branch.connection.path, state.definition)
    try {
      return { path, head: await captureTables(path, identity, reader, tables, request.onProgress) }
    } finally {
      reader.close()
    }
  }

  async #remove(request: ClearRequest, archive: Archive | 'inside' | null): Promise<Cleared | 'changed'> {
    const made: { current: Archive | null } = { current: archive === 'inside' ? null : archive }
    try {
      const cleared = await this.#context.branch.commitNotice<Cleared | 'changed'>(() => {
        const { state } = this.#context
        request.check?.(state)
        if (archive === 'inside') made.current = this.#archiveInside(request)
        else if (hasChanged(state, request.tables, made.current)) return { result: 'changed', events: [] }
        return this.#removeNow(request, made.current)
      }, 'resync')
      if (cleared === 'changed') dropArchive(made.current)
      return cleared
    } catch (error) {
      // A commit that failed on the disk may still be found done after a restart: then this is the only copy.
      if (isAppError(error) && error.code !== 'store-failed' && error.code !== 'store-corrupt')
        dropArchive(made.current)
      throw error
    }
  }

  #archiveInside(request: ClearRequest): Archive | null {
    const { state } = this.#context
    const tables = request.tables.filter((table) => state.records(table.name).count() > 0)
    if (tables.length === 0) return null
    const { identity, path } = this.#newArchive(request, tables)
    const seq = (state.staged ?? state.head).seq
    const source = { epoch: state.row.epoch, seq, records: (name: string) => state.records(name) }
    return { path, head: captureTablesSync(path, identity, source, tables) }
  }

  #removeNow(request: ClearRequest, archive: Archive | null): { result: Cleared; events: AppendedEvent[] } {
    const { branch, state } = this.#context
    const nowMs = branch.clock.now()
    const seq = (state.staged ?? state.head).seq + 1
    const removed = request.tables.map((table) => {
      const records = state.records(table.name)
      state.events.buryTable(records.name, table.name, seq, isoTime(nowMs))
      return { table: table.name, removed: records.deleteAll() }
    })
    const total = removed.reduce((sum, table) => sum + table.removed, 0)
    if (total === 0 && !request.alwaysReports) {
      return { result: { removed, total, archive: null, event: null }, events: [] }
    }
    request.onProgress?.('deleting', total, total)
    request.refill?.(state, seq, nowMs)
    const appended = appendEvent(state, {
      action: request.action,
      fields: {
        reason: request.reason,
        requestedBy: request.requestedBy,
        historyEntryId: archive?.head.id ?? null,
        tables: removed.map(clearedEntry) as JsonValue[],
        totalRemoved: total,
        ...request.fields,
      },
      meta: branch.eventMeta(request.source),
      nowMs,
    })
    state.row.snapshotFloor = appended.event.seq
    branch.saveModuleRow(state)
    return { result: { removed, total, archive: archive?.head ?? null, event: appended.event }, events: [appended] }
  }

  #newArchive(request: ClearRequest, tables: readonly TableDefinition[]): { identity: ArchiveIdentity; path: string } {
    const { branch, state, folder } = this.#context
    const nowMs = branch.clock.now()
    const createdAt = isoTime(nowMs)
    const identity: ArchiveIdentity = {
      id: `${request.type}-${uuid7(nowMs)}`,
      type: request.type,
      branchId: state.branchId,
      moduleId: state.moduleId,
      createdAt,
      reason: request.reason,
      requestedBy: request.requestedBy,
      clearedTables: tables.map((table) => table.name),
    }
    return { identity, path: join(purgeFolder(folder), `${fileTime(createdAt)}_${identity.id}.json`) }
  }
}

export function purgeFolder(moduleFolder: string): string {
  return join(moduleFolder, 'history', 'purge')
}

export function clearedEntry({ table, removed }: { table: string; removed: number }): {
  table: string
  status: 'cleared' | 'empty'
  removed: number
} {
  return { table, status: removed > 0 ? 'cleared' : 'empty', removed }
}

interface Archive {
  path: string
  head: ArchiveHead
}

/** Whether the tables are no longer what the archive holds. Runs inside the transaction that would clear them. */
function hasChanged(state: ModuleState, tables: readonly TableDefinition[], archive: Archive | null): boolean {
  if (!archive) return tables.some((table) => state.records(table.name).count() > 0)
  const { seq, epoch, clearedTables } = archive.head
  if (epoch !== state.row.epoch) return true
  if ((state.staged ?? state.head).seq === seq) return false
  const archived = new Set(clearedTables)
  for (const table of tables) {
    const records = state.records(table.name)
    if (!archived.has(table.name) && records.count() > 0) return true
    if (records.statement('SELECT 1 FROM %t WHERE seq > ? LIMIT 1').get(seq)) return true
  }
  const buried = state.events.tombstonesAfter(seq, Number.MAX_SAFE_INTEGER, -1)
  return buried.some((tombstone) => archived.has(tombstone.tbl))
}

function dropArchive(archive: Archive | null): void {
  if (archive) rmSync(archive.path, { force: true })
}
