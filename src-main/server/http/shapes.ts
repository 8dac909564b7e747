import { z } from 'zod'

/** Shapes that several routes share, for validation and for the OpenAPI document. */
export const recordShape = z
  .looseObject({})
  .meta({ id: 'Record', description: 'One record of a table, see the schema of its module' })

export const recordRefShape = z
  .object({
    table: z.string(),
    key: z.string().describe('Primary key values joined by "::"'),
    primaryKey: z.record(z.string(), z.unknown()),
    id: z.unknown().optional(),
  })
  .meta({ id: 'RecordRef' })

export const metaShape = z.looseObject({}).describe('Echoed as meta.clientMeta of ack and event')

export const ackShape = z
  .looseObject({
    type: z.literal('server:ack'),
    action: z.string(),
    branchId: z.string(),
    moduleId: z.string(),
    table: z.string(),
    version: z.int(),
    epoch: z.int(),
    sequence: z.int().describe('Position of the event in the log of the module'),
    eventId: z.string().nullable(),
    recordRef: recordRefShape,
    created: z.boolean(),
  })
  .meta({ id: 'Ack' })

export const noticeShape = z
  .looseObject({ action: z.string(), recordRef: recordRefShape, eventId: z.string().nullable(), sequence: z.int() })
  .meta({ id: 'Notice' })

export const eventShape = z
  .looseObject({ type: z.literal('server:event'), eventId: z.string(), sequence: z.int(), action: z.string() })
  .meta({ id: 'Event' })

export const snapshotShape = z
  .object({
    moduleId: z.string(),
    branchId: z.string(),
    version: z.int(),
    tables: z.record(z.string(), z.union([z.array(recordShape), recordShape])),
    meta: z.looseObject({
      lastUpdatedAt: z.string().nullable(),
      counter: z.int(),
      labCounter: z.int(),
      epoch: z.int(),
    }),
  })
  .meta({ id: 'ModuleSnapshot' })

/** A whole number in a query; anything else counts as not given, as field clients expect. */
export const wholeNumber = z
  .string()
  .optional()
  .transform((text) => (text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined))
  .meta({ type: 'integer' })

/** `1`, `true`, `yes`, `on` and an empty parameter are true. */
export const flag = z
  .string()
  .optional()
  .transform((text) => (text === undefined ? undefined : ['', '1', 'true', 'yes', 'on'].includes(text.toLowerCase())))
  .meta({ type: 'boolean' })

/** `a,b` -> ['a', 'b']; not given -> []. */
export const nameList = z
  .string()
  .optional()
  .transform((text) => (text ?? '').split(',').flatMap((name) => name.trim() || []))
  .meta({ type: 'string', description: 'Names separated by commas; may be repeated' })
