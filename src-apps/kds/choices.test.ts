import { expect, test } from 'vitest'
import { parseChoices, sectionsOfAddress } from './choices.ts'
import { offsetOf } from './clock.ts'
import { readLimits } from './tickets.ts'

const MINUTE = 60_000

test('what was chosen on the device is read, however damaged', () => {
  const nothing = { sections: null, isLarge: false, isMuted: false, hasAllDay: false }
  for (const text of [
    null,
    '',
    '{',
    '[]',
    'null',
    '7',
    '{"sections":"grill","isLarge":"yes"}',
    '{"sections":[1,""]}',
  ]) {
    expect(parseChoices(text), String(text)).toEqual(nothing)
  }
  expect(parseChoices('{"sections":["a"," b ","a"],"isLarge":true}')).toEqual({
    ...nothing,
    sections: ['a', 'b'],
    isLarge: true,
  })
  expect(parseChoices('{"sections":"all"}').sections).toBe('all')
})

test('the address may name one section, several or all', () => {
  expect(sectionsOfAddress('')).toBe(null)
  expect(sectionsOfAddress('?section=')).toBe(null)
  expect(sectionsOfAddress('?section=all')).toBe('all')
  expect(sectionsOfAddress('?branch=dar&section=section-grill')).toEqual(['section-grill'])
  expect(sectionsOfAddress('?section=a,%20b,,a')).toEqual(['a', 'b'])
})

test('the server’s clock is measured in the middle between question and answer', () => {
  const at = (ms: number) => new Date(ms).toISOString()
  expect(offsetOf(at(100_500), 0, 1_000)).toBe(100_000)
  expect(offsetOf(at(500), 90_000, 91_000)).toBe(-90_000)
  expect(offsetOf(at(0), 0, 5_000), 'too slow').toBe(undefined)
  expect(offsetOf(at(0), 1_000, 0), 'the clock was set back meanwhile').toBe(undefined)
  expect(offsetOf('noon', 0, 10)).toBe(undefined)
})

test('limits come from the settings where they make sense', () => {
  expect(readLimits({})).toEqual({ dueAfterMs: 10 * MINUTE, lateAfterMs: 20 * MINUTE })
  expect(readLimits({ kitchen_late_minutes: 12 })).toEqual({ dueAfterMs: 6 * MINUTE, lateAfterMs: 12 * MINUTE })
  expect(readLimits({ kitchen_due_minutes: 5, kitchen_late_minutes: 9 })).toEqual({
    dueAfterMs: 5 * MINUTE,
    lateAfterMs: 9 * MINUTE,
  })
  expect(readLimits({ kitchen_due_minutes: 50, kitchen_late_minutes: 9 }).dueAfterMs).toBe(9 * MINUTE)
  for (const wrong of [0, -1, '5', null, Number.NaN]) {
    expect(readLimits({ kitchen_late_minutes: wrong }).lateAfterMs).toBe(20 * MINUTE)
  }
})
