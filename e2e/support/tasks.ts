import { setTimeout as delay } from 'node:timers/promises'
import type { JsonObject } from '../../src-shared/json.ts'
import type { Task } from '../../src-shared/protocol/management.ts'
import { send } from './http.ts'

const LIMIT_MS = 30_000

/**
 * Starts a long task and waits for its end.
 *
 * @throws Error when it is refused, fails, or takes more than 30 s.
 */
export async function awaitTask(server: { url: string }, path: string, body: JsonObject): Promise<Task> {
  const answer = await send(server.url, path, { method: 'POST', body })
  if (answer.status !== 202) throw new Error(`${path}: ${answer.status} ${answer.text}`)
  let { task } = answer.body as { task: Task }
  for (const deadline = Date.now() + LIMIT_MS; task.state === 'running'; ) {
    if (Date.now() > deadline) throw new Error(`${path} does not end: ${JSON.stringify(task)}`)
    // Tasks are only told over REST.
    await delay(50)
    task = (await send(server.url, `/api/manage/tasks/${task.taskId}`)).body as Task
  }
  if (task.state !== 'done') throw new Error(`${path}: ${JSON.stringify(task)}`)
  return task
}
