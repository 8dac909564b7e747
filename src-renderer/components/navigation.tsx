import type { ReactNode } from 'react'
import { useI18n } from '../i18n/i18n.tsx'
import { SCREENS, type Screen, toHash } from '../state/route.ts'
import { BackupsIcon, OverviewIcon, PurgeIcon, SequencesIcon, SnapshotsIcon, TablesIcon } from './icons.tsx'

const ICONS: Record<Screen, (props: { size?: number }) => ReactNode> = {
  overview: OverviewIcon,
  tables: TablesIcon,
  snapshots: SnapshotsIcon,
  purge: PurgeIcon,
  sequences: SequencesIcon,
  backups: BackupsIcon,
}

export function ScreenIcon({ screen, size = 20 }: { screen: Screen; size?: number }) {
  const Icon = ICONS[screen]
  return <Icon size={size} />
}

/** The screens, in the order of Alt+1 to Alt+6. */
export function Navigation({ current, onChoose }: { current: Screen; onChoose?: () => void }) {
  const { t } = useI18n()
  return (
    <nav className="nav" aria-label={t('nav.label')}>
      <ul>
        {SCREENS.map((screen, index) => (
          <li key={screen}>
            <a
              className="nav-link"
              href={toHash({ screen })}
              aria-keyshortcuts={`Alt+${index + 1}`}
              {...(screen === current && { 'aria-current': 'page' as const })}
              onClick={onChoose}
            >
              <ScreenIcon screen={screen} />
              <span className="nav-word">{t(`nav.${screen}`)}</span>
              <span className="nav-key" aria-hidden="true">
                {index + 1}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}
