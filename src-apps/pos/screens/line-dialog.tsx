import { useState } from 'react'
import { Money } from '../../shared/branch.tsx'
import { Button, Dialog } from '../../shared/controls.tsx'
import { useLocale } from '../../shared/i18n.tsx'
import { CheckIcon } from '../../shared/icons.tsx'
import { lineTotal } from '../../shared/order-totals.ts'
import { useSharedTexts } from '../../shared/texts.ts'
import { type CartLine, MAX_QUANTITY, missingGroups, setModifier, toPriced } from '../model/cart.ts'
import type { ModifierGroup, OfferedModifier } from '../model/menu.ts'
import { DiscountField } from '../parts/discount-field.tsx'
import { Stepper } from '../parts/stepper.tsx'
import { useTill } from '../state/till.tsx'
import { useTexts } from '../texts.ts'

interface LineDialogProps {
  line: CartLine
  onSave(line: CartLine): void
  onClose(): void
}

/** How a guest would like it: modifiers, a note, a discount. */
export function LineDialog({ line, onSave, onClose }: LineDialogProps) {
  const t = useTexts()
  const shared = useSharedTexts()
  const { textOf } = useLocale()
  const { menu, rules } = useTill()
  const [draft, setDraft] = useState(line)
  const item = menu.byId.get(line.itemId)
  const missing = missingGroups(item, draft)
  const change = (part: Partial<CartLine>) => setDraft((now) => ({ ...now, ...part }))
  const gross = lineTotal({ ...toPriced(draft), discount: null }, rules.decimals)
  return (
    <Dialog
      title={textOf(line.name)}
      name="line"
      shape="wide"
      onClose={onClose}
      footer={
        <>
          {missing.length > 0 && <p className="dialog-warning">{t('cart.needs')}</p>}
          <Button onPress={onClose}>{shared('common.cancel')}</Button>
          <Button variant="primary" isDisabled={missing.length > 0} onPress={() => onSave(draft)} testId="save-line">
            {shared('common.save')} · <Money amount={lineTotal(toPriced(draft), rules.decimals)} />
          </Button>
        </>
      }
    >
      <div className="line-dialog-top">
        <Stepper
          label={t('item.quantity')}
          value={draft.quantity}
          min={1}
          max={MAX_QUANTITY}
          onChange={(quantity) => change({ quantity })}
        />
        <label className="field line-dialog-note">
          <span className="visually-hidden">{t('item.note')}</span>
          <input
            className="input"
            maxLength={300}
            placeholder={t('item.note.placeholder')}
            value={draft.note}
            onChange={(event) => change({ note: event.target.value })}
          />
        </label>
      </div>
      {item?.groups.map((group) => (
        <Modifiers
          key={group.type}
          group={group}
          isMissing={missing.includes(group.type)}
          line={draft}
          onChange={(modifiers) => change({ modifiers })}
        />
      ))}
      <section className="modifiers">
        <h3>{t('item.discount')}</h3>
        <DiscountField base={gross} value={draft.discount} onChange={(discount) => change({ discount })} />
      </section>
    </Dialog>
  )
}

const GROUP_NAMES = ['option', 'add_on', 'removal'] as const

interface ModifiersProps {
  group: ModifierGroup
  isMissing: boolean
  line: CartLine
  onChange(modifiers: CartLine['modifiers']): void
}

function Modifiers({ group, isMissing, line, onChange }: ModifiersProps) {
  const t = useTexts()
  const name = GROUP_NAMES.find((known) => known === group.type)
  // Of what must be chosen one is the answer, not several.
  const isOneOf = group.isRequired && group.type === 'option'
  return (
    <fieldset className="modifiers">
      <legend>
        <h3>
          {t(name ? `item.${name}` : 'item.other')}
          {group.isRequired && (
            <span className={isMissing ? 'required required-missing' : 'required'}>{t('item.required')}</span>
          )}
        </h3>
      </legend>
      <div className="modifier-list">
        {group.modifiers.map((modifier) => (
          <Modifier
            key={modifier.id}
            modifier={modifier}
            quantity={line.modifiers.find(({ id }) => id === modifier.id)?.quantity ?? 0}
            onChange={(quantity) => {
              const { id, type, price } = modifier
              onChange(setModifier(line.modifiers, { id, type, price }, quantity, isOneOf))
            }}
          />
        ))}
      </div>
    </fieldset>
  )
}

function Modifier(props: { modifier: OfferedModifier; quantity: number; onChange(quantity: number): void }) {
  const { modifier, quantity, onChange } = props
  const { nameOf, format } = useLocale()
  const next = quantity >= modifier.max ? 0 : quantity + 1
  return (
    <button
      type="button"
      className="modifier"
      aria-pressed={quantity > 0}
      data-modifier={modifier.id}
      onClick={() => onChange(next)}
    >
      <span className="modifier-mark" aria-hidden="true">
        {quantity > 1 ? format.number(quantity) : quantity === 1 && <CheckIcon size={16} />}
      </span>
      <span className="modifier-name">
        {nameOf(modifier)}
        {quantity > 1 && <span className="visually-hidden"> × {format.number(quantity)}</span>}
      </span>
      {modifier.price !== 0 && (
        <bdi dir="ltr" className="modifier-price">
          {modifier.price > 0 ? '+' : ''}
          <Money amount={modifier.price} isBare />
        </bdi>
      )}
    </button>
  )
}
