import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { parseName } from '../../../src-shared/ids.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { WriteAction } from '../../../src-shared/protocol/records.ts'
import { rightsOf } from '../../access/view/guarded-module.ts'
import type { ModuleStore } from '../../store/api.ts'
import { recordRefOf } from '../../store/events/event-line.ts'
import type { TableDefinition } from '../../store/schema/definition.ts'
import { KEY_SEPARATOR } from '../../store/schema/record-key.ts'
import type { ListPage, ListQuery, RecordView } from '../../store/types.ts'
import type { Call } from './call.ts'
import { type Method, type Route, route } from './route.ts'
import { ackShape, metaShape, noticeShape, recordRefShape, recordShape, wholeNumber } from './shapes.ts'
import { epochOf, metaOf, recordEtag, recordOf, runWrite, sendWritten, type WriteWords } from './write-answer.ts'

const TABLE_PATH = '/api/branches/:branchId/modules/:moduleId/tables/:table'
/** The default and the hard maximum: a list without a limit never reads a whole table. */
const MAX_LIMIT = 1_000

const listQuery = z.object({
  limit: wholeNumber.describe(`Records in one answer, 1 to ${MAX_LIMIT}, which is also the default`),
  next: z.string().optional().describe('Cursor of the previous page, as `next` of its answer'),
  afterId: z.string().optional().describe('Records after this one'),
  afterKey: z.string().optional().describe('The same; wins over afterId'),
  afterCreatedAt: z.string().optional().describe('Created later than this: ISO 8601 or milliseconds since 1970'),
  updatedAfter: z.string().optional().describe('Changed later than this'),
  order: z
    .string()
    .optional()
    .meta({ enum: ['asc', 'desc'] }),
  id: z.string().optional().describe('Exactly this record: the answer has it as `record` with `id` and `version`'),
  lang: z.string().optional().describe('Adds `i18n.lang` to records of tables that have translations'),
  fallback: z.string().optional(),
})

const listAliases = {
  take: 'limit',
  after_id: 'afterId',
  after: 'afterId',
  lastId: 'afterId',
  cursor: 'afterKey',
  after_created_at: 'afterCreatedAt',
  since: 'afterCreatedAt',
  begin_date: 'afterCreatedAt',
  create_date: 'afterCreatedAt',
  created_after: 'afterCreatedAt',
  updated_after: 'updatedAfter',
  sort: 'order',
  locale: 'lang',
  fallbackLang: 'fallback',
}

type TableListQuery = z.output<typeof listQuery>

const listShape = z.object({
  branchId: z.string(),
  moduleId: z.string(),
  table: z.string(),
  count: z.int(),
  cursor: z.looseObject({ lastId: z.string(), lastCreatedAt: z.string() }).nullable(),
  next: z.string().optional(),
  rows: z.array(recordShape),
  record: recordShape.optional(),
  id: z.string().optional(),
  version: z.int().optional(),
  meta: z.looseObject({ limit: z.int(), order: z.enum(['asc', 'desc']), updatedAfter: z.string().nullable() }),
})

const writtenShape = z.object({
  status: z.enum(['created', 'updated', 'saved', 'unchanged']),
  branchId: z.string(),
  moduleId: z.string(),
  table: z.string(),
  record: recordShape,
  ack: ackShape,
  notice: noticeShape,
  warnings: z.array(z.string()).optional(),
})
const deletedShape = writtenShape.omit({ record: true, status: true }).extend({
  status: z.literal('deleted'),
  recordRef: recordRefShape,
})
const writeBody = z.union([
  z.looseObject({ record: recordShape, meta: metaShape.optional(), epoch: z.int().optional() }),
  recordShape,
])

const WORDS: Readonly<Record<'POST' | 'PATCH' | 'PUT' | 'DELETE', WriteWords>> = {
  POST: { created: 'created', updated: 'updated', deleted: 'deleted', unchanged: 'unchanged' },
  PATCH: { created: 'created', updated: 'updated', deleted: 'deleted', unchanged: 'updated' },
  PUT: { created: 'created', updated: 'saved', deleted: 'deleted', unchanged: 'saved' },
  DELETE: { created: 'created', updated: 'updated', deleted: 'deleted', unchanged: 'deleted' },
}

/** Lists and writes of one table. `/records` after the table's name means the same. */
export const tableRoutes: readonly Route[] = [TABLE_PATH, `${TABLE_PATH}/records`].flatMap((path) => [
  route({
    method: 'GET',
    path,
    tag: 'Tables',
    permission: 'table',
    summary: 'Records of a table, page by page',
    query: listQuery,
    queryAliases: listAliases,
    answers: { 200: { description: 'A page', schema: listShape }, 304: { description: 'Unchanged' } },
    errors: ['table-not-found', 'invalid-cursor'],
    handle: (call, { query }) => sendList(call, query),
  }),
  writeRoute(path, 'POST', 'insert', 'Insert a record', {
    201: { description: 'Inserted', schema: writtenShape },
    200: { description: 'The same content was stored already', schema: writtenShape },
  }),
  writeRoute(path, 'PATCH', 'merge', 'Change fields of a record', {
    200: { description: 'Changed', schema: writtenShape },
  }),
  writeRoute(path, 'PUT', 'save', 'Insert or change a record', { 200: { description: 'Saved', schema: writtenShape } }),
  writeRoute(path, 'DELETE', 'delete', 'Delete a record, named by ?id= or by its key in the body', {
    200: { description: 'Deleted', schema: deletedShape },
  }),
])

type WriteMethod = Exclude<Method, 'GET'>

function writeRoute(
  path: string,
  method: WriteMethod,
  action: WriteAction,
  summary: string,
  answers: Route['answers'],
): Route {
  const words = WORDS[method]
  const createdStatus = method === 'POST' ? 201 : 200
  return {
    method,
    path,
    tag: 'Tables',
    permission: 'table',
    summary,
    body: writeBody,
    answers,
    errors: ['table-not-found', 'validation-failed', 'version-conflict', 'precondition-failed', 'unique-violation'],
    async handle(call) {
      const branch = call.branch()
      const module = branch.getModule(call.param('moduleId'))
      const table = parseName(call.param('table'), 'table name')
      const body = action === 'delete' ? await deleteBody(call, module, table) : await call.readObject()
      const meta = metaOf(body)
      const epoch = epochOf(body)
      const ifMatch = call.header('if-match')
      const operation = { action, table, record: recordOf(body), ...(ifMatch !== undefined && { ifMatch }) }
      const options = { source: 'rest-crud', ...(meta && { meta }), ...(epoch !== undefined && { epoch }) }
      const write = await runWrite(call, branch, module, [operation], options)
      sendWritten(call, module, write, { words, createdStatus, source: 'rest-crud', ...(meta && { meta }) })
    },
  }
}

/** `?id=` becomes the table's primary key; without it the body names the record. */
async function deleteBody(call: Call, module: ModuleStore, table: string): Promise<JsonObject> {
  const body = (await call.readBody()) ?? {}
  if (!isJsonObject(body)) throw new AppError('invalid-request', 'The body must be a JSON object.')
  const { query } = call
  const id = query.get('id') ?? query.get('recordId') ?? query.get('record_id') ?? query.get('key')
  if (id === null) return body
  const version = query.get('version')
  const key = keyOf(module, module.resolveTable(table), id)
  const record = { ...recordOf(body), ...key, ...(version !== null && { version: Number(version) }) }
  return { ...(isJsonObject(body.meta) && { meta: body.meta }), record }
}

/** Values of a composite key may hold the separator themselves; then only the stored record knows where they end. */
function keyOf(module: ModuleStore, table: TableDefinition, key: string): JsonObject {
  const stored = table.primaryKey.length > 1 ? module.find(table.name, key) : undefined
  if (stored) return recordRefOf(table, stored.key, JSON.parse(stored.text) as JsonObject).primaryKey
  const values = splitKey(table, key)
  if (values) return values
  throw new AppError('missing-record-key', `A record of ${table.name} is named by ${table.primaryKey.join(' and ')}.`, {
    details: { table: table.name, primaryKey: table.primaryKey },
  })
}

/** `a::b` -> the values of a composite key; undefined when they are not as many as its fields. */
function splitKey(table: TableDefinition, key: string): JsonObject | undefined {
  const fields = table.primaryKey
  const parts = fields.length === 1 ? [key] : key.split(KEY_SEPARATOR)
  if (parts.length !== fields.length || parts.includes('')) return undefined
  return Object.fromEntries(fields.map((field, index) => [field, keyValue(table, field, parts[index]!)]))
}

function keyValue(table: TableDefinition, field: string, text: string): JsonValue {
  const isNumber = table.fieldByName.get(field)?.type === 'integer' && /^-?\d{1,15}$/.test(text)
  return isNumber ? Number(text) : text
}

async function sendList(call: Call, query: TableListQuery): Promise<void> {
  const module = call.module()
  const table = module.resolveTable(parseName(call.param('table'), 'table name'))
  if (query.id !== undefined) return sendOne(call, module, table, query.id, query)
  await call.sendAtPosition(module, () => {
    const order = query.order?.toLowerCase() === 'desc' ? 'desc' : 'asc'
    const limit = query.limit === undefined || query.limit === 0 ? MAX_LIMIT : Math.min(query.limit, MAX_LIMIT)
    const page = module.list(table.name, toListQuery(query, limit, order))
    const rows = query.lang === undefined ? page.recordTexts : translatedTexts(module, table, page.recordTexts, query)
    return listText(module, table, { ...page, recordTexts: rows }, listMeta(query, limit, order))
  })
}

function toListQuery(query: TableListQuery, limit: number, order: 'asc' | 'desc'): ListQuery {
  const afterId = query.afterKey ?? query.afterId
  return {
    limit,
    order,
    ...(query.next !== undefined && { next: query.next }),
    ...(afterId !== undefined && { afterId }),
    ...(query.afterCreatedAt !== undefined && { createdAfter: toIso(query.afterCreatedAt, 'afterCreatedAt') }),
    ...(query.updatedAfter !== undefined && { updatedAfter: toIso(query.updatedAfter, 'updatedAfter') }),
  }
}

function listMeta(query: TableListQuery, limit: number, order: 'asc' | 'desc'): string {
  return JSON.stringify({
    limit,
    order,
    afterId: query.afterId ?? null,
    afterKey: query.afterKey ?? null,
    afterCreatedAt: query.afterCreatedAt === undefined ? null : toIso(query.afterCreatedAt, 'afterCreatedAt'),
    updatedAfter: query.updatedAfter === undefined ? null : toIso(query.updatedAfter, 'updatedAfter'),
  })
}

/** ISO 8601 in UTC, from ISO text or a number of milliseconds. Throws `invalid-request`. */
export function toIso(text: string, name: string): string {
  const number = Number(text)
  const date = new Date(text !== '' && number > 1e9 ? number : text)
  if (!Number.isNaN(date.getTime())) return date.toISOString()
  throw new AppError('invalid-request', `${name} must be a time in ISO 8601, or milliseconds since 1970.`, {
    errors: [{ field: name, code: 'invalid-time', message: 'not a time' }],
  })
}

function listText(module: ModuleStore, table: TableDefinition, page: ListPage, meta: string, more = ''): string {
  const next = page.next === undefined ? '' : `,"next":${JSON.stringify(page.next)}`
  return (
    `{"branchId":${JSON.stringify(module.branchId)},"moduleId":${JSON.stringify(module.moduleId)},` +
    `"table":${JSON.stringify(table.name)},"count":${page.count},"cursor":${JSON.stringify(page.cursor)}${next}${more},` +
    `"rows":[${page.recordTexts.join(',')}],"meta":${meta}}`
  )
}

/** The specification's retry example: read one record anew and take its version. */
async function sendOne(
  call: Call,
  module: ModuleStore,
  table: TableDefinition,
  key: string,
  query: TableListQuery,
): Promise<void> {
  const view = module.find(table.name, key)
  const meta = listMeta(query, 1, 'asc')
  if (!view) return call.sendReadable(listText(module, table, { count: 0, recordTexts: [], cursor: null }, meta))
  const etag = recordEtag(module.head().epoch, view.version)
  // Others may see more or less of the same version of the record.
  if (query.lang === undefined && rightsOf(module) === undefined && call.isFresh(etag)) return
  const [text = view.text] = query.lang === undefined ? [view.text] : translatedTexts(module, table, [view.text], query)
  const more = `,"id":${JSON.stringify(view.key)},"version":${view.version},"record":${text}`
  const page: ListPage = { count: 1, recordTexts: [text], cursor: cursorOf(table, view) }
  await call.sendReadable(listText(module, table, page, meta, more), { etag })
}

function cursorOf(table: TableDefinition, view: RecordView): NonNullable<ListPage['cursor']> {
  const reference = recordRefOf(table, view.key, JSON.parse(view.text) as JsonObject)
  return { ...reference, lastId: view.key, lastCreatedAt: view.createdAt }
}

/** Records with `i18n.lang.<lang>`: all their fields, the translated ones in that language. */
export function translatedTexts(
  module: ModuleStore,
  table: TableDefinition,
  texts: readonly string[],
  query: { lang?: string | undefined; fallback?: string | undefined },
): string[] {
  const { lang, fallback } = query
  if (lang === undefined || !module.definition.tables.has(`${table.name}_lang`)) return [...texts]
  const translations = module.translations(lang, fallback).get(table.name)
  return texts.map((text) => {
    const record = JSON.parse(text) as JsonObject
    const translated = translations?.get(String(record.id)) ?? {}
    return JSON.stringify({ ...record, i18n: { lang: { [lang]: { ...record, ...translated } } } })
  })
}
