import { memo, useSyncExternalStore } from 'react'
import { Button } from '../shared/controls.tsx'
import { useLocale } from '../shared/i18n.tsx'
import {
  BagIcon,
  CheckIcon,
  CloseIcon,
  DeliveryIcon,
  FlameIcon,
  MinusIcon,
  NoteIcon,
  OkIcon,
  PickupIcon,
  PlusIcon,
  TableIcon,
  WarnIcon,
} from '../shared/icons.tsx'
import { DueIcon, FreshIcon, LateIcon, WaitingIcon } from './icons.tsx'
import { useScreen } from './screen-context.ts'
import { useTexts } from './texts.ts'
import {
  type AgeLevel,
  ageOf,
  type ItemModifier,
  isOpen,
  levelOf,
  type Note,
  type Ticket,
  type TicketItem,
} from './tickets.ts'

const LEVEL_ICONS = { fresh: FreshIcon, due: DueIcon, late: LateIcon }
const TYPE_ICONS = { dine_in: TableIcon, takeaway: BagIcon, delivery: DeliveryIcon, pickup: PickupIcon }
const STATUS_ICONS = {
  queued: WaitingIcon,
  cooking: FlameIcon,
  ready: OkIcon,
  completed: OkIcon,
  cancelled: CloseIcon,
}
const MODIFIER_ICONS = { add: PlusIcon, remove: MinusIcon, option: CheckIcon }

/** Drawn again only when its ticket or its age level changes. */
export const TicketCard = memo(function TicketCard({ ticket, isNew }: { ticket: Ticket; isNew: boolean }) {
  const t = useTexts()
  const { actions, canWork, noteBumped, putAway, sectionName } = useScreen()
  const level = useLevel(ticket.sentAt)
  const { parts, elsewhere, isCancelled } = ticket
  const canStart = parts.some(({ items }) => items.some(({ status }) => status === 'queued'))
  return (
    <article
      className={`ticket ${isNew ? 'ticket-new' : ''} ${isCancelled ? 'ticket-cancelled' : ''}`}
      data-ticket={ticket.id}
      data-order={ticket.orderId}
      data-level={isCancelled ? undefined : level}
      aria-label={ticket.number}
    >
      <TicketHead ticket={ticket} level={level} isNew={isNew} />
      {isCancelled && (
        <p className="ticket-stop">
          <CloseIcon size={24} /> {t('ticket.cancelled')}
        </p>
      )}
      <Notes notes={ticket.notes} />
      {parts.map(({ ticketId, sectionId, items }) => (
        <section key={ticketId} className="part">
          {parts.length > 1 && <h3 className="part-name">{sectionName(sectionId)}</h3>}
          <ul>
            {items.map((item) => (
              <li key={item.id}>
                <ItemButton ticket={ticket} item={item} />
              </li>
            ))}
          </ul>
        </section>
      ))}
      {elsewhere.length > 0 && (
        <p className="elsewhere">
          <span className="visually-hidden">{t('ticket.elsewhere')}: </span>
          {elsewhere.map(({ sectionId, open }) => (
            <span key={sectionId} className="elsewhere-part">
              {sectionName(sectionId)} <bdi>{open}</bdi>
            </span>
          ))}
        </p>
      )}
      <footer className="ticket-foot">
        {isCancelled ? (
          <Button className="ticket-done" onPress={() => putAway(ticket.id)}>
            {t('ticket.seen')}
          </Button>
        ) : canWork ? (
          <>
            {canStart && (
              <Button className="ticket-start" icon={<FlameIcon size={22} />} onPress={() => actions.start(ticket)}>
                {t('ticket.start')}
              </Button>
            )}
            <Button
              variant="primary"
              className="ticket-done"
              icon={<CheckIcon size={24} />}
              onPress={() => noteBumped(actions.bump(ticket))}
            >
              {t('ticket.done')} <bdi className="done-number">{shortNumber(ticket.number)}</bdi>
            </Button>
          </>
        ) : null}
      </footer>
    </article>
  )
})

function useLevel(sentAt: number): AgeLevel {
  const { clock, limits } = useScreen()
  return useSyncExternalStore(clock.subscribe, () => levelOf(ageOf(sentAt, clock.now()), limits))
}

function TicketHead({ ticket, level, isNew }: { ticket: Ticket; level: AgeLevel; isNew: boolean }) {
  const t = useTexts()
  const LevelIcon = LEVEL_ICONS[level]
  return (
    <header className="ticket-head">
      <h2 className="ticket-number">
        <OrderNumber number={ticket.number} />
      </h2>
      <p className="ticket-age">
        <LevelIcon size={24} />
        <Timer sentAt={ticket.sentAt} />
        <span className="ticket-level">{t(`level.${level}`)}</span>
      </p>
      <Place ticket={ticket} />
      {(ticket.isAddition || isNew) && (
        <p className="ticket-marks">
          {ticket.isAddition && (
            <span className="mark-added">
              <PlusIcon size={18} /> {t('ticket.added')}
            </span>
          )}
          {isNew && <span className="mark-new">{t('ticket.new')}</span>}
        </p>
      )}
    </header>
  )
}

/** What is called out is the last part; what stands before it is the same all day. */
const shortNumber = (number: string): string => /[^-/ ]+$/.exec(number)?.[0] ?? number

export function OrderNumber({ number }: { number: string }) {
  const end = shortNumber(number)
  return (
    <bdi dir="ltr" className="number">
      <span className="number-start">{number.slice(0, -end.length)}</span>
      {end}
    </bdi>
  )
}

export function Place({ ticket }: { ticket: Pick<Ticket, 'orderTypeId' | 'tableLabel' | 'customerName'> }) {
  const t = useTexts()
  const { orderTypeId, tableLabel, customerName } = ticket
  const type = orderTypeId in TYPE_ICONS ? (orderTypeId as keyof typeof TYPE_ICONS) : tableLabel ? 'dine_in' : undefined
  const TypeIcon = type && TYPE_ICONS[type]
  return (
    <p className="place">
      {TypeIcon && <TypeIcon size={22} />}
      <strong>
        {tableLabel ? t('ticket.table', { table: tableLabel }) : type ? t(`type.${type}`) : <bdi>{orderTypeId}</bdi>}
      </strong>
      {customerName && <bdi className="place-name">{customerName}</bdi>}
    </p>
  )
}

/** Minutes and seconds since the ticket was sent. Its text alone changes each second. */
function Timer({ sentAt }: { sentAt: number }) {
  const { clock } = useScreen()
  const { format } = useLocale()
  const text = useSyncExternalStore(clock.subscribe, () => {
    const seconds = Math.floor(ageOf(sentAt, clock.now()) / 1000)
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  })
  const digits = text.replace(/\d/g, (digit) => format.number(Number(digit)))
  return (
    <bdi dir="ltr" className="timer">
      {digits}
    </bdi>
  )
}

function ItemButton({ ticket, item }: { ticket: Ticket; item: TicketItem }) {
  const t = useTexts()
  const { textOf, format } = useLocale()
  const { actions, canWork, noteBumped } = useScreen()
  const { status } = item
  const StatusIcon = STATUS_ICONS[status]
  const press = () => {
    if (isOpen(item)) noteBumped(actions.bumpItem(ticket, item.id))
    else actions.recallItem(ticket, item.id)
  }
  return (
    <button
      type="button"
      className={`item item-${status}`}
      data-item={item.id}
      aria-pressed={!isOpen(item)}
      disabled={status === 'cancelled' || !canWork}
      onClick={press}
    >
      <bdi className="item-count">{format.number(item.quantity)}</bdi>
      <span className="item-body">
        <span className="item-name">{textOf(item.name)}</span>
        {item.modifiers.map((modifier) => (
          <Modifier key={modifier.id} modifier={modifier} />
        ))}
      </span>
      <StatusIcon size={26} className="item-state" />
      {item.notes.length > 0 && (
        <span className="item-notes">
          <Notes notes={item.notes} />
        </span>
      )}
      <span className="visually-hidden">{t(`item.${status}`)}</span>
    </button>
  )
}

function Modifier({ modifier }: { modifier: ItemModifier }) {
  const { textOf, format } = useLocale()
  const KindIcon = MODIFIER_ICONS[modifier.kind]
  return (
    <span className={`modifier modifier-${modifier.kind}`}>
      <KindIcon size={18} />
      <span>
        {modifier.quantity > 1 && <bdi>{format.number(modifier.quantity)} × </bdi>}
        {textOf(modifier.name)}
      </span>
    </span>
  )
}

function Notes({ notes }: { notes: readonly Note[] }) {
  const t = useTexts()
  return notes.map(({ text, isAllergy }) =>
    isAllergy ? (
      <span key={text} className="remark remark-allergy">
        <WarnIcon size={22} className="remark-icon" />
        <span>
          <strong>{t('note.allergy')}</strong> <bdi>{text}</bdi>
        </span>
      </span>
    ) : (
      <span key={text} className="remark">
        <NoteIcon size={18} className="remark-icon" />
        <bdi>{text}</bdi>
      </span>
    ),
  )
}
