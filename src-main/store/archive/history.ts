import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, isAppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { HistorySummary } from '../../../src-shared/protocol/management.ts'
import { isoTime } from '../../lib/clock.ts'
import type { ArchiveService, RestoreHistoryResult } from '../api.ts'
import type { ModuleContext } from '../branch-context.ts'
import { appendEvent } from '../events/event-writer.ts'
import type { ModuleState } from '../module-state.ts'
import { compileTable } from '../schema/compile-table.ts'
import type { TableDefinition } from '../schema/definition.ts'
import { BranchMeta } from '../sqlite/module-rows.ts'
import type { RecordPass } from '../types.ts'
import { type ArchiveHead, readArchive, readArchiveHead, readPublicArchive } from './archive-file.ts'
import { purgeFolder } from './clear-tables.ts'
import { nextTurn } from './durable-file.ts'
import { putBack } from './put-back.ts'

type RestoreInput = Parameters<ArchiveService['restoreHistory']>[0]
type TableResult = RestoreHistoryResult['restored'][number]

const ENTRY_ID = /^[A-Za-z0-9._-]{1,128}$/
/** Pieces read between two turns of the event loop. */
const PIECES_PER_TURN = 2000

/** The archives of one module: what purges and resets removed, and how it comes back. */
export class ArchiveHistory {
  readonly #context: ModuleContext
  readonly #meta: BranchMeta

  constructor(context: ModuleContext) {
    this.#context = context
    this.#meta = new BranchMeta(context.branch.connection)
  }

  /** Newest first. Reads the first line of each file. */
  list(): HistorySummary[] {
    return this.#files().map(({ head }) => this.summaryOf(head))
  }

  get(entryId: string, pass?: RecordPass): { summary: HistorySummary; entry: JsonObject } {
    const { path, head } = this.#find(entryId)
    const { state } = this.#context
    return {
      summary: this.summaryOf(head),
      entry: readPublicArchive(path, (table) => secretKeysOf(state, table), pass),
    }
  }

  summaryOf(head: ArchiveHead): HistorySummary {
    const { id, branchId, moduleId, createdAt, reason, requestedBy, totalRecords, summary } = head
    const restoredAt = this.#meta.get(restoredKey(id))
    return {
      id,
      branchId,
      moduleId,
      createdAt,
      reason,
      requestedBy,
      totalRecords,
      tables: summary,
      ...(restoredAt !== undefined && { restoredAt }),
    }
  }

  /**
   * Puts the records of an archive back in one transaction: all of them or, when anything fails, none.
   *
   * append: only keys that are absent. replace: also overwrites keys that live with other content; records made since
   * then stay. The file is checked as a whole before, and read again line by line inside the transaction, in the memory
   * of one chunk; the transaction holds other writers for as long as it takes (about 3 s for 100,000 records).
   *
   * @throws AppError `history-entry-not-found`; `backup-invalid` for a damaged file.
   */
  async restore(input: RestoreInput): Promise<RestoreHistoryResult> {
    const { path, head } = this.#find(input.entryId)
    if (head.isPublic)
      throw new AppError('backup-invalid', 'This copy has no secret fields and cannot be restored from.')
    await checkArchive(path, (done) => input.onProgress?.('verifying', done, head.totalRecords))
    const { branch, state } = this.#context
    const outcome = await branch.commitNotice<Pick<RestoreHistoryResult, 'restored' | 'totalRestored' | 'event'>>(
      () => {
        const nowMs = branch.clock.now()
        const seq = (state.staged ?? state.head).seq + 1
        const restored = putArchiveBack(state, path, { seq, nowMs, mode: input.mode, onProgress: input.onProgress })
        const totalRestored = restored.reduce((sum, table) => sum + table.restored, 0)
        if (totalRestored === 0) return { result: { restored, totalRestored, event: null }, events: [] }
        const appended = appendEvent(state, {
          action: 'module:restore',
          fields: {
            reason: input.reason ?? null,
            requestedBy: input.requestedBy ?? null,
            historyEntryId: head.id,
            mode: input.mode,
            restored: restored.map((table) => ({ ...table })),
            totalRestored,
          },
          meta: branch.eventMeta('purge-history'),
          nowMs,
        })
        state.row.snapshotFloor = seq
        branch.saveModuleRow(state)
        this.#meta.set(restoredKey(head.id), isoTime(nowMs))
        return { result: { restored, totalRestored, event: appended.event }, events: [appended] }
      },
      'resync',
    )
    return { ...outcome, changed: outcome.totalRestored > 0, historyEntry: this.summaryOf(head) }
  }

  #find(entryId: string): { path: string; head: ArchiveHead } {
    const found = ENTRY_ID.test(entryId) ? this.#files().find(({ head }) => head.id === entryId) : undefined
    if (found) return found
    throw new AppError('history-entry-not-found', 'There is no such archive entry.', {
      details: { entryId: entryId.slice(0, 128) },
    })
  }

  #files(): { path: string; head: ArchiveHead }[] {
    const folder = purgeFolder(this.#context.folder)
    if (!existsSync(folder)) return []
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'))
    return names
      .sort()
      .reverse()
      .flatMap((name) => {
        const path = join(folder, name)
        const head = readArchiveHead(path)
        if (head) return [{ path, head }]
        const { branch, state } = this.#context
        branch.log.warn('archive-unreadable', { moduleId: state.moduleId, file: name })
        return []
      })
  }
}

/** Reads an archive to its end, so that a damaged one is known before anything is changed. */
export async function checkArchive(path: string, onProgress: (records: number) => void): Promise<void> {
  let pieces = 0
  let records = 0
  for (const piece of readArchive(path)) {
    if (piece.kind === 'record') records++
    if (++pieces % PIECES_PER_TURN !== 0) continue
    onProgress(records)
    await nextTurn()
  }
  onProgress(records)
}

/** Spellings of a table's secret fields in the schema of today; none for a table that the module lacks. */
export function secretKeysOf(state: ModuleState, table: string): readonly string[] {
  const definition = state.definition.tables.get(table)
  return definition && definition.secretFields.length > 0 ? compileTable(definition).secretKeys : []
}

/** A table of an archive in the module of today; undefined when the schema lost it. */
export function findArchivedTable(state: ModuleState, name: string): TableDefinition | undefined {
  const exact = state.definition.tables.get(name)
  if (exact) return exact
  try {
    return state.resolveTable(name)
  } catch (error) {
    if (isAppError(error)) return undefined
    throw error
  }
}

interface PutArchiveOptions {
  seq: number
  nowMs: number
  mode: 'append' | 'replace'
  onProgress: RestoreInput['onProgress']
}

function putArchiveBack(state: ModuleState, path: string, options: PutArchiveOptions): TableResult[] {
  const { seq, nowMs, mode } = options
  const results: TableResult[] = []
  let table: TableDefinition | undefined
  for (const piece of readArchive(path)) {
    if (piece.kind === 'table') {
      table = findArchivedTable(state, piece.table.name)
      results.push({ table: table?.name ?? piece.table.name, mode, restored: 0, duplicates: 0, skipped: 0 })
    } else if (piece.kind === 'record') {
      const result = results.at(-1)!
      const outcome = table
        ? putBack(state, table, piece.text, { seq, nowMs, overwrites: mode === 'replace' }).outcome
        : 'refused'
      if (outcome === 'restored') result.restored++
      else if (outcome === 'duplicate') result.duplicates++
      else result.skipped++
    }
  }
  return results
}

function restoredKey(entryId: string): string {
  return `restored/${entryId}`
}
