import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '../../src-shared/json.ts'

/** What a field schema says of a field; the marks of our own schemas are left out. */
const FIELD_MARKS = [
  'name',
  'columnName',
  'type',
  'nullable',
  'primaryKey',
  'unique',
  'index',
  'maxLength',
  'precision',
  'scale',
  'defaultValue',
  'references',
] as const

/**
 * The POS schema as the field has it: `schema.tables[]` with layout marks, no aliases, no required fields, no order
 * number, and joins that are keyed by one column only.
 */
export function fieldPosSchema(): JsonObject {
  const ours = JSON.parse(readFileSync(join(import.meta.dirname, '../../data/schemas/pos_schema.json'), 'utf8'))
  const tables = (ours as { schema: { tables: JsonObject[] } }).schema.tables.map((table, index) => ({
    name: table.name!,
    label: table.label!,
    comment: '',
    sqlName: table.sqlName!,
    layout: { x: (index % 6) * 320, y: Math.floor(index / 6) * 480 },
    classCode: 'default',
    fields: (table.fields as JsonObject[])
      .filter((field) => field.name !== 'orderNumber')
      .map((field) => fieldOf(table, field)),
    indexes: [],
  }))
  return {
    name: 'pos',
    title: 'pos',
    description: '',
    schema: { name: 'mishkah_pos', version: 1, tables },
    layout: {},
    canvas: { width: 2400, height: 4800 },
    classes: [],
  }
}

const ONE_COLUMN_KEYS: Record<string, string> = {
  category_sections: 'categoryId',
  menu_item_modifier: 'itemId',
  reservation_table: 'reservationId',
}

function fieldOf(table: JsonObject, field: JsonObject): JsonObject {
  const kept: JsonObject = { comment: '', notes: '' }
  for (const mark of FIELD_MARKS) if (field[mark] !== undefined) kept[mark] = field[mark]
  const key = ONE_COLUMN_KEYS[String(table.name)]
  if (key !== undefined) kept.primaryKey = field.name === key
  if (isJsonObject(kept.references)) kept.references = { ...kept.references, onDelete: 'CASCADE', onUpdate: 'CASCADE' }
  return kept
}

/** The form of the migration guide: `tables: {name: {fields: {name: {...}}}}`. */
export const tasksSchema: JsonObject = {
  version: 1,
  moduleId: 'tasks',
  tables: {
    todo: {
      fields: {
        id: { type: 'text', primaryKey: true },
        title: { type: 'text' },
        amount: { type: 'decimal' },
        createdAt: { type: 'timestamp' },
        version: { type: 'integer' },
      },
    },
    todo_tag: { fields: { tag: { type: 'text', primaryKey: true }, color: { type: 'text' } } },
  },
}

/** The form of the field's business modules: `tables[].columns[]` with SQL types. */
export const erpSchema: JsonObject = {
  version: '1.0',
  description: 'Purchasing',
  tables: [
    {
      name: 'suppliers',
      description: 'Who we buy from',
      columns: [
        { name: 'supplier_id', type: 'NVARCHAR(60)', primaryKey: true },
        { name: 'supplier_name', type: 'NVARCHAR(200)' },
        { name: 'credit_limit', type: 'DECIMAL(18,4)' },
      ],
      indexes: [{ name: 'ix_suppliers_name', columns: ['supplier_name'] }],
    },
    {
      name: 'purchase_lines',
      columns: [
        { name: 'purchase_id', type: 'NVARCHAR(60)', primaryKey: true },
        { name: 'line_no', type: 'INT', primaryKey: true },
        { name: 'quantity', type: 'DECIMAL(18,3)' },
      ],
    },
  ],
}
