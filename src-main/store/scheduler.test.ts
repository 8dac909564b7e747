import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { businessDay } from '../lib/branch-time.ts'
import type { ResetInput } from './archive/module-archives.ts'
import { removeTemporaryFolders, TestBranch, type TestBranchOptions, TestClock } from './archive/test-branch.ts'
import { completeRotation } from './events/complete-rotation.ts'
import { DayScheduler, type SchedulerOptions, type Timers } from './scheduler.ts'
import { SqliteConnection } from './sqlite/connection.ts'
import { EventTable } from './sqlite/event-table.ts'

/** Time that only moves when a test says so. */
class TestTimers implements Timers {
  #dueAt = 0
  readonly #clock: TestClock
  #work: (() => void) | undefined

  constructor(clock: TestClock) {
    this.#clock = clock
  }

  after(ms: number, work: () => void): () => void {
    this.#dueAt = this.#clock.ms + ms
    this.#work = work
    return () => {
      this.#work = undefined
    }
  }

  /** Runs out the armed timer, again and again, until an instant. */
  async runUntil(iso: string): Promise<void> {
    const end = Date.parse(iso)
    while (this.#work && this.#dueAt <= end) {
      this.#clock.ms = this.#dueAt
      await this.#fire()
    }
    this.#clock.ms = end
  }

  async fireNow(): Promise<void> {
    await this.#fire()
  }

  async #fire(): Promise<void> {
    const work = this.#work!
    this.#work = undefined
    work()
    for (let turn = 0; turn < 100_000 && !this.#work; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

const cleanUp: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const work of cleanUp.splice(0).reverse()) await work()
  removeTemporaryFolders()
})

interface Day {
  branch: TestBranch
  timers: TestTimers
  scheduler: DayScheduler
  resets: string[]
}

async function startDays(options: TestBranchOptions & Partial<SchedulerOptions> & { at?: string } = {}): Promise<Day> {
  const clock = options.clock ?? new TestClock()
  if (options.at) clock.ms = Date.parse(options.at)
  const branch = new TestBranch({ ...options, clock })
  const timers = new TestTimers(clock)
  const resets: string[] = []
  const scheduler = new DayScheduler({
    branch: branch.branch.context,
    isDailyResetOn: () => false,
    resetModule: async (_, input: ResetInput) => {
      await branch.archives.reset(input)
      resets.push(branch.branch.context.today())
    },
    timers,
    ...options,
  })
  cleanUp.push(async () => {
    await scheduler.stop()
    await branch.close()
  })
  await scheduler.start()
  return { branch, timers, scheduler, resets }
}

const lines = (path: string): number[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { sequence: number }).sequence)

const daysOf = ({ branch }: Day): string[] => {
  const folder = join(branch.folder, 'modules/pos/history/events')
  return existsSync(folder) ? readdirSync(folder).sort() : []
}

test('the mirror of a day moves at the start of the next business day, at the branch local time', async () => {
  const day = await startDays({ at: '2026-03-10T20:00:00.000Z' })
  const { branch, timers } = day
  await branch.write('insert', 'order_header', { id: 'a' }, { id: 'b' })
  await timers.runUntil('2026-03-11T02:59:59.000Z')
  await branch.write('insert', 'order_header', { id: 'night' })
  expect(daysOf(day)).toEqual([])
  // 05:00 in Cairo is 03:00 UTC in winter.
  await timers.runUntil('2026-03-11T03:00:01.000Z')
  await branch.write('insert', 'order_header', { id: 'c' })
  await branch.context.mirror.flush()
  expect(daysOf(day)).toEqual(['2026-03-10.log'])
  expect(lines(join(branch.folder, 'modules/pos/history/events/2026-03-10.log'))).toEqual([1, 2, 3])
  expect(lines(join(branch.folder, 'modules/pos/live/events.log'))).toEqual([4])
  expect(branch.context.state.row).toMatchObject({ liveFrom: 4, liveDay: '2026-03-11' })
})

test('once a day through both changes of summer time, and the right length of each day', async () => {
  // Cairo: clocks go forward on 2026-04-24 00:00 and back on 2026-10-30 00:00.
  for (const [from, to, starts] of [
    ['2026-04-23T12:00:00.000Z', '2026-04-26T12:00:00.000Z', ['04-23', '04-24', '04-25']],
    ['2026-10-29T12:00:00.000Z', '2026-11-01T12:00:00.000Z', ['10-29', '10-30', '10-31']],
  ] as const) {
    const day = await startDays({ at: from, isDailyResetOn: () => true })
    for (let hour = Date.parse(from); hour < Date.parse(to); hour += 3_600_000) {
      await day.timers.runUntil(new Date(hour).toISOString())
      await day.branch.write('insert', 'order_header', { id: `h${hour}` })
    }
    await day.timers.runUntil(to)
    expect(daysOf(day)).toEqual(starts.map((date) => `2026-${date}.log`))
    expect(day.resets).toHaveLength(3)
    for (const name of daysOf(day)) {
      const events = readFileSync(join(day.branch.folder, 'modules/pos/history/events', name), 'utf8')
      for (const line of events.trimEnd().split('\n')) {
        const { createdAt } = JSON.parse(line) as { createdAt: string }
        expect(`${businessDay(Date.parse(createdAt), 'Africa/Cairo', 300)}.log`).toBe(name)
      }
    }
  }
})

test('a clock that jumps does nothing twice and loses no day', async () => {
  const day = await startDays({ at: '2026-03-10T12:00:00.000Z', isDailyResetOn: () => true })
  const { branch, timers, resets } = day
  const { clock } = branch
  const at = async (iso: string, id: string): Promise<void> => {
    clock.ms = Date.parse(iso)
    await timers.fireNow()
    await branch.write('insert', 'order_header', { id })
  }
  await at('2026-03-11T04:00:00.000Z', 'a')
  expect(resets).toEqual(['2026-03-11'])
  // Back over the boundary and forward again.
  await at('2026-03-11T02:50:00.000Z', 'b')
  await at('2026-03-11T03:10:00.000Z', 'c')
  expect(resets).toEqual(['2026-03-11'])
  expect(branch.pos.count('order_header')).toBe(3)
  // The battery of the clock is empty for a while, then somebody sets it right.
  await at('2038-01-19T04:00:00.000Z', 'd')
  await at('2026-03-11T09:00:00.000Z', 'e')
  expect(branch.context.state.row.liveDay).toBe('2026-03-11')
  await at('2026-03-12T04:00:00.000Z', 'f')
  expect(resets).toEqual(['2026-03-11', '2038-01-19', '2026-03-12'])
  expect(branch.pos.verifyChain().headHash).toBe(branch.context.state.head.hash)
})

test('a night switched off is caught up at the start; an open shift skips the reset of that day only', async () => {
  const clock = new TestClock()
  clock.ms = Date.parse('2026-03-10T12:00:00.000Z')
  const first = new TestBranch({ clock })
  await first.write('insert', 'order_header', { id: 'a' })
  await first.write('insert', 'pos_shift', { id: 's' })
  await new DayScheduler({
    branch: first.branch.context,
    isDailyResetOn: () => true,
    resetModule: () => Promise.reject(new Error('not on the first day')),
  }).start()
  await first.close()

  clock.ms = Date.parse('2026-03-12T08:00:00.000Z')
  const day = await startDays({ clock, folder: first.folder, isDailyResetOn: () => true })
  const { branch, timers, resets } = day
  expect(daysOf(day)).toEqual(['2026-03-10.log'])
  expect([resets, branch.pos.count('order_header')]).toEqual([[], 1])
  await branch.write('merge', 'pos_shift', { id: 's', isClosed: true })
  await timers.runUntil('2026-03-12T20:00:00.000Z')
  expect(resets).toEqual([])
  await timers.runUntil('2026-03-13T09:00:00.000Z')
  expect([resets, branch.pos.count('order_header')]).toEqual([['2026-03-13'], 0])
})

test('a crash between the saved day and the moved file is completed at the next opening', async () => {
  const clock = new TestClock()
  const first = new TestBranch({ clock })
  await first.write('insert', 'order_header', { id: 'a' }, { id: 'b' }, { id: 'c' })
  const { state, branch } = first.context
  await branch.queue.run(() => {
    state.row.liveFrom = 4
    state.row.liveDay = '2026-03-11'
    branch.saveModuleRow(state)
  })
  await first.close()
  const folder = join(first.folder, 'modules/pos')
  const mirror = join(folder, 'live/events.log')
  // The crash also cost the last line and half of the one before.
  const text = readFileSync(mirror, 'utf8')
  writeFileSync(mirror, text.slice(0, text.indexOf('\n') + 100))
  clock.ms += 86_400_000
  const dayOf = (iso: string): string => businessDay(Date.parse(iso), 'Africa/Cairo', 300)
  const connection = SqliteConnection.open(join(first.folder, 'sqlite/branch.db'))
  const events = new EventTable(connection, 'pos')
  expect(completeRotation({ branchId: 'dar', moduleId: 'pos', folder, events, liveFrom: 4, dayOf })).toMatch(
    /03-10.log$/,
  )
  expect(completeRotation({ branchId: 'dar', moduleId: 'pos', folder, events, liveFrom: 4, dayOf })).toBeNull()
  connection.close()
  const second = new TestBranch({ clock, folder: first.folder })
  cleanUp.push(() => second.close())
  await second.write('insert', 'order_header', { id: 'd' })
  await second.context.mirror.flush()
  expect(lines(join(folder, 'history/events/2026-03-10.log'))).toEqual([1, 2, 3])
  expect(lines(mirror)).toEqual([4])
})

test('old events and answers are forgotten in batches, the rest stays checkable', async () => {
  const day = await startDays({ at: '2026-03-01T12:00:00.000Z', keptEvents: 100 })
  const { branch, timers } = day
  const caller = { protocol: 2 as const, isLegacy: false, clientId: 'tablet' }
  for (let n = 1; n <= 1200; n += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        branch.pos.writeAsync({
          operations: [{ action: 'insert', table: 'order_header', record: { id: `o${n + index}` } }],
          caller,
          requestId: `r${n + index}`,
          source: 'test',
        }),
      ),
    )
  }
  await timers.runUntil('2026-03-07T12:00:00.000Z')
  expect(branch.context.state.row.trimmedSeq).toBe(0)
  await timers.runUntil('2026-03-09T12:00:00.000Z')
  expect(branch.context.state.row.trimmedSeq).toBe(1100)
  expect(branch.context.state.events.count()).toBe(100)
  expect(branch.pos.verifyChain().events).toBe(100)
  expect(branch.pos.delta({ cursor: { epoch: 1, seq: 1000 } })).toMatchObject({ reason: 'cursor-expired' })
  const left = branch.context.branch.connection.prepare('SELECT count(*) AS total FROM idempotency').get()
  expect(left).toEqual({ total: 0 })
})
