import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import { namesOf, textIn } from './names.ts'
import { type Route, route } from './route.ts'

const moduleShape = z.object({
  id: z.string(),
  label: z.string(),
  description: z.string(),
  tables: z.array(z.string()),
})

/** The kinds of modules that branches can have. */
export const moduleRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/modules',
    tag: 'Schemas',
    permission: 'signed-in',
    summary: 'All kinds of modules',
    answers: { 200: { description: 'Modules', schema: z.object({ modules: z.array(moduleShape) }) } },
    handle: (call) => call.send(200, { modules: call.services.store.listModuleTypes() }),
  }),
  route({
    method: 'POST',
    path: '/api/modules',
    tag: 'Schemas',
    permission: 'manage:schemas',
    scope: 'server',
    summary: 'Add a kind of module',
    body: z.looseObject({
      id: z.string().optional(),
      label: z.string().optional(),
      description: z.string().optional(),
      tables: z.union([z.string(), z.array(z.string())]).optional(),
      schema: z.looseObject({}).optional(),
    }),
    answers: {
      201: {
        description: 'Added',
        schema: z.looseObject({ moduleId: z.string(), label: z.string(), tables: z.array(z.string()) }),
      },
    },
    errors: ['missing-module-id', 'module-exists', 'invalid-schema'],
    handle(call, { body }) {
      const named = textIn(body, 'id', 'moduleId', 'name')
      if (named === undefined) throw new AppError('missing-module-id', 'The request names no module.')
      const schema = isJsonObject(body.schema) ? body.schema : schemaOf(namesOf(body.tables))
      const created = call.services.store.createModuleType({
        moduleId: toModuleId(named),
        ...(body.label !== undefined && { label: body.label }),
        ...(body.description !== undefined && { description: body.description }),
        ...(schema && { schema }),
      })
      call.send(201, created)
    },
  }),
]

/** `My Module!` -> `my_module`. */
function toModuleId(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9._:-]+/g, '_')
    .replace(/_{2,}/g, '_')
    .replace(/^_|_$/g, '')
}

/** Tables that are only named get one field, their id. */
function schemaOf(tables: string[] | undefined): JsonObject | undefined {
  if (!tables || tables.length === 0) return undefined
  const fields = [{ name: 'id', columnName: 'id', type: 'string', primaryKey: true, nullable: false }]
  return { schema: { version: 1, tables: tables.map((name) => ({ name, fields })) } }
}
