import { useState } from 'react'
import { Radio, RadioGroup } from 'react-aria-components'
import type { BackupSummary, BranchSummary } from '../../../src-shared/protocol/management.ts'
import { ConfirmDialog, FactList } from '../../components/dialog.tsx'
import { SimpleTable } from '../../components/simple-table.tsx'
import { Code } from '../../components/text.tsx'
import { useI18n } from '../../i18n/i18n.tsx'
import { useConsole } from '../../state/console-state.tsx'
import { useRestoreBackup } from '../../state/mutations.ts'
import { useStatus } from '../../state/queries.ts'

type Scope = 'one' | 'all'

/** What the restore will do, next to how things are; then the name, typed. */
export function RestoreDialog({ backup, onClose }: { backup: BackupSummary; onClose(): void }) {
  const { t, format } = useI18n()
  const { branch } = useConsole()
  const { data: status } = useStatus()
  const isInBackup = backup.branches.some(({ branchId }) => branchId === branch.branchId)
  const [scope, setScope] = useState<Scope>(isInBackup ? 'one' : 'all')
  const restore = useRestoreBackup()
  const time = format.dateTime(backup.createdAt)
  const rows = compareRows(backup, status?.branches ?? [], scope === 'one' ? branch.branchId : undefined)
  return (
    <ConfirmDialog
      shape="wide"
      title={t('backups.restore.title', { time })}
      action={t('backups.restore.button')}
      typedName={scope === 'one' ? branch.branchId : 'all'}
      isBusy={restore.isPending}
      error={restore.error}
      onClose={onClose}
      onConfirm={() =>
        restore.mutate(
          { backupId: backup.backupId, branchId: scope === 'one' ? branch.branchId : undefined },
          { onSuccess: onClose },
        )
      }
    >
      <ScopeChoice backup={backup} scope={scope} onChange={setScope} isInBackup={isInBackup} />
      <SimpleTable
        label={t('backups.restore.compare')}
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          { id: 'module', title: t('backups.restore.module'), cell: ({ id }) => <Code>{id}</Code>, isHeader: true },
          {
            id: 'now',
            title: t('backups.restore.now'),
            cell: ({ now }) => (now === undefined ? t('common.none') : format.number(now)),
            isNumber: true,
          },
          { id: 'then', title: t('backups.restore.then'), cell: (row) => format.number(row.records), isNumber: true },
        ]}
      />
      <FactList
        facts={[
          t('backups.restore.lost', { time }),
          t('backups.restore.safe'),
          t('backups.restore.devices'),
          t('backups.restore.numbers'),
        ]}
      />
    </ConfirmDialog>
  )
}

interface ScopeChoiceProps {
  backup: BackupSummary
  scope: Scope
  isInBackup: boolean
  onChange(scope: Scope): void
}

function ScopeChoice({ backup, scope, isInBackup, onChange }: ScopeChoiceProps) {
  const { t, labelOf } = useI18n()
  const { branch } = useConsole()
  const options: { id: Scope; text: string }[] = [
    { id: 'one', text: t('backups.restore.scope.one', { branch: labelOf(branch) }) },
    { id: 'all', text: t('backups.restore.scope.all', { count: backup.branches.length }) },
  ]
  return (
    <RadioGroup
      className="radios"
      aria-label={t('backups.restore.scope')}
      value={scope}
      onChange={(value) => onChange(value === 'all' ? 'all' : 'one')}
    >
      {options.map(({ id, text }) => (
        <Radio key={id} value={id} className="radio" isDisabled={id === 'one' && !isInBackup}>
          <span className="radio-dot" />
          <span>{text}</span>
        </Radio>
      ))}
    </RadioGroup>
  )
}

function compareRows(backup: BackupSummary, branches: readonly BranchSummary[], only: string | undefined) {
  return backup.branches
    .filter(({ branchId }) => only === undefined || branchId === only)
    .flatMap(({ branchId, modules }) => {
      const present = branches.find((branch) => branch.branchId === branchId)?.modules ?? []
      return modules.map(({ moduleId, records }) => ({
        id: `${branchId} / ${moduleId}`,
        now: present.find((module) => module.moduleId === moduleId)?.records,
        records,
      }))
    })
}
