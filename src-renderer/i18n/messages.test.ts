import { describe, expect, test } from 'vitest'
import { formatMessage, isolate, type Message, type MessageTools, splitTemplate } from './messages.ts'

const arabic: MessageTools = { direction: 'rtl', plural: new Intl.PluralRules('ar'), formatNumber: String }
const english: MessageTools = { direction: 'ltr', plural: new Intl.PluralRules('en'), formatNumber: String }

const devices: Message = {
  zero: 'لا أجهزة',
  one: 'جهاز واحد',
  two: 'جهازان',
  few: '{count} أجهزة',
  many: '{count} جهازًا',
  other: '{count} جهاز',
}

describe('plural forms', () => {
  test.each([
    [0, 'لا أجهزة'],
    [1, 'جهاز واحد'],
    [2, 'جهازان'],
    [3, '3 أجهزة'],
    [10, '10 أجهزة'],
    [11, '11 جهازًا'],
    [99, '99 جهازًا'],
    [100, '100 جهاز'],
    [103, '103 أجهزة'],
  ])('%i in Arabic', (count, text) => {
    expect(formatMessage(devices, { count }, arabic)).toBe(text)
  })

  test('English has two, and a form for nothing where one is written', () => {
    const rows: Message = { one: '{count} row', other: '{count} rows' }
    expect([0, 1, 2].map((count) => formatMessage(rows, { count }, english))).toEqual(['0 rows', '1 row', '2 rows'])
    expect(formatMessage({ ...rows, zero: 'no rows' }, { count: 0 }, english)).toBe('no rows')
  })
})

describe('parameters', () => {
  test('a Latin name is isolated in Arabic, an Arabic one in English, others stay', () => {
    expect(isolate('order-1', 'rtl')).toBe('\u2068order-1\u2069')
    expect(isolate('192.168.1.5:3200', 'rtl')).toBe('\u2068192.168.1.5:3200\u2069')
    expect(isolate('دار', 'rtl')).toBe('دار')
    expect(isolate('دار', 'ltr')).toBe('\u2068دار\u2069')
    expect(isolate('dar', 'ltr')).toBe('dar')
  })

  test('a missing one stays visible', () => {
    expect(formatMessage('{a} of {b}', { a: 1 }, english)).toBe('1 of {b}')
  })

  test('a template is text and names in turn', () => {
    expect(splitTemplate('Type {name} to confirm')).toEqual(['Type ', 'name', ' to confirm'])
  })
})
