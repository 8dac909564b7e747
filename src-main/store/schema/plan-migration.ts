import type { JsonValue } from '../../../src-shared/json.ts'
import { isSameJson } from '../../lib/json-text.ts'
import type {
  FieldDefinition,
  FieldType,
  MigrationPlan,
  MigrationStep,
  ModuleDefinition,
  TableDefinition,
} from './definition.ts'

/** Types whose stored values all fit another type as they are. */
const WIDENS_TO: Record<FieldType, FieldType[]> = {
  text: ['json'],
  integer: ['decimal', 'text', 'json'],
  decimal: ['text', 'json'],
  boolean: ['text', 'json'],
  json: [],
  timestamp: ['datetime', 'text', 'json'],
  datetime: ['timestamp', 'text', 'json'],
  date: ['timestamp', 'datetime', 'text', 'json'],
  uuid: ['text', 'json'],
}

/**
 * The steps from the schema that a branch has to the next one, in the order in which they can be applied: tables and
 * fields go first, indexes of what goes before them; then what changes, then what is new. A renamed field is one that
 * goes and one that comes. Labels, aliases, defaults and snapshot rules change without a step.
 *
 * A step is dangerous when it loses stored values (dropped tables and fields, a type, scale or precision that holds
 * less, another key) or when stored records may not fit it (a new unique index, a field that becomes required, a
 * smaller maxLength, fewer allowed values).
 */
export function planMigration(applied: ModuleDefinition | undefined, next: ModuleDefinition): MigrationPlan {
  const steps: MigrationStep[] = []
  for (const table of applied?.tables.values() ?? []) {
    if (!next.tables.has(table.name)) {
      steps.push(step('drop-table', table.name, true, `Table ${table.name} and all of its records are removed.`))
    }
  }
  for (const table of next.tables.values()) {
    const before = applied?.tables.get(table.name)
    if (before) steps.push(...planTable(before, table))
    else steps.push(step('create-table', table.name, false, `Table ${table.name} is new.`))
  }
  return {
    fromVersion: applied?.version ?? null,
    toVersion: next.version,
    steps,
    isDangerous: steps.some((each) => each.isDangerous),
  }
}

function step(
  kind: MigrationStep['kind'],
  table: string,
  isDangerous: boolean,
  message: string,
  field?: string,
): MigrationStep {
  return field === undefined ? { kind, table, isDangerous, message } : { kind, table, field, isDangerous, message }
}

function planTable(before: TableDefinition, after: TableDefinition): MigrationStep[] {
  const { name } = after
  const steps: MigrationStep[] = []
  if (!isSameJson(before.primaryKey, after.primaryKey) || before.isSingleton !== after.isSingleton) {
    const key = after.isSingleton ? 'one object' : after.primaryKey.join(' and ')
    steps.push(step('change-key', name, true, `The key of ${name} becomes ${key}: records get other ids or collide.`))
  }
  const oldIndexes = listIndexes(before)
  const newIndexes = listIndexes(after)
  for (const [id, index] of oldIndexes) {
    if (!newIndexes.has(id)) steps.push(step('drop-index', name, false, `${index.label} of ${name} goes.`, index.field))
  }
  for (const field of before.fields) {
    if (after.fieldByName.has(field.name)) continue
    const message = `Field ${name}.${field.name} goes: its values are no longer checked, indexed or found.`
    steps.push(step('drop-field', name, true, message, field.name))
  }
  for (const field of after.fields) {
    const old = before.fieldByName.get(field.name)
    if (old) steps.push(...planField(name, old, field))
    else steps.push(addField(name, field))
  }
  for (const [id, index] of newIndexes) {
    if (oldIndexes.has(id)) continue
    const isNew = index.fields.every((field) => !before.fieldByName.has(field))
    const isDangerous = index.unique && !isNew
    const warning = isDangerous ? ' Stored records with equal values refuse it.' : ''
    steps.push(step('add-index', name, isDangerous, `${index.label} of ${name} is new.${warning}`, index.field))
  }
  return steps
}

function addField(table: string, field: FieldDefinition): MigrationStep {
  const warning = field.required ? ' Stored records lack it and cannot be changed without giving it a value.' : ''
  return step('add-field', table, field.required, `Field ${table}.${field.name} is new.${warning}`, field.name)
}

interface PlannedIndex {
  fields: string[]
  unique: boolean
  label: string
  /** For an index of one field that the field itself asks for. */
  field?: string
}

/** Declared indexes and those that fields ask for, by what makes two of them the same. */
function listIndexes(table: TableDefinition): Map<string, PlannedIndex> {
  const indexes = new Map<string, PlannedIndex>()
  for (const { name, index, unique } of table.fields) {
    if (!unique && !index) continue
    const label = unique ? `The unique index on ${name}` : `The index on ${name}`
    indexes.set(`field:${name}:${unique}`, { fields: [name], unique, label, field: name })
  }
  for (const { name, fields, unique } of table.indexes) {
    const label = `The ${unique ? 'unique ' : ''}index ${name} (${fields.join(', ')})`
    indexes.set(`index:${name}:${fields.join(',')}:${unique}`, { fields, unique, label })
  }
  return indexes
}

function planField(table: string, before: FieldDefinition, after: FieldDefinition): MigrationStep[] {
  const place = `${table}.${after.name}`
  const steps: MigrationStep[] = []
  const change = (isDangerous: boolean, message: string) =>
    steps.push(step('change-field', table, isDangerous, `${place} ${message}`, after.name))
  if (before.type !== after.type) {
    const isLossy = !WIDENS_TO[before.type].includes(after.type)
    change(
      isLossy,
      `becomes ${after.type} instead of ${before.type}.${isLossy ? ' Values that do not fit are lost.' : ''}`,
    )
  } else if (after.type === 'decimal') {
    const digits = planDigits(table, before, after)
    if (digits) steps.push(digits)
  }
  if (!before.required && after.required) change(true, 'becomes required: records without it cannot be changed.')
  if (before.required && !after.required) change(false, 'is no longer required.')
  planLimits(before, after, change)
  if (before.columnName !== after.columnName) change(false, `has the column name ${after.columnName}.`)
  if (before.secret !== after.secret) {
    change(
      !after.secret,
      after.secret ? 'becomes secret.' : 'is no longer secret: every reader sees its stored values.',
    )
  }
  return steps
}

function planDigits(table: string, before: FieldDefinition, after: FieldDefinition): MigrationStep | undefined {
  if (
    before.scale === after.scale &&
    before.precision === after.precision &&
    before.decimalForm === after.decimalForm
  ) {
    return undefined
  }
  const isSmaller = after.scale < before.scale || after.precision - after.scale < before.precision - before.scale
  const otherForm = before.decimalForm !== after.decimalForm
  const kind = before.scale === after.scale ? 'change-field' : 'change-scale'
  const message =
    `${table}.${after.name} becomes decimal(${after.precision},${after.scale}) instead of ` +
    `(${before.precision},${before.scale}).${isSmaller ? ' Digits that do not fit are lost.' : ''}` +
    (otherForm ? ` Readers get it as a ${after.decimalForm}.` : '')
  return step(kind, table, isSmaller || otherForm, message, after.name)
}

function planLimits(
  before: FieldDefinition,
  after: FieldDefinition,
  change: (isDangerous: boolean, message: string) => void,
): void {
  const oldLength = before.maxLength ?? Number.POSITIVE_INFINITY
  const newLength = after.maxLength ?? Number.POSITIVE_INFINITY
  if (newLength < oldLength)
    change(true, `holds ${newLength} characters at most: longer values cannot be written again.`)
  if (newLength > oldLength)
    change(false, after.maxLength ? `holds up to ${newLength} characters.` : 'has no maximum length.')
  if (isSameJson(before.values ?? null, after.values ?? null)) return
  const isNarrower = after.values !== undefined && !contains(after.values, before.values)
  change(isNarrower, `allows ${after.values ? `only ${JSON.stringify(after.values)}` : 'any value'}.`)
}

function contains(values: JsonValue[], some: JsonValue[] | undefined): boolean {
  return some?.every((value) => values.some((other) => isSameJson(value, other))) ?? false
}
