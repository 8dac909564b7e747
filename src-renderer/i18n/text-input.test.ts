import { expect, test } from 'vitest'
import { foldForSearch, matchesSearch, parseWholeNumber, toLatinDigits } from './text-input.ts'

test('digits of both kinds are read', () => {
  expect(toLatinDigits('٠١٢٣٤٥٦٧٨٩ ۰۱۲۳۴۵۶۷۸۹ 42')).toBe('0123456789 0123456789 42')
  expect(parseWholeNumber('١٬٢٣٤')).toBe(1234)
  expect(parseWholeNumber(' 12 000 ')).toBe(12000)
  expect(['', '-1', '1.5', 'x', '1e3', '9'.repeat(16)].map(parseWholeNumber)).toEqual(Array(6).fill(undefined))
})

test('search folds what people spell differently', () => {
  expect(foldForSearch('الأَصْنَـــاف')).toBe(foldForSearch('الاصناف'))
  expect(matchesSearch('قايمه', 'القايمة')).toBe(true)
  expect(matchesSearch('ORDER', 'order_header')).toBe(true)
  expect(matchesSearch('', 'anything')).toBe(true)
  expect(matchesSearch('zebra', 'orders', 'الطلبات')).toBe(false)
})
