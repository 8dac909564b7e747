import { useCallback, useEffect, useRef, useState } from 'react'
import { useAccess } from '../shared/access/access.ts'
import { LockButton } from '../shared/access/lock-button.tsx'
import { useBranch, useSettings } from '../shared/branch.tsx'
import { LinkBadge, SettingsButton } from '../shared/chrome.tsx'
import { Button, Dialog, Segments } from '../shared/controls.tsx'
import { useQueue, useTable } from '../shared/hooks.ts'
import { useLocale } from '../shared/i18n.tsx'
import { BagIcon, Mark, OkIcon, PersonIcon, ReceiptIcon, TableIcon } from '../shared/icons.tsx'
import { QueueBadge } from '../shared/queue-badge.tsx'
import { newId } from '../shared/sdk.ts'
import type { AppOrder } from '../shared/tables.ts'
import { useSharedTexts } from '../shared/texts.ts'
import { type Cart, emptyCart, hasUnsent } from './model/cart.ts'
import type { TakenPayment } from './model/payments.ts'
import { isOrderOver } from './model/shift.ts'
import { OrdersView } from './screens/orders.tsx'
import { PayDialog } from './screens/pay.tsx'
import { ReceiptDialog } from './screens/receipt.tsx'
import { SellView } from './screens/sell.tsx'
import { ShiftDialog } from './screens/shift.tsx'
import { TablesView } from './screens/tables.tsx'
import { terminalName } from './state/names.ts'
import { type Saved, useOrderActions } from './state/order-actions.ts'
import { useRepair } from './state/repair.ts'
import { useTill } from './state/till.tsx'
import { useTexts } from './texts.ts'

export type View = 'sell' | 'tables' | 'orders'

interface ShownReceipt {
  orderId: string
  payments: readonly TakenPayment[]
  /** Of an order that was just paid. */
  saving?: Promise<Saved>
}

const TOLD_MS = 2_600

/** The till with its three screens. */
export function Workplace() {
  const t = useTexts()
  const till = useTill()
  const actions = useOrderActions()
  const [view, setView] = useState<View>('sell')
  const [isPaying, setPaying] = useState(false)
  const [receipt, setReceipt] = useState<ShownReceipt>()
  const [next, setNext] = useState<{ cart: Cart }>()
  const [told, tell] = useToldWord()
  useRepair()
  useGuard()
  const { cart } = till

  /** Another order comes to the counter; what is on it and not sent is asked about first. */
  function bring(order: Cart): void {
    if (order.orderId !== cart.orderId && hasUnsent(cart)) setNext({ cart: order })
    else take(order)
  }

  function take(order: Cart): void {
    till.startOrder(order)
    setNext(undefined)
    setView('sell')
  }

  async function keep(kind: 'hold' | 'send'): Promise<void> {
    await actions.save(cart, kind)
    till.startOrder()
    tell(t(kind === 'hold' ? 'cart.held' : 'cart.sent'))
  }

  function finish(payments: readonly TakenPayment[]): void {
    const saving = actions.save(cart, 'pay', payments)
    setPaying(false)
    setReceipt({ orderId: cart.orderId, payments, saving })
    saving.then(
      () => till.startOrder(),
      () => undefined,
    )
  }

  return (
    <div className="app">
      <TopBar view={view} onView={setView} />
      {till.link === 'away' && <AwayNote />}
      <main className="stage" data-screen={view}>
        {view === 'sell' && (
          <SellView
            onHold={() => keep('hold')}
            onSend={() => keep('send')}
            onPay={() => setPaying(true)}
            onTables={() => setView('tables')}
          />
        )}
        {view === 'tables' && (
          <TablesView
            onOrder={(order) => bring(actions.open(order))}
            onTable={(table) => {
              // An order that was begun without a table gets this one.
              if (!cart.isStored && cart.orderTypeId === 'dine_in' && cart.tableId === null)
                take({ ...cart, tableId: table })
              else bring({ ...emptyCart(newId('order_header'), 'dine_in'), tableId: table })
            }}
          />
        )}
        {view === 'orders' && (
          <OrdersView
            onOpen={(order) => bring(actions.open(order))}
            onReceipt={(order: AppOrder) => setReceipt({ orderId: order.id, payments: [] })}
          />
        )}
      </main>
      {isPaying && <PayDialog onPaid={finish} onClose={() => setPaying(false)} />}
      {receipt && <ReceiptDialog {...receipt} onClose={() => setReceipt(undefined)} />}
      {next && (
        <Dialog
          title={t('cart.keep.title')}
          name="keep"
          onClose={() => setNext(undefined)}
          footer={
            <>
              <Button variant="ghost" onPress={() => take(next.cart)}>
                {t('cart.keep.drop')}
              </Button>
              <Button variant="primary" onPress={() => void actions.save(cart, 'hold').then(() => take(next.cart))}>
                {t('cart.keep.hold')}
              </Button>
            </>
          }
        >
          <p>{t('cart.keep.body')}</p>
        </Dialog>
      )}
      <p className="told" role="status" data-shown={told !== ''}>
        {told !== '' && (
          <>
            <OkIcon /> <span>{told}</span>
          </>
        )}
      </p>
    </div>
  )
}

/** Where the browser keeps nothing, closing the page loses what waits: it asks first. */
function useGuard(): void {
  const { pending } = useQueue(useBranch().store)
  const isFragile = pending.some(({ isDurable }) => !isDurable)
  useEffect(() => {
    if (!isFragile) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [isFragile])
}

function useToldWord(): [string, (word: string) => void] {
  const [word, setWord] = useState('')
  const timer = useRef(0)
  const tell = useCallback((text: string) => {
    window.clearTimeout(timer.current)
    setWord(text)
    timer.current = window.setTimeout(() => setWord(''), TOLD_MS)
  }, [])
  useEffect(() => () => window.clearTimeout(timer.current), [])
  return [word, tell]
}

function TopBar({ view, onView }: { view: View; onView(view: View): void }) {
  const t = useTexts()
  const { textOf, format } = useLocale()
  const { store } = useBranch()
  const { link, terminal, cashierName } = useTill()
  const { person } = useAccess()
  const { restaurant_name } = useSettings()
  const orders = useTable(store, 'order_header')
  const open = orders.filter((order) => !isOrderOver(order)).length
  const [isShiftOpen, setShiftOpen] = useState(false)
  return (
    <header className="top">
      <Mark size={32} />
      <p className="top-name">
        <strong>{textOf(restaurant_name)}</strong>
        <bdi className="soft">{terminalName(terminal, textOf)}</bdi>
      </p>
      <nav className="top-nav" aria-label={t('nav.label')}>
        <Segments
          label={t('nav.label')}
          value={view}
          options={[
            { id: 'sell', text: t('nav.sell'), icon: <BagIcon size={18} /> },
            { id: 'tables', text: t('nav.tables'), icon: <TableIcon size={18} /> },
            {
              id: 'orders',
              text: (
                <>
                  {t('nav.orders')} {open > 0 && <span className="count">{format.number(open)}</span>}
                </>
              ),
              icon: <ReceiptIcon size={18} />,
            },
          ]}
          onChoose={onView}
        />
      </nav>
      <div className="top-end">
        <QueueBadge />
        <LinkBadge link={link} />
        <Button
          variant="ghost"
          className="top-person"
          icon={<PersonIcon />}
          onPress={() => setShiftOpen(true)}
          testId="shift"
        >
          <bdi>{person?.name ?? cashierName}</bdi>
        </Button>
        <LockButton />
        <SettingsButton />
      </div>
      {isShiftOpen && <ShiftDialog onClose={() => setShiftOpen(false)} />}
    </header>
  )
}

function AwayNote() {
  const t = useSharedTexts()
  const { pending } = useQueue(useBranch().store)
  return (
    <p className="away" role="status">
      {t('link.away.body')} {pending.length > 0 && t('queue.waiting', { count: pending.length })}
    </p>
  )
}
