import { expect, test } from 'vitest'
import type { SequenceRule } from '../../../src-shared/protocol/management.ts'
import { SeededRandom } from '../test-support.ts'
import { formatNumber, parseNumber, parseRule, periodOf } from './rules.ts'

const PLACE = { branchId: 'dar', day: '2026-03-09', shift: 'S7' }

test('the text of a number', () => {
  const texts: [SequenceRule, number, string][] = [
    [{}, 7, '7'],
    [{ prefix: 'POS', padding: 6 }, 42, 'POS-000042'],
    [{ prefix: 'POS', delimiter: '', padding: 3 }, 42, 'POS042'],
    [{ prefix: 'A', suffix: 'Z', delimiter: '/' }, 5, 'A/5/Z'],
    [{ suffix: 'Z', padding: 2, padChar: ' ' }, 5, ' 5-Z'],
    [{ padding: 2 }, 12345, '12345'],
    [{ prefix: 'DAR', format: '{prefix}-{number:05d}' }, 10000, 'DAR-10000'],
    [{ prefix: 'DAR', format: '{prefix}-{number:05d}' }, 7, 'DAR-00007'],
    [{ format: '{number:10d}', padding: 3 }, 7, '0000000007'],
    [{ format: '{number}', padding: 3 }, 7, '007'],
    [{ format: '{branch}.{year}-{month}-{day}.{shift}.{number}' }, 7, 'dar.2026-03-09.S7.7'],
    [{ prefix: '$&', format: '{prefix}{number}{other}' }, 7, '$&7{other}'],
  ]
  expect(texts.map(([rule, value]) => formatNumber(parseRule(rule), value, PLACE))).toEqual(
    texts.map(([, , text]) => text),
  )
  expect(formatNumber({ format: '{shift}{number}' }, 1, { branchId: 'dar', day: '2026-01-01' })).toBe('1')
})

test('periods follow the business day', () => {
  const day = '2026-03-09'
  expect(
    [undefined, 'never', 'daily', 'monthly', 'yearly'].map((reset) => periodOf({ reset } as SequenceRule, day)),
  ).toEqual(['', '', '2026-03-09', '2026-03', '2026'])
})

test('a number is found again in the text that its rule made, in any period; other texts hold none', () => {
  const random = new SeededRandom(5)
  const parts = ['{prefix}', '{branch}', '{year}', '{month}', '{day}', '{shift}', '-', '/', '.', '(x)', '+']
  for (let round = 0; round < 2000; round++) {
    const around = (): string => Array.from({ length: random.below(4) }, () => random.pick(parts)).join('')
    const width = random.below(3) === 0 ? '' : `:0${random.below(9) + 1}d`
    // A separator keeps the digits of the number apart from those of the parts beside it.
    const format = random.below(2) === 0 ? { format: `${around()}#{number${width}}#${around()}` } : {}
    const rule = parseRule({
      prefix: random.pick(['', 'P', 'a.b', '(', '$']),
      suffix: random.pick(['', 'S', '*']),
      delimiter: random.pick(['', '-', '.', '||']),
      padding: random.below(8),
      padChar: random.pick(['0', ' ', '_']),
      ...format,
    })
    const value = random.below(2) === 0 ? random.below(50) : random.below(1_000_000_000)
    const text = formatNumber(rule, value, { ...PLACE, day: `20${10 + random.below(80)}-0${1 + random.below(9)}-11` })
    expect([rule, text, parseNumber(rule, text)]).toEqual([rule, text, value])
    // A branch and a shift may have any text.
    if (/branch|shift/.test(rule.format ?? '')) continue
    expect(parseNumber(rule, `${text}!`)).toBeUndefined()
    expect(parseNumber(rule, `!${text}`)).toBeUndefined()
  }
  const plain = { prefix: 'T', padding: 6 }
  for (const text of ['', 'T-', 'T-x', 't-000001', 'T-1.5', 'T--1', 'T-9999999999999999', 'T-000001\n']) {
    expect([text, parseNumber(plain, text)]).toEqual([text, undefined])
  }
})

test('the older names of the fields of a rule are read', () => {
  expect(parseRule({ pad: 4, padWith: ' ', prefix: null, reset: 'never', chain: true, more: 1 })).toEqual({
    padding: 4,
    padChar: ' ',
    chain: true,
  })
})
