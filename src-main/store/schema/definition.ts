import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'

export type FieldType = 'text' | 'integer' | 'decimal' | 'boolean' | 'json' | 'timestamp' | 'date' | 'datetime' | 'uuid'

/** One field, after the three schema forms have been read into one. */
export interface FieldDefinition {
  /** The API name, camelCase in our schemas. */
  name: string
  /** The snake_case spelling, accepted on input as an alias. */
  columnName: string
  type: FieldType
  /** Decimals only: all digits, and the digits after the point. */
  precision: number
  scale: number
  /** Decimals only: a JSON number or a decimal string on the wire; a field never changes form. */
  decimalForm: 'number' | 'text'
  primaryKey: boolean
  required: boolean
  nullable: boolean
  unique: boolean
  /** True when the schema asks for an index or the field is a reference and does not say `index: false`. */
  index: boolean
  /** Absent when the schema declares no default. */
  defaultValue?: JsonValue
  maxLength?: number
  /** The only values allowed, when the schema lists them. */
  values?: JsonValue[]
  references?: { table: string; column: string }
  /** Other spellings: a field name, or a path such as `totals.due` inside a nested object. */
  aliases: string[]
  /** Never leaves the server. */
  secret: boolean
  /** json fields with a narrower meaning: a number or {type, value}; a text or a list. */
  shape?: 'discount' | 'text-or-list'
}

export interface IndexDefinition {
  name: string
  /** API field names. */
  fields: string[]
  unique: boolean
}

/** Which records of a table a snapshot holds; all of them when a table declares nothing. */
export interface SnapshotRule {
  /** Records whose `field` lies within the last `days` business days. `field` may be createdAt or updatedAt. */
  window?: { field: string; days: number }
  /** An expression (store/schema/expression.ts) that keeps a record whatever its age. */
  keep?: string
}

export interface TableDefinition {
  name: string
  label: string
  kind: 'transaction' | 'master'
  fields: FieldDefinition[]
  fieldByName: ReadonlyMap<string, FieldDefinition>
  decimalFields: FieldDefinition[]
  secretFields: FieldDefinition[]
  /** Field names, in order; a composite key joins its values with "::". */
  primaryKey: string[]
  aliases: string[]
  /** `required`: an update without a version is refused. */
  locking: 'optional' | 'required'
  snapshot: SnapshotRule
  additionalFields: boolean
  enforceReferences: boolean
  indexes: IndexDefinition[]
  /** One object instead of a list (settings, shift_settings): its only record's id is the table's name. */
  isSingleton: boolean
}

export interface ModuleDefinition {
  moduleId: string
  name: string
  version: number
  tables: ReadonlyMap<string, TableDefinition>
  /** The schema file as it was read: what GET /api/schema answers. */
  raw: JsonObject
  /** What was read in a narrower sense than it was written, one sentence each; for the console. */
  notices?: string[]
}

export interface MigrationStep {
  kind:
    | 'create-table'
    | 'drop-table'
    | 'add-field'
    | 'drop-field'
    | 'change-field'
    | 'change-scale'
    | 'change-key'
    | 'add-index'
    | 'drop-index'
  table: string
  field?: string
  /** Loses or may refuse data; applied only when asked for by name. */
  isDangerous: boolean
  /** One sentence for the console. */
  message: string
}

export interface MigrationPlan {
  fromVersion: number | null
  toVersion: number
  steps: MigrationStep[]
  isDangerous: boolean
}
