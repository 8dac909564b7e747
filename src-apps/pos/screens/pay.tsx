import { useState } from 'react'
import { Money, useBranch, useMoney } from '../../shared/branch.tsx'
import { Button, Dialog } from '../../shared/controls.tsx'
import { useRecord, useTable } from '../../shared/hooks.ts'
import { useLocale } from '../../shared/i18n.tsx'
import { CloseIcon } from '../../shared/icons.tsx'
import type { PaymentMethods } from '../../shared/pos-tables.ts'
import { cartTotals } from '../model/order-writes.ts'
import { likelyNotes, nextShare, settle, type TakenPayment, takePayment } from '../model/payments.ts'
import { isCash } from '../model/shift.ts'
import { AmountPad, useTypedAmount } from '../parts/amount.tsx'
import { Stepper } from '../parts/stepper.tsx'
import { MethodIcon } from '../parts/type-icon.tsx'
import { useTill } from '../state/till.tsx'
import { useTexts } from '../texts.ts'

const MOST_PEOPLE = 30

/** Takes the money, in as many parts and ways as the guests like. The part that settles the bill finishes it. */
export function PayDialog({ onPaid, onClose }: { onPaid(payments: TakenPayment[]): void; onClose(): void }) {
  const t = useTexts()
  const till = useTill()
  const { store } = useBranch()
  const { currency, read, format } = useMoney()
  const methods = useTable(store, 'payment_methods').filter(({ isActive }) => isActive !== false)
  const stored = useRecord(store, 'order_header', till.cart.orderId)
  const due = Math.max(0, cartTotals(till.cart, till).totalDue - read(stored?.totalPaid))
  const [taken, setTaken] = useState<readonly TakenPayment[]>([])
  const [methodId, setMethod] = useState(methods[0]?.id ?? 'cash')
  const [people, setPeople] = useState(1)
  const [reference, setReference] = useState('')
  const [problem, setProblem] = useState('')
  const { left, paid } = settle(due, taken)
  const typed = useTypedAmount(left, currency.decimals)
  const method = methods.find(({ id }) => id === methodId)

  /** The field shows what comes next: the rest, or the next share of it. */
  function show(rest: number, sharers: number): void {
    typed.prefill(nextShare(rest, sharers))
    setReference('')
    setProblem('')
  }

  function take(): void {
    if (!method) return
    if (method.requiresReference && reference.trim() === '') {
      setProblem(t('pay.reference.needed'))
      return
    }
    const payment = takePayment(left, typed.amount, { methodId, isCash: isCash(method), reference: reference.trim() })
    if (payment === 'nothing') return
    if (payment === 'too-much') {
      setProblem(t('pay.tooMuch'))
      return
    }
    const all = [...taken, payment]
    const rest = settle(due, all).left
    if (rest === 0) {
      onPaid(all)
      return
    }
    setTaken(all)
    setPeople(Math.max(1, people - 1))
    show(rest, people - 1)
  }

  return (
    <Dialog
      title={t('pay.title')}
      name="pay"
      shape="wide"
      onClose={onClose}
      isFirm={taken.length > 0}
      footer={
        <>
          {taken.length > 0 && left > 0 && till.orderType?.allowsFinalizeLater !== false && (
            <Button onPress={() => onPaid([...taken])} testId="pay-part">
              {t('pay.part')}
            </Button>
          )}
          {due === 0 ? (
            <Button variant="primary" size="large" onPress={() => onPaid([])} testId="take">
              {t('pay.free')}
            </Button>
          ) : (
            <Button variant="primary" size="large" isDisabled={typed.amount <= 0} onPress={take} testId="take">
              {t('pay.take', { amount: `${format(typed.amount)} ${currency.symbol}` })}
            </Button>
          )}
        </>
      }
    >
      <div className="pay">
        <div className="pay-side">
          <div className="pay-due">
            <span className="soft">{paid > 0 ? t('pay.left') : t('pay.due')}</span>
            <strong data-testid="pay-left">
              <Money amount={left} />
            </strong>
          </div>
          <TakenList
            taken={taken}
            methods={methods}
            onRemove={(index) => {
              const rest = taken.filter((_, place) => place !== index)
              setTaken(rest)
              show(settle(due, rest).left, people)
            }}
          />
          <fieldset className="methods">
            <legend className="field-label">{t('pay.method')}</legend>
            <MethodList
              methods={methods}
              chosen={methodId}
              onChoose={(id) => {
                setMethod(id)
                setProblem('')
              }}
            />
          </fieldset>
          <div className="pay-split">
            <span className="field-label">{t('pay.split')}</span>
            <Stepper
              label={t('pay.split')}
              value={people}
              min={1}
              max={MOST_PEOPLE}
              onChange={(count) => {
                setPeople(count)
                show(left, count)
              }}
            />
          </div>
        </div>
        <div className="pay-side">
          <AmountPad label={t('pay.amount')} value={typed} />
          {method && isCash(method) && (
            <div className="line-of-buttons pay-notes">
              <Button onPress={() => typed.prefill(left)}>{t('pay.exact')}</Button>
              {likelyNotes(left, currency.decimals).map((note) => (
                <Button key={note} onPress={() => typed.prefill(note)}>
                  <Money amount={note} isBare />
                </Button>
              ))}
            </div>
          )}
          {method && isCash(method) && typed.amount > left && (
            <p className="note note-ok pay-change">
              {t('pay.change')} <Money amount={typed.amount - left} />
            </p>
          )}
          {method?.requiresReference && (
            <label className="field">
              <span className="field-label">{t('pay.reference')}</span>
              <input
                className="input"
                dir="ltr"
                maxLength={64}
                autoComplete="off"
                data-testid="reference"
                value={reference}
                onChange={(event) => {
                  setReference(event.target.value)
                  setProblem('')
                }}
              />
            </label>
          )}
          {problem !== '' && (
            <p className="tone-danger" role="alert">
              {problem}
            </p>
          )}
        </div>
      </div>
    </Dialog>
  )
}

interface MethodListProps {
  methods: readonly PaymentMethods[]
  chosen: string
  onChoose(id: string): void
}

function MethodList({ methods, chosen, onChoose }: MethodListProps) {
  const { nameOf } = useLocale()
  return (
    <div className="method-list">
      {methods.map((method) => (
        <button
          key={method.id}
          type="button"
          className="method"
          aria-pressed={method.id === chosen}
          data-method={method.id}
          onClick={() => onChoose(method.id)}
        >
          <MethodIcon type={method.type} />
          <span>{nameOf(method)}</span>
        </button>
      ))}
    </div>
  )
}

interface TakenListProps {
  taken: readonly TakenPayment[]
  methods: readonly PaymentMethods[]
  onRemove(index: number): void
}

function TakenList({ taken, methods, onRemove }: TakenListProps) {
  const t = useTexts()
  const { nameOf } = useLocale()
  const { format } = useMoney()
  if (taken.length === 0) return null
  return (
    <ul className="taken">
      {taken.map((payment, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place in the list is what tells two equal payments apart
        <li key={index}>
          <span>{nameOf(methods.find(({ id }) => id === payment.methodId))}</span>
          <Money amount={payment.amount} isBare />
          <button
            type="button"
            className="button icon-button"
            aria-label={t('pay.remove', { amount: format(payment.amount) })}
            onClick={() => onRemove(index)}
          >
            <CloseIcon size={18} />
          </button>
        </li>
      ))}
    </ul>
  )
}
