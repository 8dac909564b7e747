import { isAppError, toErrorBody } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'
import type { ClientQuery } from '../../../src-shared/protocol/client-frames.ts'
import { mayRead } from '../../access/view/guarded-module.ts'
import type { ModuleStore } from '../../store/api.ts'
import type { TableDefinition } from '../../store/schema/definition.ts'
import type { FieldCondition } from '../../store/types.ts'
import { noteFrame, noteRefusedFrame } from './note-frame.ts'
import type { SyncServices } from './services.ts'
import type { Session } from './session.ts'

const DEFAULT_LIMIT = 1_000
const MAX_LIMIT = 1_000

/** Reads of the query message: one record by its key, or the records whose fields equal the filter. */
export function handleQuery(services: SyncServices, session: Session, frame: ClientQuery): void {
  const introduction = session.requireIntroduction('query')
  const startedAt = performance.now()
  const name = { type: frame.type, table: frame.table }
  const timestamp = new Date(services.now()).toISOString()
  const correlation = frame.requestId === undefined ? {} : { requestId: frame.requestId }
  try {
    const module = introduction.branch.getModule(frame.moduleId ?? introduction.onlyModuleId)
    const table = module.resolveTable(frame.table)
    const answer = frame.queryType === 'get' ? readOne(module, table, frame) : readList(module, table, frame)
    const head = { type: 'server:query:result', ...correlation, table: table.name, queryType: frame.queryType }
    const next = answer.next === undefined ? '' : `,"next":${JSON.stringify(answer.next)}`
    session.sendText(`${JSON.stringify(head).slice(0, -1)},"result":${answer.text}${next},"timestamp":"${timestamp}"}`)
    noteFrame(services, session, name, startedAt)
  } catch (error) {
    if (!isAppError(error)) services.log.error('query-failed', { table: frame.table, error })
    const body = toErrorBody(error)
    const { message, error: code } = body
    session.send({ type: 'server:query:error', ...correlation, error: message, code, timestamp })
    noteRefusedFrame(services, session, name, startedAt, error)
  }
}

interface Answer {
  text: string
  next?: string
}

function readOne(module: ModuleStore, table: TableDefinition, frame: ClientQuery): Answer {
  const { id } = frame
  const key = typeof id === 'string' || typeof id === 'number' ? String(id) : ''
  const record = key === '' ? undefined : module.find(table.name, key)
  if (!record) return { text: 'null' }
  return { text: frame.populate ? populate(module, table, [record.text])[0]! : record.text }
}

function readList(module: ModuleStore, table: TableDefinition, frame: ClientQuery): Answer {
  const where = Object.entries(frame.filter).map(
    ([field, value]): FieldCondition =>
      value === null ? { field, operator: 'is null' } : { field, operator: '=', value },
  )
  const page = module.list(table.name, {
    limit: Math.min(frame.limit ?? DEFAULT_LIMIT, MAX_LIMIT),
    ...(where.length > 0 && { where }),
    ...(frame.next !== undefined && { next: frame.next }),
  })
  const texts = frame.populate ? populate(module, table, page.recordTexts) : page.recordTexts
  return { text: `[${texts.join(',')}]`, ...(page.next !== undefined && { next: page.next }) }
}

/** References become `{id, name}`; each referenced record is read once. */
function populate(module: ModuleStore, table: TableDefinition, texts: string[]): string[] {
  const references = table.fields.filter((field) => field.references !== undefined)
  if (references.length === 0) return texts
  const names = new Map<string, JsonObject>()
  return texts.map((text) => {
    const record = JSON.parse(text) as JsonObject
    for (const field of references) {
      const value = record[field.name]
      if (typeof value !== 'string' && typeof value !== 'number') continue
      record[field.name] = nameOf(module, field.references!.table, value, names)
    }
    return JSON.stringify(record)
  })
}

const NAME_FIELDS = ['name', 'label', 'title', 'fullName', 'nameEn', 'number', 'code']

function nameOf(
  module: ModuleStore,
  tableName: string,
  id: string | number,
  names: Map<string, JsonObject>,
): JsonValue {
  const cacheKey = `${tableName}\n${id}`
  let named = names.get(cacheKey)
  if (!named) {
    named = { id, name: findName(module, tableName, String(id)) }
    names.set(cacheKey, named)
  }
  return named
}

/** The first field that names a record, or one whose name ends in `_name`; null without a record. */
function findName(module: ModuleStore, tableName: string, key: string): JsonValue {
  if (!module.definition.tables.has(tableName) || !mayRead(module, tableName)) return null
  const found = module.find(tableName, key)
  if (!found) return null
  const record: unknown = JSON.parse(found.text)
  if (!isJsonObject(record)) return null
  const isName = (value: JsonValue | undefined): value is JsonValue =>
    value !== undefined && value !== null && value !== ''
  const field =
    NAME_FIELDS.find((name) => isName(record[name])) ??
    Object.keys(record).find((name) => /(_name|Name)$/.test(name) && isName(record[name]))
  return field === undefined ? null : record[field]!
}
