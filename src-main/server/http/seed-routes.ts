import { z } from 'zod'
import { parseBranchId, parseModuleId } from '../../../src-shared/ids.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { findBranch } from './full-sync-routes.ts'
import { type Route, route } from './route.ts'
import { recordShape } from './shapes.ts'

/** First records of a module, beside the others on disk. */
export const seedRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/api/seeds',
    tag: 'Schemas',
    permission: 'manage:schemas',
    summary: 'Save a seed file; an explicit reset or the import command loads it',
    body: z.object({
      branchId: z.string(),
      moduleId: z.string(),
      seeds: z.record(z.string(), z.array(recordShape)),
    }),
    answers: {
      200: {
        description: 'Saved',
        schema: z.object({
          success: z.literal(true),
          file: z.string().describe('Name of the file in the seeds folder'),
          message: z.string(),
          tables: z.array(z.string()),
          recordCount: z.int(),
        }),
      },
    },
    errors: ['branch-not-found', 'module-not-found', 'table-not-found', 'validation-failed'],
    handle(call, { body }) {
      const { store } = call.services
      const branchId = parseBranchId(body.branchId)
      const moduleId = parseModuleId(body.moduleId)
      findBranch(call, branchId).getModule(moduleId)
      const saved = store.schemas.saveSeed(branchId, moduleId, body.seeds as Record<string, JsonObject[]>)
      const file = saved.file.split(/[/\\]/).at(-1) ?? saved.file
      call.send(200, { success: true, ...saved, file, message: `The file ${file} waits to be imported.` })
    },
  }),
]
