import { useEffect, useRef, useState } from 'react'
import { Money, useBranch, useMay, useMoney } from '../../shared/branch.tsx'
import { Button, Dialog, Segments } from '../../shared/controls.tsx'
import { useRecord, useTable } from '../../shared/hooks.ts'
import { useLocale } from '../../shared/i18n.tsx'
import {
  BagIcon,
  EditIcon,
  FlameIcon,
  NoteIcon,
  PauseIcon,
  PercentIcon,
  PersonIcon,
  PlusIcon,
  TableIcon,
  TrashIcon,
} from '../../shared/icons.tsx'
import { callNumber } from '../../shared/kitchen.ts'
import type { Minor } from '../../shared/money.ts'
import { useSharedTexts } from '../../shared/texts.ts'
import { type CartLine, changeLine, hasUnsent, isSent, MAX_QUANTITY } from '../model/cart.ts'
import { cartTotals } from '../model/order-writes.ts'
import { DiscountField } from '../parts/discount-field.tsx'
import { Stepper } from '../parts/stepper.tsx'
import { TypeIcon } from '../parts/type-icon.tsx'
import { useTill } from '../state/till.tsx'
import { useTexts } from '../texts.ts'
import { CustomerDialog } from './customer.tsx'

interface CartPanelProps {
  selectedId: string | undefined
  onSelect(lineId: string | undefined): void
  onEdit(line: CartLine): void
  onHold(): Promise<void>
  onSend(): Promise<void>
  onPay(): void
  onTables(): void
}

/** The order on the counter: what, for whom, how much, and what happens next. */
export function CartPanel(props: CartPanelProps) {
  const t = useTexts()
  const till = useTill()
  const { cart } = till
  const stored = useRecord(useBranch().store, 'order_header', cart.orderId)
  const [isBusy, setBusy] = useState(false)
  const [hasExtras, setExtras] = useState(false)
  const may = useMay()
  const canWrite = may('insert', 'order_line') && may(stored ? 'update' : 'insert', 'order_header')
  const canTake = canWrite && may('insert', 'order_payment')
  const canPay = canTake && cart.lines.length > 0 && stored?.paymentStateId !== 'paid'
  const canKeep = canWrite && cart.lines.length > 0 && hasUnsent(cart) && !isBusy
  const isHeldOrNew = !stored || stored.statusId === 'held'
  const run = (action: () => Promise<void>) => {
    setBusy(true)
    void action().finally(() => setBusy(false))
  }
  const needsTable = cart.orderTypeId === 'dine_in' && cart.tableId === null
  const needsCustomer = cart.orderTypeId === 'delivery' && cart.customerId === null
  // Some kinds are paid before anything is cooked.
  const canSend = till.orderType?.allowsFinalizeLater !== false || stored?.paymentStateId === 'paid'
  return (
    <section className="cart" aria-label={t('cart.label')} data-order={cart.orderId}>
      <CartHead onTables={props.onTables} />
      <CartLines {...props} />
      {cart.lines.length > 0 && (
        <footer className="cart-foot">
          <Totals />
          {!canTake && (
            <p className="note note-warn" role="status" data-refused={canWrite ? 'order_payment' : 'order_header'}>
              {t(canWrite ? 'role.noPay' : 'role.noOrder')}
            </p>
          )}
          <div className="cart-actions">
            <Button icon={<PercentIcon size={18} />} onPress={() => setExtras(true)} testId="order-extras">
              {t('cart.discount')}
            </Button>
            <Button
              icon={<PauseIcon />}
              isDisabled={!canKeep || !isHeldOrNew || till.orderType?.allowsSave === false}
              onPress={() => run(props.onHold)}
              testId="hold"
            >
              {t('cart.hold')}
            </Button>
            <Button
              variant="amber"
              icon={<FlameIcon />}
              isDisabled={!canKeep || !canSend || needsTable || needsCustomer}
              onPress={() => run(props.onSend)}
              testId="send"
            >
              {t('cart.send')}
            </Button>
            <Button
              variant="primary"
              size="large"
              className="cart-pay"
              isDisabled={!canPay || isBusy || needsCustomer}
              onPress={props.onPay}
              testId="pay"
            >
              {t('cart.pay')} <LeftToPay />
            </Button>
          </div>
        </footer>
      )}
      {hasExtras && <ExtrasDialog subtotal={cartTotals(cart, till).subtotal} onClose={() => setExtras(false)} />}
    </section>
  )
}

function useLeft(): { due: Minor; paid: Minor; left: Minor } {
  const till = useTill()
  const { read } = useMoney()
  const stored = useRecord(useBranch().store, 'order_header', till.cart.orderId)
  const due = cartTotals(till.cart, till).totalDue
  const paid = read(stored?.totalPaid)
  return { due, paid, left: Math.max(0, due - paid) }
}

function LeftToPay() {
  return <Money amount={useLeft().left} />
}

function CartHead({ onTables }: { onTables(): void }) {
  const t = useTexts()
  const { nameOf } = useLocale()
  const { store } = useBranch()
  const till = useTill()
  const { cart, changeCart } = till
  const types = [...useTable(store, 'order_types')].sort((a, b) => (a.sequence ?? 0) - (b.sequence ?? 0))
  const table = useRecord(store, 'dining_tables', cart.tableId ?? undefined)
  const customer = useRecord(store, 'customer_profiles', cart.customerId ?? undefined)
  const stored = useRecord(store, 'order_header', cart.orderId)
  const [isChoosing, setChoosing] = useState(false)
  const isFixed = cart.lines.some(isSent)
  return (
    <header className="cart-head">
      {isFixed && stored ? (
        <div className="cart-title">
          <TypeIcon typeId={cart.orderTypeId} size={24} />
          <h2>
            <bdi>{callNumber(stored)}</bdi>
          </h2>
          <Button icon={<PlusIcon />} onPress={() => till.startOrder()} testId="new-order">
            {t('cart.new')}
          </Button>
        </div>
      ) : (
        <div className="cart-types">
          <Segments
            label={t('cart.type')}
            value={cart.orderTypeId}
            options={types.map((type) => ({ id: type.id, text: nameOf(type), icon: <TypeIcon typeId={type.id} /> }))}
            onChoose={(orderTypeId) =>
              changeCart((now) => ({ ...now, orderTypeId, ...(orderTypeId !== 'dine_in' && { tableId: null }) }))
            }
          />
        </div>
      )}
      <div className="cart-whom">
        {cart.orderTypeId === 'dine_in' ? (
          <>
            <Button icon={<TableIcon />} variant={table ? 'plain' : 'amber'} isDisabled={isFixed} onPress={onTables}>
              {table ? t('cart.table', { name: table.name ?? table.id }) : t('cart.table.choose')}
            </Button>
            <div className="cart-guests">
              <PersonIcon size={18} />
              <Stepper
                label={t('cart.guests.label')}
                value={cart.guests}
                min={1}
                max={99}
                onChange={(guests) => changeCart((now) => ({ ...now, guests }))}
              />
            </div>
          </>
        ) : (
          <Button
            icon={<PersonIcon />}
            variant={cart.orderTypeId === 'delivery' && !customer ? 'amber' : 'plain'}
            className="cart-customer"
            onPress={() => setChoosing(true)}
            testId="customer"
          >
            {customer ? <bdi>{customer.name}</bdi> : t('cart.customer.choose')}
          </Button>
        )}
      </div>
      {isChoosing && <CustomerDialog onClose={() => setChoosing(false)} />}
    </header>
  )
}

function CartLines(props: CartPanelProps) {
  const t = useTexts()
  const till = useTill()
  const { cart } = till
  const { lines } = cartTotals(cart, till)
  if (cart.lines.length === 0) {
    return (
      <div className="cart-empty">
        <BagIcon size={44} />
        <p>
          <strong>{t('cart.empty.title')}</strong>
        </p>
        <p className="soft">{t('cart.empty.body')}</p>
      </div>
    )
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also when nothing in it can be pressed
    <ul className="lines" aria-label={t('cart.label')} tabIndex={0}>
      {!till.canAdd && <li className="note lines-note">{t('cart.noAdditions')}</li>}
      {cart.lines.map((line, index) => (
        <Line key={line.id} line={line} total={lines[index]!} {...props} />
      ))}
    </ul>
  )
}

function Line({ line, total, selectedId, onSelect, onEdit }: CartPanelProps & { line: CartLine; total: Minor }) {
  const t = useTexts()
  const { textOf, format, nameOf } = useLocale()
  const { changeCart, menu } = useTill()
  const row = useRef<HTMLLIElement>(null)
  const name = textOf(line.name)
  const sent = isSent(line)
  // What happens in the kitchen shows here while the order is on the counter.
  const statusId = useRecord(useBranch().store, 'order_line', line.id)?.statusId ?? line.statusId
  const isOpen = selectedId === line.id && !sent
  useEffect(() => {
    if (isOpen) row.current?.scrollIntoView({ block: 'nearest' })
  }, [isOpen])
  const words = line.modifiers.map(({ id, quantity }) => {
    const text = nameOf(menu.modifiers.get(id))
    return quantity > 1 ? `${format.number(quantity)}× ${text}` : text
  })
  return (
    <li className={`line ${isOpen ? 'line-open' : ''} ${sent ? 'line-sent' : ''}`} ref={row} data-line={line.itemId}>
      <button
        type="button"
        className="line-main"
        aria-expanded={sent ? undefined : isOpen}
        disabled={sent}
        onClick={() => onSelect(isOpen ? undefined : line.id)}
      >
        <span className="line-count">{format.number(line.quantity)}</span>
        <span className="line-words">
          <span className="line-name">{name}</span>
          {words.length > 0 && <span className="line-more">{words.join(' · ')}</span>}
          {line.note !== '' && (
            <span className="line-more line-note">
              <NoteIcon size={15} /> {line.note}
            </span>
          )}
          {sent && (
            <span className={`line-state line-state-${statusId}`}>
              <FlameIcon size={15} />
              {isShown(statusId) ? t(`line.${statusId}`) : t('line.queued')}
            </span>
          )}
        </span>
        <span className="line-total">
          <Money amount={total} isBare />
          {line.discount && <PercentIcon size={15} />}
        </span>
      </button>
      {isOpen && (
        <div className="line-tools">
          <Stepper
            label={name}
            value={line.quantity}
            min={1}
            max={MAX_QUANTITY}
            onChange={(quantity) => changeCart((now) => changeLine(now, line.id, { quantity }))}
          />
          <Button icon={<EditIcon />} onPress={() => onEdit(line)} testId="edit-line">
            <span aria-hidden="true">{t('cart.line.options')}</span>
            <span className="visually-hidden">{t('cart.line.edit', { name })}</span>
          </Button>
          <button
            type="button"
            className="button icon-button line-remove"
            aria-label={t('cart.line.remove', { name })}
            onClick={() => changeCart((now) => changeLine(now, line.id, { quantity: 0 }))}
          >
            <TrashIcon />
          </button>
        </div>
      )}
    </li>
  )
}

const SHOWN_STATES = ['queued', 'cooking', 'ready', 'served', 'held'] as const

function isShown(status: string): status is (typeof SHOWN_STATES)[number] {
  return SHOWN_STATES.some((known) => known === status)
}

function Totals() {
  const t = useTexts()
  const { format } = useLocale()
  const till = useTill()
  const { cart } = till
  const totals = cartTotals(cart, till)
  const { due, paid, left } = useLeft()
  return (
    <dl className="totals">
      <div>
        <dt>{t('cart.subtotal')}</dt>
        <dd>
          <Money amount={totals.subtotal} isBare />
        </dd>
      </div>
      {totals.discountAmount > 0 && (
        <div className="totals-off">
          <dt>{t('cart.discount')}</dt>
          <dd>
            <Money amount={-totals.discountAmount} isBare />
          </dd>
        </div>
      )}
      {totals.service > 0 && (
        <div>
          <dt>{t('cart.service', { rate: format.percent(till.rules.serviceRate) })}</dt>
          <dd>
            <Money amount={totals.service} isBare />
          </dd>
        </div>
      )}
      <div>
        <dt>{t('cart.tax', { rate: format.percent(till.rules.taxRate) })}</dt>
        <dd>
          <Money amount={totals.tax} isBare />
        </dd>
      </div>
      {totals.deliveryFee > 0 && (
        <div>
          <dt>{t('cart.delivery')}</dt>
          <dd>
            <Money amount={totals.deliveryFee} isBare />
          </dd>
        </div>
      )}
      <div className="totals-due">
        <dt>{t('cart.total')}</dt>
        <dd data-testid="total">
          <Money amount={due} />
        </dd>
      </div>
      {paid > 0 && (
        <div className="totals-left">
          <dt>
            {t('cart.paid')} <Money amount={paid} isBare /> · {t('cart.left')}
          </dt>
          <dd>
            <Money amount={left} isBare />
          </dd>
        </div>
      )}
    </dl>
  )
}

function ExtrasDialog({ subtotal, onClose }: { subtotal: Minor; onClose(): void }) {
  const t = useTexts()
  const shared = useSharedTexts()
  const { cart, changeCart } = useTill()
  return (
    <Dialog
      title={t('cart.extras')}
      name="extras"
      onClose={onClose}
      footer={
        <Button variant="primary" onPress={onClose}>
          {shared('common.done')}
        </Button>
      }
    >
      <DiscountField
        base={subtotal}
        value={cart.discount}
        onChange={(discount) => changeCart((now) => ({ ...now, discount }))}
      />
      <label className="field">
        <span className="field-label">{t('cart.note')}</span>
        <textarea
          className="input"
          rows={2}
          value={cart.note}
          onChange={(event) => changeCart((now) => ({ ...now, note: event.target.value }))}
        />
      </label>
    </Dialog>
  )
}
