import { useEffect } from 'react'
import { Button } from '../shared/controls.tsx'
import { useLocale } from '../shared/i18n.tsx'
import { OkIcon, UndoIcon } from '../shared/icons.tsx'
import type { Bumped } from './actions.ts'
import { useScreen } from './screen-context.ts'
import { useTexts } from './texts.ts'
import { isOpen, itemsOf } from './tickets.ts'

const SHOWN_MS = 8_000

/** A wet finger on the wrong card. */
export function UndoToast({ bumped, onOver }: { bumped: Bumped; onOver(): void }) {
  const t = useTexts()
  const { textOf } = useLocale()
  const { actions } = useScreen()
  useEffect(() => {
    const timer = window.setTimeout(onOver, SHOWN_MS)
    return () => window.clearTimeout(timer)
  }, [onOver])
  const { ticket, itemIds } = bumped
  const items = itemsOf(ticket)
  const isWhole = items.every((item) => !isOpen(item) || itemIds.includes(item.id))
  const item = items.find(({ id }) => id === itemIds[0])
  const undo = () => {
    actions.undo(bumped)
    onOver()
  }
  return (
    <div className="undo" role="status">
      <OkIcon size={26} />
      <p>
        {isWhole || !item ? t('undo.ticket', { number: ticket.number }) : t('undo.item', { item: textOf(item.name) })}
      </p>
      <Button variant="amber" size="large" icon={<UndoIcon size={22} />} onPress={undo}>
        {t('undo.button')}
      </Button>
    </div>
  )
}
