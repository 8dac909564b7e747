import { keepPreviousData, type QueryKey, useQuery, useQueryClient } from '@tanstack/react-query'
import type { JsonObject } from '../../src-shared/json.ts'
import type {
  BackupSummary,
  BranchServerStatus,
  HistorySummary,
  PurgePreview,
  SequenceGap,
  SequenceSummary,
  SnapshotSummary,
  TableSummary,
  Task,
} from '../../src-shared/protocol/management.ts'
import type { ApiClient } from './api-client.ts'
import { useConsole } from './console-state.tsx'
import { type Labels, readTableLabels } from './table-labels.ts'

const STATUS_EVERY_MS = 5_000
const RUNNING_TASKS_EVERY_MS = 700
const IDLE_TASKS_EVERY_MS = 20_000

/** First parts of the query keys; what a change makes stale is named by these. */
export const KEYS = {
  status: ['status'],
  tasks: ['tasks'],
  tables: ['tables'],
  rows: ['rows'],
  snapshots: ['snapshots'],
  history: ['history'],
  preview: ['purge-preview'],
  sequences: ['sequences'],
  backups: ['backups'],
} as const satisfies Record<string, QueryKey>

/** With labels in both languages where the schema has them. */
export type LabelledTable = TableSummary & { labels?: Labels }

export interface RowPage {
  rows: JsonObject[]
  next?: string
}

export function statusQuery(api: ApiClient | undefined) {
  return {
    queryKey: KEYS.status,
    queryFn: ({ signal }: { signal: AbortSignal }) => api!.get<BranchServerStatus>('/api/manage/status', { signal }),
    enabled: api !== undefined,
    refetchInterval: STATUS_EVERY_MS,
  }
}

export function useStatus() {
  return useQuery(statusQuery(useConsole().api))
}

export function useTables() {
  const { api, branch, moduleId } = useConsole()
  const client = useQueryClient()
  const query = { branch: branch.branchId, module: moduleId }
  return useQuery({
    queryKey: [...KEYS.tables, branch.branchId, moduleId],
    queryFn: async ({ signal }): Promise<LabelledTable[]> => {
      const [{ tables }, labels] = await Promise.all([
        api.get<{ tables: LabelledTable[] }>('/api/manage/tables', { query, signal }),
        client.ensureQueryData(labelsQuery(api, branch.branchId, moduleId)),
      ])
      return tables.map((table) => ({ labels: labels.get(table.name) ?? {}, ...table }))
    },
  })
}

/** The schema knows the labels in both languages. Without them tables keep the one label that they have. */
function labelsQuery(api: ApiClient, branchId: string, moduleId: string) {
  return {
    queryKey: ['labels', branchId, moduleId],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async (): Promise<Map<string, Labels>> => {
      try {
        const query = { branch: branchId, module: moduleId }
        return readTableLabels(await api.get<JsonObject>('/api/schema', { query }), moduleId)
      } catch {
        return new Map()
      }
    },
  }
}

export interface RowsRequest {
  table: string
  cursor: string | null
  order: 'asc' | 'desc'
  limit: number
  /** Only this record. */
  id: string
}

export function useRows({ table, cursor, order, limit, id }: RowsRequest) {
  const { api, modulePath } = useConsole()
  const query = id === '' ? { limit, order, next: cursor ?? undefined } : { id }
  return useQuery({
    queryKey: [...KEYS.rows, modulePath, table, query],
    queryFn: ({ signal }) => api.get<RowPage>(`${modulePath}/tables/${encodeURIComponent(table)}`, { query, signal }),
    placeholderData: keepPreviousData,
  })
}

export function useSnapshots() {
  const { api, modulePath } = useConsole()
  return useQuery({
    queryKey: [...KEYS.snapshots, modulePath],
    queryFn: async ({ signal }) =>
      (await api.get<{ snapshots: SnapshotSummary[] }>(`${modulePath}/snapshots`, { signal })).snapshots,
  })
}

export function useHistory() {
  const { api, branch, moduleId } = useConsole()
  return useQuery({
    queryKey: [...KEYS.history, branch.branchId, moduleId],
    queryFn: async ({ signal }) => {
      const query = { branch: branch.branchId, module: moduleId }
      return (await api.get<{ entries: HistorySummary[] }>('/api/manage/purge-history', { query, signal })).entries
    },
  })
}

/** What a purge of these tables would do. Nothing is asked for an empty choice. */
export function usePurgePreview(tables: readonly string[]) {
  const { api, branch, moduleId } = useConsole()
  return useQuery({
    queryKey: [...KEYS.preview, branch.branchId, moduleId, tables],
    queryFn: () =>
      api.send<PurgePreview>('POST', '/api/manage/purge-live-data', {
        branchId: branch.branchId,
        moduleId,
        tables: [...tables],
        dryRun: true,
      }),
    enabled: tables.length > 0,
    placeholderData: keepPreviousData,
  })
}

export function useSequences() {
  const { api, modulePath } = useConsole()
  return useQuery({
    queryKey: [...KEYS.sequences, modulePath],
    queryFn: async ({ signal }) =>
      (await api.get<{ sequences: SequenceSummary[] }>(`${modulePath}/sequences`, { signal })).sequences,
  })
}

export function useGaps(table: string, field: string, limit: number) {
  const { api, modulePath } = useConsole()
  return useQuery({
    queryKey: [...KEYS.sequences, modulePath, 'gaps', table, field, limit],
    queryFn: ({ signal }) =>
      api.get<{ gaps: SequenceGap[]; total: number }>(`${modulePath}/sequences/gaps`, {
        query: { table, field, limit },
        signal,
      }),
  })
}

export function useBackups() {
  const { api } = useConsole()
  return useQuery({
    queryKey: KEYS.backups,
    queryFn: ({ signal }) => api.get<{ folder: string; backups: BackupSummary[] }>('/api/manage/backups', { signal }),
  })
}

/** Looks often while something runs, seldom otherwise. */
export function useTasks() {
  const { api } = useConsole()
  return useQuery({
    queryKey: KEYS.tasks,
    queryFn: async ({ signal }) => (await api.get<{ tasks: Task[] }>('/api/manage/tasks', { signal })).tasks,
    refetchInterval: ({ state }) =>
      state.data?.some((task) => task.state === 'running') ? RUNNING_TASKS_EVERY_MS : IDLE_TASKS_EVERY_MS,
  })
}
