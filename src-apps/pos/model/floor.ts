import type { DiningTables, Reservations, ReservationTable, TableLock } from '../../shared/pos-tables.ts'
import type { AppOrder, Bilingual } from '../../shared/tables.ts'
import { isOrderOver } from './shift.ts'

export type TableState = 'free' | 'busy' | 'reserved' | 'locked' | 'off'

export interface FloorTable {
  id: string
  record: DiningTables
  state: TableState
  /** Open orders at the table, oldest first. */
  orders: AppOrder[]
  reservation: Reservations | undefined
}

export interface FloorArea {
  id: string
  name: Bilingual
  tables: FloorTable[]
}

export interface FloorTables {
  dining_tables: readonly (DiningTables & { zone_name?: Bilingual })[]
  order_header: readonly AppOrder[]
  reservations: readonly Reservations[]
  reservation_table: readonly ReservationTable[]
  table_lock: readonly TableLock[]
}

/** A table is kept free for guests this long before they come, and until the hold ends. */
const RESERVED_BEFORE_MS = 90 * 60_000
const EXPECTED = new Set(['booked', 'confirmed'])

/** The tables by area, in their order, with what stands on them now. */
export function buildFloor(tables: FloorTables, nowMs: number): FloorArea[] {
  const dineIn = tables.order_header.filter((order) => order.tableId && !isOrderOver(order))
  const orders = Map.groupBy(dineIn, ({ tableId }) => tableId!)
  const expected = new Map(
    tables.reservations.filter((one) => isExpected(one, nowMs)).map((reservation) => [reservation.id, reservation]),
  )
  const reserved = new Map<string, Reservations>()
  for (const { tableId, reservationId } of tables.reservation_table) {
    const reservation = expected.get(reservationId)
    if (reservation) reserved.set(tableId, reservation)
  }
  const locked = new Set(tables.table_lock.filter((lock) => isLocked(lock, nowMs)).map(({ tableId }) => tableId))
  const areas = new Map<string, FloorArea>()
  const inOrder = [...tables.dining_tables].sort((a, b) => (a.displayOrder ?? 0) - (b.displayOrder ?? 0))
  for (const record of inOrder) {
    const zone = record.zone ?? ''
    const area = areas.get(zone) ?? { id: zone, name: record.zone_name ?? { en: zone, ar: zone }, tables: [] }
    areas.set(zone, area)
    const own = (orders.get(record.id) ?? []).sort((a, b) => (a.openedAt ?? '').localeCompare(b.openedAt ?? ''))
    const reservation = reserved.get(record.id)
    let state: TableState = 'free'
    if (own.length > 0) state = 'busy'
    else if (record.state !== undefined && record.state !== 'active') state = 'off'
    else if (locked.has(record.id)) state = 'locked'
    else if (reservation) state = 'reserved'
    area.tables.push({ id: record.id, record, state, orders: own, reservation })
  }
  return [...areas.values()]
}

function isExpected({ status, scheduledAt, holdUntil }: Reservations, nowMs: number): boolean {
  const at = Date.parse(scheduledAt ?? '')
  const until = holdUntil ? Date.parse(holdUntil) : at + RESERVED_BEFORE_MS
  return EXPECTED.has(status ?? '') && at - RESERVED_BEFORE_MS <= nowMs && nowMs <= until
}

function isLocked({ active, orderId, expiresAt }: TableLock, nowMs: number): boolean {
  return active === true && !orderId && (!expiresAt || Date.parse(expiresAt) > nowMs)
}
