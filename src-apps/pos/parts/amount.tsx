import { useState } from 'react'
import { useMoney } from '../../shared/branch.tsx'
import { BackspaceIcon } from '../../shared/icons.tsx'
import { type Minor, minorToText, toMinor } from '../../shared/money.ts'
import { cleanAmount, pressKey } from '../model/amount-text.ts'
import { useTexts } from '../texts.ts'

/** An amount while it is typed. What was filled in beforehand is replaced by the first key. */
export interface TypedAmount {
  text: string
  amount: Minor
  type(text: string): void
  press(key: string): void
  prefill(amount: Minor | undefined): void
}

export function useTypedAmount(initial: Minor | undefined, decimals: number): TypedAmount {
  const show = (amount: Minor | undefined) => (amount === undefined ? '' : minorToText(amount, decimals))
  const [{ text }, setState] = useState({ text: show(initial), isFresh: true })
  return {
    text,
    amount: toMinor(text, decimals),
    type(typed) {
      const clean = cleanAmount(typed, decimals)
      if (clean !== undefined) setState({ text: clean, isFresh: false })
    },
    press: (key) => setState((now) => ({ text: pressKey(now.isFresh ? '' : now.text, key, decimals), isFresh: false })),
    prefill: (amount) => setState({ text: show(amount), isFresh: true }),
  }
}

/** The field and the keys under it, for fingers and for a keyboard. */
export function AmountPad({ label, value, sign }: { label: string; value: TypedAmount; sign?: string }) {
  const { currency } = useMoney()
  return (
    <div className="amount-pad">
      <label className="amount-field">
        <span className="field-label">{label}</span>
        <span className="amount-line">
          <input
            className="amount-input"
            dir="ltr"
            inputMode="none"
            autoComplete="off"
            value={value.text}
            placeholder="0"
            onChange={(event) => value.type(event.target.value)}
            onFocus={(event) => event.target.select()}
          />
          <bdi className="amount-sign">{sign ?? currency.symbol}</bdi>
        </span>
      </label>
      <Keypad onPress={value.press} hasPoint={currency.decimals > 0} />
    </div>
  )
}

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '.', '0'] as const

/** Digits stand as on every till: from left to right, also in Arabic. */
function Keypad({ onPress, hasPoint }: { onPress(key: string): void; hasPoint: boolean }) {
  const t = useTexts()
  return (
    <fieldset className="keypad" dir="ltr">
      <legend className="visually-hidden">{t('keypad.label')}</legend>
      {KEYS.map((key) => (
        <button
          key={key}
          type="button"
          className="key"
          disabled={key === '.' && !hasPoint}
          onClick={() => onPress(key)}
        >
          {key}
        </button>
      ))}
      <button type="button" className="key" aria-label={t('keypad.back')} onClick={() => onPress('back')}>
        <BackspaceIcon size={24} />
      </button>
    </fieldset>
  )
}
