import { useState } from 'react'
import type { BackupSummary } from '../../../src-shared/protocol/management.ts'
import type { Tone } from '../../components/badge.tsx'
import { Card } from '../../components/card.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { BackupsIcon } from '../../components/icons.tsx'
import { Loaded } from '../../components/loaded.tsx'
import { ScreenHead } from '../../components/screen-head.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useBackups } from '../../state/queries.ts'
import { useNow } from '../../state/use-now.ts'
import { BackUpCard } from './back-up-card.tsx'
import { BackupLine } from './backup-line.tsx'
import { judgeBackups } from './judge-backups.ts'
import { RestoreDialog } from './restore-dialog.tsx'
import { SafetyCard } from './safety-card.tsx'

export function BackupsScreen() {
  const { t } = useI18n()
  const query = useBackups()
  const [asked, setAsked] = useState<BackupSummary | null>(null)
  return (
    <>
      <Head backups={query.data?.backups} />
      <div className="columns columns-backups">
        <BackUpCard folder={query.data?.folder ?? ''} />
        <SafetyCard backups={query.data?.backups ?? []} />
      </div>
      <Card title={t('backups.list')}>
        <Loaded query={query}>
          {({ backups }) =>
            backups.length === 0 ? (
              <EmptyState icon={<BackupsIcon size={28} />} title={t('backups.empty.title')}>
                {t('backups.empty.body')}
              </EmptyState>
            ) : (
              <ul className="lines">
                {backups.map((backup) => (
                  <BackupLine key={backup.backupId} backup={backup} onRestore={() => setAsked(backup)} />
                ))}
              </ul>
            )
          }
        </Loaded>
      </Card>
      {asked && <RestoreDialog backup={asked} onClose={() => setAsked(null)} />}
    </>
  )
}

function Head({ backups }: { backups: readonly BackupSummary[] | undefined }) {
  const { t, format } = useI18n()
  const now = useNow()
  if (!backups) return <ScreenHead title={t('backups.title')} tone="busy" sentence={t('app.loading')} />
  const { newest, isFresh, isVerified } = judgeBackups(backups, now)
  const time = newest ? format.relative(newest.createdAt, now) : ''
  const [tone, sentence]: [Tone, string] = !newest
    ? ['warn', t('backups.sentence.none')]
    : !isVerified
      ? ['danger', t('backups.sentence.unverified', { time })]
      : isFresh
        ? ['ok', t('backups.sentence.good', { time })]
        : ['warn', t('backups.sentence.old', { time })]
  return <ScreenHead title={t('backups.title')} tone={tone} sentence={sentence} />
}
