import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { BranchStore } from '../../store/api.ts'
import type { Call } from './call.ts'
import { namesOf, textIn } from './names.ts'
import { type Method, type Route, route } from './route.ts'

const FLAGS_PATH = '/api/manage/full-sync'

const flagShape = z
  .object({
    id: z.string(),
    branchId: z.string(),
    moduleId: z.string(),
    enabled: z.boolean(),
    reason: z.string().nullable(),
    requestedBy: z.string().nullable(),
    updatedAt: z.string(),
    meta: z.looseObject({}),
    clearedBy: z.string().nullable(),
  })
  .meta({ id: 'FullSyncFlag' })

const flagBody = z.looseObject({
  branchId: z.string().optional(),
  modules: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe('"*" is all modules, also the default'),
  enabled: z.boolean().optional(),
  reason: z.string().optional(),
  requestedBy: z.string().optional(),
  meta: z.looseObject({}).optional(),
})

const branchAndModule = z.object({ branch: z.string().optional(), module: z.string().optional() })
const aliases = { branchId: 'branch', moduleId: 'module' }

/** Flags that make clients read a module anew. They survive restarts. */
export const fullSyncRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: FLAGS_PATH,
    tag: 'Management',
    permission: 'manage:sync',
    summary: 'Full-sync flags',
    query: branchAndModule,
    queryAliases: aliases,
    answers: {
      200: {
        description: 'Flags',
        schema: z.object({
          branchId: z.string().nullable(),
          moduleId: z.string().nullable(),
          flags: z.array(flagShape),
        }),
      },
    },
    handle(call, { query }) {
      const { store } = call.services
      const ids = query.branch === undefined ? store.branchIds() : [query.branch]
      const flags = ids.flatMap((id) => store.getBranch(id).fullSyncFlags(query.module))
      call.send(200, { branchId: query.branch ?? null, moduleId: query.module ?? null, flags })
    },
  }),
  changeRoute('POST', 'Set or clear flags'),
  changeRoute('PATCH', 'Set or clear flags'),
  changeRoute('DELETE', 'Clear flags'),
]

function changeRoute(method: Method, summary: string): Route {
  return route({
    method,
    path: FLAGS_PATH,
    tag: 'Management',
    permission: 'manage:sync',
    summary,
    query: branchAndModule,
    queryAliases: aliases,
    body: flagBody,
    answers: {
      200: {
        description: 'The flags as they are now',
        schema: z.object({ branchId: z.string(), flags: z.array(flagShape), enabled: z.boolean() }),
      },
    },
    errors: ['missing-branch-id', 'branch-not-found', 'module-not-found'],
    async handle(call, { query, body }) {
      const branch = findBranch(call, textIn(body, 'branchId', 'branch') ?? query.branch)
      const isOff =
        method === 'DELETE' || body.enabled === false || body.status === 'disable' || body.action === 'disable'
      const named = namesOf(body.modules ?? body.moduleIds ?? body.moduleId ?? body.module ?? query.module)
      const input = {
        isEnabled: !isOff,
        requestedBy: body.requestedBy ?? call.network.address,
        ...(body.reason !== undefined && { reason: body.reason }),
        ...(body.meta && { meta: body.meta as JsonObject }),
      }
      const flags = []
      for (const moduleId of named && named.length > 0 ? named : ['*']) {
        if (moduleId !== '*') branch.getModule(moduleId)
        flags.push(await branch.setFullSyncFlag({ moduleId, ...input }))
      }
      call.send(200, { branchId: branch.branchId, flags, enabled: !isOff })
    },
  })
}

/** The branch that a management request names in body or query. Throws `missing-branch-id`, `branch-not-found`. */
export function findBranch(call: Call, branchId: string | undefined): BranchStore {
  if (branchId === undefined) throw new AppError('missing-branch-id', 'The request names no branch.')
  const branch = call.services.store.getBranch(branchId)
  call.namedBranchId = branch.branchId
  return branch
}
