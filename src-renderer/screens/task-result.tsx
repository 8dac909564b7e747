import { useState } from 'react'
import type { JsonObject } from '../../src-shared/json.ts'
import type { BackupSummary, RestoreProof, SnapshotSummary, Task } from '../../src-shared/protocol/management.ts'
import { Button } from '../components/button.tsx'
import { useI18n } from '../i18n/i18n.tsx'
import { recordsIn } from './backups/judge-backups.ts'
import { ProofDialog } from './backups/proof-dialog.tsx'

/** What came out of a finished task, in one line. */
export function TaskResult({ task }: { task: Task }) {
  const { t } = useI18n()
  const text = useResultText(task)
  const proof = task.kind === 'restore' && task.result && Array.isArray(task.result.branches) ? task.result : null
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <p>{text}</p>
      {proof && (
        <Button size="small" onPress={() => setOpen(true)}>
          {t('backups.proof.open')}
        </Button>
      )}
      {proof && isOpen && <ProofDialog proof={proof as unknown as RestoreProof} onClose={() => setOpen(false)} />}
    </>
  )
}

/** The server's result has the shape that its kind promises (management.ts); anything else reads as "finished". */
function useResultText({ kind, result }: Task): string {
  const { t, format } = useI18n()
  const records = (count: number) => t('count.records', { count })
  if (!result) return t('tasks.done.other')
  switch (kind) {
    case 'backup': {
      const backup = result as unknown as BackupSummary
      const made = { records: records(recordsIn(backup)), size: format.bytes(backup.sizeBytes) }
      return backup.isVerified
        ? t('tasks.done.backup', made)
        : t('tasks.done.backupUnverified', { ...made, problem: backup.problem ?? '' })
    }
    case 'restore':
      return t('tasks.done.restore', { records: records(restoredRecords(result as unknown as RestoreProof)) })
    case 'snapshot': {
      const { name, createdAt, records: count } = result as unknown as SnapshotSummary
      const title = name.trim() || t('snapshots.unnamed', { time: format.dateTime(createdAt) })
      return t('tasks.done.snapshot', { name: title, records: records(count) })
    }
    case 'snapshot-restore':
      return t('tasks.done.snapshot-restore')
    case 'purge':
      return t('tasks.done.purge', { records: records(numberIn(result, 'totalRemoved')) })
    case 'purge-restore':
      return t('tasks.done.purge-restore', { records: records(numberIn(result, 'totalRestored')) })
    default:
      return t('tasks.done.other')
  }
}

function restoredRecords(proof: RestoreProof): number {
  return proof.branches.flatMap(({ modules }) => modules).reduce((sum, { after }) => sum + after.records, 0)
}

function numberIn(result: JsonObject, name: string): number {
  const value = result[name]
  return typeof value === 'number' ? value : 0
}
