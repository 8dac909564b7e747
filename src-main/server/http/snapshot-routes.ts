import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { headersOf, JSON_TYPE } from './answer.ts'
import { createCompressor, encodingFor } from './compression.ts'
import { confirmTyped } from './confirm.ts'
import { type Route, route } from './route.ts'

const SNAPSHOTS_PATH = '/api/branches/:branchId/modules/:moduleId/snapshots'
const summaryShape = z
  .looseObject({ snapshotId: z.string(), name: z.string(), createdAt: z.string(), sizeBytes: z.int() })
  .meta({ id: 'SnapshotSummary' })
const taskAnswer = {
  description: 'The task that does it',
  schema: z.object({ task: z.looseObject({ taskId: z.string() }) }),
}

/** Snapshot files of a module: taken by hand or before something that clears. */
export const snapshotRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: SNAPSHOTS_PATH,
    tag: 'Snapshots',
    permission: 'manage:snapshots',
    summary: 'Snapshot files, newest first',
    answers: { 200: { description: 'Snapshots', schema: z.object({ snapshots: z.array(summaryShape) }) } },
    handle: (call) => call.send(200, { snapshots: call.module().snapshots.list() }),
  }),
  route({
    method: 'POST',
    path: SNAPSHOTS_PATH,
    tag: 'Snapshots',
    permission: 'manage:snapshots',
    summary: 'Take a snapshot of everything in the module',
    body: z.object({ name: z.string().max(200).optional() }),
    answers: { 202: taskAnswer },
    errors: ['task-running'],
    handle(call, { body }) {
      const module = call.module()
      const input = { reason: 'manual' as const, ...(body.name !== undefined && { name: body.name }) }
      const work = (onProgress: Parameters<typeof module.snapshots.take>[0]['onProgress']) =>
        module.snapshots.take({ ...input, ...(onProgress && { onProgress }) })
      call.send(202, { task: call.services.store.tasks.start('snapshot', module.branchId, work) })
    },
  }),
  route({
    method: 'GET',
    path: `${SNAPSHOTS_PATH}/:snapshotId`,
    tag: 'Snapshots',
    permission: 'manage:snapshots',
    summary: 'The snapshot file, without secret fields',
    answers: { 200: { description: 'The file', schema: z.looseObject({}) } },
    errors: ['snapshot-not-found'],
    async handle(call) {
      const { snapshots } = call.module()
      const { snapshotId } = snapshots.get(call.param('snapshotId'))
      const fileName = `${snapshotId.replace(/[^A-Za-z0-9._-]/g, '_')}.json`
      const encoding = encodingFor(call.request)
      const headers = ['Content-Disposition', `attachment; filename="${fileName}"`, 'Vary', 'Accept-Encoding, Origin']
      if (encoding) headers.push('Content-Encoding', encoding)
      call.response.writeHead(200, headersOf({ type: JSON_TYPE, headers }, call.common))
      if (call.request.method === 'HEAD') {
        call.response.end()
        return
      }
      const lines = Readable.from(withLineEnds(snapshots.readPublicLines(snapshotId)))
      await (encoding ? pipeline(lines, createCompressor(encoding), call.response) : pipeline(lines, call.response))
    },
  }),
  route({
    method: 'DELETE',
    path: `${SNAPSHOTS_PATH}/:snapshotId`,
    tag: 'Snapshots',
    permission: 'manage:snapshots',
    summary: 'Remove a snapshot file',
    answers: { 200: { description: 'Removed', schema: z.object({ status: z.literal('deleted') }) } },
    errors: ['snapshot-not-found'],
    handle(call) {
      call.module().snapshots.remove(call.param('snapshotId'))
      call.send(200, { status: 'deleted' })
    },
  }),
  route({
    method: 'POST',
    path: `${SNAPSHOTS_PATH}/:snapshotId/restore`,
    tag: 'Snapshots',
    permission: 'manage:snapshots',
    summary: 'Put the module back to a snapshot; document numbers never go back',
    body: z.object({ confirm: z.string().optional() }),
    answers: { 202: taskAnswer },
    errors: ['snapshot-not-found', 'confirmation-required', 'task-running'],
    handle(call, { body }) {
      const module = call.module()
      const { snapshotId } = module.snapshots.get(call.param('snapshotId'))
      confirmTyped(body.confirm, module.branchId)
      const requestedBy = call.network.address
      const { tasks } = call.services.store
      const task = tasks.start('snapshot-restore', module.branchId, async (onProgress) => {
        const event = await module.snapshots.restore(snapshotId, { requestedBy, onProgress })
        return { snapshotId, eventId: event.eventId, epoch: event.epoch, sequence: event.seq }
      })
      call.send(202, { task })
    },
  }),
]

async function* withLineEnds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) if (line !== '') yield line.endsWith('\n') ? line : `${line}\n`
}
