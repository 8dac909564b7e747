import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { useAccess } from '../shared/access/access.ts'
import { useBranch, useMay } from '../shared/branch.tsx'
import { useTable } from '../shared/hooks.ts'
import { useLocale } from '../shared/i18n.tsx'
import { OkIcon } from '../shared/icons.tsx'
import { type Bumped, KitchenActions } from './actions.ts'
import { AllDayPanel } from './all-day-panel.tsx'
import { Bell } from './bell.ts'
import { type ChoiceStore, type Choices, createChoices } from './choices.ts'
import { KitchenClock } from './clock.ts'
import { useContact } from './contact.ts'
import { OfflineBar } from './offline-bar.tsx'
import { RecallDialog } from './recall-dialog.tsx'
import { type Screen, ScreenContext } from './screen-context.ts'
import { SectionPicker } from './section-picker.tsx'
import { useTexts } from './texts.ts'
import { TicketPages, useNewTickets, usePages } from './ticket-pages.tsx'
import type { SectionChoice } from './tickets.ts'
import { TopBar } from './top-bar.tsx'
import { UndoToast } from './undo-toast.tsx'
import { useBoard, useLimits } from './use-board.ts'

const AGREE_EVERY_MS = 3_000
const NONE_SEEN: ReadonlySet<string> = new Set()

/** Chooses what the screen shows; then the tickets. */
export function KitchenScreen() {
  const { store } = useBranch()
  const [choices] = useState(createChoices)
  const chosen = useSyncExternalStore(choices.subscribe, choices.get)
  const known = useTable(store, 'kitchen_sections')
  // A section that the branch does not have (any more) would show an empty screen for ever.
  const sections = useMemo(() => {
    if (chosen.sections === null || chosen.sections === 'all' || known.length === 0) return chosen.sections
    const own = chosen.sections.filter((id) => known.some((section) => section.id === id))
    return own.length > 0 ? own : null
  }, [chosen.sections, known])
  useEffect(() => {
    document.documentElement.dataset.size = chosen.isLarge ? 'large' : 'normal'
  }, [chosen.isLarge])
  return <Kitchen choices={choices} chosen={chosen} sections={sections} />
}

interface KitchenProps {
  choices: ChoiceStore
  chosen: Choices
  /** Null: to be chosen first. */
  sections: SectionChoice | null
}

function Kitchen({ choices, chosen, sections }: KitchenProps) {
  const t = useTexts()
  const { store } = useBranch()
  const [clock] = useState(() => new KitchenClock())
  const contact = useContact(store, clock)
  const [seen, setSeen] = useState(NONE_SEEN)
  const board = useBoard(store, clock, sections ?? 'all', seen)
  const sectionName = useSectionName()
  const canWork = useMay()('update', 'job_order_detail')
  const actions = useActions(clock, { sections, sectionName, canWork })
  const limits = useLimits()
  const [bumped, setBumped] = useState<Bumped>()
  const [open, setOpen] = useState<'recall' | 'sections'>()
  const screen = useMemo<Screen>(
    () => ({
      ...{ clock, actions, canWork, limits, sectionName, noteBumped: setBumped },
      putAway: (id) => setSeen((known) => new Set([...known, id])),
    }),
    [clock, actions, canWork, limits, sectionName],
  )
  const { bell, flashes, ring } = useBell(chosen.isMuted)
  const newIds = useNewTickets(board.tickets, sections, ring)
  const pagesRef = useRef<HTMLElement>(null)
  const pages = usePages(pagesRef, `${chosen.isLarge} ${chosen.hasAllDay} ${contact.link}`, board.tickets)
  const choose = (next: SectionChoice) => {
    choices.change({ sections: next })
    setOpen(undefined)
  }

  if (sections === null) {
    return <SectionPicker current={null} openBySection={board.openBySection} onChoose={choose} />
  }
  return (
    <ScreenContext value={screen}>
      <div className="screen" data-link={contact.link}>
        <TopBar
          board={board}
          chosen={chosen}
          sections={sections}
          pages={pages}
          bell={bell}
          link={contact.link}
          onChange={choices.change}
          onSections={() => setOpen('sections')}
          onRecall={() => setOpen('recall')}
        />
        <OfflineBar contact={contact} />
        {!canWork && (
          <p className="note only-look" role="status" data-refused="job_order_detail">
            {t('role.look')}
          </p>
        )}
        <main className="work">
          <h1 className="visually-hidden">{t('kds.title')}</h1>
          <TicketPages tickets={board.tickets} newIds={newIds} pagesRef={pagesRef} />
          {board.tickets.length === 0 && (
            <div className="nothing">
              <OkIcon size={64} />
              <h2>{t('empty.title')}</h2>
              <p>{contact.link === 'away' ? t('empty.away') : t('empty.body')}</p>
            </div>
          )}
          {chosen.hasAllDay && <AllDayPanel counts={board.allDay} />}
        </main>
        {flashes > 0 && <div key={flashes} className="flash" data-flashes={flashes} aria-hidden="true" />}
        {bumped && <UndoToast key={bumpKey(bumped)} bumped={bumped} onOver={() => setBumped(undefined)} />}
        {open === 'recall' && <RecallDialog tickets={board.recent} onClose={() => setOpen(undefined)} />}
        {open === 'sections' && (
          <SectionPicker
            current={sections}
            openBySection={board.openBySection}
            onChoose={choose}
            onClose={() => setOpen(undefined)}
          />
        )}
      </div>
    </ScreenContext>
  )
}

const bumpKey = ({ ticket, itemIds }: Bumped) => `${ticket.id} ${itemIds.join(' ')}`

function useSectionName(): (id: string) => string {
  const { nameOf } = useLocale()
  const sections = useTable(useBranch().store, 'kitchen_sections')
  return useMemo(() => {
    const names = new Map(sections.map((section) => [section.id, nameOf(section)]))
    return (id) => names.get(id) || id
  }, [sections, nameOf])
}

interface Workers {
  sections: SectionChoice | null
  sectionName(id: string): string
  canWork: boolean
}

/** As a rule nobody signs in at a kitchen screen: the log then names its sections. */
function useActions(clock: KitchenClock, { sections, sectionName, canWork }: Workers) {
  const { store } = useBranch()
  const { person } = useAccess()
  const name = useRef('')
  name.current = sections === null || sections === 'all' ? 'kitchen' : sections.map(sectionName).join(', ')
  const actions = useMemo(() => {
    const { id = null, role = 'kitchen' } = person ?? {}
    return new KitchenActions(store, clock, () => ({ id, name: person?.name ?? name.current, role }))
  }, [store, clock, person])
  useEffect(() => {
    if (!canWork) return
    // Not all screens of a kitchen in the same moment.
    const every = AGREE_EVERY_MS * (1 + Math.random())
    const timer = window.setInterval(() => actions.agreeAll(), every)
    return () => window.clearInterval(timer)
  }, [actions, canWork])
  return actions
}

function useBell(isMuted: boolean) {
  const [bell] = useState(() => new Bell(isMuted))
  const [flashes, setFlashes] = useState(0)
  useEffect(() => bell.mute(isMuted), [bell, isMuted])
  useEffect(() => {
    const unlock = () => void bell.unlock()
    document.addEventListener('pointerdown', unlock)
    document.addEventListener('keydown', unlock)
    return () => {
      document.removeEventListener('pointerdown', unlock)
      document.removeEventListener('keydown', unlock)
    }
  }, [bell])
  const ring = useCallback(() => {
    bell.ring()
    setFlashes((count) => count + 1)
  }, [bell])
  return { bell, flashes, ring }
}
