import { z } from 'zod'
import { mayEnter, requireManage } from '../../access/sign-in/may-manage.ts'
import { type Route, route } from '../http/route.ts'
import { wholeNumber } from '../http/shapes.ts'

/** Looking at the log stands not in it: a console asks every second. */
export const REQUEST_LOG_PATH = '/api/manage/requests'
const MAX_REQUESTS = 500

const requestShape = z
  .object({
    n: z.int().describe('Counted since the start of the server'),
    at: z.string(),
    kind: z.enum(['http', 'socket']),
    what: z.string().describe('Method and path without query, or the type of a frame'),
    branchId: z.string().nullable(),
    table: z.string().nullable(),
    status: z.int().describe('Of a frame: 200, or that of its error'),
    code: z.string().nullable(),
    ms: z.number(),
    actor: z.object({ uid: z.string().nullable(), name: z.string(), role: z.string() }).nullable(),
    deviceId: z.string().nullable(),
    address: z.string(),
    isAllowed: z.boolean(),
    rule: z.string().nullable().describe('The rule, or the missing permission, of a refusal'),
  })
  .meta({ id: 'LiveRequest' })

/** The requests of the last minutes, for a manager who looks on. */
export const requestLogRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: REQUEST_LOG_PATH,
    tag: 'Access',
    permission: 'manage:audit',
    summary: 'The last 1,000 requests and frames, oldest first, with the rule that refused them',
    query: z.object({ after: wholeNumber, limit: wholeNumber }),
    answers: {
      200: {
        description: 'Requests; `next` is the `after` of the next look. The newest ones without `after`',
        schema: z.object({ requests: z.array(requestShape), next: z.int() }),
      },
    },
    handle(call, { query }) {
      requireManage(call.principal, 'audit')
      const limit = Math.min(Math.max(query.limit ?? MAX_REQUESTS, 1), MAX_REQUESTS)
      const isOpen = (branchId: string | null): boolean => mayEnter(call.principal, branchId)
      call.send(200, call.services.requests.read(query.after, limit, isOpen))
    },
  }),
]
