import { type ReactNode, useRef, useSyncExternalStore } from 'react'
import { LockButton } from '../shared/access/lock-button.tsx'
import { type Link, LinkBadge, SettingsButton } from '../shared/chrome.tsx'
import { IconButton } from '../shared/controls.tsx'
import { useLocale } from '../shared/i18n.tsx'
import { BackIcon, ForwardIcon, RestoreIcon } from '../shared/icons.tsx'
import { QueueBadge } from '../shared/queue-badge.tsx'
import type { Bell, BellState } from './bell.ts'
import type { Choices } from './choices.ts'
import { BellIcon, BellOffIcon, HallIcon, LateIcon, SizeIcon, SumIcon } from './icons.tsx'
import { useScreen } from './screen-context.ts'
import { useTexts } from './texts.ts'
import type { Pages } from './ticket-pages.tsx'
import { ageOf, type Board, levelOf, type SectionChoice } from './tickets.ts'

interface TopBarProps {
  board: Board
  chosen: Choices
  sections: SectionChoice
  pages: Pages
  bell: Bell
  link: Link
  onChange(part: Partial<Choices>): void
  onSections(): void
  onRecall(): void
}

export function TopBar(props: TopBarProps) {
  const { board, chosen, sections, pages, bell, link, onChange, onSections, onRecall } = props
  const t = useTexts()
  const { format } = useLocale()
  const { sectionName } = useScreen()
  const recent = board.recent.length > 0 ? format.number(board.recent.length) : ''
  const recallLabel = `${t('bar.recall')} ${recent}`.trim()
  return (
    <header className="bar">
      <button type="button" className="bar-sections" onClick={onSections} title={t('bar.change')}>
        <HallIcon size={24} />
        <span className="bar-names">
          {sections === 'all' ? t('sections.all') : sections.slice(0, 2).map(sectionName).join(' + ')}
          {sections.length > 2 && sections !== 'all' && <bdi> + {format.number(sections.length - 2)}</bdi>}
        </span>
      </button>
      <Counts board={board} />
      {pages.pages > 1 && (
        <nav className="bar-pages" aria-label={t('page.of', { page: pages.page, pages: pages.pages })}>
          <IconButton
            label={t('page.previous')}
            icon={<BackIcon size={26} />}
            isDisabled={pages.page === 1}
            onPress={() => pages.show(pages.page - 1)}
          />
          <span data-page={pages.page} data-pages={pages.pages}>
            {t('page.of', { page: pages.page, pages: pages.pages })}
          </span>
          <IconButton
            label={t('page.next')}
            icon={<ForwardIcon size={26} />}
            isDisabled={pages.page === pages.pages}
            onPress={() => pages.show(pages.page + 1)}
          />
        </nav>
      )}
      <div className="bar-end">
        {/* The bar below says it, larger. */}
        {link !== 'away' && <LinkBadge link={link} />}
        <QueueBadge />
        <BarButton icon={<RestoreIcon size={24} />} name="recall" label={recallLabel} onPress={onRecall}>
          <span className="bar-text">{t('bar.recall')}</span> {recent && <bdi className="bar-number">{recent}</bdi>}
        </BarButton>
        <BarButton
          icon={<SumIcon size={24} />}
          name="all-day"
          label={t('bar.allDay')}
          isPressed={chosen.hasAllDay}
          onPress={() => onChange({ hasAllDay: !chosen.hasAllDay })}
        >
          <span className="bar-text">{t('bar.allDay')}</span>
        </BarButton>
        <BarButton
          icon={<SizeIcon size={26} />}
          name="large"
          label={t('bar.large')}
          isPressed={chosen.isLarge}
          onPress={() => onChange({ isLarge: !chosen.isLarge })}
        />
        <SoundButton bell={bell} onMute={(isMuted) => onChange({ isMuted })} />
        <LockButton />
        <SettingsButton />
      </div>
    </header>
  )
}

/** The number of late tickets changes by the clock alone. */
function Counts({ board: { tickets } }: { board: Board }) {
  const t = useTexts()
  const { clock, limits } = useScreen()
  const late = useSyncExternalStore(
    clock.subscribe,
    () =>
      tickets.filter(
        ({ sentAt, isCancelled }) => !isCancelled && levelOf(ageOf(sentAt, clock.now()), limits) === 'late',
      ).length,
  )
  return (
    <p className="bar-counts">
      <span data-open={tickets.length}>{t('bar.open', { count: tickets.length })}</span>
      {late > 0 && (
        <span className="bar-late" data-late={late}>
          <LateIcon size={18} /> {t('bar.late', { count: late })}
        </span>
      )}
    </p>
  )
}

function SoundButton({ bell, onMute }: { bell: Bell; onMute(isMuted: boolean): void }) {
  const t = useTexts()
  const state = useSyncExternalStore(bell.subscribe, () => bell.state)
  const rung = useSyncExternalStore(bell.subscribe, () => bell.rung)
  // The touch itself lets the browser sound, before the press is over: then it has done what was wanted.
  const touched = useRef<BellState>(undefined)
  const press = () => {
    const before = touched.current ?? state
    touched.current = undefined
    if (before !== 'waiting') onMute(before === 'on')
  }
  return (
    <span
      data-sound={state}
      data-rung={rung}
      onPointerDown={() => {
        touched.current = state
      }}
    >
      <BarButton
        icon={state === 'on' ? <BellIcon size={26} /> : <BellOffIcon size={26} />}
        name="sound"
        label={t(`bar.sound.${state}`)}
        isPressed={state === 'on'}
        onPress={press}
      />
    </span>
  )
}

interface BarButtonProps {
  icon: ReactNode
  name: string
  /** What it is called where there is no room for words. */
  label: string
  onPress(): void
  isPressed?: boolean
  children?: ReactNode
}

function BarButton({ icon, name, onPress, isPressed, label, children }: BarButtonProps) {
  return (
    <button
      type="button"
      className={`bar-button ${children ? '' : 'bar-button-bare'}`}
      data-action={name}
      onClick={onPress}
      aria-label={label}
      title={label}
      {...(isPressed !== undefined && { 'aria-pressed': isPressed })}
    >
      {icon}
      {children && <span className="bar-words">{children}</span>}
    </button>
  )
}
