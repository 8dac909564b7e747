import { z } from 'zod'
import { AppError, isAppError } from '../../../src-shared/errors.ts'
import { parseName } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import type { BranchStore, ModuleStore } from '../../store/api.ts'
import type { Call } from './call.ts'
import { type Route, route } from './route.ts'
import { checkMarker, parseConditions, toGuard } from './save-guards.ts'
import { ackShape, metaShape, noticeShape, recordShape } from './shapes.ts'
import { formatMarker } from './snapshot-marker.ts'
import { runWrite, sendWritten, type WriteWords } from './write-answer.ts'

const saveBody = z.looseObject({
  table: z.string().optional().describe('Also tableName, targetTable'),
  record: recordShape.optional().describe('Also data'),
  meta: metaShape.optional(),
  source: z.string().optional(),
  includeRecord: z.boolean().optional().describe('False leaves the record out of ack.entry'),
  snapshotMarker: z.string().optional(),
  lastKnownId: z.unknown().optional(),
  concurrency: z
    .looseObject({
      requireExisting: z.boolean().optional(),
      requireSnapshotMarker: z.string().optional(),
      enforceSnapshot: z.boolean().optional(),
      expectedPaymentState: z.string().optional(),
      rejectPaymentStates: z.array(z.string()).optional(),
      allowedPaymentStates: z.array(z.string()).optional(),
      ifNotModifiedSince: z.string().optional(),
    })
    .optional()
    .describe('Conditions; also expected, guard'),
})

const savedShape = z.object({
  status: z.enum(['created', 'saved']),
  branchId: z.string(),
  moduleId: z.string(),
  table: z.string(),
  record: recordShape,
  ack: ackShape,
  notice: noticeShape,
  snapshotMarker: z.string(),
  clientSnapshotMarker: z.string().nullable(),
})

/** The specification's PUT says saved whatever happened; the POST of the field tells creation apart. */
const WORDS: Readonly<Record<'PUT' | 'POST', WriteWords>> = {
  PUT: { created: 'saved', updated: 'saved', deleted: 'deleted', unchanged: 'saved' },
  POST: { created: 'created', updated: 'saved', deleted: 'deleted', unchanged: 'saved' },
}
const MARKER_FIELDS = [
  'snapshotMarker',
  'snapshot_marker',
  'dayMarker',
  'day_marker',
  'businessDate',
  'business_date',
  'businessDay',
  'snapshotDay',
]

/** The marker that a client sends under one of its names; null without one. */
export function clientMarkerOf(body: JsonObject): string | null {
  for (const name of MARKER_FIELDS) {
    const value = body[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return null
}

/** Insert or change with conditions. PUT is the specification's form, POST the one in the field. */
export const saveRoutes: readonly Route[] = (['PUT', 'POST'] as const).map((method) =>
  route({
    method,
    path: '/api/branches/:branchId/modules/:moduleId/save',
    tag: 'Tables',
    permission: 'table',
    summary: 'Insert or change a record of the named table, if the conditions hold',
    answers: { 200: { description: 'Saved', schema: savedShape } },
    errors: [
      'missing-table-name',
      'missing-record',
      'table-not-found',
      'version-conflict',
      'full-sync-required',
      'concurrency-conflict',
    ],
    bodyDoc: saveBody,
    handle: (call) => saveWithContext(call, WORDS[method]),
  }),
)

/** A condition that fails says where: field clients read the place and both markers from the body. */
async function saveWithContext(call: Call, words: WriteWords): Promise<void> {
  const branch = call.branch()
  const module = branch.getModule(call.param('moduleId'))
  const body = await call.readObject()
  try {
    await save(call, words, branch, module, body)
  } catch (error) {
    if (!isAppError(error) || (error.code !== 'full-sync-required' && error.code !== 'concurrency-conflict'))
      throw error
    const { branchId, moduleId } = module
    const head = module.head()
    const snapshotMarker = formatMarker(head, head.lastEventAt ?? new Date().toISOString())
    const place = { branchId, moduleId, table: body.table ?? body.tableName ?? body.targetTable }
    const details = { ...place, snapshotMarker, clientSnapshotMarker: clientMarkerOf(body), ...error.details }
    throw new AppError(error.code, error.message, { details, cause: error })
  }
}

async function save(
  call: Call,
  words: WriteWords,
  branch: BranchStore,
  module: ModuleStore,
  body: JsonObject,
): Promise<void> {
  const named = body.table ?? body.tableName ?? body.targetTable
  if (named === undefined || named === '') throw new AppError('missing-table-name', 'The request names no table.')
  const table = parseName(named, 'table name')
  const record = body.record ?? body.data
  if (!isJsonObject(record)) throw new AppError('missing-record', 'The request carries no record object.')

  const clientMarker = clientMarkerOf(body)
  const head = module.head()
  checkMarker(module, body, clientMarker, formatMarker(head, head.lastEventAt ?? new Date().toISOString()))
  const source = typeof body.source === 'string' && body.source !== '' ? body.source : 'rest-save'
  const meta = isJsonObject(body.meta) ? body.meta : undefined
  const ifMatch = call.header('if-match')
  const write = await runWrite(
    call,
    branch,
    module,
    [
      {
        action: 'save',
        table,
        record,
        guard: toGuard(parseConditions(body)),
        ...(ifMatch !== undefined && { ifMatch }),
      },
    ],
    { source, ...(meta && { meta }), ...(typeof body.epoch === 'number' && { epoch: body.epoch }) },
  )
  const at = write.results[0]?.event?.createdAt ?? new Date().toISOString()
  const marker = JSON.stringify(formatMarker(write, at))
  sendWritten(call, module, write, {
    words,
    createdStatus: 200,
    source,
    includeRecord: body.includeRecord !== false,
    extra: `,"snapshotMarker":${marker},"clientSnapshotMarker":${JSON.stringify(clientMarker)}`,
    ...(meta && { meta }),
  })
}
