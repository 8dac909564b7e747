import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Catalogue, Message } from '../../src-renderer/i18n/messages.ts'
import { ar as posAr } from '../pos/strings/ar.ts'
import { en as posEn } from '../pos/strings/en.ts'
import { parsePreferences } from './preferences.ts'
import { ar as sharedAr } from './strings/ar.ts'
import { en as sharedEn } from './strings/en.ts'

const formsOf = (message: Message): string[] => (typeof message === 'string' ? [message] : Object.values(message))
const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort()
const CATALOGUES: [string, Catalogue, Catalogue, string[]][] = [
  ['shared', sharedEn, sharedAr, ['.']],
  ['pos', posEn, posAr, ['../pos']],
]

describe.each(CATALOGUES)('texts of %s', (name, en, ar, folders) => {
  const keys = Object.keys(en)

  test('Arabic has every key, its six forms, and the same parameters', () => {
    expect(Object.keys(ar).sort()).toEqual([...keys].sort())
    const wrong = keys.filter((key) => {
      const isPlural = typeof en[key] !== 'string'
      if (isPlural && Object.keys(ar[key]!).length !== 6) return true
      const [wanted, found] = [en[key]!, ar[key]!].map((message) => placeholders(formsOf(message).at(-1)!))
      return String(wanted) !== String(found)
    })
    expect(wrong).toEqual([])
  })

  test('is Arabic where it has letters', () => {
    const wrong = keys.filter((key) =>
      /[A-Za-z]{2}/.test(
        formsOf(ar[key]!)
          .join('')
          .replace(/\{\w+\}/g, ''),
      ),
    )
    expect(wrong).toEqual([])
  })

  test('every text is used', () => {
    const sources = name === 'shared' ? ['.', '../pos', '../kds'] : folders
    const source = sources
      .flatMap((folder) => {
        const path = join(import.meta.dirname, folder)
        const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
        const isSource = (file: string) =>
          /\.tsx?$/.test(file) && !file.startsWith('strings') && !file.includes('.test.')
        return files.filter(isSource).map((file) => readFileSync(join(path, file), 'utf8'))
      })
      .join('\n')
    const beginnings = [...source.matchAll(/`([a-zA-Z.-]+\.)\$\{/g)].map((match) => match[1]!)
    const unused = keys.filter(
      (key) => !source.includes(`'${key}'`) && !beginnings.some((beginning) => key.startsWith(beginning)),
    )
    expect(unused).toEqual([])
  })
})

test('what was chosen on the device is read however damaged it is', () => {
  expect(parsePreferences('{"language":"ar","theme":"dark","digits":"arabic"}', 'en-US')).toEqual({
    ...{ language: 'ar', theme: 'dark', digits: 'arabic' },
  })
  const fresh = { language: 'ar', theme: 'system', digits: 'latin' }
  expect([null, '{', '[]', '7', '{"language":"fr","theme":3}'].map((text) => parsePreferences(text, 'ar-EG'))).toEqual(
    Array(5).fill(fresh),
  )
})
