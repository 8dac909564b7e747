import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { AppError } from '../../../src-shared/errors.ts'
import { assertWellFormed, parseRecordId } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import type { EventAction, RecordRef } from '../../../src-shared/protocol/records.ts'
import { isoTime } from '../../lib/clock.ts'
import { TextSlab } from '../../lib/text-pieces.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import { recordRefOf, type StoredMeta, toStoredEvent } from '../events/event-line.ts'
import { type AppendedEvent, appendEvent } from '../events/event-writer.ts'
import { notePrevious } from '../events/previous-record.ts'
import type { ModuleState } from '../module-state.ts'
import {
  applyDefaults,
  decimalColumns,
  readPatch,
  recordKey,
  removeSecrets,
  withGeneratedKey,
} from '../schema/coerce.ts'
import type { TableDefinition } from '../schema/definition.ts'
import type { SequenceBook, SequenceContext } from '../sequences/sequence-book.ts'
import type { IdempotencyTable } from '../sqlite/idempotency-table.ts'
import type { StoredRow } from '../sqlite/record-table.ts'
import type { SequenceTables } from '../sqlite/sequence-tables.ts'
import type { Caller, OperationResult, WriteCommand, WriteOperation, WriteResult } from '../types.ts'
import { type Decision, decideWrite } from './decide.ts'
import { normalizeKey } from './normalize-key.ts'

export interface EngineParts {
  serverId: string
  sequences: SequenceBook
  sequenceTables: SequenceTables
  idempotency: IdempotencyTable
  /** Tables that the security file closes to everybody. */
  isTableClosed(table: string): boolean
  sequenceContext(): SequenceContext
}

/** The result of a command inside the transaction and the events it appended. */
export interface Executed {
  result: WriteResult
  events: AppendedEvent[]
}

/**
 * Carries a command out inside the running savepoint: loads the records, asks the rules (decide.ts), writes records,
 * events and the idempotency answer. Synchronous; throws a coded error to be rolled back as a whole.
 *
 *   request known? ─► for each operation: table ► coerce (422) ► numbers ► key ► load ► decide (404, 409, 412) ► write ► event
 */
export class WriteEngine {
  readonly #parts: EngineParts

  constructor(parts: EngineParts) {
    this.#parts = parts
  }

  execute(module: ModuleState, command: WriteCommand): Executed {
    const { caller, requestId } = command
    assertWellFormed(requestId, 'request id')
    assertWellFormed(caller.clientId, 'client id')
    const context = this.#parts.sequenceContext()
    const isKnown = caller.clientId !== undefined && requestId !== undefined
    const requestHash = isKnown ? hashOf(command) : ''
    if (isKnown) {
      const replay = this.#findAnswer(module, caller.clientId!, requestId, requestHash)
      if (replay) return { result: replay, events: [] }
    }
    this.#checkPreconditions(module, command)
    const events: AppendedEvent[] = []
    const size = command.operations.length
    const groupId = size > 1 ? (requestId ?? `grp-${uuid7(context.nowMs)}`) : ''
    const results = command.operations.map((operation, index) => {
      const group = size > 1 ? `${groupId}/${index}/${size}` : undefined
      return (
        this.#apply(module, command, operation, context, events, group, this.#isLikelyNew(module, caller, operation)) ??
        this.#apply(module, command, operation, context, events, group, false)!
      )
    })
    const head = module.staged ?? module.head
    const result: WriteResult = { results, isReplay: false, epoch: module.row.epoch, seq: head.seq }
    if (isKnown) this.#storeAnswer(module, caller.clientId!, requestId, requestHash, result, context.nowMs)
    return { result, events }
  }

  #checkPreconditions(module: ModuleState, command: WriteCommand): void {
    if (command.epoch !== undefined && command.epoch !== module.row.epoch) {
      throw new AppError('epoch-changed', 'The data was restored since this version was read.', {
        details: { epoch: module.row.epoch, received: command.epoch },
      })
    }
    if (command.expectLastEventId !== undefined) {
      const expected = (module.staged ?? module.head).lastEventId
      if (expected !== command.expectLastEventId) {
        throw new AppError('last-ack-mismatch', 'lastAckId is not the last event of the log.', {
          details: { expected, received: command.expectLastEventId },
        })
      }
    }
  }

  /**
   * An insert is nearly always of a record that is not there: it is not looked up, the table itself says when it is.
   * Not where finding out late would cost a document number, nor where an insert may mean a merge.
   */
  #isLikelyNew({ moduleId, resolveTable }: ModuleState, caller: Caller, operation: WriteOperation): boolean {
    if (operation.action !== 'insert' || operation.guard || operation.ifMatch !== undefined) return false
    if (caller.isLegacy) return false
    const table = resolveTable(operation.table)
    return !table.isSingleton && !this.#parts.sequences.isNumbered(moduleId, table.name)
  }

  /**
   * @param isLikelyNew - No record is looked up.
   * @returns Undefined when one was there nevertheless; nothing has happened then.
   */
  #apply(
    module: ModuleState,
    command: WriteCommand,
    operation: WriteOperation,
    context: SequenceContext,
    events: AppendedEvent[],
    group: string | undefined,
    isLikelyNew: boolean,
  ): OperationResult | undefined {
    const { caller } = command
    const table = module.resolveTable(operation.table)
    if (this.#parts.isTableClosed(table.name)) throw new AppError('table-locked', `The table ${table.name} is locked.`)
    if (!isJsonObject(operation.record)) throw new AppError('missing-record', 'The request carries no record object.')
    const { patch, warnings } = readPatch(table, operation.record, { isLenient: caller.isLegacy })
    normalizeKey(table, patch)
    const records = module.records(table.name)
    let key = table.isSingleton ? table.name : recordKey(table, patch)
    let row = key === undefined || isLikelyNew ? undefined : records.find(parseRecordId(key))
    if (row === undefined && (operation.action === 'insert' || operation.action === 'save')) {
      this.#prepareNew(module, table, patch, context)
      key ??= recordKey(table, patch)!
      if (!isLikelyNew) row = records.find(parseRecordId(key))
    }
    if (key === undefined) throw missingKey(table)
    key = parseRecordId(key)
    const current = row && { record: JSON.parse(row.doc) as JsonObject, version: row.version, createdAt: row.createdAt }
    operation.guard?.(current?.record)
    const buried = row === undefined ? module.events.findTombstone(table.name, key) : undefined
    const decision = decideWrite({
      table,
      action: operation.action,
      key,
      patch,
      sentVersion: operation.record.version,
      ifMatch: operation.ifMatch,
      caller,
      current,
      buriedVersion: buried?.version,
      assigned:
        row && operation.action === 'insert' ? this.#parts.sequences.assignedFields(module.moduleId, table.name) : [],
      branchId: module.branchId,
      epoch: module.row.epoch,
      now: isoTime(context.nowMs),
    })
    operation.authorize?.({
      kind: decision.kind,
      ...('record' in decision && { record: decision.record }),
      ...(current && { previous: current.record }),
    })
    const write: WriteInput = {
      module,
      command,
      operation,
      table,
      key,
      row,
      current: current?.record,
      decision,
      context,
      group,
      isLikelyNew,
    }
    return this.#store(write, warnings, events)
  }

  /** Numbers, the key and defaults of a record that is not there yet. */
  #prepareNew(module: ModuleState, table: TableDefinition, patch: JsonObject, context: SequenceContext): void {
    const { sequences, sequenceTables } = this.#parts
    sequences.fill(module.moduleId, table.name, patch, context)
    if (!table.isSingleton) {
      withGeneratedKey(
        table,
        patch,
        () => uuid7(context.nowMs),
        () => nextIntegerKey(module, table, sequenceTables),
      )
    }
    applyDefaults(table, patch)
  }

  #store(write: WriteInput, warnings: string[], events: AppendedEvent[]): OperationResult | undefined {
    const { module, table, key, row, decision } = write
    const records = module.records(table.name)
    if (decision.kind === 'unchanged') {
      const [publicRecord] = removeSecrets(table, write.current!)
      const recordRef = recordRefOf(table, key, publicRecord)
      return {
        outcome: 'unchanged',
        action: 'module:insert',
        table: table.name,
        recordRef,
        recordText: JSON.stringify(publicRecord),
        version: decision.version,
        warnings,
      }
    }
    const seq = (module.staged ?? module.head).seq + 1
    if (decision.kind === 'delete') {
      records.delete(row!.n)
      module.events.setTombstone(table.name, key, seq, decision.version, isoTime(write.context.nowMs))
      const { doc } = row!
      return this.#report(write, write.current!, doc, Buffer.from(doc), 'module:delete', 'deleted', warnings, events)
    }
    const { record, version, createdAt, updatedAt } = decision
    if (table.enforceReferences) checkReferences(module, table, record)
    const doc = JSON.stringify(record)
    const docBytes = docs.encode(doc)
    const stored = {
      id: key,
      seq,
      born: row?.born ?? seq,
      version,
      createdAt,
      updatedAt,
      doc,
      docBytes,
      decimals: decimalColumns(table, record),
    }
    if (decision.kind === 'update') {
      records.update(row!.n, stored)
      this.#parts.sequences.claim(module.moduleId, table.name, record, key, write.current)
      return this.#report(write, record, doc, docBytes, 'module:merge', 'updated', warnings, events)
    }
    if (!write.isLikelyNew) records.insert(stored)
    else if (!records.insertNew(stored)) return undefined
    if (version > 1) module.events.deleteTombstone(table.name, key)
    this.#parts.sequences.claim(module.moduleId, table.name, record, key)
    return this.#report(write, record, doc, docBytes, 'module:insert', 'created', warnings, events)
  }

  #report(
    write: WriteInput,
    record: JsonObject,
    doc: string,
    docBytes: Buffer,
    action: EventAction,
    outcome: OperationResult['outcome'],
    warnings: string[],
    events: AppendedEvent[],
  ): OperationResult {
    const { module, command, operation, table, key, group, context } = write
    const [publicRecord, secrets] = table.secretFields.length === 0 ? [record, null] : removeSecrets(table, record)
    const recordText = secrets === null ? doc : JSON.stringify(publicRecord)
    const recordBytes = secrets === null ? docBytes : Buffer.from(recordText)
    const recordRef: RecordRef = recordRefOf(table, key, record)
    const secretText = secrets === null ? undefined : sealSecret(JSON.stringify(secrets))
    const { eventId } = operation
    const meta: StoredMeta = { serverId: this.#parts.serverId, source: command.source }
    if (command.meta) meta.clientMeta = command.meta
    if (command.caller.userId !== undefined) meta.userId = command.caller.userId
    const appended = appendEvent(module, {
      action,
      eventId: eventId !== undefined && isFreeEventId(module, eventId) ? eventId : undefined,
      table: table.name,
      key,
      recordRef,
      recordText,
      recordBytes,
      secretText,
      meta,
      isCreated: outcome === 'created',
      isDeleted: outcome === 'deleted',
      group,
      nowMs: context.nowMs,
    })
    if (outcome === 'updated') notePrevious(appended.event, write.row!.doc)
    events.push(appended)
    const version = write.decision.version
    const { event } = appended
    return { outcome, action, table: table.name, recordRef, recordText, recordBytes, version, event, warnings }
  }

  /** I1: the same request again gets the first answer. I2: with another body it is refused. */
  #findAnswer(module: ModuleState, clientId: string, requestId: string, requestHash: string): WriteResult | undefined {
    const stored = this.#parts.idempotency.find(clientId, module.moduleId, requestId)
    if (!stored) return undefined
    if (stored.hash !== requestHash) {
      throw new AppError('idempotency-key-reused', 'This request id was used before with another body.', {
        details: { requestId },
      })
    }
    const answer = JSON.parse(stored.answer) as StoredAnswer
    return {
      results: answer.results.map((result) => this.#rebuild(module, result)),
      isReplay: true,
      epoch: answer.epoch,
      seq: answer.seq,
    }
  }

  /** The first answer again, from its event; once the log was trimmed, from the record as it is now. */
  #rebuild(module: ModuleState, stored: StoredResult): OperationResult {
    const { outcome, action, table: name, key, version, warnings } = stored
    if (this.#parts.isTableClosed(name)) throw new AppError('table-locked', `The table ${name} is locked.`)
    const table = module.definition.tables.get(name) ?? module.resolveTable(name)
    const row = stored.seq === null ? undefined : module.events.findBySeq(stored.seq)
    if (row) {
      const event = toStoredEvent(row, module.branchId, module.moduleId, module.definition.tables)
      return {
        outcome,
        action,
        table: name,
        recordRef: event.recordRef!,
        recordText: event.recordText ?? '{}',
        version,
        event,
        warnings,
      }
    }
    const current = module.records(name).find(key)
    const [record] = current ? removeSecrets(table, JSON.parse(current.doc) as JsonObject) : [{} as JsonObject]
    const recordRef = recordRefOf(table, key, record)
    return { outcome, action, table: name, recordRef, recordText: JSON.stringify(record), version, warnings }
  }

  #storeAnswer(
    module: ModuleState,
    clientId: string,
    requestId: string,
    requestHash: string,
    result: WriteResult,
    nowMs: number,
  ): void {
    const answer: StoredAnswer = {
      results: result.results.map(({ outcome, action, table, recordRef, version, event, warnings }) => ({
        outcome,
        action,
        table,
        key: recordRef.key,
        version,
        seq: event?.seq ?? null,
        warnings,
      })),
      epoch: result.epoch,
      seq: result.seq,
    }
    this.#parts.idempotency.add(clientId, module.moduleId, requestId, requestHash, JSON.stringify(answer), nowMs)
  }
}

/** Documents on their way to the database, the chain and the ack. */
const docs = new TextSlab()

/** An answer without the records: they are in the events. */
interface StoredAnswer {
  results: StoredResult[]
  epoch: number
  seq: number
}

interface StoredResult extends Pick<OperationResult, 'outcome' | 'action' | 'table' | 'version' | 'warnings'> {
  key: string
  seq: number | null
}

interface WriteInput {
  module: ModuleState
  command: WriteCommand
  operation: WriteOperation
  table: TableDefinition
  key: string
  row: StoredRow | undefined
  current: JsonObject | undefined
  decision: Decision
  context: SequenceContext
  group: string | undefined
  isLikelyNew: boolean
}

/** Secret fields as the event log keeps them: with a check value of their own, since the chain does not cover them. */
export function sealSecret(text: string): string {
  return `${crc32(text).toString(16).padStart(8, '0')}:${text}`
}

/** False for a sealed text that has changed since. */
export function isSealed(sealed: string): boolean {
  return sealed === sealSecret(sealed.slice(sealed.indexOf(':') + 1))
}

function hashOf(command: WriteCommand): string {
  const content = command.operations.map(({ action, table, record }) => [action, table, record])
  return hash('sha256', JSON.stringify(content), 'base64url')
}

function isFreeEventId(module: ModuleState, eventId: string): boolean {
  return /^[A-Za-z0-9._:-]{1,128}$/.test(eventId) && module.events.findById(eventId) === undefined
}

/** One more than the last key given out, past keys that clients brought along; the table is searched only the first time. */
function nextIntegerKey(module: ModuleState, table: TableDefinition, counters: SequenceTables): number {
  const records = module.records(table.name)
  for (;;) {
    const key = counters.nextKey(module.moduleId, table.name, () => {
      const sql = 'SELECT max(CAST(id AS INTEGER)) AS highest FROM %t'
      return ((records.statement(sql).get() as { highest: number | null }).highest ?? 0) + 1
    })
    if (records.find(String(key)) === undefined) return key
  }
}

function checkReferences(module: ModuleState, table: TableDefinition, record: JsonObject): void {
  for (const field of table.fields) {
    const value = record[field.name]
    if (!field.references || value === undefined || value === null || value === '') continue
    const target = module.definition.tables.get(field.references.table)
    if (target && module.records(target.name).find(String(value)) === undefined) {
      throw new AppError('reference-not-found', `${field.name} points at no record of ${target.name}.`, {
        errors: [{ field: field.name, code: 'reference-not-found', message: `No ${target.name} ${String(value)}.` }],
      })
    }
  }
}

function missingKey(table: TableDefinition): AppError {
  return new AppError(
    'missing-record-key',
    `Missing primary key field "${table.primaryKey[0]}" for table "${table.name}".`,
    {
      details: { table: table.name, primaryKey: table.primaryKey },
    },
  )
}
