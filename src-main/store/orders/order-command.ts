import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import { isSameJson } from '../../lib/json-text.ts'
import { compileTable, readPatch } from '../schema/coerce.ts'
import type { ModuleDefinition, TableDefinition } from '../schema/definition.ts'
import type { WriteOperation } from '../types.ts'
import { itemOf, type OrderLinePayload, type OrderPayload } from './order-payload.ts'

/** The records that an order is made of. */
export interface StoredOrder {
  header: JsonObject
  lines: JsonObject[]
  payments: JsonObject[]
  statusLogs: JsonObject[]
  lineStatusLogs: JsonObject[]
}

export interface OrderCommandInput {
  definition: ModuleDefinition
  orderId: string
  payload: OrderPayload
  stored: StoredOrder | undefined
  /** Lines and payments that the payload leaves out are removed. */
  replaceLines: boolean
  isLegacy: boolean
}

/** Names of the tables that carry orders. */
export const ORDER_TABLES = {
  header: 'order_header',
  line: 'order_line',
  payment: 'order_payment',
  statusLog: 'order_status_log',
  lineStatusLog: 'order_line_status_log',
} as const

/**
 * The one atomic command that stores an order: header, lines, payments, status logs, and the removal of what is gone.
 * Empty when everything that the payload says is stored already: the same save arrived twice.
 *
 * A line whose version is sent is checked against it. A line without one is guarded by the order's version, and is left
 * alone when it says nothing new, so that what the kitchen did meanwhile stays.
 *
 * @throws AppError `empty-order`, `validation-failed`, `invalid-request` when two lines have one id.
 */
export function buildOrderCommand(input: OrderCommandInput): WriteOperation[] {
  const { orderId, payload, stored } = input
  if (!stored && (payload.lines ?? []).length === 0) {
    throw new AppError('empty-order', 'An order needs at least one line.')
  }
  const lines = withLineIds(orderId, payload.lines ?? [])
  const payments = withIds(payload.payments ?? [], (index) => `${orderId}::payment-${index + 1}`).map((payment) => ({
    shiftId: payload.shiftId,
    ...payment,
    orderId,
  }))
  const children: WriteOperation[] = [
    ...lines.flatMap(({ record }) => saveLine(input, record)),
    ...saveAll(input, ORDER_TABLES.payment, payments, stored?.payments ?? []),
    ...saveAll(input, ORDER_TABLES.statusLog, headerLogs(orderId, payload), stored?.statusLogs ?? []),
    ...saveAll(input, ORDER_TABLES.lineStatusLog, lineLogs(orderId, lines), stored?.lineStatusLogs ?? []),
    ...removals(input, lines, payments),
  ]
  const header: JsonObject = { ...payload.header, id: orderId }
  const isNews = !stored || !says(input, ORDER_TABLES.header, header, stored.header)
  if (!isNews && children.length === 0) return []
  // The header is written even when only children change: its version stands for the whole order.
  return [{ action: 'save', table: ORDER_TABLES.header, record: header }, ...children]
}

/** Ids as field clients make them: the line's own, else order and item; a second line of the same item is numbered. */
function withLineIds(orderId: string, lines: readonly OrderLinePayload[]): OrderLinePayload[] {
  const taken = new Set<string>()
  return lines.map((line, index) => {
    const sent = line.record.id
    const item = itemOf(line.record) ?? `line-${index + 1}`
    let id = typeof sent === 'string' ? sent : `${orderId}::${item}`
    if (sent === undefined) for (let count = 2; taken.has(id); count++) id = `${orderId}::${item}::${count}`
    if (taken.has(id)) {
      throw new AppError('invalid-request', `Two lines have the id ${id}.`, {
        errors: [{ field: `lines.${index}.id`, code: 'duplicate', message: 'used by another line' }],
      })
    }
    taken.add(id)
    return { ...line, record: { ...line.record, id, orderId } }
  })
}

function withIds(records: readonly JsonObject[], makeId: (index: number) => string): JsonObject[] {
  return records.map((record, index) => {
    const { id } = record
    return {
      ...record,
      id: typeof id === 'string' && id !== '' ? id : typeof id === 'number' ? String(id) : makeId(index),
    }
  })
}

function headerLogs(orderId: string, payload: OrderPayload): JsonObject[] {
  const logs = withIds(payload.statusLogs ?? [], (index) => `${orderId}::status-${index + 1}`)
  return logs.map((log) => ({ ...withTime(log), orderId }))
}

function lineLogs(orderId: string, lines: readonly OrderLinePayload[]): JsonObject[] {
  return lines.flatMap(({ record, statusLogs }) => {
    const orderLineId = record.id!
    const logs = withIds(statusLogs, (index) => `${String(orderLineId)}::status-${index + 1}`)
    return logs.map((log) => ({ ...withTime(log), orderId, orderLineId }))
  })
}

/** The time of a change is called differently by different pages. */
function withTime(log: JsonObject): JsonObject {
  const changedAt = log.changedAt ?? log.changed_at ?? log.at ?? log.timestamp
  return changedAt === undefined || changedAt === null ? log : { ...log, changedAt }
}

function saveLine(input: OrderCommandInput, record: JsonObject): WriteOperation[] {
  const stored = findById(input.stored?.lines ?? [], record.id)
  const operation: WriteOperation = { action: 'save', table: ORDER_TABLES.line, record }
  if (!stored || (record.version !== undefined && record.version !== null)) {
    const isSame =
      stored !== undefined && record.version === stored.version && says(input, ORDER_TABLES.line, record, stored)
    return isSame ? [] : [operation]
  }
  if (says(input, ORDER_TABLES.line, record, stored)) return []
  return [{ ...operation, record: { ...record, version: nextVersion(input, stored) } }]
}

/** What this caller has to send for a record that it did not give a version for. */
function nextVersion({ isLegacy }: OrderCommandInput, stored: JsonObject): number {
  return Number(stored.version) + (isLegacy ? 1 : 0)
}

function saveAll(
  input: OrderCommandInput,
  table: string,
  records: readonly JsonObject[],
  stored: readonly JsonObject[],
): WriteOperation[] {
  return records.flatMap((record): WriteOperation[] => {
    const known = findById(stored, record.id)
    // These tables are not locked by version; what a client sends back as one is no condition.
    const { version: _version, ...fields } = record
    return known && says(input, table, fields, known) ? [] : [{ action: 'save', table, record: fields }]
  })
}

/** Logs are history and stay. Payments go only when the payload speaks of payments at all. */
function removals(
  input: OrderCommandInput,
  lines: readonly OrderLinePayload[],
  payments: readonly JsonObject[],
): WriteOperation[] {
  const { stored, payload, replaceLines } = input
  if (!stored || !replaceLines) return []
  const removed = (table: string, known: readonly JsonObject[], kept: readonly JsonObject[]): WriteOperation[] =>
    known
      .filter(({ id }) => !findById(kept, id))
      .map((record) => ({ action: 'delete', table, record: { id: record.id!, version: record.version! } }))
  const keptLines = lines.map(({ record }) => record)
  return [
    ...(payload.lines ? removed(ORDER_TABLES.line, stored.lines, keptLines) : []),
    ...(payload.payments ? removed(ORDER_TABLES.payment, stored.payments, payments) : []),
  ]
}

function findById(records: readonly JsonObject[], id: JsonValue | undefined): JsonObject | undefined {
  return records.find((record) => String(record.id) === String(id))
}

/** True when the stored record has everything that `record` says, however it is spelled. */
function says(input: OrderCommandInput, tableName: string, record: JsonObject, stored: JsonObject): boolean {
  const table = input.definition.tables.get(tableName)
  return table !== undefined && isSaidBy(table, record, stored)
}

function isSaidBy(table: TableDefinition, record: JsonObject, stored: JsonObject): boolean {
  const { slots } = compileTable(table)
  const { patch } = readPatch(table, record, { isLenient: true })
  return Object.entries(patch).every(([name, value]) => {
    const slot = slots.get(name)
    // Another spelling says what the canonical field says, which is compared by itself.
    const isSpelling = slot !== undefined && slot.rank > 0
    return name === 'version' || isSpelling || isSameJson(value, stored[name])
  })
}
