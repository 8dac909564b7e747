import { type ReactNode, useEffect, useState } from 'react'
import { Money, useBranch, useMoney, useSettings } from '../../shared/branch.tsx'
import { Button, Dialog, Segments } from '../../shared/controls.tsx'
import { useQueue, useRecord, useTable } from '../../shared/hooks.ts'
import { createLocale, createTranslate, type Locale, useLocale, usePreferences } from '../../shared/i18n.tsx'
import { BusyIcon, ClockIcon, OkIcon, PrinterIcon, WarnIcon } from '../../shared/icons.tsx'
import { callNumber } from '../../shared/kitchen.ts'
import { type Currency, formatAmount, type Minor } from '../../shared/money.ts'
import { readDiscount } from '../../shared/order-totals.ts'
import type { OrderLineModifier, OrderPayment } from '../../shared/pos-tables.ts'
import type { AppLanguage } from '../../shared/preferences.ts'
import type { AppLine, AppOrder } from '../../shared/tables.ts'
import type { Menu } from '../model/menu.ts'
import { settle, type TakenPayment } from '../model/payments.ts'
import { personName } from '../state/names.ts'
import type { Saved } from '../state/order-actions.ts'
import { useTill } from '../state/till.tsx'
import { ar } from '../strings/ar.ts'
import { en } from '../strings/en.ts'
import { useTexts } from '../texts.ts'

interface ReceiptDialogProps {
  orderId: string
  /** What was just taken; empty when an old receipt is shown again. */
  payments: readonly TakenPayment[]
  saving?: Promise<Saved>
  onClose(): void
}

/** late: neither this device nor the server has it for sure yet. */
type Keeping = 'keeping' | 'kept' | 'late'
const LATE_MS = 2_000

/** The end of a sale. Nothing is printed before the order is on the disk of this device, or at the server. */
export function ReceiptDialog({ orderId, payments, saving, onClose }: ReceiptDialogProps) {
  const t = useTexts()
  const { language } = useLocale()
  const { store } = useBranch()
  const order = useRecord(store, 'order_header', orderId)
  const { pending } = useQueue(store)
  const [printed, setPrinted] = useState<AppLanguage>(language)
  const state = useKeeping(saving)
  const isWaiting = pending.some(({ operations }) => operations.some(({ record }) => record.id === orderId))
  const { change } = settle(0, payments)
  const isPartial = order?.paymentStateId === 'partial'
  return (
    <Dialog
      title={saving ? t(isPartial ? 'receipt.partial' : 'receipt.done') : t('receipt.title')}
      name="receipt"
      shape="wide"
      onClose={onClose}
      footer={
        <>
          <Button icon={<PrinterIcon />} isDisabled={state !== 'kept'} onPress={() => window.print()} testId="print">
            {t('receipt.print')}
          </Button>
          <Button variant="primary" size="large" isDisabled={state === 'keeping'} onPress={onClose} testId="next-order">
            {t('cart.new')}
          </Button>
        </>
      }
    >
      <div className="receipt-page">
        <div className="receipt-side">
          <KeepingWords state={state} isWaiting={isWaiting} hasNumber={Boolean(order?.orderNumber)} />
          {change > 0 && (
            <p className="receipt-change">
              <span>{t('receipt.change')}</span>
              <strong data-testid="change">
                <Money amount={change} />
              </strong>
            </p>
          )}
          {order && (
            <p className="receipt-number" data-testid="receipt-number" data-number={order.orderNumber ?? ''}>
              <span className="soft">{t(order.orderNumber ? 'receipt.number' : 'receipt.reference')}</span>
              <bdi>{callNumber(order)}</bdi>
            </p>
          )}
          <div className="choice">
            <h3>{t('receipt.language')}</h3>
            <Segments<AppLanguage>
              label={t('receipt.language')}
              value={printed}
              options={[
                { id: 'ar', text: <span lang="ar">العربية</span> },
                { id: 'en', text: <span lang="en">English</span> },
              ]}
              onChoose={setPrinted}
            />
          </div>
        </div>
        {order && <Receipt order={order} language={printed} />}
      </div>
    </Dialog>
  )
}

function useKeeping(saving: Promise<Saved> | undefined): Keeping {
  const [state, setState] = useState<Keeping>(saving ? 'keeping' : 'kept')
  useEffect(() => {
    if (!saving) return
    let isOver = false
    const tell = (next: Keeping) => !isOver && setState(next)
    const timer = window.setTimeout(() => tell('late'), LATE_MS)
    saving
      .then(({ isSafe }) => isSafe)
      .then(
        () => {
          window.clearTimeout(timer)
          tell('kept')
        },
        () => tell('late'),
      )
    return () => {
      isOver = true
      window.clearTimeout(timer)
    }
  }, [saving])
  return state
}

function KeepingWords({ state, isWaiting, hasNumber }: { state: Keeping; isWaiting: boolean; hasNumber: boolean }) {
  const t = useTexts()
  if (state === 'late') {
    return (
      <p className="note note-danger receipt-state" role="alert">
        <WarnIcon /> {t('receipt.notKept')}
      </p>
    )
  }
  if (state === 'keeping') {
    return (
      <p className="note receipt-state">
        <BusyIcon className="turning" /> {t('receipt.keeping')}
      </p>
    )
  }
  if (!isWaiting) {
    return (
      <div className="receipt-ok">
        <OkIcon size={56} />
      </div>
    )
  }
  return (
    <p className="note note-warn receipt-state" data-testid="kept-here">
      <ClockIcon />
      <span>
        {t('receipt.kept')} {!hasNumber && t('receipt.numberFollows')}
      </span>
    </p>
  )
}

/** The paper, in the language that the guest reads: independent of the page's. */
export function Receipt({ order, language }: { order: AppOrder; language: AppLanguage }) {
  const { digits } = usePreferences()
  const { terminal, menu, rules } = useTill()
  const { store } = useBranch()
  const { read, currency: pageCurrency } = useMoney()
  const settings = useSettings()
  const locale = createLocale(language, digits, terminal.timezone ?? undefined)
  const t = createTranslate(en, ar, locale)
  const symbol = locale.textOf(settings.currency_symbol) || pageCurrency.code
  const currency: Currency = { ...pageCurrency, symbol }
  const show = (amount: Minor) => <bdi>{formatAmount(amount, currency, locale.format.localeTag)}</bdi>
  const lines = useTable(store, 'order_line').filter(
    ({ orderId, statusId }) => orderId === order.id && isOnBill(statusId),
  )
  const lineIds = new Set(lines.map(({ id }) => id))
  const modifiers = Map.groupBy(
    useTable(store, 'order_line_modifier').filter(({ lineId }) => lineIds.has(lineId ?? '')),
    ({ lineId }) => lineId ?? '',
  )
  const payments = useTable(store, 'order_payment').filter(({ orderId }) => orderId === order.id)
  const methods = useTable(store, 'payment_methods')
  const type = useRecord(store, 'order_types', order.orderTypeId)
  const cashier = useRecord(store, 'employees', order.openedBy)
  const left = Math.max(0, read(order.totalDue) - read(order.totalPaid))
  const row = (label: string, amount: number | undefined, isShown = true) =>
    isShown && (
      <div>
        <dt>{label}</dt>
        <dd>{show(read(amount))}</dd>
      </div>
    )
  return (
    <article className="receipt" lang={language} dir={locale.direction} data-testid="receipt">
      <header>
        <h3>{locale.textOf(settings.restaurant_name)}</h3>
        <p className="receipt-big">
          <bdi>{callNumber(order)}</bdi>
        </p>
        <p>
          {locale.nameOf(type)}
          {order.tableLabel && ` · ${t('receipt.table')} ${order.tableLabel}`}
        </p>
      </header>
      <dl className="receipt-facts">
        <div>
          <dt>{t('receipt.date')}</dt>
          <dd>
            <bdi>{locale.format.dateTime(order.openedAt ?? order.createdAt)}</bdi>
          </dd>
        </div>
        <div>
          <dt>{t('receipt.till')}</dt>
          <dd>
            <bdi>{terminal.code}</bdi>
          </dd>
        </div>
        <div>
          <dt>{t('receipt.cashier')}</dt>
          <dd>
            <bdi>{personName(cashier, locale.textOf)}</bdi>
          </dd>
        </div>
        {order.customerName && (
          <div>
            <dt>{t('receipt.customer')}</dt>
            <dd>
              <bdi>{order.customerName}</bdi>
            </dd>
          </div>
        )}
      </dl>
      <ul className="receipt-lines">
        {lines.map((line) => (
          <li key={line.id}>
            <p>
              <span>
                <bdi>{locale.format.number(line.quantity ?? 1)}×</bdi> {locale.textOf(line.name)}
              </span>
              {show(read(line.total))}
            </p>
            {lineWords(line, modifiers.get(line.id) ?? [], menu, locale).map((words) => (
              <p key={words} className="receipt-more">
                {words}
              </p>
            ))}
            {readDiscount(line.discount) && <p className="receipt-more">{t('receipt.discount')}</p>}
          </li>
        ))}
      </ul>
      <dl className="receipt-sums">
        {row(t('cart.subtotal'), order.subtotal)}
        {row(t('receipt.discount'), -(order.discountAmount ?? 0), (order.discountAmount ?? 0) > 0)}
        {row(
          t('cart.service', { rate: locale.format.percent(rules.serviceRate) }),
          order.service,
          (order.service ?? 0) > 0,
        )}
        {row(t('cart.tax', { rate: locale.format.percent(rules.taxRate) }), order.tax)}
        {row(t('cart.delivery'), order.deliveryFee, (order.deliveryFee ?? 0) > 0)}
        <div className="receipt-total">
          <dt>{t('cart.total')}</dt>
          <dd>
            {show(read(order.totalDue))} <bdi>{symbol}</bdi>
          </dd>
        </div>
      </dl>
      <dl className="receipt-sums">
        {payments.map((payment) => (
          <PaidRow
            key={payment.id}
            payment={payment}
            name={locale.nameOf(methods.find(({ id }) => id === payment.paymentMethodId))}
            given={t('receipt.tendered')}
            change={t('receipt.change')}
            show={show}
          />
        ))}
        {left > 0 && (
          <div>
            <dt>{t('cart.left')}</dt>
            <dd>{show(left)}</dd>
          </div>
        )}
      </dl>
      {payments.length === 0 && <p className="receipt-unpaid">{t('receipt.notTax')}</p>}
      <footer>{locale.textOf(settings.receipt_footer)}</footer>
    </article>
  )
}

function isOnBill(statusId: string | undefined): boolean {
  return statusId !== 'cancelled' && statusId !== 'void'
}

/** Modifiers and notes under a line, each once with its count. */
function lineWords(line: AppLine, modifiers: readonly OrderLineModifier[], menu: Menu, locale: Locale): string[] {
  const notes = Array.isArray(line.notes) ? line.notes.filter((note) => typeof note === 'string') : []
  const counted = [...Map.groupBy(modifiers, ({ modifierId }) => modifierId ?? 0)].map(([id, own]) => {
    const name = locale.nameOf(menu.modifiers.get(id))
    return own.length > 1 ? `${locale.format.number(own.length)}× ${name}` : name
  })
  return [...new Set([...counted, ...notes])]
}

interface PaidRowProps {
  payment: OrderPayment & { tendered?: number }
  name: string
  given: string
  change: string
  show(amount: Minor): ReactNode
}

/** How a part was paid; of cash also what was handed over and given back. */
function PaidRow({ payment, name, given, change, show }: PaidRowProps) {
  const { read } = useMoney()
  const [amount, tendered] = [read(payment.amount), read(payment.tendered)]
  return (
    <>
      <div>
        <dt>
          {name} {payment.reference && <bdi>{payment.reference}</bdi>}
        </dt>
        <dd>{show(amount)}</dd>
      </div>
      {tendered > amount && (
        <div className="receipt-more">
          <dt>
            {given} {show(tendered)}
          </dt>
          <dd>
            {change} {show(tendered - amount)}
          </dd>
        </div>
      )}
    </>
  )
}
