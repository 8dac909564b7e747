import { applyDefaults, completeRecord, readPatch, recordKey } from '../../src-main/store/schema/coerce.ts'
import type { ModuleDefinition, TableDefinition } from '../../src-main/store/schema/definition.ts'
import { createTableResolver, type TableResolver } from '../../src-main/store/schema/resolve-table.ts'
import { type FieldError, isAppError } from '../../src-shared/errors.ts'
import { parseRecordId } from '../../src-shared/ids.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'
import { toPlainFields, ValueError } from './plain-value.ts'
import type { ExportedDocument } from './read-export.ts'

/** What becomes of a collection; null leaves it out. */
export interface CollectionRule {
  /** Name or alias of a table. */
  table: string
  /** Sub-collections: the field that gets the id of the parent document. */
  parentKey?: string
  /** Field of the document -> field of the record; null leaves it out. */
  fields?: Record<string, string | null>
}

/** Collection, without ids (`orders/lines`), -> its rule. */
export type CollectionMap = Readonly<Record<string, CollectionRule | null>>

export interface PlannedRecord {
  path: string
  table: string
  key: string
  record: JsonObject
}

export interface CollectionPlan {
  collection: string
  /** Undefined: nothing of it is written, for the reason. */
  table: string | undefined
  reason?: string
  documents: number
  records: number
  /** Fields that the schema does not know; they are kept as they are. */
  unknownFields: string[]
  /** Fields that belong to the server and are not taken over. */
  serverFields: string[]
}

export interface ImportPlan {
  collections: CollectionPlan[]
  /** Parents first. */
  records: PlannedRecord[]
  /** Documents that cannot become a record. */
  problems: { path: string; reason: string }[]
}

/** The server sets them itself at each write. Source: docs/sync.md, W6. */
const SERVER_FIELDS = new Set(['createdAt', 'updatedAt', 'branchId', 'version'])

/** Reads a map file. @throws Error that names the entry. */
export function readMap(content: unknown): CollectionMap {
  const root = content as JsonValue
  const entries = isJsonObject(root) ? (root.collections ?? root) : undefined
  if (!isJsonObject(entries!)) throw new Error('the map must be an object: {"collections": {"orders": "order_header"}}')
  return Object.fromEntries(Object.entries(entries).map(([name, rule]) => [name, readRule(name, rule)]))
}

function readRule(name: string, rule: JsonValue): CollectionRule | null {
  if (rule === null) return null
  if (typeof rule === 'string') return { table: rule }
  if (!isJsonObject(rule) || typeof rule.table !== 'string') throw new Error(`the map's "${name}" names no table`)
  const { table, parentKey, fields = {} } = rule
  if (parentKey !== undefined && typeof parentKey !== 'string')
    throw new Error(`parentKey of "${name}" must be a field`)
  if (!isJsonObject(fields) || !Object.values(fields).every((to) => to === null || typeof to === 'string')) {
    throw new Error(`fields of "${name}" must be an object from field to field, or to null`)
  }
  return { table, ...(parentKey !== undefined && { parentKey }), fields: fields as Record<string, string | null> }
}

/**
 * What the documents become in a module: which table, which record, and what cannot be written and why. Checks what the
 * server will check of a record alone; references, unique fields and what is there already only the server knows.
 */
export function planImport(
  documents: readonly ExportedDocument[],
  module: ModuleDefinition,
  map: CollectionMap = {},
): ImportPlan {
  const resolve = createTableResolver(module)
  const targets = new Map<string, Target>()
  const plan: ImportPlan = { collections: [], records: [], problems: [] }
  const places = new Map<string, string>()
  for (const document of documents) {
    let target = targets.get(document.collection)
    if (!target) {
      target = findTarget(document.collection, { resolve, map, targets })
      targets.set(document.collection, target)
      plan.collections.push(target.summary)
    }
    target.summary.documents++
    if (!target.table) continue
    try {
      const record = toRecord(document, target as Target & { table: TableDefinition })
      const key = checkRecord(target.table, record)
      const place = `${target.table.name} ${key}`
      const other = places.get(place)
      if (other !== undefined) throw new ValueError(`${other} is the same record of ${target.table.name}`)
      places.set(place, document.path)
      plan.records.push({ path: document.path, table: target.table.name, key, record })
      target.summary.records++
    } catch (error) {
      plan.problems.push({ path: document.path, reason: reasonOf(error) })
    }
  }
  return plan
}

interface Target {
  summary: CollectionPlan
  table: TableDefinition | undefined
  rule: CollectionRule
}

interface Targets {
  resolve: TableResolver
  map: CollectionMap
  targets: ReadonlyMap<string, Target>
}

function findTarget(collection: string, { resolve, map, targets }: Targets): Target {
  const summary: CollectionPlan = {
    ...{ collection, table: undefined, documents: 0, records: 0 },
    ...{ unknownFields: [], serverFields: [] },
  }
  const mapped = map[collection]
  const isNested = collection.includes('/')
  const rule = mapped ?? { table: collection.split('/').at(-1)! }
  const refuse = (reason: string): Target => ({ summary: { ...summary, reason }, table: undefined, rule })
  if (mapped === null) return refuse('left out by the map')
  let table: TableDefinition
  try {
    table = resolve(rule.table)
  } catch (error) {
    return refuse(reasonOf(error))
  }
  if (table.isSingleton) return refuse(`${table.name} is one object, not a list of records`)
  if (!isNested) return { summary: { ...summary, table: table.name }, table, rule }
  const parent = targets.get(collection.slice(0, collection.lastIndexOf('/')))?.table
  const parentKey = rule.parentKey ?? referenceTo(table, parent)
  if (parentKey === undefined) {
    const hint = `"${collection}": {"table": "${table.name}", "parentKey": "…"}`
    return refuse(`which field of ${table.name} holds the parent is not known; say it in the map: ${hint}`)
  }
  return { summary: { ...summary, table: table.name }, table, rule: { ...rule, parentKey } }
}

/** The one field that refers to the parent's table; undefined when there is none, or more than one. */
function referenceTo(table: TableDefinition, parent: TableDefinition | undefined): string | undefined {
  const fields = table.fields.filter(({ references }) => parent && references?.table === parent.name)
  return fields.length === 1 ? fields[0]!.name : undefined
}

function toRecord(document: ExportedDocument, target: Target & { table: TableDefinition }): JsonObject {
  const { table, rule, summary } = target
  const record: JsonObject = {}
  for (const [name, value] of Object.entries(toPlainFields(document.fields))) {
    const to = rule.fields && Object.hasOwn(rule.fields, name) ? rule.fields[name]! : name
    if (to === null) continue
    if (SERVER_FIELDS.has(to)) addOnce(summary.serverFields, to)
    else record[to] = value
  }
  const [keyField = 'id', ...more] = table.primaryKey
  if (more.length === 0) record[keyField] = document.id
  const { parentKey } = rule
  if (parentKey !== undefined && document.parentId !== undefined) {
    const own = record[parentKey]
    if (own !== undefined && own !== null && own !== document.parentId) {
      throw new ValueError(`${parentKey} says ${JSON.stringify(own)}, but it lies below ${document.parentId}`)
    }
    record[parentKey] = document.parentId
  }
  for (const name of Object.keys(record)) if (!isKnown(table, name)) addOnce(summary.unknownFields, name)
  return record
}

function isKnown(table: TableDefinition, name: string): boolean {
  return table.fields.some((field) => field.name === name || field.columnName === name || field.aliases.includes(name))
}

function addOnce(names: string[], name: string): void {
  if (!names.includes(name)) names.push(name)
}

/** As an insert does. @returns The key of the record. @throws AppError, ValueError. */
function checkRecord(table: TableDefinition, record: JsonObject): string {
  const { patch } = readPatch(table, record, { isLenient: false })
  const stored = completeRecord(table, applyDefaults(table, patch))
  const key = recordKey(table, stored)
  if (key === undefined) throw new ValueError(`the key of ${table.name} is made of ${table.primaryKey.join(' and ')}`)
  return parseRecordId(key)
}

function reasonOf(error: unknown): string {
  if (isAppError(error)) {
    const fields = (error.errors ?? []).map(({ message }: FieldError) => message)
    return fields.length > 0 ? fields.join(' ') : error.message
  }
  if (error instanceof ValueError) return error.message
  throw error
}
