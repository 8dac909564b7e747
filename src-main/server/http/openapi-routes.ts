import { z } from 'zod'
import type { ModuleDefinition } from '../../store/schema/definition.ts'
import type { Call } from './call.ts'
import { buildOpenApi } from './openapi.ts'
import { type Route, route } from './route.ts'

/** The document that describes `routes`, and itself. */
export function openApiRoutes(routes: readonly Route[]): readonly Route[] {
  const built = new WeakMap<ModuleDefinition, string>()
  const own: Route = route({
    method: 'GET',
    path: '/api/openapi.json',
    tag: 'Schemas',
    permission: 'signed-in',
    summary: 'This description: OpenAPI 3.1 with a JSON Schema for each table',
    answers: { 200: { description: 'The document', schema: z.looseObject({ openapi: z.literal('3.1.0') }) } },
    handle(call) {
      const modules = listDefinitions(call)
      const [first] = modules
      const known = first && modules.length === 1 ? built.get(first) : undefined
      const text: string = known ?? JSON.stringify(buildOpenApi([...routes, own], modules, call.services.options))
      if (first && modules.length === 1) built.set(first, text)
      return call.sendReadable(text)
    },
  })
  return [own]
}

/** One definition a module: branches share theirs unless a branch has a schema of its own. */
function listDefinitions(call: Call): ModuleDefinition[] {
  const { store } = call.services
  const definitions = new Map<string, ModuleDefinition>()
  for (const branchId of store.branchIds()) {
    const branch = store.getBranch(branchId)
    for (const moduleId of branch.moduleIds()) {
      if (!definitions.has(moduleId)) definitions.set(moduleId, branch.getModule(moduleId).definition)
    }
  }
  return [...definitions.values()]
}
