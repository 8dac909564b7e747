import type { BackupSummary } from '../../../src-shared/protocol/management.ts'
import { ToneIcon } from '../../components/badge.tsx'
import { Card } from '../../components/card.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useNow } from '../../state/use-now.ts'
import { judgeBackups } from './judge-backups.ts'

export function SafetyCard({ backups }: { backups: readonly BackupSummary[] }) {
  const { t } = useI18n()
  const { newest, isFresh, isVerified, places } = judgeBackups(backups, useNow())
  const answers = [
    {
      id: 'exists',
      isGood: newest !== undefined,
      text: t(newest ? 'backups.check.exists' : 'backups.check.exists.no'),
    },
    { id: 'fresh', isGood: isFresh, text: t(isFresh ? 'backups.check.fresh' : 'backups.check.fresh.no') },
    {
      id: 'verified',
      isGood: isVerified,
      text: t(isVerified ? 'backups.check.verified' : 'backups.check.verified.no'),
    },
    {
      id: 'places',
      isGood: places > 1,
      text: places === 1 ? t('backups.check.places.one') : t('backups.check.places', { count: places }),
    },
  ].slice(0, newest ? 4 : 1)
  return (
    <Card title={t('backups.check.title')} className="safety">
      <ul className="answers">
        {answers.map(({ id, isGood, text }) => (
          <li key={id} className="answer">
            <ToneIcon tone={isGood ? 'ok' : 'warn'} size={22} />
            <span>{text}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
