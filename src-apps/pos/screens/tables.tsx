import { useMemo, useState } from 'react'
import { Money, useBranch, useMoney } from '../../shared/branch.tsx'
import { Button, Dialog } from '../../shared/controls.tsx'
import { useTable } from '../../shared/hooks.ts'
import { useLocale } from '../../shared/i18n.tsx'
import { PersonIcon, PlusIcon } from '../../shared/icons.tsx'
import { callNumber } from '../../shared/kitchen.ts'
import type { AppOrder } from '../../shared/tables.ts'
import { buildFloor, type FloorTable } from '../model/floor.ts'
import { useTexts } from '../texts.ts'
import { useNow } from './orders.tsx'

interface TablesViewProps {
  onOrder(order: AppOrder): void
  onTable(tableId: string): void
}

/** The floor by area: a free table begins an order, a taken one shows its own. */
export function TablesView({ onOrder, onTable }: TablesViewProps) {
  const t = useTexts()
  const { textOf } = useLocale()
  const { store } = useBranch()
  const now = useNow()
  const dining_tables = useTable(store, 'dining_tables')
  const order_header = useTable(store, 'order_header')
  const reservations = useTable(store, 'reservations')
  const reservation_table = useTable(store, 'reservation_table')
  const table_lock = useTable(store, 'table_lock')
  const areas = useMemo(
    () => buildFloor({ dining_tables, order_header, reservations, reservation_table, table_lock }, now),
    [dining_tables, order_header, reservations, reservation_table, table_lock, now],
  )
  const [several, setSeveral] = useState<FloorTable>()
  const press = (table: FloorTable) => {
    if (table.orders.length > 1) setSeveral(table)
    else if (table.orders.length === 1) onOrder(table.orders[0]!)
    else onTable(table.id)
  }
  return (
    <div className="board">
      <h1 className="visually-hidden">{t('tables.title')}</h1>
      {areas.map((area) => (
        <section key={area.id} className="area" data-area={area.id}>
          <header className="area-head">
            <h2>{textOf(area.name)}</h2>
            <span className="soft">
              {t('tables.free', { count: area.tables.filter(({ state }) => state === 'free').length })}
            </span>
          </header>
          <ul className="floor">
            {area.tables.map((table) => (
              <li key={table.id}>
                <TableTile table={table} now={now} onPress={() => press(table)} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      {several && (
        <Dialog
          title={t('tables.pick', { name: several.record.name ?? several.id })}
          name="table"
          onClose={() => setSeveral(undefined)}
          footer={
            <Button icon={<PlusIcon />} onPress={() => onTable(several.id)}>
              {t('tables.another')}
            </Button>
          }
        >
          <div className="opening-choices">
            {several.orders.map((order) => (
              <Button key={order.id} onPress={() => onOrder(order)}>
                <bdi>{callNumber(order)}</bdi>
              </Button>
            ))}
          </div>
        </Dialog>
      )}
    </div>
  )
}

function TableTile({ table, now, onPress }: { table: FloorTable; now: number; onPress(): void }) {
  const t = useTexts()
  const { format, nameOf } = useLocale()
  const { read } = useMoney()
  const statuses = useTable(useBranch().store, 'order_statuses')
  const { record, state, orders, reservation } = table
  const due = orders.reduce((sum, order) => sum + read(order.totalDue) - read(order.totalPaid), 0)
  const first = orders[0]
  const status = first && nameOf(statuses.find(({ id }) => id === first.statusId))
  return (
    <button
      type="button"
      className={`table table-${state} ${first ? `table-order-${first.statusId}` : ''}`}
      data-table={table.id}
      data-state={state}
      disabled={state === 'off' || state === 'locked'}
      onClick={onPress}
    >
      <span className="table-top">
        <bdi className="table-name">{record.name}</bdi>
        <span className="table-seats">
          <PersonIcon size={15} />
          <span aria-hidden="true">{format.number(first?.guests ?? record.seats ?? 0)}</span>
          <span className="visually-hidden">
            {first ? t('cart.guests', { count: first.guests ?? 1 }) : t('tables.seats', { count: record.seats ?? 0 })}
          </span>
        </span>
      </span>
      <span className="table-state">
        {orders.length > 1 ? t('tables.more', { count: orders.length }) : status || t(`tables.state.${state}`)}
      </span>
      {first && (
        <span className="table-facts">
          <Money amount={due} isBare />
          <span>{minutesText(now - Date.parse(first.openedAt ?? first.createdAt), format.localeTag)}</span>
        </span>
      )}
      {state === 'reserved' && reservation && (
        <span className="table-facts">
          <bdi>{reservation.customerName}</bdi>
          <span>{format.time(reservation.scheduledAt ?? '')}</span>
        </span>
      )}
    </button>
  )
}

const MINUTE_MS = 60_000
const HOUR_MINUTES = 60

/** How long guests have been there: "25 min", "2 hr". */
function minutesText(ms: number, localeTag: string): string {
  const minutes = Math.max(1, Math.round(ms / MINUTE_MS))
  const [amount, unit] = minutes < 2 * HOUR_MINUTES ? [minutes, 'minute'] : [Math.floor(minutes / HOUR_MINUTES), 'hour']
  return new Intl.NumberFormat(localeTag, { style: 'unit', unit, unitDisplay: 'short' }).format(amount)
}
