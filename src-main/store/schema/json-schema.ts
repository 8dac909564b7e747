import type { JsonObject, JsonValue } from '../../../src-shared/json.ts'
import { copyJson } from '../../lib/json-text.ts'
import type { FieldDefinition, TableDefinition } from './definition.ts'

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'
/** What every record has beside the fields of its schema. */
const SERVER_SCHEMAS: Record<string, JsonObject> = {
  createdAt: { type: 'string', format: 'date-time', readOnly: true },
  updatedAt: { type: 'string', format: 'date-time', readOnly: true },
  branchId: { type: 'string', readOnly: true },
  version: { type: 'integer', minimum: 1 },
}

/**
 * JSON Schema (2020-12) of a table's records as readers get them; for OpenAPI and the console's editors. Secret fields
 * are not in it. Writers may send more: aliases, safe conversions, and no fields that the store sets.
 */
export function toJsonSchema(table: TableDefinition): JsonObject {
  const properties = new Map<string, JsonObject>()
  for (const field of table.fields) {
    if (!field.secret) properties.set(field.name, fieldSchema(field))
  }
  for (const [name, schema] of Object.entries(SERVER_SCHEMAS)) properties.set(name, { ...schema })
  const required = table.fields.filter((field) => (field.required || field.primaryKey) && !field.secret)
  return {
    $schema: DIALECT,
    title: table.name,
    description: table.label,
    type: 'object',
    properties: Object.fromEntries(properties),
    required: required.map((field) => field.name),
    additionalProperties: table.additionalFields,
  }
}

function fieldSchema(field: FieldDefinition): JsonObject {
  const schema = typeSchema(field)
  const isNullable = !field.required && !field.primaryKey
  if (isNullable && typeof schema.type === 'string') schema.type = [schema.type, 'null']
  if (isNullable && Array.isArray(schema.oneOf)) schema.oneOf = [...schema.oneOf, { type: 'null' }]
  if (field.values) schema.enum = isNullable ? [...field.values, null] : [...field.values]
  if (field.defaultValue !== undefined) schema.default = copyJson(field.defaultValue)
  if (field.references) schema.description = `Refers to ${field.references.table}.`
  return schema
}

function typeSchema(field: FieldDefinition): JsonObject {
  switch (field.type) {
    case 'text':
      return field.maxLength === undefined ? { type: 'string' } : { type: 'string', maxLength: field.maxLength }
    case 'integer':
      return { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
    case 'decimal':
      return decimalSchema(field)
    case 'boolean':
      return { type: 'boolean' }
    case 'timestamp':
    case 'datetime':
      return { type: 'string', format: 'date-time' }
    case 'date':
      return { type: 'string', format: 'date' }
    case 'uuid':
      return { type: 'string', format: 'uuid' }
    case 'json':
      return jsonShape(field.shape)
  }
}

/**
 * A decimal text is limited by its pattern, a number by its size. The digits after the point are `x-scale`: validators
 * compute `multipleOf` in binary fractions and refuse values such as 286.07.
 */
function decimalSchema({ precision, scale, decimalForm }: FieldDefinition): JsonObject {
  const whole = precision - scale
  if (decimalForm === 'text') {
    const integer = whole === 0 ? '0' : `\\d{1,${whole}}`
    return { type: 'string', pattern: scale === 0 ? `^-?${integer}$` : `^-?${integer}(?:\\.\\d{1,${scale}})?$` }
  }
  const limit = Number(`1e${whole}`)
  return { type: 'number', exclusiveMinimum: -limit, exclusiveMaximum: limit, 'x-scale': scale }
}

function jsonShape(shape: FieldDefinition['shape']): JsonObject {
  if (shape === undefined) return {}
  const other: JsonValue =
    shape === 'discount'
      ? {
          type: 'object',
          properties: { type: { type: 'string' }, value: { type: ['number', 'string'] } },
          required: ['type', 'value'],
        }
      : { type: 'array' }
  return { oneOf: [{ type: shape === 'discount' ? 'number' : 'string' }, other] }
}
