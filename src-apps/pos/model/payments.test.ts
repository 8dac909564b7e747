import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanAmount, pressKey } from './amount-text.ts'
import { likelyNotes, nextShare, settle, type TakenPayment, takePayment } from './payments.ts'

const cash = { methodId: 'cash', isCash: true }
const card = { methodId: 'card', isCash: false, reference: '12' }

test('cash gives change, a card takes what is left and no more', () => {
  expect(takePayment(12_345, 20_000, cash)).toEqual({ ...cash, reference: '', amount: 12_345, tendered: 20_000 })
  expect(takePayment(12_345, 12_346, card)).toBe('too-much')
  expect(takePayment(12_345, 12_345, card)).toEqual({ ...card, amount: 12_345, tendered: 12_345 })
  expect([takePayment(100, 0, cash), takePayment(0, 100, cash), takePayment(100, -5, card)]).toEqual([
    'nothing',
    'nothing',
    'nothing',
  ])
})

test('whoever pays how much in whatever way: the bill is paid to the unit, the change is what was too much', () => {
  const offer = fc.record({ tendered: fc.integer({ min: 1, max: 500_000 }), isCash: fc.boolean() })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.array(offer, { maxLength: 12 }), (due, offers) => {
      const taken: TakenPayment[] = []
      for (const { tendered, isCash } of offers) {
        const payment = takePayment(settle(due, taken).left, tendered, { methodId: 'm', isCash })
        if (typeof payment === 'object') taken.push(payment)
      }
      const { paid, left, change } = settle(due, taken)
      expect(paid + left).toBe(due)
      expect(taken.reduce((sum, { tendered }) => sum + tendered, 0) - change).toBe(paid)
      expect(change === 0 || left === 0).toBe(true)
    }),
  )
})

test('split evenly between people who pay one after the other, nothing is left over', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 30 }), (due, people) => {
      let left = due
      for (let sharers = people; sharers >= 1; sharers--) {
        const share = nextShare(left, sharers)
        expect(share).toBeLessThanOrEqual(Math.ceil(due / people))
        left -= share
      }
      expect(left).toBe(0)
    }),
  )
})

test('the notes that a guest is likely to give are more than the bill, and few', () => {
  expect(likelyNotes(12_345, 2)).toEqual([13_000, 15_000, 20_000])
  expect(likelyNotes(10_000, 2)).toEqual([20_000, 50_000, 100_000])
  expect(likelyNotes(1_500, 0)).toEqual([1_600, 2_000])
})

test('what is typed becomes an amount, or does nothing', () => {
  expect(['12.5', '١٢٫٥', '1,5', '007', '', '.5', '1 000'].map((text) => cleanAmount(text, 2))).toEqual([
    ...['12.5', '12.5', '1.5', '7', '', '.5', '1000'],
  ])
  expect(['1.234', 'abc', '-1', '1.2.3', '1234567890'].map((text) => cleanAmount(text, 2))).toEqual(
    Array(5).fill(undefined),
  )
  expect(cleanAmount('1.5', 0)).toBeUndefined()
  expect([...'12.345'].reduce((text, key) => pressKey(text, key, 2), '')).toBe('12.34')
  expect(pressKey('12', 'back', 2)).toBe('1')
})
