import type { BranchServerStatus } from '../../../src-shared/protocol/management.ts'
import { Badge, type Tone } from '../../components/badge.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useConsole } from '../../state/console-state.tsx'
import { useNow } from '../../state/use-now.ts'

type State = BranchServerStatus['state'] | 'unknown'

const TONES: Record<State, Tone> = {
  working: 'ok',
  attention: 'warn',
  restoring: 'busy',
  stopping: 'warn',
  unknown: 'danger',
}

/** The one sentence that answers "is it working?". */
export function Hero({ status, isReachable }: { status: BranchServerStatus; isReachable: boolean }) {
  const { t, labelOf, format } = useI18n()
  const { branch } = useConsole()
  const now = useNow()
  const state: State = isReachable ? status.state : 'unknown'
  const { lastBackup } = status
  const sentence = t(`overview.sentence.${state}`, {
    devices: t('overview.devices', { count: status.sockets }),
    backup: lastBackup
      ? t('overview.backup.at', { time: format.relative(lastBackup.createdAt, now) })
      : t('overview.backup.none'),
  })
  return (
    <header className={`hero hero-${TONES[state]}`} data-state={state}>
      <div className="hero-words">
        <p className="hero-over">
          <Badge tone={TONES[state]}>{t(`state.${state}`)}</Badge>
          <bdi>{labelOf(branch)}</bdi>
        </p>
        <h1 className="screen-title hero-title" tabIndex={-1}>
          <span className="visually-hidden">{t('overview.title')}: </span>
          {sentence}
        </h1>
        <p className="soft">{t('overview.since', { time: format.dateTime(status.startedAt) })}</p>
      </div>
      <Niche />
    </header>
  )
}

/** Niches in niches, with the lamp: the ornament of the product. */
function Niche() {
  return (
    <svg className="hero-picture" viewBox="0 0 220 180" aria-hidden="true" focusable="false">
      {[0, 1, 2, 3].map((ring) => (
        <path
          key={ring}
          className="hero-arch"
          transform={`translate(110 180) scale(${1 - ring * 0.2}) translate(-110 -180)`}
          d="M10 180V96C10 52 66 44 110 4c44 40 100 48 100 92v84"
        />
      ))}
      <path className="hero-glow" d="M110 112c15 17 22 27 22 39a22 22 0 0 1-44 0c0-12 7-22 22-39z" />
      <path className="hero-flame" d="M110 130c8 9 11 14 11 20a11 11 0 0 1-22 0c0-6 3-11 11-20z" />
    </svg>
  )
}
