import { describe, expect, test } from 'vitest'
import type { BackupSummary } from '../../src-shared/protocol/management.ts'
import { stripParts } from '../components/number-strip.tsx'
import { largestSlices } from '../components/stacked-bar.tsx'
import { judgeBackups, recordsIn } from './backups/judge-backups.ts'
import { toDraft, toRule } from './sequences/rule-form.ts'
import { defaultColumns, keyOfRecord, plainText } from './tables/columns.ts'
import { tokenizeJson } from './tables/json-tokens.ts'

const NOW = Date.parse('2026-01-07T12:00:00.000Z')

function backup(createdAt: string, folder: string, isVerified = true): BackupSummary {
  const module = { moduleId: 'pos', epoch: 1, seq: 9, records: 7, headHash: 'ab' }
  const branches = [
    { branchId: 'dar', modules: [module] },
    { branchId: 'remal', modules: [module] },
  ]
  return { backupId: createdAt, createdAt, folder, note: null, reason: 'manual', sizeBytes: 1, isVerified, branches }
}

describe('backups', () => {
  test('is there one, is it fresh, can it be read, where is it', () => {
    expect(judgeBackups([], NOW)).toEqual({ newest: undefined, isFresh: false, isVerified: false, places: 0 })
    const old = backup('2026-01-05T12:00:00.000Z', '/usb/backup-1')
    const fresh = backup('2026-01-07T02:00:00.000Z', '/data/backups/backup-2')
    const twin = backup('2026-01-06T02:00:00.000Z', '/data/backups/backup-3')
    expect(judgeBackups([old, fresh, twin], NOW)).toEqual({ newest: fresh, isFresh: true, isVerified: true, places: 2 })
    const broken = backup('2026-01-07T03:00:00.000Z', 'D:\\usb\\backup-4', false)
    expect(judgeBackups([fresh, broken], NOW)).toMatchObject({ newest: broken, isVerified: false, places: 1 })
  })

  test('records of one branch or of all', () => {
    const whole = backup('2026-01-07T02:00:00.000Z', '/b')
    expect([recordsIn(whole), recordsIn(whole, 'dar'), recordsIn(whole, 'x')]).toEqual([14, 7, 0])
  })
})

describe('rules of sequences', () => {
  const rule = { prefix: 'DAR', start: 1001, padding: 6, counterField: 'invoiceSequence', chain: true }

  test('a draft that was not touched is the same rule', () => {
    expect(toRule(toDraft(rule), rule)).toEqual({ rule, wrong: null })
    const full = {
      format: '{prefix}-{year}-{number:05d}',
      prefix: 'X',
      reset: 'yearly',
      delimiter: '',
      suffix: 'Z',
    } as const
    expect(toRule(toDraft(full), full)).toEqual({ rule: full, wrong: null })
  })

  test('Arabic digits count, anything else is named', () => {
    expect(toRule({ ...toDraft(rule), start: '٢٠٠١' }, rule).rule?.start).toBe(2001)
    expect(toRule({ ...toDraft(rule), start: 'many' }, rule)).toEqual({ rule: null, wrong: 'start' })
    expect(toRule({ ...toDraft(rule), padding: '21' }, rule)).toEqual({ rule: null, wrong: 'padding' })
  })
})

test('the strip of numbers is cut where use changes', () => {
  expect(stripParts(10, [{ from: 4, to: 5 }], 10)).toEqual([
    { kind: 'used', from: 1, to: 3 },
    { kind: 'gap', from: 4, to: 5 },
    { kind: 'used', from: 6, to: 10 },
  ])
  expect(stripParts(100, [{ from: 1, to: 95 }], 10)[0]).toEqual({ kind: 'gap', from: 91, to: 95 })
  expect(stripParts(2, [], 60)).toEqual([{ kind: 'used', from: 1, to: 2 }])
})

test('the largest slices, the rest together', () => {
  const slices = [5, 0, 9, 1, 2].map((value) => ({ id: String(value), label: String(value), value }))
  expect(largestSlices(slices, 3, 'rest').map(({ id, value }) => [id, value])).toEqual([
    ['9', 9],
    ['5', 5],
    ['rest', 3],
  ])
  expect(largestSlices(slices, 4, 'rest')).toHaveLength(4)
})

describe('tables', () => {
  const field = (name: string, type = 'text', isSecret = false) => ({ name, type, isSecret })
  const table = {
    primaryKey: ['id'],
    fields: [
      ...['branchId', 'id', 'name', 'a', 'b', 'c', 'd', 'e'].map((name) => field(name)),
      field('data', 'json'),
      field('pin', 'text', true),
      field('updatedAt', 'timestamp'),
    ],
  }

  test('the key first, then short fields, then when it changed', () => {
    expect(defaultColumns(table)).toEqual(['id', 'name', 'a', 'b', 'c', 'updatedAt'])
  })

  test('keys of several fields join', () => {
    expect(keyOfRecord({ primaryKey: ['a', 'b'] }, { a: 1, b: 'x' })).toBe('1::x')
  })

  test('values as one line', () => {
    expect([null, undefined, 1, true, { a: [1] }].map(plainText)).toEqual(['', '', '1', 'true', '{"a":[1]}'])
  })

  test('printed JSON in parts is the same text', () => {
    const text = JSON.stringify({ name: 'a "b": 1', list: [1.5e3, true, null], ar: 'طلب' }, null, 2)
    const tokens = tokenizeJson(text)
    expect(tokens.map((token) => token.text).join('')).toBe(text)
    expect(tokens.filter(({ kind }) => kind === 'key').map((token) => token.text)).toEqual(['"name"', '"list"', '"ar"'])
    expect(tokens.find(({ kind }) => kind === 'text')?.text).toBe('"a \\"b\\": 1"')
  })
})
