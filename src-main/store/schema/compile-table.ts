import type { JsonValue } from '../../../src-shared/json.ts'
import { type Coercion, coercionOf } from './coerce-value.ts'
import type { FieldDefinition, TableDefinition } from './definition.ts'

/** Fields that the store sets; `key` only where the table does not declare a field of that name. */
export const SERVER_FIELDS = ['createdAt', 'updatedAt', 'branchId', 'version', 'key'] as const

export interface CompiledField {
  definition: FieldDefinition
  name: string
  coerce: Coercion
  isRequired: boolean
}

/** A value inside a nested object that stands for a field: `totals.due`. */
export interface NestedAlias {
  field: CompiledField
  /** Below the key of the slot: `['due']`. */
  path: string[]
  /** The alias as it is declared. */
  text: string
  rank: number
}

/** What one key of a record means. */
export interface KeySlot {
  /** Absent when the key only holds nested aliases. */
  field?: CompiledField
  /** 0 the canonical name, 1 the column name, 2 and more the aliases in their order: the lowest wins. */
  rank: number
  nested?: NestedAlias[]
  /** Canonical name of a field that the store sets. */
  serverField?: string
}

/** What the record functions need of a table, worked out once. */
export interface CompiledTable {
  slots: ReadonlyMap<string, KeySlot>
  /** Fields of the schema that a client may set. */
  fields: CompiledField[]
  required: CompiledField[]
  /** Declared defaults; lists and objects must be copied. */
  defaults: { name: string; value: JsonValue }[]
  /** Every spelling of a secret field. */
  secretKeys: string[]
}

const compiledTables = new WeakMap<TableDefinition, CompiledTable>()

/** The compiled form of a table definition, cached as long as the definition lives. */
export function compileTable(table: TableDefinition): CompiledTable {
  const known = compiledTables.get(table)
  if (known) return known
  const compiled = compile(table)
  compiledTables.set(table, compiled)
  return compiled
}

function compile(table: TableDefinition): CompiledTable {
  const serverFields = new Set<string>(SERVER_FIELDS)
  if (table.fieldByName.has('key')) serverFields.delete('key')
  const slots = new Map<string, KeySlot>()
  const fields: CompiledField[] = []
  const defaults: CompiledTable['defaults'] = []
  const secretKeys = new Set<string>()
  for (const definition of table.fields) {
    const { name } = definition
    const isServer = serverFields.has(name)
    const field: CompiledField = { definition, name, coerce: coercionOf(definition), isRequired: definition.required }
    slots.set(name, isServer ? { rank: 0, serverField: name } : { field, rank: 0 })
    if (definition.secret) secretKeys.add(name)
    if (isServer) continue
    fields.push(field)
    if (definition.defaultValue !== undefined) defaults.push({ name, value: definition.defaultValue })
  }
  for (const name of serverFields) {
    if (!slots.has(name)) slots.set(name, { rank: 0, serverField: name })
  }
  addSpellings(table, slots, fields, secretKeys)
  return { slots, fields, required: fields.filter((field) => field.isRequired), defaults, secretKeys: [...secretKeys] }
}

/** Column names first, then the first alias of every field, and so on: a canonical name always keeps its meaning. */
function addSpellings(
  table: TableDefinition,
  slots: Map<string, KeySlot>,
  fields: CompiledField[],
  secretKeys: Set<string>,
): void {
  const compiledByName = new Map(fields.map((field) => [field.name, field]))
  const spellings = table.fields.flatMap((definition) =>
    [definition.columnName, ...definition.aliases].map((spelling, index) => ({
      definition,
      spelling,
      rank: index + 1,
    })),
  )
  for (const { definition, spelling, rank } of spellings.sort((left, right) => left.rank - right.rank)) {
    const field = compiledByName.get(definition.name)
    if (rank > 1 && spelling.includes('.')) {
      if (field) addNested(slots, field, spelling, rank)
    } else if (addSpelling(slots, spelling, field ? { field, rank } : { serverField: definition.name, rank })) {
      if (definition.secret) secretKeys.add(spelling)
    }
  }
}

/** False when the spelling means something else already. */
function addSpelling(slots: Map<string, KeySlot>, spelling: string, meaning: KeySlot): boolean {
  const slot = slots.get(spelling)
  if (slot?.field !== undefined || slot?.serverField !== undefined) return false
  slots.set(spelling, slot?.nested ? { ...meaning, nested: slot.nested } : meaning)
  return true
}

function addNested(slots: Map<string, KeySlot>, field: CompiledField, text: string, rank: number): void {
  const [key, ...path] = text.split('.')
  const alias: NestedAlias = { field, path, text, rank }
  const slot = slots.get(key!)
  if (slot === undefined) slots.set(key!, { rank, nested: [alias] })
  else if (slot.nested) slot.nested.push(alias)
  else slot.nested = [alias]
}
