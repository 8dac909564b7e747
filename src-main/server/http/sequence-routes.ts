import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { isJsonObject, type JsonObject } from '../../../src-shared/json.ts'
import type { SequenceRule } from '../../../src-shared/protocol/management.ts'
import { uuid7 } from '../../lib/uuid7.ts'
import { confirmTyped } from './confirm.ts'
import { type Route, route } from './route.ts'
import { recordShape, wholeNumber } from './shapes.ts'

const SEQUENCES_PATH = '/api/branches/:branchId/modules/:moduleId/sequences'

const ruleShape = z
  .object({
    prefix: z.string().max(64).optional(),
    suffix: z.string().max(64).optional(),
    delimiter: z.string().max(16).optional(),
    start: z.int().min(0).optional(),
    padding: z.int().min(0).max(32).optional(),
    padChar: z.string().max(1).optional(),
    counterField: z.string().optional(),
    format: z
      .string()
      .max(200)
      .optional()
      .describe('"{prefix}-{number:05d}"; also {branch} {year} {month} {day} {shift}'),
    reset: z.enum(['never', 'daily', 'monthly', 'yearly']).optional(),
    chain: z.boolean().optional(),
  })
  .meta({ id: 'SequenceRule' })

const summaryShape = z.looseObject({ table: z.string(), field: z.string(), rule: ruleShape, last: z.int().nullable() })

const tableAndField = z.looseObject({
  table: z.string().optional(),
  tableName: z.string().optional(),
  field: z.string().optional(),
  fieldName: z.string().optional(),
})

/** A request id in the body, as field clients and the specification's metadata carry it. */
function sentRequestId(body: Record<string, unknown>): string | undefined {
  const meta = isJsonObject(body.meta) ? body.meta : {}
  const sent = body.requestId ?? meta.requestId
  return typeof sent === 'string' && sent !== '' && sent.length <= 256 ? sent : undefined
}

/** Document numbers: handing them out, and the rules and ledgers behind them. */
export const sequenceRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: SEQUENCES_PATH,
    tag: 'Sequences',
    permission: 'table',
    summary: 'Take the next number of a sequence; it is never handed out again',
    body: tableAndField.extend({ record: recordShape.optional() }),
    answers: {
      200: {
        description: 'The number',
        schema: z.object({
          branchId: z.string(),
          moduleId: z.string(),
          table: z.string(),
          field: z.string(),
          value: z.int(),
          id: z.string(),
          rule: ruleShape,
        }),
      },
    },
    errors: ['missing-table-or-field', 'sequence-not-configured'],
    async handle(call, { body }) {
      const branch = call.branch()
      const module = branch.getModule(call.param('moduleId'))
      const { table, field } = placeOf(body)
      // Every number names the request that took it, also one that carries no key of its own.
      const requestId = call.idempotencyKey() ?? sentRequestId(body) ?? `http-${uuid7(Date.now())}`
      const clientId = call.caller(branch).clientId ?? `http:${call.network.address}`
      const allocated = await module.sequences.allocate({
        table,
        field,
        ...(isJsonObject(body.record) && { record: body.record as JsonObject }),
        requestId,
        clientId,
      })
      call.send(200, { branchId: module.branchId, moduleId: module.moduleId, table, field, ...allocated })
    },
  }),
  route({
    method: 'GET',
    path: SEQUENCES_PATH,
    tag: 'Sequences',
    permission: 'table',
    summary: 'All sequences of a module with their next number',
    answers: { 200: { description: 'Sequences', schema: z.object({ sequences: z.array(summaryShape) }) } },
    handle: (call) => call.send(200, { sequences: call.module().sequences.list() }),
  }),
  route({
    method: 'PUT',
    path: SEQUENCES_PATH,
    tag: 'Sequences',
    permission: 'manage:sequences',
    summary: 'Set the rule of a sequence',
    body: tableAndField.extend({ rule: ruleShape }),
    answers: { 200: { description: 'The sequence', schema: summaryShape } },
    errors: ['missing-table-or-field', 'period-not-in-format'],
    async handle(call, { body }) {
      call.send(200, await call.module().sequences.setRule({ ...placeOf(body), rule: body.rule as SequenceRule }))
    },
  }),
  route({
    method: 'GET',
    path: `${SEQUENCES_PATH}/gaps`,
    tag: 'Sequences',
    permission: 'table',
    summary: 'Numbers that no record carries, and what took them',
    query: z.object({ table: z.string().optional(), field: z.string().optional(), limit: wholeNumber }),
    answers: {
      200: { description: 'Gaps', schema: z.object({ gaps: z.array(z.looseObject({})), total: z.int() }) },
    },
    handle(call, { query: { table, field, limit } }) {
      const gaps = call.module().sequences.gaps({
        limit: Math.min(limit || 100, 1_000),
        ...(table !== undefined && { table }),
        ...(field !== undefined && { field }),
      })
      call.send(200, gaps)
    },
  }),
  route({
    method: 'POST',
    path: `${SEQUENCES_PATH}/preview`,
    tag: 'Sequences',
    permission: 'table',
    summary: 'What numbers of a rule would look like',
    body: z.object({ rule: ruleShape }),
    answers: { 200: { description: 'Examples', schema: z.object({ examples: z.array(z.string()) }) } },
    errors: ['period-not-in-format'],
    handle(call, { body }) {
      call.send(200, { examples: call.module().sequences.preview(body.rule as SequenceRule) })
    },
  }),
  route({
    method: 'POST',
    path: `${SEQUENCES_PATH}/skip`,
    tag: 'Sequences',
    permission: 'manage:sequences',
    summary: 'Go on from a higher number; the numbers between go into the ledger',
    body: tableAndField.extend({ to: z.int().min(0), confirm: z.string().optional() }),
    answers: { 200: { description: 'The sequence', schema: summaryShape } },
    errors: ['missing-table-or-field', 'confirmation-required', 'sequence-not-configured'],
    async handle(call, { body }) {
      const module = call.module()
      confirmTyped(body.confirm, module.branchId)
      call.send(200, await module.sequences.skip({ ...placeOf(body), to: body.to, requestedBy: call.network.address }))
    },
  }),
  route({
    method: 'POST',
    path: `${SEQUENCES_PATH}/lease`,
    tag: 'Sequences',
    permission: 'table',
    summary: 'Reserve a block of numbers for a device that will be offline',
    body: tableAndField.extend({ size: z.int().min(1).max(1_000), deviceId: z.string().min(1).max(128) }),
    answers: { 200: { description: 'The block', schema: z.looseObject({ from: z.int(), to: z.int() }) } },
    errors: ['missing-table-or-field', 'sequence-not-configured'],
    async handle(call, { body }) {
      const requestId = call.idempotencyKey()
      const { size, deviceId } = body
      const input = { ...placeOf(body), size, deviceId, ...(requestId !== undefined && { requestId }) }
      call.send(200, await call.module().sequences.lease(input))
    },
  }),
]

function placeOf(body: z.output<typeof tableAndField>): { table: string; field: string } {
  const table = body.table ?? body.tableName
  const field = body.field ?? body.fieldName
  if (table && field) return { table, field }
  throw new AppError('missing-table-or-field', 'A sequence is named by its table and field.')
}
