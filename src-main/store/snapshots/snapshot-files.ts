import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../../src-shared/errors.ts'
import type { SnapshotSummary } from '../../../src-shared/protocol/management.ts'
import { isoTime } from '../../lib/clock.ts'
import type { SnapshotFiles } from '../api.ts'
import { type ArchiveHead, publicLines, readArchive, readArchiveHead } from '../archive/archive-file.ts'
import { captureTables } from '../archive/capture.ts'
import { fileTime, nextTurn, removeDurably } from '../archive/durable-file.ts'
import { checkArchive, findArchivedTable, secretKeysOf } from '../archive/history.ts'
import { type PutBackOptions, putBack } from '../archive/put-back.ts'
import type { ModuleContext } from '../branch-context.ts'
import { appendEvent } from '../events/event-writer.ts'
import type { ModuleState } from '../module-state.ts'
import type { TableDefinition } from '../schema/definition.ts'
import { ModuleReader } from '../sqlite/module-reader.ts'
import type { RecordPass, StoredEvent } from '../types.ts'

const SNAPSHOT_ID = /^[0-9A-Za-z-]{1,64}$/
const LINES_PER_TURN = 1000
const MAX_NAME = 120

/**
 * Named points of one module: every table in full, in `history/{time}.json`. Taken from a read transaction of its own,
 * so it shows one moment while writing goes on; restored in one transaction, as an event of the same epoch.
 */
export class ModuleSnapshotFiles implements SnapshotFiles {
  readonly #context: ModuleContext

  constructor(context: ModuleContext) {
    this.#context = context
  }

  /** Newest first. */
  list(): SnapshotSummary[] {
    return this.#files().map(summaryOf)
  }

  get(snapshotId: string): SnapshotSummary {
    return summaryOf(this.#find(snapshotId))
  }

  async take(input: Parameters<SnapshotFiles['take']>[0]): Promise<SnapshotSummary> {
    const { branch, state } = this.#context
    const reason = input.reason ?? 'manual'
    const createdAt = isoTime(branch.clock.now())
    const id = this.#freeId(fileTime(createdAt))
    const path = join(this.#folder, `${id}.json`)
    const identity = {
      id,
      type: 'snapshot' as const,
      branchId: state.branchId,
      moduleId: state.moduleId,
      name: (input.name?.trim() || reason).slice(0, MAX_NAME),
      createdAt,
      reason,
      requestedBy: null,
    }
    const reader = ModuleReader.open(branch.connection.path, state.definition)
    try {
      const tables = [...state.definition.tables.values()]
      const head = await captureTables(path, identity, reader, tables, input.onProgress)
      return summaryOf({ path, head })
    } finally {
      reader.close()
    }
  }

  async *readPublicLines(snapshotId: string, pass?: RecordPass): AsyncGenerator<string, void, undefined> {
    const { path } = this.#find(snapshotId)
    const { state } = this.#context
    let lines = 0
    for (const line of publicLines(path, (table) => secretKeysOf(state, table), pass)) {
      yield line
      if (++lines % LINES_PER_TURN === 0) await nextTurn()
    }
  }

  /**
   * Puts every table of the snapshot in place again, in one transaction; tables that the schema gained since stay as
   * they are. The state before is kept as a snapshot of its own. Holds other writers while it runs.
   *
   * @throws AppError `snapshot-not-found`; `backup-invalid` for a damaged file.
   */
  async restore(
    snapshotId: string,
    input: { requestedBy?: string; onProgress?: Parameters<SnapshotFiles['restore']>[1]['onProgress'] },
  ): Promise<StoredEvent> {
    const { path, head } = this.#find(snapshotId)
    const { branch, state } = this.#context
    if (head.branchId !== state.branchId || head.moduleId !== state.moduleId || head.isPublic) {
      throw new AppError('backup-invalid', 'This snapshot cannot be restored here: it belongs elsewhere or is a copy.')
    }
    const { onProgress } = input
    await checkArchive(path, (done) => onProgress?.('verifying', done, head.totalRecords))
    const safety = await this.take({
      name: `before ${head.name ?? snapshotId}`,
      reason: 'restore',
      ...(onProgress && { onProgress }),
    })
    return branch.commitNotice(() => {
      const nowMs = branch.clock.now()
      const seq = (state.staged ?? state.head).seq + 1
      const restored = replaceTables(state, path, seq, nowMs)
      const appended = appendEvent(state, {
        action: 'module:restore',
        fields: {
          reason: 'snapshot-restore',
          requestedBy: input.requestedBy ?? null,
          mode: 'replace',
          snapshotId,
          safetySnapshotId: safety.snapshotId,
          restored: restored.map((table) => ({ ...table })),
          totalRestored: restored.reduce((sum, table) => sum + table.restored, 0),
        },
        meta: branch.eventMeta('snapshot-restore'),
        nowMs,
      })
      state.row.snapshotFloor = seq
      branch.saveModuleRow(state)
      return { result: appended.event, events: [appended] }
    }, 'resync')
  }

  remove(snapshotId: string): void {
    removeDurably(this.#find(snapshotId).path)
  }

  get #folder(): string {
    return join(this.#context.folder, 'history')
  }

  #freeId(time: string): string {
    let id = time
    for (let copy = 2; existsSync(join(this.#folder, `${id}.json`)); copy++) id = `${time}-${copy}`
    return id
  }

  #find(snapshotId: string): SnapshotFile {
    const path = join(this.#folder, `${snapshotId}.json`)
    const head = SNAPSHOT_ID.test(snapshotId) && existsSync(path) ? readArchiveHead(path) : undefined
    if (head?.type === 'snapshot') return { path, head: { ...head, id: snapshotId } }
    throw new AppError('snapshot-not-found', 'There is no such snapshot.', {
      details: { snapshotId: snapshotId.slice(0, 64) },
    })
  }

  #files(): SnapshotFile[] {
    if (!existsSync(this.#folder)) return []
    const ids = readdirSync(this.#folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.slice(0, -'.json'.length))
    return ids
      .filter((id) => SNAPSHOT_ID.test(id))
      .sort()
      .reverse()
      .flatMap((id) => {
        const path = join(this.#folder, `${id}.json`)
        const head = readArchiveHead(path)
        return head?.type === 'snapshot' ? [{ path, head: { ...head, id } }] : []
      })
  }
}

interface SnapshotFile {
  path: string
  head: ArchiveHead
}

function summaryOf({ path, head }: SnapshotFile): SnapshotSummary {
  return {
    snapshotId: head.id,
    branchId: head.branchId,
    moduleId: head.moduleId,
    name: head.name ?? head.id,
    reason: head.reason === 'reset' || head.reason === 'restore' ? head.reason : 'manual',
    createdAt: head.createdAt,
    epoch: head.epoch,
    seq: head.seq,
    sizeBytes: statSync(path).size,
    records: head.totalRecords,
    tables: head.summary.map(({ name, count }) => ({ name, count })),
  }
}

interface Replaced {
  table: string
  mode: 'replace'
  restored: number
  duplicates: number
  skipped: number
  removed: number
}

/** The tables of the archive hold its records and no others afterwards. Runs inside the transaction. */
function replaceTables(state: ModuleState, path: string, seq: number, nowMs: number): Replaced[] {
  const results: Replaced[] = []
  let replacing: TableReplacing | undefined
  for (const piece of readArchive(path)) {
    if (piece.kind === 'table') {
      replacing?.finish()
      const table = findArchivedTable(state, piece.table.name)
      const name = table?.name ?? piece.table.name
      const result: Replaced = { table: name, mode: 'replace', restored: 0, duplicates: 0, skipped: 0, removed: 0 }
      results.push(result)
      replacing = table && new TableReplacing(state, table, result, { seq, nowMs, overwrites: true })
    } else if (piece.kind === 'record') {
      if (replacing) replacing.add(piece.text)
      else results.at(-1)!.skipped++
    }
  }
  replacing?.finish()
  return results
}

/** One table on its way to the archived state. Unique values that change owners wait until the others are in place. */
class TableReplacing {
  readonly #state: ModuleState
  readonly #table: TableDefinition
  readonly #result: Replaced
  readonly #options: PutBackOptions
  readonly #kept = new Set<string>()
  #waiting: { key: string; text: string }[] = []

  constructor(state: ModuleState, table: TableDefinition, result: Replaced, options: PutBackOptions) {
    this.#state = state
    this.#table = table
    this.#result = result
    this.#options = options
  }

  add(text: string): void {
    const { key, outcome } = putBack(this.#state, this.#table, text, this.#options)
    if (key === '') throw cannotPutBack(this.#table, key)
    this.#kept.add(key)
    if (outcome === 'refused') this.#waiting.push({ key, text })
    else if (outcome === 'restored') this.#result.restored++
    else this.#result.duplicates++
  }

  finish(): void {
    this.#removeOthers()
    this.#retry()
    if (this.#waiting.length === 0) return
    for (const { key, text } of this.#waiting) this.#makeRoom(key, text)
    this.#retry()
    if (this.#waiting.length > 0) throw cannotPutBack(this.#table, this.#waiting[0]!.key)
  }

  /** Once more for what was refused, until a round brings nothing. */
  #retry(): void {
    for (let before = -1; before !== this.#waiting.length && this.#waiting.length > 0; ) {
      before = this.#waiting.length
      this.#waiting = this.#waiting.filter(({ text }) => {
        const { outcome } = putBack(this.#state, this.#table, text, this.#options)
        if (outcome === 'restored') this.#result.restored++
        return outcome === 'refused'
      })
    }
  }

  /** Two records exchange a unique value: both go first, their versions stay remembered. */
  #makeRoom(key: string, text: string): void {
    const row = this.#state.records(this.#table.name).find(key)
    if (!row) return
    const { version } = JSON.parse(text) as { version?: number }
    this.#bury(row, Math.max(row.version, version ?? 1) + 1)
  }

  #removeOthers(): void {
    const records = this.#state.records(this.#table.name)
    if (this.#waiting.length === 0 && records.count() === this.#kept.size) return
    for (const rows of records.batches(1000)) {
      for (const row of rows) {
        if (this.#kept.has(row.id)) continue
        this.#bury(row, row.version)
        this.#result.removed++
      }
    }
  }

  #bury(row: { n: number; id: string }, version: number): void {
    this.#state.records(this.#table.name).delete(row.n)
    this.#state.events.setTombstone(this.#table.name, row.id, this.#options.seq, version, isoTime(this.#options.nowMs))
  }
}

function cannotPutBack(table: TableDefinition, key: string): AppError {
  return new AppError(
    'unique-violation',
    `The record ${key || '(without a key)'} of ${table.name} cannot be put back.`,
    {
      details: { table: table.name, key },
    },
  )
}
