import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { type Position, parseBranchId, parseModuleId } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { ModuleStore } from '../../store/api.ts'
import type { Delta } from '../../store/types.ts'
import type { Call } from './call.ts'
import { namesOf } from './names.ts'
import { type Route, route } from './route.ts'
import { clientMarkerOf } from './save-routes.ts'
import { recordShape, snapshotShape } from './shapes.ts'
import { formatMarker, parseMarker } from './snapshot-marker.ts'
import { sendPieces, snapshotPieces, tablePieces } from './snapshot-writer.ts'

const MAX_DELTA_RECORDS = 1_000

const syncShape = z.object({
  branchId: z.string(),
  moduleId: z.string(),
  version: z.int(),
  updatedAt: z.string().nullable(),
  serverId: z.string(),
  snapshot: snapshotShape,
})

const deltaBody = z.looseObject({
  cursor: z
    .looseObject({ epoch: z.int().optional(), seq: z.int().optional() })
    .optional()
    .describe('Protocol 2: {epoch, seq}, or that by module'),
  snapshotMarker: z.string().optional().describe('snapshotMarker of the previous answer'),
  version: z.int().optional().describe('version of the previous answer; checked against the marker'),
  tables: z.unknown().optional().describe('{table: {lastId, cursor}} or a list of names; all tables without it'),
  limit: z.int().optional().describe(`Changed records in one answer, at most ${MAX_DELTA_RECORDS}`),
})

const deltaShape = z.looseObject({
  branchId: z.string(),
  moduleId: z.string(),
  version: z.int(),
  epoch: z.int(),
  cursor: z.object({ epoch: z.int(), seq: z.int() }),
  updatedAt: z.string().nullable(),
  snapshotMarker: z.string(),
  requiresFullSync: z.boolean(),
  reason: z.string().optional(),
  hasMore: z.boolean(),
  deltas: z.record(z.string(), z.array(recordShape)),
  deleted: z.record(z.string(), z.array(z.string())),
  stats: z.record(z.string(), z.looseObject({ inserted: z.int(), updated: z.int(), deleted: z.int(), total: z.int() })),
})

const importBody = z.looseObject({
  snapshot: z
    .looseObject({ version: z.int().optional(), tables: z.record(z.string(), z.array(recordShape)) })
    .optional(),
})

/** Where a sync path starts; the short one is for the module `pos`. */
const SYNC_PATHS = ['/api/sync/:branchId/:moduleId', '/api/pos-sync/:branchId'] as const

/** Snapshots, deltas and imports, in the forms of the specification and of protocol 2. */
export const syncRoutes: readonly Route[] = [
  ...SYNC_PATHS.flatMap((path) => [
    route({
      method: 'GET',
      path,
      tag: 'Sync',
      permission: 'table',
      summary: 'Snapshot of a module',
      answers: { 200: { description: 'The snapshot', schema: syncShape } },
      errors: ['branch-not-found', 'module-not-found'],
      handle: (call) => sendSync(call, moduleOf(call)),
    }),
    route({
      method: 'POST',
      path,
      tag: 'Sync',
      permission: 'manage:sync',
      summary: 'Replace the records of the tables that the body has; every client reads the module anew',
      answers: {
        200: {
          description: 'Imported',
          schema: z.object({
            status: z.literal('ok'),
            branchId: z.string(),
            moduleId: z.string(),
            version: z.int(),
            updatedAt: z.string().nullable(),
          }),
        },
      },
      errors: ['insert-only-violation', 'table-not-found'],
      bodyDoc: importBody,
      handle: importSnapshot,
    }),
    route({
      method: 'POST',
      path: `${path}/delta`,
      tag: 'Sync',
      permission: 'table',
      summary: 'What changed since a position: inserts, updates and deletes',
      answers: { 200: { description: 'The changes', schema: deltaShape } },
      errors: ['branch-not-found', 'module-not-found', 'table-not-found'],
      bodyDoc: deltaBody,
      handle: sendDelta,
    }),
  ]),
  route({
    method: 'GET',
    path: '/api/pos-sync',
    tag: 'Sync',
    permission: 'table',
    summary: 'Snapshot of the module pos of ?branch=',
    query: z.object({ branch: z.string().optional() }),
    queryAliases: { branchId: 'branch' },
    answers: { 200: { description: 'The snapshot', schema: syncShape } },
    errors: ['missing-branch-id', 'branch-not-found'],
    handle(call, { query }) {
      if (query.branch === undefined) throw new AppError('missing-branch-id', 'The request names no branch.')
      return sendSync(call, call.services.store.getBranch(parseBranchId(query.branch)).getModule('pos'))
    },
  }),
  route({
    method: 'GET',
    path: '/api/sync/:branchId/:moduleId/*rest',
    tag: 'Sync',
    permission: 'table',
    summary: 'Snapshot of a module, whatever follows',
    answers: { 200: { description: 'The snapshot', schema: syncShape } },
    handle(call) {
      if (call.param('rest') === 'delta') {
        throw new AppError('method-not-allowed', 'A delta is asked for with POST.', { details: { allow: 'POST' } })
      }
      return sendSync(call, moduleOf(call))
    },
  }),
]

function moduleOf(call: Call): ModuleStore {
  return call.branch().getModule(parseModuleId(call.params.moduleId ?? 'pos'))
}

async function sendSync(call: Call, module: ModuleStore): Promise<void> {
  await sendPieces(call, syncPieces(call, module))
}

function* syncPieces(call: Call, module: ModuleStore): Generator<Buffer> {
  const snapshot = module.snapshot()
  const head = JSON.stringify({
    branchId: module.branchId,
    moduleId: module.moduleId,
    version: snapshot.seq,
    epoch: snapshot.epoch,
    updatedAt: module.head().lastEventAt,
    serverId: call.services.store.serverId,
    snapshotMarker: formatMarker(snapshot, module.head().lastEventAt ?? new Date().toISOString()),
  })
  yield Buffer.from(`${head.slice(0, -1)},"snapshot":`)
  yield* snapshotPieces(module, snapshot)
  yield Buffer.from('}')
}

async function importSnapshot(call: Call): Promise<void> {
  const module = moduleOf(call)
  const body = await call.readObject()
  const answer = () => {
    const { seq, lastEventAt } = module.head()
    const { branchId, moduleId } = module
    call.send(200, { status: 'ok', branchId, moduleId, version: seq, updatedAt: lastEventAt })
  }
  if (body.snapshot === undefined || body.snapshot === null) return answer()
  const tables = tablesOf(module, body.snapshot)
  const version = isJsonObject(body.snapshot) ? body.snapshot.version : undefined
  await module.importSnapshot({
    tables,
    ...(typeof version === 'number' && { version }),
    requestedBy: call.network.address,
    reason: typeof body.action === 'string' ? body.action : 'snapshot-import',
  })
  answer()
}

function tablesOf(module: ModuleStore, snapshot: JsonValue): Record<string, JsonObject[]> {
  const tables = isJsonObject(snapshot) ? snapshot.tables : undefined
  if (!isJsonObject(tables)) throw violation(module, 'missing-table', 'The snapshot has no tables.')
  const result: Record<string, JsonObject[]> = {}
  for (const [name, rows] of Object.entries(tables)) {
    // A singleton such as settings is one object.
    const list = isJsonObject(rows) ? [rows] : rows
    if (!Array.isArray(list) || !list.every(isJsonObject)) {
      throw violation(module, 'invalid-table-format', `The table ${name} must be a list of objects.`, name)
    }
    result[module.resolveTable(name).name] = list
  }
  return result
}

function violation(module: ModuleStore, reason: string, message: string, table?: string): AppError {
  const { branchId, moduleId } = module
  return new AppError('insert-only-violation', message, {
    details: { ok: false, reason, branchId, moduleId, ...(table !== undefined && { table }) },
  })
}

interface DeltaInput {
  cursor: Position | undefined
  tables: string[] | undefined
  limit: number
  clientVersion: JsonValue | undefined
  clientMarker: string | null
}

const RIGHTS_CHANGED = { requiresFullSync: true, reason: 'rights-changed', hasMore: false, tables: {} } as const

async function sendDelta(call: Call): Promise<void> {
  const module = moduleOf(call)
  const body = (await call.readBody()) ?? {}
  if (!isJsonObject(body)) throw new AppError('invalid-request', 'The body must be a JSON object.')
  const input = parseDelta(module, body)
  const isSameView = call.services.guard.history.continues(call.principal, module, input.cursor)
  const asked = module.delta({
    limit: input.limit,
    ...(input.cursor && { cursor: input.cursor }),
    ...(input.tables && { tables: input.tables }),
  })
  const delta: Delta =
    isSameView || asked.requiresFullSync ? asked : { ...asked, ...RIGHTS_CHANGED, seq: asked.version }
  if (delta.requiresFullSync) await sendPieces(call, fullPieces(call, module, delta, input))
  else await call.sendReadable(deltaText(call, module, delta, input))
}

/**
 * Reads a position from `cursor` or from the marker. What a field client knows of single tables (lastId, updatedAt,
 * lastTableIds) is accepted and never narrows the answer, because it loses rows.
 */
function parseDelta(module: ModuleStore, body: JsonObject): DeltaInput {
  const clientMarker = clientMarkerOf(body)
  const clientVersion = body.version ?? body.clientVersion ?? body.snapshotVersion
  let cursor =
    positionOf(body.cursor) ?? positionOf(isJsonObject(body.cursor) ? body.cursor[module.moduleId] : undefined)
  if (!cursor) {
    cursor = parseMarker(clientMarker)
    // A version of another answer than the marker: what the client holds is not one state.
    if (cursor && typeof clientVersion === 'number' && clientVersion !== cursor.seq) cursor = undefined
  }
  const limit = typeof body.limit === 'number' && body.limit >= 1 ? Math.floor(body.limit) : MAX_DELTA_RECORDS
  const tables = deltaTables(module, body)
  return { cursor, tables, limit: Math.min(limit, MAX_DELTA_RECORDS), clientVersion, clientMarker }
}

function positionOf(value: JsonValue | undefined): Position | undefined {
  if (!isJsonObject(value)) return undefined
  const { epoch, seq } = value
  const isPosition = Number.isSafeInteger(epoch) && Number.isSafeInteger(seq) && Number(epoch) >= 0 && Number(seq) >= 0
  return isPosition ? { epoch: Number(epoch), seq: Number(seq) } : undefined
}

function deltaTables(module: ModuleStore, body: JsonObject): string[] | undefined {
  const named =
    body.tables ?? body.tableNames ?? body.requestTables ?? body.includeTables ?? body.tablesRequested ?? undefined
  const names = isJsonObject(named) ? Object.keys(named) : namesOf(named)
  if (!names || names.length === 0) return undefined
  return [...new Set(names.map((name) => module.resolveTable(name).name))]
}

/** What both kinds of answer say about themselves, as JSON text that is still open at its end. */
function deltaHead(
  call: Call,
  module: ModuleStore,
  delta: Delta,
  input: DeltaInput,
  position: Position,
  more: object,
): string {
  const at = delta.updatedAt ?? new Date().toISOString()
  const head = JSON.stringify({
    branchId: module.branchId,
    moduleId: module.moduleId,
    version: delta.version,
    epoch: position.epoch,
    cursor: { epoch: position.epoch, seq: position.seq },
    updatedAt: delta.updatedAt,
    serverId: call.services.store.serverId,
    snapshotMarker: formatMarker(position, at),
    requiresFullSync: delta.requiresFullSync,
    ...(delta.reason && { reason: delta.reason }),
    ...more,
    ...(input.clientVersion !== undefined && { clientVersion: input.clientVersion }),
    ...(input.clientMarker !== null && { clientSnapshotMarker: input.clientMarker }),
  })
  return head.slice(0, -1)
}

function deltaText(call: Call, module: ModuleStore, delta: Delta, input: DeltaInput): string {
  const tables = Object.entries(delta.tables)
  const deltas = tables.map(([name, { recordTexts }]) => `${JSON.stringify(name)}:[${recordTexts.join(',')}]`)
  const head = deltaHead(call, module, delta, input, delta, {
    hasMore: delta.hasMore,
    cursorMisses: [],
    lastTableIds: Object.fromEntries(tables.flatMap(([name, { recordTexts }]) => lastIdOf(name, recordTexts))),
    deleted: Object.fromEntries(tables.flatMap(([name, { deleted }]) => (deleted.length > 0 ? [[name, deleted]] : []))),
    stats: Object.fromEntries(tables.map(([name, table]) => [name, statsOf(table)])),
  })
  return `${head},"deltas":{${deltas.join(',')}}}`
}

/** The named tables in full, or all of them: the module's snapshot, sent from its buffers. */
function* fullPieces(call: Call, module: ModuleStore, delta: Delta, input: DeltaInput): Generator<Buffer> {
  const snapshot = module.snapshot()
  const tables = snapshot.tables.filter(({ name }) => !input.tables || input.tables.includes(name))
  const head = deltaHead(call, module, { ...delta, version: snapshot.seq }, input, snapshot, {
    hasMore: false,
    cursorMisses: tables.map(({ name }) => name),
    lastTableIds: {},
    deleted: {},
    stats: Object.fromEntries(tables.map(({ name, records }) => [name, fullStats(records)])),
  })
  let text = `${head},"deltas":{`
  for (const table of tables) {
    yield Buffer.from(`${text}${JSON.stringify(table.name)}:${table.isSingleton ? '[' : ''}`)
    yield* tablePieces(snapshot, table.name) ?? []
    text = table.isSingleton ? '],' : ','
  }
  yield Buffer.from(`${text.replace(/,$/, '')}}}`)
}

function statsOf({ inserted, updated, deleted, recordTexts }: Delta['tables'][string]): JsonObject {
  const total = inserted + updated
  return { inserted, updated, deleted: deleted.length, total, returned: recordTexts.length, cursorMatched: true }
}

function fullStats(records: number): JsonObject {
  return { inserted: records, updated: 0, deleted: 0, total: records, returned: records, cursorMatched: false }
}

function lastIdOf(name: string, recordTexts: readonly string[]): [string, JsonValue][] {
  const text = recordTexts.at(-1)
  const id = text === undefined ? undefined : (JSON.parse(text) as JsonObject).id
  return id === undefined ? [] : [[name, id]]
}
