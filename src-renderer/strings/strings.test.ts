import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERRORS } from '../../src-shared/errors.ts'
import type { Message } from '../i18n/messages.ts'
import { pseudoMessage, pseudoText } from '../i18n/pseudo.ts'
import { ar } from './ar.ts'
import { en, type StringKey } from './en.ts'

const keys = Object.keys(en) as StringKey[]
const formsOf = (message: Message): string[] => (typeof message === 'string' ? [message] : Object.values(message))
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort()

test('both languages have the same keys', () => {
  expect(Object.keys(ar).sort()).toEqual([...keys].sort())
})

describe('Arabic', () => {
  test('every plural has six forms', () => {
    const wrong = keys.filter((key) => typeof en[key] !== 'string' && Object.keys(ar[key]).length !== 6)
    expect(wrong).toEqual([])
  })

  test('texts keep the parameters of the English ones; only the small numbers may be words', () => {
    const wrong = keys.filter((key) => {
      const wanted = placeholders(formsOf(en[key]).at(-1)!)
      const other = formsOf(ar[key]).at(-1)!
      const isPlural = typeof ar[key] !== 'string'
      return String(placeholders(other)) !== String(wanted) && !(isPlural && wanted.join() === '{count}')
    })
    expect(wrong).toEqual([])
  })

  test('is Arabic: no text was left in English', () => {
    const wrong = keys.filter((key) => !/[\u0600-\u06ff]/.test(formsOf(ar[key]).join('')))
    expect(wrong).toEqual([])
  })
})

describe('pseudo-locale', () => {
  test('keeps parameters, grows, and stands in brackets', () => {
    expect(pseudoText('Copy {value}')).toBe('[Çópý {value}~~]')
    for (const key of keys) {
      const english = formsOf(en[key]).at(-1)!
      const pseudo = formsOf(pseudoMessage(en[key]))[0]!
      expect(placeholders(pseudo), key).toEqual(placeholders(typeof en[key] === 'string' ? english : en[key].other))
      expect(pseudo.length, key).toBeGreaterThan(english.length)
    }
  })
})

test('texts of errors are those of codes that exist', () => {
  const own = ['title', 'code', 'trace', 'copy', 'notAllowed', 'stale', 'offline', 'timeout', 'unexpected-answer']
  const codes = keys.filter((key) => key.startsWith('error.')).map((key) => key.split('.')[1]!)
  expect(codes.filter((code) => !(code in ERRORS) && !own.includes(code))).toEqual([])
})

test('every key is used', () => {
  const folder = join(import.meta.dirname, '..')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const source = files
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('strings') && !name.includes('.test.'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
  // A key is written out, or built from its beginning: t(`nav.${screen}`).
  const beginnings = [...source.matchAll(/`([a-zA-Z.-]+\.)\$\{/g)].map((match) => match[1]!)
  const unused = keys.filter(
    (key) => !source.includes(`'${key}'`) && !beginnings.some((beginning) => key.startsWith(beginning)),
  )
  expect(unused).toEqual([])
})
