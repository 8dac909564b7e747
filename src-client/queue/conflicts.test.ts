import { expect, test } from 'vitest'
import { ERRORS } from '../../src-shared/errors.ts'
import { type Conflict, MAX_ATTEMPTS, mergeFields, resolveConflict, strategyFor } from './conflicts.ts'
import { CONFLICT_CODES, CONNECTION_CODES, TEMPORARY_CODES } from './send-rules.ts'

const base = { id: 'o', status: 'open', note: 'a', guests: 2, version: 1 }

function conflict(mine: object, current: object, more: Partial<Conflict> = {}): Conflict {
  return {
    ...{ table: 'orders', key: 'o', base, attempt: 1 },
    mine: { id: 'o', version: 1, ...mine },
    current: { ...base, version: 2, ...current },
    ...more,
  }
}

test('fields-merge sends what only we changed, over the current version', async () => {
  const both = conflict({ ...base, note: 'mine' }, { status: 'paid' })
  expect(await resolveConflict('fields-merge', both)).toEqual({
    kind: 'resend',
    record: { id: 'o', note: 'mine', version: 2 },
  })
})

test('fields-merge refuses when both changed one field differently, and agrees when they changed it alike', async () => {
  expect(await resolveConflict('fields-merge', conflict({ note: 'mine' }, { note: 'theirs' }))).toEqual({
    kind: 'refuse',
  })
  expect(mergeFields(conflict({ note: 'same' }, { note: 'same' }))).toEqual({ id: 'o', note: 'same' })
  const withoutBase = { ...conflict({ note: 'mine' }, {}), base: undefined }
  expect(await resolveConflict('fields-merge', withoutBase)).toEqual({ kind: 'refuse' })
})

test('a function gets both records and decides; undefined gives up, and so does the sixth conflict', async () => {
  const add = ({ mine, current }: Conflict) => ({ id: 'o', guests: Number(mine.guests) + Number(current.guests) })
  expect(await resolveConflict(add, conflict({ guests: 3 }, { guests: 4 }))).toEqual({
    kind: 'resend',
    record: { id: 'o', guests: 7, version: 2 },
  })
  expect(await resolveConflict(() => undefined, conflict({}, {}))).toEqual({ kind: 'refuse' })
  const late = conflict({ guests: 3 }, {}, { attempt: MAX_ATTEMPTS + 1 })
  expect(await resolveConflict(add, late)).toEqual({ kind: 'refuse' })
})

test('fail refuses, server-wins drops; strategies are by table, with a default', async () => {
  expect(await resolveConflict('fail', conflict({}, {}))).toEqual({ kind: 'refuse' })
  expect(await resolveConflict('server-wins', conflict({}, {}))).toEqual({ kind: 'drop' })
  const strategies = { default: 'server-wins', orders: 'fields-merge' } as const
  expect(strategyFor(strategies, 'orders')).toBe('fields-merge')
  expect(strategyFor(strategies, 'lines')).toBe('server-wins')
  expect(strategyFor(undefined, 'orders')).toBe('fail')
})

/** Temporary, but never the answer to a write. */
const OF_SIGN_IN = ['sign-in-locked', 'sign-in-unavailable']

test('what is tried again is what the catalogue calls temporary', () => {
  const temporary = Object.entries(ERRORS).filter(([code, { retry }]) => retry && !OF_SIGN_IN.includes(code))
  expect([...TEMPORARY_CODES].sort()).toEqual(temporary.map(([code]) => code).sort())
  for (const code of [...CONFLICT_CODES, ...CONNECTION_CODES]) expect(ERRORS).toHaveProperty(code)
})
