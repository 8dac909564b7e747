import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { parseModuleId } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { BranchStore, ModuleStore } from '../../store/api.ts'
import type { Call } from './call.ts'
import { namesOf, textIn } from './names.ts'
import { type Route, route } from './route.ts'
import { snapshotShape } from './shapes.ts'
import { sendPieces, sendSnapshot, snapshotPieces, tablePieces, translatedPieces } from './snapshot-writer.ts'

const MODULE_PATH = '/api/branches/:branchId/modules/:moduleId'

const languageQuery = z.object({
  lang: z.string().optional().describe('Translate records into this language'),
  fallback: z.string().optional().describe('Language of texts that have no translation'),
})
const languageAliases = { locale: 'lang', fallbackLang: 'fallback' }

const branchShape = z.looseObject({ id: z.string(), label: z.string(), modules: z.array(z.looseObject({})) })

/** Branches, what modules they have, and the snapshots of those. */
export const branchRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/branches',
    tag: 'Branches',
    permission: 'table',
    summary: 'All branches with the versions of their modules',
    answers: { 200: { description: 'Branches', schema: z.object({ branches: z.array(branchShape) }) } },
    handle: (call) => call.send(200, { branches: call.services.store.listBranches().map(describeBranch) }),
  }),
  route({
    method: 'POST',
    path: '/api/branches',
    tag: 'Branches',
    permission: 'manage:branches',
    summary: 'Add a branch',
    body: z.looseObject({ id: z.string().optional(), label: z.string().optional() }),
    answers: {
      201: {
        description: 'Added',
        schema: z.object({ branchId: z.string(), label: z.string(), modules: z.array(z.string()) }),
      },
    },
    errors: ['missing-branch-id', 'branch-exists', 'module-not-found'],
    handle(call, { body }) {
      const branchId = textIn(body, 'id', 'branchId', 'name')
      if (branchId === undefined) throw new AppError('missing-branch-id', 'The request names no branch.')
      const modules = namesOf(body.modules)
      const summary = call.services.store.createBranch({
        branchId,
        ...(body.label !== undefined && { label: body.label }),
        ...(modules && { modules }),
      })
      call.send(201, {
        branchId: summary.branchId,
        label: summary.label,
        modules: summary.modules.map(({ moduleId }) => moduleId),
      })
    },
  }),
  route({
    method: 'GET',
    path: '/api/branches/:branchId',
    tag: 'Branches',
    permission: 'table',
    summary: 'Snapshots of all modules of a branch',
    answers: {
      200: {
        description: 'The branch',
        schema: z.object({
          branchId: z.string(),
          modules: z.record(z.string(), snapshotShape),
          updatedAt: z.string(),
          serverId: z.string(),
        }),
      },
    },
    errors: ['branch-not-found'],
    handle: (call) => sendBranch(call, call.branch()),
  }),
  route({
    method: 'GET',
    path: '/api/state',
    tag: 'Health',
    permission: 'table',
    summary: 'The same as GET /api/branches/{branchId}',
    query: z.object({ branch: z.string().optional() }),
    queryAliases: { branchId: 'branch' },
    answers: { 200: { description: 'The branch', schema: z.looseObject({ branchId: z.string() }) } },
    errors: ['missing-branch-id', 'branch-not-found'],
    handle(call, { query }) {
      if (query.branch === undefined) throw new AppError('missing-branch-id', 'The request names no branch.')
      return sendBranch(call, call.services.store.getBranch(query.branch))
    },
  }),
  route({
    method: 'GET',
    path: '/api/branches/:branchId/modules',
    tag: 'Branches',
    permission: 'table',
    summary: 'Ids of the modules of a branch',
    answers: {
      200: { description: 'Module ids', schema: z.object({ branchId: z.string(), modules: z.array(z.string()) }) },
    },
    errors: ['branch-not-found'],
    handle(call) {
      const branch = call.branch()
      call.send(200, { branchId: branch.branchId, modules: branch.moduleIds() })
    },
  }),
  route({
    method: 'POST',
    path: '/api/branches/:branchId/modules',
    tag: 'Branches',
    permission: 'manage:branches',
    summary: 'Give a branch one more module',
    body: z.looseObject({ id: z.string().optional() }),
    answers: {
      200: { description: 'Module ids', schema: z.object({ branchId: z.string(), modules: z.array(z.string()) }) },
    },
    errors: ['missing-module-id', 'module-not-found', 'branch-not-found'],
    handle(call, { body }) {
      const moduleId = textIn(body, 'id', 'moduleId', 'name')
      if (moduleId === undefined) throw new AppError('missing-module-id', 'The request names no module.')
      const { branchId } = call.branch()
      call.send(200, { branchId, modules: call.services.store.attachModule(branchId, parseModuleId(moduleId)) })
    },
  }),
  route({
    method: 'GET',
    path: MODULE_PATH,
    tag: 'Branches',
    permission: 'table',
    summary: 'Snapshot of a module; streamed, with an ETag of its position',
    query: languageQuery,
    queryAliases: languageAliases,
    answers: { 200: { description: 'The snapshot', schema: snapshotShape }, 304: { description: 'Unchanged' } },
    errors: ['branch-not-found', 'module-not-found'],
    handle(call, { query }) {
      const module = call.module()
      if (query.lang === undefined) return sendSnapshot(call, module)
      return sendPieces(call, translatedPieces(module, query.lang, query.fallback))
    },
  }),
  route({
    method: 'POST',
    path: MODULE_PATH,
    tag: 'Branches',
    permission: 'table',
    summary: 'Answers what was sent, with the snapshot; stores nothing',
    answers: { 200: { description: 'Echo', schema: z.object({ received: z.unknown(), snapshot: snapshotShape }) } },
    async handle(call) {
      const module = call.module()
      const received = JSON.stringify((await call.readBody()) ?? null)
      const snapshot = snapshotPieces(module, module.snapshot())
      await sendPieces(call, join(Buffer.from(`{"received":${received},"snapshot":`), snapshot, Buffer.from('}')))
    },
  }),
  route({
    method: 'GET',
    path: `${MODULE_PATH}/*path`,
    tag: 'Branches',
    permission: 'table',
    summary: 'One value inside the snapshot: tables, meta, version, tables/{table}/{index} ...',
    answers: { 200: { description: 'The value' }, 304: { description: 'Unchanged' } },
    errors: ['path-not-found'],
    handle: (call) => sendPart(call, call.module()),
  }),
]

function describeBranch(branch: ReturnType<BranchStore['summary']>): object {
  return {
    id: branch.branchId,
    label: branch.label,
    ...(branch.labels && { labels: branch.labels }),
    timeZone: branch.timeZone,
    modules: branch.modules.map(({ moduleId, version, epoch, records, lastEventAt }) => ({
      moduleId,
      version,
      epoch,
      meta: { lastUpdatedAt: lastEventAt, counter: records, labCounter: records },
    })),
  }
}

/** All modules of a branch, one after the other. */
export async function sendBranch(call: Call, branch: BranchStore, more: object = {}): Promise<void> {
  await sendPieces(call, branchPieces(call, branch, more))
}

function* branchPieces(call: Call, branch: BranchStore, more: object): Generator<Buffer> {
  let text = `${JSON.stringify({ ...more, branchId: branch.branchId }).slice(0, -1)},"modules":{`
  for (const [index, moduleId] of branch.moduleIds().entries()) {
    const module = branch.getModule(moduleId)
    yield Buffer.from(`${text}${index === 0 ? '' : ','}${JSON.stringify(moduleId)}:`)
    yield* snapshotPieces(module, module.snapshot())
    text = ''
  }
  const { serverId } = call.services.store
  yield Buffer.from(`${text}},"updatedAt":"${new Date().toISOString()}","serverId":${JSON.stringify(serverId)}}`)
}

function* join(before: Buffer, pieces: Iterable<Buffer>, after: Buffer): Generator<Buffer> {
  yield before
  yield* pieces
  yield after
}

/** Walks into the snapshot. Only own members count, so that no inherited name is ever found. */
function sendPart(call: Call, module: ModuleStore): Promise<void> {
  const prefix = call.path.indexOf('/modules/')
  const segments = call.path
    .slice(prefix + 9)
    .split('/')
    .slice(1)
    .filter((segment) => segment !== '')
    .map(decodeURIComponent)
  const [first, second, ...rest] = segments
  const snapshot = module.snapshot()
  if (first === 'tables' && second !== undefined) {
    const pieces = tablePieces(snapshot, second)
    if (!pieces) throw pathNotFound(call)
    if (rest.length === 0) return sendPieces(call, pieces)
    return call.sendReadable(JSON.stringify(walk(call, JSON.parse(Buffer.concat(pieces).toString('utf8')), rest)))
  }
  if (first === 'tables') return sendPieces(call, snapshotTables(snapshot))
  const head: JsonObject = {
    moduleId: module.moduleId,
    branchId: module.branchId,
    version: snapshot.seq,
    meta: JSON.parse(JSON.stringify(snapshot.meta)) as JsonObject,
  }
  return call.sendReadable(JSON.stringify(walk(call, head, segments)))
}

function* snapshotTables(snapshot: Parameters<typeof tablePieces>[0]): Generator<Buffer> {
  let isFirst = true
  for (const { name } of snapshot.tables) {
    yield Buffer.from(`${isFirst ? '{' : ','}${JSON.stringify(name)}:`)
    yield* tablePieces(snapshot, name) ?? []
    isFirst = false
  }
  yield Buffer.from(isFirst ? '{}' : '}')
}

function walk(call: Call, root: JsonValue, segments: readonly string[]): JsonValue {
  let value = root
  for (const segment of segments) {
    const next = childOf(value, segment)
    if (next === undefined) throw pathNotFound(call)
    value = next
  }
  return value
}

function childOf(value: JsonValue, segment: string): JsonValue | undefined {
  if (Array.isArray(value)) return /^\d{1,9}$/.test(segment) ? value[Number(segment)] : undefined
  return isJsonObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined
}

function pathNotFound(call: Call): AppError {
  return new AppError('path-not-found', 'The module snapshot has nothing at this path.', {
    details: { path: call.path },
  })
}
