import { z } from 'zod'
import { HOUR_MS } from '../../../src-shared/durations.ts'
import { isAppError } from '../../../src-shared/errors.ts'
import type { BranchServerStatus } from '../../../src-shared/protocol/management.ts'
import { isLoopbackHost } from '../../config/lan-addresses.ts'
import type { Store } from '../../store/api.ts'
import { findBranch } from './full-sync-routes.ts'
import { findNewestBackup, readDisk, runChecks } from './health-routes.ts'
import { SIGNED_HTTP_WARNING } from './network-routes.ts'
import { type Route, route } from './route.ts'
import type { HttpServices } from './services.ts'

const LOW_DISK_BYTES = 1024 * 1024 * 1024
const OLD_BACKUP_MS = 36 * HOUR_MS

const taskShape = z.looseObject({ taskId: z.string(), kind: z.string(), state: z.string() }).meta({ id: 'Task' })

/** What the console's overview shows: state, tables and long tasks. */
export const statusRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/manage/status',
    tag: 'Management',
    permission: 'manage:status',
    summary: 'State of the server, its branches, disk and backups, and what a person should look at',
    answers: {
      200: { description: 'The state', schema: z.looseObject({ state: z.string(), serverId: z.string() }) },
    },
    async handle(call) {
      call.send(200, await readStatus(call.services))
    },
  }),
  route({
    method: 'GET',
    path: '/api/manage/tables',
    tag: 'Management',
    permission: 'manage:status',
    summary: 'Tables of a module with their number of records',
    query: z.object({ branch: z.string().optional(), module: z.string().optional() }),
    queryAliases: { branchId: 'branch', moduleId: 'module' },
    answers: {
      200: { description: 'Tables', schema: z.object({ tables: z.array(z.looseObject({ name: z.string() })) }) },
    },
    errors: ['missing-branch-id', 'branch-not-found', 'module-not-found'],
    handle(call, { query }) {
      call.send(200, { tables: findBranch(call, query.branch).getModule(query.module).listTables() })
    },
  }),
  route({
    method: 'GET',
    path: '/api/manage/tasks',
    tag: 'Management',
    permission: 'manage:status',
    summary: 'Long tasks, newest first',
    answers: { 200: { description: 'Tasks', schema: z.object({ tasks: z.array(taskShape) }) } },
    handle: (call) => call.send(200, { tasks: call.services.store.tasks.list() }),
  }),
  route({
    method: 'GET',
    path: '/api/manage/tasks/:taskId',
    tag: 'Management',
    permission: 'manage:status',
    summary: 'One long task with its progress and result',
    answers: { 200: { description: 'The task', schema: taskShape } },
    errors: ['task-not-found'],
    handle: (call) => call.send(200, call.services.store.tasks.get(call.param('taskId'))),
  }),
]

async function readStatus(services: HttpServices): Promise<BranchServerStatus> {
  const { store, options } = services
  const disk = {
    ...(await readDisk(options.dataDir)),
    dataBytes: store.figures.databaseBytes() + store.figures.walBytes(),
  }
  const warnings = await listWarnings(services, disk.freeBytes)
  const isRestoring = store.tasks.list().some(({ kind, state }) => kind === 'restore' && state === 'running')
  const newest = findNewestBackup(store)
  const idle = warnings.length > 0 ? 'attention' : 'working'
  return {
    state: services.isStopping() ? 'stopping' : isRestoring ? 'restoring' : idle,
    serverId: store.serverId,
    version: options.version,
    startedAt: services.startedAt,
    now: new Date().toISOString(),
    addresses: services.addresses(),
    sockets: services.socketFigures().sockets,
    branches: store.listBranches(),
    disk,
    writesPerMinute: services.writeRate.list(),
    lastBackup: newest ? { backupId: newest.backupId, createdAt: newest.createdAt, isVerified: true } : null,
    warnings,
  }
}

/** The status answers during a restore too: a branch that is closed for a moment warns of nothing. */
function servesLegacy(store: Store, branchId: string): boolean {
  try {
    return store.getBranch(branchId).isLegacyAllowed
  } catch (error) {
    if (isAppError(error)) return false
    throw error
  }
}

function servesOpenLan(store: Store, branchId: string): boolean {
  try {
    return store.getBranch(branchId).isOpenLan
  } catch (error) {
    if (isAppError(error)) return false
    throw error
  }
}

async function listWarnings(services: HttpServices, freeBytes: number): Promise<BranchServerStatus['warnings']> {
  const { store, options } = services
  const warnings: BranchServerStatus['warnings'] = []
  for (const { name, ok, reason } of await runChecks(services)) {
    if (!ok) warnings.push({ code: `check-${name}`, message: reason ?? `The check ${name} fails.` })
  }
  if (!isLoopbackHost(options.host) && services.access.identity.isOpen) {
    warnings.push({
      code: 'open-lan',
      message: 'Every device of the local network is admitted as an administrator without signing in.',
      hint: 'Make the first manager under People; until then start without --host and --open-lan.',
    })
  }
  const openLan = services.access.identity.isOpen
    ? []
    : store.branchIds().filter((branchId) => servesOpenLan(store, branchId))
  if (openLan.length > 0) {
    warnings.push({
      code: 'open-lan',
      message: `Devices of the local network are admitted without signing in, as ${options.openLanRole}, in: ${openLan.join(', ')}.`,
      hint: 'Pair the devices, then switch this off.',
    })
    if (services.access.roles.permissionsOf(options.openLanRole) === undefined) {
      warnings.push({
        code: 'open-lan-role',
        message: `There is no role ${options.openLanRole}: devices that are admitted without signing in may do nothing.`,
        hint: 'Make the role under Roles, or start with another one in MISHKAH_OPEN_LAN_ROLE.',
      })
    }
  }
  if (!services.access.identity.isOpen && services.access.signed.isAllowed) {
    warnings.push({
      code: 'signed-http',
      message: SIGNED_HTTP_WARNING,
      hint: 'Install the certificate on the devices (/trust), then switch this off.',
    })
  }
  const legacy = store.branchIds().filter((branchId) => servesLegacy(store, branchId))
  if (legacy.length > 0) {
    warnings.push({
      code: 'legacy-mode',
      message: `Older clients are served with weaker rules in: ${legacy.join(', ')}.`,
      hint: 'Versions may be sent as the one to come, inserts may overwrite, values that do not fit are stored as sent.',
    })
  }
  const newest = findNewestBackup(store)
  if (!newest)
    warnings.push({ code: 'no-backup', message: 'There is no verified backup yet.', hint: 'Make one under Backups.' })
  else if (Date.now() - Date.parse(newest.createdAt) > OLD_BACKUP_MS) {
    warnings.push({ code: 'old-backup', message: `The newest verified backup is of ${newest.createdAt}.` })
  }
  if (freeBytes < LOW_DISK_BYTES) {
    warnings.push({
      code: 'low-disk',
      message: `Only ${Math.floor(freeBytes / 1_048_576)} MiB are free in the data folder.`,
    })
  }
  return warnings
}
