import { useEffect, useRef } from 'react'
import { BackspaceIcon } from '../icons.tsx'
import { useSharedTexts } from '../texts.ts'

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '', '0'] as const

interface DigitPadProps {
  label: string
  value: string
  maxLength: number
  /** Shown as dots. */
  isSecret?: boolean
  isDisabled?: boolean
  /** For keyboards; the device's own stays away. */
  takesFocus?: boolean
  onChange(value: string): void
}

/** A field for digits with keys under it. They stand as on every till: from left to right, also in Arabic. */
export function DigitPad(props: DigitPadProps) {
  const { label, value, maxLength, isSecret = false, isDisabled = false, takesFocus = false, onChange } = props
  const t = useSharedTexts()
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (takesFocus) field.current?.focus()
  }, [takesFocus])
  const change = (next: string) => onChange(onlyDigits(next).slice(0, maxLength))
  return (
    <div className="digits">
      <label className="field">
        <span className="field-label">{label}</span>
        <input
          className="input digits-input"
          dir="ltr"
          type={isSecret ? 'password' : 'text'}
          inputMode="none"
          autoComplete="off"
          ref={field}
          disabled={isDisabled}
          value={value}
          onChange={(event) => change(event.target.value)}
        />
      </label>
      <fieldset className="digit-keys" dir="ltr" disabled={isDisabled}>
        <legend className="visually-hidden">{t('access.keypad')}</legend>
        {KEYS.map((key) =>
          key === '' ? (
            <span key="gap" />
          ) : (
            <button key={key} type="button" className="digit-key" onClick={() => change(value + key)}>
              {key}
            </button>
          ),
        )}
        <button
          type="button"
          className="digit-key"
          aria-label={t('access.keypad.back')}
          onClick={() => onChange(value.slice(0, -1))}
        >
          <BackspaceIcon size={24} />
        </button>
      </fieldset>
    </div>
  )
}

const ARABIC_ZERO = 0x0660

/** Keyboards of the region type ٤ for 4. */
function onlyDigits(text: string): string {
  const latin = text.replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - ARABIC_ZERO))
  return latin.replace(/\D/g, '')
}
