import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonValue } from '../../src-shared/json.ts'
import { copyJson, isNestedDeeper, isSameJson, parseJsonContainer, quoteName } from './json-text.ts'

test('isSameJson ignores the order of keys, not of items', () => {
  expect(isSameJson({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true)
  expect(isSameJson([1, 2], [2, 1])).toBe(false)
  expect(isSameJson([1], [1, 2])).toBe(false)
  expect(isSameJson({}, [])).toBe(false)
  expect(isSameJson([], {})).toBe(false)
  expect(isSameJson(null, {})).toBe(false)
  expect(isSameJson(undefined, null)).toBe(false)
  expect(isSameJson({ a: 1 }, { b: 1 })).toBe(false)
})

test('inherited keys are no keys', () => {
  expect(isSameJson(JSON.parse('{"__proto__":{}}'), { a: {} })).toBe(false)
  expect(isSameJson({ toString: null }, JSON.parse('{"valueOf":null}'))).toBe(false)
})

test('a copy is equal and shares nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.parse(JSON.stringify(value)) as JsonValue
      const copy = copyJson(json)
      if (!JSON.stringify(json).includes('__proto__')) expect(isSameJson(copy, json)).toBe(true)
      if (typeof json === 'object' && json !== null) expect(copy).not.toBe(json)
    }),
  )
})

test('a copy cannot change a prototype', () => {
  const copy = copyJson(JSON.parse('{"__proto__":{"isAdmin":true},"a":1}')) as { isAdmin?: boolean }
  expect(copy).toEqual({ a: 1 })
  expect(copy.isAdmin).toBeUndefined()
})

test('depth counts brackets outside of texts', () => {
  const deepest = (text: string) => [0, 1, 2, 3, 4].find((limit) => !isNestedDeeper(text, limit))
  expect(deepest('5')).toBe(0)
  expect(deepest('[{"a":[1]}]')).toBe(3)
  expect(deepest('["[[[[", "\\"[[", {}]')).toBe(2)
  expect(deepest('[[],[],[],{"a":{}}]')).toBe(3)
  expect(isNestedDeeper('['.repeat(1e6), 64)).toBe(true)
  expect(isNestedDeeper(`[${'{},'.repeat(1e5)}{}]`, 2)).toBe(false)
})

test('lists and objects in a text are parsed, scalars and everything else are not', () => {
  expect(parseJsonContainer(' {"a":1} ', 64)).toEqual({ a: 1 })
  expect(parseJsonContainer('[1,2]', 64)).toEqual([1, 2])
  for (const text of ['5', 'true', 'null', '"a"', '', '[1', '{a:1}', '[1] x', '['.repeat(65) + ']'.repeat(65)]) {
    expect(parseJsonContainer(text, 64)).toBeUndefined()
  }
})

test('a name is quoted as JSON quotes it, also the second time and after a thousand others', () => {
  const names = ['order_line', 'a"b', '\\', '\n', 'فرع', '\ud800', ...Array.from({ length: 2_000 }, (_, n) => `t${n}`)]
  for (const name of [...names, ...names]) expect(quoteName(name)).toBe(JSON.stringify(name))
})
