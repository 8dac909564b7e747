import type { FieldDefinition, ModuleDefinition, TableDefinition } from '../../store/schema/definition.ts'

/**
 * The tables of modules in the words of a database client. It describes the schema, not the files: how records are laid
 * out in SQLite is nobody's business outside the store.
 */
export function describeDatabase(modules: readonly ModuleDefinition[]): object {
  const tables = modules.flatMap((module) => [...module.tables.values()].map((table) => describeTable(module, table)))
  return {
    tables,
    triggers: [],
    indexes: tables.flatMap(({ name, indexes }) => indexes.map((index) => ({ ...index, tableName: name }))),
    functions: [],
    procedures: [],
    columnsByTable: Object.fromEntries(tables.map(({ name, columns }) => [name, columns])),
  }
}

function describeTable(module: ModuleDefinition, table: TableDefinition) {
  const columns = table.fields.map((field, id) => ({
    id,
    name: field.name,
    type: sqlType(field),
    notNull: field.required,
    defaultValue: field.defaultValue ?? null,
    primaryKey: field.primaryKey,
  }))
  const fieldIndexes = table.fields
    .filter((field) => field.index || field.unique)
    .map((field) => ({ name: `${table.name}_${field.columnName}`, unique: field.unique, origin: 'c', partial: false }))
  const indexes = table.indexes.map(({ name, unique }) => ({ name, unique, origin: 'c', partial: false }))
  return {
    name: table.name,
    type: 'table',
    tableName: table.name,
    moduleId: module.moduleId,
    createStatement: createStatement(table),
    columns,
    indexes: [...fieldIndexes, ...indexes],
  }
}

function createStatement(table: TableDefinition): string {
  const columns = table.fields.map((field) => `  "${field.name}" ${sqlType(field)}${field.required ? ' NOT NULL' : ''}`)
  const key = `  PRIMARY KEY (${table.primaryKey.map((name) => `"${name}"`).join(', ')})`
  return `CREATE TABLE "${table.name}" (\n${[...columns, key].join(',\n')}\n)`
}

function sqlType(field: FieldDefinition): string {
  return field.type === 'decimal' ? `DECIMAL(${field.precision},${field.scale})` : field.type.toUpperCase()
}
