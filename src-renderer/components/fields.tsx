import type { ReactNode } from 'react'
import {
  Button as AriaButton,
  Checkbox as AriaCheckbox,
  SearchField as AriaSearchField,
  TextField as AriaTextField,
  FieldError,
  Group,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Select,
  SelectValue,
  Text,
} from 'react-aria-components'
import { useI18n } from '../i18n/i18n.tsx'
import { CheckIcon, CloseIcon, DownIcon, SearchIcon } from './icons.tsx'

interface TextFieldProps {
  label: ReactNode
  value: string
  onChange(value: string): void
  hint?: ReactNode
  placeholder?: string
  /** Shown instead of the hint; the field counts as wrong. */
  problem?: ReactNode
  /** Ids, paths and formats are left to right in any language. */
  isCode?: boolean
  isNumber?: boolean
  autoFocus?: boolean
  /** Secrets are not shown while they are typed. `current` and `new` tell password managers which one is meant. */
  secret?: 'current' | 'new'
  /** What a browser may fill in: `username`. Nothing unless told. */
  fills?: 'username'
  type?: 'text' | 'datetime-local'
  maxLength?: number
  /** At the end of the field's line. */
  button?: ReactNode
}

export function TextField(props: TextFieldProps) {
  const {
    label,
    value,
    onChange,
    hint,
    placeholder,
    problem,
    isCode = false,
    isNumber = false,
    autoFocus,
    secret,
    fills,
    type = 'text',
    maxLength,
    button,
  } = props
  return (
    <AriaTextField
      className="field"
      value={value}
      onChange={onChange}
      isInvalid={problem !== undefined}
      {...(autoFocus && { autoFocus })}
    >
      <Label className="field-label">{label}</Label>
      <Group className="field-line">
        <Input
          className="input"
          type={secret ? 'password' : type}
          autoComplete={secret ? `${secret}-password` : (fills ?? 'off')}
          spellCheck={!isCode}
          {...(maxLength !== undefined && { maxLength })}
          {...(placeholder && { placeholder })}
          {...(isCode && { dir: 'ltr' })}
          {...(isNumber && { inputMode: 'numeric' })}
        />
        {button}
      </Group>
      {problem === undefined && hint && (
        <Text slot="description" className="field-hint">
          {hint}
        </Text>
      )}
      <FieldError className="field-problem">{problem}</FieldError>
    </AriaTextField>
  )
}

export function SearchField(props: { label: string; value: string; onChange(value: string): void; isCode?: boolean }) {
  const { t } = useI18n()
  const { label, value, onChange, isCode = false } = props
  return (
    <AriaSearchField className="search" aria-label={label} value={value} onChange={onChange}>
      <SearchIcon size={18} className="search-icon" />
      <Input
        className="input search-input"
        placeholder={label}
        autoComplete="off"
        {...(isCode && { spellCheck: false })}
      />
      <AriaButton className="search-clear" aria-label={t('common.clear')}>
        <CloseIcon size={16} />
      </AriaButton>
    </AriaSearchField>
  )
}

export interface Option<K extends string> {
  id: K
  label: string
  /** Spoken to neither ear nor eye twice: a second, softer word. */
  note?: string
}

interface SelectFieldProps<K extends string> {
  label: string
  options: readonly Option<K>[]
  value: K
  onChange(value: K): void
  isLabelHidden?: boolean
}

export function SelectField<K extends string>({ label, options, value, onChange, isLabelHidden }: SelectFieldProps<K>) {
  return (
    <Select
      className="field"
      selectedKey={value}
      onSelectionChange={(key) => {
        const chosen = options.find(({ id }) => id === key)
        if (chosen) onChange(chosen.id)
      }}
      {...(isLabelHidden && { 'aria-label': label })}
    >
      {!isLabelHidden && <Label className="field-label">{label}</Label>}
      <AriaButton className="input select-button">
        <SelectValue className="select-value">{({ defaultChildren }) => defaultChildren}</SelectValue>
        <DownIcon size={16} />
      </AriaButton>
      <Popover className="popover" offset={4}>
        <ListBox className="list-box" items={options}>
          {(option) => (
            <ListBoxItem className="list-item" id={option.id} textValue={option.label}>
              {({ isSelected }) => (
                <>
                  <span className="list-words">
                    <bdi>{option.label}</bdi>
                  </span>
                  {isSelected && <CheckIcon size={16} />}
                </>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  )
}

interface CheckProps {
  children: ReactNode
  isSelected: boolean
  onChange(isSelected: boolean): void
  isDisabled?: boolean
}

/** One box to tick. */
export function Check({ children, isSelected, onChange, isDisabled = false }: CheckProps) {
  return (
    <AriaCheckbox className="check" isSelected={isSelected} onChange={onChange} isDisabled={isDisabled}>
      <span className="check-box">
        <CheckIcon size={16} />
      </span>
      <span className="check-words">{children}</span>
    </AriaCheckbox>
  )
}
