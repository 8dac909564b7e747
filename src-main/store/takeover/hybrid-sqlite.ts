import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import { type ForeignDatabase, openForeignDatabase } from '../sqlite/foreign.ts'
import { parseJson } from './json-files.ts'
import { parseTime } from './record-merge.ts'
import type { TakeoverReport } from './types.ts'

const FILE = 'hybrid-store.sqlite'
const TABLES = ['order_header', 'order_line', 'order_payment', 'pos_shift'] as const

/** One row of the field's only database; branch and module ids as written there, that is in lower case. */
export interface HybridRow {
  item: string
  table: string
  branchId: string
  moduleId: string
  record: JsonObject
  updatedAt: number | undefined
}

/** The rows of hybrid-store.sqlite, read from a copy. What cannot be read is reported and left out. */
export function readHybridRows(root: string, report: TakeoverReport): HybridRow[] {
  const path = join(root, FILE)
  if (!existsSync(path)) return []
  let database: ForeignDatabase
  try {
    database = openForeignDatabase(path)
  } catch {
    report.refuse(FILE, 'not a readable SQLite database')
    return []
  }
  try {
    const present = new Set(database.tableNames())
    return TABLES.filter((table) => present.has(table)).flatMap((table) => readTable(database, table, report))
  } catch {
    report.refuse(FILE, 'the list of tables cannot be read')
    return []
  } finally {
    database.close()
  }
}

function readTable(database: ForeignDatabase, table: string, report: TakeoverReport): HybridRow[] {
  const rows: HybridRow[] = []
  try {
    for (const row of database.readRows(table)) {
      const branchId = String(row.branch_id ?? '')
      const moduleId = String(row.module_id ?? '')
      const item = `${FILE}/${table}/${branchId}/${String(row.id ?? '')}`
      const payload = typeof row.payload === 'string' ? parseJson(row.payload) : undefined
      if (!isJsonObject(payload)) report.refuse(item, 'the payload is not a JSON object')
      else {
        const record = { ...payload, ...withoutKey(payload, row.id) }
        const updatedAt = typeof row.updated_at === 'string' ? parseTime(row.updated_at) : undefined
        rows.push({ item, table, branchId, moduleId, record, updatedAt })
      }
    }
  } catch {
    report.refuse(`${FILE}/${table}`, `the table is damaged after ${rows.length} readable rows`)
  }
  return rows
}

/** The id of the row's column, when the payload has none. */
function withoutKey(payload: JsonObject, id: unknown): JsonObject {
  const hasId = payload.id !== undefined && payload.id !== null && payload.id !== ''
  return hasId || typeof id !== 'string' ? {} : { id }
}
