import { z } from 'zod'
import { AppError, toErrorBody } from '../../../src-shared/errors.ts'
import type { ModuleStore } from '../../store/api.ts'
import { sendBranch } from './branch-routes.ts'
import type { Call } from './call.ts'
import { findBranch } from './full-sync-routes.ts'
import { namesOf, textIn } from './names.ts'
import { type Route, route } from './route.ts'

const resetBody = z.looseObject({
  branchId: z.string().optional(),
  modules: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('All modules of the branch without it'),
  requestedBy: z.string().optional(),
  reason: z.string().optional(),
  flagFullSync: z.boolean().optional(),
})

const resetShape = z.object({
  branchId: z.string(),
  requestedBy: z.string().nullable(),
  reason: z.string(),
  results: z.array(z.looseObject({ moduleId: z.string(), status: z.enum(['ok', 'error']) })),
})

/** Starting a business day, or a whole module, anew. */
export const resetRoutes: readonly Route[] = [
  ...['/api/manage/daily-reset', '/api/manage/reset'].map((path) =>
    route({
      method: 'POST',
      path,
      tag: 'Management',
      permission: 'manage:purge',
      summary: 'Archive and clear the transaction tables of a branch',
      body: resetBody,
      answers: { 200: { description: 'What happened to each module', schema: resetShape } },
      errors: ['missing-branch-id', 'modules-not-found', 'shift-open', 'task-running'],
      handle: (call, { body }) => dailyReset(call, body),
    }),
  ),
  route({
    method: 'POST',
    path: '/api/branches/:branchId/modules/:moduleId/reset',
    tag: 'Management',
    permission: 'manage:purge',
    summary: 'Archive everything, clear the module and load its seeds again',
    body: z.looseObject({ reason: z.string().optional(), requestedBy: z.string().optional() }),
    answers: {
      200: {
        description: 'The branch as it is now',
        schema: z.looseObject({ success: z.literal(true), message: z.string(), branchId: z.string() }),
      },
    },
    errors: ['module-not-found', 'task-running'],
    async handle(call, { body }) {
      const branch = call.branch()
      const module = branch.getModule(call.param('moduleId'))
      await module.archives.reset({
        scope: 'all',
        reason: body.reason ?? 'module-reset',
        requestedBy: body.requestedBy ?? call.network.address,
      })
      const message = `The module ${module.moduleId} starts from its seeds.`
      await sendBranch(call, branch, { success: true, message })
    },
  }),
]

async function dailyReset(call: Call, body: z.output<typeof resetBody>): Promise<void> {
  const branch = findBranch(call, textIn(body, 'branchId', 'branch'))
  const named = namesOf(body.modules ?? body.moduleId ?? body.module)
  const ids = named && named.length > 0 ? branch.moduleIds().filter((id) => named.includes(id)) : branch.moduleIds()
  if (ids.length === 0) {
    throw new AppError('modules-not-found', `The branch ${branch.branchId} has none of these modules.`, {
      details: { branchId: branch.branchId, modules: named ?? [] },
    })
  }
  const reason = body.reason ?? 'daily-reset'
  const requestedBy = body.requestedBy ?? call.network.address
  const results: { moduleId: string; status: string }[] = []
  for (const moduleId of ids) {
    const result = await resetModule(call, branch.getModule(moduleId), { reason, requestedBy })
    if (result.status === 'ok' && body.flagFullSync !== false) {
      const fullSyncFlag = await branch.setFullSyncFlag({ moduleId, isEnabled: true, reason, requestedBy })
      results.push({ ...result, ...{ fullSyncFlag } })
    } else results.push(result)
  }
  call.send(200, { branchId: branch.branchId, requestedBy: body.requestedBy ?? null, reason, results })
}

/** One module that refuses (an open shift) does not keep the others from their reset; a single one is refused outright. */
async function resetModule(
  call: Call,
  module: ModuleStore,
  input: { reason: string; requestedBy: string },
): Promise<{ moduleId: string; status: string }> {
  const { moduleId } = module
  try {
    const { version, resetAt, historyEntry } = await module.archives.reset({ scope: 'transactions', ...input })
    return { moduleId, status: 'ok', ...{ version, resetAt, historyEntry } }
  } catch (error) {
    if (call.services.store.getBranch(module.branchId).moduleIds().length === 1) throw error
    const { error: code, message, details } = toErrorBody(error)
    return { moduleId, status: 'error', ...{ error: code, message, details } }
  }
}
