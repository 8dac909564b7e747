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

/** Column names first, then aliases: a canonical name always keeps its meaning. */
function addSpellings(
  table: TableDefinition,
  slots: Map<string, KeySlot>,
  fields: CompiledField[],
  secretKeys: Set<string>,
): void {
  const compiledByName = new Map(fields.map((field) => [field.name, field]))
  const longest = Math.max(0, ...table.fields.map((field) => field.aliases.length))
  for (let rank = 1; rank <= longest + 1; rank++) {
    for (const definition of table.fields) {
      const spelling = rank === 1 ? definition.columnName : definition.aliases[rank - 2]
      if (spelling === undefined) continue
      const field = compiledByName.get(definition.name)
      const [key, ...path] = spelling.split('.')
      const slot = slots.get(rank === 1 ? spelling : key!)
      if (rank > 1 && path.length > 0) {
        if (field) addNested(slots, key!, slot, { field, path, text: spelling, rank })
      } else if (slot === undefined || (slot.field === undefined && slot.serverField === undefined)) {
        const meaning = field ? { field, rank } : { serverField: definition.name, rank }
        slots.set(spelling, slot?.nested ? { ...meaning, nested: slot.nested } : meaning)
        if (definition.secret) secretKeys.add(spelling)
      }
    }
  }
}

function addNested(slots: Map<string, KeySlot>, key: string, slot: KeySlot | undefined, alias: NestedAlias): void {
  if (slot === undefined) slots.set(key, { rank: alias.rank, nested: [alias] })
  else if (slot.nested) slot.nested.push(alias)
  else slot.nested = [alias]
}
