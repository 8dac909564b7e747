import type { FieldDefinition, TableDefinition } from '../schema/definition.ts'
import type { SqliteConnection } from './connection.ts'
import {
  decimalColumnName,
  fieldColumnName,
  fieldExpression,
  indexName,
  quoteName,
  recordTableName,
} from './identifiers.ts'

/**
 * A record table. `n` is the order of creation on this server and the key of every page; `seq` the position of the last
 * change; `born` the position of the insert; `doc` the record as JSON, serialized once at its write; `checksum` a CRC-32
 * over everything above it, since SQLite's own check sees only a part of flipped bits.
 *
 * A field that the schema wants indexed gets a virtual column over the document; others are read by the same
 * expression where a query names them (a column for each field cost a fifth of a write). A decimal field gets a
 * real INTEGER column scaled by 10^scale, since a column computed from JSON would read it as a binary float.
 */
export function createRecordTable(connection: SqliteConnection, moduleId: string, table: TableDefinition): void {
  const name = recordTableName(moduleId, table.name)
  const quoted = quoteName(name)
  const columns = [
    ...table.decimalFields.map((field) => `${quoteName(decimalColumnName(field.name))} INTEGER`),
    ...table.fields.filter((field) => needsColumn(table, field)).map(virtualColumn),
  ]
  connection.exec(`
CREATE TABLE ${quoted} (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, born INTEGER NOT NULL, version INTEGER NOT NULL,
  created_at TEXT NOT NULL, updated_at TEXT NOT NULL, doc TEXT NOT NULL, checksum INTEGER NOT NULL${columns.map((column) => `, ${column}`).join('')});
CREATE INDEX ${quoteName(indexName(name, '.seq'))} ON ${quoted} (seq);
CREATE INDEX ${quoteName(indexName(name, '.created'))} ON ${quoted} (created_at);
CREATE INDEX ${quoteName(indexName(name, '.updated'))} ON ${quoted} (updated_at);`)
  for (const field of table.fields) if (field.index || field.unique) addFieldIndex(connection, moduleId, table, field)
  for (const index of table.indexes)
    addCompoundIndex(connection, moduleId, table, index.name, index.fields, index.unique)
}

/** Indexed by the schema and no decimal; a single-field primary key is the table's own `id`. */
export function needsColumn(table: TableDefinition, field: FieldDefinition): boolean {
  if (field.type === 'decimal' || isOwnKey(table, field)) return false
  return field.index || field.unique
}

function isOwnKey(table: TableDefinition, field: FieldDefinition): boolean {
  return table.primaryKey.length === 1 && field.primaryKey
}

function virtualColumn(field: FieldDefinition): string {
  return `${quoteName(fieldColumnName(field.name))} ${affinity(field)} GENERATED ALWAYS AS ${fieldExpression(field.name)} VIRTUAL`
}

/** Adds what a field needs beyond the document: its scaled column, its virtual column, its index. Rows are not rewritten. */
export function addField(
  connection: SqliteConnection,
  moduleId: string,
  table: TableDefinition,
  field: FieldDefinition,
): void {
  const name = recordTableName(moduleId, table.name)
  if (field.type === 'decimal' && !hasColumn(connection, name, decimalColumnName(field.name))) {
    connection.exec(`ALTER TABLE ${quoteName(name)} ADD COLUMN ${quoteName(decimalColumnName(field.name))} INTEGER`)
  }
  if (needsColumn(table, field) && !hasColumn(connection, name, fieldColumnName(field.name))) {
    connection.exec(`ALTER TABLE ${quoteName(name)} ADD COLUMN ${virtualColumn(field)}`)
  }
  if (field.index || field.unique) addFieldIndex(connection, moduleId, table, field)
}

function addFieldIndex(
  connection: SqliteConnection,
  moduleId: string,
  table: TableDefinition,
  field: FieldDefinition,
): void {
  if (isOwnKey(table, field)) return
  const name = recordTableName(moduleId, table.name)
  const column = field.type === 'decimal' ? decimalColumnName(field.name) : fieldColumnName(field.name)
  dropFieldIndex(connection, moduleId, table.name, field.name)
  connection.exec(
    `CREATE ${field.unique ? 'UNIQUE ' : ''}INDEX ${quoteName(indexName(name, `f.${field.name}`))} ON ${quoteName(name)} (${quoteName(column)})`,
  )
}

export function dropFieldIndex(connection: SqliteConnection, moduleId: string, table: string, field: string): void {
  connection.exec(`DROP INDEX IF EXISTS ${quoteName(indexName(recordTableName(moduleId, table), `f.${field}`))}`)
}

export function addCompoundIndex(
  connection: SqliteConnection,
  moduleId: string,
  table: TableDefinition,
  index: string,
  fields: string[],
  unique: boolean,
): void {
  const name = recordTableName(moduleId, table.name)
  const columns = fields.map((field) => columnOf(connection, name, table, field)).join(', ')
  connection.exec(
    `CREATE ${unique ? 'UNIQUE ' : ''}INDEX IF NOT EXISTS ${quoteName(indexName(name, `i.${index}`))} ON ${quoteName(name)} (${columns})`,
  )
}

function columnOf(connection: SqliteConnection, name: string, table: TableDefinition, field: string): string {
  const definition = table.fieldByName.get(field)
  if (definition?.type === 'decimal') return quoteName(decimalColumnName(field))
  return hasColumn(connection, name, fieldColumnName(field))
    ? quoteName(fieldColumnName(field))
    : fieldExpression(field)
}

function hasColumn(connection: SqliteConnection, table: string, column: string): boolean {
  // table_xinfo lists generated columns, table_info does not.
  return connection.prepare('SELECT 1 FROM pragma_table_xinfo(?) WHERE name = ?').get(table, column) !== undefined
}

function affinity(field: FieldDefinition): string {
  return field.type === 'integer' || field.type === 'boolean' ? 'INTEGER' : field.type === 'json' ? '' : 'TEXT'
}
