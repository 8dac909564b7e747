import type { ReactNode } from 'react'
import { Button as AriaButton, Tooltip, TooltipTrigger } from 'react-aria-components'
import { BusyIcon } from './icons.tsx'

export interface ButtonProps {
  children: ReactNode
  onPress?: () => void
  variant?: 'primary' | 'plain' | 'danger' | 'ghost'
  size?: 'normal' | 'small'
  icon?: ReactNode
  isDisabled?: boolean
  /** Work is under way: the button keeps its place and the focus, turns, and does nothing. */
  isBusy?: boolean
  label?: string
  type?: 'button' | 'submit'
  slot?: string
  autoFocus?: boolean
}

export function Button(props: ButtonProps) {
  const { children, variant = 'plain', size = 'normal', icon, isBusy = false, label, type = 'button', ...rest } = props
  const { onPress, isDisabled = false, slot, autoFocus } = rest
  return (
    <AriaButton
      className={`button button-${variant} button-${size}`}
      isDisabled={isDisabled}
      type={isBusy ? 'button' : type}
      {...(isBusy && { 'data-busy': true })}
      {...(onPress && !isBusy && { onPress })}
      {...(slot && { slot })}
      {...(label && { 'aria-label': label })}
      {...(autoFocus && { autoFocus })}
    >
      {isBusy ? <BusyIcon className="turning" /> : icon}
      <span className="button-text">{children}</span>
    </AriaButton>
  )
}

/** A button with a picture only; its name is the tooltip. */
export function IconButton(props: { label: string; icon: ReactNode; onPress?: () => void; slot?: string }) {
  const { label, icon, onPress, slot } = props
  return (
    <TooltipTrigger delay={500}>
      <AriaButton
        className="button icon-button"
        aria-label={label}
        {...(onPress && { onPress })}
        {...(slot && { slot })}
      >
        {icon}
      </AriaButton>
      <Tooltip className="tooltip" offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  )
}
