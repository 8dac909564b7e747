import type { JsonObject } from '../../../src-shared/json.ts'
import type { SqliteConnection } from '../sqlite/connection.ts'
import { quoteName, recordTableName } from '../sqlite/identifiers.ts'
import { addCompoundIndex, addField, createRecordTable, dropFieldIndex } from '../sqlite/record-ddl.ts'
import { RecordTable } from '../sqlite/record-table.ts'
import { decimalColumns } from './coerce.ts'
import type { MigrationPlan, MigrationStep, ModuleDefinition, TableDefinition } from './definition.ts'

/**
 * Carries a plan out inside the running transaction. Tables and fields that disappear from a schema keep their records
 * on disk (the table is renamed aside, the field stays in the document): a schema edit is never the way to lose data.
 */
export function applyMigration(
  connection: SqliteConnection,
  moduleId: string,
  plan: MigrationPlan,
  next: ModuleDefinition,
  nowMs: number,
): void {
  const refilled = new Set<string>()
  for (const step of plan.steps) {
    const table = next.tables.get(step.table)
    if (step.kind === 'drop-table') setAside(connection, moduleId, step.table, nowMs)
    else if (table) {
      applyStep(connection, moduleId, table, step)
      if (step.kind !== 'create-table' && table.decimalFields.length > 0) refilled.add(table.name)
    }
  }
  for (const name of refilled) refillDecimals(connection, moduleId, next.tables.get(name)!)
}

function setAside(connection: SqliteConnection, moduleId: string, table: string, nowMs: number): void {
  const name = recordTableName(moduleId, table)
  connection.exec(`ALTER TABLE ${quoteName(name)} RENAME TO ${quoteName(`${name}//dropped-${nowMs}`)}`)
}

function applyStep(connection: SqliteConnection, moduleId: string, table: TableDefinition, step: MigrationStep): void {
  if (step.kind === 'create-table') {
    createRecordTable(connection, moduleId, table)
    return
  }
  if (step.kind === 'drop-index') {
    if (step.field !== undefined) dropFieldIndex(connection, moduleId, table.name, step.field)
    return
  }
  const field = step.field === undefined ? undefined : table.fieldByName.get(step.field)
  if (field) addField(connection, moduleId, table, field)
  else if (step.kind === 'add-index') {
    for (const index of table.indexes) {
      addCompoundIndex(connection, moduleId, table, index.name, index.fields, index.unique)
    }
  }
}

/** Writes the scaled columns (and the check values that cover them) of every record anew. */
function refillDecimals(connection: SqliteConnection, moduleId: string, table: TableDefinition): void {
  const records = new RecordTable(connection, moduleId, table)
  for (const batch of records.batches(1000)) {
    for (const row of batch) {
      records.update(row.n, { ...row, decimals: decimalColumns(table, JSON.parse(row.doc) as JsonObject) })
    }
  }
}
