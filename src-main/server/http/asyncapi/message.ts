import { z } from 'zod'
import type { JsonObject, JsonValue } from '../../../../src-shared/json.ts'

/** A frame as the AsyncAPI document tells of it. */
export interface MessageDoc {
  /** Key in the document, such as `clientPublish`. */
  name: string
  title: string
  /** Who speaks it: clients of protocol 1, of protocol 2, or of the pub/sub dialect. */
  dialects: readonly Dialect[]
  payload: z.ZodType
  examples: readonly JsonObject[]
}

export type Dialect = 'protocol 1' | 'protocol 2' | 'pub/sub'

type OptionalKeys<Frame> = { [Key in keyof Frame]-?: object extends Pick<Frame, Key> ? Key : never }[keyof Frame]

/** One shape for each field of a frame's type, optional where the type says so. */
type FieldsOf<Frame> = {
  [Key in keyof Frame]-?: Key extends OptionalKeys<Frame>
    ? z.ZodOptional<z.ZodType<Exclude<Frame[Key], undefined>>>
    : z.ZodType<Frame[Key]>
}

/**
 * The shape of a frame, written beside its TypeScript type: a field that is added there, or changes, does not compile
 * until it is described here.
 */
export function shapeOf<Frame>() {
  return <Fields extends FieldsOf<Frame>>(fields: Fields & Record<Exclude<keyof Fields, keyof Frame>, never>) =>
    z.object(fields as Fields)
}

/** Any JSON object. */
export const jsonObject = z.looseObject({}) as unknown as z.ZodType<JsonObject>
/** Any JSON value. */
export const jsonValue = z.unknown() as unknown as z.ZodType<JsonValue>

export const record = jsonObject.meta({
  id: 'Record',
  description: 'One record of a table; components.schemas["{module}.{table}"] of /api/openapi.json has its fields',
}) as z.ZodType<JsonObject>

export const requestId = z.string().meta({ description: 'Echoed by every answer to the request' }).optional()

export const position = z
  .object({ epoch: z.int().nonnegative(), seq: z.int().nonnegative() })
  .meta({ id: 'Position', description: 'A place in the event log of a module' })

export const positions = z.record(z.string(), position).meta({ description: 'By module id' })
