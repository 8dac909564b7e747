import type { RestoreProof } from '../../../src-shared/protocol/management.ts'
import { Badge } from '../../components/badge.tsx'
import { Facts, Fold } from '../../components/details.tsx'
import { Dialog } from '../../components/dialog.tsx'
import { SimpleTable } from '../../components/simple-table.tsx'
import { Code, CopyableCode } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'

/** What the server proved before it called the restore done. */
export function ProofDialog({ proof, onClose }: { proof: RestoreProof; onClose(): void }) {
  const { t } = useI18n()
  const rows = proof.branches.flatMap(({ branchId, modules }) => modules.map((module) => ({ branchId, ...module })))
  const numbers = proof.sequences.map(({ branchId, table, field, next }) => ({
    name: <Code>{`${branchId} ${table}.${field}`}</Code>,
    value: <Code>{String(next)}</Code>,
  }))
  return (
    <Dialog title={t('backups.proof.title')} onClose={onClose} shape="wide">
      <div className="dialog-body" data-testid="restore-proof">
        <Badge tone="ok">{t('backups.proof.match')}</Badge>
        <p className="soft">{t('backups.proof.body')}</p>
        <SimpleTable
          label={t('backups.proof.title')}
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
              id: 'before',
              title: t('backups.proof.before'),
              cell: ({ before }) => <Side records={before.records} epoch={before.epoch} seq={before.seq} />,
            },
            {
              id: 'after',
              title: t('backups.proof.after'),
              cell: ({ after }) => <Side records={after.records} epoch={after.epoch} seq={after.seq} />,
            },
            {
              id: 'hash',
              title: t('backups.details.hash'),
              cell: ({ after }) => <CopyableCode value={after.headHash} />,
            },
          ]}
        />
        <Facts facts={[{ name: t('backups.proof.safety'), value: <CopyableCode value={proof.safetyBackupId} /> }]} />
        {numbers.length > 0 && (
          <Fold title={t('backups.proof.sequences')}>
            <Facts facts={numbers} />
          </Fold>
        )}
      </div>
    </Dialog>
  )
}

function Side({ records, epoch, seq }: { records: number; epoch: number; seq: number }) {
  const { t } = useI18n()
  return (
    <span className="proof-side">
      <strong>{t('count.records', { count: records })}</strong>
      <span className="soft">{t('backups.proof.position', { epoch, seq })}</span>
    </span>
  )
}
