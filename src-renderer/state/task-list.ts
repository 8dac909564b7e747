import { DAY_MS } from '../../src-shared/durations.ts'
import type { Task } from '../../src-shared/protocol/management.ts'

/** A console that is new to this server does not ask to read what ended long ago. */
const UNREAD_FOR_MS = DAY_MS

/** Running work first, then results that nobody has read, newest first. */
export function tasksToShow(tasks: readonly Task[], readTasks: readonly string[], nowMs: number): Task[] {
  const read = new Set(readTasks)
  const running = tasks.filter((task) => task.state === 'running')
  const unread = tasks.filter(
    ({ taskId, state, finishedAt, startedAt }) =>
      state !== 'running' && !read.has(taskId) && nowMs - Date.parse(finishedAt ?? startedAt) < UNREAD_FOR_MS,
  )
  return [...running, ...unread]
}

/** Tasks that ended between two looks: what they changed must be read anew. */
export function endedTasks(before: readonly Task[], after: readonly Task[]): Task[] {
  const wasRunning = new Set(before.filter((task) => task.state === 'running').map((task) => task.taskId))
  return after.filter((task) => task.state !== 'running' && wasRunning.has(task.taskId))
}

/** The answer to a start is shown at once, without waiting for the next look at the list. */
export function withTask(tasks: readonly Task[], task: Task): Task[] {
  return [task, ...tasks.filter(({ taskId }) => taskId !== task.taskId)]
}
