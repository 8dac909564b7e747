import { statfs } from 'node:fs/promises'
import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import type { BackupSummary } from '../../../src-shared/protocol/management.ts'
import type { Store } from '../../store/api.ts'
import { headersOf } from './answer.ts'
import { type Route, route } from './route.ts'
import type { HttpServices } from './services.ts'

const MIN_FREE_BYTES = 100 * 1024 * 1024
/** Before this the machine's clock has lost the time. */
const EARLIEST_NOW = Date.parse('2025-01-01T00:00:00Z')

const check = z.object({
  name: z.string(),
  ok: z.boolean(),
  reason: z.string().optional().describe('Why the check fails, or what to look at'),
})

/** Liveness, readiness and metrics. They answer at the root, without /api. */
export const healthRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/healthz',
    tag: 'Health',
    permission: 'public',
    summary: 'The server answers',
    answers: {
      200: {
        description: 'Up',
        schema: z.object({ status: z.literal('ok'), serverId: z.string(), now: z.iso.datetime() }),
      },
    },
    handle(call) {
      call.send(200, { status: 'ok', serverId: call.services.store.serverId, now: new Date().toISOString() })
    },
  }),
  route({
    method: 'GET',
    path: '/livez',
    tag: 'Health',
    permission: 'public',
    summary: 'The process lives; do not restart it',
    answers: { 200: { description: 'Alive', schema: z.object({ status: z.literal('ok') }) } },
    handle(call) {
      call.send(200, { status: 'ok' })
    },
  }),
  route({
    method: 'GET',
    path: '/readyz',
    tag: 'Health',
    permission: 'public',
    summary: 'The server can take writes, with a reason for each check that fails',
    answers: {
      200: { description: 'Ready', schema: z.object({ status: z.literal('ready'), checks: z.array(check) }) },
      503: { description: 'Not ready', schema: z.object({ status: z.literal('not-ready'), checks: z.array(check) }) },
    },
    async handle(call) {
      const checks = await runChecks(call.services)
      const isReady = checks.every(({ ok }) => ok)
      call.send(
        isReady ? 200 : 503,
        { status: isReady ? 'ready' : 'not-ready', checks },
        isReady ? [] : ['Retry-After', '5'],
      )
    },
  }),
  route({
    method: 'GET',
    path: '/metrics',
    tag: 'Health',
    permission: 'manage:metrics',
    summary: 'Figures for Prometheus',
    answers: { 200: { description: 'Prometheus text format 0.0.4', type: 'text/plain' } },
    async handle(call) {
      const { metrics } = call.services
      const body = Buffer.from(await metrics.read())
      const headers = headersOf(
        { type: metrics.contentType, headers: ['Content-Length', String(body.length)] },
        call.common,
      )
      call.response.writeHead(200, headers).end(body)
    },
  }),
]

type Check = z.infer<typeof check>

/** The store's own checks, then what only the server can see. A missing backup is said but does not make unready. */
export async function runChecks(services: HttpServices): Promise<Check[]> {
  return [
    ...services.store.figures.checks(),
    await checkDisk(services.options.dataDir),
    checkClock(),
    checkBackup(services),
  ]
}

async function checkDisk(dataDir: string): Promise<Check> {
  const { freeBytes } = await readDisk(dataDir)
  if (freeBytes >= MIN_FREE_BYTES) return { name: 'disk', ok: true }
  return {
    name: 'disk',
    ok: false,
    reason: `Only ${Math.floor(freeBytes / 1_048_576)} MiB are free in the data folder.`,
  }
}

/** Free and total bytes of the disk that holds the data folder. */
export async function readDisk(dataDir: string): Promise<{ freeBytes: number; totalBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(dataDir)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

function checkClock(): Check {
  const isRight = Date.now() > EARLIEST_NOW
  return { name: 'clock', ok: isRight, ...(!isRight && { reason: 'The clock of this machine has lost the time.' }) }
}

function checkBackup({ store }: HttpServices): Check {
  const newest = findNewestBackup(store)
  const reason = newest ? `The newest verified backup is of ${newest.createdAt}.` : 'There is no verified backup yet.'
  return { name: 'backup', ok: true, reason }
}

/** The newest backup that passed its check; undefined when there is none, or its folder cannot be read just now. */
export function findNewestBackup(store: Store): BackupSummary | undefined {
  try {
    return store.backups.list().find(({ isVerified }) => isVerified)
  } catch (error) {
    if (error instanceof AppError) return undefined
    throw error
  }
}
