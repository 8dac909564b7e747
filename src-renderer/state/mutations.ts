import { type QueryClient, type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query'
import type { JsonObject } from '../../src-shared/json.ts'
import type { SequenceRule, SequenceSummary, Task } from '../../src-shared/protocol/management.ts'
import type { ApiError } from './api-error.ts'
import { type ConsoleState, useConsole } from './console-state.tsx'
import { KEYS } from './queries.ts'
import { withTask } from './task-list.ts'

type Start<V> = (state: ConsoleState, variables: V) => Promise<{ task: Task }>

/** Starts long work. The task is in the drawer at once; its end is noticed there. */
function useTaskStart<V>(start: Start<V>): UseMutationResult<Task, ApiError, V> {
  const state = useConsole()
  const client = useQueryClient()
  return useMutation<Task, ApiError, V>({
    mutationFn: async (variables) => (await start(state, variables)).task,
    onSuccess: (task) => showTask(client, task),
  })
}

function showTask(client: QueryClient, task: Task): void {
  client.setQueryData<Task[]>(KEYS.tasks, (tasks = []) => withTask(tasks, task))
  void client.invalidateQueries({ queryKey: KEYS.tasks })
}

export const useTakeSnapshot = () =>
  useTaskStart<{ name: string }>(({ api, modulePath }, { name }) =>
    api.send('POST', `${modulePath}/snapshots`, name === '' ? {} : { name }),
  )

export const useRestoreSnapshot = () =>
  useTaskStart<{ snapshotId: string }>(({ api, modulePath, branch }, { snapshotId }) =>
    api.send('POST', `${modulePath}/snapshots/${encodeURIComponent(snapshotId)}/restore`, { confirm: branch.branchId }),
  )

export const usePurge = () =>
  useTaskStart<{ tables: readonly string[]; reason: string }>(({ api, branch, moduleId }, { tables, reason }) =>
    api.send('POST', '/api/manage/purge-live-data', {
      branchId: branch.branchId,
      moduleId,
      tables: [...tables],
      ...(reason !== '' && { reason }),
      requestedBy: 'console',
      asTask: true,
    }),
  )

export const useUndoPurge = () =>
  useTaskStart<{ entryId: string }>(({ api, branch, moduleId }, { entryId }) =>
    api.send('POST', '/api/manage/purge-history', {
      branchId: branch.branchId,
      moduleId,
      entryId,
      requestedBy: 'console',
      asTask: true,
    }),
  )

export const useBackUp = () =>
  useTaskStart<{ folder: string; note: string }>(({ api }, { folder, note }) =>
    api.send('POST', '/api/manage/backups', { ...(folder !== '' && { folder }), ...(note !== '' && { note }) }),
  )

/** `branchId` undefined restores every branch of the backup. */
export const useRestoreBackup = () =>
  useTaskStart<{ backupId: string; branchId: string | undefined }>(({ api }, { backupId, branchId }) =>
    api.send('POST', '/api/manage/restore', { backupId, ...(branchId && { branchId }), confirm: branchId ?? 'all' }),
  )

/** A change that is done when it is answered; what it made stale is read anew. */
export function useChange<V, T>(
  change: (state: ConsoleState, variables: V) => Promise<T>,
  stale: readonly (readonly string[])[],
): UseMutationResult<T, ApiError, V> {
  const state = useConsole()
  const client = useQueryClient()
  return useMutation<T, ApiError, V>({
    mutationFn: (variables) => change(state, variables),
    onSuccess: async () => {
      await Promise.all(stale.map((queryKey) => client.invalidateQueries({ queryKey })))
    },
  })
}

export const useDeleteSnapshot = () =>
  useChange<{ snapshotId: string }, JsonObject>(
    ({ api, modulePath }, { snapshotId }) =>
      api.send('DELETE', `${modulePath}/snapshots/${encodeURIComponent(snapshotId)}`),
    [KEYS.snapshots],
  )

export interface RuleChange {
  table: string
  field: string
  rule: SequenceRule
}

export const useSaveRule = () =>
  useChange<RuleChange, SequenceSummary>(
    ({ api, modulePath }, { table, field, rule }) =>
      api.send('PUT', `${modulePath}/sequences`, { table, field, rule: { ...rule } }),
    [KEYS.sequences],
  )

export const useSkipSequence = () =>
  useChange<{ table: string; field: string; to: number }, SequenceSummary>(
    ({ api, modulePath, branch }, { table, field, to }) =>
      api.send('POST', `${modulePath}/sequences/skip`, { table, field, to, confirm: branch.branchId }),
    [KEYS.sequences],
  )

/** Examples of a rule that is still being typed. */
export const usePreviewRule = () =>
  useChange<{ rule: SequenceRule }, { examples: string[] }>(
    ({ api, modulePath }, { rule }) => api.send('POST', `${modulePath}/sequences/preview`, { rule: { ...rule } }),
    [],
  )
