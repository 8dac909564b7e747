import type { BackupSummary } from '../../../src-shared/protocol/management.ts'
import { Badge } from '../../components/badge.tsx'
import { Button } from '../../components/button.tsx'
import { RestoreIcon } from '../../components/icons.tsx'
import { SimpleTable } from '../../components/simple-table.tsx'
import { Bytes, Code, CopyableCode, Timestamp } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { usePreferences } from '../../state/console-state.tsx'
import { recordsIn } from './judge-backups.ts'

export function BackupLine({ backup, onRestore }: { backup: BackupSummary; onRestore(): void }) {
  const { t, format } = useI18n()
  const [{ hasDetails }] = usePreferences()
  const { createdAt, isVerified, problem, folder, note, reason, sizeBytes } = backup
  return (
    <li className="line" data-backup={backup.backupId}>
      <div className="line-words">
        <h3 className="line-title">
          <Timestamp iso={createdAt} isExact />
          <Badge tone={isVerified ? 'ok' : 'danger'}>{t(isVerified ? 'backups.verified' : 'backups.unverified')}</Badge>
        </h3>
        <p className="line-facts">
          <span>{t('count.records', { count: recordsIn(backup) })}</span>
          <Bytes value={sizeBytes} />
          <span>{t(`backups.reason.${reason}`)}</span>
          {note && reason === 'manual' && <bdi className="line-note">{note}</bdi>}
        </p>
        <p className="line-facts">
          <Code>{folder}</Code>
        </p>
        {problem && (
          <p className="line-problem">
            <bdi>{problem}</bdi>
          </p>
        )}
        {hasDetails && <Contents backup={backup} />}
      </div>
      <div className="line-actions">
        <Button
          size="small"
          icon={<RestoreIcon size={18} />}
          isDisabled={!isVerified}
          label={t('backups.restoreOf', { time: format.dateTime(createdAt) })}
          onPress={onRestore}
        >
          {t('backups.restore')}
        </Button>
      </div>
    </li>
  )
}

/** For the technician: ids, positions and hashes. */
function Contents({ backup }: { backup: BackupSummary }) {
  const { t, format } = useI18n()
  const rows = backup.branches.flatMap(({ branchId, modules }) => modules.map((module) => ({ branchId, ...module })))
  return (
    <>
      <p className="line-facts">
        <CopyableCode value={backup.backupId} />
      </p>
      <SimpleTable
        label={t('backups.column.contents')}
        rows={rows}
        keyOf={({ branchId, moduleId }) => `${branchId}/${moduleId}`}
        columns={[
          {
            id: 'module',
            title: t('backups.restore.module'),
            cell: ({ branchId, moduleId }) => <Code>{`${branchId} / ${moduleId}`}</Code>,
            isHeader: true,
          },
          {
            id: 'records',
            title: t('overview.details.records'),
            cell: ({ records }) => format.number(records),
            isNumber: true,
          },
          {
            id: 'position',
            title: t('overview.details.position'),
            cell: ({ epoch, seq }) => <Code>{`${epoch}.${seq}`}</Code>,
          },
          {
            id: 'hash',
            title: t('backups.details.hash'),
            cell: ({ headHash }) => <Code>{headHash.slice(0, 16)}</Code>,
          },
        ]}
      />
    </>
  )
}
