import { expect, test } from 'vitest'
import { isAppError } from '../../../src-shared/errors.ts'
import type { JsonObject } from '../../../src-shared/json.ts'
import { parseConditions, toGuard } from './save-guards.ts'

function judge(concurrency: JsonObject, current: JsonObject | undefined): string {
  try {
    toGuard(parseConditions({ concurrency }))(current)
    return 'stands'
  } catch (error) {
    return isAppError(error) ? error.code : String(error)
  }
}

test('the time of a condition may be a number; one that is no time is refused', () => {
  const record = { id: 'o1', updatedAt: '2026-03-10T09:00:00.000Z' }
  const earlier = Date.parse('2026-03-10T08:00:00.000Z')

  expect(judge({ ifNotModifiedSince: earlier + 7_200_000 }, record)).toBe('stands')
  expect(judge({ ifNotModifiedSince: earlier }, record)).toBe('concurrency-conflict')
  expect(judge({ ifNotModifiedSince: 1e20 }, record)).toBe('invalid-request')
  expect(judge({ ifNotModifiedSince: 'yesterday' }, record)).toBe('invalid-request')
})

test('a payment state that is a number is another state, not a fault', () => {
  expect(judge({ expectedPaymentState: 1e20 }, { id: 'o1', paymentState: 'paid' })).toBe('concurrency-conflict')
})
