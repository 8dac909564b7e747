import { z } from 'zod'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src-shared/json.ts'

export interface SchemaDialect {
  io: 'input' | 'output'
  /** OpenAPI 3.1 speaks 2020-12, AsyncAPI 3 draft 7. */
  target: 'draft-2020-12' | 'draft-7'
}

const DEFAULT_DIALECT: SchemaDialect = { io: 'output', target: 'draft-2020-12' }

/**
 * JSON Schema of a zod schema for a document with `components.schemas`: parts with an `id` are added to `components`, and
 * referred to.
 */
export function schemaOf(schema: z.ZodType, components: JsonObject, dialect: Partial<SchemaDialect> = {}): JsonObject {
  const { $schema: _dialect, $defs, definitions, ...root } = toSchema(schema, dialect)
  for (const defined of [$defs, definitions]) {
    if (!isJsonObject(defined!)) continue
    for (const [name, part] of Object.entries(defined)) components[name] = toComponents(part)
  }
  const { id } = root
  const result = toComponents(root) as JsonObject
  if (typeof id !== 'string') return result
  components[id] = result
  return { $ref: `#/components/schemas/${id}` }
}

/** The same as one schema that holds its parts itself. */
export function toSchema(schema: z.ZodType, dialect: Partial<SchemaDialect> = {}): JsonObject {
  const options = { ...DEFAULT_DIALECT, ...dialect, unrepresentable: 'any' } as const
  return z.toJSONSchema(schema, options) as unknown as JsonObject
}

function toComponents(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(toComponents)
  if (!isJsonObject(value)) return value
  const copy: JsonObject = {}
  for (const [name, item] of Object.entries(value)) {
    if (name === 'id' && typeof item === 'string') continue
    copy[name] =
      name === '$ref' && typeof item === 'string'
        ? item.replace(/^#\/(\$defs|definitions)\//, '#/components/schemas/')
        : toComponents(item)
  }
  return copy
}
