import type { SnapshotSummary } from '../../../src-shared/protocol/management.ts'
import { ConfirmDialog, FactList } from '../../components/dialog.tsx'
import { showToast } from '../../components/toast.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useConsole } from '../../state/console-state.tsx'
import { useDeleteSnapshot, useRestoreSnapshot } from '../../state/mutations.ts'
import { useSnapshotName } from './snapshot-line.tsx'

interface SnapshotDialogProps {
  snapshot: SnapshotSummary
  onClose(): void
}

export function RestoreSnapshot({ snapshot, onClose }: SnapshotDialogProps) {
  const { t, format, labelOf } = useI18n()
  const { branch, moduleId } = useConsole()
  const nameOf = useSnapshotName()
  const restore = useRestoreSnapshot()
  const now = branch.modules.find((module) => module.moduleId === moduleId)?.records ?? 0
  return (
    <ConfirmDialog
      title={t('snapshots.restore.title', { name: nameOf(snapshot) })}
      action={t('snapshots.restore.button')}
      typedName={branch.branchId}
      isBusy={restore.isPending}
      error={restore.error}
      onClose={onClose}
      onConfirm={() => restore.mutate({ snapshotId: snapshot.snapshotId }, { onSuccess: onClose })}
    >
      <FactList
        facts={[
          t('snapshots.restore.body', { branch: labelOf(branch), time: format.dateTime(snapshot.createdAt) }),
          t('snapshots.restore.after', { before: now, after: snapshot.records }),
          t('snapshots.restore.safe'),
          t('snapshots.restore.devices'),
        ]}
      />
    </ConfirmDialog>
  )
}

export function DeleteSnapshot({ snapshot, onClose }: SnapshotDialogProps) {
  const { t } = useI18n()
  const nameOf = useSnapshotName()
  const remove = useDeleteSnapshot()
  const name = nameOf(snapshot)
  return (
    <ConfirmDialog
      title={t('snapshots.delete.title', { name })}
      action={t('snapshots.delete.button')}
      isBusy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() =>
        remove.mutate(
          { snapshotId: snapshot.snapshotId },
          {
            onSuccess: () => {
              showToast(t('snapshots.deleted', { name }))
              onClose()
            },
          },
        )
      }
    >
      <p>{t('snapshots.delete.body', { records: t('count.records', { count: snapshot.records }) })}</p>
    </ConfirmDialog>
  )
}
