import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ERRORS, type ErrorCode } from '../../src-shared/errors.ts'
import type { PlannedRecord } from './plan-import.ts'

/** One REST request a record; so many are under way at once, and the server commits them together. */
const AT_ONCE = 16
const MAX_TRIES = 10
const LONGEST_WAIT_MS = 60_000

export interface ImportTarget {
  url: string
  branchId: string
  moduleId: string
  /** Bearer token, where the server asks for one. */
  token?: string
}

export interface ImportOutcome {
  created: number
  /** Were there already with the same content, or were written by an earlier run. */
  present: number
  refused: { path: string; reason: string }[]
}

/**
 * Inserts the records. Each request has a key made of its content: sent twice it is carried out once, and an insert of
 * what is stored already changes nothing. A record that is there with other content stays as it is, and is told.
 *
 * @throws Error when the server cannot be reached, or goes on refusing for now.
 */
export async function sendRecords(
  target: ImportTarget,
  records: readonly PlannedRecord[],
  onProgress: (done: number) => void = () => undefined,
): Promise<ImportOutcome> {
  const outcome: ImportOutcome = { created: 0, present: 0, refused: [] }
  // A parent is stored before its children: a batch ends where the table changes.
  for (let start = 0; start < records.length; ) {
    let end = start
    while (end < records.length && end - start < AT_ONCE && records[end]!.table === records[start]!.table) end++
    const batch = records.slice(start, end)
    const answers = await Promise.all(batch.map((record) => sendRecord(target, record)))
    answers.forEach((answer, index) => {
      if (answer.kind === 'refused') outcome.refused.push({ path: batch[index]!.path, reason: answer.reason })
      else outcome[answer.kind]++
    })
    start = end
    onProgress(end)
  }
  return outcome
}

type Answer = { kind: 'created' | 'present' } | { kind: 'refused'; reason: string }

async function sendRecord(target: ImportTarget, { table, record }: PlannedRecord): Promise<Answer> {
  const { url, branchId, moduleId, token } = target
  const place = [branchId, 'modules', moduleId, 'tables', table].map(encodeURIComponent).join('/')
  const body = JSON.stringify({ record, meta: { source: 'import-firestore' } })
  const key = createHash('sha256').update(`${branchId}\n${moduleId}\n${table}\n${body}`).digest('hex')
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(new URL(`/api/branches/${place}`, url), {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'Mishkah-Protocol': '2',
        'Idempotency-Key': `firestore-${key}`,
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      },
      body,
    })
    const isReplay = response.headers.get('idempotency-replayed') !== null
    if (response.ok) {
      await response.body?.cancel()
      return { kind: response.status === 201 && !isReplay ? 'created' : 'present' }
    }
    const { error, message, errors } = (await response.json()) as {
      error: string
      message: string
      errors?: { message: string }[]
    }
    if (!isTemporary(error)) {
      const details = errors?.map((one) => one.message).join(' ') || message
      return { kind: 'refused', reason: `${error}: ${details}` }
    }
    if (attempt === MAX_TRIES) throw new Error(`the server goes on refusing: ${error}: ${message}`)
    await delay(waitMs(response, attempt))
  }
}

function isTemporary(code: string): boolean {
  return Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].retry
}

function waitMs(response: Response, attempt: number): number {
  const asked = Number(response.headers.get('retry-after')) * 1_000
  return Math.min(LONGEST_WAIT_MS, asked > 0 ? asked : 250 * 2 ** attempt)
}
