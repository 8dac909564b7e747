import { z } from 'zod'
import { AppError } from '../../../src-shared/errors.ts'
import { requireAllBranches, requireBranch } from '../../access/sign-in/may-manage.ts'
import type { Call } from './call.ts'
import { confirmTyped } from './confirm.ts'
import { type Route, route } from './route.ts'

const backupShape = z
  .looseObject({ backupId: z.string(), createdAt: z.string(), isVerified: z.boolean() })
  .meta({ id: 'Backup' })
const taskAnswer = {
  description: 'The task that does it',
  schema: z.object({ task: z.looseObject({ taskId: z.string() }) }),
}

/** Backups of the whole server, and putting one back. */
export const backupRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/api/manage/backups',
    tag: 'Backups',
    permission: 'manage:backups',
    summary: 'Backups, newest first',
    answers: {
      200: { description: 'Backups', schema: z.object({ folder: z.string(), backups: z.array(backupShape) }) },
    },
    handle(call) {
      const { backups } = call.services.store
      call.send(200, { folder: backups.folder, backups: backups.list() })
    },
  }),
  route({
    method: 'POST',
    path: '/api/manage/backups',
    tag: 'Backups',
    permission: 'manage:backups',
    scope: 'server',
    summary: 'Make a backup and check it',
    body: z.object({ folder: z.string().min(1).max(1_000).optional(), note: z.string().max(500).optional() }),
    answers: { 202: taskAnswer },
    errors: ['task-running', 'forbidden'],
    handle(call, { body }) {
      if (body.folder !== undefined) requireThisMachine(call)
      const { backups, tasks } = call.services.store
      const input = {
        reason: 'manual' as const,
        ...(body.folder !== undefined && { folder: body.folder }),
        ...(body.note !== undefined && { note: body.note }),
      }
      const task = tasks.start('backup', null, (onProgress) => backups.create({ ...input, onProgress }))
      call.send(202, { task })
    },
  }),
  route({
    method: 'POST',
    path: '/api/manage/restore',
    tag: 'Backups',
    permission: 'manage:backups',
    summary: 'Put a backup back, of one branch or of all; a new backup is made first',
    body: z.object({ backupId: z.string().min(1), branchId: z.string().optional(), confirm: z.string().optional() }),
    answers: { 202: taskAnswer },
    errors: ['backup-not-found', 'confirmation-required', 'task-running', 'forbidden'],
    handle(call, { body }) {
      const { backupId, branchId } = body
      if (branchId === undefined) requireAllBranches(call.principal)
      else requireBranch(call.principal, branchId)
      call.namedBranchId = branchId
      const { backups, tasks } = call.services.store
      if (!backups.list().some((backup) => backup.backupId === backupId)) {
        throw new AppError('backup-not-found', `There is no backup ${backupId}.`, { details: { backupId } })
      }
      confirmTyped(body.confirm, branchId ?? 'all')
      const input = { backupId, ...(branchId !== undefined && { branchId }) }
      const task = tasks.start('restore', branchId ?? null, (onProgress) => backups.restore({ ...input, onProgress }))
      call.send(202, { task })
    },
  }),
]

/** A path on the server's disks is chosen by who sits in front of it. */
function requireThisMachine(call: Call): void {
  if (call.network.isLoopback || call.network.isDesktop) return
  throw new AppError('forbidden', 'Another folder can be chosen only on the machine of the server.')
}
