import type { JsonObject } from '../../../src-shared/json.ts'
import type { SqliteConnection } from '../sqlite/connection.ts'
import { quoteName, recordTableName } from '../sqlite/identifiers.ts'
import { addCompoundIndex, addField, createRecordTable, dropFieldIndex } from '../sqlite/record-ddl.ts'
import { RecordTable } from '../sqlite/record-table.ts'
import { decimalColumns } from './coerce.ts'
import type { MigrationPlan, ModuleDefinition, TableDefinition } from './definition.ts'

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
    if (step.kind === 'drop-table') {
      const name = recordTableName(moduleId, step.table)
      connection.exec(`ALTER TABLE ${quoteName(name)} RENAME TO ${quoteName(`${name}//dropped-${nowMs}`)}`)
      continue
    }
    if (!table) continue
    const field = step.field === undefined ? undefined : table.fieldByName.get(step.field)
    switch (step.kind) {
      case 'create-table':
        createRecordTable(connection, moduleId, table)
        break
      case 'add-field':
      case 'change-field':
      case 'change-scale':
      case 'change-key':
        if (field) addField(connection, moduleId, table, field)
        if (table.decimalFields.length > 0) refilled.add(table.name)
        break
      case 'add-index':
        if (field) addField(connection, moduleId, table, field)
        else
          for (const index of table.indexes)
            addCompoundIndex(connection, moduleId, table, index.name, index.fields, index.unique)
        break
      case 'drop-index':
        if (step.field !== undefined) dropFieldIndex(connection, moduleId, table.name, step.field)
        break
      default:
        break
    }
  }
  for (const name of refilled) refillDecimals(connection, moduleId, next.tables.get(name)!)
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
