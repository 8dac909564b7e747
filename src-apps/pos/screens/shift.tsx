import { useMemo, useState } from 'react'
import { Money, useBranch, useMay, useMoney } from '../../shared/branch.tsx'
import { Button, Dialog } from '../../shared/controls.tsx'
import { useQueue, useTable } from '../../shared/hooks.ts'
import { useLocale } from '../../shared/i18n.tsx'
import { BackIcon, WarnIcon } from '../../shared/icons.tsx'
import { type Minor, minorToText, toMinor } from '../../shared/money.ts'
import { newId } from '../../shared/sdk.ts'
import { useSharedTexts } from '../../shared/texts.ts'
import { cleanAmount } from '../model/amount-text.ts'
import { closeShiftWrites, type MethodTotal, type ShiftSummary, summarizeShift } from '../model/shift.ts'
import { MethodIcon } from '../parts/type-icon.tsx'
import { useTill } from '../state/till.tsx'
import { useTexts } from '../texts.ts'

function useSummary(): ShiftSummary {
  const { store } = useBranch()
  const { shift } = useTill()
  const { currency } = useMoney()
  const order_header = useTable(store, 'order_header')
  const order_payment = useTable(store, 'order_payment')
  const order_refund = useTable(store, 'order_refund')
  const payment_methods = useTable(store, 'payment_methods')
  return useMemo(
    () => summarizeShift(shift, { order_header, order_payment, order_refund, payment_methods }, currency.decimals),
    [shift, order_header, order_payment, order_refund, payment_methods, currency.decimals],
  )
}

/** What has to be settled before someone leaves: asked twice, never only said. */
function useWorries(summary: ShiftSummary | undefined): string[] {
  const t = useTexts()
  const { pending, parked } = useQueue(useBranch().store)
  return [
    ...(pending.length > 0 ? [t('shift.pending', { count: pending.length })] : []),
    ...(parked.length > 0 ? [t('shift.parked', { count: parked.length })] : []),
    ...(summary && summary.open.length > 0 ? [t('shift.openOrders', { count: summary.open.length })] : []),
  ]
}

export function ShiftDialog({ onClose }: { onClose(): void }) {
  const [isClosing, setClosing] = useState(false)
  return isClosing ? (
    <CloseShift onBack={() => setClosing(false)} onClose={onClose} />
  ) : (
    <ShiftMenu onClose={onClose} onCloseShift={() => setClosing(true)} />
  )
}

function ShiftMenu({ onClose, onCloseShift }: { onClose(): void; onCloseShift(): void }) {
  const t = useTexts()
  const { format } = useLocale()
  const { shift, cashierName, leave } = useTill()
  const summary = useSummary()
  const worries = useWorries(undefined)
  const [isSure, setSure] = useState(false)
  const mustAsk = worries.length > 0 && !isSure
  const canClose = useMay()('update', 'pos_shift')
  return (
    <Dialog
      title={t('shift.menu', { name: cashierName })}
      name="shift"
      onClose={onClose}
      footer={
        <>
          <Button
            variant={isSure ? 'danger' : 'ghost'}
            onPress={() => (mustAsk ? setSure(true) : leave())}
            testId="leave"
          >
            {t(isSure ? 'shift.leave.sure' : 'shift.leave')}
          </Button>
          {canClose && (
            <Button variant="primary" onPress={onCloseShift} testId="close-shift">
              {t('shift.close')}
            </Button>
          )}
        </>
      }
    >
      <dl className="facts">
        <div>
          <dt>{t('shift.since')}</dt>
          <dd>{format.dateTime(shift.openedAt ?? shift.createdAt)}</dd>
        </div>
        <div>
          <dt>{t('shift.orders')}</dt>
          <dd>{format.number(summary.orders.length)}</dd>
        </div>
        <div>
          <dt>{t('shift.sales')}</dt>
          <dd>
            <Money amount={summary.totalSales} />
          </dd>
        </div>
      </dl>
      {!canClose && (
        <p className="note" data-refused="pos_shift">
          {t('role.noClose')}
        </p>
      )}
      {isSure && <Worries worries={worries} />}
    </Dialog>
  )
}

function Worries({ worries }: { worries: readonly string[] }) {
  return (
    <div role="alert" data-testid="worries">
      <ul className="worries">
        {worries.map((worry) => (
          <li key={worry} className="note note-warn">
            <WarnIcon /> {worry}
          </li>
        ))}
      </ul>
    </div>
  )
}

function CloseShift({ onBack, onClose }: { onBack(): void; onClose(): void }) {
  const t = useTexts()
  const shared = useSharedTexts()
  const { store } = useBranch()
  const { currency } = useMoney()
  const { decimals } = currency
  const { shift, actor, leave } = useTill()
  const summary = useSummary()
  const worries = useWorries(summary)
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({})
  const [isSure, setSure] = useState(false)
  const counted = new Map<string, Minor>()
  for (const { methodId, isCash, expected } of summary.methods) {
    const text = texts[methodId]
    if (text !== undefined && text !== '') counted.set(methodId, toMinor(text, decimals))
    // Slips are taken as they are unless somebody counts them; a drawer is always counted.
    else if (!isCash) counted.set(methodId, expected)
  }
  const isCounted = summary.methods.every(({ methodId }) => counted.has(methodId))
  const mustAsk = worries.length > 0 && !isSure

  async function close(): Promise<void> {
    const context = { at: new Date().toISOString(), closedBy: actor.id ?? '', newId }
    const write = store.batch(closeShiftWrites(shift, summary, counted, context, decimals))
    write.catch(() => undefined)
    await write.queued
    onClose()
    leave()
  }

  return (
    <Dialog
      title={t('shift.close.title')}
      name="close-shift"
      shape="wide"
      onClose={onClose}
      footer={
        <>
          <Button icon={<BackIcon />} onPress={onBack}>
            {shared('common.back')}
          </Button>
          <Button
            variant={isSure || worries.length === 0 ? (worries.length > 0 ? 'danger' : 'primary') : 'primary'}
            isDisabled={!isCounted}
            onPress={() => (mustAsk ? setSure(true) : void close())}
            testId="confirm-close"
          >
            {t(isSure ? 'shift.close.sure' : 'shift.close.button')}
          </Button>
        </>
      }
    >
      {isSure && <Worries worries={worries} />}
      <table className="counts">
        <thead>
          <tr>
            <th scope="col">{t('shift.method')}</th>
            <th scope="col">{t('shift.expected')}</th>
            <th scope="col">{t('shift.counted')}</th>
            <th scope="col">{t('shift.difference')}</th>
          </tr>
        </thead>
        <tbody>
          {summary.methods.map((method) => (
            <CountRow
              key={method.methodId}
              method={method}
              text={texts[method.methodId] ?? ''}
              counted={counted.get(method.methodId)}
              onChange={(text) => {
                const clean = cleanAmount(text, decimals)
                if (clean !== undefined) setTexts((now) => ({ ...now, [method.methodId]: clean }))
              }}
            />
          ))}
        </tbody>
      </table>
    </Dialog>
  )
}

interface CountRowProps {
  method: MethodTotal
  text: string
  counted: Minor | undefined
  onChange(text: string): void
}

function CountRow({ method, text, counted, onChange }: CountRowProps) {
  const t = useTexts()
  const { nameOf } = useLocale()
  const { currency } = useMoney()
  const record = useTable(useBranch().store, 'payment_methods').find(({ id }) => id === method.methodId)
  const name = nameOf(record)
  const difference = counted === undefined ? undefined : counted - method.expected
  return (
    <tr data-count={method.methodId}>
      <th scope="row">
        <span className="counts-name">
          <MethodIcon type={record?.type} /> {name}
        </span>
      </th>
      <td data-expected={minorToText(method.expected, currency.decimals)}>
        <Money amount={method.expected} isBare />
      </td>
      <td>
        <input
          className="input"
          dir="ltr"
          inputMode="decimal"
          autoComplete="off"
          aria-label={t('shift.countOf', { name })}
          placeholder={method.isCash ? '' : minorToText(method.expected, currency.decimals)}
          value={text}
          onChange={(event) => onChange(event.target.value)}
        />
      </td>
      <td
        className={difference === undefined || difference === 0 ? 'soft' : difference < 0 ? 'tone-danger' : 'tone-warn'}
      >
        {difference === 0 && t('shift.exact')}
        {difference !== undefined && difference !== 0 && (
          <bdi dir="ltr">
            {difference > 0 ? '+' : ''}
            <Money amount={difference} isBare />
          </bdi>
        )}
      </td>
    </tr>
  )
}
