import { expect, test } from 'vitest'
import { parseProcessorTicks } from './machine.ts'

test('stolen time is the eighth number of the first line, and the time of guests is not counted twice', () => {
  const stat = 'cpu  100 20 30 400 5 6 7 32 50 8\ncpu0 1 1 1 1 1 1 1 1 1 1\nintr 9\n'
  expect(parseProcessorTicks(stat)).toEqual({ all: 600, stolen: 32 })
})

test('a system that tells nothing of its processors is no error', () => {
  expect(parseProcessorTicks('')).toBeUndefined()
})
