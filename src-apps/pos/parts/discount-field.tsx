import { useState } from 'react'
import { useMoney } from '../../shared/branch.tsx'
import { Button, Segments } from '../../shared/controls.tsx'
import { useLocale } from '../../shared/i18n.tsx'
import type { Minor } from '../../shared/money.ts'
import { discountOf } from '../../shared/order-totals.ts'
import type { Discount } from '../../shared/tables.ts'
import { cleanAmount } from '../model/amount-text.ts'
import { isDiscountAllowed } from '../model/cart.ts'
import { useTill } from '../state/till.tsx'
import { useTexts } from '../texts.ts'

const USUAL_PERCENT = [5, 10, 15, 20]

interface DiscountFieldProps {
  /** What it is taken off. */
  base: Minor
  value: Discount | null
  onChange(discount: Discount | null): void
}

/** A percentage or an amount, up to what this cashier may give; more is not taken over. */
export function DiscountField({ base, value, onChange }: DiscountFieldProps) {
  const t = useTexts()
  const { format } = useLocale()
  const { currency } = useMoney()
  const { allowedDiscountRate, cashierName } = useTill()
  const [type, setType] = useState<Discount['type']>(value?.type ?? 'percent')
  const [text, setText] = useState(value === null ? '' : String(value.value))
  const [isRefused, setRefused] = useState(false)
  const limit = { name: cashierName, rate: format.percent(allowedDiscountRate) }

  function take(nextType: Discount['type'], nextText: string): void {
    setType(nextType)
    setText(nextText)
    const size = Number(nextText)
    const discount = size > 0 ? { type: nextType, value: size } : null
    const isFine =
      !discount || isDiscountAllowed(discount, base, discountOf(base, discount, currency.decimals), allowedDiscountRate)
    setRefused(!isFine)
    if (isFine) onChange(discount)
  }

  return (
    <div className="discount-field">
      <Segments
        label={t('discount.title')}
        value={type}
        options={[
          { id: 'percent', text: t('discount.percent') },
          { id: 'amount', text: t('discount.amount') },
        ]}
        onChoose={(chosen) => take(chosen, '')}
      />
      <label className="discount-value">
        <span className="visually-hidden">{t('discount.value')}</span>
        <input
          className="input"
          dir="ltr"
          inputMode="decimal"
          autoComplete="off"
          placeholder="0"
          value={text}
          aria-invalid={isRefused}
          onChange={(event) => {
            const clean = cleanAmount(event.target.value, 2)
            if (clean !== undefined) take(type, clean)
          }}
        />
        <bdi className="amount-sign">{type === 'percent' ? '%' : currency.symbol}</bdi>
      </label>
      <div className="line-of-buttons discount-quick">
        {type === 'percent' &&
          USUAL_PERCENT.filter((percent) => percent <= allowedDiscountRate * 100).map((percent) => (
            <Button key={percent} isPressed={text === String(percent)} onPress={() => take('percent', String(percent))}>
              {format.percent(percent / 100)}
            </Button>
          ))}
        <Button variant="ghost" isDisabled={text === ''} onPress={() => take(type, '')}>
          {t('discount.none')}
        </Button>
      </div>
      <p className={isRefused ? 'tone-danger' : 'field-hint'} role={isRefused ? 'alert' : undefined}>
        {isRefused ? t('discount.tooMuch', limit) : t('discount.limit', limit)}
      </p>
    </div>
  )
}
