import { z } from 'zod'
import { parseModuleId, parseName } from '../../../src-shared/ids.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import type { BranchStore, ModuleStore } from '../../store/api.ts'
import type { Call } from './call.ts'
import { describeDatabase } from './database-view.ts'
import { type Route, route } from './route.ts'
import { flag, nameList } from './shapes.ts'
import { sendPieces, snapshotPieces } from './snapshot-writer.ts'

const planShape = z
  .looseObject({ steps: z.array(z.looseObject({})), isDangerous: z.boolean() })
  .meta({ id: 'MigrationPlan' })
const schemaBody = z.looseObject({
  schema: z.looseObject({}),
  dryRun: z.boolean().optional().describe('Only plans the migration'),
  force: z.boolean().optional().describe('Also does what loses data'),
})
const saveErrors = ['schema-not-found', 'invalid-schema', 'migration-refused', 'module-not-found'] as const

/** Schemas as clients start from them, and changing them. */
export const schemaRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/schema',
    tag: 'Schemas',
    permission: 'table',
    summary: 'Schema and description of the modules of a branch',
    query: z.object({
      branch: z.string().optional(),
      module: nameList,
      include: nameList.describe('schema, config, live; schema and config without it'),
      live: flag,
      seed: flag,
    }),
    queryAliases: {
      branchId: 'branch',
      moduleId: 'module',
      modules: 'module',
      'include[]': 'include',
      with: 'include',
    },
    answers: {
      200: {
        description: 'Modules by id, and warnings for those that are missing',
        schema: z.looseObject({ branchId: z.string(), modules: z.record(z.string(), z.looseObject({})) }),
      },
    },
    errors: ['branch-not-found'],
    handle: (call, { query }) => sendSchema(call, query),
  }),
  route({
    method: 'GET',
    path: '/api/schema/database',
    tag: 'Schemas',
    permission: 'table',
    summary: 'Tables, columns and indexes of a module, as a database client would list them',
    query: z.object({ branch: z.string().optional(), module: z.string().optional() }),
    queryAliases: { branchId: 'branch', moduleId: 'module' },
    answers: { 200: { description: 'The tables', schema: z.looseObject({ tables: z.array(z.looseObject({})) }) } },
    handle(call, { query }) {
      const branches = query.branch === undefined ? allBranches(call) : [call.services.store.getBranch(query.branch)]
      const modules = branches.flatMap((branch) => branch.moduleIds().map((id) => branch.getModule(id)))
      const wanted = modules.filter(({ moduleId }) => query.module === undefined || moduleId === query.module)
      const definitions = new Map(wanted.map(({ moduleId, definition }) => [moduleId, definition]))
      return call.sendReadable(JSON.stringify(describeDatabase([...definitions.values()])))
    },
  }),
  route({
    method: 'GET',
    path: '/api/schemas',
    tag: 'Schemas',
    permission: 'manage:schemas',
    summary: 'Names of all schema files',
    answers: {
      200: {
        description: 'Names',
        schema: z.object({ global: z.array(z.string()), branches: z.record(z.string(), z.array(z.string())) }),
      },
    },
    handle: (call) => call.send(200, call.services.store.schemas.list()),
  }),
  route({
    method: 'GET',
    path: '/api/schemas/global/:name',
    tag: 'Schemas',
    permission: 'manage:schemas',
    summary: 'A central schema, with the migrations that wait for it',
    answers: {
      200: {
        description: 'The schema',
        schema: z.looseObject({ success: z.literal(true), schema: z.looseObject({}) }),
      },
    },
    errors: ['schema-not-found'],
    handle(call) {
      const name = parseName(call.param('name'), 'schema name')
      return call.sendReadable(JSON.stringify({ success: true, ...call.services.store.schemas.getGlobal(name) }))
    },
  }),
  route({
    method: 'POST',
    path: '/api/schemas/global/:name',
    tag: 'Schemas',
    permission: 'manage:schemas',
    scope: 'server',
    summary: 'Change a central schema and migrate the branches that use it',
    body: schemaBody,
    answers: {
      200: {
        description: 'Changed, or planned',
        schema: z.looseObject({ plans: z.array(z.looseObject({ plan: planShape })) }),
      },
    },
    errors: saveErrors,
    async handle(call, { body }) {
      const name = parseName(call.param('name'), 'schema name')
      const options = { dryRun: body.dryRun === true, force: body.force === true }
      const { plans } = await call.services.store.schemas.saveGlobal(name, body.schema as JsonObject, options)
      const message = options.dryRun ? 'Nothing was changed.' : `The schema ${name} was saved.`
      call.send(200, { success: true, message, plans })
    },
  }),
  route({
    method: 'GET',
    path: '/api/schemas/branch/:branchId/:moduleId',
    tag: 'Schemas',
    permission: 'manage:schemas',
    summary: 'The schema that a branch uses for a module',
    answers: {
      200: {
        description: 'The schema',
        schema: z.looseObject({ success: z.literal(true), schema: z.looseObject({}) }),
      },
    },
    errors: ['schema-not-found', 'branch-not-found', 'module-not-found'],
    handle(call) {
      const { branchId } = call.branch()
      const moduleId = parseModuleId(call.param('moduleId'))
      return call.sendReadable(
        JSON.stringify({ success: true, ...call.services.store.schemas.getBranch(branchId, moduleId) }),
      )
    },
  }),
  route({
    method: 'POST',
    path: '/api/schemas/branch/:branchId/:moduleId',
    tag: 'Schemas',
    permission: 'manage:schemas',
    summary: 'Give a branch its own schema for a module',
    body: schemaBody,
    answers: { 200: { description: 'Changed, or planned', schema: z.looseObject({ plan: planShape }) } },
    errors: saveErrors,
    async handle(call, { body }) {
      const { branchId } = call.branch()
      const moduleId = parseModuleId(call.param('moduleId'))
      const options = { dryRun: body.dryRun === true, force: body.force === true }
      const { schemas } = call.services.store
      const { plan } = await schemas.saveBranch(branchId, moduleId, body.schema as JsonObject, options)
      const message = options.dryRun ? 'Nothing was changed.' : `The schema of ${moduleId} in ${branchId} was saved.`
      call.send(200, { success: true, message, plan })
    },
  }),
]

interface SchemaQuery {
  branch?: string | undefined
  module: string[]
  include: string[]
  live?: boolean | undefined
  seed?: boolean | undefined
}

interface Part {
  schema: boolean
  config: boolean
  live: boolean
}

/** Unknown modules are named in `warnings`; the others are answered. Clients start with this request. */
async function sendSchema(call: Call, query: SchemaQuery): Promise<void> {
  const { store } = call.services
  const branches = query.branch === undefined ? allBranches(call) : [store.getBranch(query.branch)]
  const [branch] = branches
  if (!branch) return call.send(200, { branchId: null, modules: {} })
  const include = new Set(query.include)
  const isNamed = include.size > 0 || query.live === true || query.seed === true
  const part: Part = {
    schema: !isNamed || include.has('schema'),
    config: !isNamed || include.has('config'),
    live: include.has('live') || query.live === true,
  }
  const wanted = query.module.length > 0 ? query.module : branch.moduleIds()
  const warnings: { moduleId: string; warning: string }[] = []
  const modules: [string, ModuleStore][] = []
  for (const moduleId of wanted) {
    const module = findModule(branches, moduleId)
    if (module) modules.push([moduleId, module])
    else warnings.push({ moduleId, warning: 'module-not-defined' })
    if (module && (include.has('seed') || query.seed === true)) warnings.push({ moduleId, warning: 'seed-not-found' })
  }
  const tail = warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}` : ''
  const pieces = schemaPieces(call, branch, modules, part, tail)
  if (part.live) return sendPieces(call, pieces)
  return call.sendReadable(Buffer.concat([...pieces]).toString('utf8'))
}

function* schemaPieces(
  call: Call,
  branch: BranchStore,
  modules: readonly [string, ModuleStore][],
  part: Part,
  tail: string,
): Generator<Buffer> {
  const types = new Map(call.services.store.listModuleTypes().map((type) => [type.id, type]))
  let text = `{"branchId":${JSON.stringify(branch.branchId)},"modules":{`
  for (const [index, [moduleId, module]] of modules.entries()) {
    const { definition } = module
    const { label = moduleId, description = '' } = types.get(moduleId) ?? {}
    const tables = [...definition.tables.keys()]
    const head = JSON.stringify({
      moduleId,
      branchId: branch.branchId,
      label,
      description,
      tables,
      ...(part.config && { config: { label, description, tables } }),
      ...(part.schema && { schema: definition.raw, schemaSource: 'central' }),
    })
    text += `${index === 0 ? '' : ','}${JSON.stringify(moduleId)}:${head.slice(0, -1)}`
    if (part.live) {
      yield Buffer.from(`${text},"liveSource":"branch","live":`)
      yield* snapshotPieces(module, module.snapshot())
      text = ''
    }
    text += '}'
  }
  yield Buffer.from(`${text}}${tail}}`)
}

function findModule(branches: readonly BranchStore[], moduleId: string): ModuleStore | undefined {
  return branches.find((branch) => branch.moduleIds().includes(moduleId))?.getModule(moduleId)
}

function allBranches(call: Call): BranchStore[] {
  const { store } = call.services
  return store.branchIds().map((branchId) => store.getBranch(branchId))
}
