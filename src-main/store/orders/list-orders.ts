import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import type { ModuleStore } from '../api.ts'
import type { FieldCondition, ListQuery } from '../types.ts'
import { ORDER_TABLES } from './order-command.ts'

export interface OrderFilter {
  onlyActive: boolean
  status: readonly string[]
  stage: readonly string[]
  type: readonly string[]
  shiftId: readonly string[]
  /** ISO 8601, UTC. */
  updatedAfter?: string
  /** By the client's own time of saving, else the time of the change. */
  savedAfter?: string
  limit: number
}

/** Statuses of orders that need nobody's attention any more, lower case. */
const CLOSED = new Set(['closed', 'complete', 'completed', 'cancelled', 'canceled', 'void', 'refunded', 'returned'])

const PAGE = 1_000
/** Orders looked at for one answer: filters without an index must not hold up the branch. */
const MAX_SCANNED = 20_000
const MAX_STATUSES = 200

/** Headers that pass the filter, latest change first. `hasMore` when the limit, or the scan, ended before the data. */
export function listOrderHeaders(
  module: ModuleStore,
  filter: OrderFilter,
): { headers: JsonObject[]; hasMore: boolean } {
  const conditions = toConditions(module, filter)
  const found: JsonObject[] = []
  let hasMore = false
  for (const where of conditions) {
    const part = scan(module, where, filter)
    found.push(...part.headers)
    hasMore ||= part.hasMore
  }
  if (conditions.length > 1) found.sort((one, other) => String(other.updatedAt).localeCompare(String(one.updatedAt)))
  return { headers: found.slice(0, filter.limit), hasMore: hasMore || found.length > filter.limit }
}

function scan(
  module: ModuleStore,
  where: FieldCondition[],
  filter: OrderFilter,
): { headers: JsonObject[]; hasMore: boolean } {
  const headers: JsonObject[] = []
  const query: ListQuery = {
    where,
    orderBy: [{ field: 'updatedAt', direction: 'desc' }],
    ...(filter.updatedAfter !== undefined && { updatedAfter: filter.updatedAfter }),
  }
  let next: string | undefined
  let scanned = 0
  do {
    const page = module.list(ORDER_TABLES.header, { ...query, limit: PAGE, ...(next !== undefined && { next }) })
    scanned += page.count
    next = page.next
    for (const text of page.recordTexts) {
      const header: unknown = JSON.parse(text)
      if (!isJsonObject(header) || !passes(header, filter)) continue
      if (headers.length === filter.limit) return { headers, hasMore: true }
      headers.push(header)
    }
  } while (next !== undefined && scanned < MAX_SCANNED)
  return { headers, hasMore: next !== undefined }
}

/**
 * "Not closed" cannot use an index, but "one of these statuses" can: so the statuses in use are looked up first, each
 * with one step in the index, and years of closed orders are never read. Orders without a status are open.
 */
function toConditions(module: ModuleStore, filter: OrderFilter): FieldCondition[][] {
  const base: FieldCondition[] = []
  const oneOf = (field: string, values: readonly string[]): void => {
    if (values.length > 0) base.push({ field, operator: 'in', value: [...values] })
  }
  oneOf('stageId', filter.stage)
  oneOf('orderTypeId', filter.type)
  oneOf('shiftId', filter.shiftId)
  if (filter.status.length > 0) return [[{ field: 'statusId', operator: 'in', value: [...filter.status] }, ...base]]
  if (!filter.onlyActive) return [base]
  const active = listStatuses(module).filter((status) => !isClosed(status))
  return [
    [{ field: 'statusId', operator: 'in', value: active }, ...base],
    [{ field: 'statusId', operator: 'is null' }, ...base],
  ]
}

/** Each status that some order has. */
function listStatuses(module: ModuleStore): string[] {
  const statuses: string[] = []
  for (let last = ''; statuses.length < MAX_STATUSES; ) {
    const [header] = module.listRecords(ORDER_TABLES.header, {
      where: [{ field: 'statusId', operator: '>', value: last }],
      orderBy: [{ field: 'statusId', direction: 'asc' }],
      limit: 1,
    })
    if (typeof header?.statusId !== 'string' || header.statusId === last) break
    last = header.statusId
    statuses.push(last)
  }
  return statuses
}

function isClosed(status: string): boolean {
  return CLOSED.has(status.toLowerCase())
}

function passes(header: JsonObject, filter: OrderFilter): boolean {
  if (filter.onlyActive && typeof header.statusId === 'string' && isClosed(header.statusId)) return false
  if (filter.savedAfter === undefined) return true
  const savedAt = header.savedAt ?? header.updatedAt
  const time = typeof savedAt === 'number' ? savedAt : Date.parse(String(savedAt))
  return time > Date.parse(filter.savedAfter)
}
