import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src-shared/json.ts'
import type { BranchSummary, Task } from '../../src-shared/protocol/management.ts'
import type { ServerFrame } from '../../src-shared/protocol/server-frames.ts'
import { queryText } from './api-client.ts'
import { ApiError, toApiError, toNetworkError } from './api-error.ts'
import { toServerLink } from './connection.ts'
import { chooseModule } from './console-state.tsx'
import { readChange, reconnectDelayMs } from './live-socket.ts'
import { FIRST_PAGE, reducePages } from './pages.ts'
import { parsePreferences } from './preferences.ts'
import { parseRoute, toHash } from './route.ts'
import { createStore } from './store.ts'
import { readTableLabels } from './table-labels.ts'
import { endedTasks, tasksToShow, withTask } from './task-list.ts'

describe('errors', () => {
  test('the body of a failed answer keeps what support needs', () => {
    const error = toApiError(422, {
      error: 'validation-failed',
      message: 'The record breaks the schema.',
      hint: 'Look at the fields.',
      traceId: 'trace-1',
      errors: [{ field: 'price', code: 'type', message: 'not a number' }, { field: 1 }],
    })
    expect(error).toMatchObject({
      code: 'validation-failed',
      status: 422,
      hint: 'Look at the fields.',
      traceId: 'trace-1',
    })
    expect(error.fields).toEqual([{ field: 'price', code: 'type', message: 'not a number' }])
    expect(error.isRetryable).toBe(false)
    expect(toApiError(503, { error: 'restoring', message: '' }).isRetryable).toBe(true)
  })

  test.each([[undefined], ['text'], [null], [{ message: 'no code' }], [{ error: 7 }]])(
    '%j is no error body',
    (body) => {
      expect(toApiError(502, body as never)).toMatchObject({ code: 'unexpected-answer', status: 502 })
    },
  )

  test('a code that this console does not know is an unexpected answer with the words of the server', () => {
    expect(toApiError(418, { error: 'teapot', message: 'Short and stout' })).toMatchObject({
      code: 'unexpected-answer',
      message: 'Short and stout',
    })
  })

  test('what fetch throws', () => {
    expect(toNetworkError(new TypeError('Failed to fetch')).code).toBe('offline')
    expect(toNetworkError(new DOMException('', 'TimeoutError')).code).toBe('timeout')
    const known = new ApiError('forbidden', '')
    expect(toNetworkError(known)).toBe(known)
  })
})

test('a query leaves out what is undefined', () => {
  expect(queryText({ limit: 50, next: undefined, id: 'a b&c' })).toBe('?limit=50&id=a+b%26c')
  expect(queryText(undefined)).toBe('')
})

test('pages: forward by the cursor of the server, back by what was remembered', () => {
  const second = reducePages(FIRST_PAGE, { type: 'next', cursor: 'a' })
  const third = reducePages(second, { type: 'next', cursor: 'b' })
  expect(third).toEqual({ before: [null, 'a'], cursor: 'b' })
  expect(reducePages(third, { type: 'previous' })).toEqual(second)
  expect(reducePages(FIRST_PAGE, { type: 'previous' })).toEqual(FIRST_PAGE)
  expect(reducePages(third, { type: 'first' })).toEqual(FIRST_PAGE)
})

test('routes', () => {
  expect(parseRoute('')).toEqual({ screen: 'overview', item: null })
  expect(parseRoute('#/tables/order_header')).toEqual({ screen: 'tables', item: 'order_header' })
  expect(parseRoute('#/backups')).toEqual({ screen: 'backups', item: null })
  expect(parseRoute('#/nowhere/x')).toEqual({ screen: 'overview', item: null })
  expect(parseRoute('#/tables/%E0%A4%A')).toEqual({ screen: 'tables', item: null })
  expect(parseRoute(toHash({ screen: 'tables', item: 'a/b:c' }))).toEqual({ screen: 'tables', item: 'a/b:c' })
})

describe('preferences', () => {
  test.each([[null], ['{'], ['[]'], ['{"language":"de","theme":1,"columns":[],"readTasks":"x"}']])('%j', (stored) => {
    expect(parsePreferences(stored, 'ar-EG')).toMatchObject({
      language: 'ar',
      theme: 'system',
      columns: {},
      readTasks: [],
    })
  })

  test('what was stored comes back', () => {
    const stored = { language: 'ar', digits: 'arabic', theme: 'dark', branchId: 'dar', columns: { a: ['id', 3] } }
    expect(parsePreferences(JSON.stringify(stored), 'en')).toMatchObject({ ...stored, columns: { a: ['id'] } })
  })
})

function branch(branchId: string, ...modules: string[]): BranchSummary {
  const figures = { version: 1, epoch: 1, records: 0, events: 0, lastEventAt: null }
  const list = modules.map((moduleId) => ({ moduleId, ...figures }))
  return { branchId, label: branchId, timeZone: 'UTC', dayStart: '05:00', modules: list }
}

describe('the chosen branch', () => {
  const dar = branch('dar', 'pos', 'stock')
  const remal = branch('remal', 'pos')
  const nothing = { branchId: null, moduleId: null }

  test('the first one unless chosen', () => {
    expect(chooseModule([branch('empty'), dar, remal], nothing, undefined)).toEqual({ branch: dar, moduleId: 'pos' })
    const wanted = { branchId: 'dar', moduleId: 'stock' }
    expect(chooseModule([remal, dar], wanted, undefined)).toEqual({ branch: dar, moduleId: 'stock' })
    expect(chooseModule([], nothing, undefined)).toBeUndefined()
  })

  test('never becomes another one while it is not listed', () => {
    const last = { branch: dar, moduleId: 'pos' }
    expect(chooseModule([remal], { branchId: 'dar', moduleId: 'pos' }, last)).toBe(last)
    expect(chooseModule([remal], { branchId: 'gone', moduleId: null }, last)?.branch).toBe(remal)
  })
})

describe('tasks', () => {
  const NOW = Date.parse('2026-01-07T12:00:00.000Z')
  const task = (
    taskId: string,
    state: Task['state'],
    finishedAt: string | null = '2026-01-07T11:00:00.000Z',
  ): Task => ({
    taskId,
    kind: 'backup',
    state,
    branchId: null,
    startedAt: '2026-01-07T10:00:00.000Z',
    finishedAt,
    step: 'copying',
    progress: null,
    result: null,
    error: null,
  })
  const ids = (tasks: readonly Task[]) => tasks.map(({ taskId }) => taskId)

  test('running first, then what nobody has read; yesterday does not count', () => {
    const all = [
      task('a', 'done'),
      task('b', 'running', null),
      task('c', 'failed'),
      task('d', 'done', '2026-01-05T11:00:00.000Z'),
    ]
    expect(ids(tasksToShow(all, ['c'], NOW))).toEqual(['b', 'a'])
  })

  test('the end of a task is noticed once', () => {
    const before = [task('a', 'running', null), task('b', 'done')]
    const after = [task('a', 'done'), task('b', 'done')]
    expect(ids(endedTasks(before, after))).toEqual(['a'])
    expect(endedTasks(after, after)).toEqual([])
  })

  test('a started task takes the place of what was known of it', () => {
    expect(ids(withTask([task('a', 'done'), task('b', 'running')], task('b', 'done')))).toEqual(['b', 'a'])
  })
})

describe('live', () => {
  test('events of a table, of a module, and directives', () => {
    const frame = (value: object) => value as ServerFrame
    expect(readChange(frame({ type: 'server:event', moduleId: 'pos', table: 't' }))).toEqual({
      kind: 'table',
      moduleId: 'pos',
      table: 't',
    })
    expect(readChange(frame({ type: 'server:event', moduleId: 'pos', action: 'module:purge' }))).toEqual({
      kind: 'all',
    })
    expect(readChange(frame({ type: 'server:directive', directive: 'resync' }))).toEqual({ kind: 'all' })
    expect(readChange(frame({ type: 'server:hello' }))).toBeUndefined()
  })

  test('waits double up to ten seconds, spread by a quarter', () => {
    const middle = () => 0.5
    expect([0, 1, 2, 3, 4, 5, 50].map((n) => reconnectDelayMs(n, middle))).toEqual([
      500, 1000, 2000, 4000, 8000, 10_000, 10_000,
    ])
    expect([reconnectDelayMs(5, () => 0), reconnectDelayMs(5, () => 1)]).toEqual([7500, 12_500])
  })
})

test('the desktop says where the server is', () => {
  const ready = { state: 'ready', baseUrl: 'http://127.0.0.1:3200/', token: 't' } as const
  expect(toServerLink(ready)).toEqual({ kind: 'ready', address: { baseUrl: 'http://127.0.0.1:3200', token: 't' } })
  expect(toServerLink({ state: 'starting', baseUrl: null, token: 't' })).toEqual({ kind: 'waiting' })
  const error = { code: 'port-in-use', message: 'taken', hint: 'free it' } as const
  expect(toServerLink({ state: 'failed', baseUrl: null, token: 't', error })).toEqual({ kind: 'down', ...error })
})

test('a store tells of changes only', () => {
  const store = createStore(1)
  let calls = 0
  const stop = store.subscribe(() => calls++)
  store.set(1)
  store.set(2)
  stop()
  store.set(3)
  expect([calls, store.get()]).toEqual([1, 3])
})

test('labels of tables, in each form of a schema', () => {
  const labels = { en: 'Orders', ar: 'الطلبات' }
  const list = {
    modules: { pos: { schema: { schema: { tables: [{ name: 'order_header', labels }, { name: 'x' }] } } } },
  }
  const byName = { modules: { pos: { schema: { tables: { order_header: { labels } } } } } }
  for (const answer of [list, byName] as JsonObject[]) {
    expect([...readTableLabels(answer, 'pos')]).toEqual([['order_header', labels]])
  }
  expect(readTableLabels({ modules: [] }, 'pos').size).toBe(0)
})
