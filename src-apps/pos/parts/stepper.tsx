import { useLocale } from '../../shared/i18n.tsx'
import { MinusIcon, PlusIcon } from '../../shared/icons.tsx'
import { useSharedTexts } from '../../shared/texts.ts'

interface StepperProps {
  label: string
  value: number
  min?: number
  max?: number
  onChange(value: number): void
}

export function Stepper({ label, value, min = 0, max = 999, onChange }: StepperProps) {
  const t = useSharedTexts()
  const { format } = useLocale()
  return (
    <fieldset className="stepper">
      <legend className="visually-hidden">{label}</legend>
      <button
        type="button"
        className="step"
        aria-label={`${t('common.less')}: ${label}`}
        disabled={value <= min}
        onClick={() => onChange(value - 1)}
      >
        <MinusIcon size={18} />
      </button>
      <output className="step-value">{format.number(value)}</output>
      <button
        type="button"
        className="step"
        aria-label={`${t('common.more')}: ${label}`}
        disabled={value >= max}
        onClick={() => onChange(value + 1)}
      >
        <PlusIcon size={18} />
      </button>
    </fieldset>
  )
}
