import { isJsonObject, type JsonObject, type JsonValue } from '../../src-shared/json.ts'
import type { Platform } from '../lib/platform.ts'
import { StoreError } from '../lib/store-error.ts'

/** All tables of a module over REST, for the first look and for networks that let no socket through. */
export async function fetchModule(
  platform: Platform,
  base: string,
  module: { branchId: string; moduleId: string; lang?: string },
): Promise<Map<string, JsonObject[]>> {
  const { branchId, moduleId, lang } = module
  const path = `/api/branches/${encodeURIComponent(branchId)}/modules/${encodeURIComponent(moduleId)}`
  const body = await fetchJson(platform, `${base}${path}${lang === undefined ? '' : `?lang=${lang}`}`)
  const { tables } = body
  if (tables === undefined || !isJsonObject(tables)) throw new StoreError('offline', 'The answer has no tables.')
  return new Map(Object.entries(tables).map(([name, rows]) => [name, toRows(rows)]))
}

/** The schema of a module: the object with its `tables`. */
export async function fetchSchema(
  platform: Platform,
  base: string,
  branchId: string,
  moduleId: string,
): Promise<JsonObject> {
  const query = `branch=${encodeURIComponent(branchId)}&module=${encodeURIComponent(moduleId)}`
  const { modules } = await fetchJson(platform, `${base}/api/schema?${query}`)
  const module = isJsonObject(modules!) ? modules[moduleId] : undefined
  const schema = module !== undefined && isJsonObject(module) ? module.schema : undefined
  if (schema !== undefined && isJsonObject(schema)) {
    const inner = schema.schema
    return schema.tables === undefined && inner !== undefined && isJsonObject(inner) ? inner : schema
  }
  throw new StoreError('schema-not-found', `The server has no schema for ${moduleId}.`)
}

async function fetchJson(platform: Platform, url: string): Promise<JsonObject> {
  let response: Response
  try {
    response = await platform.fetch(url)
  } catch (error) {
    throw new StoreError('offline', `The server cannot be reached: ${String(error)}`)
  }
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok && isJsonObject(body)) return body
  const message = isJsonObject(body) && typeof body.message === 'string' ? body.message : `HTTP ${response.status}`
  throw new StoreError(response.status === 404 ? 'not-found' : 'offline', message)
}

/** A list, a list under `rows`, or the one object of a table that is no list. */
function toRows(rows: JsonValue): JsonObject[] {
  if (Array.isArray(rows)) return rows.filter(isJsonObject)
  if (!isJsonObject(rows)) return []
  return Array.isArray(rows.rows) ? rows.rows.filter(isJsonObject) : [rows]
}
