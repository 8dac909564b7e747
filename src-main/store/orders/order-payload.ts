import { AppError } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'

/** An order as clients send it, taken apart into the records it is stored as. Keys of children are not chosen yet. */
export interface OrderPayload {
  /** Absent, or a draft: the server hands out a number. */
  orderId: string | undefined
  shiftId: string
  header: JsonObject
  /** Undefined when the payload does not speak of them, which is something else than an empty list. */
  lines: OrderLinePayload[] | undefined
  payments: JsonObject[] | undefined
  statusLogs: JsonObject[] | undefined
}

export interface OrderLinePayload {
  record: JsonObject
  statusLogs: JsonObject[]
}

const LOG_FIELDS = ['statusLogs', 'status_logs', 'statusHistory', 'status_history', 'events']
const HEADER_CHILDREN = new Set([...LOG_FIELDS, 'lines', 'payments', 'replaceLines'])
const ID_FIELDS = ['id', 'orderId', 'order_id']
const LINE_ID_FIELDS = ['id', 'lineId', 'line_id']
const ITEM_FIELDS = ['itemId', 'item_id', 'menuItemId', 'menu_item_id', 'productId', 'product_id']
const STATION_FIELDS = ['stationId', 'station_id', 'sectionId', 'section_id']
const SECTION_FIELDS = ['kitchenSectionId', 'kitchen_section_id', 'kitchenSection', 'kitchen_section']
const METHOD_FIELDS = ['paymentMethodId', 'payment_method_id', 'method', 'paymentMethod', 'payment_method']
const DRAFT = /^draft-/

/** What the caller knows beside the payload. */
export interface PayloadContext {
  /** Id from the path; wins over the payload's. */
  orderId?: string
  /** The stored order, for a change that does not repeat everything. */
  storedShiftId?: string
  actorId?: string
}

/**
 * Reads an order in any of the spellings that clients use. Fields that nobody maps stay as they are: every field that is
 * sent comes back.
 *
 * @throws AppError `missing-shift-id`, `invalid-request` for children that are no objects.
 */
export function parseOrder(order: JsonObject, context: PayloadContext = {}): OrderPayload {
  const sentId = context.orderId ?? textOf(order, ID_FIELDS)
  const orderId = sentId === undefined || DRAFT.test(sentId) ? undefined : sentId
  const metadata = isJsonObject(order.metadata) ? order.metadata : {}
  const shiftId = textOf(order, ['shiftId', 'shift_id']) ?? textOf(metadata, ['shiftId']) ?? context.storedShiftId
  if (shiftId === undefined) throw new AppError('missing-shift-id', 'An order needs the shift that it belongs to.')

  const header: JsonObject = {}
  for (const [name, value] of Object.entries(order)) if (!HEADER_CHILDREN.has(name)) header[name] = value
  for (const name of ID_FIELDS) delete header[name]
  header.shiftId = shiftId
  const [firstTable] = Array.isArray(order.tableIds) ? order.tableIds : []
  if (order.tableId === undefined && typeof firstTable === 'string') header.tableId = firstTable
  if (context.actorId !== undefined && textOf(order, ['updatedBy', 'actorId', 'authorId']) === undefined) {
    header.updatedBy = context.actorId
  }
  return {
    orderId,
    shiftId,
    header,
    lines: listOf(order, ['lines'])?.map(parseLine),
    payments: listOf(order, ['payments'])?.map(parsePayment),
    statusLogs: listOf(order, LOG_FIELDS),
  }
}

function parseLine(line: JsonObject): OrderLinePayload {
  const record: JsonObject = {}
  for (const [name, value] of Object.entries(line)) if (!LOG_FIELDS.includes(name)) record[name] = value
  for (const name of LINE_ID_FIELDS) delete record[name]
  const id = textOf(line, LINE_ID_FIELDS)
  if (id !== undefined) record.id = id
  // A station is where a line is cooked only as long as the line does not say its section.
  const station = textOf(line, STATION_FIELDS)
  if (station !== undefined && textOf(line, SECTION_FIELDS) === undefined) record.kitchenSectionId = station
  return { record, statusLogs: listOf(line, LOG_FIELDS) ?? [] }
}

function parsePayment(payment: JsonObject): JsonObject {
  const method = textOf(payment, METHOD_FIELDS) ?? textOf(payment, ['type'])
  return method === undefined ? { ...payment } : { ...payment, paymentMethodId: method }
}

/** The item of a line, whatever the spelling. */
export function itemOf(line: JsonObject): string | undefined {
  return textOf(line, ITEM_FIELDS)
}

function listOf(record: JsonObject, names: readonly string[]): JsonObject[] | undefined {
  for (const name of names) {
    const value = record[name]
    if (!Array.isArray(value)) continue
    if (value.every(isJsonObject)) return value
    throw new AppError('invalid-request', `${name} must be a list of objects.`, {
      errors: [{ field: name, code: 'wrong-type', message: 'a list of objects' }],
    })
  }
  return undefined
}

/** The first of the fields that has text or a number, as text. */
function textOf(record: JsonObject, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value: JsonValue | undefined = record[name]
    if (typeof value === 'string' && value.trim() !== '') return value
    if (typeof value === 'number') return String(value)
  }
  return undefined
}
