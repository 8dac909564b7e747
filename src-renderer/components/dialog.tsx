import { type ReactNode, useState } from 'react'
import { Dialog as AriaDialog, Form, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { useI18n } from '../i18n/i18n.tsx'
import { toLatinDigits } from '../i18n/text-input.ts'
import { Button, IconButton } from './button.tsx'
import { ErrorNote } from './error-state.tsx'
import { TextField } from './fields.tsx'
import { CloseIcon } from './icons.tsx'
import { Code } from './text.tsx'

interface DialogProps {
  title: ReactNode
  onClose(): void
  children: ReactNode
  /** `side` slides in at the end of the line. */
  shape?: 'center' | 'wide' | 'side'
  role?: 'dialog' | 'alertdialog'
}

/** Mounted while it is open. Esc and a press outside close it; focus returns to where it was. */
export function Dialog({ title, onClose, children, shape = 'center', role = 'dialog' }: DialogProps) {
  const { t } = useI18n()
  return (
    <ModalOverlay
      className={`veil veil-${shape}`}
      isOpen
      isDismissable={role === 'dialog'}
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
    >
      <Modal className={`modal modal-${shape}`}>
        <AriaDialog className="dialog" role={role}>
          <header className="dialog-head">
            <Heading slot="title" className="dialog-title">
              {title}
            </Heading>
            <IconButton label={t('common.close')} icon={<CloseIcon />} onPress={onClose} />
          </header>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}

interface ConfirmProps {
  title: ReactNode
  children: ReactNode
  /** Verb of what will be done. */
  action: string
  tone?: 'danger' | 'primary'
  isBusy: boolean
  error: Error | null
  onConfirm(): void
  onClose(): void
  isDisabled?: boolean
  shape?: 'center' | 'wide'
  /** This name must be typed first. */
  typedName?: string
}

/**
 * Names the object and the count before anything happens; with `typedName` the name must be typed (restore, purge,
 * skip). What the server refuses is shown inside, so that nothing typed is lost.
 */
export function ConfirmDialog(props: ConfirmProps) {
  const {
    title,
    children,
    action,
    tone = 'danger',
    isBusy,
    error,
    onConfirm,
    onClose,
    isDisabled,
    shape,
    typedName,
  } = props
  const { t, rich } = useI18n()
  const [typed, setTyped] = useState('')
  const isTyped = typedName === undefined || toLatinDigits(typed.trim()) === typedName
  return (
    <Dialog title={title} onClose={onClose} role="alertdialog" {...(shape && { shape })}>
      <Form
        className="dialog-body"
        onSubmit={(event) => {
          event.preventDefault()
          if (isTyped && !isBusy && !isDisabled) onConfirm()
        }}
      >
        {children}
        {typedName !== undefined && (
          <TextField
            label={rich('confirm.type', { name: <Code>{typedName}</Code> })}
            value={typed}
            onChange={setTyped}
            isCode
            autoFocus
            {...(typed !== '' && !isTyped && !typedName.startsWith(typed) && { problem: t('confirm.mismatch') })}
          />
        )}
        {error && <ErrorNote error={error} />}
        <footer className="dialog-foot">
          <Button onPress={onClose} autoFocus={typedName === undefined}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" variant={tone} isBusy={isBusy} isDisabled={!isTyped || isDisabled === true}>
            {action}
          </Button>
        </footer>
      </Form>
    </Dialog>
  )
}

/** What will happen, one fact a line. */
export function FactList({ facts }: { facts: readonly ReactNode[] }) {
  return (
    <ul className="facts">
      {facts.map((fact, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the list does not change while it is shown
        <li key={index}>{fact}</li>
      ))}
    </ul>
  )
}
