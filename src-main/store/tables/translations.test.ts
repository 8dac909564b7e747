import { expect, test } from 'vitest'
import { openShop } from '../test-support.ts'

test('texts of a language lie over the records they belong to; what it lacks comes from the fallback', async () => {
  const shop = await openShop()
  for (const id of ['tea', 'bun', 'ice']) await shop.write('insert', 'item', { id, name: id, price: 1 })
  const add = (itemId: string, lang: string, rest: object): Promise<unknown> =>
    shop.write('insert', 'item_lang', { itemId, lang, ...rest })
  await add('tea', 'en', { name: 'Tea', hint: 'hot' })
  await add('tea', 'ar', { name: 'شاي', hint: null })
  await add('bun', 'ar', { name: 'كعك', version: 9 })
  await add('gone', 'en', { name: 'Gone' })
  const texts = (language: string, fallback?: string): unknown =>
    Object.fromEntries(shop.module().translations(language, fallback).get('item')!)
  expect(texts('ar')).toEqual({ tea: { name: 'شاي' }, bun: { name: 'كعك' } })
  expect(texts('ar', 'en')).toEqual({ tea: { name: 'شاي', hint: 'hot' }, bun: { name: 'كعك' }, gone: { name: 'Gone' } })
  expect(texts('en', 'ar')).toEqual({ tea: { name: 'Tea', hint: 'hot' }, bun: { name: 'كعك' }, gone: { name: 'Gone' } })
  expect([texts('fr'), texts("en' OR '1'='1"), texts('en', 'en')]).toEqual([
    {},
    {},
    { tea: { name: 'Tea', hint: 'hot' }, gone: { name: 'Gone' } },
  ])
})
