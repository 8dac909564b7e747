import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import type { ModuleStore, Progress, PurgeResult, RestoreHistoryResult } from '../../store/api.ts'
import type { Call } from './call.ts'
import { findBranch } from './full-sync-routes.ts'
import { namesOf, textIn } from './names.ts'
import { type Route, route } from './route.ts'

const DEFAULT_MODULE = 'pos'

const historyShape = z
  .looseObject({
    id: z.string(),
    createdAt: z.string(),
    totalRecords: z.int(),
    tables: z.array(z.looseObject({ name: z.string(), count: z.int() })),
  })
  .meta({ id: 'HistorySummary' })

const purgeBody = z.looseObject({
  branchId: z.string().optional(),
  moduleId: z.string().optional(),
  tables: z
    .unknown()
    .optional()
    .describe('Names, a list or one text; "*" or nothing is the default transaction tables'),
  requestedBy: z.string().optional(),
  reason: z.string().optional(),
  resetEvents: z.boolean().optional().describe('Accepted; the event log is always kept'),
  broadcast: z.boolean().optional(),
  dryRun: z.boolean().optional().describe('Only says what would be removed'),
  asTask: z.boolean().optional().describe('Answers 202 with a task at once'),
})

const purgeShape = z.looseObject({
  status: z.literal('ok'),
  branchId: z.string(),
  moduleId: z.string(),
  version: z.int(),
  totalRemoved: z.int(),
  changed: z.boolean(),
  tables: z.array(z.looseObject({ table: z.string(), status: z.string() })),
  historyEntry: historyShape.nullable(),
})

const restoreBody = z.looseObject({
  branchId: z.string().optional(),
  moduleId: z.string().optional(),
  entryId: z.string().optional(),
  mode: z.enum(['append', 'replace']).optional(),
  broadcast: z.boolean().optional(),
  requestedBy: z.string().optional(),
  reason: z.string().optional(),
  asTask: z.boolean().optional(),
})

const taskAnswer = {
  description: 'The task that does it',
  schema: z.object({ task: z.looseObject({ taskId: z.string() }) }),
}

/** Removing records of closed business, and taking that back. */
export const purgeRoutes: readonly Route[] = [
  ...['/api/manage/purge-live-data', '/api/manage/purge-transactions', '/api/manage/reset-live'].map((path) =>
    route({
      method: 'POST',
      path,
      tag: 'Management',
      permission: 'manage:purge',
      summary: 'Archive and remove the records of transaction tables',
      body: purgeBody,
      answers: {
        200: { description: 'Removed, or with dryRun what would be', schema: z.union([purgeShape, z.looseObject({})]) },
        202: taskAnswer,
      },
      errors: ['missing-branch-id', 'no-tables-resolved', 'shift-open', 'task-running'],
      handle: (call, { body }) => purge(call, body),
    }),
  ),
  route({
    method: 'GET',
    path: '/api/manage/purge-history',
    tag: 'Management',
    permission: 'manage:history',
    summary: 'What was removed and can come back; with entryId the archive itself',
    query: z.object({ branch: z.string().optional(), module: z.string().optional(), entryId: z.string().optional() }),
    queryAliases: { branchId: 'branch', moduleId: 'module', targetModule: 'module', id: 'entryId' },
    answers: {
      200: {
        description: 'Entries, newest first, or one entry',
        schema: z.looseObject({
          branchId: z.string(),
          moduleId: z.string(),
          entries: z.array(historyShape).optional(),
          entry: z.looseObject({}).optional(),
          summary: historyShape.optional(),
        }),
      },
    },
    errors: ['missing-branch-id', 'history-entry-not-found'],
    handle(call, { query }) {
      const module = findModule(call, query.branch, query.module)
      const { branchId, moduleId } = module
      if (query.entryId === undefined) {
        return call.sendReadable(JSON.stringify({ branchId, moduleId, entries: module.archives.listHistory() }))
      }
      const { entry, summary } = module.archives.getHistory(query.entryId)
      return call.sendReadable(JSON.stringify({ branchId, moduleId, entryId: query.entryId, entry, summary }))
    },
  }),
  route({
    method: 'POST',
    path: '/api/manage/purge-history',
    tag: 'Management',
    permission: 'manage:history',
    summary: 'Put the records of an archive back',
    body: restoreBody,
    answers: {
      200: {
        description: 'Restored',
        schema: z.looseObject({ totalRestored: z.int(), changed: z.boolean(), historyEntry: historyShape }),
      },
      202: taskAnswer,
    },
    errors: ['missing-branch-id', 'missing-entry-id', 'history-entry-not-found', 'task-running'],
    handle: (call, { body }) => restore(call, body),
  }),
]

function findModule(call: Call, branchId: string | undefined, moduleId: string | undefined): ModuleStore {
  const branch = findBranch(call, branchId)
  const fallback = branch.moduleIds().includes(DEFAULT_MODULE) ? DEFAULT_MODULE : undefined
  return branch.getModule(moduleId ?? fallback)
}

async function purge(call: Call, body: z.output<typeof purgeBody>): Promise<void> {
  const module = findModule(
    call,
    textIn(body, 'branchId', 'branch'),
    textIn(body, 'moduleId', 'module', 'targetModule'),
  )
  const { branchId, moduleId } = module
  const tables = tablesOf(body)
  if (body.dryRun === true) return call.send(200, module.archives.previewPurge(tables))
  const { reason = null, resetEvents = true, broadcast = true } = body
  const requestedBy = body.requestedBy ?? call.network.address
  const input = {
    resetEvents,
    broadcast,
    requestedBy,
    ...(tables && { tables }),
    ...(body.reason !== undefined && { reason: body.reason }),
  }
  const run = async (onProgress?: Progress): Promise<object> => {
    const result = await module.archives.purge({ ...input, ...(onProgress && { onProgress }) })
    return {
      status: 'ok',
      branchId,
      moduleId,
      requestedBy: body.requestedBy ?? null,
      reason,
      resetEvents,
      broadcast,
      ...withoutEvent(result),
    }
  }
  if (body.asTask === true) call.send(202, { task: call.services.store.tasks.start('purge', branchId, run) })
  else call.send(200, await run())
}

/** Undefined: the store's default transaction tables. An explicitly empty list is an error of its own. */
function tablesOf(body: z.output<typeof purgeBody>): string[] | undefined {
  const named =
    body.tables ?? body.table ?? body.tableNames ?? body.targetTables ?? body.transactionTables ?? body.purgeTables
  if (named === undefined || named === null) return undefined
  const names = namesOf(named) ?? (typeof named === 'object' ? Object.keys(named) : [])
  if (names.length === 0) throw new AppError('no-tables-resolved', 'The list of tables is empty.')
  return names.includes('*') ? undefined : names
}

async function restore(call: Call, body: z.output<typeof restoreBody>): Promise<void> {
  const entryId = textIn(body, 'entryId', 'id', 'historyId', 'historyEntryId')
  const module = findModule(
    call,
    textIn(body, 'branchId', 'branch'),
    textIn(body, 'moduleId', 'module', 'targetModule'),
  )
  if (entryId === undefined) throw new AppError('missing-entry-id', 'The request names no history entry.')
  const { branchId, moduleId } = module
  const { mode = 'append' } = body
  const input = {
    entryId,
    mode,
    requestedBy: body.requestedBy ?? call.network.address,
    ...(body.reason !== undefined && { reason: body.reason }),
    ...(body.broadcast !== undefined && { broadcast: body.broadcast }),
  }
  module.archives.getHistory(entryId) // a wrong id is an answer at once, not a failed task
  const run = async (onProgress?: Progress): Promise<object> => {
    const result = await module.archives.restoreHistory({ ...input, ...(onProgress && { onProgress }) })
    return { branchId, moduleId, entryId, mode, ...withoutEvent(result) }
  }
  if (body.asTask === true) call.send(202, { task: call.services.store.tasks.start('purge-restore', branchId, run) })
  else call.send(200, await run())
}

/** The event goes out by itself; answers name its position only. */
function withoutEvent<Result extends PurgeResult | RestoreHistoryResult>(result: Result): object {
  const { event, ...rest } = result
  return { ...rest, ...(event && { eventId: event.eventId, sequence: event.seq }) }
}
