import { AppError, isAppError } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import { isSameJson } from '../../lib/json-text.ts'
import type { ModuleStore } from '../../store/api.ts'
import type { TableDefinition } from '../../store/schema/definition.ts'
import type {
  AuthorizedChange,
  OperationResult,
  StoredEvent,
  WriteCommand,
  WriteOperation,
  WriteResult,
} from '../../store/types.ts'
import type { TableAction } from '../roles/permissions.ts'
import type { FieldWriteCondition, ModuleRights, TableRights } from '../rules/module-rights.ts'
import { denied, fieldDenied } from './denial.ts'
import { hasPlace, type RecordViews, rememberRecord } from './record-view.ts'

/** What a write action may turn out to do. */
const POSSIBLE: Readonly<Record<WriteOperation['action'], readonly TableAction[]>> = {
  insert: ['insert', 'update'],
  merge: ['update'],
  save: ['insert', 'update'],
  delete: ['delete'],
}

/**
 * Puts the caller's rights into a command. The table's permission is asked at once, everything else inside the
 * transaction, on the records as they are then:
 *
 *     load ► may the caller see it, and touch it as it stands? ► decide ► may it become this? ► which fields change?
 *
 * @throws AppError `forbidden`, and what resolving the tables throws.
 */
export function guardCommand(module: ModuleStore, views: RecordViews, command: WriteCommand): GuardedCommand {
  const records: (JsonObject | undefined)[] = []
  const operations = command.operations.map((operation, index) => {
    const rights = views.rights.of(module.resolveTable(operation.table).name)
    const possible = POSSIBLE[operation.action]
    if (!possible.some((action) => rights.words[action] !== undefined)) {
      throw denied(views.rights, rights.table.name, possible[0]!)
    }
    return guardOperation(views, rights, operation, (record) => {
      records[index] = record
    })
  })
  return { command: { ...command, operations }, records }
}

export interface GuardedCommand {
  readonly command: WriteCommand
  /** What the operations store, in their order, once they were authorized; nothing for what was answered from before. */
  readonly records: readonly (JsonObject | undefined)[]
}

function guardOperation(
  views: RecordViews,
  rights: TableRights,
  operation: WriteOperation,
  keep: (record: JsonObject | undefined) => void,
): WriteOperation {
  const { authorize } = operation
  return {
    ...operation,
    ...(needsPrevious(operation) && { guard: (current) => guardStored(views, rights, operation, current) }),
    authorize: (change) => {
      guardChange(views.rights, rights, operation, change)
      authorize?.(change)
      keep(change.kind === 'insert' || change.kind === 'update' ? change.record : undefined)
    },
  }
}

/** An insert is not looked up beforehand: whether the record was there is known when it is authorized, or refused. */
function needsPrevious({ guard, action }: WriteOperation): boolean {
  return guard !== undefined || action !== 'insert'
}

/** Asked about the stored record before anything is said of it: a record that may not be seen is not there. */
function guardStored(
  views: RecordViews,
  rights: TableRights,
  { action, guard }: WriteOperation,
  current: JsonObject | undefined,
): void {
  if (current) {
    if (views.rights.findRefusal(rights, 'read', { record: current }) !== undefined) {
      throw invisible(rights.table, action)
    }
    const change: TableAction = action === 'delete' ? 'delete' : 'update'
    if (action !== 'insert' && rights.words[change] === undefined) {
      throw denied(views.rights, rights.table.name, change)
    }
    if (action !== 'insert') checkRows(views.rights, rights, change, { record: current, previous: current })
  }
  guard?.(current && (views.recordOf(rights.table.name, current) ?? {}))
}

function invisible({ name }: TableDefinition, action: WriteOperation['action']): AppError {
  if (action === 'merge' || action === 'delete') {
    return new AppError('record-not-found', `Record not found in table "${name}".`, { details: { table: name } })
  }
  return new AppError('record-exists', `A record with this id exists in ${name}.`, { details: { table: name } })
}

function guardChange(
  all: ModuleRights,
  rights: TableRights,
  operation: WriteOperation,
  { kind, record, previous }: AuthorizedChange,
): void {
  if (previous && all.findRefusal(rights, 'read', { record: previous }) !== undefined) {
    throw invisible(rights.table, operation.action)
  }
  if (kind === 'unchanged') {
    // "The same is stored already" would confirm a guess at what is hidden.
    const isGuess = [...rights.hidden.values(), ...rights.sometimesHidden].some(({ places }) =>
      places.some((place) => hasPlace(operation.record, place)),
    )
    if (isGuess) throw invisible(rights.table, 'insert')
    return
  }
  if (rights.words[kind] === undefined) throw denied(all, rights.table.name, kind)
  if (kind === 'delete' || !record) return
  const scope = { record, ...(previous && { previous }) }
  if (operation.action === 'insert' && previous) checkRows(all, rights, 'update', { record: previous, previous })
  checkRows(all, rights, kind, scope)
  checkFields(all, rights, operation, kind, scope)
}

function checkRows(
  all: ModuleRights,
  rights: TableRights,
  action: TableAction,
  scope: { record: JsonObject; previous?: JsonObject },
): void {
  const rule = all.findRefusal(rights, action, scope)
  if (rule !== undefined) throw denied(all, rights.table.name, action, rule)
}

function checkFields(
  all: ModuleRights,
  rights: TableRights,
  operation: WriteOperation,
  kind: 'insert' | 'update',
  scope: { record: JsonObject; previous?: JsonObject },
): void {
  const { record, previous } = scope
  for (const condition of rights.writable) {
    if (!isTouched(rights, operation, condition, record, previous)) continue
    const isAllowed =
      all.allowsField(condition, kind, scope) &&
      (previous === undefined || all.allowsField(condition, kind, { record: previous, previous }))
    if (!isAllowed) throw fieldDenied(all, rights.table.name, condition.field, condition.rule)
  }
}

/** Sending a value back as it was read is no change; a default that the table fills in is none of the caller's. */
function isTouched(
  rights: TableRights,
  { record: sent }: WriteOperation,
  { field, places }: FieldWriteCondition,
  record: JsonObject,
  previous: JsonObject | undefined,
): boolean {
  const isSent = places.some((place) => hasPlace(sent, place))
  const isHidden = rights.hidden.has(field) || rights.sometimesHidden.some((hidden) => hidden.field === field)
  // Whether a guess equals what is hidden must not be told by an answer.
  if (previous && isHidden) return isSent
  const value = record[field] ?? null
  if (previous) return !isSameJson(value, previous[field] ?? null)
  return isSent && value !== null && !isSameJson(value, rights.table.fieldByName.get(field)?.defaultValue ?? null)
}

/** The answer to a write as its writer may see it. */
export function guardResult(
  module: ModuleStore,
  views: RecordViews,
  result: WriteResult,
  records: GuardedCommand['records'],
): WriteResult {
  const results = result.results.map((each, index) => guardOperationResult(module, views, each, records[index]))
  return { ...result, results }
}

/** @param record - What was stored; without it, the text is read. */
function guardOperationResult(
  module: ModuleStore,
  views: RecordViews,
  result: OperationResult,
  record: JsonObject | undefined,
): OperationResult {
  const table = module.definition.tables.get(result.table)!
  // Where a field is secret the text has less than the record.
  if (record && table.secretFields.length === 0) rememberRecord(result.recordText, record)
  const recordText = views.textOf(table.name, result.recordText) ?? views.referenceText(table, result.recordText)
  const { recordBytes, event, ...rest } = result
  const isWhole = recordText === result.recordText
  return {
    ...rest,
    recordText,
    ...(isWhole && recordBytes && { recordBytes }),
    ...(event && { event: { ...event, recordText, hash: '' } }),
  }
}

/** The hash covers what is hidden too, so that guesses could be checked against it. */
export function withoutProof(event: StoredEvent): StoredEvent {
  return { ...event, hash: '' }
}

/** Refusals carry the stored record, so that a client can show both: as the caller may see it. */
export function guardError(module: ModuleStore, views: RecordViews, error: unknown): unknown {
  if (!isAppError(error) || !isJsonObject(error.details?.current as JsonObject)) return error
  const { current, ...details } = error.details as { current: JsonObject; table?: string }
  const table = typeof details.table === 'string' ? module.definition.tables.get(details.table) : undefined
  if (table && views.rights.findRefusal(views.rights.of(table.name), 'read', { record: current }) !== undefined) {
    return invisible(table, 'insert')
  }
  const seen = table && views.recordOf(table.name, current)
  return new AppError(error.code, error.message, {
    details: { ...details, ...(seen && { current: seen }) },
    ...(error.errors && { errors: error.errors }),
    ...(error.hint !== undefined && { hint: error.hint }),
    cause: error,
  })
}
