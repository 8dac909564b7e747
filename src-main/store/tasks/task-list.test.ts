import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { AppError } from '../../../src-shared/errors.ts'
import { silentLog } from '../../lib/log.ts'
import { removeTemporaryFolders, TestClock, temporaryFolder } from '../archive/test-branch.ts'
import { SystemDatabase } from '../sqlite/system-database.ts'
import { TaskList } from './task-list.ts'

const open: SystemDatabase[] = []
afterEach(() => {
  for (const database of open.splice(0)) database.close()
  removeTemporaryFolders()
})

function openTasks(folder: string, clock = new TestClock()): TaskList {
  const database = SystemDatabase.open(join(folder, 'system.db'))
  open.push(database)
  return new TaskList({ database, clock, log: silentLog })
}

test('a task is recorded before it begins, shows its steps, and keeps its result through a restart', async () => {
  const folder = temporaryFolder()
  const tasks = openTasks(folder)
  let proceed = (): void => undefined
  const task = tasks.start('snapshot', 'dar', async (progress) => {
    progress('archiving', 10, 40)
    await new Promise<void>((resolve) => {
      proceed = resolve
    })
    return { records: 40 }
  })
  expect(task).toMatchObject({ state: 'running', step: 'starting', branchId: 'dar', progress: null })
  await Promise.resolve()
  await Promise.resolve()
  expect(tasks.get(task.taskId)).toMatchObject({
    step: 'archiving',
    progress: { done: 10, total: 40, unit: 'records' },
  })
  expect(() => tasks.start('snapshot', 'remal', async () => ({}))).toThrow(
    expect.objectContaining({ code: 'task-running' }),
  )
  proceed()
  await tasks.settled()
  expect(openTasks(folder).get(task.taskId)).toMatchObject({ state: 'done', result: { records: 40 }, error: null })
})

test('a failure keeps its code; anything unknown says nothing of itself', async () => {
  const tasks = openTasks(temporaryFolder())
  const refused = tasks.start('purge', 'dar', () =>
    Promise.reject(new AppError('shift-open', 'A shift is still open.')),
  )
  const broken = tasks.start('backup', null, () => Promise.reject(new Error('secret path')))
  await tasks.settled()
  expect(tasks.get(refused.taskId)).toMatchObject({ state: 'failed', error: { error: 'shift-open' } })
  expect(tasks.get(broken.taskId).error).toMatchObject({ error: 'internal' })
  expect(JSON.stringify(tasks.get(broken.taskId))).not.toContain('secret path')
  expect(() => tasks.get('nope')).toThrow(expect.objectContaining({ code: 'task-not-found' }))
})

test('what was running when the process ended is interrupted; the newest 200 are kept', async () => {
  const folder = temporaryFolder()
  const tasks = openTasks(folder)
  const cut = tasks.start('restore', null, () => new Promise<object>(() => undefined))
  const next = openTasks(folder)
  expect(next.get(cut.taskId)).toMatchObject({ state: 'interrupted' })
  for (let n = 0; n < 205; n++) {
    next.start('import', null, async () => ({ n }))
    await next.settled()
  }
  expect(next.list()).toHaveLength(200)
  expect(next.list()[0]).toMatchObject({ result: { n: 204 } })
})
