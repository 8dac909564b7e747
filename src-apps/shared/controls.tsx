import { type ReactNode, useEffect, useId, useRef } from 'react'
import { createPortal } from 'react-dom'
import { CloseIcon } from './icons.tsx'
import { useSharedTexts } from './texts.ts'

export interface ButtonProps {
  children: ReactNode
  onPress?: () => void
  variant?: 'primary' | 'plain' | 'danger' | 'ghost' | 'amber'
  /** `large` is for what is pressed all day. */
  size?: 'normal' | 'large'
  icon?: ReactNode
  isDisabled?: boolean
  /** Set for buttons that choose: pressed or not. */
  isPressed?: boolean
  type?: 'button' | 'submit'
  className?: string
  testId?: string
}

export function Button(props: ButtonProps) {
  const { children, onPress, variant = 'plain', size = 'normal', icon, isDisabled, isPressed, type, className } = props
  return (
    <button
      type={type ?? 'button'}
      className={`button button-${variant} button-${size} ${className ?? ''}`}
      onClick={onPress}
      disabled={isDisabled}
      data-testid={props.testId}
      {...(isPressed !== undefined && { 'aria-pressed': isPressed })}
    >
      {icon}
      <span className="button-text">{children}</span>
    </button>
  )
}

/** A button with a picture only. */
export function IconButton(props: { label: string; icon: ReactNode; onPress?: () => void; isDisabled?: boolean }) {
  const { label, icon, onPress, isDisabled } = props
  return (
    <button
      type="button"
      className="button icon-button"
      aria-label={label}
      title={label}
      onClick={onPress}
      disabled={isDisabled}
    >
      {icon}
    </button>
  )
}

interface DialogProps {
  title: ReactNode
  onClose(): void
  children: ReactNode
  /** Buttons; they stay in view while the body scrolls. */
  footer?: ReactNode
  /** `side` stands at the end of the line. */
  shape?: 'center' | 'wide' | 'side'
  /** Esc and a press beside it do not close it. */
  isFirm?: boolean
  name?: string
}

/** Mounted while it is open. The browser keeps the focus inside and gives it back. */
export function Dialog(props: DialogProps) {
  const { title, onClose, children, footer, shape = 'center', isFirm = false, name } = props
  const t = useSharedTexts()
  const titleId = useId()
  const ref = useRef<HTMLDialogElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    const dialog = ref.current!
    if (!dialog.open) dialog.showModal()
    const wanted = dialog.querySelector<HTMLElement>('[data-autofocus]')
    ;(wanted ?? heading.current)?.focus()
  }, [])
  // Beside the page, so that paper can have the dialog without it.
  return createPortal(
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc is the key, see onCancel
    <dialog
      ref={ref}
      className={`dialog dialog-${shape}`}
      aria-labelledby={titleId}
      data-dialog={name}
      onCancel={(event) => {
        event.preventDefault()
        if (!isFirm) onClose()
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget && !isFirm) onClose()
      }}
    >
      <div className="dialog-box">
        <header className="dialog-head">
          <h2 id={titleId} className="dialog-title" ref={heading} tabIndex={-1}>
            {title}
          </h2>
          <IconButton label={t('common.close')} icon={<CloseIcon />} onPress={onClose} />
        </header>
        <div className="dialog-body">{children}</div>
        {footer && <footer className="dialog-foot">{footer}</footer>}
      </div>
    </dialog>,
    document.body,
  )
}

/** A choice of a few: buttons in one frame. */
export function Segments<K extends string>(props: {
  label: string
  value: K | undefined
  options: readonly { id: K; text: ReactNode; icon?: ReactNode }[]
  onChoose(id: K): void
}) {
  const { label, value, options, onChoose } = props
  return (
    <fieldset className="segments">
      <legend className="visually-hidden">{label}</legend>
      {options.map(({ id, text, icon }) => (
        <button
          key={id}
          type="button"
          className="segment"
          aria-pressed={id === value}
          data-value={id}
          onClick={() => onChoose(id)}
        >
          {icon}
          <span>{text}</span>
        </button>
      ))}
    </fieldset>
  )
}
