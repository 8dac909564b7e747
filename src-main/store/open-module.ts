import type { JsonObject } from '../../src-shared/json.ts'
import { isoTime } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { CHAIN_START } from './events/event-line.ts'
import { ModuleState } from './module-state.ts'
import { applyMigration } from './schema/apply-migration.ts'
import type { MigrationPlan, ModuleDefinition, TableDefinition } from './schema/definition.ts'
import { parseSchema } from './schema/parse-schema.ts'
import { planMigration } from './schema/plan-migration.ts'
import { createModuleTables } from './sqlite/branch-tables.ts'
import type { SqliteConnection } from './sqlite/connection.ts'
import { ModuleRows } from './sqlite/module-rows.ts'

export interface ModuleSource {
  moduleId: string
  schema: JsonObject
  objects: string[]
  secretFields: Record<string, string[]>
  /** Primary keys that win over the schema's. */
  keys?: Record<string, string[]>
}

export interface OpenedModule {
  state: ModuleState
  /** Set when the file asks for dangerous changes: the module runs on the schema last applied until they are forced. */
  pending: MigrationPlan | null
  isNew: boolean
}

/** Reads a module's schema file, brings its tables up to it, and loads the end of its log. */
export function openModule(
  connection: SqliteConnection,
  branchId: string,
  source: ModuleSource,
  options: { today: string; nowMs: number; log: Log; force?: boolean },
): OpenedModule {
  const { moduleId } = source
  const rows = new ModuleRows(connection)
  const next = parseModule(source, source.schema)
  const stored = rows.find(moduleId)
  const applied = stored && parseModule(source, JSON.parse(stored.definition) as JsonObject)
  const plan = planMigration(applied, next)
  const isRefused = plan.isDangerous && !options.force && applied !== undefined
  if (!isRefused && (plan.steps.length > 0 || !stored || stored.definition !== JSON.stringify(source.schema))) {
    connection.transaction(() => {
      createModuleTables(connection, moduleId)
      applyMigration(connection, moduleId, plan, next, options.nowMs)
      if (stored) rows.saveDefinition(moduleId, JSON.stringify(source.schema))
      else rows.add(moduleId, JSON.stringify(source.schema), CHAIN_START, options.today, isoTime(options.nowMs))
    })
  }
  const definition = isRefused ? applied : next
  if (isRefused) options.log.warn('migration-pending', { branchId, moduleId, steps: plan.steps.length })
  const state = new ModuleState(connection, branchId, definition, rows.find(moduleId)!.row)
  return { state, pending: isRefused ? plan : null, isNew: stored === undefined }
}

export function parseModule(source: ModuleSource, schema: JsonObject): ModuleDefinition {
  const { moduleId, objects, secretFields, keys } = source
  const definition = parseSchema(schema, { moduleId, objects, secretFields })
  if (!keys || Object.keys(keys).length === 0) return definition
  const tables = new Map(definition.tables)
  for (const [name, primaryKey] of Object.entries(keys)) {
    const table = tables.get(name)
    if (table && primaryKey.every((field) => table.fieldByName.has(field))) tables.set(name, withKey(table, primaryKey))
  }
  return { ...definition, tables }
}

function withKey(table: TableDefinition, primaryKey: string[]): TableDefinition {
  const fields = table.fields.map((field) => ({ ...field, primaryKey: primaryKey.includes(field.name) }))
  const byName = new Map(fields.map((field) => [field.name, field]))
  const again = (list: TableDefinition['fields']): TableDefinition['fields'] =>
    list.map((field) => byName.get(field.name)!)
  return {
    ...table,
    fields,
    fieldByName: byName,
    decimalFields: again(table.decimalFields),
    secretFields: again(table.secretFields),
    primaryKey,
  }
}
