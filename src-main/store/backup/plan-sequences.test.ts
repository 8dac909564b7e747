import { expect, test } from 'vitest'
import { BLIND_SKIP, planSequences, type SequenceKnowledge } from './plan-sequences.ts'

const id = { module: 'pos', tbl: 'order_header', field: 'id' }
const state = (last: number, period = ''): SequenceKnowledge['staged'][number] => ({
  ...id,
  period,
  last,
  lastHash: null,
})
const mark = (value: number, period = ''): SequenceKnowledge['marks'][number] => ({ ...id, period, value })

function lastOf(known: Partial<SequenceKnowledge>, period = ''): number | undefined {
  const plan = planSequences({
    staged: [state(50)],
    live: undefined,
    marks: [],
    backupMarks: [],
    descended: new Set(),
    rules: [],
    today: '2026-03-10',
    ...known,
  })
  return plan.find((entry) => entry.period === period)?.last
}

test('the highest number that anybody knows counts', () => {
  const descended = new Set(['pos'])
  expect(lastOf({ live: [state(70)], descended })).toBe(70)
  expect(lastOf({ live: [state(50)], descended })).toBe(50)
  expect(lastOf({ live: [state(70)], marks: [mark(100)], descended })).toBe(70)
  // A mark far above the running database: that one is not the newest.
  expect(lastOf({ live: [state(70)], marks: [mark(500)], descended })).toBe(500)
  expect(lastOf({ live: [state(70)], marks: [mark(100)] })).toBe(100)
  expect(lastOf({ marks: [mark(200)], backupMarks: [mark(100)] })).toBe(200)
})

test('where nothing is newer than the backup, present periods skip ahead, past ones do not', () => {
  expect(lastOf({})).toBe(50 + BLIND_SKIP)
  expect(lastOf({ marks: [mark(100)], backupMarks: [mark(100)] })).toBe(100 + BLIND_SKIP)
  const staged = [state(30, '2026-03-09'), state(12, '2026-03-08')]
  expect(lastOf({ staged }, '2026-03-09')).toBe(30)
  // Today's period is not in the backup at all, and yet numbers of today may be on paper.
  expect(lastOf({ staged }, '2026-03-10')).toBe(BLIND_SKIP)
  expect(lastOf({ staged: [state(30, '2026-02')] }, '2026-03')).toBe(BLIND_SKIP)
})

test('a sequence that a rule knows and nobody else skips from its start', () => {
  const rules = [{ module: 'pos', table: 'order_header', field: 'id', rule: { start: 1001 } }]
  expect(lastOf({ staged: [], rules })).toBe(1000 + BLIND_SKIP)
  expect(lastOf({ staged: [], rules, descended: new Set(['pos']) })).toBeUndefined()
  const [plan] = planSequences({
    staged: [],
    live: [state(1007)],
    marks: [],
    backupMarks: [],
    descended: new Set(['pos']),
    rules,
    today: '2026-03-10',
  })
  expect(plan).toMatchObject({ last: 1007, from: 1001, isRaised: true })
})
