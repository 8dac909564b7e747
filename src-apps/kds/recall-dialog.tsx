import { Button, Dialog } from '../shared/controls.tsx'
import { useLocale } from '../shared/i18n.tsx'
import { UndoIcon } from '../shared/icons.tsx'
import { useScreen } from './screen-context.ts'
import { useTexts } from './texts.ts'
import { OrderNumber, Place } from './ticket-card.tsx'
import { itemsOf, type Ticket } from './tickets.ts'

export function RecallDialog({ tickets, onClose }: { tickets: readonly Ticket[]; onClose(): void }) {
  const t = useTexts()
  const { format, textOf } = useLocale()
  const { actions, canWork } = useScreen()
  const recall = (ticket: Ticket) => {
    actions.recall(ticket)
    onClose()
  }
  return (
    <Dialog title={t('recall.title')} shape="side" name="recall" onClose={onClose}>
      {tickets.length === 0 && <p className="note">{t('recall.empty')}</p>}
      <ul className="recalls">
        {tickets.map((ticket) => (
          <li key={ticket.id} className="recall" data-recall={ticket.id} data-order={ticket.orderId}>
            <div className="recall-head">
              <strong className="recall-number">
                <OrderNumber number={ticket.number} />
              </strong>
              <Place ticket={ticket} />
              <span className="soft">
                {t('recall.at', { time: format.time(new Date(ticket.doneAt).toISOString()) })}
              </span>
            </div>
            <ul className="recall-items">
              {itemsOf(ticket).map(({ id, quantity, name }) => (
                <li key={id}>
                  <bdi>{format.number(quantity)}</bdi> × {textOf(name)}
                </li>
              ))}
            </ul>
            {canWork && (
              <Button size="large" icon={<UndoIcon size={22} />} onPress={() => recall(ticket)}>
                {t('recall.button')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  )
}
