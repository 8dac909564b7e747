import type { ReactNode } from 'react'
import { useI18n } from '../i18n/i18n.tsx'
import { SCREENS, type Screen, toHash } from '../state/route.ts'
import {
  AuditIcon,
  BackupsIcon,
  DeviceIcon,
  OverviewIcon,
  PeopleIcon,
  PurgeIcon,
  RolesIcon,
  SequencesIcon,
  SnapshotsIcon,
  TablesIcon,
} from './icons.tsx'

const ICONS: Record<Screen, (props: { size?: number }) => ReactNode> = {
  overview: OverviewIcon,
  tables: TablesIcon,
  snapshots: SnapshotsIcon,
  purge: PurgeIcon,
  sequences: SequencesIcon,
  backups: BackupsIcon,
  devices: DeviceIcon,
  people: PeopleIcon,
  roles: RolesIcon,
  audit: AuditIcon,
}

export function ScreenIcon({ screen, size = 20 }: { screen: Screen; size?: number }) {
  const Icon = ICONS[screen]
  return <Icon size={size} />
}

interface NavigationProps {
  current: Screen
  /** Those that the reader may use. */
  screens: readonly Screen[]
  onChoose?: () => void
}

/** The screens in the order of their keys: Alt+1 to Alt+9, then Alt+0. */
export function Navigation({ current, screens, onChoose }: NavigationProps) {
  const { t } = useI18n()
  return (
    <nav className="nav" aria-label={t('nav.label')}>
      <ul>
        {screens.map((screen) => (
          <li key={screen}>
            <a
              className="nav-link"
              href={toHash({ screen })}
              aria-keyshortcuts={`Alt+${digitOf(screen)}`}
              {...(screen === current && { 'aria-current': 'page' as const })}
              onClick={onChoose}
            >
              <ScreenIcon screen={screen} />
              <span className="nav-word">{t(`nav.${screen}`)}</span>
              <span className="nav-key" aria-hidden="true">
                {digitOf(screen)}
              </span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** The key of a screen stays the same when others are not shown. */
function digitOf(screen: Screen): number {
  return (SCREENS.indexOf(screen) + 1) % 10
}
