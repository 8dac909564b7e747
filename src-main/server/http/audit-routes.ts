import { once } from 'node:events'
import { z } from 'zod'
import type { AuditEntry } from '../../access/audit/audit-log.ts'
import { requireManage } from '../../access/sign-in/may-manage.ts'
import type { AuditFilter } from '../../store/sqlite/audit-table.ts'
import { headersOf } from './answer.ts'
import { note } from './auth-routes.ts'
import type { Call } from './call.ts'
import { type Route, route } from './route.ts'
import { wholeNumber } from './shapes.ts'

const AUDIT = '/api/manage/audit'
const MAX_ENTRIES = 1_000

const entryShape = z
  .looseObject({ id: z.int(), at: z.string(), action: z.string(), outcome: z.string(), hash: z.string() })
  .meta({ id: 'AuditEntry' })

/** Who did what: lists, the whole log as a file, and the check of its chain. */
export const auditRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: AUDIT,
    tag: 'Access',
    permission: 'manage:audit',
    summary: 'The audit log, newest first',
    query: z.object({
      action: z.string().optional(),
      actor: z.string().optional().describe('Id of a person'),
      device: z.string().optional(),
      from: z.string().optional().describe('ISO 8601, inclusive'),
      to: z.string().optional().describe('ISO 8601, exclusive'),
      before: wholeNumber,
      limit: wholeNumber,
    }),
    answers: {
      200: {
        description: 'Entries; `next` is the `before` of the next page',
        schema: z.object({ entries: z.array(entryShape), next: z.int().nullable() }),
      },
    },
    handle(call, { query }) {
      requireManage(call.principal, 'audit')
      const { limit = 100, ...filter } = query
      call.send(200, listKnown(call, filter, Math.min(Math.max(limit, 1), MAX_ENTRIES)))
    },
  }),
  route({
    method: 'GET',
    path: `${AUDIT}/export`,
    tag: 'Access',
    permission: 'manage:audit',
    summary: 'The whole audit log, oldest first, one JSON object or CSV row a line',
    query: z.object({ format: z.enum(['ndjson', 'csv']).optional() }),
    answers: { 200: { description: 'The file', type: 'application/x-ndjson' } },
    async handle(call, { query }) {
      requireManage(call.principal, 'audit')
      note(call, 'audit.export', query.format ?? 'ndjson')
      await sendExport(call, query.format === 'csv')
    },
  }),
  route({
    method: 'POST',
    path: `${AUDIT}/verify`,
    tag: 'Access',
    permission: 'manage:audit',
    summary: 'Checks every link of the chain',
    answers: {
      200: { description: 'It holds', schema: z.object({ entries: z.int(), headHash: z.string() }) },
    },
    errors: ['chain-broken'],
    handle(call) {
      requireManage(call.principal, 'audit')
      call.send(200, call.services.access.audit.verify())
    },
  }),
]

/** Newest first; where the next page begins, null at the end. */
function listKnown(call: Call, filter: AuditFilter, size: number): { entries: AuditEntry[]; next: number | null } {
  const entries: AuditEntry[] = []
  let { before } = filter
  for (;;) {
    const page = call.services.access.audit.list({ ...filter, before }, size)
    for (const entry of page) {
      if (entries.length === size) return { entries, next: entries.at(-1)!.id }
      if (isKnown(call, entry)) entries.push(entry)
    }
    before = page.at(-1)?.id
    if (page.length < size || before === undefined) return { entries, next: null }
    if (entries.length === size) return { entries, next: before }
  }
}

/** Who may enter some branches reads what was done in them, and what was done by those who may enter no others. */
function isKnown({ principal, services }: Call, { actor, details }: AuditEntry): boolean {
  const { branchIds, uid } = principal
  if (branchIds === null || (uid !== null && actor.id === uid)) return true
  const branchId = details?.branchId
  if (typeof branchId === 'string') return branchIds.includes(branchId)
  const { people, devices } = services.access
  const holders = [people.find(actor.id ?? ''), devices.findActive(actor.deviceId ?? '')].filter((holder) => holder)
  return holders.length > 0 && holders.every((holder) => isWithin(branchIds, holder!.branchIds))
}

function isWithin(own: readonly string[], theirs: readonly string[] | null): boolean {
  return theirs?.every((branchId) => own.includes(branchId)) ?? false
}

async function sendExport(call: Call, isCsv: boolean): Promise<void> {
  const { response } = call
  const name = `audit.${isCsv ? 'csv' : 'ndjson'}`
  const type = isCsv ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8'
  response.writeHead(
    200,
    headersOf({ type, headers: ['Content-Disposition', `attachment; filename="${name}"`] }, call.common),
  )
  if (isCsv) response.write(`${CSV_COLUMNS.join(',')}\r\n`)
  for (const entry of call.services.access.audit.readAll()) {
    if (!isKnown(call, entry)) continue
    const line = isCsv ? `${toCsv(entry)}\r\n` : `${JSON.stringify(entry)}\n`
    if (!response.write(line)) await Promise.race([once(response, 'drain'), once(response, 'close')])
    if (response.destroyed) return
  }
  response.end()
}

const CSV_COLUMNS = [
  'id',
  'at',
  'action',
  'outcome',
  'actor',
  'name',
  'device',
  'address',
  'subject',
  'reason',
  'onBehalfOf',
  'details',
  'previous',
  'hash',
]

function toCsv({
  id,
  at,
  action,
  outcome,
  actor,
  subject,
  reason,
  onBehalfOf,
  details,
  previous,
  hash,
}: AuditEntry): string {
  const who = [actor.id, actor.name, actor.deviceId, actor.address]
  const cells = [id, at, action, outcome, ...who, subject, reason, onBehalfOf, details && JSON.stringify(details)]
  return [...cells, previous, hash].map(csvCell).join(',')
}

/** Quoted; what a spreadsheet would take for a formula gets an apostrophe. */
function csvCell(value: string | number | null | undefined): string {
  const text = String(value ?? '')
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return `"${safe.replaceAll('"', '""')}"`
}
