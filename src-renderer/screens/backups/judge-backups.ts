import { DAY_MS } from '../../../src-shared/durations.ts'
import type { BackupSummary } from '../../../src-shared/protocol/management.ts'

/** The questions that a manager should ask: is there one, is it of today, can it be read, is it in several places. */
export interface BackupJudgement {
  newest: BackupSummary | undefined
  isFresh: boolean
  isVerified: boolean
  places: number
}

export function judgeBackups(backups: readonly BackupSummary[], nowMs: number): BackupJudgement {
  const newest = backups.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))[0]
  return {
    newest,
    isFresh: newest !== undefined && nowMs - Date.parse(newest.createdAt) < DAY_MS,
    isVerified: newest?.isVerified === true,
    places: new Set(backups.filter(({ isVerified }) => isVerified).map(({ folder }) => parentOf(folder))).size,
  }
}

/** Each backup may have a folder of its own inside the place where backups are kept. */
function parentOf(folder: string): string {
  return folder.replace(/[/\\]+$/, '').replace(/[/\\][^/\\]*$/, '')
}

/** Records of a backup, of one branch or of all. */
export function recordsIn(backup: Pick<BackupSummary, 'branches'>, branchId?: string): number {
  return backup.branches
    .filter((branch) => branchId === undefined || branch.branchId === branchId)
    .flatMap(({ modules }) => modules)
    .reduce((sum, { records }) => sum + records, 0)
}
