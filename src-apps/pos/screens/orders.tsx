import { useEffect, useMemo, useState } from 'react'
import { Money, useBranch, useMay, useMoney } from '../../shared/branch.tsx'
import { Button, Dialog, Segments } from '../../shared/controls.tsx'
import { useTable } from '../../shared/hooks.ts'
import { useLocale } from '../../shared/i18n.tsx'
import { CheckIcon, ClockIcon, ReceiptIcon } from '../../shared/icons.tsx'
import { callNumber } from '../../shared/kitchen.ts'
import type { AppLine, AppOrder, Bilingual } from '../../shared/tables.ts'
import { isOrderOver } from '../model/shift.ts'
import { TypeIcon } from '../parts/type-icon.tsx'
import { useOrderActions } from '../state/order-actions.ts'
import { useTexts } from '../texts.ts'

type Group = 'open' | 'held' | 'done'
const MOST_DONE = 60
const TICK_MS = 30_000

interface OrdersViewProps {
  onOpen(order: AppOrder): void
  onReceipt(order: AppOrder): void
}

/** Every order of the day: what is under way, what waits on hold, what is over. */
export function OrdersView({ onOpen, onReceipt }: OrdersViewProps) {
  const t = useTexts()
  const { format } = useLocale()
  const { store } = useBranch()
  const [group, setGroup] = useState<Group>('open')
  const orders = useTable(store, 'order_header')
  const lines = useTable(store, 'order_line')
  const byOrder = useMemo(() => Map.groupBy(lines, ({ orderId }) => orderId), [lines])
  const groups = useMemo(() => groupOrders(orders), [orders])
  const shown = groups[group]
  return (
    <div className="board">
      <header className="board-head">
        <h1>{t('orders.title')}</h1>
        <Segments<Group>
          label={t('orders.title')}
          value={group}
          options={(['open', 'held', 'done'] as const).map((id) => ({
            id,
            text: (
              <>
                {t(`orders.${id}`)}{' '}
                {id !== 'done' && groups[id].length > 0 && (
                  <span className="count">{format.number(groups[id].length)}</span>
                )}
              </>
            ),
          }))}
          onChoose={setGroup}
        />
      </header>
      {shown.length === 0 && <p className="board-empty">{t('orders.empty')}</p>}
      <ul className="order-list">
        {shown.map((order) => (
          <OrderCard
            key={order.id}
            order={order}
            lines={byOrder.get(order.id) ?? []}
            onOpen={() => onOpen(order)}
            onReceipt={() => onReceipt(order)}
          />
        ))}
      </ul>
    </div>
  )
}

function groupOrders(orders: readonly AppOrder[]): Record<Group, AppOrder[]> {
  const byTime = [...orders].sort((a, b) => (a.openedAt ?? '').localeCompare(b.openedAt ?? ''))
  const isHeld = ({ statusId }: AppOrder) => statusId === 'held'
  return {
    open: byTime.filter((order) => !isOrderOver(order) && !isHeld(order)),
    held: byTime.filter(isHeld),
    done: byTime.filter(isOrderOver).reverse().slice(0, MOST_DONE),
  }
}

interface OrderCardProps {
  order: AppOrder
  lines: readonly AppLine[]
  onOpen(): void
  onReceipt(): void
}

function OrderCard({ order, lines, onOpen, onReceipt }: OrderCardProps) {
  const t = useTexts()
  const { nameOf, format } = useLocale()
  const { store } = useBranch()
  const { read } = useMoney()
  const actions = useOrderActions()
  const now = useNow()
  const statuses = useTable(store, 'order_statuses')
  const types = useTable(store, 'order_types')
  const [asked, ask] = useState<'cancel' | 'driver'>()
  const count = lines.reduce((sum, { quantity = 1, statusId }) => (statusId === 'cancelled' ? sum : sum + quantity), 0)
  const isHeld = order.statusId === 'held'
  const isOver = isOrderOver(order)
  const isDelivery = order.orderTypeId === 'delivery'
  const isSent = !isHeld && lines.some(({ statusId }) => statusId !== 'held')
  const isBegun = lines.some(({ statusId }) => !['held', 'queued', 'draft'].includes(statusId ?? ''))
  const pay = order.paymentStateId === 'paid' ? 'paid' : order.paymentStateId === 'partial' ? 'partial' : 'unpaid'
  const type = types.find(({ id }) => id === order.orderTypeId)
  const canContinue = !isOver && (pay !== 'paid' || type?.allowsLineAdditions === true)
  const canChange = useMay()('update', 'order_header')
  const canHand = canChange && !isOver && isSent && order.statusId !== 'served'
  return (
    <li className={`order order-${order.statusId}`} data-order={order.id} data-status={order.statusId}>
      <header className="order-head">
        <span className="order-type">
          <TypeIcon typeId={order.orderTypeId} size={22} />
        </span>
        <h2>
          <bdi>{callNumber(order)}</bdi>
        </h2>
        <span className={`chip chip-${order.statusId}`}>
          {nameOf(statuses.find(({ id }) => id === order.statusId))}
        </span>
      </header>
      <p className="order-words">
        <span>{order.tableLabel ? t('cart.table', { name: order.tableLabel }) : nameOf(type)}</span>
        {order.customerName && <bdi>{order.customerName}</bdi>}
        <span>{t('orders.items', { count })}</span>
        <span className="order-time">
          <ClockIcon size={16} />
          <time dateTime={order.openedAt ?? order.createdAt}>
            {isOver
              ? format.time(order.openedAt ?? order.createdAt)
              : format.relative(order.openedAt ?? order.createdAt, now)}
          </time>
        </span>
      </p>
      <p className="order-money">
        <Money amount={read(order.totalDue)} />
        {order.statusId !== 'cancelled' && <span className={`chip chip-${pay}`}>{t(`orders.${pay}`)}</span>}
      </p>
      <div className="line-of-buttons">
        {canContinue && (
          <Button variant={isHeld ? 'primary' : 'plain'} onPress={onOpen} testId="open-order">
            {t(isHeld ? 'orders.resume' : 'orders.show')}
          </Button>
        )}
        {canHand && (
          <Button
            icon={<CheckIcon size={18} />}
            variant={order.statusId === 'ready' ? 'primary' : 'plain'}
            onPress={() => (isDelivery ? ask('driver') : void actions.handOver(order))}
            testId="hand-over"
          >
            {t(isDelivery ? 'orders.dispatch' : 'orders.handOver')}
          </Button>
        )}
        {canChange && isDelivery && order.stageId === 'dispatched' && !isOver && (
          <Button variant="primary" onPress={() => void actions.deliver(order)}>
            {t('orders.delivered')}
          </Button>
        )}
        {!isHeld && (
          <Button variant="ghost" icon={<ReceiptIcon size={18} />} onPress={onReceipt}>
            {t('orders.receipt')}
          </Button>
        )}
        {canChange && !isOver && !isBegun && pay === 'unpaid' && (
          <Button variant="ghost" onPress={() => ask('cancel')} testId="cancel-order">
            {t('orders.cancel')}
          </Button>
        )}
      </div>
      {asked === 'cancel' && (
        <Dialog
          title={t('orders.cancel.title', { number: callNumber(order) })}
          name="cancel"
          onClose={() => ask(undefined)}
          footer={
            <>
              <Button onPress={() => ask(undefined)}>{t('orders.cancel.keep')}</Button>
              <Button variant="danger" onPress={() => void actions.cancel(order).then(() => ask(undefined))}>
                {t('orders.cancel.button')}
              </Button>
            </>
          }
        >
          <p>{t('orders.cancel.body')}</p>
        </Dialog>
      )}
      {asked === 'driver' && <DriverDialog order={order} onClose={() => ask(undefined)} />}
    </li>
  )
}

function DriverDialog({ order, onClose }: { order: AppOrder; onClose(): void }) {
  const t = useTexts()
  const { textOf } = useLocale()
  const actions = useOrderActions()
  const drivers = useTable(useBranch().store, 'delivery_drivers').filter(({ isActive }) => isActive !== false)
  return (
    <Dialog title={t('orders.driver')} name="driver" onClose={onClose}>
      <div className="opening-choices">
        {drivers.map((driver) => (
          <Button key={driver.id} onPress={() => void actions.handOver(order, driver.id).then(onClose)}>
            <bdi>{textOf((driver as { display_name?: Bilingual }).display_name) || driver.name}</bdi>
          </Button>
        ))}
      </div>
    </Dialog>
  )
}

/** The time, twice a minute. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), TICK_MS)
    return () => window.clearInterval(timer)
  }, [])
  return now
}
